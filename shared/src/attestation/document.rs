//! The payload of an attestation document. Only the parent module makes one; whether it is verified is told by
//! [`super::Verified`], never by this type.

use std::collections::BTreeMap;

use minicbor::Decoder;
use minicbor::data::Type;

use super::{AttestationError, Rule, Trace};
use crate::limits;

/// What a Nitro Security Module states about an enclave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestationDocument {
    /// The enclave instance, such as `i-0827e799ec9232d44-enc019b5640fdf630d6`.
    pub module_id: String,
    /// When the NSM made the document.
    pub timestamp: Timestamp,
    /// The locked PCRs by index (0 to 31). All of PCR0..2 are zero for an enclave in debug mode.
    pub pcrs: BTreeMap<u8, Pcr>,
    /// The leaf certificate (DER), whose key signed the document.
    pub certificate: Vec<u8>,
    /// The certificates above it (DER), root first.
    pub cabundle: Vec<Vec<u8>>,
    /// The public key that the enclave asked to have included. May be empty in a genuine document: see
    /// [`AttestationDocument::recipient_key`].
    pub public_key: Option<Vec<u8>>,
    /// Bytes that the enclave asked to have included.
    pub user_data: Option<Vec<u8>>,
    /// The nonce that the enclave asked to have included.
    pub nonce: Option<Vec<u8>>,
    /// Names of fields that this reader does not know. Their values were passed over; nothing is concluded from them.
    pub unknown_fields: Vec<String>,
}

/// One PCR: the 48 bytes of a SHA-384.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pcr(pub [u8; 48]);

/// Milliseconds since 1970, UTC, by the NSM's clock. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl AttestationDocument {
    /// Reads the payload of an envelope.
    pub(super) fn parse(payload: &[u8], trace: &mut Trace) -> Result<Self, AttestationError> {
        let read = Self::read(payload, trace);
        trace.note(Rule::Payload, read)?.finish(trace)
    }

    fn read(payload: &[u8], trace: &mut Trace) -> Result<Fields, AttestationError> {
        let mut reader = Decoder::new(payload);
        let mut fields = Fields::default();
        // Hardware since August 2025 sends this map, and only this one, with indefinite length.
        match reader.map()? {
            // A claimed count needs no bound: beyond the known and a few unknown fields every further one is an error.
            Some(count) => (0..count).try_for_each(|_| fields.read(&mut reader, trace))?,
            None => {
                while reader.datatype()? != Type::Break {
                    fields.read(&mut reader, trace)?;
                }
                reader.skip()?;
            }
        }
        if reader.position() != payload.len() {
            return Err(AttestationError::TrailingBytes);
        }
        Ok(fields)
    }

    /// The public key, if there is one with any bytes: what a KMS recipient needs.
    #[must_use]
    pub fn recipient_key(&self) -> Option<&[u8]> {
        self.public_key.as_deref().filter(|key| !key.is_empty())
    }

    /// True where PCR0, PCR1 or PCR2 is zero or absent: an enclave in debug mode, whose console the parent reads. Hardware
    /// zeroes all three; one is enough here, because no image measures to zero. Other PCRs say nothing of it: PCR3 and PCR4
    /// keep their values in debug mode.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        [0, 1, 2].iter().any(|index| self.pcrs.get(index).is_none_or(Pcr::is_zero))
    }
}

impl Pcr {
    /// True where every byte is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// 96 lower-case hex digits, as nitro-cli and key policies write a PCR.
    #[must_use]
    pub fn hex(&self) -> String {
        crate::digest::hex(&self.0)
    }
}

impl Timestamp {
    /// Milliseconds since 1970.
    #[must_use]
    pub fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn as_unix_seconds(self) -> u64 {
        self.0 / 1000
    }
}

/// The fields met so far.
#[derive(Default)]
struct Fields {
    module_id: Option<String>,
    digest: Option<()>,
    timestamp: Option<Timestamp>,
    pcrs: Option<BTreeMap<u8, Pcr>>,
    certificate: Option<Vec<u8>>,
    cabundle: Option<Vec<Vec<u8>>>,
    // The outer option is presence, the inner one null: absent and null mean the same, twice does not.
    public_key: Option<Option<Vec<u8>>>,
    user_data: Option<Option<Vec<u8>>>,
    nonce: Option<Option<Vec<u8>>>,
    unknown: Vec<String>,
}

impl Fields {
    fn read(&mut self, reader: &mut Decoder<'_>, trace: &mut Trace) -> Result<(), AttestationError> {
        match reader.str()? {
            "module_id" => once(&mut self.module_id, "module_id", trace.note(Rule::ModuleId, module_id(reader))?),
            "digest" => once(&mut self.digest, "digest", trace.note(Rule::Digest, digest(reader))?),
            "timestamp" => once(&mut self.timestamp, "timestamp", trace.note(Rule::Timestamp, timestamp(reader))?),
            "pcrs" => once(&mut self.pcrs, "pcrs", trace.note(Rule::Pcrs, pcrs(reader))?),
            "certificate" => once(&mut self.certificate, "certificate", trace.note(Rule::Certificate, certificate(reader, "certificate"))?),
            "cabundle" => once(&mut self.cabundle, "cabundle", trace.note(Rule::Cabundle, cabundle(reader))?),
            "public_key" => once(&mut self.public_key, "public_key", trace.note(Rule::PublicKey, optional(reader, "public_key"))?),
            "user_data" => once(&mut self.user_data, "user_data", trace.note(Rule::UserData, optional(reader, "user_data"))?),
            "nonce" => once(&mut self.nonce, "nonce", trace.note(Rule::Nonce, optional(reader, "nonce"))?),
            name if name.starts_with(NITRO_TPM) => trace.note(Rule::EnclaveDocument, Err(AttestationError::NitroTpm)),
            name => {
                self.unknown(name)?;
                reader.skip()?;
                Ok(())
            }
        }
    }

