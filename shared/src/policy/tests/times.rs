//! When a policy's jobs may run.

use super::*;

fn between(not_before: &str, not_after: &str) -> Option<Rule> {
    let text = whole().replace("2026-01-01T00:00:00Z", not_before).replace("2027-01-01T01:00:00.5+01:00", not_after);
    Policy::parse(text.as_bytes()).err().map(|error| error.rule)
}

#[test]
fn a_policy_is_valid_for_some_time() {
    assert_eq!(between("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.001Z"), None);
    for until in ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-12-31T23:59:59.999Z"] {
        assert_eq!(between("2026-01-01T00:00:00Z", until), Some(Rule::EmptyValidity), "{until}");
    }
}
