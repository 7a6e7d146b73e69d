//! The simulator on hand-written policies: what it sees, and that it takes the worst case.

use super::*;
use crate::key_policy::attested_key;

const ENCLAVE: &str = "arn:aws:iam::111122223333:role/operator";

fn hex(digit: char) -> String {
    digit.to_string().repeat(96)
}

fn image(digits: &str) -> Measurements {
    let members: Vec<String> = digits.chars().enumerate().map(|(index, digit)| format!(r#""PCR{index}":"{}""#, hex(digit))).collect();
    Measurements::from_nitro_cli(&format!(r#"{{"Measurements":{{{}}}}}"#, members.join(","))).expect("measurements")
}

fn lists(operator: &str, pcrs: &[(u8, &str)]) -> String {
    let keys: Vec<String> = pcrs
        .iter()
        .map(|(index, digits)| {
            let values: Vec<String> = digits.chars().map(|digit| format!("\"{}\"", hex(digit))).collect();
            format!(r#""{}":[{}]"#, attested_key::name(*index), values.join(","))
        })
        .collect();
    format!(r#""{operator}":{{{}}}"#, keys.join(","))
}

fn statement(effect: &str, principal: &str, action: &str, condition: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Principal":{{"AWS":"{principal}"}},"Action":"{action}","Resource":"*","Condition":{{{condition}}}}}"#)
}

fn policy(statements: &[String]) -> KeyPolicy {
    KeyPolicy::parse(&format!(r#"{{"Statement":[{}]}}"#, statements.join(","))).expect("a policy")
}

fn cell(policy: &KeyPolicy, operation: &str, case: Case) -> Cell {
    let caller = Principal::parse(ENCLAVE).expect("a caller");
    Simulation::new(policy, &image("abc"), None).cell(&caller, operation, case).expect("a cell")
}

#[test]
fn a_deny_of_several_pcrs_lets_another_image_through() {
    let allow = statement("Allow", ENCLAVE, "kms:Decrypt", "");
    let together = policy(&[allow.clone(), statement("Deny", "*", "kms:Decrypt", &lists("StringNotEquals", &[(0, "a"), (1, "b")]))]);
    let another = cell(&together, "kms:Decrypt", Case::AnotherImage);
    assert!(another.allowed);
    assert_eq!(another.document, "PCR0 alone differs");
    let deny = |index, digit: &str| statement("Deny", "*", "kms:Decrypt", &lists("StringNotEquals", &[(index, digit)]));
    let apart = policy(&[allow, deny(0, "a"), deny(1, "b"), deny(2, "c")]);
    let another = cell(&apart, "kms:Decrypt", Case::AnotherImage);
    assert!(!another.allowed);
    assert_eq!(another.statement, Some(2));
    assert!(cell(&apart, "kms:Decrypt", Case::ThisImage).allowed);
}

#[test]
fn crossed_lists_let_a_mixture_through_and_one_allow_an_image_does_not() {
    let positive = "StringEqualsIgnoreCase";
    let crossed = policy(&[statement("Allow", ENCLAVE, "kms:Decrypt", &lists(positive, &[(0, "ad"), (1, "be"), (2, "cf")]))]);
    let another = cell(&crossed, "kms:Decrypt", Case::AnotherImage);
    assert!(another.allowed);
    assert_eq!(another.document, "PCR0 of another listed image");
    let one_each = policy(&[
        statement("Allow", ENCLAVE, "kms:Decrypt", &lists(positive, &[(0, "a"), (1, "b"), (2, "c")])),
        statement("Allow", ENCLAVE, "kms:Decrypt", &lists(positive, &[(0, "d"), (1, "e"), (2, "f")])),
    ]);
    assert!(!cell(&one_each, "kms:Decrypt", Case::AnotherImage).allowed);
}

#[test]
fn debug_and_another_image_have_the_signer_that_the_policy_wants() {
    let by_signer = policy(&[statement("Allow", ENCLAVE, "kms:Decrypt", &lists("StringEquals", &[(8, "d")]))]);
    assert!(cell(&by_signer, "kms:Decrypt", Case::Debug).allowed);
    assert!(cell(&by_signer, "kms:Decrypt", Case::AnotherImage).allowed);
    assert!(!cell(&by_signer, "kms:Decrypt", Case::Unattested).allowed);
}

#[test]
fn operations_without_a_recipient_have_no_attested_cells() {
    let all = policy(&[statement("Allow", ENCLAVE, "kms:*", "")]);
    let caller = Principal::parse(ENCLAVE).expect("a caller");
    let simulation = Simulation::new(&all, &image("abc"), None);
    for row in simulation.rows(&caller) {
        assert!(row.cells[0].as_ref().is_some_and(|cell| cell.allowed), "{}", row.operation);
        let takes_document = ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair"].contains(&row.operation);
        assert!(row.cells[1..].iter().all(|cell| cell.is_some() == takes_document), "{}", row.operation);
    }
}

#[test]
fn encryption_context_is_what_the_policy_asks_for_unless_given() {
    let bound = policy(&[statement("Allow", ENCLAVE, "kms:Encrypt", r#""StringEquals":{"kms:EncryptionContext:a:b":["1","2"]}"#)]);
    assert!(cell(&bound, "kms:Encrypt", Case::Unattested).allowed);
    let caller = Principal::parse(ENCLAVE).expect("a caller");
    let other = BTreeMap::from([("a:b".to_owned(), "3".to_owned())]);
    for context in [other, BTreeMap::new()] {
        let denied = Simulation::new(&bound, &image("abc"), Some(context)).cell(&caller, "kms:Encrypt", Case::Unattested).expect("a cell");
        assert!(!denied.allowed);
        assert!(denied.why[0].starts_with("statement 1: StringEquals kms:EncryptionContext:a:b"), "{:?}", denied.why);
    }
}

#[test]
fn people_are_those_of_the_policy_and_strangers() {
    let named = policy(&[
        statement("Allow", ENCLAVE, "kms:Decrypt", ""),
        statement("Allow", "arn:aws:iam::444455556666:root", "kms:*", ""),
        statement("Deny", "*", "kms:Decrypt", ""),
    ]);
    let given = Principal::parse("arn:aws:iam::111122223333:user/intern").expect("a caller");
    let people: Vec<(String, Role)> =
        Person::all(&named, &[given.clone(), given]).into_iter().map(|person| (person.principal.arn().to_owned(), person.role)).collect();
    let expected = [
        (ENCLAVE, Role::Named),
        ("arn:aws:iam::111122223333:user/intern", Role::Given),
        ("arn:aws:iam::111122223333:role/a-stranger", Role::StrangerOfTheAccount),
        ("arn:aws:iam::444455556666:role/a-stranger", Role::StrangerOfTheAccount),
        ("arn:aws:iam::999999999999:role/a-stranger", Role::StrangerOfAnotherAccount),
    ];
    assert_eq!(people, expected.map(|(arn, role)| (arn.to_owned(), role)));
}

#[test]
fn a_resource_that_is_no_star_is_about_this_key_where_it_allows_and_not_where_it_denies() {
    let one_key = "arn:aws:kms:us-east-1:111122223333:key/1";
    for resource in [one_key, "arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:us-east-1:111122223333:key/?"] {
        let at = |statement: String| statement.replace(r#""Resource":"*""#, &format!(r#""Resource":"{resource}""#));
        let allow = statement("Allow", ENCLAVE, "kms:Decrypt", "");
        let deny = statement("Deny", "*", "kms:Decrypt", "");
        assert!(cell(&policy(&[at(allow.clone())]), "kms:Decrypt", Case::Unattested).allowed, "{resource}");
        assert!(cell(&policy(&[allow.clone(), at(deny.clone())]), "kms:Decrypt", Case::Unattested).allowed, "{resource}");
        assert!(!cell(&policy(&[at(allow), deny]), "kms:Decrypt", Case::Unattested).allowed, "{resource}");
    }
}

#[test]
fn whom_conditions_speak_of_is_asked_about() {
    for arn in ["arn:aws:iam::222233334444:role/intern", "arn:aws:iam::222233334444:role/int*", "arn:aws:iam::*:role/?ntern"] {
        let condition = format!(r#""ArnLike":{{"aws:PrincipalArn":"{arn}"}}"#);
        let policy = policy(&[statement("Allow", "*", "kms:Decrypt", &condition)]);
        let simulation = Simulation::new(&policy, &image("abc"), None);
        let allowed = |person: &Person| simulation.allows(&person.principal, "kms:Decrypt", Case::Unattested) == Some(true);
        let people = Person::all(&policy, &[]);
        assert_eq!(people.iter().filter(|person| allowed(person)).count(), 1, "{people:?}");
    }
}

#[test]
fn conditions_that_no_simulated_request_has_are_said() {
    let condition =
        r#""StringEquals":{"kms:ViaService":"x","AWS:PrincipalArn":"y","kms:EncryptionContext:a":"b"},"StringLike":{"KMS:viaservice":"z"}"#;
    let policy = policy(&[statement("Allow", ENCLAVE, "kms:Decrypt", condition)]);
    assert_eq!(keys_not_simulated(&policy), ["kms:ViaService"]);
    assert!(table(&policy, &[]).contains("NOT SIMULATED: conditions on kms:ViaService;"));
}

#[test]
fn the_deny_s_exception_holds_for_sessions_of_the_role() {
    let condition = format!(r#"{},"ArnNotEquals":{{"aws:PrincipalArn":"{ENCLAVE}"}}"#, lists("StringNotEquals", &[(0, "a")]));
    let policy = policy(&[statement("Allow", "*", "kms:Decrypt", ""), statement("Deny", "*", "kms:Decrypt", &condition)]);
    let simulation = Simulation::new(&policy, &image("abc"), None);
    for (caller, allowed) in [
        ("arn:aws:sts::111122223333:assumed-role/operator/session", true),
        ("arn:aws:sts::111122223333:assumed-role/other/session", false),
        ("arn:aws:sts::444455556666:assumed-role/operator/session", false),
    ] {
        let cell = simulation.cell(&Principal::parse(caller).expect("a caller"), "kms:Decrypt", Case::Unattested).expect("a cell");
        assert_eq!(cell.allowed, allowed, "{caller}");
    }
}

#[test]
fn the_table_names_the_case_and_the_statement() {
    let policy = policy(&[statement("Allow", ENCLAVE, "kms:Decrypt", &lists("StringEquals", &[(0, "ad"), (1, "be"), (2, "c")]))]);
    let simulation = Simulation::new(&policy, &image("abc"), None);
    let people: Vec<_> = Person::all(&policy, &[]).into_iter().map(|person| (person.clone(), simulation.rows(&person.principal))).collect();
    let table = table(&policy, &people);
    assert!(table.contains("unattested     this image     another image  debug"), "{table}");
    assert!(table.contains("kms:Decrypt                         denied         allowed 1      allowed 1      denied"), "{table}");
    assert!(table.contains("another image: allowed where PCR0 of another listed image"), "{table}");
    assert!(table.contains("(a stranger of another account)"), "{table}");
}
