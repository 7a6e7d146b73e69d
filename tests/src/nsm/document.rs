//! An attestation document as current hardware writes it: untagged COSE_Sign1, ES384, payload a map of indefinite
//! length in AWS's key order with null for what was not given.

use std::convert::Infallible;
use std::time::SystemTime;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::EcdsaKeyPair;
use minicbor::Encoder;

use super::measurement::PcrValue;

/// What a document says.
pub struct Document<'a> {
    /// The NSM's name.
    pub module_id: &'a str,
    /// The time that the document carries, to the millisecond.
    pub now: SystemTime,
    /// The locked registers.
    pub pcrs: Vec<(u16, PcrValue)>,
    /// The leaf in DER.
    pub certificate: &'a [u8],
    /// The issuers in DER, the root first.
    pub cabundle: &'a [Vec<u8>],
    /// The request's public key, in DER.
    pub public_key: Option<&'a [u8]>,
    /// The request's user data.
    pub user_data: Option<&'a [u8]>,
    /// The request's nonce.
    pub nonce: Option<&'a [u8]>,
}

/// The document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The clock stands before 1970.
    #[error("the clock stands before 1970")]
    Clock,
    /// Signing failed.
    #[error("signing failed")]
    Signature,
    /// Encoding failed.
    #[error("encoding failed")]
    Encoding,
}

impl Document<'_> {
    /// The signed document, as the NSM returns it.
    pub fn sign(&self, key: &EcdsaKeyPair) -> Result<Vec<u8>, DocumentError> {
        let payload = self.payload()?;
        let signed = sig_structure(&payload)?;
        let signature = key.sign(&SystemRandom::new(), &signed).map_err(|_| DocumentError::Signature)?;

        let mut envelope = Encoder::new(Vec::new());
        envelope.array(4)?.bytes(PROTECTED)?.map(0)?.bytes(&payload)?.bytes(signature.as_ref())?;
        Ok(envelope.into_writer())
    }

    fn payload(&self) -> Result<Vec<u8>, DocumentError> {
        let timestamp = self.now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| DocumentError::Clock)?;
        let timestamp = u64::try_from(timestamp.as_millis()).map_err(|_| DocumentError::Clock)?;

        let mut map = Encoder::new(Vec::new());
        map.begin_map()?;
        map.str("module_id")?.str(self.module_id)?;
        map.str("digest")?.str("SHA384")?;
        map.str("timestamp")?.u64(timestamp)?;
        map.str("pcrs")?.map(count(&self.pcrs)?)?;
        for (index, value) in &self.pcrs {
            map.u16(*index)?.bytes(value)?;
        }
        map.str("certificate")?.bytes(self.certificate)?;
        map.str("cabundle")?.array(count(self.cabundle)?)?;
        for certificate in self.cabundle {
            map.bytes(certificate)?;
        }
        for (name, field) in [("public_key", self.public_key), ("user_data", self.user_data), ("nonce", self.nonce)] {
            map.str(name)?;
            match field {
                Some(bytes) => map.bytes(bytes)?,
                None => map.null()?,
            };
        }
        map.end()?;
        Ok(map.into_writer())
    }
}

impl From<minicbor::encode::Error<Infallible>> for DocumentError {
    fn from(_: minicbor::encode::Error<Infallible>) -> Self {
        Self::Encoding
    }
}

/// RFC 9052 section 4.4: what the signature covers.
fn sig_structure(payload: &[u8]) -> Result<Vec<u8>, DocumentError> {
    let mut structure = Encoder::new(Vec::new());
    structure.array(4)?.str("Signature1")?.bytes(PROTECTED)?.bytes(&[])?.bytes(payload)?;
    Ok(structure.into_writer())
}

fn count<T>(items: &[T]) -> Result<u64, DocumentError> {
    u64::try_from(items.len()).map_err(|_| DocumentError::Encoding)
}

/// `{1: -35}`: ES384.
const PROTECTED: &[u8] = &[0xa1, 0x01, 0x38, 0x22];