    /// A field that AWS may add one day is passed over, with its name kept. Whoever reads this: a field that is not known
    /// must never make a document better than it is without it.
    fn unknown(&mut self, name: &str) -> Result<(), AttestationError> {
        if self.unknown.len() == limits::ATTESTATION_UNKNOWN_FIELDS || name.len() > limits::ATTESTATION_UNKNOWN_NAME {
            return Err(AttestationError::UnknownField);
        }
        if self.unknown.iter().any(|known| known == name) {
            return Err(AttestationError::DuplicateField("unknown"));
        }
        self.unknown.push(name.to_owned());
        Ok(())
    }

    fn finish(self, trace: &mut Trace) -> Result<AttestationDocument, AttestationError> {
        trace.note(Rule::EnclaveDocument, Ok(()))?;
        trace.note(Rule::Digest, self.digest.ok_or(AttestationError::MissingField("digest")))?;
        Ok(AttestationDocument {
            module_id: trace.note(Rule::ModuleId, self.module_id.ok_or(AttestationError::MissingField("module_id")))?,
            timestamp: trace.note(Rule::Timestamp, self.timestamp.ok_or(AttestationError::MissingField("timestamp")))?,
            pcrs: trace.note(Rule::Pcrs, self.pcrs.ok_or(AttestationError::MissingField("pcrs")))?,
            certificate: trace.note(Rule::Certificate, self.certificate.ok_or(AttestationError::MissingField("certificate")))?,
            cabundle: trace.note(Rule::Cabundle, self.cabundle.ok_or(AttestationError::MissingField("cabundle")))?,
            public_key: trace.note(Rule::PublicKey, Ok(self.public_key.flatten()))?,
            user_data: trace.note(Rule::UserData, Ok(self.user_data.flatten()))?,
            nonce: trace.note(Rule::Nonce, Ok(self.nonce.flatten()))?,
            unknown_fields: self.unknown,
        })
    }
}

fn once<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), AttestationError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(AttestationError::DuplicateField(name)),
    }
}

fn module_id(reader: &mut Decoder<'_>) -> Result<String, AttestationError> {
    let text = reader.str()?;
    if text.is_empty() || text.len() > limits::ATTESTATION_FIELD {
        return Err(AttestationError::Length("module_id"));
    }
    Ok(text.to_owned())
}

fn digest(reader: &mut Decoder<'_>) -> Result<(), AttestationError> {
    (reader.str()? == "SHA384").then_some(()).ok_or(AttestationError::Digest)
}

fn timestamp(reader: &mut Decoder<'_>) -> Result<Timestamp, AttestationError> {
    match reader.u64()? {
        0 => Err(AttestationError::Timestamp),
        milliseconds => Ok(Timestamp(milliseconds)),
    }
}

fn pcrs(reader: &mut Decoder<'_>) -> Result<BTreeMap<u8, Pcr>, AttestationError> {
    let count = reader.map()?.ok_or(AttestationError::Cbor)?;
    if !(1..=PCRS).contains(&count) {
        return Err(AttestationError::Length("pcrs"));
    }
    let mut pcrs = BTreeMap::new();
    for _ in 0..count {
        let index = reader.u8()?;
        let value = reader.bytes()?.try_into().map_err(|_| AttestationError::Length("pcrs"))?;
        if u64::from(index) >= PCRS || pcrs.insert(index, Pcr(value)).is_some() {
            return Err(AttestationError::PcrIndex);
        }
    }
    Ok(pcrs)
}

fn certificate(reader: &mut Decoder<'_>, name: &'static str) -> Result<Vec<u8>, AttestationError> {
    let der = reader.bytes()?;
    if der.is_empty() || der.len() > limits::ATTESTATION_FIELD {
        return Err(AttestationError::Length(name));
    }
    Ok(der.to_owned())
}

fn cabundle(reader: &mut Decoder<'_>) -> Result<Vec<Vec<u8>>, AttestationError> {
    let count = reader.array()?.ok_or(AttestationError::Cbor)?;
    if !(1..=limits::ATTESTATION_CABUNDLE).contains(&count) {
        return Err(AttestationError::Length("cabundle"));
    }
    (0..count).map(|_| certificate(reader, "cabundle")).collect()
}

fn optional(reader: &mut Decoder<'_>, name: &'static str) -> Result<Option<Vec<u8>>, AttestationError> {
    if reader.datatype()? == Type::Null {
        reader.null()?;
        return Ok(None);
    }
    let bytes = reader.bytes()?;
    if bytes.len() > limits::ATTESTATION_FIELD {
        return Err(AttestationError::Length(name));
    }
    Ok(Some(bytes.to_owned()))
}

/// How the fields of a NitroTPM's document begin: it comes from the same root and speaks of an ordinary instance.
const NITRO_TPM: &str = "nitrotpm";

/// PCRs that an NSM has.
const PCRS: u64 = 32;

#[cfg(test)]
mod tests;
