//! The verdict's lines on the page, and what was not checked: lines that say so, and what no check of a receipt can tell.

use maud::{Markup, html};

use super::visible;
use crate::verdict::{Line, Outcome, Verdict};

/// Every line, in the order of the checks.
pub(super) fn checks(verdict: &Verdict) -> Markup {
    html! {
        section {
            h2 { "Checks" }
            ul.checks { @for line in verdict.lines() { (one(line)) } }
        }
    }
}

/// What nobody should take for granted.
pub(super) fn not_checked(verdict: &Verdict) -> Markup {
    let lines = verdict.lines().iter().filter(|line| line.outcome == Outcome::NotChecked);
    html! {
        section.limits {
            h2 { "What was not checked" }
            ul.checks { @for line in lines { (one(line)) } }
            h3 { "What no receipt can tell" }
            ul { @for limit in LIMITS { li { (limit) } } }
        }
    }
}

fn one(line: &Line) -> Markup {
    let (class, word) = match line.outcome {
        Outcome::Passed => ("passed", "passed"),
        Outcome::Failed => ("failed", "FAILED"),
        Outcome::Accepted { .. } => ("accepted", "DANGER"),
        Outcome::NotChecked => ("unchecked", "not checked"),
    };
    html! {
        li {
            span class=(format!("badge {class}")) { (word) }
            div {
                strong { (visible(&line.check)) }
                @if let Outcome::Accepted { by } = line.outcome { " " span.note { "taken because of " code { (by) } } }
                br;
                (visible(&line.detail))
            }
        }
    }
}

/// What stays open whatever is given.
const LIMITS: [&str; 4] = [
    "Whether this was the only job: the parent may run others that the policy allows, and withhold their receipts. CloudTrail has every request to KMS.",
    "Whether the measurements are those of a program that does what it should: that is for whoever reads its source and builds its image again.",
    "Whether the records were true, or complete beyond what their owner sealed.",
    "What the recipients did with the output.",
];
