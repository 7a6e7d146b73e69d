//! The path of a job, as types: [`Requested`] → [`Authorized`] → [`Keyed`] → [`Finished`].
//!
//! Each has private fields and one constructor, and is consumed by the next step, so a step that is left out does not
//! compile: no key is asked for before the policy allowed the job, no output key before an input proved that the policy
//! is its owner's, no header and no receipt before every check has passed.

mod authorized;
mod finished;
mod input_header;
mod input_set;
mod inputs;
mod keyed;
mod output;
pub mod pipeline;
pub mod pool;
mod refused;
mod requested;
pub mod sealed_fields;
mod sealed_file;
mod sealing;
mod session;
mod token_keys;
mod workers;

pub use authorized::Authorized;
pub use finished::Finished;
pub use keyed::Keyed;
pub use refused::Refused;
pub use requested::Requested;
pub use session::Session;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::enclave::Enclave;

/// What a finished job amounted to: sizes that the parent has seen anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of sealed input.
    pub input: u64,
    /// Bytes of sealed output.
    pub output: u64,
}

/// Runs one job from hello to receipt.
///
/// # Errors
/// [`Refused`]: what the parent is told. Nothing of the output can be opened then.
pub async fn run<R, W>(enclave: &Enclave, session: &mut Session<R, W>) -> Result<Sizes, Refused>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let requested = Requested::read(session).await?;
    let authorized = requested.authorize(enclave)?;
    let keyed = authorized.release(enclave, session).await?;
    let finished = keyed.run(enclave, session).await?;
    finished.send(session).await
}
