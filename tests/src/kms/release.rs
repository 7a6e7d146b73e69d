//! What an answer gives away: the plaintext to a caller without a recipient, `CiphertextForRecipient` to an attested one; and
//! the faults that change it. Called by `crypto`, `generate`, `key_pair` and
//! `agreement`.

use aws_lc_rs::rand;
use serde_json::{Map, Value, json};

use super::error::KmsError;
use super::fault::FaultKind;
use super::key::{self, Key};
use super::operations::{Call, base64};
use super::recipient::{Recipient, RecipientInfo};

/// Verifies the recipient, if there is one, and notes it in the log.
pub(super) fn recipient(call: &mut Call<'_>, info: Option<RecipientInfo>) -> Result<Option<Recipient>, KmsError> {
    let Some(info) = info else { return Ok(None) };
    let recipient = call.server.verifier.verify(info, call.now).map_err(|refusal| {
        call.entry.decisions.push(refusal.decision);
        refusal.error
    })?;
    let document = recipient.document();
    call.entry.attested = true;
    call.entry.module_id = Some(document.module_id.clone());
    let told = document.pcrs.iter().filter(|(index, pcr)| **index <= 2 || !pcr.is_zero());
    call.entry.pcrs = told.map(|(index, pcr)| (*index, pcr.hex())).collect();
    Ok(Some(recipient))
}

/// Puts the plaintext as `member`, or what the recipient gets instead, into the answer; with the faults asked for.
pub(super) fn add_plaintext(
    call: &mut Call<'_>,
    answer: &mut Map<String, Value>,
    recipient: Option<&Recipient>,
    member: &str,
    mut plaintext: Vec<u8>,
) -> Result<(), KmsError> {
    let Some(recipient) = recipient else {
        answer.insert(member.to_owned(), base64(&plaintext));
        return Ok(());
    };
    let mut happens = |kind| call.fault(kind);
    if happens(FaultKind::NoCfr) {
        return Ok(());
    }
    if happens(FaultKind::ShortKey) {
        plaintext.pop();
    }
    if happens(FaultKind::SubstitutedKey) {
        plaintext = random_bytes(plaintext.len())?;
    }
    let instead = happens(FaultKind::Plaintext);
    if instead || happens(FaultKind::PlaintextToo) {
        answer.insert(member.to_owned(), base64(&plaintext));
    }
    if !instead {
        let mut sealed = recipient.seal(call.server.cms_form, &plaintext)?;
        if call.fault(FaultKind::TamperedCms) {
            sealed[IN_CONTENT_KEY] ^= 1;
        }
        answer.insert("CiphertextForRecipient".to_owned(), base64(&sealed));
    }
    Ok(())
}

pub(super) fn answered_arn(call: &mut Call<'_>, key: &Key) -> Value {
    if call.fault(FaultKind::WrongKeyId) {
        return json!(key::arn(&key.region, "00000000-0000-4000-8000-000000000000"));
    }
    json!(key.arn())
}

/// A place inside the encrypted content key in every form: it begins before byte 170 and has 256 bytes or more.
const IN_CONTENT_KEY: usize = 200;

/// Fresh random bytes.
pub(super) fn random_bytes(length: usize) -> Result<Vec<u8>, KmsError> {
    let mut bytes = vec![0; length];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}
