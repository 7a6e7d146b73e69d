//! `bench`: what Sealroom takes for its work, and what others take for the same, in one run and as ratios.
//! `scripts/bench.sh` prepares what it needs and starts it.

mod calls;
mod clock;
mod fields;
mod frames;
mod groups;
mod growth;
mod harness;
mod latency;
mod masking;
mod million;
mod nd1k;
mod peers;
mod records;
mod redact;
mod report;
mod scans;
mod sealed;
mod sockets;
mod streams;
mod work;
mod workers;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Parser;
use report::Row;

// As the enclave program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Prints one table of ratios within one run.
#[derive(Parser, Clone)]
#[command(version)]
struct Arguments {
    /// Small data: to see that it works
    #[arg(long)]
    quick: bool,
    /// The Python environment of tests/bench/requirements-bench.txt
    #[arg(long)]
    python: PathBuf,
    /// A folder whose node_modules has @aws-crypto/client-node
    #[arg(long)]
    node: PathBuf,
    /// The folder tests/bench
    #[arg(long)]
    scripts: PathBuf,
    /// A folder for data
    #[arg(long)]
    work: PathBuf,
    /// Where the table goes as well, in Markdown
    #[arg(long)]
    table: Option<PathBuf>,
    /// Measure one thing and print its rows as JSON: each has a process of its own
    #[arg(long, hide = true)]
    one: Option<String>,
    /// What to measure [default: all]
    measures: Vec<String>,
}

/// What every measure is told.
pub struct Settings {
    /// Small data.
    pub quick: bool,
    /// Rounds that count.
    pub rounds: usize,
    /// The Python environment.
    pub python: PathBuf,
    /// The folder with node_modules.
    pub node: PathBuf,
    /// The scripts of the other tools.
    pub scripts: PathBuf,
    work: PathBuf,
}

type Measure = fn(&Settings) -> Result<Vec<Row>>;

const MEASURES: [(&str, Measure); 14] = [
    ("frames", frames::measure),
    ("groups", groups::measure),
    ("million", million::measure),
    ("records", records::measure),
    ("workers", workers::measure),
    ("fields", fields::measure),
    ("libraries", streams::libraries),
    ("tools", streams::tools),
    ("masking", masking::measure),
    ("redact", redact::measure),
    ("sockets", sockets::measure),
    ("growth", growth::measure),
    ("calls", calls::measure),
    ("latency", latency::measure),
];

impl Settings {
    /// A new folder for a measure's data; it goes when the benchmark ends.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.work.join(name);
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.one.clone().map_or_else(|| all(&arguments), |name| one(&arguments, &name).map(|()| true)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn one(arguments: &Arguments, name: &str) -> Result<()> {
    let Some((_, measure)) = MEASURES.iter().find(|(known, _)| *known == name) else {
        bail!("no measure {name}; there are: {}", MEASURES.map(|(name, _)| name).join(" "));
    };
    let Arguments { quick, python, node, scripts, work, .. } = arguments.clone();
    let rows = measure(&Settings { quick, rounds: if quick { 3 } else { 7 }, python, node, scripts, work })?;
    println!("{}", serde_json::to_string(&rows)?);
    Ok(())
}

/// Runs each measure in a process of its own. False where one could not be made.
fn all(arguments: &Arguments) -> Result<bool> {
    let mut names = arguments.measures.clone();
    if names.is_empty() {
        names = MEASURES.map(|(name, _)| name.to_owned()).to_vec();
    }
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for name in &names {
        eprintln!("== {name}");
        let mut command = Command::new(std::env::current_exe()?);
        command.args(std::env::args_os().skip(1)).args(["--one", name]).stdout(std::process::Stdio::piped());
        let output = command.spawn()?.wait_with_output()?;
        match serde_json::from_slice::<Vec<Row>>(&output.stdout) {
            Ok(made) if output.status.success() => rows.extend(made),
            _ => failed.push(name.as_str()),
        }
        let _ = std::fs::remove_dir_all(&arguments.work).and_then(|()| std::fs::create_dir(&arguments.work));
    }
    let text = report::table(&rows);
    println!("{text}");
    if !failed.is_empty() {
        println!("could not be measured: {}", failed.join(" "));
    }
    if let Some(path) = &arguments.table {
        std::fs::write(path, text)?;
    }
    Ok(failed.is_empty())
}
