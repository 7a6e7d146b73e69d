//! The receipt's KMS requests against CloudTrail's record of them, in both directions: each stated request is there, for the
//! stated key and operation and under the receipt's own enclave; and what else was done with these keys is named. Events are
//! the account's word, which the parent's role cannot write; whether the files are CloudTrail's own is not decided here.

use std::{
    collections::{BTreeSet, HashSet},
    path::PathBuf,
};

use sealroom_shared::{
    attestation::{AttestationDocument, Pcr},
    receipt::{KmsRequest, VerifiedReceipt},
};

use super::events::{self, Event, Recipient};
use crate::{
    failure::Result,
    verdict::{Outcome, Verdict},
};

/// Events of one or more files, each once.
pub struct Events(Vec<Event>);

/// What it means that the receipt's keys were used otherwise too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherUses {
    /// They are named: an owner seals with a key, a consumer opens with one, and other jobs have receipts of their own.
    Named,
    /// They refuse the receipt (`--no-other-uses`).
    Refused,
}

impl Events {
    /// Reads files of events. An event that is in two of them counts once; two events of one id that differ are both kept, so
    /// that nobody hides one behind the other.
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        let mut seen = HashSet::new();
        let mut events = Vec::new();
        for path in paths {
            events.extend(events::read(path)?.into_iter().filter(|event| event.event_id.is_empty() || seen.insert(event.clone())));
        }
        Ok(Self(events))
    }
}

/// One line for each stated request, and one for each sort of other use.
pub(super) fn check(given: Option<(&Events, OtherUses)>, receipt: &VerifiedReceipt, verdict: &mut Verdict) {
    let stated = &receipt.statement().kms_requests;
    let Some((Events(events), other_uses)) = given else {
        let detail = format!("no --cloudtrail was given; the receipt states {} requests", stated.len());
        return verdict.add("kms-requests", Outcome::NotChecked, detail);
    };
    for (request, number) in stated.iter().zip(1..) {
        let named = format!("{} with {}, request {}", request.operation, request.key_arn, request.request_id);
        match found(request, events, receipt.document()) {
            Ok(said) => verdict.add(format!("kms-request-{number}"), Outcome::Passed, format!("{named}: {said}")),
            Err(said) => verdict.refuse(format!("kms-request-{number}"), format!("{named}: {said}"), GIVE_ALL),
        }
    }
    name_other_uses(stated, events, receipt.document(), other_uses, verdict);
}

/// What CloudTrail has of a stated request, or how it differs.
fn found(request: &KmsRequest, events: &[Event], document: &AttestationDocument) -> std::result::Result<String, String> {
    let mut times = Vec::new();
    for event in events.iter().filter(|event| !request.request_id.is_empty() && event.request_id == request.request_id) {
        if event.operation != request.operation {
            return Err(format!("CloudTrail has a {} under this id", event.operation));
        }
        if !event.keys.iter().any(|key| key == request.key_arn.as_str()) {
            return Err(format!("CloudTrail has it with another key: {}", event.keys.join(", ")));
        }
        if let Some(code) = &event.error {
            return Err(format!("CloudTrail says that KMS refused it: {code}"));
        }
        if request.operation != UNATTESTED {
            let recipient = event.recipient.as_ref().ok_or("CloudTrail has it without an attestation document")?;
            same_enclave(recipient, document)?;
        }
        times.push(event.time.as_str());
    }
    match times.first() {
        None => Err("it is not in the events".to_owned()),
        Some(time) if request.operation == UNATTESTED => Ok(format!("recorded at {time}; KMS takes no attestation for it")),
        Some(time) => Ok(format!("recorded at {time}, with this enclave's module id and PCRs")),
    }
}

/// Every PCR that CloudTrail has is the document's, PCR0, PCR1 and PCR2 among them, and so is the module.
fn same_enclave(recipient: &Recipient, document: &AttestationDocument) -> std::result::Result<(), String> {
    same_image(recipient, document)?;
    match &recipient.module_id {
        Some(module) if *module == document.module_id => Ok(()),
        Some(module) => Err(format!("CloudTrail has another enclave: {module}, the receipt is of {}", document.module_id)),
        None => Err("CloudTrail has no module id of it".to_owned()),
    }
}

fn same_image(recipient: &Recipient, document: &AttestationDocument) -> std::result::Result<(), String> {
    for index in REQUIRED {
        if !recipient.pcrs.contains_key(&index) {
            return Err(format!("CloudTrail has no PCR{index} of it"));
        }
    }
    for (index, pcr) in &recipient.pcrs {
        // A register that nobody extended and locked may be absent in the document and zero in CloudTrail.
        let attested = document.pcrs.get(index).copied().unwrap_or(Pcr([0; 48]));
        if *pcr != Some(attested) {
            let found = pcr.map_or_else(|| "no PCR at all".to_owned(), |pcr| pcr.hex());
            return Err(format!("CloudTrail has another PCR{index}: {found}, the receipt's is {}", attested.hex()));
        }
    }
    Ok(())
}

