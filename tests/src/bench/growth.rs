//! The same job on ever larger inputs: time for each gibibyte, and the enclave's peak memory.

use anyhow::{Result, ensure};

use super::clock::median;
use super::harness::{Harness, Reader};
use super::report::{Row, Target};
use super::{Settings, nd1k};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let sizes: &[usize] = if settings.quick { &[10, 100] } else { &[100, 1024, 10 * 1024] };
    let harness = Harness::new(&Reader::Rsa)?;
    let folder = settings.folder("growth")?;
    let mut measured = Vec::new();
    for mebibytes in sizes {
        let sealed = folder.join(format!("{mebibytes}.sealed"));
        let count = mebibytes * MEBIBYTE / nd1k::RECORD;
        harness.seal(count, &sealed)?;
        // One that has done nothing else: a peak never falls.
        let enclave = harness.enclave()?;
        let rounds = if *mebibytes > 1024 { 1 } else { settings.rounds };
        let mut times = Vec::new();
        for _ in 0..rounds {
            times.push(enclave.run(&mut harness.submit(&enclave, &sealed))?.wall * 1024.0 / *mebibytes as f64);
        }
        let each = median(times.into_iter());
        eprintln!("  {mebibytes} MiB: {each:.3} s for each GiB, peak {} KiB", enclave.peak()?);
        measured.push((*mebibytes, each, enclave.peak()?));
        std::fs::remove_file(&sealed)?;
    }
    ensure!(measured.len() > 1, "nothing to compare");
    let slowest = measured.iter().map(|(_, each, _)| *each).fold(0.0, f64::max);
    let fastest = measured.iter().map(|(_, each, _)| *each).fold(f64::INFINITY, f64::min);
    let list = |one: fn(&(usize, f64, f64)) -> String| measured.iter().map(one).collect::<Vec<_>>().join(", ");
    let inputs = list(|(mebibytes, _, _)| format!("{mebibytes}"));
    let small = measured.iter().find(|(mebibytes, _, _)| *mebibytes >= 100).map_or(measured[0].2, |(_, _, peak)| *peak);
    let largest = measured[measured.len() - 1].2;
    // Against 100 MiB; a quick run has nothing larger, and compares with its smaller one.
    let small = if settings.quick { measured[0].2 } else { small };
    Ok(vec![
        Row::number(
            &format!("growth: time for each GiB of {inputs} MiB, slowest over fastest"),
            list(|(_, each, _)| format!("{each:.2} s")),
            "-".to_owned(),
            slowest / fastest,
            // A quick run is mostly what a job costs whatever its size.
            if settings.quick { Target::None } else { Target::AtMost(1.1) },
        ),
        Row::number(
            &format!("peak memory of the enclave, inputs of {inputs} MiB, largest over smallest input"),
            list(|(_, _, peak)| format!("{peak:.0} KiB")),
            "-".to_owned(),
            largest / small,
            if settings.quick { Target::None } else { Target::AtMost(1.05) },
        ),
        Row::number("the same peak in MiB", format!("{largest:.0} KiB"), "-".to_owned(), largest.max(small) / 1024.0, Target::AtMost(64.0)),
    ])
}

const MEBIBYTE: usize = 1024 * 1024;
