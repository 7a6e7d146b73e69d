//! Detectors of sensitive data in free text: text in, spans out. Each has its own file, says where it begins and ends, and
//! has to pass a validation where its kind of data has one. Called by the operations `redact` and `check` and by discovery.
//! Never keeps or returns a byte of the text. Takes time linear in the text, whatever the text is: at each place a detector
//! looks at no more than a constant number of bytes.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

pub use span::{Finder, Span};

mod ascii;
mod aws_key;
mod card;
mod context;
mod country_codes;
mod email;
mod iban;
mod ipv4;
mod ipv6;
mod jwt;
pub(crate) mod luhn;
mod mac;
mod numbers;
mod phone;
mod span;
mod ssn;
mod vin;

#[cfg(test)]
mod tests;

/// A type of sensitive data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detector {
    /// Number of a payment card.
    Card,
    /// E-mail address.
    Email,
    /// Phone number: E.164, and common national forms.
    Phone,
    /// International bank account number.
    Iban,
    /// US social security number.
    Ssn,
    /// IPv4 address.
    Ipv4,
    /// IPv6 address.
    Ipv6,
    /// AWS access key id.
    AwsKey,
    /// JSON web token.
    Jwt,
    /// MAC address.
    Mac,
    /// Vehicle identification number.
    Vin,
}

/// A set of detectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Detectors(u16);

/// No detector has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no detector has this name; there are {NAMES}")]
pub struct UnknownDetector;

/// Which type of sensitive data `text` as a whole is; none where it is none, or holds more than that. Of several the first
/// in the order of [`Detector::ALL`].
#[must_use]
pub fn whole(text: &str) -> Option<Detector> {
    // No detector finds anything that is longer, but for tokens.
    if text.len() > LONGEST && !text.starts_with(jwt::BEGINNING) {
        return None;
    }
    // Most values are none: one search tells.
    if !is_covered(Detectors::all(), text) {
        return None;
    }
    Detector::ALL.into_iter().find(|detector| detector.is_whole(text))
}

/// Which types of sensitive data `text` holds anywhere. Where findings overlap, the longest counts alone, as in `redact`.
#[must_use]
pub fn any_in(text: &str) -> Detectors {
    let mut spans = Vec::new();
    Finder::new(Detectors::all()).find(text, &mut spans);
    spans.iter().map(|span| span.detector).collect()
}

impl Detector {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Card,
        Self::Email,
        Self::Phone,
        Self::Iban,
        Self::Ssn,
        Self::Ipv4,
        Self::Ipv6,
        Self::AwsKey,
        Self::Jwt,
        Self::Mac,
        Self::Vin,
    ];

    /// Its name in policies and jobs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Iban => "iban",
            Self::Ssn => "ssn",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::AwsKey => "aws-key",
            Self::Jwt => "jwt",
            Self::Mac => "mac",
            Self::Vin => "vin",
        }
    }

    /// What `redact` writes in place of what it found. Needs no escape in JSON or CSV, and no detector finds anything in it.
    #[must_use]
    pub const fn marker(self) -> &'static str {
        match self {
            Self::Card => "[CARD]",
            Self::Email => "[EMAIL]",
            Self::Phone => "[PHONE]",
            Self::Iban => "[IBAN]",
            Self::Ssn => "[SSN]",
            Self::Ipv4 => "[IPV4]",
            Self::Ipv6 => "[IPV6]",
            Self::AwsKey => "[AWS-KEY]",
            Self::Jwt => "[JWT]",
            Self::Mac => "[MAC]",
            Self::Vin => "[VIN]",
        }
    }

    /// Whether `text`, with nothing before or after, is one.
    #[must_use]
    pub fn is_whole(self, text: &str) -> bool {
        is_covered([self].into_iter().collect(), text)
    }

    const fn bit(self) -> u16 {
        match self {
            Self::Card => 1,
            Self::Email => 1 << 1,
            Self::Phone => 1 << 2,
            Self::Iban => 1 << 3,
            Self::Ssn => 1 << 4,
            Self::Ipv4 => 1 << 5,
            Self::Ipv6 => 1 << 6,
            Self::AwsKey => 1 << 7,
            Self::Jwt => 1 << 8,
            Self::Mac => 1 << 9,
            Self::Vin => 1 << 10,
        }
    }
}

/// Whether one finding covers the whole of `text`.
fn is_covered(detectors: Detectors, text: &str) -> bool {
    let mut spans = Vec::new();
    Finder::new(detectors).find(text, &mut spans);
    matches!(spans.as_slice(), [span] if span.start == 0 && span.end == text.len())
}

impl FromStr for Detector {
    type Err = UnknownDetector;

    fn from_str(name: &str) -> Result<Self, UnknownDetector> {
        Self::ALL.into_iter().find(|detector| detector.name() == name).ok_or(UnknownDetector)
    }
}

impl Detectors {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        Detector::ALL.into_iter().collect()
    }

    /// Whether it is one of these.
    #[must_use]
    #[inline]
    pub const fn contains(self, detector: Detector) -> bool {
        self.0 & detector.bit() != 0
    }

    /// Those that are in `other` and not in this set.
    #[must_use]
    pub const fn missing(self, other: Self) -> Self {
        Self(other.0 & !self.0)
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, detector: Detector) -> Self {
        Self(self.0 | detector.bit())
    }

    /// These, in the order of [`Detector::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Detector> {
        Detector::ALL.into_iter().filter(move |detector| self.contains(*detector))
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Their names, with commas between.
impl Display for Detectors {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        self.iter().enumerate().try_for_each(|(index, detector)| {
            let comma = if index == 0 { "" } else { ", " };
            write!(out, "{comma}{}", detector.name())
        })
    }
}

impl FromIterator<Detector> for Detectors {
    fn from_iter<I: IntoIterator<Item = Detector>>(detectors: I) -> Self {
        Self(detectors.into_iter().fold(0, |bits, detector| bits | detector.bit()))
    }
}

/// Their names, for errors.
pub(crate) const NAMES: &str = "card, email, phone, iban, ssn, ipv4, ipv6, aws-key, jwt, mac and vin";

/// Bytes of the longest that is found and is no token: an e-mail address.
const LONGEST: usize = email::LOCAL + 1 + email::DOMAIN;
