//! The full ARN of a KMS key. Aliases, bare key ids and multi-Region keys are refused: an alias can be pointed at
//! another key, and a multi-Region replica can carry another key policy.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

/// `arn:PARTITION:kms:REGION:ACCOUNT:key/ID` of a single-Region key, byte for byte as written.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyArn {
    text: String,
    region: String,
    account: String,
}

/// Why a text is not the ARN of a KMS key that can be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyArnError {
    /// Not of the form `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`.
    #[error("not a full KMS key ARN: expected `arn:aws:kms:REGION:ACCOUNT:key/ID`")]
    Format,
    /// An alias: it can be pointed at another key.
    #[error("an alias can be pointed at another key: write the full key ARN (`aws kms describe-key` shows it)")]
    Alias,
    /// A multi-Region key: its replicas carry key policies of their own.
    #[error("multi-Region keys (`mrk-`) are not accepted: a replica in another Region has a key policy of its own")]
    MultiRegion,
}

impl KeyArn {
    /// Reads a full key ARN.
    ///
    /// # Errors
    /// [`KeyArnError`] where the text is anything but the full ARN of a single-Region key.
    pub fn parse(text: &str) -> Result<Self, KeyArnError> {
        if text.len() > limits::KEY_ARN {
            return Err(KeyArnError::Format);
        }
        let mut parts = text.split(':');
        let (Some("arn"), Some(partition), Some("kms"), Some(region), Some(account), Some(resource), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyArnError::Format);
        };
        if resource.starts_with("alias/") {
            return Err(KeyArnError::Alias);
        }
        let id = resource.strip_prefix("key/").ok_or(KeyArnError::Format)?;
        let word =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let account_is_digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let id_is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !matches!(partition, "aws" | "aws-cn" | "aws-us-gov") || !word(region) || !account_is_digits || !id_is_plain {
            return Err(KeyArnError::Format);
        }
        if id.starts_with("mrk-") {
            return Err(KeyArnError::MultiRegion);
        }
        Ok(Self { text: text.to_owned(), region: region.to_owned(), account: account.to_owned() })
    }

    /// The ARN as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The Region's name, such as `eu-central-1`. A name to look up in a table, never a host name.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account's twelve digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for KeyArn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl TryFrom<String> for KeyArn {
    type Error = KeyArnError;
    fn try_from(text: String) -> Result<Self, KeyArnError> {
        Self::parse(&text)
    }
}

impl From<KeyArn> for String {
    fn from(arn: KeyArn) -> String {
        arn.text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const GOOD: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn a_full_key_arn_is_read() {
        let arn = KeyArn::parse(GOOD).unwrap();
        assert_eq!((arn.as_str(), arn.region(), arn.account()), (GOOD, "eu-central-1", "111122223333"));
        assert!(KeyArn::parse("arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1-2").is_ok());
    }

    #[test]
    fn other_names_of_keys_are_refused() {
        for (text, error) in [
            ("arn:aws:kms:eu-central-1:111122223333:alias/records", KeyArnError::Alias),
            ("arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", KeyArnError::MultiRegion),
            ("1234abcd-12ab-34cd-56ef-1234567890ab", KeyArnError::Format),
            ("alias/records", KeyArnError::Format),
            ("arn:aws:s3:eu-central-1:111122223333:key/1", KeyArnError::Format),
            ("arn:evil:kms:eu-central-1:111122223333:key/1", KeyArnError::Format),
            ("arn:aws:kms:eu-central-1.evil.example/:111122223333:key/1", KeyArnError::Format),
            ("arn:aws:kms::111122223333:key/1", KeyArnError::Format),
            ("arn:aws:kms:eu-central-1:11112222333:key/1", KeyArnError::Format),
            ("arn:aws:kms:eu-central-1:111122223333:key/", KeyArnError::Format),
            ("arn:aws:kms:eu-central-1:111122223333:key/1:2", KeyArnError::Format),
            ("arn:aws:kms:eu-central-1:111122223333:key/1/2", KeyArnError::Format),
            ("", KeyArnError::Format),
        ] {
            assert_eq!(KeyArn::parse(text), Err(error), "{text}");
        }
    }
}
