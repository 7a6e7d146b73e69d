//! The COSE_Sign1 envelope of an attestation document (RFC 9052, section 4.2), in the one shape Nitro uses: ES384, no
//! unprotected header, attached payload. Called by `verify` and `parse` of the parent module only. Never reads an algorithm
//! from the unprotected header and never picks one by the document's word.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder};

use super::certificate::LeafKey;
use super::{AttestationError, Rule, Trace};
use crate::limits;

/// A parsed envelope; its payload is not verified yet.
pub(super) struct CoseSign1<'a> {
    payload: &'a [u8],
    signature: &'a [u8],
}

impl<'a> CoseSign1<'a> {
    /// Reads an envelope, tagged 18 or bare.
    pub(super) fn parse(bytes: &'a [u8], trace: &mut Trace) -> Result<Self, AttestationError> {
        trace.note(Rule::Size, no_longer_than(bytes, limits::ATTESTATION_DOCUMENT))?;
        let mut reader = Decoder::new(bytes);
        trace.part(Rule::Envelope, array_of_four(&mut reader))?;
        trace.note(Rule::Algorithm, protected_header(&mut reader))?;
        trace.note(Rule::UnprotectedHeader, unprotected_header(&mut reader))?;
        trace.note(Rule::Envelope, Self::rest(&mut reader, bytes.len()))
    }

    /// Payload and signature, and nothing after them.
    fn rest(reader: &mut Decoder<'a>, length: usize) -> Result<Self, AttestationError> {
        let payload = reader.bytes()?;
        let signature = reader.bytes()?;
        if reader.position() != length {
            return Err(AttestationError::TrailingBytes);
        }
        if payload.is_empty() {
            return Err(AttestationError::Envelope);
        }
        no_longer_than(payload, limits::ATTESTATION_PAYLOAD)?;
        Ok(Self { payload, signature })
    }

    /// The payload's bytes: an encoded attestation document, unverified.
    pub(super) fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Checks the signature over `Sig_structure` with the leaf's key. The length, 96 bytes of r and s, is checked by the
    /// algorithm; s may be high, as in half of the real documents.
    pub(super) fn verify(&self, key: &LeafKey<'_>) -> Result<(), AttestationError> {
        let mut signed = Vec::with_capacity(self.payload.len() + 32);
        Encoder::new(&mut signed)
            .array(4)
            .and_then(|writer| writer.str("Signature1"))
            .and_then(|writer| writer.bytes(&PROTECTED))
            .and_then(|writer| writer.bytes(&[]))
            .and_then(|writer| writer.bytes(self.payload))
            .map_err(|_| AttestationError::Cbor)?;
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key.point())
            .verify(&signed, self.signature)
            .map_err(|_| AttestationError::Signature)
    }
}

fn no_longer_than(bytes: &[u8], most: usize) -> Result<(), AttestationError> {
    if bytes.len() > most { Err(AttestationError::TooLarge) } else { Ok(()) }
}

fn array_of_four(reader: &mut Decoder<'_>) -> Result<(), AttestationError> {
    if reader.datatype()? == Type::Tag && reader.tag()? != Tag::new(COSE_SIGN1_TAG) {
        return Err(AttestationError::Envelope);
    }
    if reader.datatype()? != Type::Array || reader.array()? != Some(4) {
        return Err(AttestationError::Envelope);
    }
    Ok(())
}

fn protected_header(reader: &mut Decoder<'_>) -> Result<(), AttestationError> {
    if reader.bytes()? == PROTECTED { Ok(()) } else { Err(AttestationError::Algorithm) }
}

fn unprotected_header(reader: &mut Decoder<'_>) -> Result<(), AttestationError> {
    if reader.datatype()? == Type::Map && reader.map()? == Some(0) { Ok(()) } else { Err(AttestationError::UnprotectedHeader) }
}

impl From<minicbor::decode::Error> for AttestationError {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::Cbor
    }
}

/// COSE_Sign1's CBOR tag; AWS's text allows it, no real document has it.
const COSE_SIGN1_TAG: u64 = 18;

/// `{1: -35}`, byte for byte as every real document has it.
const PROTECTED: [u8; 4] = [0xa1, 0x01, 0x38, 0x22];
