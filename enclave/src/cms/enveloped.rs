//! The one shape of `EnvelopedData` that KMS sends: version 2, one `KeyTransRecipientInfo` by key identifier,
//! RSAES-OAEP with SHA-256, AES-256-CBC (RFC 5652 section 6, RFC 4055 section 4.1, RFC 3565).

use sealroom_shared::limits;

use super::ber::Elements;

/// A parsed envelope.
pub(super) struct EnvelopedData<'a> {
    pub(super) encrypted_key: &'a [u8],
    pub(super) iv: [u8; 16],
    pub(super) encrypted_content: Vec<u8>,
}

impl<'a> EnvelopedData<'a> {
    /// Reads a whole `ContentInfo`; nothing may follow it.
    pub(super) fn parse(mut bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > limits::CIPHERTEXT_FOR_RECIPIENT {
            return None;
        }
        let envelope = Elements::new(&mut bytes).constructed(SEQUENCE, |content_info| {
            oid(content_info, ENVELOPED_DATA)?;
            content_info.constructed(CONTEXT_0, |explicit| explicit.constructed(SEQUENCE, Self::read))
        })?;
        bytes.is_empty().then_some(envelope)
    }

    fn read(elements: &mut Elements<'a, '_>) -> Option<Self> {
        version_2(elements)?;
        let encrypted_key = elements.constructed(SET, |recipients| recipients.constructed(SEQUENCE, recipient))?;
        let (iv, encrypted_content) = elements.constructed(SEQUENCE, content)?;
        Some(Self { encrypted_key, iv, encrypted_content })
    }
}

fn recipient<'a>(elements: &mut Elements<'a, '_>) -> Option<&'a [u8]> {
    version_2(elements)?;
    let key_identifier = elements.primitive(CONTEXT_0_PRIMITIVE)?;
    if key_identifier.is_empty() || key_identifier.len() > 64 {
        return None;
    }
    elements.constructed(SEQUENCE, |algorithm| {
        oid(algorithm, RSAES_OAEP)?;
        algorithm.constructed(SEQUENCE, |parameters| {
            parameters.constructed(CONTEXT_0, |hash| hash.constructed(SEQUENCE, sha256))?;
            parameters.constructed(CONTEXT_1, |mask| {
                mask.constructed(SEQUENCE, |mask| {
                    oid(mask, MGF1)?;
                    mask.constructed(SEQUENCE, sha256)
                })
            })?;
            match parameters.peek() {
                None => Some(()),
                Some(_) => parameters.constructed(CONTEXT_2, |source| {
                    source.constructed(SEQUENCE, |source| {
                        oid(source, P_SPECIFIED)?;
                        source.primitive(OCTET_STRING)?.is_empty().then_some(())
                    })
                }),
            }
        })
    })?;
    elements.primitive(OCTET_STRING)
}

fn content(elements: &mut Elements<'_, '_>) -> Option<([u8; 16], Vec<u8>)> {
    oid(elements, DATA)?;
    let iv = elements.constructed(SEQUENCE, |algorithm| {
        oid(algorithm, AES_256_CBC)?;
        algorithm.primitive(OCTET_STRING)?.try_into().ok()
    })?;
    let mut bytes = Vec::new();
    if elements.peek()? == CONTEXT_0_PRIMITIVE {
        bytes.extend_from_slice(elements.primitive(CONTEXT_0_PRIMITIVE)?);
    } else {
        elements.constructed(CONTEXT_0, |pieces| octets(pieces, &mut bytes, NESTING))?;
    }
    Some((iv, bytes))
}

/// The pieces of a constructed OCTET STRING, which may be constructed themselves (X.690, 8.7.3).
fn octets(pieces: &mut Elements<'_, '_>, bytes: &mut Vec<u8>, depth: u8) -> Option<()> {
    while let Some(tag) = pieces.peek() {
        if tag == OCTET_STRING_CONSTRUCTED {
            let depth = depth.checked_sub(1)?;
            pieces.constructed(OCTET_STRING_CONSTRUCTED, |pieces| octets(pieces, bytes, depth))?;
        } else {
            bytes.extend_from_slice(pieces.primitive(OCTET_STRING)?);
        }
    }
    Some(())
}

fn version_2(elements: &mut Elements<'_, '_>) -> Option<()> {
    (elements.primitive(INTEGER)? == [2]).then_some(())
}

fn oid(elements: &mut Elements<'_, '_>, expected: &[u8]) -> Option<()> {
    (elements.primitive(OID)? == expected).then_some(())
}

/// The parameters may be NULL or absent (RFC 4055, section 2.1).
fn sha256(elements: &mut Elements<'_, '_>) -> Option<()> {
    oid(elements, SHA_256)?;
    match elements.peek() {
        None => Some(()),
        Some(_) => elements.primitive(NULL)?.is_empty().then_some(()),
    }
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const OCTET_STRING_CONSTRUCTED: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const CONTEXT_0_PRIMITIVE: u8 = 0x80;
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;
const CONTEXT_2: u8 = 0xa2;

/// 1.2.840.113549.1.7.3
const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
/// 1.2.840.113549.1.7.1
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// 1.2.840.113549.1.1.7
const RSAES_OAEP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07];
/// 1.2.840.113549.1.1.8
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
/// 1.2.840.113549.1.1.9
const P_SPECIFIED: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x09];
/// 2.16.840.1.101.3.4.2.1
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// 2.16.840.1.101.3.4.1.42
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

/// Levels of constructed strings within the content: real answers have none.
const NESTING: u8 = 4;
