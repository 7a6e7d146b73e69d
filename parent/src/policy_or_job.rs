//! Whether a file that does not read as a policy is a job file, or the other way round: two files given in each other's place.
//! `owner_policy` and `commands::plan` ask, for their help alone; nothing is decided here, and nothing of a file is told.

use toml::de::DeTable;

/// What to do where a job file stands in the place of a policy.
pub const JOB_GIVEN: &str = "this is a job file, and a policy is needed: are --policy and --job the wrong way round?";
/// What to do where a policy stands in the place of a job file.
pub const POLICY_GIVEN: &str = "this is a policy, and a job file is needed: are --policy and --job the wrong way round?";

/// Whether it has what only job files have.
pub fn is_job(file: &[u8]) -> bool {
    has_any(file, &["kind"])
}

/// Whether it has what only policies have.
pub fn is_policy(file: &[u8]) -> bool {
    has_any(file, &["keys", "recipients"])
}

fn has_any(file: &[u8], keys: &[&str]) -> bool {
    let Ok(text) = std::str::from_utf8(file) else { return false };
    DeTable::parse(text).is_ok_and(|document| keys.iter().any(|key| document.get_ref().contains_key(*key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_at_the_top_tell() {
        let (job, policy) = (b"version = 1\nkind = \"records\"\n", b"version = 1\nkeys = []\n");
        assert!(is_job(job) && !is_policy(job));
        assert!(is_policy(policy) && !is_job(policy));
        assert!(is_policy(b"[[recipients]]\nname = \"a\"\n"));
        for neither in [&b""[..], b"[fields.kind]\nkeep = true\n", b"[fields]\nkeys = {}\n", b"kind = ", b"\xff"] {
            assert!(!is_job(neither) && !is_policy(neither));
        }
    }
}
