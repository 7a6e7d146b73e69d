//! A thousand groups of sealed records on one core, against a validating scan alone, and against DuckDB that reads the same records in
//! the clear.

use anyhow::{Result, ensure};

use super::clock::{Contest, own, process};
use super::harness::pin;
use super::report::{Judged, Row, Target, rate};
use super::scans::Scans;
use super::work::{GROUPS, Output, Work, same_rows};
use super::{Settings, nd1k, peers};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let count = if settings.quick { 50_000 } else { 400_000 };
    pin(std::process::id(), 0)?;
    let records = nd1k::Records::new().take(count);
    let text = std::str::from_utf8(&records)?;
    let bytes = records.len() as f64;
    let work = Work::of(GROUPS)?;
    let input = work.seal(&records)?;
    let (file, empty) = (settings.folder("groups")?.join("records"), settings.folder("groups")?.join("empty"));
    std::fs::write(&file, &records)?;
    std::fs::write(&empty, b"")?;
    let duckdb = |file: &std::path::Path| {
        let mut command = peers::python(settings, "groups.py");
        command.arg(file);
        command
    };
    let expected = duckdb(&file).output()?;
    ensure!(expected.status.success(), "groups.py: {}", String::from_utf8_lossy(&expected.stderr));
    let rows = work.rows(&input, 1)?;
    ensure!(rows.split(|byte| *byte == b'\n').count() == 1001, "not a thousand groups");
    same_rows(&rows, &expected.stdout)?;

    let mut output = Output::default();
    let mut contest = Contest::default();
    let ours = contest.enter(|| Ok(own(|| work.run(&input, 1, &mut output))?.1));
    let scans = Scans::enter(&mut contest, text);
    let (mut nothing, mut all) = (duckdb(&empty), duckdb(&file));
    let start = contest.enter(move || process(&mut nothing));
    let theirs = contest.enter(move || process(&mut all));
    let outcome = contest.hold(settings.rounds.min(5))?;
    let (name, scan) = scans.fastest(&outcome)?;
    let our_rate = rate(bytes, outcome.median(ours).cpu);
    let reading = outcome.median(theirs).without(outcome.median(start));
    Ok(vec![
        Row::speed(
            "1,000 groups, one core, sealed in and out, against a validating scan alone",
            our_rate.clone(),
            format!("sonic-rs {name}, six fields, {}", rate(bytes, outcome.median(scan).cpu)),
            outcome.ratio(ours, scan),
            Judged::Cpu,
            Target::AtLeast(0.4),
        ),
        Row::speed(
            "the same against DuckDB on the same records in the clear, one thread, without its start",
            our_rate,
            format!("DuckDB, {}", rate(bytes, reading.cpu)),
            outcome.ratio_of(|round| round[ours].against(round[theirs].without(round[start]))),
            Judged::Cpu,
            Target::AtLeast(1.0),
        ),
    ])
}
