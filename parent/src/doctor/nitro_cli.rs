//! nitro-cli: that it is there, and what `describe-enclaves` says. That is the parent's own view of its enclaves: good for
//! finding faults, never for trust.

use sealroom_shared::measurements::{Measurements, MeasurementsError};
use serde::Deserialize;

use super::machine::{self, Instance};
use crate::verdict::Verdict;

/// One enclave, as `nitro-cli describe-enclaves` prints it.
#[derive(Debug, Clone, Deserialize)]
pub struct DescribedEnclave {
    #[serde(rename = "EnclaveName")]
    name: Option<String>,
    #[serde(rename = "EnclaveID")]
    id: String,
    /// Its context id on vsock.
    #[serde(rename = "EnclaveCID")]
    pub cid: u32,
    /// `RUNNING`, as a rule.
    #[serde(rename = "State")]
    pub state: String,
    /// `NONE` or `DEBUG_MODE`.
    #[serde(rename = "Flags")]
    pub flags: String,
    #[serde(rename = "Measurements")]
    measurements: Option<serde_json::Value>,
}

impl DescribedEnclave {
    /// True unless it is known to run in production mode.
    pub fn is_debug(&self) -> bool {
        self.flags != "NONE"
    }

    /// What a message calls it.
    pub fn title(&self) -> String {
        format!("`{}` with CID {}", self.name.as_ref().unwrap_or(&self.id), self.cid)
    }

    /// The image's measurements, where nitro-cli says them: older versions do not.
    pub fn measurements(&self) -> Option<Result<Measurements, MeasurementsError>> {
        let printed = serde_json::json!({ "Measurements": self.measurements.as_ref()? });
        Some(Measurements::from_nitro_cli(&printed.to_string()))
    }
}

/// What `describe-enclaves` says.
pub enum Described {
    /// These enclaves run, or did.
    Enclaves(Vec<DescribedEnclave>),
    /// It was not asked, because of what another line says.
    NotAsked(&'static str),
    /// It was asked, and failed.
    Failed(String),
}

/// Whether nitro-cli is there, and what it says of enclaves.
pub async fn check(verdict: &mut Verdict, instance: Instance<'_>) -> Described {
    if let Err(reason) = instance {
        verdict.skip("nitro-cli", reason);
        return Described::NotAsked(reason);
    }
    match machine::run("nitro-cli", &["--version"]).await {
        Ok(said) if said.well => verdict.check("nitro-cli", true, said.stdout.trim()),
        Ok(said) => verdict.refuse("nitro-cli", format!("`nitro-cli --version` fails: {}", said.complaint), INSTALL),
        Err(error) => {
            verdict.refuse("nitro-cli", format!("nitro-cli: {error}"), INSTALL);
            return Described::NotAsked("nitro-cli does not run");
        }
    }
    match machine::run("nitro-cli", &["describe-enclaves"]).await {
        Ok(said) if said.well => parse(&said.stdout).map_or_else(
            || Described::Failed("`nitro-cli describe-enclaves` prints something else than its list".to_owned()),
            Described::Enclaves,
        ),
        Ok(said) => Described::Failed(format!("`nitro-cli describe-enclaves` fails: {}", said.complaint)),
        Err(error) => Described::Failed(format!("`nitro-cli describe-enclaves`: {error}")),
    }
}

/// The list; lines for people may stand before it, and nothing after it.
fn parse(printed: &str) -> Option<Vec<DescribedEnclave>> {
    printed.match_indices('[').find_map(|(start, _)| serde_json::from_str(&printed[start..]).ok())
}

const INSTALL: &str = "on Amazon Linux 2023: `sudo dnf install aws-nitro-enclaves-cli aws-nitro-enclaves-cli-devel`";

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"[{"EnclaveName":"a","EnclaveID":"i-1-enc2","ProcessID":1,"EnclaveCID":16,"State":"RUNNING","Flags":"NONE"}]"#;

    #[test]
    fn lines_for_people_may_stand_before_the_list() {
        for printed in [LIST.to_owned(), format!("[ E39 ] Enclave process connection failure\n{LIST}\n")] {
            assert_eq!(parse(&printed).expect("a list")[0].cid, 16, "{printed}");
        }
        assert!(parse("[]\n").expect("a list").is_empty());
    }

    #[test]
    fn other_output_is_no_list() {
        for printed in
            [String::new(), "{}".to_owned(), "[1]".to_owned(), format!("{LIST}x"), LIST.replace("16", "-1"), LIST.replace("Flags", "F")]
        {
            assert!(parse(&printed).is_none(), "{printed}");
        }
    }
}
