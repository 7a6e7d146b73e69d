//! Attestation documents from anyone, parsed and verified under two trust anchors. What verifies also parses, and nothing
//! verifies under both. Of what is refused exactly one rule has failed, and of what verifies none.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sealroom_shared::attestation::{self, AttestationError, Rule, RuleOutcome, Trace, TrustAnchor, VerifyTime};
use sealroom_shared::limits;

static MADE: LazyLock<TrustAnchor> =
    LazyLock::new(|| TrustAnchor::danger_from_pem(include_str!("../../tests/vectors/attestation/mock-ca/mock-root.pem")).unwrap());
static AWS: LazyLock<TrustAnchor> = LazyLock::new(TrustAnchor::aws_root_g1);

fuzz_target!(|data: &[u8]| {
    let parsed = attestation::parse(data);
    if data.len() > limits::ATTESTATION_DOCUMENT {
        assert_eq!(parsed.as_ref().err(), Some(&AttestationError::TooLarge));
    }
    let verified = [&*MADE, &*AWS].map(|anchor| {
        let mut trace = Trace::default();
        let verified = attestation::verify_traced(data, anchor, VerifyTime::DocumentTime, &mut trace);
        let others = Rule::ALL.map(|rule| trace.outcome(rule)).into_iter().filter(|outcome| *outcome != RuleOutcome::Passed);
        let failed: Vec<RuleOutcome> = others.filter(|outcome| verified.is_ok() || *outcome != RuleOutcome::NotChecked).collect();
        assert_eq!(failed, verified.as_ref().err().map(|error| RuleOutcome::Failed(*error)).into_iter().collect::<Vec<_>>());
        verified
    });
    for outcome in &verified {
        match (outcome, &parsed) {
            (Ok(document), Ok(parsed)) => {
                assert_eq!(format!("{:?}", **document), format!("{parsed:?}"));
                let _ = (document.is_debug(), document.recipient_key());
            }
            (Ok(_), Err(_)) => panic!("verified and not parsed"),
            // A document that does not parse is refused for the same reason.
            (Err(outcome), Err(parsed)) => assert_eq!(outcome, parsed),
            (Err(_), Ok(_)) => {}
        }
    }
    assert!(!verified.iter().all(Result::is_ok));
    // Certificates live three hours; the end of time is outside every one.
    assert!(attestation::verify(data, &MADE, VerifyTime::At(u64::MAX)).is_err());
});
