//! What a person expects of a document, as the flags of `sealroom attestation verify` say it. Parsed here, compared in
//! `verify`; what no document can fulfil is refused as usage.

use std::str::FromStr;

use sealroom_shared::{
    attestation::{AttestationDocument, Pcr},
    digest, limits,
};

/// `--pcr INDEX=HEX`.
#[derive(Debug, Clone)]
pub struct ExpectedPcr {
    pub index: u8,
    pub value: Pcr,
}

/// `--nonce HEX` and `--user-data HEX`.
#[derive(Debug, Clone)]
pub struct ExpectedBytes(pub Vec<u8>);

/// `--at`: the time at which the certificates have to be valid.
#[derive(Debug, Clone, Copy)]
pub enum At {
    /// Seconds since 1970.
    Seconds(u64),
    /// The document's own time.
    Document,
}

impl ExpectedPcr {
    /// True where the document has exactly this PCR.
    pub fn is_in(&self, document: &AttestationDocument) -> bool {
        document.pcrs.get(&self.index) == Some(&self.value)
    }
}

impl FromStr for ExpectedPcr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected INDEX=HEX, with an index of 0 to 31 and 96 hex digits".to_owned();
        let (index, value) = text.split_once('=').ok_or_else(wrong)?;
        let number: u8 = index.parse().map_err(|_| wrong())?;
        // `00` and `+0` would name PCR0 a second time.
        if number > 31 || number.to_string() != index {
            return Err(wrong());
        }
        let value = digest::unhex(&value.to_ascii_lowercase()).map(Pcr).ok_or_else(wrong)?;
        Ok(Self { index: number, value })
    }
}

impl FromStr for ExpectedBytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.to_ascii_lowercase().into_bytes();
        let bytes: Option<Vec<u8>> =
            digits.chunks(2).map(|pair| std::str::from_utf8(pair).ok().and_then(digest::unhex::<1>).map(|[byte]| byte)).collect();
        match bytes {
            Some(bytes) if (1..=limits::ATTESTATION_FIELD).contains(&bytes.len()) => Ok(Self(bytes)),
            _ => Err(format!("expected 1 to {} bytes in hex", limits::ATTESTATION_FIELD)),
        }
    }
}

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "document" {
            return Ok(Self::Document);
        }
        text.parse().map(Self::Seconds).map_err(|_| "expected seconds since 1970, or `document` for the document's own time".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_that_no_document_can_fulfil_are_refused() {
        let pcr = "a".repeat(96);
        for text in
            ["", "0", "=", &pcr, "0=", "0=ab", &format!("32={pcr}"), &format!("00={pcr}"), &format!("-1={pcr}"), &format!("0=0x{pcr}")]
        {
            assert!(text.parse::<ExpectedPcr>().is_err(), "{text}");
        }
        for text in ["", "a", "0x00", "abc", "zz", "é", &"00".repeat(1025)] {
            assert!(text.parse::<ExpectedBytes>().is_err(), "{text}");
        }
        for text in ["", "now", "-1", "1.5", "Document"] {
            assert!(text.parse::<At>().is_err(), "{text}");
        }
    }

    #[test]
    fn expectations_are_read_in_either_case() {
        let pcr: ExpectedPcr = format!("8={}", "aB".repeat(48)).parse().unwrap();
        assert_eq!((pcr.index, pcr.value), (8, Pcr([0xab; 48])));
        assert_eq!("00fF".parse::<ExpectedBytes>().unwrap().0, [0x00, 0xff]);
        assert!(matches!("document".parse(), Ok(At::Document)));
        assert!(matches!("1768482000".parse(), Ok(At::Seconds(1_768_482_000))));
    }
}
