//! The lines of `sealroom attestation verify`: first the rules, as the one verifier wrote them down, then what the person
//! expects, compared only with a document that has verified. Nothing here decides that a document is genuine.

use sealroom_shared::{
    attestation::{AttestationDocument, AttestationError, Rule, RuleOutcome, Trace, TrustAnchor, Verified},
    measurements::Measurements,
};

use super::expected::{ExpectedBytes, ExpectedPcr};
use crate::{
    limits,
    verdict::{Outcome, Verdict},
};

/// One line a rule.
pub fn rules(verdict: &mut Verdict, trace: &Trace, error: Option<&AttestationError>, anchor: &TrustAnchor) {
    for rule in Rule::ALL {
        match trace.outcome(rule) {
            RuleOutcome::Passed if rule == Rule::TrustAnchor && !anchor.is_aws_root_g1() => {
                verdict.add(rule.name(), Outcome::Accepted { by: "--danger-trust-anchor" }, DANGER);
            }
            RuleOutcome::Passed => verdict.add(rule.name(), Outcome::Passed, rule.asks()),
            RuleOutcome::Failed(error) => verdict.add(rule.name(), Outcome::Failed, format!("{error}; the rule: {}", rule.asks())),
            RuleOutcome::NotChecked => verdict.add(rule.name(), Outcome::NotChecked, "the document was refused before"),
        }
    }
    // The verifier's result decides. A trace that told another story would be a fault of this program: no document is believed on it.
    let all_passed = Rule::ALL.into_iter().all(|rule| trace.outcome(rule) == RuleOutcome::Passed);
    match error {
        Some(error) if verdict.failed().is_none() => verdict.add("document", Outcome::Failed, error.to_string()),
        None if !all_passed => verdict.add("document", Outcome::Failed, "not every rule was seen to hold"),
        _ => {}
    }
    verdict.add("revocation", Outcome::NotChecked, "AWS asks for none: the certificates live for hours, no list is fetched");
}

/// What a person expects of a document, beside that it is genuine.
pub struct Expectations {
    pub measurements: Option<Measurements>,
    pub pcrs: Vec<ExpectedPcr>,
    pub nonce: Option<ExpectedBytes>,
    pub user_data: Option<ExpectedBytes>,
    pub max_age_seconds: Option<u64>,
    pub allow_debug: bool,
}

impl Expectations {
    /// The lines for a document that has verified; `now` in milliseconds since 1970.
    pub fn compare(&self, verdict: &mut Verdict, document: &Verified<AttestationDocument>, now: u64) {
        match (document.is_debug(), self.allow_debug) {
            (false, _) => verdict.add("debug-mode", Outcome::Passed, "not in debug mode: PCR0, PCR1 and PCR2 are not zero"),
            (true, true) => verdict.add("debug-mode", Outcome::Accepted { by: "--allow-debug" }, DEBUG),
            (true, false) => verdict.add("debug-mode", Outcome::Failed, DEBUG),
        }
        self.pcrs(verdict, document);
        self.image(verdict, document);
        bytes(verdict, "expected-nonce", "--nonce", self.nonce.as_ref(), document.nonce.as_deref());
        bytes(verdict, "expected-user-data", "--user-data", self.user_data.as_ref(), document.user_data.as_deref());
        self.age(verdict, document, now);
    }

    /// The lines where there is no such document.
    pub fn not_compared(verdict: &mut Verdict) {
        for check in ["debug-mode", "image", "expected-nonce", "expected-user-data", "age"] {
            verdict.add(check, Outcome::NotChecked, "the document did not verify");
        }
    }

    fn pcrs(&self, verdict: &mut Verdict, document: &AttestationDocument) {
        for expected in &self.pcrs {
            let detail = match document.pcrs.get(&expected.index) {
                Some(found) if *found == expected.value => found.hex(),
                Some(found) => format!("{}, expected {}", found.hex(), expected.value.hex()),
                None => format!("absent, expected {}", expected.value.hex()),
            };
            verdict.check(format!("pcr{}", expected.index), expected.is_in(document), detail);
        }
    }

    /// Which image it is: only PCR0, PCR1 and PCR2 together say so.
    fn image(&self, verdict: &mut Verdict, document: &Verified<AttestationDocument>) {
        let all_three = [0, 1, 2].iter().all(|index| self.pcrs.iter().any(|expected| expected.index == *index));
        match self.measurements.as_ref().map(|measurements| document.matches(measurements)) {
            Some(Ok(())) => verdict.add("image", Outcome::Passed, "every PCR of --measurements is equal"),
            Some(Err(mismatch)) => verdict.add("image", Outcome::Failed, format!("another image than --measurements: {mismatch}")),
            None if all_three && self.pcrs.iter().all(|expected| expected.is_in(document)) => {
                verdict.add("image", Outcome::Passed, "every --pcr is equal, PCR0, PCR1 and PCR2 among them");
            }
            None if self.pcrs.is_empty() => {
                verdict.add("image", Outcome::NotChecked, "neither --measurements nor --pcr was given: it may be anybody's image");
            }
            None => verdict.add("image", Outcome::NotChecked, "an image is told by PCR0, PCR1 and PCR2 together, all equal"),
        }
    }

    fn age(&self, verdict: &mut Verdict, document: &AttestationDocument, now: u64) {
        let Some(most) = self.max_age_seconds else {
            return verdict.add("age", Outcome::NotChecked, "no --max-age was given");
        };
        let made = document.timestamp.as_millis();
        let ahead = made.saturating_sub(now);
        if ahead > limits::CLOCK_AHEAD.as_millis() as u64 {
            return verdict.add("age", Outcome::Failed, format!("made {} s ahead of this machine's clock", ahead.div_ceil(1000)));
        }
        let age = now.saturating_sub(made);
        verdict.check("age", age <= most.saturating_mul(1000), format!("made {} s ago; at most {most} s are allowed", age.div_ceil(1000)));
    }
}

fn bytes(verdict: &mut Verdict, check: &str, flag: &str, expected: Option<&ExpectedBytes>, found: Option<&[u8]>) {
    let Some(expected) = expected else {
        return verdict.add(check, Outcome::NotChecked, format!("no {flag} was given"));
    };
    let equal = found == Some(expected.0.as_slice());
    let detail = match found {
        Some(_) if equal => format!("equal to {flag}"),
        Some(found) => format!("the document has {} other bytes than {flag}", found.len()),
        None => "the document has none".to_owned(),
    };
    verdict.check(check, equal, detail);
}

const DANGER: &str = "another root than AWS's: whoever holds its key can forge any document";
const DEBUG: &str = "PCR0, PCR1 or PCR2 is zero: an enclave in debug mode, whose console the parent reads";
