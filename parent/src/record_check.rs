//! Tells an owner before sealing which record the enclave would refuse. Streaming; cuts records exactly as the enclave does, and
//! knows their lines. Never prints a record.

use std::collections::BTreeMap;

use sealroom_shared::{
    policy::{FieldPolicy, Format, Input, OnError, TextType},
    record::{
        RecordRefused, csv,
        json::{self, Scanner},
    },
};

use crate::{
    failure::{Failure, Result, printable},
    records::{Next, Records},
};

/// Reads records as they are being sealed.
pub struct RecordCheck {
    records: Records,
    reading: Reading,
}

/// What a checked stream holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Found {
    /// Records that the enclave reads.
    pub records: u64,
    /// Records that it leaves out, where the policy has `on_error = "skip"`.
    pub skipped: u64,
}

/// Reads one record after the other.
struct Reading {
    name: String,
    on_error: OnError,
    reader: Reader,
    found: Found,
}

enum Reader {
    Ndjson(Scanner),
    Csv(Table),
}

struct Table {
    /// The policy's fields.
    fields: Vec<(String, TextType)>,
    /// None before the header row.
    columns: Option<csv::Columns>,
    /// Fields that the policy calls numbers and the header row names.
    numbers: Vec<String>,
    reader: csv::Reader,
}

/// Why the enclave does not take a record.
enum Fault {
    Unreadable(RecordRefused),
    /// The value of this field; only jobs that read it mind.
    NotANumber(String),
}

/// Of several streams; unknown where one of them is.
impl std::iter::Sum for Found {
    fn sum<I: Iterator<Item = Self>>(streams: I) -> Self {
        streams.fold(Self::default(), |sum, found| Self { records: sum.records + found.records, skipped: sum.skipped + found.skipped })
    }
}

impl RecordCheck {
    /// At the beginning of a stream, which messages call `name`, of records under a policy with this input and these fields.
    pub fn new(name: &str, input: Input, fields: &BTreeMap<String, FieldPolicy>) -> Self {
        let reader = match input.format {
            Format::Ndjson => Reader::Ndjson(Scanner::new([])),
            Format::Csv => Reader::Csv(Table {
                fields: fields.iter().map(|(name, field)| (name.clone(), field.text_type)).collect(),
                columns: None,
                numbers: Vec::new(),
                reader: csv::Reader::new(),
            }),
        };
        let reading = Reading { name: name.to_owned(), on_error: input.on_error, reader, found: Found::default() };
        Self { records: Records::new(input.format), reading }
    }

    /// The next bytes.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        let Self { records, reading } = self;
        records.push(chunk, |line, next| reading.next(line, next))
    }

    /// The end: what there was.
    pub fn finish(self) -> Result<Found> {
        let Self { records, mut reading } = self;
        records.finish(|line, next| reading.next(line, next))?;
        Ok(reading.found)
    }
}

impl Reading {
    fn next(&mut self, line: u64, next: Next<'_>) -> Result<()> {
        match next {
            Next::Record(record) => match (self.reader.read(record), self.on_error) {
                (Ok(()), _) => self.found.records += 1,
                (Err(_), OnError::Skip) => self.found.skipped += 1,
                (Err(fault), OnError::Fail) => return Err(fault.failure(&self.name, line)),
            },
            Next::Header(header) => {
                if let Reader::Csv(table) = &mut self.reader {
                    let missing = table.begin(&header)?;
                    warn_of(&self.name, &missing);
                }
            }
            Next::Refused(refused) => return Err(of_header(refused).at(&self.name, line)),
        }
        Ok(())
    }
}

impl Reader {
    fn read(&mut self, record: &[u8]) -> std::result::Result<(), Fault> {
        match self {
            Self::Ndjson(scanner) => scanner.scan(record).map(|_| ()).map_err(|error| Fault::Unreadable(error.into())),
            Self::Csv(table) => table.read(record),
        }
    }
}

impl Table {
    /// Takes the header row. Returns the policy's fields that it lacks.
    fn begin(&mut self, header: &csv::Header) -> Result<Vec<&str>> {
        let is_there = |name: &str| header.names().any(|there| there == name);
        let numbers = self.fields.iter().filter(|(name, text_type)| *text_type == TextType::Number && is_there(name));
        self.numbers = numbers.map(|(name, _)| name.clone()).collect();
        self.columns = Some(header.columns(self.numbers.iter().map(String::as_str)).map_err(|error| of_header(error.into()))?);
        Ok(self.fields.iter().map(|(name, _)| name.as_str()).filter(|name| !is_there(name)).collect())
    }

    fn read(&mut self, record: &[u8]) -> std::result::Result<(), Fault> {
        let Some(columns) = &self.columns else { return Err(Fault::Unreadable(csv::HeaderError::Absent.into())) };
        let cells = self.reader.read(columns, record).map_err(|error| Fault::Unreadable(error.into()))?;
        for (index, name) in self.numbers.iter().enumerate() {
            // An empty cell is null.
            if cells.cell(index).is_some_and(|cell| !cell.is_empty() && !json::is_number(cell.raw())) {
                return Err(Fault::NotANumber(name.clone()));
            }
        }
        Ok(())
    }
}

impl Fault {
    fn failure(self, name: &str, line: u64) -> Failure {
        match self {
            Self::Unreadable(error) => {
                Failure::new("record", format!("{name}: line {line} is not a record that the enclave takes: {error}"))
                    .help("correct it, or seal as it is with --no-check (the whole job is refused then)")
            }
            Self::NotANumber(field) => Failure::new("record", format!("the value of the field {field:?} is not a number"))
                .help("numbers are written as in JSON; correct it, or take `type = \"number\"` off the field in the policy")
                .at(name, line),
        }
    }
}

fn of_header(refused: RecordRefused) -> Failure {
    Failure::new("record", format!("the header row cannot be used: {refused}"))
        .help("correct it: without a header row no job can read the file, whatever `on_error` says")
}

/// A job may well do without them, so this is no failure.
fn warn_of(name: &str, missing: &[&str]) {
    if !missing.is_empty() {
        let fields = missing.iter().map(|field| format!("{field:?}")).collect::<Vec<_>>().join(", ");
        eprintln!(
            "{}",
            printable(&format!(
                "warning: {name}: the header row lacks fields of the policy, and a job that reads them is refused: {fields}"
            ))
        );
    }
}

#[cfg(test)]
mod tests;
