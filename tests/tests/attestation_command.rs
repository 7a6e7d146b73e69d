//! `sealroom attestation verify|show`, as shipped: the vectors come out as their manifests say, each expectation of the caller
//! is compared, and nothing that was not verified is passed off as verified.

mod attested;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sealroom_shared::attestation::{self, TrustAnchor, VerifyTime};
use sealroom_testkit::bins::bin;
use sealroom_testkit::nsm::Measurements;
use sealroom_testkit::stage::text;
use serde_json::Value;

use attested::{Live, MadeSet, NONCE, from_stdin, json, others, show, verify};

#[test]
fn made_documents_come_out_as_their_manifest_says() {
    let set = MadeSet::read();
    let anchor = TrustAnchor::danger_from_pem(&fs::read_to_string(MadeSet::root()).unwrap()).unwrap();
    for case in &set.cases {
        let path = MadeSet::folder().join(&case.file);
        let output = set.verify(&path, &[]);
        let bytes = fs::read(&path).unwrap();
        match attestation::verify(&bytes, &anchor, VerifyTime::At(set.verify_at_unix)) {
            Ok(document) if document.is_debug() => assert_eq!(failed_check(&output), "debug-mode", "{}", case.id),
            Ok(_) => {
                assert!(case.expect_with_mock_root != "reject", "{}", case.id);
                assert_eq!(accepted(&output), ["--danger-trust-anchor"], "{}", case.id);
            }
            Err(_) if bytes.len() > 32 * 1024 => assert_eq!(error_code(&output), "too-large", "{}", case.id),
            Err(error) => {
                assert!(case.expect_with_mock_root != "accept", "{}", case.id);
                let report = refused(&output);
                // The words of the one verifier, and of no other.
                let failed: Vec<&Value> = checks(&report).iter().filter(|check| check["outcome"] == "failed").collect();
                assert_eq!(failed.len(), 1, "{}: {failed:?}", case.id);
                assert!(failed[0]["detail"].as_str().unwrap().starts_with(&error.to_string()), "{}: {}", case.id, failed[0]);
            }
        }
    }
}

#[test]
fn made_documents_are_refused_under_the_aws_root() {
    let set = MadeSet::read();
    for case in set.cases.iter().filter(|case| case.expect_with_mock_root == "accept") {
        let output = verify(&MadeSet::folder().join(&case.file), &["--at", &set.verify_at_unix.to_string()]);
        assert_eq!(failed_check(&output), "trust-anchor", "{}", case.id);
    }
}

#[test]
fn documents_of_hardware_come_out_as_their_manifest_says() {
    let Some(cases) = others("real-manifest.json") else { return };
    for case in cases {
        let output = verify(&case.path(), &["--at", "document"]);
        match case.mode.as_deref() {
            Some("nitrotpm") => assert_eq!(failed_check(&output), "enclave-document", "{}", case.file.display()),
            Some("debug") => {
                assert_eq!(failed_check(&output), "debug-mode", "{}", case.file.display());
                let allowed = verify(&case.path(), &["--at", "document", "--allow-debug"]);
                assert_eq!(accepted(&allowed), ["--allow-debug"], "{}", case.file.display());
            }
            _ => assert_eq!(accepted(&output), [""; 0], "{}", case.file.display()),
        }
        assert_eq!(failed_check(&verify(&case.path(), &[])), if case.is_tpm() { "enclave-document" } else { "validity" });
    }
}

#[test]
fn documents_that_peers_refuse_are_refused() {
    let Some(cases) = others("peer-negative-manifest.json") else { return };
    for case in cases {
        refused(&verify(&case.path(), &["--at", "document"]));
    }
}

