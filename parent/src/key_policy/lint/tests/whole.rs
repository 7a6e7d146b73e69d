//! What only the statements together show, what is not understood, and how findings are told.

use super::*;

#[test]
fn a_missing_deny_for_unattested_calls_is_found() {
    let without = changed(&[("StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase")]);
    assert_eq!(found(&without), [("unattested-not-denied", 3)]);
    // Denies that a call without a document gets past.
    for operator in ["ForAnyValue:StringNotEquals", "StringEqualsIfExists"] {
        let text = changed(&[(r#""StringNotEqualsIgnoreCase""#, &format!(r#""{operator}""#))]);
        let ids: Vec<_> = found(&text).into_iter().filter(|(id, _)| *id == "unattested-not-denied").collect();
        assert_eq!(ids.len(), usize::from(operator.starts_with("ForAny")), "{operator}");
    }
    let narrowed = changed(&[(
        r#""Condition": {"StringNotEquals"#,
        r#""Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}, "StringNotEquals"#,
    )]);
    assert_eq!(found(&narrowed), [("unattested-not-denied", 3)]);
    let others = changed(&[
        (r#""Principal": {"AWS": "*"}"#, r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}"#),
        (r#""Principal": "*""#, r#""Principal": {"AWS": "111122224444"}"#),
    ]);
    assert_eq!(found(&others), [("unattested-not-denied", 3)]);
    let key = r#""Action": "kms:Decrypt", "Resource": "arn:aws:kms:eu-central-1:111122223333:key/1","#;
    let another_key = changed(&[
        (r#""Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*","#, &format!(r#""Principal": "*", {key}"#)),
        (r#""Principal": "*", "Action": "kms:Decrypt", "Resource": "*","#, &format!(r#""Principal": "*", {key}"#)),
    ]);
    assert_eq!(found(&another_key), [("unattested-not-denied", 3)]);
}

#[test]
fn a_second_way_in_is_found_unless_the_deny_catches_it() {
    let without = changed(&[(
        r#""kms:Decrypt", "Resource": "*",
     "Condition": {"StringNot"#,
        r#""kms:GenerateDataKeyPair", "Resource": "*",
     "Condition": {"StringNot"#,
    )]);
    let second =
        r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/intern"}, "Action": "kms:Decrypt", "Resource": "*"}"#;
    let text = without.replace("\n  ]\n}", &format!(",\n{second}]}}"));
    assert_eq!(found(&text), [("unattested-not-denied", 3), ("unattested-allow", 7)]);
}

#[test]
fn a_principal_that_the_deny_leaves_out_is_a_note() {
    let exempt = r#""Condition": {"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/owner"}, "StringNot"#;
    let text = changed(&[(r#""Condition": {"StringNot"#, exempt)]);
    assert_eq!(found(&text), []);
    let decrypts = text.replace(r#"["kms:Encrypt","#, r#"["kms:Decrypt","#);
    let findings = lint(&decrypts).expect("a policy");
    assert_eq!((findings[0].rule.id, findings.len()), ("exempt-from-deny", 1));
    assert!(is_clean(&findings));
    let enclave = text.replace(
        "aws:PrincipalArn\": \"arn:aws:iam::111122223333:role/owner",
        "aws:PrincipalArn\": \"arn:aws:iam::111122223333:role/operator",
    );
    assert_eq!(found(&enclave), [("unattested-not-denied", 3)]);
}

/// The good policy as an output key's: the enclave makes data keys, a consumer opens.
fn of_an_output_key(text: &str) -> String {
    text.replace(r#"["kms:Encrypt", "kms:GenerateDataKey"]"#, r#""kms:De""#)
        .replace(r#""kms:Decrypt""#, r#""kms:GenerateDataKey""#)
        .replace("kms:De\"", "kms:Decrypt\"")
}

#[test]
fn encrypt_by_the_enclave_s_role_under_an_output_key_is_a_note() {
    assert_eq!(found(&of_an_output_key(&changed(&[]))), []);
    let findings = lint(&of_an_output_key(&allow(ENCLAVE, r#""kms:Encrypt""#))).expect("a policy");
    assert_eq!((findings[0].rule.id, findings.len()), ("encrypt-unattested", 1));
    assert!(is_clean(&findings));
}

#[test]
fn sealing_by_the_role_that_opens_in_the_image_is_found() {
    let session = r#""arn:aws:sts::111122223333:assumed-role/operator/i-0""#;
    for role in [ENCLAVE, session] {
        for action in ["kms:GenerateDataKey", "kms:Encrypt"] {
            assert_eq!(found(&allow(role, &format!(r#""{action}""#))), [("seal-unattested", 7)], "{role} {action}");
        }
        assert_eq!(found(&allow(role, r#"["kms:GenerateDataKey", "kms:Encrypt"]"#)), [("seal-unattested", 7); 2]);
    }
    // The owner's role and the enclave's are one.
    let one_role = changed(&[("role/owner", "role/operator")]);
    assert_eq!(found(&one_role), [("seal-unattested", 2); 2]);
    // Held to the image by Denies alone, it opens all the same.
    let bare = (
        r#",
     "Condition": {"StringEqualsIgnoreCase": {"PCR(0)": "A", "PCR(1)": "B", "PCR(2)": "C"}}"#,
        "",
    );
    assert_eq!(found(&changed(&[bare, ("role/owner", "role/operator")])), [("seal-unattested", 2); 2]);
}

#[test]
fn sealing_that_the_parent_cannot_do_or_cannot_use_is_not_found() {
    for action in ["kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyPair", "kms:DescribeKey"] {
        assert_eq!(found(&allow(ENCLAVE, &format!(r#""{action}""#))), [], "{action}");
    }
    let of_another = r#""arn:aws:iam::111122223333:role/second-owner""#;
    assert_eq!(found(&allow(of_another, r#"["kms:GenerateDataKey", "kms:Encrypt"]"#)), []);
    let denied = |action: &str, condition: &str| {
        let deny = format!(r#"{{"Effect": "Deny", "Principal": "*", "Action": "{action}", "Resource": "*"{condition}}}"#);
        allow(ENCLAVE, &format!(r#""{action}""#)).replace("\n]}", &format!(",\n{deny}]}}"))
    };
    assert_eq!(found(&denied("kms:Encrypt", "")), []);
    assert_eq!(found(&denied("kms:GenerateDataKey", "")), []);
    let on_thursdays = r#", "Condition": {"StringEquals": {"aws:RequestTag/day": "thursday"}}"#;
    assert_eq!(found(&denied("kms:Encrypt", on_thursdays)), [("seal-unattested", 7)]);
}

#[test]
fn null_and_bool_of_anything_but_true_and_false_are_no_condition() {
    let null = |value: &str| {
        let deny = |index: u8, digit: &str| {
            (
                format!(r#"{{"StringNotEqualsIgnoreCase": {{"PCR({index})": "{digit}"}}}}"#),
                format!(r#"{{"Null": {{"PCR({index})": "{value}"}}}}"#),
            )
        };
        let denies = [deny(0, "A"), deny(1, "B"), deny(2, "C")];
        changed(&denies.each_ref().map(|(from, to)| (from.as_str(), to.as_str())))
    };
    assert_eq!(found(&null("TRUE")), []);
    for value in ["maybe", "", "1"] {
        assert_eq!(found(&null(value)), [("unattested-not-denied", 3), ("not-understood", 0)], "{value}");
    }
    let bool = with(
        r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/x"}, "Action": "kms:DescribeKey", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "yes"}}}"#,
    );
    assert_eq!(found(&bool), [("not-understood", 0)]);
}

#[test]
fn a_policy_without_any_image_is_found() {
    let text = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/x"}, "Action": "kms:Decrypt", "Resource": "*"}}"#;
    assert_eq!(found(text), [("no-attestation", 0)]);
}

#[test]
fn what_is_not_understood_is_never_clean() {
    let statement = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/x"}, "Action": "kms:DescribeKey", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}"#;
    assert_eq!(found(&with(statement)), [("not-understood", 0)]);
    assert_eq!(found(&changed(&[(r#""Sid": "Deny0""#, r#""Sid": "Deny0", "NotResource": "*""#)])), [("not-understood", 0)]);
    for text in ["", "[]", "{}", r#"{"Statement": []}"#, r#"{"Statement": 1}"#, r#"{"Statement": [], "Statement": []}"#] {
        assert!(lint(text).is_err(), "{text}");
    }
}

#[test]
fn findings_stand_on_their_lines_with_attack_and_mend() {
    let findings = lint(&allow(ENCLAVE, r#""kms:CreateGrant""#).replace("\"Sid\": \"Admin\"", "\n\"Sid\": \"Admin\"")).expect("a policy");
    let text = findings[0].to_text("p.json");
    assert!(text.starts_with("p.json:18: error[create-grant] statement 7: kms:CreateGrant\n  attack: A grant"), "{text}");
    assert!(text.contains("\n  mend:   Take kms:CreateGrant out"), "{text}");
}

#[test]
fn a_sid_cannot_write_a_line_of_its_own() {
    let text = allow(ENCLAVE, r#""kms:CreateGrant""#).replacen(r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/operator"}, "Action": "kms:C"#, r#"{"Sid": "x\np.json: clean", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/operator"}, "Action": "kms:C"#, 1);
    let findings = lint(&text).expect("a policy");
    assert!(
        findings[0].to_text("p.json").contains(r"statement 7 (x\np.json: clean): kms:CreateGrant"),
        "{}",
        findings[0].to_text("p.json")
    );
}

#[test]
fn every_rule_is_documented_under_its_id() {
    let page = include_str!("../../../../../docs/key-policy.md");
    for rule in RULES {
        assert!(page.contains(&format!("| `{}` | {} |", rule.id, rule.severity)), "{}", rule.id);
        assert!(rule.attack.ends_with('.') && rule.mend.ends_with('.'), "{}", rule.id);
    }
}
