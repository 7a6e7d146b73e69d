//! The certificate chain of a document: names, signatures and validity by webpki, and the rules that webpki leaves out by
//! `certificate`. Called by `verify` of the parent module only. The bundle must be the chain itself, in order: no
//! certificate is left over, none is taken from elsewhere, and no revocation list is asked for.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};

use super::certificate::{Certificate, LeafKey};
use super::{AttestationDocument, AttestationError, Rule, Trace, TrustAnchor, VerifyTime};

/// Verifies the chain from `anchor` to the document's leaf, and returns the leaf's key.
pub(super) fn verify<'a>(
    document: &'a AttestationDocument,
    anchor: &TrustAnchor,
    at: VerifyTime,
    trace: &mut Trace,
) -> Result<LeafKey<'a>, AttestationError> {
    let intermediates = trace.note(Rule::TrustAnchor, below_anchor(&document.cabundle, anchor))?;
    let leaf = trace.part(Rule::Certificates, Certificate::parse(&document.certificate))?;
    let issuers: Result<Vec<_>, _> = document.cabundle.iter().map(|der| Certificate::parse(der)).collect();
    let issuers = trace.note(Rule::Certificates, issuers)?;
    let key = trace.note(Rule::LeafUse, leaf.may_sign_documents())?;
    trace.note(Rule::IssuerConstraints, issuers.iter().try_for_each(Certificate::is_issuer))?;
    // CAs between an issuer and the leaf: none below the last of the bundle.
    let path_lengths = issuers.iter().rev().enumerate().try_for_each(|(below, issuer)| issuer.permits_below(below));
    trace.note(Rule::IssuerPathLength, path_lengths)?;
    trace.note(Rule::IssuerKeyUsage, issuers.iter().try_for_each(Certificate::may_sign_certificates))?;
    let milliseconds = match at {
        VerifyTime::DocumentTime => Ok(document.timestamp.as_millis()),
        VerifyTime::At(seconds) => seconds.checked_mul(1000).ok_or(AttestationError::Expired),
    };
    let milliseconds = trace.part(Rule::Validity, milliseconds)?;
    let valid = issuers.iter().chain([&leaf]).try_for_each(|certificate| certificate.valid_at(milliseconds));
    trace.note(Rule::Validity, valid)?;
    trace.note(Rule::Chain, path(anchor, intermediates, &document.certificate, milliseconds))?;
    // AWS's text does not ask for it; every real document fulfils it.
    let within = leaf.valid_at(document.timestamp.as_millis()).map_err(|_| AttestationError::TimestampOutsideLeaf);
    trace.note(Rule::TimestampInLeaf, within)?;
    Ok(key)
}

/// What stands below the root. The bundle's root is compared, never trusted: the path starts from the anchor.
fn below_anchor<'a>(bundle: &'a [Vec<u8>], anchor: &TrustAnchor) -> Result<&'a [Vec<u8>], AttestationError> {
    match bundle.split_first() {
        Some((root, intermediates)) if root.as_slice() == anchor.der().as_ref() => Ok(intermediates),
        _ => Err(AttestationError::WrongRoot),
    }
}

/// Signatures, names, validity and critical extensions, and that the path is the bundle.
fn path(anchor: &TrustAnchor, intermediates: &[Vec<u8>], leaf: &[u8], milliseconds: u64) -> Result<(), AttestationError> {
    let anchors = [webpki::anchor_from_trusted_cert(anchor.der()).map_err(|_| AttestationError::Certificate)?];
    let intermediates: Vec<_> = intermediates.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let leaf = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&leaf).map_err(chain_error)?;
    let time = UnixTime::since_unix_epoch(Duration::from_millis(milliseconds));
    let algorithms = [webpki::aws_lc_rs::ECDSA_P384_SHA384];
    let path = leaf.verify_for_usage(&algorithms, &anchors, &intermediates, time, NoExtendedKeyUsage, None, None).map_err(chain_error)?;
    let used = path.intermediate_certificates().map(|certificate| certificate.der());
    // AWS's text, 3.2.3.2: the path is [leaf, INTERM_N, .., INTERM_1, ROOT]; the bundle is written root first.
    if used.eq(intermediates.iter().rev().cloned()) { Ok(()) } else { Err(AttestationError::Chain) }
}

fn chain_error(error: webpki::Error) -> AttestationError {
    match error {
        webpki::Error::CertExpired { .. } => AttestationError::Expired,
        webpki::Error::CertNotValidYet { .. } => AttestationError::NotYetValid,
        webpki::Error::PathLenConstraintViolated => AttestationError::PathLength,
        webpki::Error::UnsupportedCriticalExtension => AttestationError::CriticalExtension,
        _ => AttestationError::Chain,
    }
}

/// No certificate of Nitro has an extended key usage; one that has was made for something else.
struct NoExtendedKeyUsage;

impl ExtendedKeyUsageValidator for NoExtendedKeyUsage {
    fn validate(&self, mut usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        match usages.next() {
            None => Ok(()),
            Some(_) => Err(webpki::Error::UnsupportedCriticalExtension),
        }
    }
}