#[test]
fn a_live_document_is_verified_with_all_that_its_reader_expects() {
    let live = Live::new(false, Duration::ZERO);
    let output = live.verify(&["--measurements", &live.path("pcrs.json"), "--nonce", NONCE, "--user-data", "da7a", "--max-age", "600"]);
    let report = done(&output);
    for check in ["signature", "debug-mode", "image", "expected-nonce", "expected-user-data", "age"] {
        assert_eq!(outcome(&report, check), "passed", "{check}");
    }
    assert_eq!((&report["verified"], &report["judged_at"]["by"]), (&Value::Bool(true), &Value::from("clock")));
    assert_eq!(report["document"]["nonce"], NONCE);
    assert_eq!(report["document"]["public_key"], Value::Null);
    assert_eq!(report["document"]["unknown_fields"], Value::Array(Vec::new()));
    let chain = report["document"]["chain"].as_array().unwrap();
    let places: Vec<&str> = chain.iter().map(|link| link["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["root", "issuer", "issuer", "issuer", "leaf"]);
    for link in chain {
        assert!(link["subject"].as_str().unwrap().contains("CN="), "{link}");
        assert!(link["not_before"].as_str().unwrap() < link["not_after"].as_str().unwrap(), "{link}");
        assert_eq!(link["sha256"].as_str().unwrap().len(), 64, "{link}");
    }
}

#[test]
fn what_was_not_asked_for_is_said_to_be_not_checked() {
    let live = Live::new(false, Duration::ZERO);
    let report = done(&live.verify(&[]));
    for check in ["revocation", "image", "expected-nonce", "expected-user-data", "age"] {
        assert_eq!(outcome(&report, check), "not-checked", "{check}");
    }
    let output = live.command(&[]).output().unwrap();
    let said = text(&output.stdout);
    assert!(said.starts_with("VERIFIED, but only by --danger-trust-anchor; which image it is was NOT compared\n"), "{said}");
    assert!(said.contains("DANGER --danger-trust-anchor: trust-anchor"), "{said}");
}

#[test]
fn a_document_that_differs_from_what_is_expected_is_refused() {
    let live = Live::new(false, Duration::ZERO);
    let set = MadeSet::read();
    live.write("other.json", &Measurements::of(b"another program", b"configuration").to_json());
    let other_pcr = format!("4={}", "ab".repeat(48));
    let (longer, shorter) = (format!("{NONCE}00"), &NONCE[..NONCE.len() - 2]);
    let cases: [(&[&str], &str); 8] = [
        (&["--measurements", &live.path("other.json")], "image"),
        (&["--pcr", &other_pcr], "pcr4"),
        // Not locked, so not in the document: absent is not zero.
        (&["--pcr", &format!("20={}", "00".repeat(48))], "pcr20"),
        (&["--nonce", &longer], "expected-nonce"),
        (&["--nonce", shorter], "expected-nonce"),
        (&["--user-data", NONCE], "expected-user-data"),
        (&["--at", &(set.verify_at_unix - 365 * 86_400).to_string()], "validity"),
        (&["--at", "18446744073709551615"], "validity"),
    ];
    for (flags, check) in cases {
        let output = live.verify(flags);
        assert_eq!(failed_check(&output), check, "{flags:?}");
        let report = refused(&output);
        assert_eq!((&report["verified"], report.get("document")), (&Value::Bool(false), None), "{flags:?}");
        assert!(report["claims"]["module_id"].is_string(), "{flags:?}");
    }
    // It has no nonce and no user data at all.
    let baseline = MadeSet::folder().join("docs/ok-baseline.cbor");
    assert_eq!(failed_check(&set.verify(&baseline, &["--nonce", "00"])), "expected-nonce");
    assert_eq!(failed_check(&set.verify(&baseline, &["--user-data", "00"])), "expected-user-data");
}

#[test]
fn an_image_is_told_by_its_three_pcrs_together() {
    let set = MadeSet::read();
    let baseline = MadeSet::folder().join("docs/ok-baseline.cbor");
    let pcr = |index: u8, value: &str| format!("--pcr={index}={value}");
    let (zero, one, two) = (pcr(0, &set.expected_pcr0), pcr(1, &set.expected_pcr1.to_uppercase()), pcr(2, &set.expected_pcr2));
    assert_eq!(outcome(&done(&set.verify(&baseline, &[&zero])), "image"), "not-checked");
    assert_eq!(outcome(&done(&set.verify(&baseline, &[&zero, &one])), "image"), "not-checked");
    assert_eq!(outcome(&done(&set.verify(&baseline, &[&two, &zero, &one])), "image"), "passed");
    assert_eq!(failed_check(&set.verify(&baseline, &[&zero, &one, &pcr(2, &set.expected_pcr0)])), "pcr2");
}

#[test]
fn a_stale_document_is_refused() {
    // The certificates live three hours, so an older document still verifies; only its age tells.
    let old = Live::new(false, Duration::from_secs(1000));
    done(&old.verify(&[]));
    done(&old.verify(&["--max-age", "2000"]));
    assert_eq!(failed_check(&old.verify(&["--max-age", "900"])), "age");

    let expired = Live::new(false, Duration::from_secs(4 * 3600));
    let output = expired.verify(&[]);
    assert_eq!(failed_check(&output), "validity");
    assert!(text(&output.stderr).contains("--at document"), "{}", text(&output.stderr));
    let report = done(&expired.verify(&["--at", "document"]));
    assert_eq!(report["judged_at"]["by"], "document");
    assert_eq!(report["judged_at"]["time"], report["document"]["timestamp"]["time"]);
}

#[test]
fn a_document_from_the_future_is_refused() {
    let live = Live::made(false, SystemTime::now(), SystemTime::now() + Duration::from_secs(600));
    assert_eq!(failed_check(&live.verify(&["--max-age", "3600"])), "age");
}

#[test]
fn debug_mode_is_refused_and_marked_where_it_is_allowed() {
    let live = Live::new(true, Duration::ZERO);
    let output = live.verify(&[]);
    assert_eq!(failed_check(&output), "debug-mode");
    let allowed = live.verify(&["--allow-debug"]);
    assert_eq!(accepted(&allowed), ["--danger-trust-anchor", "--allow-debug"]);
    // Debug mode measures nothing: no image matches it.
    assert_eq!(failed_check(&live.verify(&["--allow-debug", "--measurements", &live.path("pcrs.json")])), "image");
    let said = text(&live.command(&["--allow-debug"]).output().unwrap().stdout);
    assert!(said.contains("DEBUG: ") && said.contains("DANGER --allow-debug:"), "{said}");
}

#[test]
fn base64_and_standard_input_are_read_as_the_file_is() {
    let set = MadeSet::read();
    let bytes = fs::read(MadeSet::folder().join("docs/ok-baseline.cbor")).unwrap();
    let expected = done(&set.verify(&MadeSet::folder().join("docs/ok-baseline.cbor"), &[]));
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = STANDARD.encode(&bytes).as_bytes().chunks(76).map(text).collect();
    for form in [STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes), lines.join("\r\n") + "\r\n"] {
        let path = folder.path().join("document.b64");
        fs::write(&path, form).unwrap();
        assert_eq!(done(&set.verify(&path, &[])), expected);
    }
    assert_eq!(done(&from_stdin(set.command(Path::new("-"), &["--json"]), &bytes)), expected);
    assert_eq!(done(&from_stdin(set.command(Path::new("-"), &["--json"]), STANDARD.encode(&bytes).as_bytes())), expected);
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for (content, code) in
        [(&b"not base64!"[..], "not-a-document"), (b"{\"document\": \"AAAA\"}", "not-a-document"), (&[b'A'; 40_000], "too-large")]
    {
        fs::write(&path, content).unwrap();
        assert_eq!(error_code(&verify(&path, &[])), code);
        assert_eq!(error_code(&show(&path)), code);
    }
    for content in [&b""[..], b"AAAA", &[0xff; 40]] {
        fs::write(&path, content).unwrap();
        assert_eq!(failed_check(&verify(&path, &[])), "envelope");
        assert_eq!(error_code(&show(&path)), "not-a-document");
    }
    assert_eq!(error_code(&verify(&folder.path().join("absent"), &[])), "file");
}

#[test]
fn a_root_that_is_none_is_refused() {
    let live = Live::new(false, Duration::ZERO);
    for (name, content) in [("empty.pem", ""), ("text.pem", "hello")] {
        live.write(name, content);
        let output = verify(&live.document(), &["--danger-trust-anchor", &live.path(name)]);
        assert_eq!(error_code(&output), "trust-anchor");
    }
    // Another root than the document's; and the flag does not make the AWS root any less AWS's.
    let output = verify(&live.document(), &["--danger-trust-anchor", MadeSet::root().to_str().unwrap()]);
    assert_eq!(failed_check(&output), "trust-anchor");
}

#[test]
fn wrong_usage_exits_with_2() {
    let path = MadeSet::folder().join("docs/ok-baseline.cbor");
    let pcr = format!("0={}", "ab".repeat(48));
    let wrong: [&[&str]; 14] = [
        &["--pcr", "0=abcd"],
        &["--pcr", "32=00"],
        &["--pcr", &pcr, "--pcr", &pcr],
        &["--nonce", ""],
        &["--nonce", "0"],
        &["--nonce", "xy"],
        &["--nonce", &"00".repeat(1025)],
        &["--user-data", "0x00"],
        &["--at", "yesterday"],
        &["--at", "-1"],
        &["--max-age", "-1"],
        &["--max-age", "60", "--at", "document"],
        &["--max-age", "60", "--at", "1768482000"],
        &["--measurements", "-", "--danger-trust-anchor", "-"],
    ];
    for flags in wrong {
        let output = verify(&path, flags);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{flags:?}");
        assert_eq!(json(&output.stderr)["error"]["code"], "usage", "{flags:?}");
    }
    let output = Command::new(bin("sealroom")).args(["attestation", "verify"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_forged_document_is_shown_and_never_as_verified() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forged.cbor");
    let mut bytes = fs::read(MadeSet::folder().join("docs/ok-baseline.cbor")).unwrap();
    // Its module id now has a line end, behind which it claims what only the command may say.
    let module = bytes.windows(5).position(|window| window == b"i-012").unwrap();
    bytes[module..module + 10].copy_from_slice(b"\nVERIFIED\n");
    fs::write(&path, &bytes).unwrap();
    let report = done(&show(&path));
    assert_eq!((&report["verified"], report.get("document")), (&Value::Bool(false), None));
    assert!(report["claims"]["module_id"].as_str().unwrap().starts_with("\nVERIFIED\n"));
    let output = Command::new(bin("sealroom")).args(["attestation", "show"]).arg(&path).output().unwrap();
    let said = text(&output.stdout);
    assert!(said.starts_with("NOT VERIFIED"), "{said}");
    assert!(said.contains("\\u{a}VERIFIED\\u{a}") && !said.contains("\nVERIFIED"), "{said}");

    let output = MadeSet::read().command(&path, &[]).output().unwrap();
    let said = text(&output.stdout);
    let failed: Vec<&str> = said.lines().filter(|line| line.starts_with("FAILED ")).collect();
    assert!(said.starts_with("REFUSED") && !said.contains("\nVERIFIED"), "{said}");
    assert!(failed.len() == 1 && failed[0].contains(" signature "), "{said}");
}

/// The report of a command that exited with 0.
fn done(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    json(&output.stdout)
}

/// The report of a refused document: exit code 1, nothing passed off as the enclave's word.
fn refused(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(json(&output.stderr)["error"]["code"], "attestation-refused");
    let report = json(&output.stdout);
    assert_eq!((&report["verified"], report.get("document")), (&Value::Bool(false), None));
    report
}

/// The flags without which a verified document would have been refused.
fn accepted(output: &Output) -> Vec<String> {
    let report = done(output);
    assert_eq!(report["verified"], true);
    assert!(report["document"]["pcrs"].is_object() && report.get("claims").is_none());
    let by: Vec<String> = checks(&report).iter().filter_map(|check| Some(check.get("accepted_by")?.as_str()?.to_owned())).collect();
    assert_eq!(report["accepted"], Value::from(by.clone()));
    by
}

/// The first check that failed.
fn failed_check(output: &Output) -> String {
    let report = refused(output);
    let failed = checks(&report).iter().find(|check| check["outcome"] == "failed").expect("a failed check");
    let (check, message) = (failed["check"].as_str().unwrap().to_owned(), json(&output.stderr)["error"]["message"].to_string());
    assert!(message.contains(&check), "{message}");
    check
}

fn error_code(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.stdout.is_empty());
    json(&output.stderr)["error"]["code"].as_str().unwrap().to_owned()
}

fn checks(report: &Value) -> &Vec<Value> {
    report["checks"].as_array().unwrap()
}

fn outcome(report: &Value, check: &str) -> String {
    let line = checks(report).iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("no line {check}: {report}"));
    line["outcome"].as_str().unwrap().to_owned()
}
