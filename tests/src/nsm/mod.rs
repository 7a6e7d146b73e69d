//! The software NSM: answers the seven requests of the Nitro Secure Module as the device does, with documents signed
//! under a root of its own.
//!
//! `nitro-sim` puts it behind `/dev/nsm`; tests call it directly for documents. It must never be a dependency of
//! anything that ships: a verifier believes it only where a test gave it this root as trust anchor.

pub mod chain;
pub mod document;
pub mod measurement;
pub mod pcr;
pub mod root;

use std::time::SystemTime;

use aws_lc_rs::rand;
use aws_nitro_enclaves_nsm_api::api::{Digest, ErrorCode, Request, Response};
use serde_bytes::ByteBuf;

pub use self::chain::ChainError;
pub use self::measurement::Measurements;
pub use self::root::Root;

use self::chain::Chain;
use self::document::Document;
use self::pcr::{PcrBank, PcrError};

/// One software NSM: a PCR bank, a certificate chain and the key that signs its documents.
pub struct SoftwareNsm {
    root: Root,
    chain: Chain,
    bank: PcrBank,
}

impl SoftwareNsm {
    /// The NSM of an enclave whose image measures to `image`. In `debug` mode PCR0 to PCR2 are zero, as on hardware.
    pub fn new(root: Root, image: &Measurements, debug: bool, now: SystemTime) -> Result<Self, ChainError> {
        let chain = Chain::issue(&root, now)?;
        let bank = PcrBank::at_boot(image, debug);
        Ok(Self { root, chain, bank })
    }

    /// Answers one request as it crosses the device: CBOR of [`Request`] in, CBOR of [`Response`] out.
    pub fn answer(&mut self, request: &[u8], now: SystemTime) -> Vec<u8> {
        let response = match serde_cbor::from_slice(request) {
            Ok(request) => self.process(request, now),
            Err(_) => Response::Error(ErrorCode::InvalidArgument),
        };
        // Encoding a `Response` into memory has no failing case; an empty answer reads as InternalError at the driver.
        serde_cbor::to_vec(&response).unwrap_or_default()
    }

    /// Answers one decoded request.
    pub fn process(&mut self, request: Request, now: SystemTime) -> Response {
        match request {
            Request::DescribePCR { index } => match self.bank.describe(index) {
                Ok(pcr) => Response::DescribePCR { lock: pcr.locked, data: pcr.value.to_vec() },
                Err(error) => refuse(error),
            },
            Request::ExtendPCR { index, data } => match self.bank.extend(index, &data) {
                Ok(value) => Response::ExtendPCR { data: value.to_vec() },
                Err(error) => refuse(error),
            },
            Request::LockPCR { index } => match self.bank.lock(index) {
                Ok(()) => Response::LockPCR,
                Err(error) => refuse(error),
            },
            Request::LockPCRs { range } => match self.bank.lock_range(range) {
                Ok(()) => Response::LockPCRs,
                Err(error) => refuse(error),
            },
            Request::DescribeNSM => Response::DescribeNSM {
                version_major: 1,
                version_minor: 0,
                version_patch: 0,
                module_id: chain::MODULE_ID.to_owned(),
                max_pcrs: pcr::COUNT,
                locked_pcrs: self.bank.locked().map(|(index, _)| index).collect(),
                digest: Digest::SHA384,
            },
            Request::Attestation { user_data, nonce, public_key } => {
                let optional = Optional { public_key, user_data, nonce };
                match self.attest(&optional, now) {
                    Ok(document) => Response::Attestation { document },
                    Err(code) => Response::Error(code),
                }
            }
            Request::GetRandom => match random() {
                Some(random) => Response::GetRandom { random },
                None => Response::Error(ErrorCode::InternalError),
            },
            _ => Response::Error(ErrorCode::InvalidOperation),
        }
    }

    fn attest(&mut self, optional: &Optional, now: SystemTime) -> Result<Vec<u8>, ErrorCode> {
        optional.check()?;
        if self.chain.is_due(now) {
            self.chain = Chain::issue(&self.root, now).map_err(|_| ErrorCode::InternalError)?;
        }
        let document = Document {
            module_id: chain::MODULE_ID,
            now,
            pcrs: self.bank.locked().collect(),
            certificate: self.chain.leaf(),
            cabundle: self.chain.bundle(),
            public_key: optional.public_key.as_deref().map(Vec::as_slice),
            user_data: optional.user_data.as_deref().map(Vec::as_slice),
            nonce: optional.nonce.as_deref().map(Vec::as_slice),
        };
        document.sign(self.chain.key()).map_err(|_| ErrorCode::InternalError)
    }
}

/// The three fields that a request may leave out.
struct Optional {
    public_key: Option<ByteBuf>,
    user_data: Option<ByteBuf>,
    nonce: Option<ByteBuf>,
}

impl Optional {
    /// At most 1024 bytes each: real documents carry as much, though the older text says 512 for two of them. A public
    /// key, where given, is not empty.
    fn check(&self) -> Result<(), ErrorCode> {
        let fields = [&self.public_key, &self.user_data, &self.nonce];
        if fields.into_iter().flatten().any(|field| field.len() > FIELD_MAX) {
            return Err(ErrorCode::InputTooLarge);
        }
        if self.public_key.as_ref().is_some_and(|key| key.is_empty()) {
            return Err(ErrorCode::InvalidArgument);
        }
        Ok(())
    }
}

/// The device's own bound for a request, in bytes (driver: EMSGSIZE above it).
pub const REQUEST_MAX: usize = 0x1000;
/// The device's own bound for a response, in bytes.
pub const RESPONSE_MAX: usize = 0x3000;
const FIELD_MAX: usize = 1024;
const RANDOM_LENGTH: usize = 256;

fn refuse(error: PcrError) -> Response {
    Response::Error(match error {
        PcrError::Index => ErrorCode::InvalidIndex,
        PcrError::Locked => ErrorCode::ReadOnlyIndex,
    })
}

fn random() -> Option<Vec<u8>> {
    let mut bytes = vec![0; RANDOM_LENGTH];
    rand::fill(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
