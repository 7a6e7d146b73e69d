//! Traps within the conditions of one statement. Called by `lint`.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    super::{attested_key, operator::Comparison},
    Findings,
    clause::{Clause, Line},
    rules as rule,
};

/// Adds what is wrong with the conditions of `clause`.
pub(super) fn check(clause: &Clause, report: &mut Findings) {
    let speaks_of_pcrs: Vec<&Line> = clause.conditions.iter().filter(|line| line.pcr().is_some()).collect();
    for line in &speaks_of_pcrs {
        values(clause, line, report);
    }
    if clause.allows {
        allow(clause, &speaks_of_pcrs, report);
    } else {
        deny(clause, &speaks_of_pcrs, report);
    }
}

fn allow(clause: &Clause, speaks_of_pcrs: &[&Line], report: &mut Findings) {
    let negated: Vec<String> = clause.conditions.iter().filter(|line| line.is_negated()).map(shown).collect();
    if !negated.is_empty() {
        report.add(&rule::NEGATED_ALLOW, clause, negated.join(", "));
    }
    let passing = clause.conditions.iter().filter(|line| !line.is_negated() && passes_when_absent(line));
    let passing: Vec<String> = passing.map(shown).collect();
    if !passing.is_empty() {
        report.add(&rule::IF_EXISTS, clause, passing.join(", "));
    }
    let demanding = speaks_of_pcrs.iter().filter(|line| line.is_negated() || line.demands_a_value());
    let demanded: BTreeSet<u8> = demanding.filter_map(|line| line.pcr()).collect();
    if !demanded.is_empty() || clause.is_attested_allow() {
        let missing: Vec<String> = IMAGE.iter().filter(|index| !demanded.contains(index)).map(|index| format!("PCR{index}")).collect();
        let (has, lacks) = (if demanded.is_empty() { "any document".to_owned() } else { listed(&demanded) }, missing.join(" and "));
        if missing.len() == IMAGE.len() {
            report.add(&rule::DEBUG_SATISFIES, clause, format!("it demands {has} and no PCR of the image"));
        } else if !missing.is_empty() {
            report.add(&rule::INCOMPLETE_TRIPLE, clause, format!("it demands {has} and not {lacks}"));
        }
    }
    let lists = speaks_of_pcrs.iter().filter(|line| distinct(line) > 1).filter_map(|line| line.pcr());
    let lists: BTreeSet<u8> = lists.collect();
    if lists.len() > 1 {
        report.add(&rule::CROSSED_LISTS, clause, format!("lists of values for {}", listed(&lists)));
    }
}

fn deny(clause: &Clause, speaks_of_pcrs: &[&Line], report: &mut Findings) {
    let told = |line: &&&Line| line.is_negated() || line.holds_without_the_key() == Some(true);
    let told: BTreeSet<u8> = speaks_of_pcrs.iter().filter(told).filter_map(|line| line.pcr()).collect();
    if told.len() > 1 && speaks_of_pcrs.iter().any(|line| line.is_negated()) {
        report.add(&rule::DENY_SEVERAL_PCRS, clause, format!("it applies only where {} all differ", listed(&told)));
    }
    for line in clause.conditions.iter().filter(|line| line.is_exception() && line.has_wildcard()) {
        report.add(&rule::WILDCARD, clause, format!("it leaves out every {} like {}", line.key, line.values.join(", ")));
    }
}

/// An Allow's condition on attestation or on the encryption context that a request without the key fulfils. Conditions on
/// other keys, which KMS itself always sets, are left alone.
fn passes_when_absent(line: &Line) -> bool {
    let is_ours = line.pcr().is_some() || line.key.to_ascii_lowercase().starts_with("kms:encryptioncontext:");
    let by_name = line.operator.to_ascii_lowercase().ends_with("ifexists");
    is_ours && (by_name || line.holds_without_the_key() == Some(true))
}

fn values(clause: &Clause, line: &Line, report: &mut Findings) {
    let operator = line.understood();
    let comparison = operator.map(|operator| operator.comparison);
    if line.operator.eq_ignore_ascii_case("Null") {
        return;
    }
    let exact_case = matches!(
        comparison,
        Some(Comparison::StringEquals | Comparison::StringNotEquals | Comparison::StringLike | Comparison::StringNotLike)
    );
    let expands = matches!(comparison, Some(Comparison::StringLike | Comparison::StringNotLike));
    for value in &line.values {
        if expands && value.contains(['*', '?']) {
            report.add(&rule::WILDCARD, clause, format!("{} with a wildcard: {value}", line.key));
            continue;
        }
        match attested_key::value(value) {
            None => report.add(&rule::PCR_NOT_HEX, clause, format!("{}: {}", line.key, described(value))),
            Some(pcr) if pcr.is_zero() => report.add(&rule::ZERO_PCR, clause, format!("{} is zero", line.key)),
            Some(_) if exact_case && value.contains(|c: char| c.is_ascii_uppercase()) => {
                report.add(&rule::PCR_NOT_HEX, clause, format!("{}: upper-case digits under {}", line.key, line.operator));
            }
            Some(_) => {}
        }
    }
}

/// What a value that is not 96 hex digits looks like, with the digits that were meant where that is plain.
fn described(value: &str) -> String {
    match STANDARD.decode(value) {
        Ok(bytes) if bytes.len() == 48 => format!("{value} is base64, in hex {}", sealroom_shared::digest::hex(&bytes)),
        _ => format!("{value} is not 96 hex digits"),
    }
}

fn shown(line: &Line) -> String {
    format!("{} on {}", line.operator, line.key)
}

fn listed(indexes: &BTreeSet<u8>) -> String {
    let names: Vec<String> = indexes.iter().map(|index| format!("PCR{index}")).collect();
    names.join(", ")
}

fn distinct(line: &Line) -> usize {
    line.values.iter().map(|value| value.to_ascii_lowercase()).collect::<BTreeSet<_>>().len()
}

/// The PCRs that say which image runs.
const IMAGE: [u8; 3] = [0, 1, 2];
