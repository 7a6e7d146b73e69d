//! What an attestation document says, for a person and for a program. `commands::attestation` uses it. It only tells: whether
//! any of it is to be believed is the verdict's to say, and the words around it are chosen by the caller. Text out of a
//! document never reaches a terminal as it stands.

pub mod chain;
mod file;

use sealroom_shared::{
    attestation::{AttestationDocument, Pcr},
    digest::hex,
};
use serde_json::{Map, Value, json};

use crate::utc;

pub use file::read;

/// A document's content as an object.
pub fn to_json(document: &AttestationDocument) -> Value {
    let pcrs: Map<String, Value> = document.pcrs.iter().map(|(index, pcr)| (index.to_string(), json!(pcr.hex()))).collect();
    let bytes = |field: &Option<Vec<u8>>| field.as_deref().map(hex);
    json!({
        "module_id": document.module_id,
        "timestamp": { "milliseconds": document.timestamp.as_millis(), "time": utc::text(document.timestamp.as_millis()) },
        "digest": "SHA384",
        "debug": document.is_debug(),
        "pcrs": pcrs,
        "public_key": bytes(&document.public_key),
        "user_data": bytes(&document.user_data),
        "nonce": bytes(&document.nonce),
        "unknown_fields": document.unknown_fields,
        "chain": chain::of(document).iter().map(chain::Link::to_json).collect::<Vec<_>>(),
    })
}

/// A document's content in lines.
pub fn to_text(document: &AttestationDocument) -> String {
    let mut lines = vec![
        field("module", &one_line(&document.module_id)),
        field("made", &format!("{}, by the NSM's clock", utc::text(document.timestamp.as_millis()))),
    ];
    if document.is_debug() {
        lines.push(field("mode", "DEBUG: PCR0, PCR1 or PCR2 is zero; the parent reads this enclave's console"));
    }
    let measured = document.pcrs.iter().filter(|(_, pcr)| !pcr.is_zero());
    lines.extend(measured.map(|(index, pcr)| field(&format!("PCR{index}"), &pcr.hex())));
    let zero: Vec<String> = zero(document).map(|index| index.to_string()).collect();
    if !zero.is_empty() {
        lines.push(field("zero PCRs", &zero.join(", ")));
    }
    lines.push(field("public_key", &bytes(document.public_key.as_deref())));
    lines.push(field("user_data", &bytes(document.user_data.as_deref())));
    lines.push(field("nonce", &bytes(document.nonce.as_deref())));
    if !document.unknown_fields.is_empty() {
        let names: Vec<String> = document.unknown_fields.iter().map(|name| one_line(name)).collect();
        lines.push(field("not known", &format!("fields passed over: {}", names.join(", "))));
    }
    lines.extend(chain::of(document).iter().map(chain::Link::to_text));
    lines.join("\n")
}

/// `text` of a document on one line: whatever is not printable ASCII is escaped, line ends and directions of writing too.
pub fn one_line(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut printed, character| {
        if character.is_ascii_graphic() || character == ' ' {
            printed.push(character);
        } else {
            printed.extend(character.escape_unicode());
        }
        printed
    })
}

/// One line of a description.
pub fn field(name: &str, value: &str) -> String {
    format!("  {name:<12} {value}")
}

fn zero(document: &AttestationDocument) -> impl Iterator<Item = &u8> {
    document.pcrs.iter().filter(|(_, pcr): &(&u8, &Pcr)| pcr.is_zero()).map(|(index, _)| index)
}

fn bytes(field: Option<&[u8]>) -> String {
    match field {
        None => "none".to_owned(),
        Some([]) => "0 bytes".to_owned(),
        Some(bytes) if bytes.len() <= SHOWN => format!("{} bytes: {}", bytes.len(), hex(bytes)),
        Some(bytes) => format!("{} bytes: {}… (--json shows all)", bytes.len(), hex(&bytes[..SHOWN])),
    }
}

/// Bytes of a field that a person is shown: a SHA-512, or a nonce.
const SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_document_cannot_write_a_line_of_its_own() {
        let printed = one_line("i-0\nVERIFIED\r\u{1b}[2K\u{202e}ü");
        assert_eq!(printed, "i-0\\u{a}VERIFIED\\u{d}\\u{1b}[2K\\u{202e}\\u{fc}");
    }

    #[test]
    fn long_fields_say_how_long_they_are() {
        assert_eq!(bytes(None), "none");
        assert_eq!(bytes(Some(&[])), "0 bytes");
        assert_eq!(bytes(Some(&[0xab])), "1 bytes: ab");
        assert!(bytes(Some(&[0; 65])).starts_with("65 bytes: 00"));
        assert!(bytes(Some(&[0; 65])).ends_with("… (--json shows all)"));
    }
}
