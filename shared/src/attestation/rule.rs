//! The rules that [`super::verify`] checks, by name, and what came of each. The code that verifies writes it down as it goes:
//! there is no second verifier that could disagree. A [`Trace`] only tells; whether a document is believed is told by the
//! result of the call, and by nothing else.

use super::AttestationError;

/// One rule on attestation documents, in the order in which a person reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// No larger than any attestation document.
    Size,
    /// The COSE_Sign1 structure.
    Envelope,
    /// The protected header.
    Algorithm,
    /// The unprotected header.
    UnprotectedHeader,
    /// The payload as a map: no field twice, nothing after it.
    Payload,
    /// Not a document of a NitroTPM.
    EnclaveDocument,
    /// `module_id`.
    ModuleId,
    /// `digest`.
    Digest,
    /// `timestamp`.
    Timestamp,
    /// `pcrs`.
    Pcrs,
    /// `certificate`: its length; its content is [`Rule::Certificates`].
    Certificate,
    /// `cabundle`: its length and those of its elements.
    Cabundle,
    /// `public_key`.
    PublicKey,
    /// `user_data`.
    UserData,
    /// `nonce`.
    Nonce,
    /// The bundle begins with the trust anchor.
    TrustAnchor,
    /// Each certificate is strict DER of X.509 version 3.
    Certificates,
    /// Use of the leaf.
    LeafUse,
    /// `basicConstraints` of the issuers.
    IssuerConstraints,
    /// `pathLen` of the issuers.
    IssuerPathLength,
    /// `keyUsage` of the issuers.
    IssuerKeyUsage,
    /// Each certificate is valid at the time asked for.
    Validity,
    /// Names and signatures, in the order of the bundle.
    Chain,
    /// The timestamp lies within the leaf's life.
    TimestampInLeaf,
    /// The signature over the document.
    Signature,
}

/// What came of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It holds.
    Passed,
    /// It does not hold, and the document is refused for that.
    Failed(AttestationError),
    /// The document was refused before it came to this rule.
    NotChecked,
}

/// What came of each rule while one document was verified.
#[derive(Debug, Default)]
pub struct Trace {
    passed: Vec<Rule>,
    failed: Option<(Rule, AttestationError)>,
}

impl Trace {
    /// What came of `rule`.
    #[must_use]
    pub fn outcome(&self, rule: Rule) -> RuleOutcome {
        match self.failed {
            // A field that occurs twice may have passed the first time.
            Some((failed, error)) if failed == rule => RuleOutcome::Failed(error),
            _ if self.passed.contains(&rule) => RuleOutcome::Passed,
            _ => RuleOutcome::NotChecked,
        }
    }

    /// Writes down a failure of a part of `rule`; the rule has passed only once [`Trace::note`] says so of its last part.
    pub(super) fn part<T>(&mut self, rule: Rule, came: Result<T, AttestationError>) -> Result<T, AttestationError> {
        if let (Err(error), None) = (&came, self.failed) {
            self.failed = Some((rule, *error));
        }
        came
    }

    /// Writes down what came of `rule`, and hands it on. The first failure counts: what stands around it fails with it.
    pub(super) fn note<T>(&mut self, rule: Rule, came: Result<T, AttestationError>) -> Result<T, AttestationError> {
        if came.is_ok() {
            self.passed.push(rule);
        }
        self.part(rule, came)
    }
}

impl Rule {
    /// Every rule, in order.
    pub const ALL: [Self; 25] = [
        Self::Size,
        Self::Envelope,
        Self::Algorithm,
        Self::UnprotectedHeader,
        Self::Payload,
        Self::EnclaveDocument,
        Self::ModuleId,
        Self::Digest,
        Self::Timestamp,
        Self::Pcrs,
        Self::Certificate,
        Self::Cabundle,
        Self::PublicKey,
        Self::UserData,
        Self::Nonce,
        Self::TrustAnchor,
        Self::Certificates,
        Self::LeafUse,
        Self::IssuerConstraints,
        Self::IssuerPathLength,
        Self::IssuerKeyUsage,
        Self::Validity,
        Self::Chain,
        Self::TimestampInLeaf,
        Self::Signature,
    ];

