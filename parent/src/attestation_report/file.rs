//! Reading an attestation document from a file or standard input: raw CBOR, or base64 as protocols and logs carry it.

use std::path::Path;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::{
    failure::{Failure, Result},
    limits, source,
};

/// The document's bytes. Raw CBOR begins with a byte that is not ASCII; what is ASCII throughout is base64.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let content = source::read_small(path, limits::ATTESTATION_FILE)?;
    if !content.is_ascii() {
        return Ok(content.to_vec());
    }
    decode(&content).ok_or_else(|| {
        Failure::new("not-a-document", format!("{} is not an attestation document: neither CBOR nor base64", path.display()))
            .help("a receipt holds one: jq -r .document receipt.json | sealroom attestation show -")
    })
}

/// Either alphabet, with or without padding, in lines of any length.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [STANDARD, URL_SAFE].iter().find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(&digits).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_alphabet_is_read_in_lines_and_without_padding() {
        for text in ["+/+/AA==", "-_-_AA==", "+/+/AA", "+/+/\n  AA==\r\n"] {
            assert_eq!(decode(text.as_bytes()), Some(vec![0xfb, 0xff, 0xbf, 0x00]), "{text}");
        }
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["{\"document\": 1}", "+/-_", "A", "AB==", "AA=A", "AA==="] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
