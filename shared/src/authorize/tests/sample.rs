//! Samples: the same program as in the enclave, with keys of their own and, where asked for, without the minimum.

use super::*;
use crate::record::RecordRefused;

const RECORDS: &str =
    "{\"a\":1,\"d\":\"x\",\"customer\":\"p\"}\n{\"a\":1,\"d\":\"x\",\"customer\":\"p\"}\n{\"a\":2,\"d\":\"y\",\"customer\":\"q\"}\n";
const JOB: &str = "where = [{ field = \"a\", op = \"eq\", value = 1 }]\n[fields]\nd = { op = \"tokenize\" }\n";

fn sampled(terms: &str, body: &str, minimum: SampleMinimum) -> Result<String, RecordRefused> {
    let mut processor = allowed(terms, body).sample_processor(minimum).unwrap();
    let (mut worker, mut out) = (processor.worker(), Vec::new());
    worker.whole(processor.cutter(), RECORDS.as_bytes(), &mut out)?;
    processor.merge(worker.into_tally())?;
    processor.finish()?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn the_minimum_holds_unless_it_is_ignored() {
    assert_eq!(sampled(TERMS, JOB, SampleMinimum::Kept), Err(RecordRefused::TooFewPeople));
    assert_eq!(sampled(TERMS, JOB, SampleMinimum::Ignored).unwrap().lines().count(), 2);
    let both = JOB.replace("op = \"eq\", value = 1", "op = \"exists\"");
    assert_eq!(sampled(TERMS, &both, SampleMinimum::Kept).unwrap().lines().count(), 3);
}

#[test]
fn other_terms_hold_though_the_minimum_is_ignored() {
    let narrow = TERMS.replace("max_records = 100", "max_records = 1");
    assert_eq!(sampled(&narrow, JOB, SampleMinimum::Ignored), Err(RecordRefused::TooManyRecords));
}

#[test]
fn tokens_are_of_keys_that_no_two_samples_share_and_no_policy_knows() {
    let [one, other] = [(); 2].map(|()| sampled(TERMS, JOB, SampleMinimum::Ignored).unwrap());
    let lines: Vec<&str> = one.lines().collect();
    assert_eq!(lines.first(), lines.get(1), "equal values have equal tokens");
    assert_ne!(one, other);
    assert!(one.starts_with("{\"d\":\"tok_") && !one.contains("tok_01010101"), "{one}");
}

#[test]
fn sealed_fields_stand_in_the_clear() {
    let terms = TERMS.replace(
        "a = { keep = true, filter = { ops = [\"eq\", \"exists\"] } }",
        "a = { sealed = true, keep = true }\ncustomer = { sealed = true }",
    );
    let sealed: String = terms
        .lines()
        .map(|line| {
            line.replace("mask = ", "sealed = true, mask = ")
                .replace("truncate = ", "sealed = true, truncate = ")
                .replace("tokenize = ", "sealed = true, tokenize = ")
                + "\n"
        })
        .collect();
    let text = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         input = {{ format = \"ndjson\", form = \"fields\", on_error = \"fail\" }}\n{sealed}"
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let plan = super::super::job(&policy, &job("[fields]\nd = { op = \"tokenize\" }\na = { op = \"keep\" }\n"), NOW).unwrap();
    assert_eq!(
        plan.fields_read().map(|(name, sealed)| (name.to_string(), sealed)).collect::<Vec<_>>(),
        [("d".to_owned(), true), ("a".to_owned(), true)]
    );
    let processor = plan.sample_processor(SampleMinimum::Kept).unwrap();
    let mut out = Vec::new();
    processor.worker().whole(processor.cutter(), b"{\"a\":\"x\",\"d\":\"y\"}\n", &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().ends_with("\"a\":\"x\"}\n"));
}
