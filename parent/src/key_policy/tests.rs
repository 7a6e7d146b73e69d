//! The evaluator against IAM's rules. Requests are those of one key in one account.

use super::*;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const OPERATOR: &str = "arn:aws:iam::111122223333:role/operator";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/operator/i-0123456789abcdef0";

fn policy(statements: &[String]) -> KeyPolicy {
    KeyPolicy::parse(&document(statements)).unwrap()
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn statement(effect: &str, principal: &str, action: &str, condition: &str) -> String {
    format!(r#"{{"Sid":"s","Effect":"{effect}","Principal":{principal},"Action":"{action}","Resource":"*","Condition":{{{condition}}}}}"#)
}

fn allow_operator(condition: &str) -> String {
    statement("Allow", &format!(r#"{{"AWS":"{OPERATOR}"}}"#), "kms:Decrypt", condition)
}

fn deny(condition: &str) -> String {
    statement("Deny", r#""*""#, "kms:Decrypt", condition)
}

fn request(context: RequestContext) -> Request {
    let principal = Principal::parse(SESSION).unwrap();
    Request { principal, action: "kms:Decrypt".to_owned(), key_arn: KEY.to_owned(), context }
}

fn pcr(digit: &str) -> String {
    digit.repeat(96)
}

fn attested(pcrs: &[(u8, &str)]) -> RequestContext {
    let pcrs: Vec<_> = pcrs.iter().map(|(index, digit)| (*index, pcr(digit))).collect();
    RequestContext::new().attested(pcrs.iter().map(|(index, hex)| (*index, hex.as_str())))
}

/// The whole table of IAM's rules for a key that is absent, equal or different.
#[test]
fn operators_hold_as_iam_says() {
    // operator, and whether it holds where the key is absent, equal ("Yes"), equal but for case ("yes"), different ("no").
    let table = [
        ("StringEquals", [false, true, false, false]),
        ("StringNotEquals", [true, false, true, true]),
        ("StringEqualsIgnoreCase", [false, true, true, false]),
        ("StringNotEqualsIgnoreCase", [true, false, false, true]),
        ("StringLike", [false, true, false, false]),
        ("StringNotLike", [true, false, true, true]),
        ("StringEqualsIfExists", [true, true, false, false]),
        ("StringNotEqualsIfExists", [true, false, true, true]),
        ("StringEqualsIgnoreCaseIfExists", [true, true, true, false]),
        ("StringNotEqualsIgnoreCaseIfExists", [true, false, false, true]),
        ("StringLikeIfExists", [true, true, false, false]),
        ("StringNotLikeIfExists", [true, false, true, true]),
        ("ForAnyValue:StringEquals", [false, true, false, false]),
        ("ForAllValues:StringEquals", [true, true, false, false]),
        ("ForAnyValue:StringNotEquals", [false, false, true, true]),
        ("ForAllValues:StringNotEquals", [true, false, true, true]),
        ("ForAnyValue:StringEqualsIfExists", [true, true, false, false]),
        ("ArnLike", [false, false, false, false]),
        ("ArnNotLike", [true, true, true, true]),
    ];
    for (operator, expected) in table {
        let policy = policy(&[allow_operator(&format!(r#""{operator}":{{"k:x":"Yes"}}"#))]);
        let contexts = [None, Some("Yes"), Some("yes"), Some("no")];
        let holds = contexts.map(|value| {
            let context = value.map_or_else(RequestContext::new, |value| RequestContext::new().with("k:x", value));
            policy.evaluate(&request(context)).is_allowed()
        });
        assert_eq!(holds, expected, "{operator}");
    }
}

#[test]
fn booleans_are_compared_without_case() {
    for (operator, value, expected) in [
        ("Bool", "true", [false, true, true, false]),
        ("Bool", "FALSE", [false, false, false, true]),
        ("BoolIfExists", "True", [true, true, true, false]),
    ] {
        let policy = policy(&[allow_operator(&format!(r#""{operator}":{{"k:x":"{value}"}}"#))]);
        let holds = [None, Some("true"), Some("TRUE"), Some("false")].map(|value| {
            let context = value.map_or_else(RequestContext::new, |value| RequestContext::new().with("k:x", value));
            policy.evaluate(&request(context)).is_allowed()
        });
        assert_eq!(holds, expected, "{operator} {value}");
    }
}

#[test]
fn null_asks_for_absence_or_presence() {
    for (value, absent, present) in [("true", true, false), ("false", false, true), ("TRUE", true, false), ("False", false, true)] {
        let policy = policy(&[allow_operator(&format!(r#""Null":{{"kms:RecipientAttestation:PCR0":"{value}"}}"#))]);
        assert_eq!(policy.evaluate(&request(RequestContext::new())).is_allowed(), absent);
        assert_eq!(policy.evaluate(&request(attested(&[(0, "a")]))).is_allowed(), present);
    }
}

#[test]
fn several_values_are_or_for_positive_and_nor_for_negated_operators() {
    let values = format!(r#"["{}","{}"]"#, pcr("a"), pcr("b"));
    let one_of = policy(&[allow_operator(&format!(r#""StringEquals":{{"kms:RecipientAttestation:PCR0":{values}}}"#))]);
    let none_of = policy(&[allow_operator(&format!(r#""StringNotEquals":{{"kms:RecipientAttestation:PCR0":{values}}}"#))]);
    for (digit, listed) in [("a", true), ("b", true), ("c", false)] {
        assert_eq!(one_of.evaluate(&request(attested(&[(0, digit)]))).is_allowed(), listed, "{digit}");
        assert_eq!(none_of.evaluate(&request(attested(&[(0, digit)]))).is_allowed(), !listed, "{digit}");
    }
}

#[test]
fn deny_of_several_pcrs_applies_only_where_all_differ() {
    let (pcr0, pcr1) = (pcr("a"), pcr("b"));
    let both =
        format!(r#""StringNotEqualsIgnoreCase":{{"kms:RecipientAttestation:PCR0":"{pcr0}","kms:RecipientAttestation:PCR1":"{pcr1}"}}"#);
    let policy = policy(&[allow_operator(""), deny(&both)]);
    let allowed = |context| policy.evaluate(&request(context)).is_allowed();
    assert!(allowed(attested(&[(0, "a"), (1, "b")])));
    assert!(allowed(attested(&[(0, "a"), (1, "f")])), "PCR1 differs, and yet the Deny does not apply");
    assert!(allowed(attested(&[(0, "f"), (1, "b")])), "PCR0 differs, and yet the Deny does not apply");
    assert!(!allowed(attested(&[(0, "f"), (1, "f")])));
    assert!(!allowed(RequestContext::new()), "an absent key makes a negated operator true");
}

#[test]
fn deny_of_each_pcr_on_its_own_applies_where_any_differs() {
    let one = |index: u8, digit: &str| {
        deny(&format!(r#""StringNotEqualsIgnoreCase":{{"kms:RecipientAttestation:PCR{index}":"{}"}}"#, pcr(digit)))
    };
    let policy = policy(&[allow_operator(""), one(0, "a"), one(1, "b")]);
    let outcome = |context| policy.evaluate(&request(context)).outcome;
    assert_eq!(outcome(attested(&[(0, "a"), (1, "b")])), Outcome::Allowed(0));
    assert_eq!(outcome(attested(&[(0, "a"), (1, "f")])), Outcome::ExplicitlyDenied(2));
    assert_eq!(outcome(attested(&[(0, "f"), (1, "b")])), Outcome::ExplicitlyDenied(1));
    assert_eq!(outcome(RequestContext::new()), Outcome::ExplicitlyDenied(1));
}

#[test]
fn explicit_deny_wins_wherever_it_stands() {
    for statements in [[deny(""), allow_operator("")], [allow_operator(""), deny("")]] {
        let outcome = policy(&statements).evaluate(&request(RequestContext::new())).outcome;
        assert!(matches!(outcome, Outcome::ExplicitlyDenied(_)), "{outcome:?}");
    }
}

#[test]
fn near_misses_tell_the_condition_and_both_values() {
    let condition = format!(r#""StringEqualsIgnoreCase":{{"kms:RecipientAttestation:PCR0":"{}"}}"#, pcr("A"));
    let policy = policy(&[allow_operator(&condition)]);
    assert!(policy.evaluate(&request(attested(&[(0, "a")]))).is_allowed());
    let evaluation = policy.evaluate(&request(attested(&[(0, "b")])));
    assert_eq!(evaluation.outcome, Outcome::NotAllowed);
    let near: Vec<_> = evaluation.near_misses().collect();
    let [(0, [failed])] = near.as_slice() else { panic!("{near:?}") };
    assert_eq!(failed.condition.values, [pcr("A")]);
    assert_eq!(failed.present.as_deref(), Some([pcr("b")].as_slice()));
    let without = policy.evaluate(&request(RequestContext::new()));
    assert_eq!(without.near_misses().next().unwrap().1[0].present, None);
}

#[test]
fn image_digest_is_pcr0() {
    let condition = format!(r#""StringEquals":{{"kms:RecipientAttestation:ImageSha384":"{}"}}"#, pcr("a"));
    let policy = policy(&[allow_operator(&condition)]);
    assert!(policy.evaluate(&request(attested(&[(0, "a")]))).is_allowed());
    assert!(!policy.evaluate(&request(attested(&[(1, "a")]))).is_allowed());
}

#[test]
fn names_of_condition_keys_have_no_case() {
    let policy = policy(&[allow_operator(r#""StringEquals":{"KMS:encryptioncontext:Sealroom:Kind":"input"}"#)]);
    let context = |value| RequestContext::new().encryption_context([("sealroom:kind", value)]);
    assert!(policy.evaluate(&request(context("input"))).is_allowed());
    assert!(!policy.evaluate(&request(context("INPUT"))).is_allowed());
}

#[test]
fn quantifiers_speak_of_every_or_any_key_of_the_encryption_context() {
    let all = policy(&[allow_operator(r#""ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}"#)]);
    let any = policy(&[allow_operator(r#""ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}"#)]);
    for (pairs, by_all, by_any) in [
        (vec![("a", "1")], true, true),
        (vec![("a", "1"), ("c", "2")], false, true),
        (vec![("c", "2")], false, false),
        (vec![], true, false),
    ] {
        let context = RequestContext::new().encryption_context(pairs.iter().copied());
        assert_eq!(all.evaluate(&request(context.clone())).is_allowed(), by_all, "{pairs:?}");
        assert_eq!(any.evaluate(&request(context)).is_allowed(), by_any, "{pairs:?}");
    }
}

#[test]
fn principals_match_as_iam_says() {
    let cases = [
        (r#""*""#, true),
        (r#"{"AWS":"*"}"#, true),
        (r#"{"AWS":"111122223333"}"#, true),
        (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, true),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/operator"}"#, true),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/service/operator"}"#, true),
        (r#"{"AWS":["arn:aws:iam::111122223333:role/owner","arn:aws:iam::111122223333:role/operator"]}"#, true),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/operator/i-0123456789abcdef0"}"#, true),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/operator/other"}"#, false),
        (r#"{"AWS":"arn:aws:iam::444455556666:root"}"#, false),
        (r#"{"AWS":"arn:aws:iam::444455556666:role/operator"}"#, false),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/operator"}"#, false),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/operator2"}"#, false),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/Operator"}"#, false),
        (r#"{"AWS":"AROAEXAMPLEID"}"#, false),
        (r#"{"Service":"ec2.amazonaws.com"}"#, false),
    ];
    for (principal, named) in cases {
        let policy = policy(&[statement("Allow", principal, "kms:Decrypt", "")]);
        assert_eq!(policy.evaluate(&request(RequestContext::new())).is_allowed(), named, "{principal}");
    }
}

#[test]
fn actions_match_with_wildcards_and_without_case() {
    for (action, covered) in
        [("kms:*", true), ("*", true), ("kms:Dec*", true), ("KMS:decrypt", true), ("kms:Encrypt", false), ("kms:De?rypt", true)]
    {
        let policy = policy(&[statement("Allow", r#""*""#, action, "")]);
        assert_eq!(policy.evaluate(&request(RequestContext::new())).is_allowed(), covered, "{action}");
    }
}

#[test]
fn not_action_covers_every_other_action() {
    let text = document(&[r#"{"Effect":"Allow","Principal":"*","NotAction":["kms:Encrypt","kms:Put*"],"Resource":"*"}"#.to_owned()]);
    let policy = KeyPolicy::parse(&text).unwrap();
    let allowed = |action: &str| policy.evaluate(&Request { action: action.to_owned(), ..request(RequestContext::new()) }).is_allowed();
    assert!(allowed("kms:Decrypt"));
    assert!(!allowed("kms:Encrypt"));
    assert!(!allowed("kms:PutKeyPolicy"));
}

#[test]
fn a_statement_about_another_key_does_not_apply() {
    let other = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000";
    let text = document(&[format!(r#"{{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"{other}"}}"#)]);
    let evaluation = KeyPolicy::parse(&text).unwrap().evaluate(&request(RequestContext::new()));
    assert_eq!(evaluation.statements, [StatementOutcome::OtherKey]);
    assert_eq!(evaluation.outcome, Outcome::NotAllowed);
}

#[test]
fn default_policy_admits_the_account_without_attestation() {
    let policy = KeyPolicy::parse(&KeyPolicy::default_text("111122223333")).unwrap();
    assert!(policy.evaluate(&request(RequestContext::new())).is_allowed());
}

#[test]
fn arns_that_are_no_callers_are_refused() {
    for arn in [
        "",
        "*",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::1111:role/x",
        "arn:aws:sts::111122223333:assumed-role/x",
        "arn:aws:kms::111122223333:key/x",
    ] {
        assert!(Principal::parse(arn).is_err(), "{arn}");
    }
}
