//! The submitter's side of the job protocol: hello, policy, job, token keys, manifest, inputs, end.

use std::path::PathBuf;

use sealroom_shared::{
    digest::Blake3Digest,
    wire::{Hello, Kind, WireError, Writer},
};
use tokio::{io::AsyncWrite, task::block_in_place};

use crate::{failure::Failure, progress::Progress, source::Source, submission::in_time};

/// Everything that is sent for one job.
pub struct Submission {
    /// Fresh random bytes that come back in the receipt.
    pub nonce: [u8; 32],
    /// The policy file's bytes.
    pub policy: Vec<u8>,
    /// The job file's bytes.
    pub job: Vec<u8>,
    /// Sealed token keys.
    pub token_keys: Vec<Vec<u8>>,
    /// The sealed manifest of records with sealed fields.
    pub manifest: Option<Vec<u8>>,
    /// Inputs, in order. Each is opened when its turn comes: a set may have more files than can be open at once.
    pub inputs: Vec<PathBuf>,
    /// Advances with the inputs' bytes.
    pub progress: Progress,
}

/// Why sending ended early.
pub enum SendError {
    /// The enclave does not take more: what it says counts.
    Wire(WireError),
    /// An input cannot be read.
    Here(Failure),
}

/// Sends everything, then half-closes. Gives the digest of each input as it was sent: a file may change meanwhile.
pub async fn send(to: impl AsyncWrite + Unpin, job: Submission) -> Result<Vec<Blake3Digest>, SendError> {
    let mut to = Writer::new(to);
    in_time(to.frame(Kind::Hello, &Hello { nonce: job.nonce }.encode())).await?;
    in_time(to.document(Kind::Policy, &job.policy)).await?;
    in_time(to.document(Kind::Job, &job.job)).await?;
    for token_key in &job.token_keys {
        in_time(to.frame(Kind::TokenKey, token_key)).await?;
    }
    if let Some(manifest) = &job.manifest {
        in_time(to.document(Kind::Manifest, manifest)).await?;
    }
    let mut chunk = vec![0; sealroom_shared::limits::WIRE_PAYLOAD];
    let mut digests = Vec::with_capacity(job.inputs.len());
    for path in &job.inputs {
        let mut input = block_in_place(|| Source::open(path)).map_err(SendError::Here)?;
        let mut hasher = blake3::Hasher::new();
        in_time(to.frame(Kind::Input, &[])).await?;
        loop {
            // Standard input may block for as long as it likes; the other tasks go on meanwhile.
            let count = block_in_place(|| input.read(&mut chunk)).map_err(SendError::Here)?;
            if count == 0 {
                break;
            }
            hasher.update(&chunk[..count]);
            in_time(to.frame(Kind::Data, &chunk[..count])).await?;
            job.progress.advance(count as u64);
        }
        in_time(to.frame(Kind::InputEnd, &[])).await?;
        digests.push(Blake3Digest::finish(&hasher));
    }
    in_time(to.frame(Kind::End, &[])).await?;
    // `End` has said it: an enclave that has closed by now has everything.
    let _ = in_time(to.shutdown()).await;
    Ok(digests)
}

impl From<WireError> for SendError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}
