//! RustCrypto's reading of an envelope. Compiled by the test beside it and by the fuzz target.

use cms::content_info::ContentInfo;
use cms::der::asn1::OctetString;
use cms::der::{Decode, EncodingRules, Error, ErrorKind};
use cms::enveloped_data::{EnvelopedData, RecipientInfo};

/// What both readers find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub encrypted_key: Vec<u8>,
    pub iv: Vec<u8>,
    pub content: Vec<u8>,
}

/// The fields as RustCrypto finds them. For envelopes that the enclave's reader accepts: panics where it reads something
/// else than one recipient by key transport, an IV and content.
fn read(envelope: &[u8]) -> Result<Fields, Error> {
    let info = ContentInfo::from_ber(envelope)?;
    let data: EnvelopedData = info.content.decode_as_encoding(EncodingRules::Ber)?;
    let [RecipientInfo::Ktri(recipient)] = data.recip_infos.0.as_slice() else { panic!("not one recipient by key transport") };
    let iv = data.encrypted_content.content_enc_alg.parameters.expect("an IV").decode_as::<OctetString>()?;
    Ok(Fields {
        encrypted_key: recipient.enc_key.as_bytes().to_vec(),
        iv: iv.as_bytes().to_vec(),
        content: data.encrypted_content.encrypted_content.expect("content").as_bytes().to_vec(),
    })
}

/// Whether RustCrypto's outcome may be another than `fields`: at shapes that it does not read. It stops at lengths of more
/// octets than they need, at a constructed OCTET STRING of definite length, and at one within another of indefinite length
/// (<https://github.com/RustCrypto/formats/issues/779>); of one within another of definite length it takes the inner headers
/// for content.
fn is_beyond(fields: &Fields, outcome: &Result<Fields, Error>) -> bool {
    match outcome {
        Err(error) => {
            matches!(
                error.kind(),
                ErrorKind::Noncanonical { .. } | ErrorKind::IndefiniteLength | ErrorKind::Length { .. } | ErrorKind::Overlength
            )
        }
        Ok(read) => {
            let (ours, theirs) = (&fields.content, &read.content);
            let same = ours.iter().zip(theirs).take_while(|(our, their)| our == their).count();
            let mut rest = theirs.iter();
            read.encrypted_key == fields.encrypted_key
                && read.iv == fields.iv
                && matches!(theirs.get(same), Some(4 | 0x24))
                && ours.iter().all(|our| rest.any(|their| their == our))
        }
    }
}

/// Panics where the outcomes differ without that reason; whether they are the same.
pub fn compare(envelope: &[u8], fields: &Fields) -> bool {
    let outcome = read(envelope);
    if outcome.as_ref() == Ok(fields) {
        return true;
    }
    assert!(is_beyond(fields, &outcome), "ours: {fields:x?}\ntheirs: {outcome:x?}");
    false
}
