//! Redacting free text of 1 KiB with all detectors on one core: against `regex` that only looks for the same patterns, without any
//! validation, and against Presidio's recognisers that are regular expressions.

use anyhow::{Result, ensure};
use regex::bytes::{Regex, RegexBuilder};
use sealroom_shared::detect::{Detector, Detectors, Finder, Span};
use serde::Deserialize;

use super::clock::{Contest, own, process};
use super::harness::pin;
use super::report::{Judged, Row, Target, count_rate, rate};
use super::work::{REDACT, Work};
use super::{Settings, peers};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let (count, by_presidio) = if settings.quick { (10_000, 200) } else { (100_000, 2_000) };
    pin(std::process::id(), 0)?;
    let patterns = Patterns::new()?;
    let texts = texts(&patterns, count)?;
    let bytes = (count * LENGTH) as f64;
    let notes: String = texts.iter().map(|text| serde_json::json!({ "note": text }).to_string() + "\n").collect();
    let work = Work::of(REDACT)?;
    let folder = settings.folder("redact")?;
    let presidio = |count: usize| -> Result<std::process::Command> {
        let file = folder.join(format!("texts.{count}"));
        std::fs::write(&file, texts.iter().take(count).map(|text| text.clone() + "\n").collect::<String>())?;
        let mut command = peers::python(settings, "presidio.py");
        command.arg("redact").arg(file);
        Ok(command)
    };
    let (mut nothing, mut some) = (presidio(0)?, presidio(by_presidio)?);
    let redacted = some.output()?;
    ensure!(redacted.status.success(), "presidio.py: {}", String::from_utf8_lossy(&redacted.stderr));
    ensure!(redacted.stdout.windows(6).any(|bytes| bytes == b"[CARD]"), "Presidio redacted nothing");
    let mut rows = Vec::new();
    work.rows_in_the_clear(notes.as_bytes(), &mut rows)?;
    ensure!(rows.iter().filter(|byte| **byte == b'\n').count() == count, "not a row for each text");

    let finder = Finder::new(Detectors::all());
    let (mut out, mut spans) = (String::new(), Vec::new());
    let mut contest = Contest::default();
    let ours = contest.enter(|| {
        let (markers, spent) = own(|| {
            out.clear();
            Ok(texts.iter().map(|text| redact(&finder, text, &mut spans, &mut out)).sum::<usize>())
        })?;
        ensure!(markers > count, "nothing was found");
        Ok(spent)
    });
    let whole_rows = contest.enter(|| Ok(own(|| work.rows_in_the_clear(notes.as_bytes(), &mut rows))?.1));
    let scan = |matches: &dyn Fn(&[u8]) -> usize| {
        let (matches, spent) = own(|| Ok(texts.iter().map(|text| matches(text.as_bytes())).sum::<usize>()))?;
        ensure!(matches > count, "nothing was found");
        Ok(spent)
    };
    let one_by_one = contest.enter(|| scan(&|text| patterns.each.iter().map(|(_, regex)| regex.find_iter(text).count()).sum()));
    let at_once = contest.enter(|| scan(&|text| patterns.together.find_iter(text).count()));
    let start = contest.enter(move || process(&mut nothing));
    let theirs = contest.enter(move || process(&mut some));
    let outcome = contest.hold(settings.rounds.min(5))?;

    let presidio = outcome.median(theirs).without(outcome.median(start)).each(by_presidio as f64);
    // As one alternation `regex` answers less: what begins first at a place hides what the other patterns find there.
    let scans = [("one pattern after the other", one_by_one), ("as one alternation", at_once)].map(|(name, scan)| {
        Row::speed(
            &format!("redact of 1 KiB of text with all detectors, one core, against `regex` with the same patterns, {name}"),
            rate(bytes, outcome.median(ours).cpu),
            format!("regex, {} patterns, {}", patterns.each.len(), rate(bytes, outcome.median(scan).cpu)),
            outcome.ratio(ours, scan),
            Judged::Cpu,
            Target::AtLeast(0.5),
        )
    });
    let rows = Row::speed(
        "rows with such a text, NDJSON to NDJSON, against Presidio's recognisers on the text",
        count_rate(count as f64, outcome.median(whole_rows).cpu, "texts"),
        format!("Presidio, without its start, {}", count_rate(1.0, presidio.cpu, "texts")),
        outcome.ratio_of(|round| {
            let each = round[theirs].without(round[start]).each(by_presidio as f64);
            round[whole_rows].each(count as f64).against(each)
        }),
        Judged::Cpu,
        Target::AtLeast(100.0),
    );
    Ok(scans.into_iter().chain([rows]).collect())
}

