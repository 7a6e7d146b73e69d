//! `sealroom verify` on receipts of real jobs, with the shipped programs: every file that belongs to a receipt, one flipped bit in
//! each, CloudTrail's record of its KMS requests, and the page for people.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

mod contacts;
mod receipts;

use std::fs;

use contacts::Contacts;
use receipts::case::{Case, event, flip, with};
use receipts::verdict;
use sealroom_testkit::stage::payments::{Payments, key_policy};
use sealroom_testkit::stage::{Stage, succeed, text};
use serde_json::{Value, json};

/// Promise P8.
#[test]
fn one_flipped_bit_in_any_file_is_refused_at_its_line() {
    let payments = Payments::sealed(Stage::new(), 300);
    let enclave = payments.start_trusted_enclave();
    let submitted: Value = serde_json::from_slice(&succeed(payments.submit(&enclave).arg("--json")).stdout).unwrap();
    let stage = &payments.stage;
    let files = [("--policy", "policy.toml"), ("--job", "job.toml"), ("--input", "in.sealed"), ("--output", "out.sealed")];
    let case = Case::new(stage, &enclave, "out.receipt.json", &files);
    drop(enclave);
    case.fits_the_schema();

    let nonce = submitted["nonce"].as_str().unwrap();
    let whole = with(case.whole(), &[&"--nonce", &nonce]);
    assert!(whole.is_verified(), "{} {}", whole.report, whole.error);
    assert_eq!(whole.lines("not-checked"), ["token-keys", "kms-requests"]);
    assert_eq!(whole.lines("accepted"), ["trust-anchor"]);
    let passed = ["policy", "job", "policy-terms", "job-allowed", "input-1", "output-1"];
    assert!(passed.iter().all(|line| whole.lines("passed").contains(&(*line).to_owned())), "{}", whole.report);
    let keys: Vec<&String> = whole.report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["checks", "danger_trust_anchor", "document", "html", "receipt", "statement", "verified"]);
    assert_eq!(whole.report["statement"], submitted["statement"]);
    assert_eq!(whole.report["document"]["nonce"], nonce);
    assert_eq!(whole.report["document"]["chain"].as_array().unwrap().len(), 5);

    // Only what is given is checked, and what is not is said.
    let alone = verdict(case.alone());
    assert!(alone.is_verified());
    let unchecked = ["nonce", "policy", "job", "policy-terms", "job-allowed", "input-1", "output-1", "token-keys", "kms-requests"];
    assert_eq!(alone.lines("not-checked"), unchecked);

    let (very_file, another) = ("give the very file that was submitted", "the file was altered or cut off");
    let lines = [
        ("--policy", "policy", very_file),
        ("--job", "job", very_file),
        ("--input", "input-1", another),
        ("--output", "output-1", another),
    ];
    for ((flag, path), (of, line, mend)) in case.files.iter().zip(lines) {
        assert_eq!(*flag, of);
        let length = fs::read(path).unwrap().len();
        for place in [0, length / 3, length - 1] {
            case.altered(path, flip(place)).fails_at(line);
        }
        case.altered(path, |bytes| bytes.truncate(length - 1)).fails_at(line);
        case.altered(path, |bytes| bytes.push(b'\n')).fails_at(line);
        let empty = case.altered(path, Vec::clear);
        empty.fails_at(line);
        assert!(empty.mend().starts_with(mend), "{line}: {}", empty.mend());
    }
    // Every place of a receipt in one process: tests/receipt_documents.rs.
    let length = fs::read(&case.receipt).unwrap().len();
    for place in (0..length).step_by(211).chain([length - 1]) {
        let refused = case.altered(&case.receipt, flip(place));
        let [line] = refused.lines("failed").try_into().unwrap();
        refused.fails_at(&line);
        let of_the_receipt = ["receipt-form", "document-form", "trust-anchor", "certificates", "signature", "user-data"];
        assert!(of_the_receipt.contains(&line.as_str()), "byte {place}: {line}");
    }

    // Files under each other's flag, of nobody, twice, or not there.
    let (input, output) = (stage.path("in.sealed"), stage.path("out.sealed"));
    let swapped = with(case.alone(), &[&"--input", &output]);
    swapped.fails_at("input");
    assert!(swapped.detail("input").contains("it is one of its outputs, for --output"), "{}", swapped.detail("input"));
    with(case.alone(), &[&"--output", &input]).fails_at("output");
    let stranger = with(case.whole(), &[&"--input", &stage.path("policy.toml")]);
    stranger.fails_at("input");
    assert!(stranger.detail("input").contains("all of its inputs were given already"), "{}", stranger.detail("input"));
    fs::copy(&input, stage.path("copy.sealed")).unwrap();
    with(case.whole(), &[&"--input", &input]).is_usage("given twice");
    with(case.whole(), &[&"--input", &stage.path("copy.sealed")]).is_usage("given twice");
    with(case.alone(), &[&"--input", &"-", &"--output", &"-"]).is_usage("only one input can come from `-`");
    with(case.alone(), &[&"--no-other-uses"]).is_usage("--cloudtrail");
    let missing = with(case.alone(), &[&"--input", &stage.path("not-there")]);
    assert_eq!((missing.code, &missing.error["error"]["code"]), (Some(1), &json!("file")));

    // A person reads the same.
    let said = text(&succeed(&mut case.whole()).stdout);
    assert!(said.starts_with("VERIFIED, but NOT under the AWS Nitro root: "), "{said}");
    let has = |outcome: &str, check: &str| said.lines().any(|line| line.starts_with(outcome) && line.contains(&format!(" {check} ")));
    assert!(has("passed", "input-1") && has("not checked", "nonce"), "{said}");
}

