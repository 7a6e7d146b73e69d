//! Tests of the decision: what a policy allows and what it does not.
#![allow(clippy::unwrap_used, clippy::string_slice, clippy::panic, reason = "tests")]

use super::*;
use crate::policy::OutsideValidity;

mod beside;
mod sample;
mod whole;

const NOW: UnixMillis = UnixMillis(1_780_000_000_000);

fn policy(terms: &str) -> Policy {
    let text = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         input = {{ format = \"ndjson\", on_error = \"fail\" }}\n{terms}"
    );
    Policy::parse(text.as_bytes()).unwrap()
}

fn job(body: &str) -> Job {
    Job::parse(format!("version = 1\nkind = \"records\"\n{body}").as_bytes()).unwrap()
}

const TERMS: &str = r#"
release.records = { max_records = 100 }
people = { field = "customer", min = 2 }
[fields]
a = { keep = true, filter = { ops = ["eq", "exists"] } }
b = { mask = { keep_last_max = 4 } }
c = { truncate = { keep_first_max = 3 } }
d = { tokenize = { domain = "one" } }
e = { tokenize = { domain = "two" }, keep = false }
f = {}
[tokens]
one = { check = "0101010101010101010101010101010101010101010101010101010101010101" }
two = { check = "0202020202020202020202020202020202020202020202020202020202020202" }
three = { check = "0303030303030303030303030303030303030303030303030303030303030303" }
"#;

fn breach(terms: &str, body: &str) -> (u32, String, Breach) {
    let refused = super::job(&policy(terms), &job(body), NOW).unwrap_err();
    (refused.line, refused.field, refused.breach)
}

fn allowed(terms: &str, body: &str) -> Plan {
    super::job(&policy(terms), &job(body), NOW).unwrap()
}

fn rows(plan: &Plan) -> &PlannedRows {
    match &plan.work {
        Work::Rows(rows) => rows,
        Work::Groups(_) | Work::Discovery(_) => panic!("a records job"),
    }
}

#[test]
fn a_job_within_the_terms_is_allowed() {
    let plan = allowed(
        TERMS,
        "where = [{ field = \"a\", op = \"eq\", value = 1 }]\n[fields]\na = { op = \"keep\" }\nx = { from = \"b\", op = \"mask\", keep_last = 4 }\n\
         c = { op = \"truncate\", keep_first = 3 }\nd = { op = \"tokenize\" }\n",
    );
    assert_eq!(plan.token_domains().collect::<Vec<_>>(), ["one"]);
    assert_eq!(plan.token_checks.get("one").unwrap().to_string(), "01".repeat(32));
    assert_eq!(rows(&plan).people.as_ref().map(|(field, min)| (field.name.as_str(), *min)), Some(("customer", 2)));
    assert_eq!(rows(&allowed(TERMS, "[fields]\na = { op = \"keep\" }\n")).people, None);
}

#[test]
fn a_job_may_ask_for_less_than_the_bound_and_never_for_more() {
    for (column, expected) in [
        ("b = { op = \"mask\", keep_last = 0 }", None),
        ("b = { op = \"mask\" }", None),
        ("b = { op = \"mask\", keep_last = 5 }", Some(("keep_last", "keep_last_max", 4))),
        ("c = { op = \"truncate\", keep_first = 0 }", None),
        ("c = { op = \"truncate\", keep_first = 4 }", Some(("keep_first", "keep_first_max", 3))),
    ] {
        let body = format!("[fields]\n{column}\n");
        match expected {
            None => drop(allowed(TERMS, &body)),
            Some((parameter, bound, most)) => {
                assert_eq!(breach(TERMS, &body), (4, column[..1].to_owned(), Breach::OverBound { parameter, bound, most }));
            }
        }
    }
}

#[test]
fn operations_and_fields_that_the_policy_does_not_name_are_refused() {
    for (column, expected) in [
        ("b = { op = \"keep\" }", Breach::OperationNotPermitted("keep")),
        ("a = { op = \"mask\" }", Breach::OperationNotPermitted("mask")),
        ("a = { op = \"tokenize\" }", Breach::OperationNotPermitted("tokenize")),
        ("b = { op = \"truncate\", keep_first = 0 }", Breach::OperationNotPermitted("truncate")),
        ("e = { op = \"keep\" }", Breach::OperationNotPermitted("keep")),
        ("f = { op = \"keep\" }", Breach::OperationNotPermitted("keep")),
        ("z = { op = \"keep\" }", Breach::FieldNotNamed),
        ("a = { op = \"keep\", from = \"z\" }", Breach::FieldNotNamed),
        ("a = { op = \"keep\", from = \"b\" }", Breach::OperationNotPermitted("keep")),
        ("A = { op = \"keep\" }", Breach::FieldNotNamed),
    ] {
        assert_eq!(breach(TERMS, &format!("[fields]\n{column}\n")).2, expected, "{column}");
    }
}

#[test]
fn a_field_feeds_one_column_and_drop_feeds_none() {
    let twice = "[fields]\na = { op = \"keep\" }\nb = { op = \"mask\" }\nagain = { from = \"a\", op = \"keep\" }\n";
    assert_eq!(breach(TERMS, twice), (6, "a".to_owned(), Breach::FieldReleasedTwice));
    let with_drop = "[fields]\nz = { op = \"drop\" }\na = { op = \"keep\" }\nagain = { from = \"a\", op = \"drop\" }\n";
    assert_eq!(rows(&allowed(TERMS, with_drop)).columns.len(), 1);
}

#[test]
fn conditions_need_their_permission_and_a_minimum_of_people() {
    let columns = "[fields]\nb = { op = \"mask\" }\n";
    for (condition, expected) in [
        ("{ field = \"a\", op = \"ne\", value = 1 }", Breach::ConditionNotPermitted("ne")),
        ("{ field = \"a\", op = \"in\", value = [1] }", Breach::ConditionNotPermitted("in")),
        ("{ field = \"b\", op = \"exists\" }", Breach::ConditionNotPermitted("exists")),
        ("{ field = \"z\", op = \"exists\" }", Breach::FieldNotNamed),
    ] {
        let body = format!("where = [{{ field = \"a\", op = \"exists\" }},\n{condition}]\n{columns}");
        assert_eq!(breach(TERMS, &body), (4, condition[11..12].to_owned(), expected));
    }
    let without_people = TERMS.replace("people = ", "# ");
    let body = format!("where = [{{ field = \"a\", op = \"exists\" }}]\n{columns}");
    assert_eq!(breach(&without_people, &body).2, Breach::ConditionWithoutPeople);
    drop(allowed(&without_people, columns));
    drop(allowed(TERMS, &body));
}

#[test]
fn without_a_manifest_a_job_has_to_read_a_sealed_value() {
    let policy = |whole: bool| {
        let text = format!(
            "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
             recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
             input = {{ format = \"ndjson\", form = \"fields\", on_error = \"fail\", whole = {whole} }}\n\
             release.records = {{ max_records = 100 }}\n[fields.open]\nkeep = true\n[fields.card]\nsealed = true\nkeep = true\n"
        );
        Policy::parse(text.as_bytes()).unwrap()
    };
    let decided = |whole: bool, body: &str| super::job(&policy(whole), &job(body), NOW).err().map(|refused| refused.breach);
    for body in ["[fields]\nopen = { op = \"keep\" }\n", "[fields]\nopen = { op = \"keep\" }\ncard = { op = \"drop\" }\n"] {
        assert_eq!(decided(false, body), Some(Breach::NothingSealed), "{body}");
        assert_eq!(decided(true, body), None, "{body}");
    }
    assert_eq!(decided(false, "[fields]\nopen = { op = \"keep\" }\ncard = { op = \"keep\" }\n"), None);
}

#[test]
fn without_release_of_records_there_are_none() {
    let terms = TERMS.replace("release.records = { max_records = 100 }", "release.counts = true");
    assert_eq!(breach(&terms, "[fields]\na = { op = \"keep\" }\n"), (0, String::new(), Breach::NoRowRelease));
}

#[test]
fn time_outside_the_policy_is_refused() {
    let job = job("[fields]\na = { op = \"keep\" }\n");
    for (time, expected) in
        [("not_before = 2099-01-01T00:00:00Z", OutsideValidity::NotYet), ("not_after = 2020-01-01T00:00:00Z", OutsideValidity::Expired)]
    {
        let policy = policy(&format!("{time}\n{TERMS}"));
        assert_eq!(super::job(&policy, &job, NOW).unwrap_err().breach, Breach::Validity(expected));
        assert_eq!(policy.still_valid(NOW), Err(expected));
    }
}

#[test]
fn a_policy_that_lists_its_jobs_allows_no_other() {
    let body = "[fields]\na = { op = \"keep\" }\n";
    let listed = |digest| format!("jobs = [\"{digest}\"]\n{TERMS}");
    drop(allowed(&listed(job(body).digest()), body));
    let other = job(&format!("{body}# a comment\n")).digest();
    assert_eq!(breach(&listed(other), body), (0, String::new(), Breach::JobNotListed));
}

#[test]
fn a_processor_needs_the_keys_that_fit() {
    let key = |byte| TokenKey::from_bytes([byte; 32]);
    let terms = TERMS.replace(&"01".repeat(32), &key(1).check_value("one").to_string());
    let plan = allowed(&terms, "[fields]\nd = { op = \"tokenize\" }\n");
    let with =
        |keys: Vec<(&str, TokenKey)>| plan.processor(&keys.into_iter().map(|(domain, key)| (domain.to_owned(), key)).collect()).map(drop);
    assert_eq!(with(vec![]), Err(TokenKeyRefused::Missing));
    assert_eq!(with(vec![("two", key(1))]), Err(TokenKeyRefused::Missing));
    assert_eq!(with(vec![("one", key(2))]), Err(TokenKeyRefused::Mismatch));
    assert_eq!(with(vec![("one", key(1))]), Ok(()));
    assert_eq!(with(vec![("one", key(1)), ("two", key(9))]), Ok(()));
    assert_eq!(allowed(&terms, "[fields]\na = { op = \"keep\" }\n").processor(&BTreeMap::new()).map(drop), Ok(()));
}

#[test]
fn a_refusal_says_line_field_and_rule() {
    let refused = super::job(&policy(TERMS), &job("[fields]\nb = { op = \"mask\", keep_last = 9 }\n"), NOW).unwrap_err();
    assert_eq!(refused.to_string(), "line 4: field \"b\": `keep_last` is beyond the policy's `keep_last_max = 4`");
}
