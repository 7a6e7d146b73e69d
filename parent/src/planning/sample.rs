//! What a job would make of a sample of records in the clear: the enclave's own row operations, filters, minimum and groups, with
//! throwaway token keys. Never asks for a key, never takes one, writes no file.

use std::path::Path;

use sealroom_shared::{
    authorize::{Plan, SampleMinimum},
    job::{Job, JobKind},
    limits::HEADER_BYTES,
    message::Header,
    policy::{Form, Format, Policy},
    record::{
        Counts, RecordRefused, RowProcessor, RowWorker, Step,
        blocks::Block,
        csv::{self, HeaderError},
    },
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::clear_values;
use crate::{
    failure::{Failure, Result},
    field_sealing::SealedField,
    limits,
    source::Source,
};

/// A sample in the clear.
pub struct Sample {
    name: String,
    bytes: Zeroizing<Vec<u8>>,
    minimum: SampleMinimum,
    /// Most rows that are shown.
    rows: usize,
}

/// What became of a sample.
pub struct Sampled {
    name: String,
    /// The job writes tokens.
    tokenizes: bool,
    minimum: SampleMinimum,
    outcome: std::result::Result<Released, Refused>,
}

struct Released {
    counts: Counts,
    shown: usize,
    /// The head and the first rows.
    rows: Zeroizing<String>,
}

struct Refused {
    /// 0 where it is about all records together.
    line: u64,
    refused: RecordRefused,
    /// The field of the job that the header row lacks.
    lacks: Option<String>,
}

impl Sample {
    /// Reads a sample.
    pub fn read(path: &Path, minimum: SampleMinimum, rows: usize) -> Result<Self> {
        let mut source = Source::open(path)?;
        let (mut bytes, mut chunk) = (Zeroizing::new(Vec::new()), Zeroizing::new(vec![0; limits::CHUNK]));
        loop {
            let count = source.read(&mut chunk)?;
            bytes.extend_from_slice(&chunk[..count]);
            let at_end = count == 0;
            if (at_end || bytes.len() > limits::SAMPLE) && is_sealed(&bytes) {
                return Err(Failure::new(
                    "sample-sealed",
                    format!("{} is a sealed file; --sample takes records in the clear", source.name()),
                )
                .help("try the job on some records in the clear; what is sealed, only the enclave reads"));
            }
            if at_end {
                return Ok(Self { name: source.name().to_owned(), bytes, minimum, rows });
            }
            if bytes.len() > limits::SAMPLE {
                return Err(Failure::new("too-large", format!("{} is larger than {} bytes", source.name(), limits::SAMPLE))
                    .help("a sample is small: some hundred records do"));
            }
        }
    }

    /// Does the job on it.
    pub fn run(self, policy: &Policy, job: &Job, plan: &Plan) -> Result<Sampled> {
        let Self { name, bytes, minimum, rows } = self;
        let input = policy.input();
        let bytes = if input.form == Form::Fields && input.format == Format::Ndjson {
            clear_values::of(&name, &bytes, &sealed(policy, plan))?
        } else {
            bytes
        };
        let processor = plan.sample_processor(minimum).map_err(|error| Failure::new("internal", error.to_string()))?;
        // What discovery writes is JSON, whatever it reads.
        let written = if matches!(job.kind(), JobKind::Discover(_)) { Format::Ndjson } else { input.format };
        let outcome = all(processor, &bytes).map(|(counts, out)| {
            let (rows, shown) = first(&out, written, rows);
            Released { counts, shown, rows: Zeroizing::new(String::from_utf8_lossy(rows).into_owned()) }
        });
        let outcome = outcome.map_err(|refused| refused.naming_the_lacking(plan));
        Ok(Sampled { name, tokenizes: plan.token_domains().next().is_some(), minimum, outcome })
    }
}

impl Sampled {
    /// For `--json`.
    pub fn json(&self) -> Value {
        let (minimum_ignored, file) = (self.minimum == SampleMinimum::Ignored, &self.name);
        match &self.outcome {
            Ok(Released { counts, shown, rows }) => json!({
                "file": file,
                "minimum_ignored": minimum_ignored,
                "tokens": self.tokenizes.then_some(TOKENS),
                "read": counts.read,
                "released": counts.released,
                "skipped": counts.skipped,
                "shown": shown,
                "rows": rows.as_str(),
            }),
            Err(refused @ Refused { line, .. }) => {
                json!({ "file": file, "minimum_ignored": minimum_ignored, "refused": { "line": line, "rule": refused.rule() } })
            }
        }
    }

    /// For people. The rows are the sample's own: whoever prints them escapes them.
    pub fn text(&self) -> String {
        let Ok(Released { counts, shown, rows }) = &self.outcome else { return String::new() };
        let Counts { read, released, skipped } = counts;
        let mut text = format!("\nsample      {}: {read} records read, {released} rows released", self.name);
        if *skipped > 0 {
            text.push_str(&format!(", {skipped} records left out because they cannot be processed"));
        }
        text.push('\n');
        if self.tokenizes {
            text.push_str(&format!("  tokens    {TOKENS}\n"));
        }
        if self.minimum == SampleMinimum::Ignored {
            text.push_str("  minimum   ignored for this sample, as --ignore-minimum says; the enclave never does\n");
        }
        text.push_str(rows);
        let hidden = released.saturating_sub(*shown as u64);
        if hidden > 0 {
            text.push_str(&format!("… and {hidden} more rows (--rows shows more)\n"));
        }
        text
    }

    /// Where the enclave would refuse these records.
    pub fn failure(&self) -> Option<Failure> {
        let Err(said @ Refused { line, refused, lacks }) = &self.outcome else { return None };
        let of = if lacks.is_some() { format!("{}: ", self.name) } else { String::new() };
        let failure = Failure::new("sample-refused", format!("{of}the enclave would refuse these records: {}", said.rule()));
        Some(match (refused, line) {
            (RecordRefused::TooFewPeople, _) => {
                failure.help("the policy allows the job; give a sample of more people, or show the rows all the same with --ignore-minimum")
            }
            (_, 0) => failure.help("the policy allows the job; these records do not keep to its terms"),
            (_, line) => {
                failure.at(&self.name, *line).help("the policy allows the job; the records have to be corrected before they are sealed")
            }
        })
    }
}

impl Refused {
    fn of_all(refused: RecordRefused) -> Self {
        Self { line: 0, refused, lacks: None }
    }

    /// With the name of the job's field that the header row lacks: a name of the job's own, nothing of the sample.
    fn naming_the_lacking(self, plan: &Plan) -> Self {
        let RecordRefused::CsvHeader(HeaderError::MissingColumn(index)) = self.refused else { return self };
        Self { lacks: plan.fields_read().nth(index).map(|(name, _)| name.to_string()), ..self }
    }

    fn rule(&self) -> String {
        match &self.lacks {
            Some(field) => format!("the header row lacks {field:?}, which the job reads"),
            None => self.refused.to_string(),
        }
    }
}

/// Whether it begins as a sealed file does, whose header is whole.
fn is_sealed(sample: &[u8]) -> bool {
    matches!(Header::parse(&sample[..sample.len().min(HEADER_BYTES)]), Ok(Some(_)))
}

/// The fields whose values are sealed in the real records.
fn sealed(policy: &Policy, plan: &Plan) -> Vec<SealedField> {
    let fields = plan.fields_read().filter(|(_, sealed)| *sealed);
    let fields = fields.map(|(name, _)| SealedField {
        name: name.to_string(),
        text_type: policy.fields().get(&*name).map(|field| field.text_type).unwrap_or_default(),
    });
    fields.collect()
}

/// The whole output, without padding.
fn all(mut processor: RowProcessor, sample: &[u8]) -> std::result::Result<(Counts, Zeroizing<Vec<u8>>), Refused> {
    let mut out = Zeroizing::new(processor.head());
    let (mut cutter, mut worker) = (processor.cutter(), processor.worker());
    let mut line = 1;
    for chunk in sample.chunks(limits::CHUNK) {
        cutter.space().extend_from_slice(chunk);
        while let Some(block) = cutter.cut(Zeroizing::default) {
            line = one_block(&mut worker, &block, line, &mut out)?;
        }
    }
    one_block(&mut worker, &cutter.finish(), line, &mut out)?;
    processor.merge(worker.into_tally()).map_err(Refused::of_all)?;
    let (counts, released) = processor.finish().map_err(Refused::of_all)?;
    if let Some(mut groups) = released {
        while !groups.is_empty() {
            groups.next_block(&mut out);
        }
    }
    Ok((counts, out))
}

/// Returns the line of the next block's first byte.
fn one_block(worker: &mut RowWorker, block: &Block, line: u64, out: &mut Vec<u8>) -> std::result::Result<u64, Refused> {
    let (mut at, mut rows) = (0, Zeroizing::new(Vec::new()));
    loop {
        let step = worker.advance(block, &mut at, &mut rows);
        out.append(&mut rows);
        match step {
            Ok(Step::Full) => {}
            Ok(Step::Done) => return Ok(line + line_feeds(block.bytes())),
            // Nothing in a sample is sealed.
            Ok(Step::KeyMissing) => return Err(Refused::of_all(RecordRefused::SealedValue)),
            Err(refused) if refused.is_about_one_record() => {
                return Err(Refused { line: line + before_record(block, at), refused, lacks: None });
            }
            Err(refused) => return Err(Refused::of_all(refused)),
        }
    }
}

/// Line feeds of a block before its record at or after `at`.
fn before_record(block: &Block, at: usize) -> u64 {
    let begins = block.next_record(at).map_or(at, |(record, _)| record.as_ptr() as usize - block.bytes().as_ptr() as usize);
    line_feeds(&block.bytes()[..begins])
}

/// The head, the first `most` rows, and how many those are.
fn first(out: &[u8], format: Format, most: usize) -> (&[u8], usize) {
    let next = |at: usize| match format {
        Format::Ndjson => out[at..].iter().position(|byte| *byte == b'\n').map(|end| at + end + 1),
        Format::Csv => csv::next_record(out, at).map(|(_, after)| after),
    };
    let (mut at, mut shown) = (0, 0);
    if format == Format::Csv {
        at = next(at).unwrap_or(at);
    }
    while shown < most
        && let Some(after) = next(at)
    {
        (at, shown) = (after, shown + 1);
    }
    (&out[..at], shown)
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// What has to be said of tokens.
const TOKENS: &str = "of throwaway keys, made for this sample: the real ones differ";
