//! The payload of an attestation document. Only the parent module makes one; whether it is verified is told by
//! [`super::Verified`], never by this type.

use std::collections::BTreeMap;

use minicbor::Decoder;
use minicbor::data::Type;

use super::AttestationError;
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
}

/// One PCR: the 48 bytes of a SHA-384.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pcr(pub [u8; 48]);

/// Milliseconds since 1970, UTC, by the NSM's clock. Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl AttestationDocument {
    /// Reads the payload of an envelope.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, AttestationError> {
        let mut reader = Decoder::new(payload);
        let mut fields = Fields::default();
        // Hardware since August 2025 sends this map, and only this one, with indefinite length.
        match reader.map()? {
            // A claimed count needs no bound: the tenth field is unknown or a duplicate.
            Some(count) => (0..count).try_for_each(|_| fields.read(&mut reader))?,
            None => {
                while reader.datatype()? != Type::Break {
                    fields.read(&mut reader)?;
                }
                reader.skip()?;
            }
        }
        if reader.position() != payload.len() {
            return Err(AttestationError::TrailingBytes);
        }
        fields.finish()
    }

    /// The public key, if there is one with any bytes: what a KMS recipient needs.
    #[must_use]
    pub fn recipient_key(&self) -> Option<&[u8]> {
        self.public_key.as_deref().filter(|key| !key.is_empty())
    }

    /// True where PCR0, PCR1 and PCR2 are all zero (or absent): an enclave in debug mode, whose console the parent reads.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        [0, 1, 2].iter().all(|index| self.pcrs.get(index).is_none_or(Pcr::is_zero))
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
}

impl Fields {
    fn read(&mut self, reader: &mut Decoder<'_>) -> Result<(), AttestationError> {
        match reader.str()? {
            "module_id" => once(&mut self.module_id, "module_id", module_id(reader)?),
            "digest" => once(&mut self.digest, "digest", digest(reader)?),
            "timestamp" => once(&mut self.timestamp, "timestamp", timestamp(reader)?),
            "pcrs" => once(&mut self.pcrs, "pcrs", pcrs(reader)?),
            "certificate" => once(&mut self.certificate, "certificate", certificate(reader, "certificate")?),
            "cabundle" => once(&mut self.cabundle, "cabundle", cabundle(reader)?),
            "public_key" => once(&mut self.public_key, "public_key", optional(reader, "public_key")?),
            "user_data" => once(&mut self.user_data, "user_data", optional(reader, "user_data")?),
            "nonce" => once(&mut self.nonce, "nonce", optional(reader, "nonce")?),
            "nitrotpm_pcrs" => Err(AttestationError::NitroTpm),
            _ => Err(AttestationError::UnknownField),
        }
    }

    fn finish(self) -> Result<AttestationDocument, AttestationError> {
        let missing = AttestationError::MissingField;
        self.digest.ok_or(missing("digest"))?;
        Ok(AttestationDocument {
            module_id: self.module_id.ok_or(missing("module_id"))?,
            timestamp: self.timestamp.ok_or(missing("timestamp"))?,
            pcrs: self.pcrs.ok_or(missing("pcrs"))?,
            certificate: self.certificate.ok_or(missing("certificate"))?,
            cabundle: self.cabundle.ok_or(missing("cabundle"))?,
            public_key: self.public_key.flatten(),
            user_data: self.user_data.flatten(),
            nonce: self.nonce.flatten(),
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

/// PCRs that an NSM has.
const PCRS: u64 = 32;
