//! PCR0 to PCR2 of an enclave that runs under `nitro-sim`: what stands in for the measurements of an EIF.
//!
//! There is no kernel and no ramdisk here, so the shape of an EIF's measurements is kept and its contents replaced:
//!
//! | PCR | EIF | here |
//! |---|---|---|
//! | 0 | everything | boot label, program, configuration |
//! | 1 | kernel, command line, first ramdisk | boot label, program |
//! | 2 | the other ramdisks | program, configuration |
//!
//! Each is `SHA384(48 zero bytes || SHA384(contents))` as in an EIF, contents being the label and the SHA-384 of each
//! file, so that no byte can move from one file to the other. The values mean nothing outside tests.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA384, digest};

/// The value of a PCR.
pub type PcrValue = [u8; 48];

/// PCR0, PCR1 and PCR2 of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measurements {
    /// The whole image.
    pub pcr0: PcrValue,
    /// Boot label and program.
    pub pcr1: PcrValue,
    /// Program and configuration.
    pub pcr2: PcrValue,
}

impl Measurements {
    /// The measurements of an image that holds `program` and `configuration` (their exact bytes).
    #[must_use]
    pub fn of(program: &[u8], configuration: &[u8]) -> Self {
        let program = digest(&SHA384, program);
        let configuration = digest(&SHA384, configuration);
        let (program, configuration) = (program.as_ref(), configuration.as_ref());
        Self {
            pcr0: of_contents(&[BOOT_LABEL, program, configuration]),
            pcr1: of_contents(&[BOOT_LABEL, program]),
            pcr2: of_contents(&[program, configuration]),
        }
    }

    /// As `nitro-cli build-enclave` prints them.
    #[must_use]
    pub fn to_json(&self) -> String {
        let measurements = serde_json::json!({
            "Measurements": {
                "HashAlgorithm": "Sha384 { ... }",
                "PCR0": hex(&self.pcr0),
                "PCR1": hex(&self.pcr1),
                "PCR2": hex(&self.pcr2),
            }
        });
        format!("{measurements:#}\n")
    }
}

/// `SHA384(48 zero bytes || data)`: a zero register extended once.
#[must_use]
pub fn extend_zero(data: &[u8]) -> PcrValue {
    let mut context = Context::new(&SHA384);
    context.update(&[0; 48]);
    context.update(data);
    value_of(context)
}

fn of_contents(parts: &[&[u8]]) -> PcrValue {
    let mut contents = Context::new(&SHA384);
    for part in parts {
        contents.update(part);
    }
    extend_zero(contents.finish().as_ref())
}

fn value_of(context: Context) -> PcrValue {
    let mut value = [0; 48];
    value.copy_from_slice(context.finish().as_ref());
    value
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const BOOT_LABEL: &[u8] = b"sealroom nitro-sim boot v1\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_program_changes_every_pcr() {
        let one = Measurements::of(b"program", b"configuration");
        let other = Measurements::of(b"Program", b"configuration");
        assert_ne!(one.pcr0, other.pcr0);
        assert_ne!(one.pcr1, other.pcr1);
        assert_ne!(one.pcr2, other.pcr2);
    }

    #[test]
    fn another_configuration_changes_pcr0_and_pcr2_alone() {
        let one = Measurements::of(b"program", b"configuration");
        let other = Measurements::of(b"program", b"Configuration");
        assert_ne!(one.pcr0, other.pcr0);
        assert_eq!(one.pcr1, other.pcr1);
        assert_ne!(one.pcr2, other.pcr2);
    }

    #[test]
    fn a_byte_moved_between_the_files_changes_the_measurements() {
        assert_ne!(Measurements::of(b"programc", b"onfiguration").pcr0, Measurements::of(b"program", b"configuration").pcr0);
    }

    #[test]
    fn measurements_print_as_nitro_cli_prints_them() {
        let measurements = Measurements::of(b"a", b"b");
        let json: serde_json::Value = serde_json::from_str(&measurements.to_json()).unwrap();
        let inner = &json["Measurements"];
        assert_eq!(inner["HashAlgorithm"], "Sha384 { ... }");
        assert_eq!(inner["PCR0"].as_str().unwrap().len(), 96);
        assert_eq!(inner.as_object().unwrap().len(), 4);
    }
}
