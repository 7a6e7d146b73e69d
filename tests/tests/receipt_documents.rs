//! Receipts by their documents: which documents are receipts, when, and what one changed byte does. Documents are the software
//! NSM's; the verifier is the one that ships.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

mod receipts;

use receipts::{About, Auditor, Nsm, image, statement, verdict, verify};
use sealroom_shared::attestation::TrustAnchor;
use sealroom_shared::digest::Sha384Digest;
use sealroom_shared::measurements::Measurements;
use sealroom_shared::receipt::{Receipt, VerifiedReceipt, user_data_of};

const YEAR: u64 = 365 * 86_400;
const NOW: u64 = 1_790_000_000;

/// Every certificate but the root's ended long ago, or begins only years from now: the machine's clock is in no decision.
#[test]
fn receipts_of_any_age_verify_at_their_own_time() {
    let today = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for signed in [today - YEAR, today - 20 * YEAR, today, today + 10 * YEAR] {
        let mut nsm = Nsm::at(signed, false);
        let receipt = nsm.receipt(&statement());
        let verified = Auditor::new(&receipt, &nsm.root_pem).verify();
        assert!(verified.is_verified(), "{} {}", verified.report, verified.error);
        assert_eq!(verified.report["document"]["timestamp"]["milliseconds"], signed * 1000);
        assert_eq!(verified.lines("accepted"), ["trust-anchor"]);
    }
}

/// One bit at every place of the file, each bit of a byte in turn.
#[test]
fn one_flipped_bit_anywhere_refuses_the_receipt() {
    let mut nsm = Nsm::at(NOW, false);
    let receipt = nsm.receipt(&statement());
    let anchor = TrustAnchor::danger_from_pem(&nsm.root_pem).unwrap();
    let measurements = Measurements::from_nitro_cli(&image().to_json()).unwrap();
    let is_verified = |bytes: &[u8]| VerifiedReceipt::verify(bytes, &measurements, &anchor, Some(&[7; 32])).is_ok();
    assert!(is_verified(&receipt));
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (receipt, is_verified) = (&receipt, &is_verified);
            scope.spawn(move || {
                for place in (half..receipt.len()).step_by(2) {
                    let mut flipped = receipt.clone();
                    flipped[place] ^= 1 << (place % 8);
                    assert!(!is_verified(&flipped), "bit {} of byte {place}", place % 8);
                }
            });
        }
    });
    for cut in 0..receipt.len().min(200) {
        assert!(!is_verified(&receipt[..receipt.len() - 1 - cut]) && !is_verified(&receipt[cut + 1..]), "{cut}");
    }
    let spaced = String::from_utf8(receipt.clone()).unwrap().replace(":\"", ": \"");
    let turned = {
        let parsed: serde_json::Value = serde_json::from_slice(&receipt).unwrap();
        format!("{{\"statement\":{},\"document\":{}}}\n", parsed["statement"], parsed["document"])
    };
    for other in [[&receipt[..], b"\n"].concat(), spaced.into_bytes(), turned.into_bytes(), receipt[..receipt.len() - 1].to_vec()] {
        assert!(!is_verified(&other), "the same content in another form");
    }
}

/// Documents that the enclave makes for something else, and what a hostile parent could make of them.
#[test]
fn document_for_another_purpose_is_no_receipt() {
    let mut nsm = Nsm::at(NOW, false);
    let (statement, key) = (statement(), Some(b"a recipient's public key".to_vec()));
    let about = |bytes: &[u8]| Some(user_data_of(bytes).as_bytes().to_vec());
    let labelled = |label: &str| Some(Sha384Digest::of_parts(&[label.as_bytes(), &[0], &statement]).as_bytes().to_vec());
    for (what, public_key, user_data, line) in [
        ("a document for KMS", key.clone(), None, "public-key"),
        ("a document for KMS about the statement", key, about(&statement), "public-key"),
        ("a document of the time", None, None, "user-data"),
        ("an identity document", None, labelled("sealroom/identity/v1"), "user-data"),
        ("another version's", None, labelled("sealroom/receipt/v2"), "user-data"),
        ("a digest without label", None, Some(Sha384Digest::of(&statement).as_bytes().to_vec()), "user-data"),
        ("the statement itself", None, Some(statement.clone()), "user-data"),
        ("another statement's", None, about(b"{}"), "user-data"),
        ("a longer digest", None, about(&statement).map(|digest| [digest, vec![0]].concat()), "user-data"),
        ("no digest", None, Some(vec![]), "user-data"),
    ] {
        println!("{what}");
        let document = nsm.attest(&About { public_key, user_data, nonce: Some(vec![7; 32]) });
        let receipt = Receipt { statement: statement.clone(), document }.to_file();
        let refused = Auditor::new(&receipt, &nsm.root_pem).verify();
        refused.fails_at(line);
        assert!(refused.report["statement"].is_null() && refused.report["document"].is_null(), "{what}: nothing of it is told");
    }
}

