//! The certificates of a document as a person knows them: subject, life, fingerprint. Only shown, never judged: the lives are
//! those that the verifier reads; the names are read by a library, and nothing is decided by them here.

use aws_lc_rs::digest::{SHA256, digest};
use sealroom_shared::{
    attestation::{AttestationDocument, Life},
    digest::hex,
};
use serde_json::{Value, json};
use x509_cert::{Certificate, der::Decode};

use super::{field, one_line};
use crate::utc;

/// One certificate, by its place in the chain.
pub struct Link {
    /// `root`, `issuer` or `leaf`.
    pub place: &'static str,
    /// None where it cannot be read.
    pub subject: Option<String>,
    /// None where it cannot be read.
    pub life: Option<Life>,
    /// Of the DER, in hex.
    pub sha256: String,
}

/// The certificates in the order of the bundle, root first, the leaf last.
pub fn of(document: &AttestationDocument) -> Vec<Link> {
    let issuers = document.cabundle.iter().enumerate();
    let issuers = issuers.map(|(index, der)| Link::new(if index == 0 { "root" } else { "issuer" }, der));
    issuers.chain([Link::new("leaf", &document.certificate)]).collect()
}

impl Link {
    fn new(place: &'static str, der: &[u8]) -> Self {
        let subject = Certificate::from_der(der).ok().map(|certificate| certificate.tbs_certificate().subject().to_string());
        Self { place, subject, life: Life::of(der).ok(), sha256: hex(digest(&SHA256, der).as_ref()) }
    }

    /// Two lines: who, and from when to when.
    pub fn to_text(&self) -> String {
        let subject = self.subject.as_deref().map_or_else(|| "unreadable".to_owned(), one_line);
        let life =
            self.life.map_or_else(|| "unreadable".to_owned(), |life| format!("{} to {}", time(life.not_before), time(life.not_after)));
        format!("{}\n{}\n{}", field(self.place, &subject), field("", &life), field("", &format!("sha256 {}", self.sha256)))
    }

    /// The same as an object; null for what cannot be read.
    pub fn to_json(&self) -> Value {
        json!({
            "place": self.place,
            "subject": self.subject,
            "not_before": self.life.map(|life| time(life.not_before)),
            "not_after": self.life.map(|life| time(life.not_after)),
            "sha256": self.sha256,
        })
    }
}

fn time(seconds: u64) -> String {
    utc::text(seconds.saturating_mul(1000))
}
