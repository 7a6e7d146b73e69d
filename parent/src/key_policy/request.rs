//! What is known about one request: who asks for which action on which key, and the condition keys. Made by the mock KMS
//! and the simulator; read by `evaluate`.

use std::collections::BTreeMap;

use super::principal::Principal;

/// A request to decide.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// The action, such as `kms:Decrypt`.
    pub action: String,
    /// The full ARN of the key.
    pub key_arn: String,
    /// The condition keys of the request.
    pub context: RequestContext,
}

/// Condition keys and their values. A key that was not added is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// By lower-case name: names of condition keys have no case.
    keys: BTreeMap<String, Vec<String>>,
}

impl RequestContext {
    /// No condition keys at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one value of `key`; called again for a further value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.keys.entry(key.to_ascii_lowercase()).or_default().push(value.into());
        self
    }

    /// Adds what IAM says of every caller: `aws:PrincipalArn` (of a role's session: the role's), `aws:PrincipalAccount`,
    /// `kms:CallerAccount`, and `aws:SecureTransport`, which KMS always has.
    #[must_use]
    pub fn caller(self, principal: &Principal) -> Self {
        self.with("aws:PrincipalArn", principal.identity_arn())
            .with("aws:PrincipalAccount", principal.account())
            .with("kms:CallerAccount", principal.account())
            .with("aws:SecureTransport", "true")
    }

    /// Adds the keys of a verified attestation document: `kms:RecipientAttestation:PCRn` for each of `pcrs` (index and
    /// lower-case hex), and `kms:RecipientAttestation:ImageSha384`, which is PCR0 under another name.
    #[must_use]
    pub fn attested<'a>(self, pcrs: impl IntoIterator<Item = (u8, &'a str)>) -> Self {
        pcrs.into_iter().fold(self, |context, (index, hex)| {
            let context = if index == 0 { context.with("kms:RecipientAttestation:ImageSha384", hex) } else { context };
            context.with(&format!("kms:RecipientAttestation:PCR{index}"), hex)
        })
    }

    /// Adds `kms:EncryptionContext:KEY` for each pair, and `kms:EncryptionContextKeys` with every key.
    #[must_use]
    pub fn encryption_context<'a>(self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        pairs.into_iter().fold(self, |context, (key, value)| {
            context.with(&format!("kms:EncryptionContext:{key}"), value).with("kms:EncryptionContextKeys", key)
        })
    }

    /// The request's values of a condition key; `None` where it is absent.
    #[must_use]
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.keys.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }
}