#[test]
fn statement_that_no_enclave_writes_is_refused() {
    let mut nsm = Nsm::at(NOW, false);
    let canonical = String::from_utf8(statement()).unwrap();
    for (from, to) in [
        ("\"version\":1", "\"version\":2"),
        ("\"version\":1", "\"version\":1,\"version\":1"),
        ("\"version\":1", "\"version\":1,\"zone\":1"),
        ("\"version\":1", "\"version\":1.0"),
        (",\"version\":1", ""),
        ("{\"attested\"", "{ \"attested\""),
        ("sha384:", "SHA384:"),
        ("\"counts\"", "\"counts\""),
        ("\"enclave\":\"0.1.0\"", "\"counts\":null,\"enclave\":\"0.1.0\""),
    ] {
        let other = canonical.replacen(from, to, 1);
        let receipt = nsm.receipt(other.as_bytes());
        let verdict = Auditor::new(&receipt, &nsm.root_pem).verify();
        if other == canonical {
            assert!(verdict.is_verified());
        } else {
            verdict.fails_at("statement");
        }
    }
}

#[test]
fn image_root_and_nonce_have_lines_of_their_own() {
    let mut nsm = Nsm::at(NOW, false);
    let receipt = nsm.receipt(&statement());
    let auditor = Auditor::new(&receipt, &nsm.root_pem);
    let path = |name: &str| auditor.folder.path().join(name);
    let command = || verify(&path("receipt.json"), &path("pcrs.json"), &path("root.pem"));
    let verdict_with = |arguments: &[&str]| {
        let mut command = command();
        command.args(arguments);
        verdict(command)
    };
    assert!(verdict_with(&["--nonce", &"07".repeat(32)]).is_verified());
    verdict_with(&["--nonce", &"08".repeat(32)]).fails_at("nonce");
    verdict_with(&["--nonce", "07"]).fails_at("nonce");
    for nonce in ["", "0", "xy", "07 "] {
        verdict_with(&["--nonce", nonce]).is_usage("--nonce");
    }

    let printed = image().to_json();
    for pcr in ["PCR0", "PCR1", "PCR2"] {
        let at = printed.find(pcr).unwrap() + 8;
        let digit = if &printed[at..=at] == "0" { "1" } else { "0" };
        auditor.write("pcrs.json", format!("{}{digit}{}", &printed[..at], &printed[at + 1..]));
        let refused = auditor.verify();
        refused.fails_at("image");
        assert!(refused.detail("image").contains(&format!("another image: {pcr} is ")), "{}", refused.detail("image"));
        assert!(refused.mend().contains("what the image's builder published"), "{}", refused.mend());
        assert_eq!(refused.lines("not-checked"), ["public-key", "user-data", "nonce", "statement"]);
        let mut parsed: serde_json::Value = serde_json::from_str(&printed).unwrap();
        parsed["Measurements"].as_object_mut().unwrap().remove(pcr);
        auditor.write("pcrs.json", parsed.to_string());
        let refused = auditor.verify();
        assert_eq!((refused.code, &refused.error["error"]["code"]), (Some(1), &"measurements".into()), "{}", refused.error);
    }
    auditor.write("pcrs.json", &printed);

    let mut command = std::process::Command::new(sealroom_testkit::bins::bin("sealroom"));
    command.env_clear().arg("verify").arg(path("receipt.json")).arg("--measurements").arg(path("pcrs.json"));
    let refused = verdict(command);
    refused.fails_at("trust-anchor");
    assert!(refused.mend().contains("--danger-trust-anchor"), "{}", refused.mend());
    let mut command = std::process::Command::new(sealroom_testkit::bins::bin("sealroom"));
    command.env_clear().arg("verify").arg(path("receipt.json")).arg("--danger-trust-anchor").arg(path("root.pem"));
    verdict(command).is_usage("--measurements");

    let mut debug = Nsm::at(NOW, true);
    let refused = Auditor::new(&debug.receipt(&statement()), &debug.root_pem).verify();
    refused.fails_at("image");
    assert!(refused.detail("image").contains("debug mode"), "{}", refused.detail("image"));
    assert!(refused.mend().contains("whose console the parent reads"), "{}", refused.mend());
}
