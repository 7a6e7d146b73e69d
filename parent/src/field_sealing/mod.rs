//! Sealing single values of records: each becomes a message of its own, bound to its field, in base64 where the value was.
//! The rest of a record stays as it is and readable. Never writes a record that it could not read: an unreadable one might
//! hold in the open what was to be sealed.

mod keys;
mod values;

use sealroom_shared::{
    limits as shared_limits,
    manifest::{FileTooLong, Manifest, ManifestBuilder},
    policy::Format,
    record::{RecordRefused, csv, json::Scanner},
};
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    limits,
    progress::Progress,
    records::{Next, Records},
    source::Source,
};
pub use keys::{FieldCount, FieldKeys};
pub use values::{SealedField, text_of};

/// Seals the values of some fields in a stream of records.
pub struct FieldSealing<'a> {
    format: Format,
    keys: FieldKeys<'a>,
    json: Scanner,
    csv: Option<CsvRows>,
    /// Whether any record so far has the field.
    seen: Vec<bool>,
    records: u64,
    out: Zeroizing<Vec<u8>>,
}

/// What was sealed.
pub struct FieldsSealed {
    /// What a manifest says of what was written.
    pub manifest: Manifest,
    /// Values and data keys of each field.
    pub fields: Vec<FieldCount>,
}

/// The layout of a CSV file, once its header row has been read.
struct CsvRows {
    columns: csv::Columns,
    reader: csv::Reader,
    /// For each column the index of its sealed field, if it is one.
    sealed: Vec<Option<usize>>,
}

impl<'a> FieldSealing<'a> {
    /// A sealing of the fields that `keys` are for.
    pub fn new(format: Format, keys: FieldKeys<'a>) -> Self {
        let json = Scanner::new(keys.fields().iter().map(|field| field.name.as_str()));
        let seen = vec![false; keys.fields().len()];
        Self { format, keys, json, csv: None, seen, records: 0, out: Zeroizing::default() }
    }

    /// Streams `source` through to `write`.
    pub fn run(mut self, source: &mut Source, progress: &Progress, mut write: impl FnMut(&[u8]) -> Result<()>) -> Result<FieldsSealed> {
        let mut records = Records::new(self.format);
        let mut manifest = ManifestBuilder::default();
        let mut flush = |out: &mut Vec<u8>| {
            manifest.push(out).map_err(too_long)?;
            write(out)?;
            out.clear();
            Ok::<(), Failure>(())
        };
        let name = source.name().to_owned();
        let mut chunk = Zeroizing::new(vec![0; limits::CHUNK]);
        loop {
            let read = source.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            records.push(&chunk[..read], |line, next| self.next(&name, line, next))?;
            flush(&mut self.out)?;
            progress.advance(read as u64);
        }
        records.finish(|line, next| self.next(&name, line, next))?;
        flush(&mut self.out)?;
        self.every_field_was_there(&name)?;
        Ok(FieldsSealed { manifest: manifest.finish(self.records), fields: self.keys.into_counts() })
    }

    /// A field that no record has is spelled otherwise in them, as a rule, and then lies open in what was written.
    fn every_field_was_there(&self, name: &str) -> Result<()> {
        match self.keys.fields().iter().zip(&self.seen).find(|(_, seen)| !**seen) {
            Some((field, _)) if self.records > 0 => {
                Err(Failure::new("record", format!("no record of {name} has the field {:?}: is it spelled otherwise there?", field.name))
                    .help("nothing was written; where a file rightly has no value of a sealed field, one record of it says so with null"))
            }
            _ => Ok(()),
        }
    }

    fn next(&mut self, name: &str, line: u64, next: Next<'_>) -> Result<()> {
        let at = |failure: Failure| failure.at(name, line);
        match next {
            Next::Refused(refused) => Err(at(unreadable(refused))),
            Next::Header(header) => self.header(&header).map_err(at),
            Next::Record(record) => {
                self.records += 1;
                match self.format {
                    Format::Ndjson => self.json_record(record).map_err(at),
                    Format::Csv => self.csv_record(record).map_err(at),
                }
            }
        }
    }

    fn json_record(&mut self, record: &[u8]) -> Result<()> {
        let before = self.out.len();
        let values = self.json.scan(record).map_err(|error| unreadable(error.into()))?;
        let mut ranges: Vec<_> = (0..self.keys.fields().len()).filter_map(|index| Some((values.range(index)?, index))).collect();
        ranges.sort_unstable_by_key(|(range, _)| range.start);
        let mut written = 0;
        for (range, index) in ranges {
            self.seen[index] = true;
            let Some(value) = values.value(index) else { continue };
            let Some(text) = text_of(&value, &self.keys.fields()[index])? else { continue };
            self.out.extend_from_slice(&record[written..range.start]);
            self.out.push(b'"');
            self.keys.seal(index, text.as_bytes(), &mut self.out)?;
            self.out.push(b'"');
            written = range.end;
        }
        self.out.extend_from_slice(&record[written..]);
        self.out.push(b'\n');
        // The enclave reads what was written, not what was read.
        if self.out.len() - before > shared_limits::RECORD_BYTES {
            return Err(unreadable(sealroom_shared::record::JsonError::TooLong.into()));
        }
        Ok(())
    }

    fn header(&mut self, header: &csv::Header) -> Result<()> {
        let names: Vec<&str> = header.names().collect();
        for field in self.keys.fields() {
            if !names.contains(&field.name.as_str()) {
                return Err(Failure::new("record", format!("the header row does not name the field {:?}", field.name))
                    .help("--fields names columns of the file"));
            }
        }
        let columns = header.columns(names.iter().copied()).map_err(|error| unreadable(error.into()))?;
        let sealed = names.iter().map(|name| self.keys.fields().iter().position(|field| field.name == *name)).collect();
        for (index, name) in names.iter().enumerate() {
            self.separate(index);
            csv::write_only_cell(name, &mut self.out);
        }
        self.out.push(b'\n');
        self.seen.fill(true);
        self.csv = Some(CsvRows { columns, reader: csv::Reader::new(), sealed });
        Ok(())
    }

    fn csv_record(&mut self, record: &[u8]) -> Result<()> {
        let before = self.out.len();
        let Some(mut rows) = self.csv.take() else { return Err(unreadable(csv::HeaderError::Absent.into())) };
        let cells = rows.reader.read(&rows.columns, record).map_err(|error| unreadable(error.into()))?;
        let mut scratch = Zeroizing::new(String::new());
        for (index, sealed) in rows.sealed.iter().enumerate() {
            self.separate(index);
            let text = cells.cell(index).map_or("", |cell| cell.text(&mut scratch));
            match sealed {
                // An empty cell is null.
                Some(field) if !text.is_empty() => {
                    values::fits(text, &self.keys.fields()[*field])?;
                    self.keys.seal(*field, text.as_bytes(), &mut self.out)?;
                }
                _ if rows.sealed.len() == 1 => csv::write_only_cell(text, &mut self.out),
                _ => csv::write_cell(text, &mut self.out),
            }
        }
        self.out.push(b'\n');
        self.csv = Some(rows);
        if self.out.len() - before > shared_limits::RECORD_BYTES {
            return Err(unreadable(csv::CsvError::TooLong.into()));
        }
        Ok(())
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(b',');
        }
    }
}

fn too_long(error: FileTooLong) -> Failure {
    Failure::new("too-large", format!("the records cannot be sealed field by field: {error}")).help("seal them as several files")
}

fn unreadable(refused: RecordRefused) -> Failure {
    Failure::new("record", format!("not a record whose fields can be sealed: {refused}")).help("correct it; nothing was written")
}
