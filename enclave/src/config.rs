//! The measured configuration: `/etc/sealroom/enclave.toml`, part of the image and so of its PCRs. Read once at start.
//! It has no NSM field and no endpoint field: what is trusted cannot be pointed elsewhere without another measurement.

use std::collections::BTreeMap;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sealroom_shared::limits;
use serde::Deserialize;

/// Where the image holds its configuration.
pub const PATH: &str = "/etc/sealroom/enclave.toml";

/// A checked configuration.
pub struct Config {
    /// The parent's context id; 3 on EC2.
    pub parent_cid: u32,
    /// Ports of the job protocol (here) and of the parent's services.
    pub ports: Ports,
    /// KMS host name of each Region that keys may be in.
    pub hosts: BTreeMap<String, String>,
    /// Whether the FIPS endpoints are used.
    pub fips: bool,
    /// Root certificates that KMS's TLS certificate must chain to.
    pub trust_anchors: Vec<CertificateDer<'static>>,
    /// Which events go to the parent's log.
    pub log: LogLevel,
    /// Bounds on what a parent may take.
    pub limits: Limits,
}

/// vsock ports.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// Jobs: the enclave listens here.
    pub jobs: u32,
    /// The relay to KMS, on the parent.
    pub kms: u32,
    /// The parent's credentials, on the parent.
    pub credentials: u32,
    /// The log, on the parent.
    pub log: u32,
}

/// Which events go to the parent's log. None of them carries anything of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// None.
    Off,
    /// Refusals only.
    Errors,
    /// Every job's beginning and end as well.
    Info,
}

/// Bounds that an image may tighten or widen.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Jobs at once; the next one is refused as busy.
    pub jobs: usize,
    /// Seconds that one job may take in all.
    pub job_seconds: u64,
    /// Seconds that one read or write may wait for the parent.
    pub idle_seconds: u64,
    /// Seconds that one KMS call may take, retries included.
    pub kms_seconds: u64,
}

/// Why the enclave does not start with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{PATH} cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// Not of the expected form.
    #[error("{PATH}: {0}")]
    Form(#[from] toml::de::Error),
    /// A value that makes no sense.
    #[error("{PATH}: {0}")]
    Value(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    parent_cid: u32,
    ports: Ports,
    regions: Vec<String>,
    #[serde(default)]
    fips: bool,
    trust_anchors: String,
    log: LogLevel,
    #[serde(default)]
    limits: Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self { jobs: limits::JOBS_AT_ONCE, job_seconds: 24 * 3600, idle_seconds: 60, kms_seconds: 30 }
    }
}

impl Config {
    /// Reads the image's configuration.
    ///
    /// # Errors
    /// [`ConfigError`]: the enclave does not start.
    pub fn read() -> Result<Self, ConfigError> {
        Self::parse(&std::fs::read_to_string(PATH)?)
    }

    /// Reads a configuration from its text.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text)?;
        if file.version != 1 {
            return Err(ConfigError::Value("`version` must be 1"));
        }
        let mut hosts = BTreeMap::new();
        for region in file.regions {
            let host = kms_host(&region, file.fips).ok_or(ConfigError::Value("`regions` must be names such as \"eu-central-1\""))?;
            hosts.insert(region, host);
        }
        if hosts.is_empty() {
            return Err(ConfigError::Value("`regions` must name at least one Region"));
        }
        let trust_anchors = CertificateDer::pem_slice_iter(file.trust_anchors.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| ConfigError::Value("`trust_anchors` must be certificates in PEM"))?;
        if trust_anchors.is_empty() {
            return Err(ConfigError::Value("`trust_anchors` must hold at least one certificate in PEM"));
        }
        let Limits { jobs, job_seconds, idle_seconds, kms_seconds } = file.limits;
        if jobs == 0 || jobs > 64 || job_seconds == 0 || idle_seconds == 0 || kms_seconds == 0 {
            return Err(ConfigError::Value("`limits`: `jobs` must be 1 to 64, and no number of seconds may be 0"));
        }
        Ok(Self {
            parent_cid: file.parent_cid,
            ports: file.ports,
            hosts,
            fips: file.fips,
            trust_anchors,
            log: file.log,
            limits: file.limits,
        })
    }
}

/// The host name of KMS in a Region of this table.
fn kms_host(region: &str, fips: bool) -> Option<String> {
    let plain = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !plain || region.split('-').count() < 3 || region.len() > 32 {
        return None;
    }
    let service = if fips { "kms-fips" } else { "kms" };
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Some(format!("{service}.{region}.{suffix}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const SHIPPED: &str = include_str!("../enclave.toml");

    #[test]
    fn the_shipped_configuration_is_read() {
        let config = Config::parse(SHIPPED).unwrap();
        assert_eq!(config.hosts.get("eu-central-1").unwrap(), "kms.eu-central-1.amazonaws.com");
        assert_eq!((config.parent_cid, config.ports.jobs, config.trust_anchors.len()), (3, 5000, 5));
    }

    #[test]
    fn the_regions_become_a_table_of_hosts() {
        let config = Config::parse(&SHIPPED.replace("fips = false", "fips = true").replace("eu-west-3", "cn-north-1")).unwrap();
        assert_eq!(config.hosts.get("us-east-1").unwrap(), "kms-fips.us-east-1.amazonaws.com");
        assert_eq!(config.hosts.get("cn-north-1").unwrap(), "kms-fips.cn-north-1.amazonaws.com.cn");
        assert_eq!(config.hosts.get("eu-west-3"), None);
    }

    #[test]
    fn other_configurations_are_refused() {
        for (from, to) in [
            ("version = 1", "version = 2"),
            ("version = 1", "version = 1\nendpoint = \"https://localhost\""),
            ("version = 1", "version = 1\nnsm = \"/dev/other\""),
            ("eu-west-3", "evil.example/"),
            ("eu-west-3", "kms"),
            ("log = \"info\"", "log = \"debug\""),
            ("log = 8002", "log = 8002\nextra = 1"),
            ("BEGIN CERTIFICATE", "BEGIN NOTHING"),
            ("jobs = 4 ", "jobs = 0 "),
            ("idle_seconds = 60", "idle_seconds = 0"),
        ] {
            assert!(SHIPPED.contains(from), "{from}");
            assert!(Config::parse(&SHIPPED.replace(from, to)).is_err(), "{from} -> {to}");
        }
        let without_regions = SHIPPED.split_once("regions = [").zip(SHIPPED.split_once("\n]"));
        let ((before, _), (_, after)) = without_regions.unwrap();
        assert!(matches!(Config::parse(&format!("{before}regions = []{after}")), Err(ConfigError::Value(_))));
    }
}
