//! What the submitter can check of a receipt without knowing the image's measurements: that it speaks of this policy, this
//! job, these inputs, this output and this submission. Whether an enclave signed it is for `open` to say.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use sealroom_shared::{
    attestation,
    digest::{Blake3Digest, Sha384Digest},
    receipt::{Input, Receipt, Statement},
};

use crate::{
    failure::{Failure, Result},
    limits,
};

/// What was submitted, as the receipt must state it.
pub struct Submitted {
    /// The submission's own nonce.
    pub nonce: [u8; 32],
    /// Of the policy file.
    pub policy: Sha384Digest,
    /// Of the job file.
    pub job: Sha384Digest,
    /// Of each input as it was sent, in order.
    pub inputs: Vec<Blake3Digest>,
    /// Of the manifest that was sent with them.
    pub manifest: Option<Blake3Digest>,
    /// Of the output file.
    pub output: Blake3Digest,
}

impl Submitted {
    /// The receipt's statement, if it is about this submission. The document's signature is *not* verified here.
    pub fn compare(&self, receipt: &[u8]) -> Result<Statement> {
        let refused = |what: String| Failure::new("receipt", format!("the enclave's receipt is refused: {what}")).help(HELP);
        let receipt = Receipt::parse(receipt).map_err(|error| refused(error.to_string()))?;
        let document = attestation::parse(&receipt.document).map_err(|error| refused(error.to_string()))?;
        let statement = receipt
            .attested_statement(document.user_data.as_deref(), document.public_key.as_deref(), document.nonce.as_deref(), Some(&self.nonce))
            .map_err(|error| refused(error.to_string()))?;
        if statement.policy.digest != self.policy {
            return Err(refused("it is about another policy".to_owned()));
        }
        if statement.job.digest != self.job {
            return Err(refused("it is about another job".to_owned()));
        }
        if !statement.inputs.iter().map(|input| input.digest()).eq(&self.inputs) {
            return Err(refused("it is about other inputs, or about the same in another order".to_owned()));
        }
        let is_as_sent = |input: &Input| match input {
            Input::File { .. } => self.manifest.is_none(),
            Input::Fields { manifest, .. } => manifest.as_ref().map(|manifest| manifest.digest) == self.manifest,
        };
        if !statement.inputs.iter().all(is_as_sent) {
            return Err(refused("it does not say that the inputs were compared with the manifest that was sent".to_owned()));
        }
        if !statement.outputs.iter().any(|output| output.digest == self.output) {
            return Err(refused("it is about another output".to_owned()));
        }
        Ok(statement)
    }
}

/// The digest of a whole file, from its start.
pub fn digest_of(file: &mut File) -> Result<Blake3Digest> {
    let unreadable = |error: std::io::Error| Failure::new("file", format!("cannot read the output again: {error}"));
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; limits::CHUNK];
    loop {
        match file.read(&mut chunk).map_err(unreadable)? {
            0 => return Ok(Blake3Digest::finish(&hasher)),
            count => hasher.update(&chunk[..count]),
        };
    }
}

const HELP: &str = "nothing was written; what answers at --enclave is not the enclave it should be, or its answer was altered on the way";
