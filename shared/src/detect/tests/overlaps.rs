//! Findings that overlap, or nearly do, by single bytes.

use super::*;

#[test]
fn findings_that_share_one_byte_are_one() {
    // Of a long local part the last 64 bytes are taken: they begin with the key's last letter.
    let address = format!("E.{}@example.com", "a".repeat(62));
    let text = format!("AKIAIOSFODNN7EXAMPL{address}");
    assert_eq!(found([Detector::AwsKey].into_iter().collect(), &text), [("aws-key", "AKIAIOSFODNN7EXAMPLE".to_owned())]);
    assert_eq!(found([Detector::Email].into_iter().collect(), &text), [("email", address)]);
    assert_eq!(all(&text), [("email", text.clone())]);
    assert_eq!(redacted(Detectors::all(), &text), "[EMAIL]");
}

#[test]
fn findings_that_touch_are_two() {
    assert_eq!(all("a@b.cé9018::e"), [("email", "a@b.cé".to_owned()), ("ipv6", "9018::e".to_owned())]);
    assert_eq!(redacted(Detectors::all(), "a@b.cé9018::e"), "[EMAIL][IPV6]");
}
