//! `sealroom table`: what a discovery job found, as a table. Reads what `open` wrote and nothing else.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    discovery_table::{self, Line},
    failure::{Failure, Result},
    limits,
    report::Report,
    source,
};

/// Show the opened output of a discovery job as a table
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Table {
    /// What `sealroom open` wrote; `-` is standard input
    #[arg(value_name = "FILE")]
    found: PathBuf,
}

impl Table {
    /// Reads the lines and shows them.
    pub fn run(self) -> Result<Report> {
        let text = source::read_text(&self.found, limits::DISCOVERY)?;
        let (mut lines, mut fields): (Vec<Line>, Vec<Value>) = (Vec::new(), Vec::new());
        // Blank lines are padding that was kept.
        for (index, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            // The reader's own words would quote the line.
            let not = |_| not_discovery(&self.found, Some(index + 1));
            lines.push(serde_json::from_str(text).map_err(not)?);
            fields.push(serde_json::from_str(text).map_err(not)?);
        }
        if lines.is_empty() {
            return Err(not_discovery(&self.found, None));
        }
        Ok(Report::answer(serde_json::json!({ "fields": fields }), discovery_table::table(&lines)))
    }
}

fn not_discovery(path: &Path, line: Option<usize>) -> Failure {
    let said = match line {
        Some(line) => format!("{}: line {line} is none of a discovery job's output", path.display()),
        None => format!("{} is empty", path.display()),
    };
    Failure::new("not-discovery", said).help("name what `sealroom open` wrote of the output of a job with kind = \"discover\"")
}

const EXAMPLE: &str = "\
Examples:
  sealroom table found.ndjson
  sealroom open --private-key analyst.key.pem \\
      --receipt out.receipt.json --measurements pcrs.json out.sealed --out - | sealroom table -
";
