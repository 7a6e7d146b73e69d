//! One job from `submit`'s side: what goes to the enclave ([`send`]), what comes back ([`receive`]), and what of it can be
//! checked here ([`check`]). The files and arguments are `commands::submit`'s; nothing here makes an output visible.

pub mod check;
pub mod receive;
pub mod refusal;
pub mod send;

use std::{fs::File, time::Duration};

use sealroom_shared::wire::WireError;
use tokio::{io::split, time::timeout};

use crate::{
    failure::{Failure, Result},
    limits,
    submission::{receive::Received, send::SendError},
    transport::Stream,
};

/// Sends the job and receives its output into `output`, both at once.
pub async fn run(stream: Stream, job: send::Submission, output: &mut File) -> Result<Received> {
    let (from, to) = split(stream);
    let mut sending = tokio::spawn(send::send(to, job));
    let receiving = receive::receive(from, output);
    tokio::pin!(receiving);
    let sent = tokio::select! {
        // The enclave may answer before it has read everything: a refusal, as a rule.
        received = &mut receiving => {
            sending.abort();
            return received;
        }
        sent = &mut sending => sent,
    };
    match sent {
        Ok(Ok(())) => receiving.await,
        Ok(Err(SendError::Here(failure))) => Err(failure),
        // The enclave has closed: it says why, if it can.
        Ok(Err(SendError::Wire(error))) => match timeout(LAST_WORD, receiving).await {
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok(_)) | Err(_) => Err(broken(&error)),
        },
        Err(_) => Err(Failure::new("internal", "the sending task ended unexpectedly")),
    }
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
