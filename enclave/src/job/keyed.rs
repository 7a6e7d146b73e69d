//! The third step: every key is here, records may flow. Output frames leave as they are sealed; their header stays.

use sealroom_shared::attestation::Timestamp;
use sealroom_shared::job::{Job, JobKind};
use sealroom_shared::message::{Opener, Sealer};
use sealroom_shared::policy::{Policy, UnixMillis};
use sealroom_shared::receipt::{Attested, Input, KmsRequest, NamedDigest, Output, Statement, TokenKey};
use sealroom_shared::record::RowProcessor;
use sealroom_shared::wire::{Kind, Refusal};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::authorized::InputStatement;
use super::pipeline::{self, Ended, Pipeline};
use super::session::{Incoming, Outgoing};
use super::{Finished, Refused, Session, Sizes};
use crate::enclave::Enclave;
use crate::nsm::About;

/// A job whose keys have been released.
pub struct Keyed(Material);

/// All that [`Keyed`] holds.
pub(super) struct Material {
    pub(super) policy: Policy,
    pub(super) job: Job,
    pub(super) nonce: [u8; 32],
    pub(super) at: Timestamp,
    pub(super) input: InputStatement,
    pub(super) token_statements: Vec<TokenKey>,
    pub(super) requests: Vec<KmsRequest>,
    pub(super) recipients: Vec<String>,
    pub(super) opener: Opener,
    pub(super) sealer: Sealer,
    pub(super) rows: RowProcessor,
    /// What has come of the input already, and how much of it is the header.
    pub(super) received: Vec<u8>,
    pub(super) used: usize,
}

impl Keyed {
    pub(super) fn new(material: Material) -> Self {
        Self(material)
    }

    /// Streams the input through the job, then makes the last checks and the receipt.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn run<R, W>(self, enclave: &Enclave, session: &mut Session<R, W>) -> Result<Finished, Refused>
    where
        R: AsyncRead + Unpin + Send,
        W: AsyncWrite + Unpin + Send,
    {
        let Material { policy, job, nonce, at, input, token_statements, requests, recipients, opener, sealer, rows, received, used } =
            self.0;
        let header_length = u32::try_from(sealer.header().len()).map_err(|_| Refusal::Internal)?;
        session.outgoing.frame(Kind::Output, &header_length.to_be_bytes()).await?;

        let pipeline = Pipeline { opener, rows, sealer, pad: policy.release().pad };
        let ended = stream(pipeline, received, used, session).await?;

        let document = tokio::task::block_in_place(|| enclave.nsm.attest(&About::Time)).map_err(|_| Refusal::Clock)?;
        enclave.clock.observe(document.timestamp);
        policy.still_valid(UnixMillis(document.timestamp.as_millis())).map_err(|_| Refusal::PolicyExpired)?;
        let statement = Statement {
            version: Statement::VERSION,
            enclave: env!("CARGO_PKG_VERSION").to_owned(),
            policy: NamedDigest { name: policy.name().to_owned(), digest: policy.digest() },
            job: NamedDigest { name: kind(&job).to_owned(), digest: job.digest() },
            inputs: vec![Input {
                message_id: input.message_id,
                dataset: input.dataset,
                set: input.set,
                part: input.part,
                key_arn: input.key_arn,
                digest: ended.input_digest,
            }],
            token_keys: token_statements,
            outputs: vec![Output { message_id: ended.output_message_id, recipients, digest: ended.output_digest }],
            kms_requests: requests,
            attested: Attested { authorized: at.as_millis(), finished: document.timestamp.as_millis() },
            counts: policy.release().counts.then_some(ended.counts),
        };
        let sizes = Sizes { input: ended.input_bytes, output: ended.output_bytes };
        Finished::new(enclave, &statement, &nonce, ended.output_header, sizes)
    }
}

/// The job's kind, as its file names it.
fn kind(job: &Job) -> &'static str {
    match job.kind() {
        JobKind::Records(_) => "records",
    }
}

/// Moves frames between the connection and the pipeline, both ways at once.
async fn stream<R, W>(pipeline: Pipeline, received: Vec<u8>, used: usize, session: &mut Session<R, W>) -> Result<Ended, Refused>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let (input, from_input) = mpsc::channel(QUEUE);
    let (to_output, output) = mpsc::channel(QUEUE);
    let (header, rest) = received.split_at_checked(used).ok_or(Refusal::Internal)?;
    let (header, rest) = (header.to_vec(), rest.to_vec());
    drop(received);
    let worker = tokio::task::spawn_blocking(move || pipeline.run(&header, from_input, &to_output));
    // Neither is cut off in the middle of a frame: each ends by itself when the pipeline or the other one has given up,
    // so that a refusal can follow on a frame's boundary.
    let (fed, forwarded) = tokio::join!(feed(&mut session.incoming, rest, input), forward(&mut session.outgoing, output));
    let moved = forwarded.and(fed);
    let ended = worker.await.map_err(|_| Refusal::Internal)?;
    match (ended, moved) {
        // The connection's own failure is what the parent can act on; the pipeline only saw its queue end.
        (Err(Refusal::Protocol), Err(moved)) => Err(moved),
        (Err(refusal), _) => Err(refusal.into()),
        (Ok(_), Err(moved)) => Err(moved),
        (Ok(ended), Ok(())) => Ok(ended),
    }
}

/// From the connection into the pipeline, up to the end of all inputs, or until the pipeline has given up. Takes the only
/// sender, so that the pipeline sees its input cut off when this ends early.
async fn feed<R: AsyncRead + Unpin>(
    incoming: &mut Incoming<R>,
    rest: Vec<u8>,
    input: mpsc::Sender<pipeline::Incoming>,
) -> Result<(), Refused> {
    if input.send(pipeline::Incoming::Bytes(rest)).await.is_err() {
        return Ok(());
    }
    loop {
        let frame = tokio::select! {
            frame = incoming.owned_frame() => frame?,
            () = input.closed() => return Ok(()),
        };
        let next = match frame {
            (Kind::Data, bytes) => pipeline::Incoming::Bytes(bytes),
            (Kind::InputEnd, _) => break,
            _ => return Err(Refusal::Protocol.into()),
        };
        if input.send(next).await.is_err() {
            return Ok(());
        }
    }
    match incoming.frame().await? {
        (Kind::End, _) => {}
        // One input a job, for now: a set of several parts is refused rather than half read.
        (Kind::Input, _) => return Err(Refusal::JobNotAllowed.into()),
        _ => return Err(Refusal::Protocol.into()),
    }
    let _ = input.send(pipeline::Incoming::End).await;
    Ok(())
}

/// From the pipeline to the connection.
async fn forward<W: AsyncWrite + Unpin>(outgoing: &mut Outgoing<W>, mut output: mpsc::Receiver<Vec<u8>>) -> Result<(), Refused> {
    while let Some(body) = output.recv().await {
        outgoing.document(Kind::Data, &body).await?;
    }
    Ok(())
}

/// Frames of at most 64 KiB that wait in each direction.
const QUEUE: usize = 8;
