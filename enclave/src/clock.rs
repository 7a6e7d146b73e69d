//! Attested time: the signed timestamp of the newest attestation document, carried on by the monotonic clock. The
//! system clock, which the parent can influence, is never read.

use std::sync::RwLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;
use sealroom_shared::attestation::Timestamp;

/// The enclave's only clock. Without any document it has no time, and everything that needs one fails.
#[derive(Debug, Default)]
pub struct AttestedClock {
    newest: RwLock<Option<(Duration, Instant)>>,
}

impl AttestedClock {
    /// Takes in the signed time of a document that the NSM has just answered.
    pub fn observe(&self, timestamp: Timestamp) {
        if let Ok(mut newest) = self.newest.write() {
            *newest = Some((Duration::from_millis(timestamp.as_millis()), Instant::now()));
        }
    }

    /// Time since 1970, UTC. `None` before the first document.
    #[must_use]
    pub fn now(&self) -> Option<Duration> {
        let (attested, at) = (*self.newest.read().ok()?)?;
        attested.checked_add(at.elapsed())
    }
}

/// Validity of TLS certificates is judged by attested time; without it, rustls refuses every certificate.
impl TimeProvider for AttestedClock {
    fn current_time(&self) -> Option<UnixTime> {
        self.now().map(UnixTime::since_unix_epoch)
    }
}

/// Requests are signed with attested time.
impl TimeSource for AttestedClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + AttestedClock::now(self).unwrap_or_default()
    }
}
