//! One job from `submit`'s side: what goes to the enclave ([`send`]), what comes back ([`receive`]), and what of it can be
//! checked here ([`check`]). The files and arguments are `commands::submit`'s; nothing here makes an output visible.

pub mod check;
pub mod receive;
pub mod refusal;
pub mod send;

use std::{fs::File, time::Duration};

use sealroom_shared::{digest::Blake3Digest, wire::WireError};
use tokio::{
    io::split,
    task::{JoinError, JoinHandle},
    time::timeout,
};

use crate::{
    failure::{Failure, Result},
    limits,
    submission::{receive::Received, send::SendError},
    transport::Stream,
};

/// A job that was sent, and its answer.
pub struct Exchanged {
    /// What came back.
    pub received: Received,
    /// The digest of each input as it was sent, in order.
    pub inputs: Vec<Blake3Digest>,
}

/// Sends the job and receives its output into `output`, both at once.
pub async fn run(stream: Stream, job: send::Submission, output: &mut File) -> Result<Exchanged> {
    let (from, to) = split(stream);
    let mut sending = tokio::spawn(send::send(to, job));
    let receiving = receive::receive(from, output);
    tokio::pin!(receiving);
    let sent = tokio::select! {
        // The enclave may answer before it has read everything: a refusal, as a rule.
        received = &mut receiving => return answered(received, sending).await,
        sent = &mut sending => sent,
    };
    match sent {
        Ok(Ok(inputs)) => Ok(Exchanged { received: receiving.await?, inputs }),
        Ok(Err(SendError::Here(failure))) => Err(failure),
        // The enclave has closed: it says why, if it can.
        Ok(Err(SendError::Wire(error))) => match timeout(LAST_WORD, receiving).await {
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(_)) | Err(_) => Err(broken(&error)),
        },
        Err(error) => Err(ended(&error)),
    }
}

/// The enclave's answer is whole while `sending` has not ended.
async fn answered(received: Result<Received>, mut sending: JoinHandle<Sent>) -> Result<Exchanged> {
    // `Done` overtakes the last steps of sending at most; a refusal may come at any time.
    let sent = match &received {
        Ok(_) => timeout(LAST_WORD, &mut sending).await.ok(),
        Err(_) => None,
    };
    sending.abort();
    let received = received?;
    match sent {
        Some(Ok(Ok(inputs))) => Ok(Exchanged { received, inputs }),
        Some(Ok(Err(SendError::Here(failure)))) => Err(failure),
        Some(Err(error)) => Err(ended(&error)),
        // A job that was done before its input had ended is not this job.
        Some(Ok(Err(SendError::Wire(_)))) | None => Err(broken(&WireError::Unexpected)),
    }
}

type Sent = std::result::Result<Vec<Blake3Digest>, SendError>;

fn ended(_: &JoinError) -> Failure {
    Failure::new("internal", "the sending task ended unexpectedly")
}

/// A connection that did not keep to the protocol, or broke.
fn broken(error: &WireError) -> Failure {
    let failure = Failure::new("protocol", format!("the enclave's answer is cut off or malformed: {error}"));
    match error {
        WireError::Version => {
            failure.help("this `sealroom` and the enclave's image are of different versions: use the ones built together")
        }
        WireError::Io(_) | WireError::Closed => {
            failure.help("did the enclave end (`nitro-cli describe-enclaves`)? nothing was written; try again")
        }
        WireError::TooLong | WireError::UnknownKind | WireError::Unexpected => {
            failure.help("is --enclave the address of a sealroom enclave's job port?")
        }
    }
}

/// How long to wait for a refusal once the enclave has closed its side.
const LAST_WORD: Duration = Duration::from_secs(5);

/// Runs `work`, which must move a frame within [`limits::SUBMIT_IDLE`].
async fn in_time<T>(work: impl Future<Output = std::result::Result<T, WireError>>) -> std::result::Result<T, WireError> {
    match timeout(limits::SUBMIT_IDLE, work).await {
        Ok(done) => done,
        Err(_) => Err(WireError::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

#[cfg(test)]
mod tests;
