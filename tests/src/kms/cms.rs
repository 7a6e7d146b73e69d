//! `CiphertextForRecipient` in the shape of real KMS: ContentInfo with EnvelopedData version 2, one key transport recipient
//! by subject key identifier, RSAES-OAEP with SHA-256, AES-256-CBC; and in other shapes that say the same, on demand. An
//! independent reader is the enclave's; the two share no code.

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey};
use clap::ValueEnum;

use super::error::KmsError;

/// How the answer is encoded. Real KMS has been seen with the first two; BER and the standards allow the others as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CmsForm {
    /// Indefinite lengths; content in one OCTET STRING inside a constructed tag 0. Seen from AWS.
    Constructed,
    /// Indefinite lengths; content directly in a primitive tag 0. Seen from AWS.
    Primitive,
    /// As `constructed`, with the content in several pieces of 16 bytes.
    Chunked,
    /// As `constructed`, with pieces of 1, 0 and the remaining bytes.
    Uneven,
    /// As `constructed`, with the pieces inside a constructed OCTET STRING.
    Nested,
    /// As `constructed`, with definite lengths throughout.
    Definite,
    /// DER: definite lengths and a primitive tag 0.
    Der,
    /// As `constructed`, with OAEP's default label written out.
    ExplicitLabel,
    /// As `constructed`, with SHA-256's parameters absent instead of NULL.
    AbsentParameters,
    /// What LocalStack sends: DER, versions 0, the recipient by issuer and serial number. Strict readers refuse it.
    IssuerSerial,
}

/// Seals `plaintext` to the recipient whose SubjectPublicKeyInfo is `public_key`.
pub(super) fn seal(form: CmsForm, key: &OaepPublicEncryptingKey, public_key: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, KmsError> {
    let mut content_key = [0; 32];
    rand::fill(&mut content_key)?;
    let mut encrypted_key = vec![0; key.ciphertext_size()];
    key.encrypt(&OAEP_SHA256_MGF1SHA256, &content_key, &mut encrypted_key, None)?;
    let mut content = plaintext.to_vec();
    let iv = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &content_key)?)?.encrypt(&mut content)?;
    let DecryptionContext::Iv128(iv) = iv else { return Err(aws_lc_rs::error::Unspecified.into()) };
    let identifier = digest::digest(&digest::SHA256, public_key);
    Ok(encode(form, identifier.as_ref(), &encrypted_key, &iv, &content))
}

fn encode(form: CmsForm, identifier: &[u8], encrypted_key: &[u8], iv: &FixedLength<16>, content: &[u8]) -> Vec<u8> {
    let definite = matches!(form, CmsForm::Definite | CmsForm::Der | CmsForm::IssuerSerial);
    let outer = |tag, content: &[u8]| if definite { element(tag, content) } else { indefinite(tag, content) };
    let version = element(INTEGER, &[if form == CmsForm::IssuerSerial { 0 } else { 2 }]);
    let recipient_identifier = match form {
        CmsForm::IssuerSerial => issuer_and_serial_number(),
        _ => element(CONTEXT_0_PRIMITIVE, identifier),
    };
    let recipient = [version.clone(), recipient_identifier, key_algorithm(form), element(OCTET_STRING, encrypted_key)];
    let recipients = element(SET, &element(SEQUENCE, &recipient.concat()));
    let content_algorithm = element(SEQUENCE, &[element(OID, ID_AES256_CBC), element(OCTET_STRING, iv.as_ref())].concat());
    let pieces = |pieces: &[&[u8]]| pieces.iter().flat_map(|piece| element(OCTET_STRING, piece)).collect::<Vec<_>>();
    let encrypted_content = match form {
        CmsForm::Primitive | CmsForm::Der | CmsForm::IssuerSerial => element(CONTEXT_0_PRIMITIVE, content),
        CmsForm::Chunked => outer(CONTEXT_0, &pieces(&content.chunks(16).collect::<Vec<_>>())),
        CmsForm::Uneven => outer(CONTEXT_0, &pieces(&[&content[..1], &[], &content[1..]])),
        CmsForm::Nested => outer(CONTEXT_0, &outer(OCTET_STRING_CONSTRUCTED, &pieces(&[&content[..16], &content[16..]]))),
        _ => outer(CONTEXT_0, &element(OCTET_STRING, content)),
    };
    let content_info = outer(SEQUENCE, &[element(OID, ID_DATA), content_algorithm, encrypted_content].concat());
    let enveloped = outer(SEQUENCE, &[version, recipients, content_info].concat());
    outer(SEQUENCE, &[element(OID, ID_ENVELOPED_DATA), outer(CONTEXT_0, &enveloped)].concat())
}

