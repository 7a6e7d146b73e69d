//! Time that work takes, on the wall and on the processors, and contests: several pieces of work run in turn, so that
//! whatever else the machine does meets all of them alike.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// What one run took, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// From start to end.
    pub wall: f64,
    /// Of all threads, in the program and in the kernel.
    pub cpu: f64,
}

/// How many times as fast as the reference ours is.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub wall: f64,
    pub cpu: f64,
}

type Run<'a> = Box<dyn FnMut() -> Result<Spent> + 'a>;

/// Work that is measured in turn.
#[derive(Default)]
pub struct Contest<'a>(Vec<Run<'a>>);

/// What every entry took in every round.
pub struct Outcome(Vec<Vec<Spent>>);

impl Spent {
    /// What is left without `other`; never less than a microsecond.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        let less = |whole: f64, part: f64| (whole - part).max(1e-6);
        Self { wall: less(self.wall, other.wall), cpu: less(self.cpu, other.cpu) }
    }

    /// The same for one of `count` pieces.
    #[must_use]
    pub fn each(self, count: f64) -> Self {
        Self { wall: self.wall / count, cpu: self.cpu / count }
    }

    /// `reference`'s time over this one.
    #[must_use]
    pub fn against(self, reference: Self) -> Ratio {
        Ratio { wall: reference.wall / self.wall, cpu: reference.cpu / self.cpu }
    }
}

/// Work in this process, all of its threads counted.
pub fn own<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Spent)> {
    let (began, cpu) = (Instant::now(), processor_time(libc::RUSAGE_SELF));
    let made = work()?;
    Ok((made, Spent { wall: began.elapsed().as_secs_f64(), cpu: processor_time(libc::RUSAGE_SELF) - cpu }))
}

/// A whole process, from its start to its end. It must succeed; what it prints is thrown away.
pub fn process(command: &mut Command) -> Result<Spent> {
    let (began, cpu) = (Instant::now(), processor_time(libc::RUSAGE_CHILDREN));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let spent = Spent { wall: began.elapsed().as_secs_f64(), cpu: processor_time(libc::RUSAGE_CHILDREN) - cpu };
    ensure!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(spent)
}

impl<'a> Contest<'a> {
    /// Adds an entry; its number is its place.
    pub fn enter(&mut self, run: impl FnMut() -> Result<Spent> + 'a) -> usize {
        self.0.push(Box::new(run));
        self.0.len() - 1
    }

    /// Runs all entries in turn, `rounds` times, after one round that does not count.
    pub fn hold(mut self, rounds: usize) -> Result<Outcome> {
        let mut spent = Vec::new();
        for _ in 0..=rounds {
            spent.push(self.0.iter_mut().map(|run| run()).collect::<Result<Vec<_>>>()?);
        }
        spent.remove(0);
        Ok(Outcome(spent))
    }
}

impl Outcome {
    /// The median of an entry's runs.
    #[must_use]
    pub fn median(&self, entry: usize) -> Spent {
        Spent { wall: median(self.0.iter().map(|round| round[entry].wall)), cpu: median(self.0.iter().map(|round| round[entry].cpu)) }
    }

    /// The median, over the rounds, of how many times as fast as `reference` the entry `ours` was.
    #[must_use]
    pub fn ratio(&self, ours: usize, reference: usize) -> Ratio {
        self.ratio_of(|round| round[ours].against(round[reference]))
    }

    /// The median, over the rounds, of a ratio made from what the entries took.
    pub fn ratio_of(&self, ratio: impl Fn(&[Spent]) -> Ratio) -> Ratio {
        Ratio { wall: median(self.0.iter().map(|round| ratio(round).wall)), cpu: median(self.0.iter().map(|round| ratio(round).cpu)) }
    }
}

/// The middle one; of two, their mean.
///
/// # Panics
/// Of nothing.
#[must_use]
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// Seconds that this process, or its children that have ended, kept processors busy.
fn processor_time(who: libc::c_int) -> f64 {
    // SAFETY: all-zero bytes are a valid rusage, and the call writes into it alone.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(who, &raw mut usage);
        usage
    };
    [usage.ru_utime, usage.ru_stime]
        .map(|time| Duration::new(time.tv_sec.unsigned_abs(), 0).as_secs_f64() + time.tv_usec as f64 / 1e6)
        .iter()
        .sum()
}