    /// The rule's name: stable, kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// What the rule asks, in a few words.
    #[must_use]
    pub const fn asks(self) -> &'static str {
        self.words().1
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Size => ("size", "no larger than any attestation document"),
            Self::Envelope => ("envelope", "a COSE_Sign1 structure of four elements, and nothing after it"),
            Self::Algorithm => ("algorithm", "the protected header is {1: -35}, ES384"),
            Self::UnprotectedHeader => ("unprotected-header", "the unprotected header is empty"),
            Self::Payload => ("payload", "one CBOR map, no field twice, nothing after it"),
            Self::EnclaveDocument => ("enclave-document", "a document of an enclave, not of a NitroTPM"),
            Self::ModuleId => ("field-module-id", "text, not empty"),
            Self::Digest => ("field-digest", "SHA384"),
            Self::Timestamp => ("field-timestamp", "a number of milliseconds, not zero"),
            Self::Pcrs => ("field-pcrs", "1 to 32 PCRs of 48 bytes, indexes 0 to 31, none twice"),
            Self::Certificate => ("field-certificate", "1 to 1024 bytes"),
            Self::Cabundle => ("field-cabundle", "1 to 8 certificates of 1 to 1024 bytes"),
            Self::PublicKey => ("field-public-key", "absent, null, or up to 1024 bytes"),
            Self::UserData => ("field-user-data", "absent, null, or up to 1024 bytes"),
            Self::Nonce => ("field-nonce", "absent, null, or up to 1024 bytes"),
            Self::TrustAnchor => ("trust-anchor", "the bundle begins with the trust anchor, byte for byte"),
            Self::Certificates => ("certificates", "each is strict DER of X.509 version 3"),
            Self::LeafUse => ("leaf-use", "a P-384 key, keyUsage digitalSignature, no CA, no pathLen"),
            Self::IssuerConstraints => ("issuer-basic-constraints", "critical basicConstraints with CA:TRUE in each issuer"),
            Self::IssuerPathLength => ("issuer-path-length", "no more CAs below an issuer than its pathLen permits"),
            Self::IssuerKeyUsage => ("issuer-key-usage", "keyUsage keyCertSign in each issuer"),
            Self::Validity => ("validity", "each certificate, the root too, is valid at the time asked for"),
            Self::Chain => ("chain", "names and signatures chain from the anchor to the leaf, in the bundle's order, none left over"),
            Self::TimestampInLeaf => ("timestamp-in-leaf", "the timestamp lies within the leaf's life"),
            Self::Signature => ("signature", "ES384 over the payload, by the leaf's key"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_listed_once_under_a_name_of_its_own() {
        for (index, rule) in Rule::ALL.into_iter().enumerate() {
            // `ALL` is in the order of the enumeration, and `Signature` is its last.
            assert_eq!(discriminant(rule), index);
            assert_eq!(Rule::ALL.into_iter().filter(|other| other.name() == rule.name()).count(), 1, "{rule:?}");
        }
        assert_eq!(discriminant(Rule::Signature) + 1, Rule::ALL.len());
    }

    #[expect(clippy::as_conversions, reason = "the only way to an enumeration's number")]
    fn discriminant(rule: Rule) -> usize {
        rule as usize
    }

    #[test]
    fn the_first_failure_counts() {
        let mut trace = Trace::default();
        assert_eq!(trace.note(Rule::Digest, Ok(1)), Ok(1));
        assert_eq!(trace.note::<()>(Rule::Digest, Err(AttestationError::Digest)), Err(AttestationError::Digest));
        assert_eq!(trace.note::<()>(Rule::Payload, Err(AttestationError::Cbor)), Err(AttestationError::Cbor));
        assert_eq!(trace.outcome(Rule::Digest), RuleOutcome::Failed(AttestationError::Digest));
        assert_eq!(trace.outcome(Rule::Payload), RuleOutcome::NotChecked);
    }

    #[test]
    fn a_part_alone_passes_no_rule() {
        let mut trace = Trace::default();
        assert_eq!(trace.part(Rule::Envelope, Ok(1)), Ok(1));
        assert_eq!(trace.outcome(Rule::Envelope), RuleOutcome::NotChecked);
        assert_eq!(trace.part::<()>(Rule::Envelope, Err(AttestationError::Cbor)), Err(AttestationError::Cbor));
        assert_eq!(trace.outcome(Rule::Envelope), RuleOutcome::Failed(AttestationError::Cbor));
    }
}
