//! The parts of an X.509 certificate that webpki leaves unchecked: `keyUsage`, criticality of `basicConstraints`, `pathLen`
//! of the root, validity of the root, and the leaf's P-384 key. Called by `anchor` and `chain`; signatures, names and
//! unknown critical extensions are webpki's part.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, UnparsedPublicKey};

use super::AttestationError;
use super::der::{BIT_STRING, BOOLEAN, DerReader, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, explicit};
use super::time::time;

/// What the rules ask of one certificate.
pub(super) struct Certificate<'a> {
    life: Life,
    public_key: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8],
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
}

/// The first and the last second of a certificate's life, in seconds since 1970, as the verifier reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// The first second.
    pub not_before: u64,
    /// The last second.
    pub not_after: u64,
}

struct BasicConstraints {
    critical: bool,
    ca: bool,
    path_length: Option<u8>,
}

struct KeyUsage(u8);

/// The P-384 point of a leaf, uncompressed.
pub(super) struct LeafKey<'a>(&'a [u8]);

impl<'a> Certificate<'a> {
    /// Reads one certificate, with nothing after it.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, AttestationError> {
        let mut outer = DerReader::new(der);
        let mut certificate = outer.inside(SEQUENCE)?;
        outer.end()?;
        let signed = certificate.whole(SEQUENCE)?;
        let mut body = certificate.inside(SEQUENCE)?;
        let mut version = body.inside(explicit(0))?;
        if version.element(INTEGER)? != [2] {
            return Err(AttestationError::Certificate);
        }
        version.end()?;
        body.element(INTEGER)?; // serial number
        body.element(SEQUENCE)?; // signature algorithm: webpki compares it with the outer one
        body.element(SEQUENCE)?; // issuer
        let mut validity = body.inside(SEQUENCE)?;
        let life = Life { not_before: time(&mut validity)?, not_after: time(&mut validity)? };
        validity.end()?;
        body.element(SEQUENCE)?; // subject
        let public_key = body.element(SEQUENCE)?;
        let mut extensions = body.inside(explicit(3))?;
        let listed = extensions.inside(SEQUENCE)?;
        extensions.end()?;
        body.end()?;
        certificate.element(SEQUENCE)?; // signature algorithm
        let signature = certificate.element(BIT_STRING)?;
        certificate.end()?;
        let mut parsed = Self { life, public_key, signed, signature, basic_constraints: None, key_usage: None };
        parsed.read_extensions(listed)?;
        Ok(parsed)
    }

    /// A root is signed with its own key: a damaged one is found when it is loaded, not at the first document.
    pub(super) fn is_self_signed(&self) -> Result<(), AttestationError> {
        let [0, signature @ ..] = self.signature else {
            return Err(AttestationError::Certificate);
        };
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, self.p384_key()?.point())
            .verify(self.signed, signature)
            .map_err(|_| AttestationError::Certificate)
    }

    /// Rule 27: an issuer says so in critical `basicConstraints`.
    pub(super) fn is_issuer(&self) -> Result<(), AttestationError> {
        match &self.basic_constraints {
            Some(constraints) if constraints.ca && constraints.critical => Ok(()),
            _ => Err(AttestationError::BasicConstraints),
        }
    }

    /// Rules 26 and 27: `pathLen`, where there is one, permits the `below` CAs that stand between this issuer and the leaf.
    pub(super) fn permits_below(&self, below: usize) -> Result<(), AttestationError> {
        match self.basic_constraints.as_ref().and_then(|constraints| constraints.path_length) {
            Some(most) if below > usize::from(most) => Err(AttestationError::PathLength),
            _ => Ok(()),
        }
    }

    /// Rules 26 and 27: an issuer's key may sign certificates.
    pub(super) fn may_sign_certificates(&self) -> Result<(), AttestationError> {
        match &self.key_usage {
            Some(usage) if usage.0 & KEY_CERT_SIGN != 0 => Ok(()),
            _ => Err(AttestationError::KeyUsage),
        }
    }

    /// Rule 28: a leaf is no CA, has no `pathLen`, and may make signatures. Its key must be on P-384.
    pub(super) fn may_sign_documents(&self) -> Result<LeafKey<'a>, AttestationError> {
        if self.basic_constraints.as_ref().is_some_and(|constraints| constraints.ca || constraints.path_length.is_some()) {
            return Err(AttestationError::BasicConstraints);
        }
        match &self.key_usage {
            Some(usage) if usage.0 & DIGITAL_SIGNATURE != 0 => {}
            _ => return Err(AttestationError::KeyUsage),
        }
        self.p384_key()
    }

    fn p384_key(&self) -> Result<LeafKey<'a>, AttestationError> {
        self.public_key.strip_prefix(&P384_KEY_PREFIX).map(LeafKey).ok_or(AttestationError::Certificate)
    }

    /// Rule 24, in milliseconds so that a document's timestamp is compared as it stands.
    pub(super) fn valid_at(&self, milliseconds: u64) -> Result<(), AttestationError> {
        if milliseconds / 1000 < self.life.not_before {
            return Err(AttestationError::NotYetValid);
        }
        if milliseconds.div_ceil(1000) > self.life.not_after {
            return Err(AttestationError::Expired);
        }
        Ok(())
    }

    fn read_extensions(&mut self, mut extensions: DerReader<'_>) -> Result<(), AttestationError> {
        while !extensions.is_empty() {
            let mut extension = extensions.inside(SEQUENCE)?;
            let id = extension.element(OBJECT_IDENTIFIER)?;
            let critical = match extension.optional(BOOLEAN)? {
                None => false,
                Some([0xff]) => true,
                // DER leaves a default (FALSE) out.
                Some(_) => return Err(AttestationError::Certificate),
            };
            let value = extension.element(OCTET_STRING)?;
            extension.end()?;
            let repeated = match id {
                BASIC_CONSTRAINTS => self.basic_constraints.replace(BasicConstraints::parse(critical, value)?).is_some(),
                KEY_USAGE => self.key_usage.replace(KeyUsage::parse(value)?).is_some(),
                _ => false,
            };
            if repeated {
                return Err(AttestationError::Certificate);
            }
        }
        Ok(())
    }
}

