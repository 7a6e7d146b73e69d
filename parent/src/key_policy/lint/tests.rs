//! Every trap in a policy that is good but for it. The good policy is each trap's mend.

use super::*;

mod disguises;
mod whole;

const ENCLAVE: &str = r#""arn:aws:iam::111122223333:role/operator""#;

/// An input key's policy as a careful person writes it; `A`, `B` and `C` stand for PCRs.
const GOOD: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Admin", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/admin"},
     "Action": ["kms:DescribeKey", "kms:PutKeyPolicy"], "Resource": "*"},
    {"Sid": "Seal", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/owner"},
     "Action": ["kms:Encrypt", "kms:GenerateDataKey"], "Resource": "*"},
    {"Sid": "Open", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/operator"},
     "Action": "kms:Decrypt", "Resource": "*",
     "Condition": {"StringEqualsIgnoreCase": {"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}}},
    {"Sid": "Deny0", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*",
     "Condition": {"StringNotEqualsIgnoreCase": {"PCR(0)": "A"}}},
    {"Sid": "Deny1", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
     "Condition": {"StringNotEqualsIgnoreCase": {"PCR(1)": "B"}}},
    {"Sid": "Deny2", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
     "Condition": {"StringNotEqualsIgnoreCase": {"PCR(2)": "C"}}}
  ]
}"#;

/// The good policy with `changes`, each of which must fit it.
fn changed(changes: &[(&str, &str)]) -> String {
    let text = changes.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let text = ["A", "B", "C", "D", "E", "F"]
        .iter()
        .fold(text, |text, digit| text.replace(&format!(r#""{digit}""#), &format!(r#""{}""#, digit.to_lowercase().repeat(96))));
    text.replace("PCR(", "kms:RecipientAttestation:PCR").replace(r#")":"#, r#"":"#)
}

/// Ids and statements of what is found.
fn found(text: &str) -> Vec<(&'static str, usize)> {
    let findings = lint(text).expect("a policy");
    findings.iter().map(|finding| (finding.rule.id, finding.statement.unwrap_or(0))).collect()
}

/// Adds a statement before the others' end.
fn with(statement: &str) -> String {
    let end = changed(&[]).trim_end_matches("\n  ]\n}").to_owned();
    format!("{end},\n{statement}\n]}}")
}

fn allow(principal: &str, action: &str) -> String {
    with(&format!(r#"{{"Effect": "Allow", "Principal": {{"AWS": {principal}}}, "Action": {action}, "Resource": "*"}}"#))
}

#[test]
fn the_good_policy_is_clean() {
    assert_eq!(found(&changed(&[])), []);
    assert!(KeyPolicy::parse(&changed(&[])).is_ok());
}

#[test]
fn if_exists_is_found() {
    for operator in ["StringEqualsIgnoreCaseIfExists", "ForAllValues:StringEquals", "stringlikeifexists"] {
        assert_eq!(found(&changed(&[(r#""StringEqualsIgnoreCase""#, &format!(r#""{operator}""#))])), [("if-exists", 3)], "{operator}");
    }
    let null = changed(&[(
        r#""StringEqualsIgnoreCase": {"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}"#,
        r#""Null": {"PCR(0)": "true", "PCR(1)": "true", "PCR(2)": true}"#,
    )]);
    assert_eq!(found(&null), [("if-exists", 3)]);
}

#[test]
fn negated_operators_in_an_allow_are_found() {
    for operator in ["StringNotEqualsIgnoreCase", "StringNotLike", "StringNotEqualsIfExists"] {
        let text = changed(&[(
            r#""StringEqualsIgnoreCase": {"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}"#,
            &format!(r#""{operator}": {{"PCR(0)": "A"}}"#),
        )]);
        assert_eq!(found(&text), [("negated-allow", 3), ("incomplete-triple", 3)], "{operator}");
    }
}

#[test]
fn a_deny_of_several_pcrs_is_found() {
    let one = changed(&[(r#"{"PCR(0)": "A"}"#, r#"{"PCR(0)": "A", "PCR(1)": "B"}"#)]);
    assert_eq!(found(&one), [("deny-several-pcrs", 4)]);
    let two_operators = changed(&[(r#"{"PCR(0)": "A"}"#, r#"{"PCR(0)": "A"}, "StringNotEquals": {"PCR(2)": "C"}"#)]);
    assert_eq!(found(&two_operators), [("deny-several-pcrs", 4)]);
}

#[test]
fn crossed_lists_are_found() {
    let text =
        changed(&[(r#"{"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}"#, r#"{"PCR(0)": ["A", "D"], "PCR(1)": ["B", "E"], "PCR(2)": "C"}"#)]);
    assert_eq!(found(&text), [("crossed-lists", 3)]);
    // A list for one PCR crosses nothing.
    assert_eq!(found(&changed(&[(r#""PCR(1)": "B","#, r#""PCR(1)": ["B", "E"],"#)])), []);
}

#[test]
fn lists_of_denies_alone_cross_as_well() {
    let bare = (
        r#",
     "Condition": {"StringEqualsIgnoreCase": {"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}}"#,
        "",
    );
    assert_eq!(found(&changed(&[bare])), [], "one image, held by three Denies");
    let lists = [(r#"{"PCR(0)": "A"}"#, r#"{"PCR(0)": ["A", "D"]}"#), (r#"{"PCR(2)": "C"}"#, r#"{"PCR(2)": ["C", "F"]}"#)];
    assert_eq!(found(&changed(&lists)), [], "the Allow has one image alone");
    assert_eq!(found(&changed(&[&lists[..], &[bare]].concat())), [("crossed-lists", 3)]);
    assert_eq!(found(&changed(&[bare, (r#"{"PCR(2)": "C"}"#, r#"{"PCR(1)": "B"}"#)])), [("incomplete-triple", 3)]);
}

#[test]
fn the_account_s_kms_star_is_found() {
    for account in [r#""arn:aws:iam::111122223333:root""#, r#""111122223333""#] {
        assert_eq!(found(&allow(account, r#""kms:*""#)), [("root-everything", 7)]);
        assert_eq!(found(&allow(account, r#""kms:Decrypt""#)), [("root-everything", 7)]);
        assert_eq!(found(&allow(account, r#""kms:DescribeKey""#)), []);
    }
    assert_eq!(found(&KeyPolicy::default_text("111122223333")), [("root-everything", 1), ("no-attestation", 0)]);
}

#[test]
fn the_using_role_s_put_key_policy_is_found() {
    assert_eq!(found(&allow(ENCLAVE, r#""kms:PutKeyPolicy""#)), [("policy-by-user", 7)]);
    assert_eq!(found(&allow(r#""arn:aws:iam::111122223333:role/owner""#, r#""kms:PutKeyPolicy""#)), [("policy-by-user", 7)]);
    // Through its account, and through a session of the role.
    assert_eq!(found(&allow(r#""arn:aws:iam::111122223333:root""#, r#""kms:PutKeyPolicy""#)), [("policy-by-user", 7)]);
}

#[test]
fn re_encrypt_is_found() {
    assert_eq!(found(&allow(ENCLAVE, r#""kms:ReEncryptFrom""#)), [("re-encrypt", 7)]);
    assert_eq!(found(&allow(ENCLAVE, r#""kms:ReEncryptTo""#)), [("re-encrypt", 7)]);
    let denied = r#"{"Effect": "Deny", "Principal": "*", "Action": "kms:ReEncrypt*", "Resource": "*"}"#;
    let both = allow(ENCLAVE, r#""kms:ReEncryptFrom""#).replace("\n]}", &format!(",\n{denied}]}}"));
    assert_eq!(found(&both), [], "denied to everyone");
}

#[test]
fn create_grant_is_found() {
    assert_eq!(found(&allow(ENCLAVE, r#"["kms:DescribeKey", "kms:CreateGrant"]"#)), [("create-grant", 7)]);
}

#[test]
fn replicas_and_imported_material_are_found() {
    let admin = r#""arn:aws:iam::111122223333:role/admin""#;
    assert_eq!(found(&allow(admin, r#""kms:ReplicateKey""#)), [("moves-key", 7)]);
    assert_eq!(found(&allow(admin, r#""kms:ImportKeyMaterial""#)), [("moves-key", 7)]);
}

#[test]
fn pcrs_of_parent_and_signer_alone_are_found() {
    let text = changed(&[(r#"{"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}"#, r#"{"PCR(3)": "A", "PCR(4)": "B", "PCR(8)": "C"}"#)]);
    assert_eq!(found(&text), [("debug-satisfies", 3)]);
}

#[test]
fn pcr0_alone_is_found() {
    for (key, value) in [("PCR(0)", "A"), ("kms:RecipientAttestation:ImageSha384", "A")] {
        let text = changed(&[(r#"{"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}"#, &format!(r#"{{"{key}": "{value}"}}"#))]);
        assert_eq!(found(&text), [("incomplete-triple", 3)]);
    }
    assert_eq!(found(&changed(&[(r#""PCR(0)": "A", "#, "")])), [("incomplete-triple", 3)]);
}

#[test]
fn base64_for_hex_is_found_and_told_in_hex() {
    let base64 = "q".repeat(64); // 48 bytes
    let text = changed(&[(r#""PCR(0)": "A", "#, &format!(r#""PCR(0)": "{base64}", "#))]);
    let findings = lint(&text).expect("a policy");
    assert_eq!((findings[0].rule.id, findings.len()), ("pcr-not-hex", 1));
    assert!(findings[0].found.contains(&format!("in hex {}", "aaaaaa".repeat(16))), "{}", findings[0].found);
    assert_eq!(found(&changed(&[(r#""PCR(0)": "A", "#, r#""PCR(0)": "aabb", "#)])), [("pcr-not-hex", 3)]);
    let upper = changed(&[(r#""StringEqualsIgnoreCase""#, r#""StringEquals""#)]);
    assert_eq!(found(&upper), []);
    assert_eq!(found(&upper.replacen(&"a".repeat(96), &"A".repeat(96), 1)), [("pcr-not-hex", 3)]);
}

#[test]
fn zero_pcrs_are_found() {
    let text = changed(&[(r#""PCR(1)": "B", "#, &format!(r#""PCR(1)": "{}", "#, "0".repeat(96)))]);
    assert_eq!(found(&text), [("zero-pcr", 3)]);
}

#[test]
fn wildcards_are_found() {
    let open = r#""AWS": "arn:aws:iam::111122223333:role/operator""#;
    assert_eq!(found(&changed(&[(open, r#""AWS": "*""#)])), [("wildcard", 3)]);
    assert_eq!(
        found(&changed(&[(
            r#""Action": "kms:Decrypt", "Resource": "*",
     "Condition": {"StringEqualsIgnoreCase""#,
            r#""Action": "kms:Decr*", "Resource": "*",
     "Condition": {"StringEqualsIgnoreCase""#
        )])),
        [("wildcard", 3)]
    );
    let like = changed(&[(r#""StringEqualsIgnoreCase": {"PCR(0)": "A""#, r#""StringLike": {"PCR(0)": "a*""#)]);
    assert_eq!(found(&like), [("wildcard", 3)]);
    let role = changed(&[(open, r#""AWS": "arn:aws:iam::111122223333:role/oper*""#)]);
    assert!(found(&role).contains(&("wildcard", 3)));
    // What lists and describes lets nothing out.
    assert_eq!(found(&changed(&[(r#""kms:DescribeKey""#, r#""kms:List*""#)])), []);
}

#[test]
fn not_action_is_found() {
    let text = with(
        r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/auditor"}, "NotAction": ["kms:PutKeyPolicy", "kms:Decrypt"], "Resource": "*"}"#,
    );
    assert_eq!(found(&text), [("not-action", 7)]);
    let deny = with(r#"{"Effect": "Deny", "Principal": "*", "NotAction": "kms:Decrypt", "Resource": "*"}"#);
    assert_eq!(found(&deny), [("not-action", 7)]);
}

#[test]
fn not_principal_is_found_where_the_evaluator_refuses_it() {
    let text = changed(&[(r#""Principal": {"AWS": "*"}"#, r#""NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/owner"}"#)]);
    assert!(KeyPolicy::parse(&text).is_err());
    assert_eq!(found(&text), [("not-principal", 4)]);
}