/// Uses of the receipt's keys that it does not state, by whether they were attested, and by which image.
fn name_other_uses(stated: &[KmsRequest], events: &[Event], document: &AttestationDocument, uses: OtherUses, verdict: &mut Verdict) {
    let ids: BTreeSet<&str> = stated.iter().map(|request| request.request_id.as_str()).collect();
    let keys: BTreeSet<&str> = stated.iter().map(|request| request.key_arn.as_str()).collect();
    let is_other = |event: &&Event| {
        let is_use = USES.contains(&event.operation.as_str()) && event.error.is_none();
        is_use && !ids.contains(event.request_id.as_str()) && may_be_of(event, &keys)
    };
    let (mut of_image, mut of_others, mut unattested) = (Vec::new(), Vec::new(), Vec::new());
    for event in events.iter().filter(is_other) {
        match &event.recipient {
            Some(recipient) if same_image(recipient, document).is_ok() => of_image.push(event),
            Some(_) => of_others.push(event),
            None => unattested.push(event),
        }
    }
    let sorts = [
        ("kms-unstated", of_image, "by this image, not stated in this receipt (another job, or a result that was withheld)"),
        ("kms-other-image", of_others, "by another image"),
        ("kms-unattested", unattested, "without attestation (an owner who seals and a consumer who opens do that; nobody else should)"),
    ];
    for (check, events, what) in sorts {
        match events.as_slice() {
            [] => verdict.add(
                check,
                Outcome::Passed,
                format!("the events hold no use of these keys {}", what.split(" (").next().unwrap_or(what)),
            ),
            events => {
                let detail = format!("{} of these keys {what}: {}", counted(events.len()), listed(events));
                match uses {
                    OtherUses::Named => verdict.skip(check, detail),
                    OtherUses::Refused => verdict.refuse(check, detail, FIND_OUT),
                }
            }
        }
    }
}

/// True for an event of one of these keys, and for one that does not say by ARN which key it is of.
fn may_be_of(event: &Event, keys: &BTreeSet<&str>) -> bool {
    let by_arn = |key: &String| key.starts_with("arn:") && key.contains(":key/");
    !event.keys.iter().any(by_arn) || event.keys.iter().any(|key| keys.contains(key.as_str()))
}

fn counted(uses: usize) -> String {
    if uses == 1 { "one use".to_owned() } else { format!("{uses} uses") }
}

fn listed(events: &[&Event]) -> String {
    let one = |event: &&Event| format!("{} at {} by {}, request {}", event.operation, event.time, event.principal, event.request_id);
    let mut listed: Vec<String> = events.iter().take(LISTED).map(one).collect();
    if events.len() > LISTED {
        listed.push(format!("and {} more", events.len() - LISTED));
    }
    listed.join("; ")
}

/// PCRs without which an image is not known.
const REQUIRED: [u8; 3] = [0, 1, 2];

/// The one operation of an enclave for which KMS takes no attestation document.
const UNATTESTED: &str = "Encrypt";

/// Operations by which a key gives something away or takes something in, or by which it does so elsewhere later.
const USES: [&str; 14] = [
    "Decrypt",
    "DeriveSharedSecret",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
    "ImportKeyMaterial",
    "PutKeyPolicy",
    "ReplicateKey",
];

const GIVE_ALL: &str = "give all events of the keys' accounts and Regions, from the day before the job to the day after";
const FIND_OUT: &str = "find out who made these requests, and for what: an owner seals with a key, a consumer opens, another job has a receipt of its own; \
                        without --no-other-uses they are named and do not refuse";

/// Other uses that one line names.
const LISTED: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, operation: &str, key: &str) -> String {
        format!(
            r#"{{"eventSource":"kms.amazonaws.com","eventName":"{operation}","eventID":"{id}","requestParameters":{{"keyId":"{key}"}}}}"#
        )
    }

    fn read(files: &[&[String]]) -> Vec<Event> {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = files.iter().enumerate().map(|(index, events)| {
            let path = folder.path().join(index.to_string());
            std::fs::write(&path, format!(r#"{{"Records":[{}]}}"#, events.join(","))).expect("written");
            path
        });
        Events::read(&paths.collect::<Vec<_>>()).expect("events").0
    }

    #[test]
    fn no_event_hides_behind_another_of_its_id() {
        let (use_of_key, decoy) = (event("1", "Decrypt", "k"), event("1", "DescribeKey", "k"));
        let events = read(&[std::slice::from_ref(&decoy), &[use_of_key.clone(), decoy.clone()], &[use_of_key]]);
        assert_eq!(events.iter().map(|event| event.operation.as_str()).collect::<Vec<_>>(), ["DescribeKey", "Decrypt"]);
    }

    #[test]
    fn a_use_that_names_its_key_by_no_arn_may_be_of_any() {
        let key = "arn:aws:kms:eu-central-1:111122223333:key/1";
        let may_be = |text: &str| may_be_of(&read(&[&[event("1", "Decrypt", text)]])[0], &BTreeSet::from([key]));
        assert!(may_be(key) && may_be("1") && may_be("alias/a") && may_be("arn:aws:kms:eu-central-1:111122223333:alias/a"));
        assert!(!may_be("arn:aws:kms:eu-central-1:111122223333:key/2"));
    }
}
