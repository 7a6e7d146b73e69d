//! Policies that look held to an image and are not: each was clean once.

use super::*;

const BARE: (&str, &str) = (
    r#",
     "Condition": {"StringEqualsIgnoreCase": {"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}}"#,
    "",
);

/// The good policy's Denies, each with another condition on its PCR.
fn denies(of: impl Fn(&str, &str) -> String) -> [(String, String); 3] {
    [("0", "A"), ("1", "B"), ("2", "C")]
        .map(|(index, digit)| (format!(r#"{{"StringNotEqualsIgnoreCase": {{"PCR({index})": "{digit}"}}}}"#), of(index, digit)))
}

fn rewritten(first: (&str, &str), denies: &[(String, String)]) -> String {
    let denies = denies.iter().map(|(from, to)| (from.as_str(), to.as_str()));
    changed(&[first].into_iter().chain(denies).collect::<Vec<_>>())
}

#[test]
fn the_mere_presence_of_a_document_is_no_image() {
    let present = (
        r#""StringEqualsIgnoreCase": {"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}"#,
        r#""Null": {"PCR(0)": "false", "PCR(1)": "false", "PCR(2)": "false"}"#,
    );
    assert_eq!(found(&changed(&[present])), [("debug-satisfies", 3)]);
    let absent = |index: &str, _: &str| format!(r#"{{"Null": {{"PCR({index})": "true"}}}}"#);
    assert_eq!(found(&rewritten(present, &denies(absent))), [("debug-satisfies", 3)]);
    assert_eq!(found(&rewritten(("\"Sid\": \"Open\", ", ""), &denies(absent))), [], "the Allow names the image itself");
}

#[test]
fn denies_of_unattested_calls_alone_tell_no_image() {
    let absent = |index: &str, _: &str| format!(r#"{{"Null": {{"PCR({index})": "true"}}}}"#);
    let if_exists = |index: &str, digit: &str| format!(r#"{{"StringEqualsIfExists": {{"PCR({index})": "{digit}"}}}}"#);
    for text in [rewritten(BARE, &denies(absent)), rewritten(BARE, &denies(if_exists))] {
        assert_eq!(found(&text), [("incomplete-triple", 3)], "{text}");
    }
    let together = changed(&[BARE, (r#"{"PCR(0)": "A"}"#, r#"{"PCR(0)": "A"}, "Null": {"PCR(1)": "true"}"#)]);
    assert_eq!(found(&together), [("incomplete-triple", 3), ("deny-several-pcrs", 4)]);
}

#[test]
fn a_deny_for_every_service_denies_no_role() {
    for kind in ["Service", "Federated"] {
        let services = changed(&[
            (r#""Principal": {"AWS": "*"}"#, &format!(r#""Principal": {{"{kind}": "*"}}"#)),
            (r#""Principal": "*""#, &format!(r#""Principal": {{"{kind}": "*"}}"#)),
        ]);
        assert_eq!(found(&services), [("unattested-not-denied", 3)], "{kind}");
    }
    let grant = allow(ENCLAVE, r#""kms:CreateGrant""#);
    let deny = r#"{"Effect": "Deny", "Principal": {"Service": "*"}, "Action": "kms:CreateGrant", "Resource": "*"}"#;
    assert_eq!(found(&grant.replace("\n]}", &format!(",\n{deny}]}}"))), [("create-grant", 7)]);
}

#[test]
fn the_enclave_s_role_does_not_decrypt_an_output_key_unattested() {
    let output =
        changed(&[(r#""kms:Decrypt""#, r#""kms:GenerateDataKey""#), (r#"["kms:Encrypt", "kms:GenerateDataKey"]"#, r#""kms:Decrypt""#)]);
    assert_eq!(found(&output), [], "the consumer is another role");
    for operator in [ENCLAVE, r#""arn:aws:sts::111122223333:assumed-role/operator/i-0""#] {
        let text = output.replace(r#""arn:aws:iam::111122223333:role/owner""#, operator);
        assert_eq!(found(&text), [("decrypt-unattested", 2)], "{operator}");
    }
}

#[test]
fn a_session_of_the_using_role_does_not_replace_the_policy() {
    let session = r#""arn:aws:sts::111122223333:assumed-role/operator/i-0""#;
    assert_eq!(found(&allow(session, r#""kms:PutKeyPolicy""#)), [("policy-by-user", 7)]);
    assert_eq!(found(&allow(&session.replace("operator", "admin"), r#""kms:PutKeyPolicy""#)), []);
}

#[test]
fn whom_a_deny_leaves_out_is_read_as_iam_reads_it() {
    let except = |operator: &str, value: &str| {
        let exception = format!(r#""Condition": {{"{operator}": {{"aws:PrincipalArn": "{value}"}}, "StringNotEquals""#);
        changed(&[(r#""Condition": {"StringNotEqualsIgnoreCase""#, &exception)])
    };
    assert_eq!(found(&except("StringNotEqualsIgnoreCase", "ARN:aws:iam::111122223333:ROLE/Operator")), [("unattested-not-denied", 3)]);
    for like in ["StringNotLike", "ArnNotEquals"] {
        let of_others = found(&except(like, "arn:aws:iam::111122223333:role/own*"));
        assert_eq!(of_others, [("wildcard", 4), ("wildcard", 5), ("wildcard", 6)], "{like}");
    }
    let everybody = changed(&[BARE]).replace(
        r#""Condition": {"StringNot"#,
        r#""Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/operator"}, "StringNot"#,
    );
    assert_eq!(found(&everybody), [("exempt-from-deny", 3), ("no-attestation", 0)], "nobody else may decrypt");
}

#[test]
fn shared_secrets_are_looked_at_as_data_keys_are() {
    let text = allow(ENCLAVE, r#""kms:DeriveSharedSecret""#);
    assert_eq!(found(&text), [], "not of this key");
    assert_eq!(found(&text.replace("kms:Decrypt", "kms:GenerateMac")), [("no-attestation", 0)]);
    assert_eq!(found(&changed(&[(r#""kms:Decrypt""#, r#""kms:DeriveSharedSecret""#)])), []);
}
