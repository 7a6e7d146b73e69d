//! Where KMS is: a Region's own host, or the endpoint that was configured in its place.

use std::slice;

use aws_config::SdkConfig;

use crate::{kms::AwsOptions, relay::allow_list::HostPort};

/// Host and port of one KMS, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// As the SDK takes it, with its scheme.
    pub url: String,
    /// What to resolve and to connect to.
    pub host: HostPort,
    /// The Regions that are asked there.
    pub regions: Vec<String>,
}

/// The endpoints to look at: the configured one, or one for each Region.
pub fn all(options: &AwsOptions, config: Option<&SdkConfig>, regions: &[String]) -> Result<Vec<Endpoint>, String> {
    let from_environment = || std::env::var("AWS_ENDPOINT_URL_KMS").ok().filter(|url| !url.is_empty());
    let configured = options.endpoint_url.clone().or_else(from_environment).or_else(|| config?.endpoint_url().map(str::to_owned));
    let Some(url) = configured else {
        return Ok(regions.iter().filter_map(|region| Endpoint::parse(&regional(region), slice::from_ref(region))).collect());
    };
    Endpoint::parse(&url, regions).map(|endpoint| vec![endpoint]).ok_or_else(|| format!("the endpoint {url} is not a URL of a host"))
}

impl Endpoint {
    fn parse(url: &str, regions: &[String]) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let port = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let host = rest.split('/').next()?;
        let host = host.parse().or_else(|_| format!("{host}:{port}").parse()).ok()?;
        Some(Self { url: url.to_owned(), host, regions: regions.to_vec() })
    }

    /// False where anybody on the way can read and answer.
    pub fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }
}

/// As the enclave's own table of hosts.
fn regional(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://kms.{region}.amazonaws.com{suffix}")
}

/// A Region's name, which may stand in a host name.
pub fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> Option<(String, u16)> {
        Endpoint::parse(url, &[]).map(|endpoint| (endpoint.host.parts().0.to_owned(), endpoint.host.parts().1))
    }

    #[test]
    fn host_and_port_are_those_of_the_url() {
        assert_eq!(parts(&regional("eu-central-1")), Some(("kms.eu-central-1.amazonaws.com".to_owned(), 443)));
        assert_eq!(parts(&regional("cn-north-1")), Some(("kms.cn-north-1.amazonaws.com.cn".to_owned(), 443)));
        assert_eq!(parts("https://127.0.0.1:8443/"), Some(("127.0.0.1".to_owned(), 8443)));
        assert_eq!(parts("http://localhost"), Some(("localhost".to_owned(), 80)));
        assert_eq!(parts("https://[::1]:4566"), Some(("::1".to_owned(), 4566)));
    }

    #[test]
    fn other_urls_and_region_names_are_refused() {
        for url in ["", "kms.example.com", "ftp://kms.example.com", "https://", "https://a b", "https://user@host", "https://host:0"] {
            assert_eq!(parts(url), None, "{url}");
        }
        for region in ["", "eu-central-1.evil.example/", "EU", "eu central"] {
            assert!(!is_region(region), "{region}");
        }
    }
}
