//! The root of the software NSM: made once in a folder and kept there, so that a second enclave in the same folder
//! (another program, another configuration, debug mode) has the same trust anchor.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::chain::{ChainError, ca, p384, short_name};

/// The root's key and its certificate.
pub struct Root {
    key: KeyPair,
    certificate: Vec<u8>,
    pem: String,
}

impl Root {
    /// A new root, valid for 30 years around `now`.
    pub fn new(now: SystemTime) -> Result<Self, ChainError> {
        let key = p384()?;
        // Real: no pathLen, no authority key identifier.
        let mut params = ca(short_name(NAME), BasicConstraints::Unconstrained, now, 5 * YEAR, 25 * YEAR)?;
        params.use_authority_key_identifier_extension = false;
        let certificate = params.self_signed(&key)?;
        Ok(Self { key, certificate: certificate.der().to_vec(), pem: certificate.pem() })
    }

    /// The root kept in `folder`, made there if it has none. Safe against another process that does the same.
    ///
    /// The file `nsm-root.key` (mode 0600) holds key and certificate together, so that no half of it can exist.
    pub fn kept_in(folder: &Path, now: SystemTime) -> Result<Self, ChainError> {
        let kept = folder.join(KEY_FILE);
        match fs::read_to_string(&kept) {
            Ok(text) => return Self::parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let made = Self::new(now)?;
        let draft = folder.join(format!("{KEY_FILE}.{}", std::process::id()));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(made.key.serialize_pem().as_bytes())?;
        file.write_all(made.pem.as_bytes())?;
        // A link, unlike a rename, fails where another process was first: its root is then the one to use.
        let linked = fs::hard_link(&draft, &kept);
        fs::remove_file(&draft)?;
        match linked {
            Ok(()) => Ok(made),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::parse(&fs::read_to_string(&kept)?),
            Err(error) => Err(error.into()),
        }
    }

    /// The certificate in DER: the trust anchor for this NSM's documents.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn key(&self) -> &KeyPair {
        &self.key
    }

    /// Name and key identifier, which is all that issuing needs of the root's certificate.
    pub(super) fn issuer_params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = short_name(NAME);
        params
    }

    fn parse(text: &str) -> Result<Self, ChainError> {
        let key = KeyPair::from_pem(text)?;
        let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| ChainError::Key)?;
        let pem = text.find(PEM_BEGIN).and_then(|start| text.get(start..)).ok_or(ChainError::Key)?;
        Ok(Self { key, certificate: certificate.to_vec(), pem: pem.to_owned() })
    }
}

/// The name of AWS's own root: a verifier that goes by the name instead of the certificate then shows itself.
const NAME: &str = "aws.nitro-enclaves";
const KEY_FILE: &str = "nsm-root.key";
const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const YEAR: Duration = Duration::from_secs(365 * 86400);
