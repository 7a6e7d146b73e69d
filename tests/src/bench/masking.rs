//! Masking, tokenizing and truncating named fields of records in the clear, against Python that does the same; and the
//! whole job, which opens and seals as well.

use anyhow::{Result, ensure};

use super::clock::{Contest, Spent, own, process};
use super::harness::pin;
use super::report::{Judged, Row, Target, count_rate};
use super::work::{self, Output, Work};
use super::{Settings, nd1k, peers};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let (count, by_hand, by_presidio) = if settings.quick { (50_000, 20_000, 2_000) } else { (400_000, 200_000, 20_000) };
    // One core, whatever number of threads.
    pin(std::process::id(), 0)?;
    let records = nd1k::Records::new().take(count);
    let folder = settings.folder("masking")?;
    let key = folder.join("key");
    std::fs::write(&key, work::TOKEN_KEY)?;
    let work = Work::new()?;
    let input = work.seal(&records)?;
    let check = work::check();
    let python = |way: &str, count: usize| -> Result<std::process::Command> {
        let file = folder.join(format!("records.{count}"));
        if !file.exists() {
            std::fs::write(&file, &records[..count * nd1k::RECORD])?;
        }
        let mut command = peers::python(settings, "masking.py");
        command.arg(way).arg(&key).arg(&check).arg(&file);
        Ok(command)
    };
    let sample = work.seal(&records[..SAMPLE * nd1k::RECORD])?;
    let expected = work.rows(&sample, 1)?;
    for way in ["presidio", "orjson"] {
        let output = python(way, SAMPLE)?.output()?;
        ensure!(output.status.success(), "{way}: {}", String::from_utf8_lossy(&output.stderr));
        work::same_rows(&expected, &output.stdout)?;
    }

    let (mut output, mut rows) = (Output::default(), Vec::new());
    work.rows_in_the_clear(&records[..SAMPLE * nd1k::RECORD], &mut rows)?;
    ensure!(rows == expected, "rows in the clear are other rows");
    let mut contest = Contest::default();
    let ours = contest.enter(|| Ok(own(|| work.rows_in_the_clear(&records, &mut rows))?.1.each(count as f64)));
    let whole_job = contest.enter(|| Ok(own(|| work.run(&input, 1, &mut output))?.1.each(count as f64)));
    let mut peers = Vec::new();
    for (name, way, records, least) in
        [("presidio-anonymizer", "presidio", by_presidio, 100.0), ("a Python loop, orjson and hmac", "orjson", by_hand, 8.0)]
    {
        let (mut nothing, mut all) = (python(way, 0)?, python(way, records)?);
        let start = contest.enter(move || process(&mut nothing));
        let whole = contest.enter(move || process(&mut all));
        peers.push((name, start, whole, records as f64, least));
    }
    let outcome = contest.hold(settings.rounds.min(5))?;
    let mut table = Vec::new();
    for (name, start, whole, records, least) in peers {
        let each = |round: &[Spent]| round[whole].without(round[start]).each(records);
        let theirs = outcome.median(whole).without(outcome.median(start)).each(records);
        let reference = format!("{name}, without its start, {}", count_rate(1.0, theirs.cpu, "records"));
        for (what, entry, target) in [
            ("masking and tokenizing named fields, one core", ours, Target::AtLeast(least)),
            ("the same, opening and sealing included on our side alone", whole_job, Target::None),
        ] {
            table.push(Row::speed(
                &format!("{what}, against {name}"),
                count_rate(1.0, outcome.median(entry).cpu, "records"),
                reference.clone(),
                outcome.ratio_of(|round| round[entry].against(each(round))),
                Judged::Cpu,
                target,
            ));
        }
    }
    Ok(table)
}

/// Records of which every row is compared.
const SAMPLE: usize = 1000;
