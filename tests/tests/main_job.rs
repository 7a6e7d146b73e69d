//! The main job, end to end, with the shipped programs: sealed in, transformed, sealed out, opened with the receipt.

use std::fs;

use sealroom_testkit::stage::payments::Payments;
use sealroom_testkit::stage::{Stage, Variant, refused, succeed, text};

/// Promises P2, P6 and P8 on their good side; every row against the same transformation done here.
#[test]
fn records_go_in_sealed_and_come_out_transformed_and_sealed() {
    let payments = Payments::sealed(Stage::new(), 5000);
    let enclave = payments.start_trusted_enclave();
    let sealed = fs::read(payments.stage.path("in.sealed")).unwrap();
    assert!(!text(&sealed).contains("card_number"), "the sealed file is ciphertext");

    succeed(&mut payments.submit(&enclave));
    succeed(&mut payments.open(&enclave));
    let rows = payments.rows();
    let expected: Vec<_> = payments.plaintext.iter().filter(|record| record["country"] == "DE").collect();
    assert_eq!(rows.len(), expected.len());
    let mut tokens = std::collections::HashMap::new();
    for (row, record) in rows.iter().zip(expected) {
        let columns: Vec<_> = row.as_object().unwrap().keys().collect();
        assert_eq!(columns.len(), 6, "{columns:?}");
        let card = record["card_number"].as_str().unwrap();
        assert_eq!(row["card"], format!("{}{}", "*".repeat(card.len() - 4), &card[card.len() - 4..]));
        assert_eq!(row["zip"].as_str().unwrap(), &record["zip"].as_str().unwrap()[..2]);
        assert_eq!((&row["country"], &row["date"], &row["amount"]), (&record["country"], &record["date"], &record["amount"]));
        let token = row["customer"].as_str().unwrap().to_owned();
        assert!(token.starts_with("tok_") && token.len() == 4 + 8 + 1 + 43, "{token}");
        let customer = record["customer"].as_str().unwrap().to_owned();
        assert_eq!(tokens.entry(token).or_insert_with(|| customer.clone()), &customer, "one token, one customer");
    }
    let customers: std::collections::HashSet<_> = tokens.values().collect();
    assert_eq!(customers.len(), tokens.len(), "one customer, one token");

    let by_operator: Vec<_> =
        payments.stage.kms_requests().into_iter().filter(|request| request["principal"].to_string().contains("operator")).collect();
    let operations: Vec<_> = by_operator.iter().map(|request| request["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["Decrypt", "Decrypt"], "one for the input, one for the token key");
}

/// The sealed output's length says little: a multiple of 64 KiB of plaintext whatever the rows.
#[test]
fn the_output_is_padded() {
    let payments = Payments::sealed(Stage::new(), 300);
    let enclave = payments.start_trusted_enclave();
    succeed(&mut payments.submit(&enclave));
    succeed(payments.open(&enclave).arg("--keep-padding"));
    assert_eq!(payments.stage.read("out.ndjson").len(), 64 * 1024);
}

#[test]
fn open_refuses_an_output_that_is_not_the_receipts() {
    let payments = Payments::sealed(Stage::new(), 300);
    let enclave = payments.start_trusted_enclave();
    succeed(&mut payments.submit(&enclave));
    let output = fs::read(payments.stage.path("out.sealed")).unwrap();
    let receipt = payments.stage.read("out.receipt.json");
    let measurements = fs::read_to_string(&enclave.measurements).unwrap();

    let attempt = |code: &str, command: &mut std::process::Command| {
        let message = refused(command.arg("--json"));
        assert!(message.contains(&format!("\"code\":\"{code}\"")), "{code}: {message}");
        assert!(!payments.stage.path("out.ndjson").exists(), "{code}: output was left behind");
    };
    let mut altered = output.clone();
    *altered.last_mut().unwrap() ^= 1;
    payments.stage.write("out.sealed", &altered);
    attempt("other-output", &mut payments.open(&enclave));
    payments.stage.write("out.sealed", &output);

    payments.stage.write("out.receipt.json", receipt.replacen("\"document\":\"", "\"document\":\"AAAA", 1));
    attempt("receipt", &mut payments.open(&enclave));
    payments.stage.write("out.receipt.json", &receipt);

    let digit = |digit: char| if digit == '0' { '1' } else { '0' };
    let at = measurements.find("PCR2").unwrap() + 10;
    let mut other: Vec<char> = measurements.chars().collect();
    other[at] = digit(other[at]);
    fs::write(&enclave.measurements, other.into_iter().collect::<String>()).unwrap();
    attempt("measurements", &mut payments.open(&enclave));
    fs::write(&enclave.measurements, &measurements).unwrap();

    // Without the danger flag only AWS's root counts, and this receipt is the software NSM's.
    let mut command = payments.stage.sealroom("consumer");
    command
        .arg("open")
        .arg("--private-key")
        .arg(payments.stage.path("analyst.key.pem"))
        .arg("--receipt")
        .arg(payments.stage.path("out.receipt.json"));
    command
        .arg("--measurements")
        .arg(&enclave.measurements)
        .arg(payments.stage.path("out.sealed"))
        .arg("--out")
        .arg(payments.stage.path("out.ndjson"));
    attempt("receipt", &mut command);
    succeed(&mut payments.open(&enclave));
}

/// KMS recipients: GenerateDataKey under attestation for the first, Encrypt for the next, and both can open.
#[test]
fn kms_recipients_open_the_output_with_their_own_key() {
    let stage = Stage::new();
    let reader = |operations: &str| {
        sealroom_testkit::stage::payments::key_policy(&format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:role/consumer"}},"Action":"kms:Decrypt","Resource":"*"}},
            {{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:role/operator"}},"Action":"{operations}","Resource":"*"}}"#
        ))
    };
    let first = stage.create_key(&reader("kms:GenerateDataKey"));
    let second = stage.create_key(&reader("kms:Encrypt"));
    let payments = Payments::with_policy(stage, 300, |policy| {
        format!(
            "{policy}\n[[recipients]]\nname = \"warehouse\"\nkms_key = \"{first}\"\n[[recipients]]\nname = \"auditor\"\nkms_key = \"{second}\"\n"
        )
    });
    let enclave = payments.start_trusted_enclave();
    succeed(&mut payments.submit(&enclave));
    succeed(&mut payments.open(&enclave));
    let rows = payments.stage.read("out.ndjson");
    for arn in [&first, &second] {
        let mut command = payments.stage.sealroom("consumer");
        command.args(["open", "--kms", "--key-arn", arn, "--unverified-origin"]).arg(payments.stage.path("out.sealed"));
        let output = succeed(command.arg("--out").arg("-"));
        assert_eq!(text(&output.stdout), rows);
        assert!(text(&output.stderr).contains("origin NOT verified"), "{}", text(&output.stderr));
    }
    let requests = payments.stage.kms_requests();
    let by_operator = requests.iter().filter(|request| request["principal"].to_string().contains("operator"));
    let operations: Vec<_> = by_operator.map(|request| request["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["Decrypt", "Decrypt", "GenerateDataKey", "Encrypt"]);
}

/// Another program or configuration is another image, and KMS refuses it; so is debug mode.
#[test]
fn only_the_measured_image_gets_the_key() {
    let payments = Payments::sealed(Stage::new(), 300);
    drop(payments.start_trusted_enclave());
    let original = fs::read(sealroom_testkit::bins::bin("sealroom-enclave")).unwrap();
    let modified = payments.stage.write("modified-enclave", [original.as_slice(), b"x"].concat());
    succeed(std::process::Command::new("chmod").arg("755").arg(&modified));
    let other_configuration = |text: String| text.replace("idle_seconds = 60", "idle_seconds = 61");
    for variant in [
        Variant { debug: true, ..Variant::default() },
        Variant { program: Some(&modified), ..Variant::default() },
        Variant { configuration: Some(&other_configuration), ..Variant::default() },
    ] {
        let enclave = payments.stage.start_enclave(&variant);
        payments.refused_as("key-denied", &mut payments.submit(&enclave));
    }
    let enclave = payments.start_trusted_enclave();
    succeed(&mut payments.submit(&enclave));
}
