//! Which hosts the relay connects to, from `--allow` and `--connect`. A name that is not in it is refused.

use std::{collections::BTreeMap, str::FromStr};

use crate::{
    failure::{Failure, Result},
    relay::client_hello::is_dns_name,
};

/// `HOST:PORT`: a DNS name in lower case, or an address where one is to be connected to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    host: String,
    port: u16,
}

/// The text is not `HOST:PORT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected HOST:PORT, such as kms.eu-central-1.amazonaws.com:443")]
pub struct HostPortFormat;

/// `HOST:PORT=ADDR:PORT`: connections for the first go to the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    from: HostPort,
    to: HostPort,
}

/// Allowed server names, each with where to connect.
#[derive(Debug)]
pub struct AllowList(BTreeMap<String, HostPort>);

impl AllowList {
    /// `allow` as the operator gave it, with `redirects` applied. A TLS server name carries no port, so a host has one port only.
    pub fn new(allow: &[HostPort], redirects: &[Redirect]) -> Result<Self> {
        let mut targets = BTreeMap::new();
        for entry in allow {
            if !is_dns_name(&entry.host) {
                return Err(Failure::usage(format!("--allow {entry}: TLS server names are DNS names, not addresses")));
            }
            if targets.insert(entry.host.clone(), entry.clone()).is_some() {
                return Err(Failure::usage(format!("--allow names {} more than once", entry.host)));
            }
        }
        for Redirect { from, to } in redirects {
            match targets.get_mut(&from.host) {
                Some(target) if target == from => *target = to.clone(),
                _ => return Err(Failure::usage(format!("--connect {from}=… has no --allow {from} (or has one already)"))),
            }
        }
        Ok(Self(targets))
    }

    /// Where connections for `server_name` (lower case) go; `None` where it is not allowed.
    pub fn target(&self, server_name: &str) -> Option<&HostPort> {
        self.0.get(server_name)
    }
}

impl HostPort {
    /// What to connect to.
    pub fn parts(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl FromStr for HostPort {
    type Err = HostPortFormat;

    fn from_str(text: &str) -> std::result::Result<Self, HostPortFormat> {
        let (host, port) = text.rsplit_once(':').ok_or(HostPortFormat)?;
        // An IPv6 address stands in brackets, as in a URL.
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().map_err(|_| HostPortFormat)?.to_string(),
            None if is_dns_name(host) || host.parse::<std::net::Ipv4Addr>().is_ok() => host.to_ascii_lowercase(),
            None => return Err(HostPortFormat),
        };
        match port.parse::<u16>() {
            Ok(port) if port != 0 => Ok(Self { host, port }),
            _ => Err(HostPortFormat),
        }
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            return write!(out, "[{}]:{}", self.host, self.port);
        }
        write!(out, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Redirect {
    type Err = HostPortFormat;

    fn from_str(text: &str) -> std::result::Result<Self, HostPortFormat> {
        let (from, to) = text.split_once('=').ok_or(HostPortFormat)?;
        Ok(Self { from: from.parse()?, to: to.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> HostPort {
        text.parse().expect("host")
    }

    #[test]
    fn allowed_name_is_found_and_redirected() {
        let allow = [host("KMS.example.com:443"), host("sts.example.com:443")];
        let list = AllowList::new(&allow, &["kms.example.com:443=127.0.0.1:8443".parse().expect("redirect")]).expect("list");
        assert_eq!(list.target("kms.example.com").map(HostPort::parts), Some(("127.0.0.1", 8443)));
        assert_eq!(list.target("sts.example.com").map(HostPort::parts), Some(("sts.example.com", 443)));
    }

    #[test]
    fn name_that_is_not_listed_has_no_target() {
        let list = AllowList::new(&[host("kms.example.com:443")], &[]).expect("list");
        for name in ["", "example.com", "kms.example.com.", "xkms.example.com", "a.kms.example.com"] {
            assert!(list.target(name).is_none(), "{name}");
        }
    }

    #[test]
    fn ambiguous_and_dangling_entries_are_refused() {
        let kms = host("kms.example.com:443");
        for (allow, redirects) in [
            (vec![kms.clone(), host("kms.example.com:8443")], vec![]),
            (vec![host("10.0.0.1:443")], vec![]),
            (vec![kms.clone()], vec!["other.example.com:443=127.0.0.1:1"]),
            (vec![kms.clone()], vec!["kms.example.com:444=127.0.0.1:1"]),
            (vec![kms.clone()], vec!["kms.example.com:443=127.0.0.1:1", "kms.example.com:443=127.0.0.1:2"]),
        ] {
            let redirects: Vec<Redirect> = redirects.iter().map(|text| text.parse().expect("redirect")).collect();
            assert_eq!(AllowList::new(&allow, &redirects).expect_err("refused").code(), "usage");
        }
    }

    #[test]
    fn texts_that_are_not_host_and_port_are_refused() {
        for text in ["", "host", "host:", ":443", "host:0", "host:65536", "ho st:443", "host:443:443", "*.example.com:443", "::1:443"] {
            assert_eq!(text.parse::<HostPort>(), Err(HostPortFormat), "{text}");
        }
        assert_eq!(host("[::1]:443").parts(), ("::1", 443));
    }
}
