//! Tests of rows: bad records and bounds, of one worker and of several.

use super::{processor, rows};
use crate::limits;
use crate::record::{Counts, JsonError, RecordRefused};

#[test]
fn rows_beyond_the_policys_number_refuse_the_job() {
    let job = "[fields]\na = { op = \"keep\" }\n";
    for on_error in ["fail", "skip"] {
        let terms = format!("release.records.max_records = 2\ninput = {{ format = \"ndjson\", on_error = \"{on_error}\" }}");
        assert!(rows(job, &terms, &["{}", "{}"]).is_ok());
        assert_eq!(rows(job, &terms, &["{}", "{}", "{}"]).err(), Some(RecordRefused::TooManyRecords));
    }
    let held_back = "where = [{ field = \"a\", op = \"eq\", value = 1 }]\n[fields]\na = { op = \"keep\" }\n";
    assert!(rows(held_back, "release.records.max_records = 1", &["{\"a\":1}", "{\"a\":2}", "{\"a\":2}"]).is_ok());
}

#[test]
fn one_bad_record_refuses_the_job_for_good() {
    for (bad, refused) in [
        ("{\"a\":1", RecordRefused::Json(JsonError::Syntax)),
        ("{\"a\":1,\"a\":1}", RecordRefused::Json(JsonError::DuplicateKey)),
        ("{\"z\":\"\\ud800\"}", RecordRefused::Json(JsonError::LoneSurrogate)),
        ("[]", RecordRefused::Json(JsonError::NotAnObject)),
        ("{\"a\":true}", RecordRefused::OperationType),
    ] {
        let mut processor = processor("[fields]\nb = { op = \"keep\" }\na = { op = \"mask\" }\n", "");
        let mut worker = processor.worker();
        let mut out = b"before".to_vec();
        let mut take = |record: &str, out: &mut Vec<u8>| worker.whole(processor.cutter(), record.as_bytes(), out);
        take("{\"b\":1}", &mut out).unwrap();
        let length = out.len();
        assert_eq!(take(bad, &mut out), Err(refused));
        assert_eq!(take("{\"b\":2}", &mut out), Err(refused));
        assert_eq!(out.len(), length);
        assert_eq!(processor.merge(worker.into_tally()), Err(refused));
        assert_eq!(processor.finish().err(), Some(refused));
    }
}

#[test]
fn bad_records_are_left_out_where_the_policy_says_so() {
    let terms = "input = { format = \"ndjson\", on_error = \"skip\" }";
    let long = format!("{{\"b\":\"{}\"}}", "x".repeat(limits::RECORD_BYTES));
    let records = ["{\"b\":1}", "{\"b\":2", "{\"b\":3,\"a\":{}}", &long, "{\"b\":4,\"b\":4}", "{\"b\":5}"];
    let (out, counts) = rows("[fields]\nb = { op = \"keep\" }\na = { op = \"mask\" }\n", terms, &records).unwrap();
    assert_eq!(out, "{\"b\":1}\n{\"b\":5}\n");
    assert_eq!(counts, Counts { read: 6, released: 2, skipped: 4 });
}

#[test]
fn workers_that_are_merged_decide_as_one() {
    let terms = "people = { field = \"k2\", min = 3 }\nrelease.records.max_records = 4";
    let job = "where = [{ field = \"b\", op = \"eq\", value = 1 }]\n[fields]\na = { op = \"keep\" }\n";
    let run = |shares: &[&[u32]]| {
        let mut processor = processor(job, terms);
        for share in shares {
            let mut worker = processor.worker();
            for person in *share {
                worker.whole(processor.cutter(), format!("{{\"b\":1,\"k2\":{person}}}").as_bytes(), &mut Vec::new())?;
            }
            processor.merge(worker.into_tally())?;
        }
        processor.finish().map(|(counts, _)| counts)
    };
    assert_eq!(run(&[&[1, 2], &[2, 3]]), Ok(Counts { read: 4, released: 4, skipped: 0 }));
    assert_eq!(run(&[&[1, 2], &[2, 1]]), Err(RecordRefused::TooFewPeople));
    assert_eq!(run(&[&[1, 2], &[3], &[4, 5]]), Err(RecordRefused::TooManyRecords));
    let mut processor = processor(job, terms);
    let mut worker = processor.worker();
    assert!(worker.whole(processor.cutter(), b"{", &mut Vec::new()).is_err());
    assert_eq!(processor.merge(worker.into_tally()), Err(RecordRefused::Json(JsonError::Syntax)));
    assert_eq!(processor.finish().err(), Some(RecordRefused::Json(JsonError::Syntax)));
}
