//! Tests of workers: how many there may be, how much one writes at once, and that each keeps to the job's bounds by itself.

use super::super::Step;
use super::{processor, rows};
use crate::limits;
use crate::record::RecordRefused;

const JOB: &str = "[fields]\na = { op = \"keep\" }\n";

#[test]
fn there_may_be_as_many_workers_as_there_are_places_and_never_none() {
    let processor = processor(JOB, "");
    assert_eq!([0, 1, 8].map(|limit| processor.workers(limit)), [1, 1, 8]);
}

#[test]
fn a_worker_stops_where_a_block_of_rows_is_full() {
    let processor = processor(JOB, "");
    // Rows of 1 KiB fill a block to its last byte.
    let record = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1024 - 9));
    assert_eq!((record.len(), limits::BLOCK_BYTES % record.len()), (1024, 0));
    let mut cutter = processor.cutter();
    cutter.space().extend_from_slice(record.repeat(limits::BLOCK_BYTES / 1024 + 1).as_bytes());
    let block = cutter.finish();
    let (mut worker, mut at, mut out) = (processor.worker(), 0, Vec::new());
    assert_eq!(worker.advance(&block, &mut at, &mut out), Ok(Step::Full));
    assert_eq!(out.len(), limits::BLOCK_BYTES);
    out.clear();
    assert_eq!(worker.advance(&block, &mut at, &mut out), Ok(Step::Done));
    assert_eq!(out, record.as_bytes());
}

#[test]
fn a_worker_writes_no_row_beyond_the_policys_number() {
    let processor = processor(JOB, "release.records.max_records = 2");
    let (mut worker, mut out) = (processor.worker(), Vec::new());
    let refused = worker.whole(processor.cutter(), b"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", &mut out);
    assert_eq!(refused, Err(RecordRefused::TooManyRecords));
    assert_eq!(out, b"{\"a\":1}\n{\"a\":2}\n");
}

#[test]
fn a_number_that_no_condition_is_about_is_not_read() {
    let record = "{\"a\":1,\"b\":1e9999999999}";
    let job = |values: &str| format!("where = [{{ field = \"b\", op = \"in\", value = [{values}] }}]\n{JOB}");
    let others = rows(&job("\"x\", true"), "", &["{\"a\":2,\"b\":\"x\"}", record]).unwrap();
    assert_eq!(others.0, "{\"a\":2}\n");
    assert!(matches!(rows(&job("\"x\", 1"), "", &[record]), Err(RecordRefused::Decimal(_))));
}
