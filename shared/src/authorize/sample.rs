//! A processor for a sample of records in the clear, so that an owner or operator sees what a job would release. It makes its
//! own token keys, for one use, and takes none: a real key cannot come here. `sealroom plan` calls it; the enclave never does.

use std::collections::BTreeMap;

use super::{Minimum, Plan};
use crate::record::RowProcessor;
use crate::record::tokens::{TokenDomains, TokenKey};

/// Whether a sample has to keep to the policy's minimum of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleMinimum {
    /// As in the enclave.
    Kept,
    /// No minimum: whoever has the sample sees all of its people anyway.
    Ignored,
}

/// The throwaway keys could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no throwaway token keys could be made for the sample")]
pub struct NoSampleKeys;

impl Plan {
    /// The processor of this job for records that nobody sealed: values of sealed fields stand in the clear, as their type, and
    /// tokens are of keys that are made here and forgotten. Everything else is as in the enclave.
    ///
    /// # Errors
    /// [`NoSampleKeys`].
    pub fn sample_processor(&self, minimum: SampleMinimum) -> Result<RowProcessor, NoSampleKeys> {
        let mut keys = BTreeMap::new();
        for domain in self.token_domains() {
            keys.insert(domain.to_owned(), TokenKey::random().map_err(|_| NoSampleKeys)?);
        }
        let checks = keys.iter().map(|(domain, key)| (domain.clone(), key.check_value(domain))).collect();
        let domains = TokenDomains::new(&checks, &keys).map_err(|_| NoSampleKeys)?;
        let mut wanted = self.wanted();
        wanted.iter_mut().for_each(|wanted| wanted.sealed = false);
        let minimum = match minimum {
            SampleMinimum::Kept => Minimum::OfPolicy,
            SampleMinimum::Ignored => Minimum::Ignored,
        };
        self.processor_of(&domains, wanted, minimum).map_err(|_| NoSampleKeys)
    }
}
