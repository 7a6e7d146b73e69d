//! The third step: every key is here, records may flow. Output frames leave as they are sealed; their header stays.

use std::num::NonZero;
use std::sync::Arc;

use sealroom_shared::attestation::Timestamp;
use sealroom_shared::job::{Job, JobKind};
use sealroom_shared::limits;
use sealroom_shared::message::Sealer;
use sealroom_shared::policy::{Policy, UnixMillis};
use sealroom_shared::receipt::{Attested, Input, KmsRequest, NamedDigest, Output, Statement, TokenKey};
use sealroom_shared::record::RowProcessor;
use sealroom_shared::record::sealed::ValueKeys;
use sealroom_shared::wire::{Kind, Refusal};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::inputs::Inputs;
use super::pipeline::{Ended, Pipeline};
use super::pool::Buffers;
use super::sealed_fields;
use super::session::Outgoing;
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
    pub(super) inputs: Inputs,
    pub(super) token_statements: Vec<TokenKey>,
    pub(super) requests: Vec<KmsRequest>,
    pub(super) recipients: Vec<String>,
    pub(super) sealer: Sealer,
    pub(super) rows: RowProcessor,
}

impl Keyed {
    pub(super) fn new(material: Material) -> Self {
        Self(material)
    }

    /// Streams the inputs through the job, then makes the last checks and the receipt.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn run<R, W>(self, enclave: &Enclave, session: &mut Session<R, W>) -> Result<Finished, Refused>
    where
        R: AsyncRead + Unpin + Send,
        W: AsyncWrite + Unpin + Send,
    {
        let Material { policy, job, nonce, at, mut inputs, token_statements, mut requests, recipients, sealer, rows } = self.0;
        let header_length = u32::try_from(sealer.header().len()).map_err(|_| Refusal::Internal)?;
        session.outgoing.frame(Kind::Output, &header_length.to_be_bytes()).await?;

        let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(limits::WORKERS);
        let keys = rows.value_keys();
        let buffers = Arc::default();
        let pipeline = Pipeline { manifest: inputs.take_manifest(), rows, sealer, pad: policy.release().pad, workers, buffers };
        let Streamed { ended, inputs } = stream(pipeline, inputs, keys, &policy, enclave, session, &mut requests).await?;

        let document = tokio::task::block_in_place(|| enclave.nsm.attest(&About::Time)).map_err(|_| Refusal::Clock)?;
        enclave.clock.observe(document.timestamp);
        policy.still_valid(UnixMillis(document.timestamp.as_millis())).map_err(|_| Refusal::PolicyExpired)?;
        let statement = Statement {
            version: Statement::VERSION,
            enclave: env!("CARGO_PKG_VERSION").to_owned(),
            policy: NamedDigest { name: policy.name().to_owned(), digest: policy.digest() },
            job: NamedDigest { name: kind(&job).to_owned(), digest: job.digest() },
            inputs,
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
        JobKind::Aggregate(_) => "aggregate",
        JobKind::Discover(_) => "discover",
    }
}

/// What flowed.
struct Streamed {
    ended: Ended,
    inputs: Vec<Input>,
}

/// Moves frames between the connection and the pipeline, both ways at once, and has data keys released that it asks for.
async fn stream<R, W>(
    pipeline: Pipeline,
    inputs: Inputs,
    keys: Arc<ValueKeys>,
    policy: &Policy,
    enclave: &Enclave,
    session: &mut Session<R, W>,
    requests: &mut Vec<KmsRequest>,
) -> Result<Streamed, Refused>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
{
    let buffers = Arc::clone(&pipeline.buffers);
    let (to_pipeline, from_inputs) = mpsc::channel(QUEUE);
    let (to_output, output) = mpsc::channel(QUEUE);
    let (wanted, keys_wanted) = mpsc::channel(limits::WORKERS);
    let running = tokio::task::spawn_blocking(move || pipeline.run(from_inputs, &to_output, Some(wanted)));
    // None is cut off in the middle of a frame: each ends by itself when the pipeline or another one has given up, so that
    // a refusal can follow on a frame's boundary.
    let (fed, forwarded, released) = tokio::join!(
        inputs.feed(&mut session.incoming, to_pipeline, &buffers, policy, &enclave.kms, requests),
        forward(&mut session.outgoing, output, &buffers),
        sealed_fields::release_keys(keys_wanted, &keys, policy, &enclave.kms),
    );
    let ended = running.await.map_err(|_| Refusal::Internal)?;
    let moved = forwarded.and(fed);
    let (ended, fed) = match (ended, moved) {
        // The connection's own failure is what the parent can act on; the pipeline only saw its queue end.
        (Err(Refusal::Protocol), Err(moved)) => return Err(moved),
        (Err(refusal), _) => return Err(refusal.into()),
        (Ok(_), Err(moved)) => return Err(moved),
        (Ok(ended), Ok(fed)) => (ended, fed),
    };
    requests.extend(released.requests);
    let inputs = fed.statements(ended.input_digests.clone(), released.datasets);
    Ok(Streamed { ended, inputs })
}

/// From the pipeline to the connection.
async fn forward<W: AsyncWrite + Unpin>(
    outgoing: &mut Outgoing<W>,
    mut output: mpsc::Receiver<Vec<u8>>,
    buffers: &Buffers,
) -> Result<(), Refused> {
    while let Some(body) = output.recv().await {
        outgoing.document(Kind::Data, &body).await?;
        buffers.give(body);
    }
    Ok(())
}

/// Pieces of about [`limits::BLOCK_BYTES`] that wait in each direction.
const QUEUE: usize = 2;
