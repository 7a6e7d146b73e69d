//! Memory of the enclave with as many groups as a job may form, all at once one person short of the minimum: when it holds most.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::harness::{Harness, Reader};
use super::report::{Row, Target};
use super::{Settings, work};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let groups = if settings.quick { 100_000 } else { 1_000_000 };
    let harness = Harness::new(&Reader::Rsa)?;
    harness.stage.write("job.toml", work::MILLION);
    let sealed = settings.folder("million")?.join("records.sealed");
    // Every group gets its first person, then every group its second, and so on.
    let mut records = (0..PEOPLE).flat_map(|person| (0..groups).map(move |group| (person, group)));
    harness.seal_pieces(&sealed, || {
        let mut piece = String::new();
        for (person, group) in records.by_ref().take(4096) {
            let _ =
                writeln!(piece, "{{\"email\":\"{person}@{group}\",\"phone\":\"+49{group:06}\",\"amount\":{person}.{:02}}}", group % 100);
        }
        (!piece.is_empty()).then(|| piece.into_bytes())
    })?;
    let enclave = harness.enclave()?;
    let before = enclave.peak()?;
    enclave.run(&mut harness.submit(&enclave, &sealed))?;
    let rows = harness.open().iter().filter(|byte| **byte == b'\n').count();
    ensure!(rows == groups, "{rows} rows for {groups} groups");
    let peak = enclave.peak()?;
    Ok(vec![Row::number(
        &format!("peak memory of the enclave in MiB, {groups} groups of {PEOPLE} people each, count and sum"),
        format!("{peak:.0} KiB, {before:.0} KiB before the job"),
        "-".to_owned(),
        peak / 1024.0,
        Target::AtMost(STATED_MEBIBYTES),
    )])
}

/// The minimum of the benchmark's policy.
const PEOPLE: usize = 10;
/// What docs/aggregates.md says that a job of groups takes at most.
const STATED_MEBIBYTES: f64 = 1280.0;