/// As the operation does it.
fn redact(finder: &Finder, text: &str, spans: &mut Vec<Span>, out: &mut String) -> usize {
    finder.find(text, spans);
    let mut shown = 0;
    for span in spans.iter() {
        out.push_str(&text[shown..span.start]);
        out.push_str(span.detector.marker());
        shown = span.end;
    }
    out.push_str(&text[shown..]);
    spans.len()
}

/// What the detectors look for before they validate it, as regular expressions.
struct Patterns {
    each: Vec<(Detector, Regex)>,
    together: Regex,
}

impl Patterns {
    fn new() -> Result<Self> {
        let build = |pattern: &str| RegexBuilder::new(pattern).unicode(false).build();
        let each = PATTERNS.iter().map(|(detector, pattern)| Ok((*detector, build(pattern)?))).collect::<Result<_>>()?;
        Ok(Self { each, together: build(&PATTERNS.map(|(_, pattern)| format!("(?:{pattern})")).join("|"))? })
    }

    /// Whether each finding lies within a match of its detector's pattern.
    fn cover(&self, text: &str, spans: &[Span]) -> bool {
        spans.iter().all(|span| {
            let mut matching = self.each.iter().filter(|(detector, _)| *detector == span.detector);
            matching.any(|(_, regex)| regex.find_iter(text.as_bytes()).any(|found| found.start() <= span.start && found.end() >= span.end))
        })
    }
}

#[derive(Deserialize)]
struct Labelled {
    text: String,
    spans: Vec<(String, usize, usize)>,
}

/// Texts of 1 KiB: words, and every 200 bytes a text of the labelled set that holds something, if it is one in which the patterns
/// find what the detectors find.
fn texts(patterns: &Patterns, count: usize) -> Result<Vec<String>> {
    let finder = Finder::new(Detectors::all());
    let mut pieces = Vec::new();
    for line in SET.lines() {
        let Labelled { text, spans } = serde_json::from_str(line)?;
        let mut found = Vec::new();
        finder.find(&text, &mut found);
        if !spans.is_empty() && !found.is_empty() && text.len() < 200 && text.is_ascii() && patterns.cover(&text, &found) {
            pieces.push(text);
        }
    }
    ensure!(pieces.len() > 250, "only {} texts are left", pieces.len());
    let (mut words, mut pieces) = (WORDS.split_whitespace().cycle(), pieces.iter().cycle());
    let text = |_| {
        let mut text = String::with_capacity(LENGTH);
        let mut next = 200;
        while text.len() + 210 < LENGTH {
            if text.len() < next {
                text += words.next().unwrap_or_default();
            } else {
                text += pieces.next().map_or("", String::as_str);
                next = text.len() + 200;
            }
            text.push(' ');
        }
        text + &" and so on".repeat(30)
    };
    Ok((0..count).map(text).map(|text| text[..LENGTH].to_owned()).collect())
}

const LENGTH: usize = 1024;
const SET: &str = include_str!("../../data/detectors/labelled.ndjson");
const WORDS: &str = "The customer called on Monday about the order of 3 chairs, which came late and with scratches. Asked for a refund of 120.50 EUR; \
    we offered 20 % off the next one (see ticket 48213), or a repair at home within 14 days. She will think about it, and write again before \
    the end of March 2026. Her neighbour, who had ordered the same model in 2024, was content. Agent: Mia; queue: furniture/returns; mood: calm.";

const PATTERNS: [(Detector, &str); 11] = [
    (Detector::Card, r"\b[2-9][0-9]{1,5}(?:[ -]?[0-9]){7,17}\b"),
    (Detector::Email, r"[A-Za-z0-9_][A-Za-z0-9_.%+'&!#$~^-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}\b"),
    (Detector::Phone, r"[+(]?\b[0-9](?:[ ./()-]{0,2}[0-9]){6,14}\b"),
    (Detector::Iban, r"\b[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}\b"),
    (Detector::Ssn, r"\b[0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{4}\b"),
    (Detector::Ipv4, r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b"),
    (Detector::Ipv6, r"(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{1,4}|:)?"),
    (Detector::AwsKey, r"\bA(?:KI|SI|BI|CC)A[A-Z2-7]{16}\b"),
    (Detector::Jwt, r"\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2,4}"),
    (Detector::Mac, r"\b(?:(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})\b"),
    (Detector::Vin, r"\b[A-HJ-NPR-Za-hj-npr-z0-9]{17}\b"),
];
