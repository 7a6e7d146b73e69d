//! The allocator, which sets memory and CPUs aside for enclaves: its file and its service.

use super::machine::{self, Instance, Machine};
use crate::verdict::Verdict;

/// Checks both; returns the MiB that the file sets aside, where that is known.
pub async fn check(verdict: &mut Verdict, instance: Instance<'_>) -> Option<u64> {
    let machine = match instance {
        Ok(machine) => machine,
        Err(reason) => {
            verdict.skip("allocator", reason);
            verdict.skip("allocator-service", reason);
            return None;
        }
    };
    let memory = check_file(verdict, machine);
    check_service(verdict).await;
    memory
}

fn check_file(verdict: &mut Verdict, machine: &Machine) -> Option<u64> {
    let text = match machine.read(FILE) {
        Ok(text) => text,
        Err(error) => {
            verdict.refuse("allocator", format!("cannot read {FILE}: {error}"), "it comes with nitro-cli: install that again");
            return None;
        }
    };
    let Some(reserved) = Reserved::parse(&text) else {
        verdict.refuse("allocator", format!("{FILE} does not say `memory_mib` and one of `cpu_count` and `cpu_pool`"), SET);
        return None;
    };
    verdict.check("allocator", true, format!("{FILE} sets aside {} MiB and CPUs: {}", reserved.memory_mib, reserved.cpus));
    Some(reserved.memory_mib)
}

async fn check_service(verdict: &mut Verdict) {
    match machine::run("systemctl", &["is-active", SERVICE]).await {
        Ok(said) if said.stdout.trim() == "active" => verdict.check("allocator-service", true, format!("{SERVICE} is active")),
        // A container without systemd, say.
        Ok(said) if said.stdout.trim().is_empty() => verdict.skip("allocator-service", format!("systemctl: {}", said.complaint)),
        Ok(said) => {
            let mend = format!("`sudo systemctl enable --now {SERVICE}`; `journalctl -u {SERVICE}` says why it fails");
            verdict.refuse("allocator-service", format!("{SERVICE} is {}", said.stdout.trim()), mend);
        }
        Err(error) => verdict.skip("allocator-service", format!("systemctl: {error}")),
    }
}

/// What the file sets aside, in all of its pools.
#[derive(Debug, PartialEq, Eq)]
struct Reserved {
    memory_mib: u64,
    cpus: String,
}

impl Reserved {
    /// The file is YAML of `key: value` lines: one pool, or a list of pools that begin with `- `.
    fn parse(text: &str) -> Option<Self> {
        let (mut memory_mib, mut cpus) = (0_u64, Vec::new());
        for line in text.lines() {
            let line = line.split('#').next()?.trim().trim_start_matches("- ");
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            match key.trim() {
                "memory_mib" => memory_mib = memory_mib.checked_add(value.parse().ok()?)?,
                "cpu_count" if value.parse::<u32>().ok()? > 0 => cpus.push(value),
                "cpu_pool" if !value.is_empty() => cpus.push(value),
                _ => {}
            }
        }
        (memory_mib > 0 && !cpus.is_empty()).then(|| Self { memory_mib, cpus: cpus.join(" and ") })
    }
}

const FILE: &str = "/etc/nitro_enclaves/allocator.yaml";
const SERVICE: &str = "nitro-enclaves-allocator.service";
const SET: &str = "set `memory_mib: 1024` (5120 for jobs of aggregates) and `cpu_count: 2` there, then `sudo systemctl restart nitro-enclaves-allocator.service`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pool_and_several_are_read() {
        let one = "---\n# comment: 1\nmemory_mib: 1024  # MiB\ncpu_count: 2\n# cpu_pool: 2,3\n";
        assert_eq!(Reserved::parse(one), Some(Reserved { memory_mib: 1024, cpus: "2".to_owned() }));
        let several = "---\n- memory_mib: 512\n  cpu_count: 2\n- memory_mib: 768\n  cpu_pool: \"2,6-9\"\n";
        assert_eq!(Reserved::parse(several), Some(Reserved { memory_mib: 1280, cpus: "2 and 2,6-9".to_owned() }));
    }

    #[test]
    fn files_that_set_nothing_aside_are_refused() {
        for text in [
            "",
            "---\n",
            "memory_mib: 512\n",
            "cpu_count: 2\n",
            "memory_mib: 0\ncpu_count: 2\n",
            "memory_mib: 512\ncpu_count: 0\n",
            "memory_mib: much\ncpu_count: 2\n",
            "memory_mib: 512\ncpu_pool: ''\n",
            "# memory_mib: 512\n# cpu_count: 2\n",
            "memory_mib: 18446744073709551615\ncpu_count: 2\n- memory_mib: 1\n",
        ] {
            assert_eq!(Reserved::parse(text), None, "{text}");
        }
    }
}
