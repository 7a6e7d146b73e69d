//! The log: typed public events, as JSON lines to the parent. Never blocks a job: what the parent does not take in time
//! is dropped. There is no way to log a text, so nothing of a record can get here.

use std::time::Duration;

use sealroom_shared::wire::Refusal;
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::config::{Config, LogLevel};
use crate::parent_service::{Connection, ParentService};

/// What the parent may learn. It knows all of it anyway.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The enclave listens.
    Started {
        /// The program's version.
        version: &'static str,
    },
    /// A job ended with a result.
    JobFinished {
        /// Counts jobs since the start.
        job: u64,
        /// Bytes of sealed input.
        input_bytes: u64,
        /// Bytes of sealed output.
        output_bytes: u64,
        /// From the connection's beginning.
        milliseconds: u64,
    },
    /// A job ended without a result.
    JobRefused {
        /// Counts jobs since the start.
        job: u64,
        /// As `submit` was told.
        refusal: &'static str,
        /// From the connection's beginning.
        milliseconds: u64,
    },
}

/// Where events go in.
pub struct Log {
    queue: mpsc::Sender<Event>,
    level: LogLevel,
}

impl Event {
    /// The event of a refused job.
    #[must_use]
    pub fn refused(job: u64, refusal: Refusal, milliseconds: u64) -> Self {
        Self::JobRefused { job, refusal: refusal.name(), milliseconds }
    }
}

impl Log {
    /// Starts the task that carries events to the parent.
    #[must_use]
    pub fn start(config: &Config) -> Self {
        let (queue, events) = mpsc::channel(QUEUE);
        let service = ParentService { cid: config.parent_cid, port: config.ports.log };
        if config.log != LogLevel::Off {
            tokio::spawn(carry(service, events));
        }
        Self { queue, level: config.log }
    }

    /// Takes in an event, or drops it where the queue is full.
    pub fn event(&self, event: Event) {
        if self.level == LogLevel::Info || matches!(event, Event::JobRefused { .. }) {
            let _ = self.queue.try_send(event);
        }
    }
}

async fn carry(service: ParentService, mut events: mpsc::Receiver<Event>) {
    let mut connection: Option<Connection> = None;
    while let Some(event) = events.recv().await {
        let Ok(mut line) = serde_json::to_vec(&event) else { continue };
        line.push(b'\n');
        // A connection may have died since the last event: one new try, then the event is dropped.
        for _ in 0..2 {
            if connection.is_none() {
                connection = service.connect().await.ok();
            }
            let Some(open) = &mut connection else { break };
            if matches!(timeout(DEADLINE, open.write_all(&line)).await, Ok(Ok(()))) {
                break;
            }
            connection = None;
        }
    }
}

const QUEUE: usize = 256;
const DEADLINE: Duration = Duration::from_secs(5);
