//! The table: one row for each comparison, printed and written as Markdown.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::clock::Ratio;

/// One comparison.
#[derive(Serialize, Deserialize)]
pub struct Row {
    /// What was measured.
    pub measure: String,
    /// What ours took or gave.
    pub ours: String,
    /// The same of what it is compared with.
    pub reference: String,
    /// Reference's time over ours, or whatever `target` speaks of: on the wall.
    pub wall: f64,
    /// The same in processor time, where that means something.
    pub cpu: Option<f64>,
    /// What is to be reached.
    pub target: Target,
    /// Which of the two numbers `target` is about.
    pub judged: Judged,
}

/// What a number has to be.
#[derive(Serialize, Deserialize, Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
    Exactly(f64),
    /// Beside the point, but good to know.
    None,
}

/// The number that counts.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    Wall,
    Cpu,
}

impl Row {
    /// A comparison of speeds.
    #[must_use]
    pub fn speed(measure: &str, ours: String, reference: String, ratio: Ratio, judged: Judged, target: Target) -> Self {
        Self { measure: measure.to_owned(), ours, reference, wall: ratio.wall, cpu: Some(ratio.cpu), target, judged }
    }

    /// One number that is no speed.
    #[must_use]
    pub fn number(measure: &str, ours: String, reference: String, number: f64, target: Target) -> Self {
        Self { measure: measure.to_owned(), ours, reference, wall: number, cpu: None, target, judged: Judged::Wall }
    }

    fn cells(&self) -> [String; 7] {
        let cpu = self.cpu.map_or(String::from("-"), number);
        let judged = match (self.judged, self.cpu) {
            (Judged::Cpu, Some(cpu)) => cpu,
            _ => self.wall,
        };
        let about = if self.cpu.is_some() && self.judged == Judged::Cpu { " (CPU)" } else { "" };
        let (target, reached) = match self.target {
            Target::AtLeast(least) => (format!("≥ {}{about}", number(least)), judged >= least),
            Target::AtMost(most) => (format!("≤ {}{about}", number(most)), judged <= most),
            Target::Exactly(wanted) => (format!("= {}", number(wanted)), (judged - wanted).abs() < 1e-9),
            Target::None => ("-".to_owned(), true),
        };
        let reached = match (self.target, reached) {
            (Target::None, _) => "-",
            (_, true) => "yes",
            (_, false) => "**no**",
        };
        [self.measure.clone(), self.ours.clone(), self.reference.clone(), number(self.wall), cpu, target, reached.to_owned()]
    }
}

/// The table in Markdown, its columns aligned so that it can be read as it stands.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let head = ["measure", "ours", "reference", "ratio", "CPU ratio", "target", "reached"].map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        for (column, cell) in line.iter().enumerate() {
            let _ = write!(text, "| {cell}{} ", " ".repeat(width(column) - cell.chars().count()));
        }
        text.push_str("|\n");
        if place == 0 {
            (0..line.len()).for_each(|column| text.push_str(&format!("|{}", "-".repeat(width(column) + 2))));
            text.push_str("|\n");
        }
    }
    text
}

/// Bytes in a time, for people.
#[must_use]
pub fn rate(bytes: f64, seconds: f64) -> String {
    format!("{} MB/s", grouped(bytes / seconds / 1e6))
}

/// A count in a time, for people.
#[must_use]
pub fn count_rate(count: f64, seconds: f64, what: &str) -> String {
    format!("{} {what}/s", grouped(count / seconds))
}

/// Three digits that mean something.
fn number(value: f64) -> String {
    match value {
        value if value.fract() == 0.0 || value >= 1000.0 => format!("{value:.0}"),
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
