//! Keys of token domains, and the check value by which a policy names one without revealing it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{constant_time, hmac, rand};
use zeroize::Zeroizing;

use crate::digest::{hex, unhex};

/// The secret key of a token domain.
pub struct TokenKey(Zeroizing<[u8; 32]>);

/// HMAC-SHA-256 of the domain under its key, with a label of its own. Public; written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenCheck([u8; 32]);

/// The text is not a check value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a check value: expected 64 lower-case hex digits")]
pub struct TokenCheckFormat;

/// The system's random source failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes could be had")]
pub struct NoRandomness;

impl TokenKey {
    /// A key from its 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new key.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(bytes.as_mut()).map_err(|_| NoRandomness)?;
        Ok(Self(bytes))
    }

    /// The 32 bytes, to seal them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The check value of this key for `domain`.
    #[must_use]
    pub fn check_value(&self, domain: &str) -> TokenCheck {
        let mut context = hmac::Context::with_key(&self.prepared());
        context.update(CHECK_LABEL);
        context.update(domain.as_bytes());
        let mut check = [0; 32];
        check.copy_from_slice(context.sign().as_ref());
        TokenCheck(check)
    }

    /// Whether `check` is this key's check value for `domain`; compared in constant time.
    #[must_use]
    pub fn matches(&self, domain: &str, check: &TokenCheck) -> bool {
        constant_time::verify_slices_are_equal(&self.check_value(domain).0, &check.0).is_ok()
    }

    /// The key, ready for many tokens.
    pub(crate) fn prepared(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref())
    }
}

/// Keys of the token domains that a job uses, each found to fit the check value of the policy.
pub(crate) struct TokenDomains(BTreeMap<String, (hmac::Key, TokenCheck)>);

/// A token key that the job needs is missing or is another one than the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenKeyRefused {
    /// No key came for a domain that the job uses.
    #[error("the key of a token domain that the job uses is missing")]
    Missing,
    /// The key does not fit the policy's check value.
    #[error("a token key does not fit the policy's check value")]
    Mismatch,
}

impl TokenDomains {
    /// Takes the keys of the domains in `checks`; others are left alone.
    pub(crate) fn new(checks: &BTreeMap<String, TokenCheck>, keys: &BTreeMap<String, TokenKey>) -> Result<Self, TokenKeyRefused> {
        let fit = |(domain, check): (&String, &TokenCheck)| {
            let key = keys.get(domain).ok_or(TokenKeyRefused::Missing)?;
            if !key.matches(domain, check) {
                return Err(TokenKeyRefused::Mismatch);
            }
            Ok((domain.clone(), (key.prepared(), *check)))
        };
        checks.iter().map(fit).collect::<Result<_, _>>().map(Self)
    }

    /// The prepared key and the check value of a domain.
    pub(crate) fn key_and_check(&self, domain: &str) -> Option<(&hmac::Key, &TokenCheck)> {
        self.0.get(domain).map(|(key, check)| (key, check))
    }
}

impl fmt::Display for TokenCheck {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for TokenCheck {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for TokenCheck {
    type Err = TokenCheckFormat;
    fn from_str(text: &str) -> Result<Self, TokenCheckFormat> {
        unhex(text).map(Self).ok_or(TokenCheckFormat)
    }
}

const CHECK_LABEL: &[u8] = b"sealroom/token-key-check/v1\0";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_check_value_is_as_the_reference_page_computes_it() {
        // python3: hmac.new(bytes(range(32)), b"sealroom/token-key-check/v1\0customer", "sha256").hexdigest()
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(0..).for_each(|(byte, value)| *byte = value);
        assert_eq!(TokenKey::from_bytes(bytes).check_value("customer").to_string(), CHECK_OF_CUSTOMER);
    }

    #[test]
    fn a_check_value_fits_its_key_and_domain_alone() {
        let key = TokenKey::random().unwrap();
        let check = key.check_value("customer");
        assert!(key.matches("customer", &check));
        assert!(!key.matches("customers", &check));
        assert!(!key.matches("", &check));
        assert!(!TokenKey::random().unwrap().matches("customer", &check));
    }

    #[test]
    fn the_written_form_is_read_back_and_no_other() {
        let text = CHECK_OF_CUSTOMER;
        assert_eq!(text.parse::<TokenCheck>().unwrap().to_string(), text);
        for other in ["", &text.to_uppercase(), text.get(1..).unwrap(), &format!("{text}0"), &text.replace('a', "g")] {
            assert_eq!(other.parse::<TokenCheck>(), Err(TokenCheckFormat));
        }
    }

    const CHECK_OF_CUSTOMER: &str = "9d1eb06c823a39e83d0a887596e9eef42676183a9bf43c62391cddba98edcfda";
}
