//! An owner and a consumer who have AWS's own Encryption SDK and nothing of ours: the enclave serves them, and finds their
//! mistakes.

mod aws_sdk;

use std::fs;

use sealroom_testkit::stage::payments::{Payments, key_policy};
use sealroom_testkit::stage::{Stage, succeed, text};
use serde_json::{Value, json};

use aws_sdk::{SDKS, opening, run, sealing};

/// The encryption context of an input, as a data owner without Sealroom writes it.
fn input_context(payments: &Payments, dataset: &str) -> Value {
    let digest = succeed(payments.stage.sealroom("owner").args(["policy", "digest"]).arg(&payments.policy)).stdout;
    json!({
        "sealroom:kind": "input",
        "sealroom:policy-sha384": text(&digest).trim(),
        "sealroom:dataset": dataset,
        "sealroom:set": "00112233445566778899aabbccddeeff",
        "sealroom:part": "1/1",
    })
}

/// An owner seals with either of AWS's SDKs alone, both suites, with pairs of their own in the context; the enclave takes it,
/// and AWS's SDKs open what comes out.
#[test]
fn owner_and_consumer_with_awss_sdks_alone_are_served() {
    let payments = Payments::sealed(Stage::new(), 2000);
    let stage = &payments.stage;
    let enclave = payments.start_trusted_enclave();
    succeed(&mut payments.submit(&enclave));
    succeed(&mut payments.open(&enclave));
    let expected = stage.read("out.ndjson");
    assert!(expected.lines().count() > 10);

    let mut context = input_context(&payments, "transactions-2026");
    for (key, value) in [("department", "claims"), ("Zweck", "Prüfung € 5"), ("ключ", ""), ("\u{FF5E}", "tilde"), ("🔑", "key")] {
        context[key] = json!(value);
    }
    let owner = format!("kms:{}", payments.key_arn);
    let shapes = [("0478", 4096), ("0578", 65_536)];
    for sdk in SDKS {
        let name = |suite: &str| format!("{sdk:?}-{suite}");
        sdk.run(
            stage,
            "owner",
            &shapes.map(|(suite, frame_length)| sealing(stage, &owner, "in.ndjson", &name(suite), suite, frame_length, &context)),
        );
        for (suite, _) in shapes {
            for left in ["out.sealed", "out.receipt.json", "out.ndjson"] {
                fs::remove_file(stage.path(left)).unwrap();
            }
            succeed(&mut payments.submit_files(&enclave, "policy.toml", "job.toml", &name(suite)));
            succeed(&mut payments.open(&enclave));
            assert_eq!(stage.read("out.ndjson"), expected, "{sdk:?} {suite}");
        }
        let key = format!("rsa:sealroom:analyst:{}", stage.path("analyst.key.pem").display());
        sdk.run(stage, "consumer", &[opening(stage, &key, "out.sealed", "opened")]);
        let opened = stage.read("opened");
        assert_eq!(opened.len() % 65_536, 0, "padded");
        let without_padding: Vec<_> = opened.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(without_padding, expected.lines().collect::<Vec<_>>(), "{sdk:?}");
    }
}

/// The same owner's mistakes, which no SDK of AWS's finds: the enclave does, and asks KMS for no key that it can do without.
#[test]
fn messages_of_awss_sdk_that_the_policy_does_not_fit_are_refused() {
    let payments = Payments::sealed(Stage::new(), 300);
    let stage = &payments.stage;
    let enclave = payments.start_trusted_enclave();
    let good = input_context(&payments, "transactions-2026");
    let with = |key: &str, value: Option<&str>| {
        let mut context = good.clone();
        context.as_object_mut().unwrap().remove(key);
        if let Some(value) = value {
            context[key] = json!(value);
        }
        context
    };
    stage.write("aes", [7; 32]);
    let kms = format!("kms:{}", payments.key_arn);
    let raw = format!("aes:owner:key:{}", stage.path("aes").display());
    let other_key = format!(
        "kms:{}",
        stage.create_key(&key_policy(
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/operator"},"Action":"kms:Decrypt","Resource":"*"}"#
        ))
    );
    let other_digest = format!("sha384:{}", "0".repeat(96));
    // Refusal, Decrypt calls, key, suite, context.
    let cases = [
        ("policy-absent", 0, &kms, "0478", with("sealroom:policy-sha384", None)),
        ("policy-mismatch", 0, &kms, "0478", with("sealroom:policy-sha384", Some(&other_digest))),
        ("input-corrupt", 0, &kms, "0478", with("sealroom:kind", None)),
        ("input-corrupt", 0, &kms, "0178", good.clone()),
        ("input-corrupt", 0, &kms, "0378", good.clone()),
        ("key-not-allowed", 0, &raw, "0478", good.clone()),
        ("key-not-allowed", 0, &other_key, "0478", good.clone()),
        // What the context says of the dataset counts once the header is authentic; the token key is not asked for.
        ("policy-mismatch", 1, &kms, "0478", with("sealroom:dataset", Some("transactions-2025"))),
        ("input-corrupt", 1, &kms, "0478", with("sealroom:dataset", None)),
        ("input-corrupt", 1, &kms, "0478", with("sealroom:set", Some("00112233445566778899AABBCCDDEEFF"))),
        ("input-corrupt", 1, &kms, "0478", with("sealroom:part", Some("2/1"))),
        ("input-corrupt", 1, &kms, "0578", with("sealroom:field", Some("amount"))),
    ];
    let named = |index: usize| format!("case-{index}");
    let seal =
        |(index, case): (usize, &(_, _, &String, &str, Value))| sealing(stage, case.2, "in.ndjson", &named(index), case.3, 4096, &case.4);
    run(stage, "owner", &cases.iter().enumerate().map(seal).collect::<Vec<_>>());
    let by_operator = || stage.kms_requests().iter().filter(|request| request["principal"].to_string().contains("operator")).count();
    for (index, (code, calls, ..)) in cases.iter().enumerate() {
        println!("{index}: {code}");
        let before = by_operator();
        payments.refused_as(code, payments.submit_files(&enclave, "policy.toml", "job.toml", &named(index)).arg("--no-check"));
        assert_eq!(by_operator() - before, *calls, "calls to KMS");
    }
    succeed(&mut payments.submit(&enclave));
}
