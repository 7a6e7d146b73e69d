//! Attestation documents of Nitro Enclaves: parsing and verifying.
//!
//! The mock KMS, `sealroom verify` and `sealroom attestation` call [`verify`]; the enclave calls [`parse`] on what its
//! own NSM has just answered. Nothing here reads a clock, a file or the network: the time comes in as a value, the
//! trust anchor from outside the document. A document that is not for a Nitro enclave (NitroTPM shares the same AWS
//! root) is never accepted, and no revocation list is fetched (AWS's rules ask for none).
//!
//! What is decided where AWS's text is silent, and where hardware departs from it, stands with reasons in
//! `docs/attestation.md`; each decision has its vector. [`Rule`] names what is checked.
//!
//! ECDSA signatures are malleable: the hash of a document is no identity of it.

mod anchor;
mod certificate;
mod chain;
mod cose;
mod der;
mod document;
mod rule;
mod time;

use std::ops::Deref;

pub use self::anchor::TrustAnchor;
pub use self::certificate::Life;
pub use self::document::{AttestationDocument, Pcr, Timestamp};
pub use self::rule::{Rule, RuleOutcome, Trace};

use self::cose::CoseSign1;

/// Verifies an attestation document: syntax, certificate chain to `anchor` at the time `at`, and signature.
///
/// What it does not decide: whether the image is the expected one ([`Verified::matches`]), whether the document is fresh
/// (bound its nonce, or its [`Timestamp`] against a clock) and what its `user_data` means.
///
/// # Errors
/// [`AttestationError`] names the first rule that does not hold.
pub fn verify(bytes: &[u8], anchor: &TrustAnchor, at: VerifyTime) -> Result<Verified<AttestationDocument>, AttestationError> {
    verify_traced(bytes, anchor, at, &mut Trace::default())
}

/// As [`verify`], which is this call: `trace` gets to know what came of each rule.
///
/// # Errors
/// As [`verify`].
pub fn verify_traced(
    bytes: &[u8],
    anchor: &TrustAnchor,
    at: VerifyTime,
    trace: &mut Trace,
) -> Result<Verified<AttestationDocument>, AttestationError> {
    let envelope = CoseSign1::parse(bytes, trace)?;
    let document = AttestationDocument::parse(envelope.payload(), trace)?;
    let leaf = chain::verify(&document, anchor, at, trace)?;
    trace.note(Rule::Signature, envelope.verify(&leaf))?;
    Ok(Verified { inner: document })
}

/// Reads a document without verifying anything: for the enclave, whose own NSM answered it, and for showing what an
/// unverified document claims. Its result can not be passed where a verified one is asked for.
///
/// # Errors
/// [`AttestationError`] where the bytes are not an attestation document.
pub fn parse(bytes: &[u8]) -> Result<AttestationDocument, AttestationError> {
    let mut trace = Trace::default();
    AttestationDocument::parse(CoseSign1::parse(bytes, &mut trace)?.payload(), &mut trace)
}

/// The time at which the certificates have to be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyTime {
    /// The document's own signed timestamp: for stored documents, whose leaf lives three hours. The caller must not take
    /// the result for a fresh statement.
    DocumentTime,
    /// Seconds since 1970 by the caller's clock: for live documents.
    At(u64),
}

/// A value that has been verified. Only [`verify`] makes one.
#[derive(Debug)]
pub struct Verified<T> {
    inner: T,
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

/// Why bytes are not an attestation document that can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// More bytes than any attestation document has.
    #[error("too large for an attestation document")]
    TooLarge,
    /// Not well-formed CBOR, or a field of the wrong type.
    #[error("malformed CBOR")]
    Cbor,
    /// Not a COSE_Sign1 structure.
    #[error("not a COSE_Sign1 structure")]
    Envelope,
    /// The protected header is not exactly `{1: -35}` (ES384).
    #[error("the protected header does not say ES384")]
    Algorithm,
    /// The unprotected header is not empty.
    #[error("the unprotected header is not empty")]
    UnprotectedHeader,
    /// Bytes after the envelope or after the payload.
    #[error("trailing bytes")]
    TrailingBytes,
    /// A mandatory field is missing.
    #[error("field `{0}` is missing")]
    MissingField(&'static str),
    /// A field occurs twice.
    #[error("field `{0}` occurs twice")]
    DuplicateField(&'static str),
    /// More fields that are not known, or longer names of them, than a later version of the document may bring.
    #[error("too many fields that are not known")]
    UnknownField,
    /// A field's length is outside its bounds.
    #[error("field `{0}` has a length outside its bounds")]
    Length(&'static str),
    /// A document of a NitroTPM: an ordinary instance, not an enclave.
    #[error("a NitroTPM document, not one of an enclave")]
    NitroTpm,
    /// `digest` is not `SHA384`.
    #[error("the digest is not SHA384")]
    Digest,
    /// `timestamp` is zero or negative.
    #[error("the timestamp is not positive")]
    Timestamp,
    /// A PCR index is not 0 to 31, or a PCR is listed twice.
    #[error("a PCR index is out of range or listed twice")]
    PcrIndex,
    /// A certificate is not strict DER of X.509 version 3.
    #[error("a certificate is malformed")]
    Certificate,
    /// The first certificate of the bundle is not the trust anchor.
    #[error("the certificate bundle does not start with the trust anchor")]
    WrongRoot,
    /// The certificates do not chain, in the bundle's order, from the anchor to the leaf.
    #[error("the certificates do not chain to the trust anchor")]
    Chain,
    /// A certificate has an extension that is marked critical and is not known.
    #[error("a certificate has a critical extension that is not known")]
    CriticalExtension,
    /// A certificate is not valid yet.
    #[error("a certificate is not valid yet")]
    NotYetValid,
    /// A certificate is no longer valid.
    #[error("a certificate has expired")]
    Expired,
    /// `basicConstraints` are missing, not critical, or of the wrong kind.
    #[error("a certificate's basic constraints do not fit its place")]
    BasicConstraints,
    /// A chain longer than a CA's `pathLen` permits.
    #[error("the chain is longer than a CA permits")]
    PathLength,
    /// `keyUsage` does not permit the use.
    #[error("a certificate's key usage does not permit its use")]
    KeyUsage,
    /// The document's timestamp is outside the leaf's life.
    #[error("the timestamp lies outside the life of the certificate")]
    TimestampOutsideLeaf,
    /// The signature is not valid for the leaf's key.
    #[error("the signature is not valid")]
    Signature,
}
