//! An owner who has AWS's own Encryption SDK and nothing of ours, and seals single fields with it: the enclave serves her.

mod contacts;

use contacts::{Contacts, SEALED, data_keys, parts_allowed};
use sealroom_testkit::stage::{succeed, text};
use serde_json::Value;

/// With the SDK's cache several values share a data key; without, each has its own. KMS is asked once for each.
#[test]
fn fields_sealed_by_awss_sdk_alone_are_opened_under_every_distinct_data_key() {
    let contacts = Contacts::new(24, parts_allowed);
    let stage = &contacts.stage;
    let digest = text(&succeed(stage.sealroom("owner").args(["policy", "digest"]).arg(&contacts.policy)).stdout);
    let enclave = contacts.start_trusted_enclave();
    for (values_per_key, expected) in [("10", 3 + 3 + 3 + 2 + 3), ("0", 24 + 24 + 24 + 20 + 22)] {
        let mut command = stage.python("owner", "esdk_fields.py");
        command.args([&contacts.key_arn, digest.trim(), "contacts", values_per_key]);
        succeed(command.arg(stage.path("in.ndjson")).arg(stage.path("sealed")).args(SEALED.split(',')));
        let distinct = data_keys(&contacts.sealed());
        assert_eq!(distinct.len(), expected, "values per key: {values_per_key}");

        let before = contacts.calls().len();
        let (statement, rows) = contacts.released(&enclave, &mut contacts.submit(&enclave, "all.toml", "sealed", None));
        assert_eq!(contacts.calls().len() - before, expected + 2, "each data key, the token key, the output's");
        assert_eq!(statement["kms_requests"].as_array().unwrap().len(), expected + 2);
        let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), contacts.records.len());
        for (mut row, record) in rows.into_iter().zip(&contacts.records) {
            assert!(row.as_object_mut().unwrap().remove("customer").unwrap().as_str().unwrap().starts_with("tok_"));
            assert_eq!(row, Contacts::row(record));
        }
    }
}
