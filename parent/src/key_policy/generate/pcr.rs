//! PCRs that an image's build does not know: of the parent's role and of the image's signer. Called by
//! `key-policy generate`. Both extend a register of zeros (AWS, "Where to get an enclave's measurements";
//! aws-nitro-enclaves-image-format, `EifHasher`).

use rustls_pki_types::{CertificateDer, pem::PemObject};
use sealroom_shared::{attestation::Pcr, digest::Sha384Digest};

use super::role::RoleArn;

/// Why there is no PCR8.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PcrSourceError {
    /// No PEM block, or more than one.
    #[error("expected one PEM block CERTIFICATE: the certificate that the image was signed with")]
    Certificate,
    /// Its bytes are not a certificate.
    #[error("the PEM block is not an X.509 certificate")]
    NotX509,
}

/// PCR3: SHA-384 of 48 zero bytes and the ARN's text.
#[must_use]
pub fn parent_role_pcr3(role: &RoleArn) -> Pcr {
    extended(role.to_string().as_bytes())
}

/// PCR8: SHA-384 of 48 zero bytes and the SHA-384 of the certificate's DER.
///
/// # Errors
/// [`PcrSourceError`] where the text is not one certificate in PEM.
pub fn signer_pcr8(pem: &[u8]) -> Result<Pcr, PcrSourceError> {
    let mut certificates = CertificateDer::pem_slice_iter(pem);
    let (Some(Ok(certificate)), None) = (certificates.next(), certificates.next()) else {
        return Err(PcrSourceError::Certificate);
    };
    webpki::EndEntityCert::try_from(&certificate).map_err(|_| PcrSourceError::NotX509)?;
    Ok(extended(Sha384Digest::of(&certificate).as_bytes()))
}

fn extended(measured: &[u8]) -> Pcr {
    Pcr(*Sha384Digest::of_parts(&[&[0; 48], measured]).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hashlib by the recipe of AWS's guide.
    #[test]
    fn pcr3_is_that_of_aws_s_recipe() {
        let role = RoleArn::parse("arn:aws:iam::123456789012:role/Webserver").expect("a role");
        assert_eq!(
            parent_role_pcr3(&role).hex(),
            "78fce75db17cd4e0a3fb8dad3ad128ca5e77edbb2b2c7f75329dccd99aa5f6ef4fc1f1a452e315b9e98f9e312e6921e6"
        );
    }

    #[test]
    fn other_files_are_no_certificate() {
        let twice = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".repeat(2);
        for (text, error) in [
            ("", PcrSourceError::Certificate),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", PcrSourceError::Certificate),
            (twice.as_str(), PcrSourceError::Certificate),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", PcrSourceError::NotX509),
        ] {
            assert_eq!(signer_pcr8(text.as_bytes()), Err(error), "{text}");
        }
    }
}