impl Life {
    /// The life of a certificate (DER), whoever signed it.
    ///
    /// # Errors
    /// [`AttestationError::Certificate`] where it is not strict DER of X.509 version 3.
    pub fn of(certificate: &[u8]) -> Result<Self, AttestationError> {
        Certificate::parse(certificate).map(|certificate| certificate.life)
    }
}

impl LeafKey<'_> {
    /// 97 bytes, `04 ‖ x ‖ y`; the signature check refuses what is not on the curve.
    pub(super) fn point(&self) -> &[u8] {
        self.0
    }
}

impl BasicConstraints {
    fn parse(critical: bool, value: &[u8]) -> Result<Self, AttestationError> {
        let mut outer = DerReader::new(value);
        let mut constraints = outer.inside(SEQUENCE)?;
        outer.end()?;
        let ca = match constraints.optional(BOOLEAN)? {
            None => false,
            Some([0xff]) => true,
            Some(_) => return Err(AttestationError::Certificate),
        };
        let path_length = match constraints.optional(INTEGER)? {
            None => None,
            Some([length @ 0..=0x7f]) => Some(*length),
            Some(_) => return Err(AttestationError::Certificate),
        };
        constraints.end()?;
        Ok(Self { critical, ca, path_length })
    }
}

impl KeyUsage {
    fn parse(value: &[u8]) -> Result<Self, AttestationError> {
        let mut outer = DerReader::new(value);
        let bits = outer.element(BIT_STRING)?;
        outer.end()?;
        match bits {
            // The number of unused bits, then the bits, first usage highest. A ninth bit (decipherOnly) may follow.
            [0..=7, usages] | [0..=7, usages, _] => Ok(Self(*usages)),
            _ => Err(AttestationError::Certificate),
        }
    }
}

const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_CERT_SIGN: u8 = 0x04;

/// SubjectPublicKeyInfo of a P-384 key up to its point: `id-ecPublicKey`, `secp384r1`, a bit string of whole bytes.
const P384_KEY_PREFIX: [u8; 21] =
    [0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_values_written_out_are_refused() {
        let written_false = [0x30, 0x03, 0x01, 0x01, 0x00];
        assert!(matches!(BasicConstraints::parse(true, &written_false), Err(AttestationError::Certificate)));
    }

    #[test]
    fn negative_path_lengths_are_refused() {
        let negative = [0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x80];
        assert!(matches!(BasicConstraints::parse(true, &negative), Err(AttestationError::Certificate)));
    }

    #[test]
    fn empty_key_usage_is_refused() {
        for bits in [&[0x03, 0x01, 0x00][..], &[0x03, 0x00], &[0x03, 0x02, 0x08, 0x80], &[0x04, 0x02, 0x00, 0x80]] {
            assert!(matches!(KeyUsage::parse(bits), Err(AttestationError::Certificate)));
        }
    }
}
