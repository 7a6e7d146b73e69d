//! The root certificate that a verifier starts from. Callers take [`TrustAnchor::aws_root_g1`]; another anchor has a name
//! that says danger. A document's own bundle never becomes an anchor.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::AttestationError;
use super::certificate::Certificate;

/// A root certificate, parsed and found fit to issue.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustAnchor {
    der: CertificateDer<'static>,
}

impl TrustAnchor {
    /// The AWS Nitro Enclaves root, generation 1 (valid 2019 to 2049). SHA-256 of its DER:
    /// `641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b`, as AWS publishes it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a constant of this crate; a test reads it")]
    pub fn aws_root_g1() -> Self {
        Self::danger_from_pem(AWS_ROOT_G1).expect("the embedded root is a CA certificate")
    }

    /// Another root, for a test image and the local harness. Whoever holds its key can state anything about any image.
    ///
    /// # Errors
    /// [`AttestationError`] where `pem` is not exactly one certificate that may issue others.
    pub fn danger_from_pem(pem: &str) -> Result<Self, AttestationError> {
        let mut certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
        let (Some(Ok(der)), None) = (certificates.next(), certificates.next()) else {
            return Err(AttestationError::Certificate);
        };
        let root = Certificate::parse(&der)?;
        root.is_issuer()?;
        root.may_sign_certificates()?;
        root.is_self_signed()?;
        webpki::anchor_from_trusted_cert(&der).map_err(|_| AttestationError::Certificate)?;
        Ok(Self { der })
    }

    /// True for the root that AWS publishes.
    #[must_use]
    pub fn is_aws_root_g1(&self) -> bool {
        *self == Self::aws_root_g1()
    }

    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }
}

const AWS_ROOT_G1: &str = include_str!("aws-nitro-root-g1.pem");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_root_has_the_published_fingerprint() {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, TrustAnchor::aws_root_g1().der());
        let published = "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";
        assert_eq!(crate::digest::hex(digest.as_ref()), published);
    }

    #[test]
    fn text_without_a_certificate_is_refused() {
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(TrustAnchor::danger_from_pem(pem), Err(AttestationError::Certificate)));
        }
    }

    #[test]
    fn two_certificates_are_refused() {
        let twice = format!("{AWS_ROOT_G1}\n{AWS_ROOT_G1}");
        assert!(matches!(TrustAnchor::danger_from_pem(&twice), Err(AttestationError::Certificate)));
    }
}
