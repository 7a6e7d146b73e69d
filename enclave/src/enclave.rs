//! What lives as long as the enclave: the NSM, attested time, the boot key pair, KMS and the log.

use std::sync::Arc;

use crate::clock::AttestedClock;
use crate::config::Config;
use crate::entropy::{self, EntropyError};
use crate::kms::Kms;
use crate::log::Log;
use crate::nsm::{About, Nsm, NsmError};
use crate::recipient::{KeyPairError, RecipientKey};

/// A booted enclave.
pub struct Enclave {
    pub(crate) nsm: Arc<dyn Nsm>,
    pub(crate) clock: Arc<AttestedClock>,
    pub(crate) kms: Kms,
    /// Typed public events for the parent.
    pub log: Log,
}

/// Why an enclave does not start.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The NSM does not answer.
    #[error(transparent)]
    Nsm(#[from] NsmError),
    /// No entropy.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// No key pair.
    #[error(transparent)]
    KeyPair(#[from] KeyPairError),
    /// A trust anchor of the configuration is not usable.
    #[error("a trust anchor of the configuration is not usable: {0}")]
    TrustAnchor(#[from] rustls::Error),
}

impl Enclave {
    /// Feeds the kernel's pool, makes the key pair, proves that the NSM attests, in this order. Needs a running tokio.
    ///
    /// # Errors
    /// [`BootError`].
    pub fn boot(config: &Config, nsm: Arc<dyn Nsm>) -> Result<Self, BootError> {
        entropy::mix_into_kernel(&*nsm)?;
        let recipient = Arc::new(RecipientKey::generate()?);
        let clock = Arc::new(AttestedClock::default());
        clock.observe(nsm.attest(&About::Time)?.timestamp);
        let kms = Kms::new(config, Arc::clone(&nsm), Arc::clone(&clock), recipient)?;
        Ok(Self { nsm, clock, kms, log: Log::start(config) })
    }
}
