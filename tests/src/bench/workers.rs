//! The records job with two workers on two processors against one worker on one.

use anyhow::{Result, ensure};

use super::clock::{Contest, own};
use super::harness::{pin, pin_to};
use super::report::{Judged, Row, Target, rate};
use super::work::{Output, Work};
use super::{Settings, nd1k};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let processors = std::thread::available_parallelism()?.get();
    ensure!(processors >= 2, "two workers want two processors");
    let count = if settings.quick { 100 * 1024 } else { 400 * 1024 };
    let work = Work::new()?;
    let input = work.seal(&nd1k::Records::new().take(count))?;
    ensure!(work.rows(&input, 2)? == work.rows(&input, 1)?, "two workers make other rows than one");
    let (mut output, mut other) = (Output::default(), Output::default());
    let mut contest = Contest::default();
    let two = contest.enter(|| {
        pin_to(std::process::id(), &[0, 1])?;
        Ok(own(|| work.run(&input, 2, &mut output))?.1)
    });
    let one = contest.enter(|| {
        pin(std::process::id(), 0)?;
        Ok(own(|| work.run(&input, 1, &mut other))?.1)
    });
    let outcome = contest.hold(settings.rounds)?;
    let bytes = (count * nd1k::RECORD) as f64;
    Ok(vec![Row::speed(
        "records job, two workers on two processors, against one on one",
        rate(bytes, outcome.median(two).wall),
        format!("one worker, {}", rate(bytes, outcome.median(one).wall)),
        outcome.ratio(two, one),
        Judged::Wall,
        Target::AtLeast(1.8),
    )])
}
