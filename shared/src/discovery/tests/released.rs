//! How lines come out: one for each field, block by block, in the job's order.

use std::collections::BTreeMap;

use super::{TERMS, decide};
use crate::limits;
use crate::record::summary::ReleasedSummary;

#[test]
fn lines_come_out_in_blocks_until_none_is_left() {
    let fields: String = (0..200).map(|index| format!("f{index:03} = {{ discover = true }}\n")).collect();
    let names: Vec<String> = (0..200).rev().map(|index| format!("\"f{index:03}\"")).collect();
    let plan = decide(&format!("{TERMS}{fields}"), &format!("fields = [{}]\n", names.join(","))).unwrap();
    let mut processor = plan.processor(&BTreeMap::new()).unwrap();
    let (mut worker, mut nothing) = (processor.worker(), Vec::new());
    let values: String = (0..200).map(|index| format!(",\"f{index:03}\":\"x\"")).collect();
    let records: String = (0..3).map(|person| format!("{{\"who\":{person}{values}}}\n")).collect();
    worker.whole(processor.cutter(), records.as_bytes(), &mut nothing).unwrap();
    processor.merge(worker.into_tally()).unwrap();
    let (_, Some(ReleasedSummary::Fields(mut fields))) = processor.finish().unwrap() else { panic!("fields") };
    let (mut all, mut blocks) = (Vec::new(), 0);
    assert_eq!((fields.len(), fields.is_empty()), (200, false));
    while !fields.is_empty() {
        let before = (fields.len(), all.len());
        fields.next_block(&mut all);
        let line = (all.len() - before.1) / (before.0 - fields.len());
        assert!(fields.is_empty() || all.len() - before.1 < limits::BLOCK_BYTES + line, "a block and no line more");
        assert!(fields.is_empty() || all.len() - before.1 >= limits::BLOCK_BYTES, "a whole block");
        blocks += 1;
    }
    assert_eq!((blocks > 1, fields.len()), (true, 0));
    let lines: Vec<serde_json::Value> = String::from_utf8(all).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<String> = lines.iter().map(|line| line["field"].to_string()).collect();
    assert_eq!(told, names);
    assert!(lines.iter().all(|line| line["string"]["values"] == 3));
}
