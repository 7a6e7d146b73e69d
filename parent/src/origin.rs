//! Where an output came from: a receipt, verified against measurements and a trust anchor. `commands::open` uses it;
//! `commands::verify` has the same verification, with a line for each step (`receipt_check`), and reads its files here.

use std::path::Path;

use sealroom_shared::{
    attestation::TrustAnchor,
    binding,
    digest::Blake3Digest,
    limits as shared_limits,
    measurements::Measurements,
    message::EncryptionContext,
    receipt::{self, Output, RefusedReceipt, Statement},
};

use crate::{
    failure::{Failure, Result},
    limits, source,
};

/// A receipt whose document chains to the trust anchor and is of the expected image.
pub struct VerifiedReceipt(receipt::VerifiedReceipt);

impl VerifiedReceipt {
    /// Verifies a receipt file, at the document's own time: a stored receipt stays good when its certificates have expired.
    pub fn verify(receipt: &Path, measurements: &Measurements, anchor: &TrustAnchor) -> Result<Self> {
        let bytes = source::read_public(receipt, shared_limits::RECEIPT_BYTES)?;
        receipt::VerifiedReceipt::verify(&bytes, measurements, anchor, None).map(Self).map_err(|error| refused(receipt, &error))
    }

    /// What the enclave states.
    pub fn statement(&self) -> &Statement {
        self.0.statement()
    }

    /// When the receipt's document was signed, in milliseconds since 1970.
    pub fn signed_at(&self) -> u64 {
        self.0.document().timestamp.as_millis()
    }

    /// The stated output that has this digest.
    pub fn output(&self, digest: &Blake3Digest) -> Result<ExpectedOutput<'_>> {
        match self.statement().outputs.iter().find(|output| output.digest == *digest) {
            Some(output) => Ok(ExpectedOutput { output, statement: self.statement() }),
            None => Err(Failure::new("other-output", format!("the file is not an output of this receipt: its digest is {digest}"))
                .help("the file was altered or cut off, or the receipt is another job's")),
        }
    }
}

/// One output that a verified receipt speaks of.
pub struct ExpectedOutput<'a> {
    output: &'a Output,
    statement: &'a Statement,
}

impl ExpectedOutput<'_> {
    /// Compares an unlocked message's id and context with the receipt.
    pub fn compare(&self, message_id: &str, context: &EncryptionContext) -> Result<()> {
        let (job, policy) = (self.statement.job.digest.to_string(), self.statement.policy.digest.to_string());
        let expected = [(binding::KIND, binding::OUTPUT), (binding::JOB, job.as_str()), (binding::SOURCE_POLICY, policy.as_str())];
        if self.output.message_id == message_id && expected.iter().all(|(key, value)| context.get(key) == Some(*value)) {
            return Ok(());
        }
        Err(Failure::new("other-output", "the message is not the one that the receipt states: its id or its context differs"))
    }
}

fn refused(path: &Path, error: &RefusedReceipt) -> Failure {
    match error {
        RefusedReceipt::File(_) | RefusedReceipt::Statement { .. } => Failure::new("receipt", format!("{}: {error}", path.display())),
        RefusedReceipt::Document(_) => Failure::new("receipt", format!("{}: {error}", path.display())).help(HELP_ANCHOR),
        RefusedReceipt::Image { document, .. } => {
            let help = if document.is_debug() { HELP_DEBUG } else { HELP_IMAGE };
            Failure::new("measurements", error.to_string()).help(help)
        }
    }
}

/// Reads the measurements file that the image's builder published.
pub fn read_measurements(path: &Path) -> Result<Measurements> {
    Measurements::from_nitro_cli(&source::read_text(path, limits::MEASUREMENTS)?)
        .map_err(|error| Failure::new("measurements", format!("{}: {error}", path.display())).help(HELP_MEASUREMENTS))
}

/// The AWS Nitro root, or another one that was asked for by a name that says danger.
pub fn trust_anchor(danger: Option<&Path>) -> Result<TrustAnchor> {
    let Some(path) = danger else { return Ok(TrustAnchor::aws_root_g1()) };
    TrustAnchor::danger_from_pem(&source::read_text(path, limits::MEASUREMENTS)?).map_err(|error| {
        Failure::new("trust-anchor", format!("{} is not one root certificate: {error}", path.display()))
            .help("pass one certificate in PEM; a software NSM of the local harness writes its own as nsm-root.pem")
    })
}

/// What the default trust anchor is called.
pub const AWS_ROOT: &str = "the AWS Nitro root G1";
/// What to do where a document does not chain to the trust anchor.
pub const HELP_ANCHOR: &str =
    "genuine documents chain to the AWS Nitro root; one of the local harness needs --danger-trust-anchor nsm-root.pem";
/// What a file of measurements is.
const HELP_MEASUREMENTS: &str = "give what `nitro-cli build-enclave` printed for the image (pcrs.json)";
/// What to do where the PCRs differ.
pub const HELP_IMAGE: &str =
    "compare --measurements with what the image's builder published; an image that was rebuilt or configured otherwise has others";
/// What debug mode means.
pub const HELP_DEBUG: &str = "it is of an enclave in debug mode, whose console the parent reads: believe nothing from it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_measurements_is_refused_with_what_does() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "{\"version\":1,\"statement\":\"\",\"document\":\"\"}").expect("written");
        let refused = read_measurements(file.path()).expect_err("refused");
        assert_eq!(refused.code(), "measurements");
        assert!(refused.to_text().contains("help: give what `nitro-cli build-enclave` printed"), "{}", refused.to_text());
    }
}