/// RSAES-OAEP with SHA-256 and MGF1 with SHA-256 (RFC 4055, section 4.1).
fn key_algorithm(form: CmsForm) -> Vec<u8> {
    let null = if form == CmsForm::AbsentParameters { Vec::new() } else { element(NULL, &[]) };
    let sha256 = element(SEQUENCE, &[element(OID, ID_SHA256), null].concat());
    let mask = element(SEQUENCE, &[element(OID, ID_MGF1), sha256.clone()].concat());
    let label = match form {
        CmsForm::ExplicitLabel => {
            element(CONTEXT_2, &element(SEQUENCE, &[element(OID, ID_P_SPECIFIED), element(OCTET_STRING, &[])].concat()))
        }
        _ => Vec::new(),
    };
    let parameters = element(SEQUENCE, &[element(CONTEXT_0, &sha256), element(CONTEXT_1, &mask), label].concat());
    element(SEQUENCE, &[element(OID, ID_RSAES_OAEP), parameters].concat())
}

/// `CN=recipient`, serial number 1: made up, as LocalStack's is.
fn issuer_and_serial_number() -> Vec<u8> {
    let attribute = element(SEQUENCE, &[element(OID, ID_COMMON_NAME), element(UTF8_STRING, b"recipient")].concat());
    let issuer = element(SEQUENCE, &element(SET, &attribute));
    element(SEQUENCE, &[issuer, element(INTEGER, &[1])].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut bytes = vec![tag];
    match significant {
        [] => bytes.push(0),
        [short @ ..=0x7f] => bytes.push(*short),
        long => {
            bytes.push(0x80 | long.len() as u8);
            bytes.extend_from_slice(long);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const OCTET_STRING_CONSTRUCTED: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const CONTEXT_0_PRIMITIVE: u8 = 0x80;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;
const CONTEXT_2: u8 = 0xa2;

const ID_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ID_ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const ID_RSAES_OAEP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07];
const ID_MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
const ID_P_SPECIFIED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x09];
const ID_COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ID_SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const ID_AES256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::iv::FixedLength;

    #[test]
    fn no_two_forms_are_alike() {
        let made = CmsForm::value_variants().iter().map(|form| encode(*form, &[1; 32], &[2; 256], &FixedLength::from([3; 16]), &[4; 48]));
        let made: std::collections::BTreeSet<_> = made.collect();
        assert_eq!(made.len(), CmsForm::value_variants().len());
    }

    /// The answer of real KMS in AWS's own C SDK's tests has this layout; rebuilding it from its parts gives it back.
    #[test]
    fn layout_is_that_of_real_kms() {
        for (name, form) in [
            ("cfr-01_edgebit", CmsForm::Constructed),
            ("cfr-02_awssamples", CmsForm::Constructed),
            ("cfr-03_enclaver", CmsForm::Constructed),
            ("cfr-04_aws-sdk-c_constructed", CmsForm::Constructed),
            ("cfr-05_aws-sdk-c_primitive", CmsForm::Primitive),
        ] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/cfr");
            let (Ok(real), Ok(parts)) =
                (std::fs::read(folder.join(format!("{name}.ber"))), std::fs::read(folder.join(format!("{name}.json"))))
            else {
                println!("the folder of others' vectors is not here: not checked");
                return;
            };
            let parts: serde_json::Value = serde_json::from_slice(&parts).unwrap();
            let part = |key: &str| {
                let hex = parts["expected"][key].as_str().unwrap();
                (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect::<Vec<u8>>()
            };
            let iv: [u8; 16] = part("iv_hex").try_into().unwrap();
            let made = encode(
                form,
                &part("recipient_ski_hex"),
                &part("encrypted_key_hex"),
                &FixedLength::from(iv),
                &part("content_ciphertext_hex"),
            );
            assert_eq!(made, real, "{name}");
        }
    }
}
