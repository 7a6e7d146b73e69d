//! CloudTrail's events as people have them: log files (`{"Records": […]}`), what `aws cloudtrail lookup-events` prints
//! (`{"Events": [{"CloudTrailEvent": "…"}]}`), one after the other where several were put together. Only KMS's are kept. Field
//! names are those of AWS's page on CloudTrail entries for Nitro enclaves. Nothing here judges an event.

use std::{collections::BTreeMap, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use sealroom_shared::{attestation::Pcr, digest::unhex};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    failure::{Failure, Result},
    limits, source,
};

/// One request to KMS that CloudTrail has recorded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Event {
    pub(super) event_id: String,
    pub(super) request_id: String,
    /// `Decrypt` and so on.
    pub(super) operation: String,
    /// As written: RFC 3339.
    pub(super) time: String,
    /// ARN of who asked; empty where it is not said.
    pub(super) principal: String,
    /// The error's code, where KMS refused.
    pub(super) error: Option<String>,
    /// ARNs of the keys.
    pub(super) keys: Vec<String>,
    /// From the attestation document of the request; none where there was none.
    pub(super) recipient: Option<Recipient>,
}

/// What CloudTrail keeps of an attestation document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Recipient {
    pub(super) module_id: Option<String>,
    /// By index; none where the value is no PCR.
    pub(super) pcrs: BTreeMap<u8, Option<Pcr>>,
}

/// Reads one file of events.
pub(super) fn read(path: &Path) -> Result<Vec<Event>> {
    let bytes = source::read_public(path, limits::CLOUDTRAIL_EVENTS)?;
    if bytes.starts_with(&GZIP) {
        return Err(refused(path, "it is compressed").help("unpack it first: `gunzip FILE.json.gz`, or `zcat *.json.gz > events.json`"));
    }
    parse(&bytes).ok_or_else(|| refused(path, "it is not JSON of CloudTrail events").help(HELP))
}

fn refused(path: &Path, what: &str) -> Failure {
    Failure::new("cloudtrail", format!("{}: {what}", path.display()))
}

/// None where anything is not what CloudTrail writes.
fn parse(bytes: &[u8]) -> Option<Vec<Event>> {
    let mut events = Vec::new();
    let mut files = 0_u32;
    for file in serde_json::Deserializer::from_slice(bytes).into_iter::<File>() {
        match file.ok()? {
            File { records: Some(records), events: None } => {
                for record in records {
                    events.extend(event(&record)?);
                }
            }
            File { records: None, events: Some(found) } => {
                for found in found {
                    events.extend(event(&serde_json::from_str(&found.event).ok()?)?);
                }
            }
            File { .. } => return None,
        }
        files += 1;
    }
    (files > 0).then_some(events)
}

/// `Some(None)` where it is another service's.
fn event(record: &Value) -> Option<Option<Event>> {
    if record.get("eventSource")?.as_str()? != "kms.amazonaws.com" {
        return Some(None);
    }
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    let identity = record.get("userIdentity");
    let principal = ["arn", "invokedBy", "type"].iter().find_map(|name| identity?.get(name)?.as_str());
    let resources = record.get("resources").and_then(Value::as_array).into_iter().flatten();
    let mut keys: Vec<String> = resources.filter_map(|resource| resource.get("ARN")?.as_str().map(str::to_owned)).collect();
    if keys.is_empty() {
        keys.extend(record.get("requestParameters").and_then(|parameters| parameters.get("keyId")?.as_str().map(str::to_owned)));
    }
    Some(Some(Event {
        event_id: text("eventID").unwrap_or_default(),
        request_id: text("requestID").unwrap_or_default(),
        operation: text("eventName")?,
        time: text("eventTime").unwrap_or_default(),
        principal: principal.unwrap_or_default().to_owned(),
        error: text("errorCode"),
        keys,
        recipient: record.get("additionalEventData").and_then(|data| data.get("recipient")?.as_object()).map(Recipient::read),
    }))
}