const HOSTILE: &str = "<script>alert('x')</script><img src=x onerror=alert(1)>";

#[test]
fn kms_requests_are_reconciled_with_cloudtrail_and_the_page_says_so() {
    let stage = Stage::new();
    let reader = |operation: &str| {
        key_policy(&format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:role/operator"}},"Action":"{operation}","Resource":"*"}}"#
        ))
    };
    let (first, second) = (stage.create_key(&reader("kms:GenerateDataKey")), stage.create_key(&reader("kms:Encrypt")));
    let payments = Payments::with_policy(stage, 300, |policy| {
        let policy = policy.replace("name = \"card-transactions\"", &format!("name = \"{HOSTILE}\""));
        format!(
            "{policy}\n[[recipients]]\nname = \"<b>one</b>\"\nkms_key = \"{first}\"\n[[recipients]]\nname = \"two\"\nkms_key = \"{second}\"\n"
        )
    });
    let enclave = payments.start_trusted_enclave();
    succeed(&mut payments.submit(&enclave));
    let stage = &payments.stage;
    let files = [("--policy", "policy.toml"), ("--job", "job.toml"), ("--input", "in.sealed"), ("--output", "out.sealed")];
    let case = Case::new(stage, &enclave, "out.receipt.json", &files);
    drop(enclave);
    case.fits_the_schema();

    let events: Vec<Value> = stage.kms_requests().iter().enumerate().map(|(index, logged)| event(logged, index)).collect();
    let of_receipt = |name: &str| {
        events.iter().position(|event| event["eventName"] == name && event["userIdentity"]["arn"].to_string().contains("operator")).unwrap()
    };
    let (decrypt, generate, encrypt) = (of_receipt("Decrypt"), of_receipt("GenerateDataKey"), of_receipt("Encrypt"));
    let with_events = |events: &[Value]| {
        let path = stage.write("events.json", json!({ "Records": events }).to_string());
        with(case.alone(), &[&"--cloudtrail", &path])
    };
    let changed = |index: usize, change: &dyn Fn(&mut Value)| {
        let mut events = events.clone();
        change(&mut events[index]);
        with_events(&events)
    };

    // Both shapes; a file in two pieces, one of them twice.
    let reconciled = with_events(&events);
    assert!(reconciled.is_verified(), "{} {}", reconciled.report, reconciled.error);
    let requests: Vec<String> = (1..=4).map(|number| format!("kms-request-{number}")).collect();
    assert!(requests.iter().all(|line| reconciled.lines("passed").contains(line)), "{}", reconciled.report);
    assert!(reconciled.detail("kms-request-4").contains("KMS takes no attestation for it"), "{}", reconciled.detail("kms-request-4"));
    assert!(reconciled.detail("kms-unattested").contains("GenerateDataKey at "), "the owner's: {}", reconciled.detail("kms-unattested"));
    let found: Vec<Value> =
        events.iter().map(|event| json!({ "EventId": event["eventID"], "CloudTrailEvent": event.to_string() })).collect();
    let (one, other) = found.split_at(found.len() / 2);
    let (one, other) = (json!({ "Events": one }), json!({ "Events": other }));
    let (one, other) = (stage.write("one.json", one.to_string()), stage.write("other.json", format!("{other}\n{one}")));
    let looked_up = with(case.alone(), &[&"--cloudtrail", &one, &"--cloudtrail", &other]);
    assert_eq!(looked_up.report["checks"], reconciled.report["checks"]);

    // What does not agree.
    let without: Vec<Value> = events.iter().enumerate().filter(|(index, _)| *index != decrypt).map(|(_, event)| event.clone()).collect();
    with_events(&without).fails_at("kms-request-1");
    changed(decrypt, &|event| event["eventName"] = json!("Encrypt")).fails_at("kms-request-1");
    changed(decrypt, &|event| event["resources"][0]["ARN"] = json!(first)).fails_at("kms-request-1");
    changed(decrypt, &|event| event["errorCode"] = json!("AccessDenied")).fails_at("kms-request-1");
    changed(decrypt, &|event| event["additionalEventData"] = Value::Null).fails_at("kms-request-1");
    changed(generate, &|event| event["additionalEventData"]["recipient"]["attestationDocumentModuleId"] = json!("i-1-enc2"))
        .fails_at("kms-request-3");
    for pcr in ["ImageDigest", "PCR1", "PCR2", "PCR3", "PCR8"] {
        let name = format!("attestationDocumentEnclave{pcr}");
        changed(decrypt, &|event| event["additionalEventData"]["recipient"][&name] = json!("B".repeat(64))).fails_at("kms-request-1");
        changed(decrypt, &|event| event["additionalEventData"]["recipient"][&name] = json!("not base64")).fails_at("kms-request-1");
    }
    for pcr in ["ImageDigest", "PCR1", "PCR2"] {
        let name = format!("attestationDocumentEnclave{pcr}");
        changed(decrypt, &|event| drop(event["additionalEventData"]["recipient"].as_object_mut().unwrap().remove(&name)))
            .fails_at("kms-request-1");
    }
    assert!(changed(encrypt, &|event| event["resources"][0]["type"] = Value::Null).is_verified());

    // The same keys, used otherwise.
    let mut more = events.clone();
    for (index, from) in [decrypt, decrypt, generate].into_iter().enumerate() {
        let mut event = events[from].clone();
        (event["eventID"], event["requestID"]) = (json!(format!("more-{index}")), json!(format!("unstated-{index}")));
        more.push(event);
    }
    let last = more.len() - 3;
    more[last + 1]["additionalEventData"]["recipient"]["attestationDocumentEnclavePCR2"] = json!("B".repeat(64));
    more[last + 2]["additionalEventData"] = Value::Null;
    more[last + 2]["userIdentity"]["arn"] = json!("arn:aws:iam::1:user/x\n\u{1b}[31mpassed");
    let named = with_events(&more);
    assert!(named.is_verified());
    assert!(named.detail("kms-unstated").contains("request unstated-0"), "{}", named.detail("kms-unstated"));
    assert!(named.detail("kms-other-image").contains("request unstated-1"), "{}", named.detail("kms-other-image"));
    assert!(named.detail("kms-unattested").contains("request unstated-2"), "{}", named.detail("kms-unattested"));
    let path = stage.path("events.json");
    let refused = with(case.alone(), &[&"--cloudtrail", &path, &"--no-other-uses"]);
    assert_eq!(
        (refused.code, refused.lines("failed")),
        (Some(1), ["kms-unstated", "kms-other-image", "kms-unattested"].map(str::to_owned).to_vec())
    );
    assert!(refused.error["error"]["help"].as_str().unwrap().contains("find out who made these requests"), "{}", refused.error);
    let said = text(&case.alone().arg("--cloudtrail").arg(&path).output().unwrap().stdout);
    assert!(said.contains("user/x\\n\\u{1b}[31mpassed") && !said.contains('\u{1b}'), "{said}");
    for (name, content) in [("not json", &b"x"[..]), ("another", b"{}"), ("compressed", &[0x1f, 0x8b, 8])] {
        let refused = with(case.alone(), &[&"--cloudtrail", &stage.write("bad.json", content)]);
        assert_eq!((refused.code, &refused.error["error"]["code"]), (Some(1), &json!("cloudtrail")), "{name}");
    }

    // The page, for a verified receipt and for a refused one.
    let page = stage.path("report.html");
    stage.write("events.json", json!({ "Records": more }).to_string());
    let verified = with(case.whole(), &[&"--cloudtrail", &path, &"--html", &page]);
    assert!(verified.is_verified());
    let html = fs::read_to_string(&page).unwrap();
    for raw in ["<script", "<img", "<b>", "onerror=\"", "src=\"", "href=", "http://", "https://", "url("] {
        assert!(!html.contains(raw), "{raw}");
    }
    assert!(html.contains("&lt;script&gt;alert('x')&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"), "{html}");
    for words in [
        "<h1>NOT UNDER THE AWS ROOT</h1>",
        "Field &quot;card_number&quot; may leave masked but for at most its last 4 characters",
        "at least 10 different people",
        "What was not checked",
        verified.report["statement"]["outputs"][0]["digest"].as_str().unwrap(),
        verified.report["document"]["chain"][4]["sha256"].as_str().unwrap(),
    ] {
        assert!(html.contains(words), "{words}");
    }
    let again = with(case.whole(), &[&"--html", &page]);
    assert_eq!((again.code, &again.error["error"]["code"]), (Some(1), &json!("exists")));
    with(case.whole(), &[&"--html", &"-"]).is_usage("--html");
    for evidence in [&case.receipt, &stage.path("policy.toml"), &stage.path("in.sealed")] {
        let before = fs::read(evidence).unwrap();
        with(case.whole(), &[&"--html", evidence, &"--force"]).is_usage("which is read here");
        assert_eq!(fs::read(evidence).unwrap(), before);
    }
    let mut command = case.alone();
    command.arg("--job").arg(stage.path("policy.toml"));
    with(command, &[&"--html", &page, &"--force"]).fails_at("job");
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("<h1>REFUSED</h1>") && html.contains("<strong>job</strong>"), "{html}");
    assert!(html.contains("was not given") && !html.contains("card_number"), "no policy, no sentences");
}

