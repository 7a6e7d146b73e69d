//! The certificates of the software NSM below its root: partition, zonal and instance CA and the leaf whose key signs
//! documents, with the names, lives and extensions of AWS's own (P-384 and ecdsa-with-SHA384 throughout).
//!
//! The software NSM alone issues them; a chain is made at start and again when its leaf is near its end.

use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, date_time_ymd,
};

use super::root::Root;

/// The module id in documents: the parent's instance id and the enclave's.
pub const MODULE_ID: &str = "i-0123456789abcdef0-enc0123456789abcdef";

/// Root to leaf, with the leaf's key.
pub struct Chain {
    leaf: Vec<u8>,
    bundle: Vec<Vec<u8>>,
    key: EcdsaKeyPair,
    ends: SystemTime,
}

/// A certificate or key could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The certificate library refused.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The signing key was refused.
    #[error("signing key refused")]
    Key,
    /// A certificate is over the 1024 bytes that a document allows.
    #[error("certificate over 1024 bytes")]
    Size,
    /// The clock stands before 1970.
    #[error("the clock stands before 1970")]
    Clock,
    /// The root's files could not be read or written.
    #[error("root key: {0}")]
    File(#[from] std::io::Error),
}

impl Chain {
    /// A fresh chain under `root`, valid at `now`.
    pub fn issue(root: &Root, now: SystemTime) -> Result<Self, ChainError> {
        let (partition, partition_key) = (partition_params(now)?, p384()?);
        let (zonal, zonal_key) = (zonal_params(now)?, p384()?);
        let (instance, instance_key) = (instance_params(now)?, p384()?);
        let (leaf, leaf_key) = (leaf_params(now)?, p384()?);

        let root_params = root.issuer_params();
        let by_root = Issuer::from_params(&root_params, root.key());
        let by_partition = Issuer::from_params(&partition, &partition_key);
        let by_zonal = Issuer::from_params(&zonal, &zonal_key);
        let by_instance = Issuer::from_params(&instance, &instance_key);

        let bundle = vec![
            root.certificate().to_vec(),
            partition.signed_by(&partition_key, &by_root)?.der().to_vec(),
            zonal.signed_by(&zonal_key, &by_partition)?.der().to_vec(),
            instance.signed_by(&instance_key, &by_zonal)?.der().to_vec(),
        ];
        let leaf = leaf.signed_by(&leaf_key, &by_instance)?.der().to_vec();
        if bundle.iter().chain([&leaf]).any(|certificate| certificate.len() > CERTIFICATE_MAX) {
            return Err(ChainError::Size);
        }
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, leaf_key.serialized_der()).map_err(|_| ChainError::Key)?;
        Ok(Self { leaf, bundle, key, ends: now + LEAF_AHEAD })
    }

    /// True when the leaf has less life left than any leaf seen in a real document.
    #[must_use]
    pub fn is_due(&self, now: SystemTime) -> bool {
        now + RENEW_BEFORE > self.ends
    }

    /// The leaf in DER.
    #[must_use]
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// The issuers in DER, the root first.
    #[must_use]
    pub fn bundle(&self) -> &[Vec<u8>] {
        &self.bundle
    }

    /// The leaf's key, signing r||s of 48 bytes each.
    #[must_use]
    pub fn key(&self) -> &EcdsaKeyPair {
        &self.key
    }
}

/// A new P-384 key.
pub(super) fn p384() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)
}

/// A CA's parameters, valid from `now - back` to `now + ahead`.
pub(super) fn ca(
    name: DistinguishedName,
    path: BasicConstraints,
    now: SystemTime,
    back: Duration,
    ahead: Duration,
) -> Result<CertificateParams, ChainError> {
    let mut params = valid(now, back, ahead)?;
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(path);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// The subject of the root and, with another common name, of the partition CA.
pub(super) fn short_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "US");
    name.push(DnType::OrganizationName, "Amazon");
    name.push(DnType::OrganizationalUnitName, "AWS");
    name.push(DnType::CommonName, common_name);
    name
}

fn partition_params(now: SystemTime) -> Result<CertificateParams, ChainError> {
    let name = short_name(&format!("0123456789abcdef.{REGION}.aws.nitro-enclaves"));
    let mut params = ca(name, BasicConstraints::Constrained(2), now, 5 * DAY, 15 * DAY)?;
    params.crl_distribution_points = crl("partition");
    Ok(params)
}

fn zonal_params(now: SystemTime) -> Result<CertificateParams, ChainError> {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("fedcba9876543210.zonal.{REGION}.aws.nitro-enclaves"));
    name.push(DnType::OrganizationalUnitName, "AWS");
    name.push(DnType::OrganizationName, "Amazon");
    name.push(DnType::CountryName, "US");
    name.push(DnType::StateOrProvinceName, "WA");
    name.push(DnType::LocalityName, "Seattle");
    let mut params = ca(name, BasicConstraints::Constrained(1), now, DAY, 5 * DAY)?;
    params.crl_distribution_points = crl("zonal");
    Ok(params)
}

fn instance_params(now: SystemTime) -> Result<CertificateParams, ChainError> {
    let name = long_name(&format!("{}.{REGION}.aws.nitro-enclaves", super::pcr::PARENT_ID));
    let mut params = ca(name, BasicConstraints::Constrained(0), now, 4 * HOUR, 20 * HOUR)?;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

/// As on hardware: no key identifiers, keyUsage not critical, basicConstraints critical CA:FALSE. The library's own
/// fields would add a key identifier and a critical keyUsage, so both extensions are written out.
fn leaf_params(now: SystemTime) -> Result<CertificateParams, ChainError> {
    let mut params = valid(now, LEAF_BACK, LEAF_AHEAD)?;
    params.distinguished_name = long_name(&format!("{MODULE_ID}.{REGION}.aws"));
    let mut constraints = CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x30, 0x00]);
    constraints.set_criticality(true);
    let usage = CustomExtension::from_oid_content(&[2, 5, 29, 15], vec![0x03, 0x02, 0x06, 0xc0]);
    params.custom_extensions = vec![constraints, usage];
    Ok(params)
}

fn long_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "US");
    name.push(DnType::StateOrProvinceName, "Washington");
    name.push(DnType::LocalityName, "Seattle");
    name.push(DnType::OrganizationName, "Amazon");
    name.push(DnType::OrganizationalUnitName, "AWS");
    name.push(DnType::CommonName, common_name);
    name
}

/// Real issuers name a revocation list; a verifier must not follow it, so the host here cannot exist.
fn crl(which: &str) -> Vec<CrlDistributionPoint> {
    vec![CrlDistributionPoint { uris: vec![format!("http://crl.invalid/{which}.crl")] }]
}

fn valid(now: SystemTime, back: Duration, ahead: Duration) -> Result<CertificateParams, ChainError> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| ChainError::Clock)?;
    let epoch = date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.not_before = epoch + now.checked_sub(back).ok_or(ChainError::Clock)?;
    params.not_after = epoch + now + ahead;
    Ok(params)
}

/// Region in the names.
pub const REGION: &str = "eu-central-1";
const CERTIFICATE_MAX: usize = 1024;
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86400);
/// The leaf lives 3 h 3 s, of which a minute has passed already: a test may compare with a clock slightly behind.
const LEAF_BACK: Duration = Duration::from_secs(60);
const LEAF_AHEAD: Duration = Duration::from_secs(3 * 3600 + 3 - 60);
/// The least life left that a real document showed was 42 minutes.
const RENEW_BEFORE: Duration = Duration::from_secs(42 * 60);