impl Recipient {
    fn read(members: &serde_json::Map<String, Value>) -> Self {
        let mut pcrs = BTreeMap::new();
        for (name, value) in members {
            let index = match name.strip_prefix("attestationDocumentEnclave") {
                Some("ImageDigest") => 0,
                Some(rest) => match rest.strip_prefix("PCR").and_then(|index| index.parse().ok()) {
                    Some(index) => index,
                    None => continue,
                },
                None => continue,
            };
            pcrs.insert(index, value.as_str().and_then(pcr));
        }
        let module_id = members.get("attestationDocumentModuleId").and_then(Value::as_str).map(str::to_owned);
        Self { module_id, pcrs }
    }
}

/// CloudTrail writes base64 (64 characters for a PCR); examples of AWS's older pages have hex (96).
fn pcr(text: &str) -> Option<Pcr> {
    if let Some(pcr) = unhex(&text.to_ascii_lowercase()) {
        return Some(Pcr(pcr));
    }
    STANDARD.decode(text).ok()?.try_into().ok().map(Pcr)
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "Records")]
    records: Option<Vec<Value>>,
    #[serde(rename = "Events")]
    events: Option<Vec<Found>>,
}

/// One event as `lookup-events` prints it: a JSON text within the JSON.
#[derive(Deserialize)]
struct Found {
    #[serde(rename = "CloudTrailEvent")]
    event: String,
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const HELP: &str = "give CloudTrail's log files, or what `aws cloudtrail lookup-events --output json` prints";

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"eventSource":"kms.amazonaws.com","eventName":"Decrypt","eventID":"e","requestID":"r","eventTime":"t",
        "userIdentity":{"arn":"someone"},"resources":[{"ARN":"k"}],"additionalEventData":{"recipient":{
        "attestationDocumentModuleId":"m","attestationDocumentEnclaveImageDigest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "attestationDocumentEnclavePCR1":"no pcr"}}}"#;

    #[test]
    fn both_shapes_hold_the_same_event() {
        let logged = parse(format!(r#"{{"Records":[{EVENT},{{"eventSource":"s3.amazonaws.com"}}]}}"#).as_bytes()).expect("a log file");
        let looked_up = serde_json::json!({ "Events": [{ "EventId": "e", "CloudTrailEvent": EVENT }] }).to_string();
        assert_eq!(parse(looked_up.as_bytes()).as_ref(), Some(&logged));
        let [event] = logged.as_slice() else { panic!("{logged:?}") };
        assert_eq!((event.operation.as_str(), event.keys.as_slice()), ("Decrypt", &["k".to_owned()][..]));
        let recipient = event.recipient.as_ref().expect("a recipient");
        assert_eq!(recipient.module_id.as_deref(), Some("m"));
        assert_eq!(recipient.pcrs, BTreeMap::from([(0, Some(Pcr([0; 48]))), (1, None)]));
        let twice = format!(r#"{{"Records":[{EVENT}]}}{looked_up}"#);
        assert_eq!(parse(twice.as_bytes()).map(|events| events.len()), Some(2), "files put together");
    }

    #[test]
    fn values_are_read_in_base64_and_in_hex() {
        assert_eq!(pcr(&"ff".repeat(48)), Some(Pcr([255; 48])));
        assert_eq!(pcr(&"/".repeat(64)), Some(Pcr([255; 48])));
        for other in ["", "AAAA", &"0".repeat(95), &"g".repeat(96), &"/".repeat(63), &"=".repeat(64)] {
            assert_eq!(pcr(other), None, "{other}");
        }
    }

    #[test]
    fn other_files_are_refused() {
        for text in ["", "[]", "{}", "not json", r#"{"Records":[{}]}"#, r#"{"Records":{}}"#, r#"{"Records":[],"Events":[]}"#] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        let without_name = r#"{"Records":[{"eventSource":"kms.amazonaws.com"}]}"#;
        let not_an_event = r#"{"Events":[{"CloudTrailEvent":"not json"}]}"#;
        for text in [without_name, not_an_event, r#"{"Events":[{}]}"#, r#"{"Records":[]} x"#] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(br#"{"Records":[]}"#), Some(vec![]), "a quiet hour");
    }
}
