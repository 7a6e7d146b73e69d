//! The owner's policy file, read for sealing: what a sealed message is bound to. `seal` and `token-key` use it.

use std::path::{Path, PathBuf};

use sealroom_shared::{
    arn::KeyArn,
    binding, limits as shared_limits,
    message::EncryptionContext,
    policy::{Policy, PolicyError},
    toml_reader::Rule,
};

use crate::{
    failure::{Failure, Result},
    policy_or_job, source,
};

/// A policy file that parses, with its exact bytes.
pub struct OwnerPolicy {
    path: PathBuf,
    policy: Policy,
}

impl OwnerPolicy {
    /// Reads and parses the file.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(path, &source::read_small(path, shared_limits::POLICY_BYTES)?)
    }

    /// Parses `bytes` as the content of `path`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let policy = Policy::parse(bytes).map_err(|error| invalid(path, bytes, &error))?;
        Ok(Self { path: path.to_owned(), policy })
    }

    /// The parsed policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Refuses a key that the enclave would refuse later.
    pub fn allows_key(&self, arn: &KeyArn) -> Result<()> {
        if self.policy.keys().contains(arn) {
            return Ok(());
        }
        Err(Failure::new("key-not-allowed", format!("{} does not list {arn} in `keys`", self.path.display()))
            .help("seal under one of the policy's keys, or add this one to the policy"))
    }

    /// The encryption context of a message of this kind, bound to the policy.
    pub fn context(&self, kind: &str, pairs: &[(&str, &str)]) -> Result<EncryptionContext> {
        let digest = self.policy.digest().to_string();
        let mut context = EncryptionContext::new();
        for (key, value) in [(binding::KIND, kind), (binding::POLICY, digest.as_str())].iter().chain(pairs) {
            context.insert(key, value).map_err(|error| Failure::new("internal", error.to_string()))?;
        }
        Ok(context)
    }
}

/// A policy file, of these bytes, that cannot be read, with its line.
pub fn invalid(path: &Path, bytes: &[u8], error: &PolicyError) -> Failure {
    let help = match error.rule {
        _ if policy_or_job::is_job(bytes) => policy_or_job::JOB_GIVEN,
        Rule::TokenCheckEmpty => "`sealroom token-key new` fills the check in",
        _ => "correct this line; `sealroom policy check` reads the file again",
    };
    Failure::new("policy-invalid", format!("{}: {error}", path.display())).help(help)
}
