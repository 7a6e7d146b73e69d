//! E-mail addresses at their bounds, anywhere in a text.

use super::*;

fn emails(text: &str) -> Vec<(&'static str, String)> {
    found([Detector::Email].into_iter().collect(), text)
}

#[test]
fn an_address_is_found_however_far_in_the_text_it_stands() {
    for before in [0, 1, 63, 64, 65, 200, 300, 5000] {
        let text = format!("{}a@b.example.com.", " ".repeat(before));
        assert_eq!(emails(&text), [("email", "a@b.example.com".to_owned())], "{before}");
    }
}

#[test]
fn the_last_label_of_a_domain_begins_within_255_bytes() {
    let domain = |labels: &str| format!("a@{labels}com");
    let (even, odd) = (domain(&"b.".repeat(127)), domain(&format!("bb.{}", "b.".repeat(126))));
    assert_eq!(emails(&even), [("email", even.clone())]);
    assert_eq!(emails(&odd), [("email", odd.clone())]);
    assert_eq!(emails(&domain(&"b.".repeat(128))), []);
    assert_eq!(emails(&domain(&format!("bb.{}", "b.".repeat(127)))), []);
}

#[test]
fn an_encoded_label_may_be_the_last_and_hold_digits() {
    assert_eq!(emails("to a@example.xn--p1ai!"), [("email", "a@example.xn--p1ai".to_owned())]);
    // One that ends with a hyphen is none; its first letters are taken.
    assert_eq!(emails("to a@example.xn--p1-!"), [("email", "a@example.xn".to_owned())]);
    assert_eq!(emails("to a@example.xn--p1aié!"), [("email", "a@example.xn--p1aié".to_owned())]);
}

#[test]
fn the_longest_address_is_one_as_a_whole() {
    let text = format!("{}@{}com", "a".repeat(64), "b.".repeat(126));
    assert_eq!((text.len(), whole(&text)), (320, Some(Detector::Email)));
}