#[test]
fn records_with_sealed_fields_are_checked_with_their_manifest() {
    let contacts = Contacts::new(200, |policy| policy);
    contacts.seal();
    let enclave = contacts.start_trusted_enclave();
    succeed(&mut contacts.submit(&enclave, "job.toml", "sealed", Some("sealed.manifest")));
    let files = [
        ("--policy", "policy.toml"),
        ("--job", "job.toml"),
        ("--input", "sealed"),
        ("--input", "sealed.manifest"),
        ("--output", "out.sealed"),
    ];
    let case = Case::new(&contacts.stage, &enclave, "receipt.json", &files);
    drop(enclave);
    case.fits_the_schema();
    let whole = verdict(case.whole());
    assert!(whole.is_verified(), "{} {}", whole.report, whole.error);
    assert!(["input-1", "input-1-manifest"].iter().all(|line| whole.lines("passed").contains(&(*line).to_owned())), "{}", whole.report);
    for (name, line) in [("sealed", "input-1"), ("sealed.manifest", "input-1-manifest")] {
        let path = contacts.stage.path(name);
        let length = fs::read(&path).unwrap().len();
        for place in [0, 100, length / 2, length - 1] {
            case.altered(&path, flip(place)).fails_at(line);
        }
    }
    // With one of the two given and altered, it is not known which it was: the line says what is missing.
    let altered = contacts.stage.write("altered", "x");
    let refused = with(case.alone(), &[&"--input", &altered]);
    refused.fails_at("input");
    assert!(refused.detail("input").contains("not given so far: input-1, input-1-manifest"), "{}", refused.detail("input"));
}
