//! How groups come out: all of them, block by block.

use std::collections::BTreeMap;

use super::{TERMS, decide};
use crate::limits;
use crate::record::summary::ReleasedSummary;

#[test]
fn groups_come_out_in_blocks_until_none_is_left() {
    let terms = TERMS.replace("max_groups = 100", "max_groups = 5000");
    let job = "group_by = [{ field = \"zip\", name = \"a column with a name of some length\" }]\n[measures]\nn = { op = \"count\" }\n";
    let records: String = (0..6000).map(|index| format!("{{\"who\":{index},\"zip\":{}}}\n", 10_000 + index / 2)).collect();
    let mut processor = decide(&terms, job).unwrap().processor(&BTreeMap::new()).unwrap();
    let (mut worker, mut nothing) = (processor.worker(), Vec::new());
    worker.whole(processor.cutter(), records.as_bytes(), &mut nothing).unwrap();
    processor.merge(worker.into_tally()).unwrap();
    let (counts, Some(ReleasedSummary::Groups(mut groups))) = processor.finish().unwrap() else { panic!("groups") };
    assert_eq!((counts.released, groups.len(), groups.is_empty()), (3000, 3000, false));
    let mut block = b"before".to_vec();
    groups.next_block(&mut block);
    let row = "{\"a column with a name of some length\":10000,\"n\":2}\n";
    let rows = limits::BLOCK_BYTES.div_ceil(row.len());
    assert_eq!((block.len(), groups.len()), (b"before".len() + rows * row.len(), 3000 - rows));
    assert!(block.starts_with(format!("before{row}").as_bytes()) && !groups.is_empty());
    block.clear();
    groups.next_block(&mut block);
    assert_eq!((block.len(), groups.len(), groups.is_empty()), ((3000 - rows) * row.len(), 0, true));
    assert!(block.ends_with(b":12999,\"n\":2}\n"));
}
