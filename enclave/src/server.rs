//! Accepting jobs: at most so many at once, each with a deadline, none able to keep the next from working.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sealroom_shared::wire::Refusal;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_vsock::{VMADDR_CID_ANY, VsockAddr, VsockListener, VsockStream};

use crate::config::Config;
use crate::enclave::Enclave;
use crate::job::{self, Refused, Session};
use crate::log::Event;
use crate::parent_service::Connection;

/// Listens for jobs and serves them until the enclave ends.
///
/// # Errors
/// [`std::io::Error`] where the port cannot be had.
pub async fn serve(config: &Config, enclave: Arc<Enclave>) -> std::io::Result<()> {
    let listener = VsockListener::bind(VsockAddr::new(VMADDR_CID_ANY, config.ports.jobs))?;
    enclave.log.event(Event::Started { version: env!("CARGO_PKG_VERSION") });
    let (places, waiting) = (Arc::new(Semaphore::new(config.limits.jobs)), Arc::new(Semaphore::new(TOLD_BUSY)));
    let numbers = AtomicU64::new(1);
    let idle = Duration::from_secs(config.limits.idle_seconds);
    let deadline = Duration::from_secs(config.limits.job_seconds);
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(AFTER_FAILURE).await;
            continue;
        };
        // Only the parent can reach an enclave; another context id means that something is not as it should be.
        if peer.cid() != config.parent_cid {
            continue;
        }
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let enclave = Arc::clone(&enclave);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            tokio::spawn(async move {
                one_job(&enclave, stream, number, idle, deadline).await;
                drop(place);
            });
        } else if let Ok(place) = Arc::clone(&waiting).try_acquire_owned() {
            tokio::spawn(async move {
                session(stream, idle).refuse(&Refusal::Busy.into()).await;
                enclave.log.event(Event::refused(number, Refusal::Busy, 0));
                drop(place);
            });
        }
    }
}

async fn one_job(enclave: &Enclave, stream: VsockStream, number: u64, idle: Duration, deadline: Duration) {
    let begun = Instant::now();
    let mut session = session(stream, idle);
    let result = timeout(deadline, job::run(enclave, &mut session)).await.unwrap_or_else(|_| Err(Refusal::Timeout.into()));
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(sizes) => {
            enclave.log.event(Event::JobFinished { job: number, input_bytes: sizes.input, output_bytes: sizes.output, milliseconds });
        }
        Err(refused) => {
            let Refused { refusal, .. } = refused;
            enclave.log.event(Event::refused(number, refusal, milliseconds));
            session.refuse(&refused).await;
        }
    }
}

fn session(stream: VsockStream, idle: Duration) -> Session<tokio::io::ReadHalf<Connection>, tokio::io::WriteHalf<Connection>> {
    let (from, to) = tokio::io::split(Connection::from(stream));
    Session::new(from, to, idle)
}

/// Connections over the limit that are told so; further ones are closed without a word.
const TOLD_BUSY: usize = 16;
const AFTER_FAILURE: Duration = Duration::from_millis(100);
