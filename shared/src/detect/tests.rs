//! Tests of what a measure over many texts does not show: bounds of each detector, overlaps, characters beyond ASCII.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic, reason = "tests")]

use super::*;

mod addresses;
mod context;
mod country_codes;
mod emails;
mod labelled;
mod numbers;
mod overlaps;
mod sets;
mod tokens;

fn found(detectors: Detectors, text: &str) -> Vec<(&'static str, String)> {
    let mut spans = Vec::new();
    Finder::new(detectors).find(text, &mut spans);
    spans.iter().map(|span| (span.detector.name(), text[span.start..span.end].to_owned())).collect()
}

fn all(text: &str) -> Vec<(&'static str, String)> {
    found(Detectors::all(), text)
}

fn redacted(detectors: Detectors, text: &str) -> String {
    let (mut spans, mut out, mut shown) = (Vec::new(), String::new(), 0);
    Finder::new(detectors).find(text, &mut spans);
    for span in spans {
        out += &text[shown..span.start];
        out += span.detector.marker();
        shown = span.end;
    }
    out + &text[shown..]
}

#[test]
fn a_whole_value_is_of_one_type_or_of_none() {
    for (text, detector) in [
        ("4111 1111 1111 1111", Detector::Card),
        ("a@example.com", Detector::Email),
        ("+49 30 901820", Detector::Phone),
        ("DE89370400440532013000", Detector::Iban),
        ("536-90-4399", Detector::Ssn),
        ("192.0.2.1", Detector::Ipv4),
        ("2001:db8::1", Detector::Ipv6),
        ("AKIAIOSFODNN7EXAMPLE", Detector::AwsKey),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", Detector::Jwt),
        ("00:1A:2B:3C:4D:5E", Detector::Mac),
        ("1M8GDM9AXKP042788", Detector::Vin),
    ] {
        assert_eq!(whole(text), Some(detector), "{text}");
        assert_eq!(any_in(&format!("x {text}, y")), [detector].into_iter().collect(), "{text}");
        for more in [format!("{text} x"), format!("x {text}"), format!("\"{text}\""), format!(" {text}")] {
            assert_ne!(whole(&more), Some(detector), "{more}");
        }
    }
    for text in ["", " ", "x", "4111 1111 1111 1112", "a@example.com b@example.com", &"a".repeat(1000)] {
        assert_eq!(whole(text), None, "{text}");
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    for detector in Detector::ALL {
        assert_eq!(detector.name().parse(), Ok(detector));
        assert!(NAMES.contains(detector.name()));
        assert_eq!(all(detector.marker()), []);
    }
    for name in ["", "Card", "ip", "cards", "aws_key"] {
        assert_eq!(name.parse::<Detector>(), Err(UnknownDetector), "{name}");
    }
}

#[test]
fn what_was_not_asked_for_is_not_found() {
    let text = "4111 1111 1111 1111 a@example.com +49 30 901820 DE89370400440532013000 536-90-4399 192.0.2.1 2001:db8::1 \
                AKIAIOSFODNN7EXAMPLE eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0. 00:1A:2B:3C:4D:5E 1M8GDM9AXKP042788";
    for detector in Detector::ALL {
        let names: Vec<&str> = found([detector].into_iter().collect(), text).iter().map(|(name, _)| *name).collect();
        assert_eq!(names, [detector.name()]);
    }
    assert_eq!(found(Detectors::default(), text), []);
}

#[test]
fn findings_that_overlap_are_one_and_the_longest_names_it() {
    // A card's digits begin an address; an address of a machine ends one.
    for (text, detector, covered) in [
        ("4111-1111-1111-1111-x@example.com", "email", "4111-1111-1111-1111-x@example.com"),
        ("4111 1111 1111 1111@example.com", "card", "4111 1111 1111 1111@example.com"),
        ("::ffff:192.0.2.128", "ipv6", "::ffff:192.0.2.128"),
        ("x DE89 3704 0044 0532 0130 00 y", "iban", "DE89 3704 0044 0532 0130 00"),
    ] {
        assert_eq!(all(text), [(detector, covered.to_owned())]);
    }
    // Of those that only touch, each is one.
    assert_eq!(all("(536-90-4399)(192.0.2.1)").len(), 2);
}

#[test]
fn a_further_detector_never_uncovers_anything() {
    let text = "4111 1111 1111 1111@example.com, ::ffff:192.0.2.128, 212-555-0134-536-90-4399";
    let covered = |detectors: Detectors| {
        let mut spans = Vec::new();
        Finder::new(detectors).find(text, &mut spans);
        spans.iter().flat_map(|span| span.start..span.end).fold(0_u128, |bytes, byte| bytes | 1 << byte)
    };
    let each = |bits: usize| Detector::ALL.into_iter().enumerate().filter(move |(at, _)| bits >> at & 1 == 1);
    let by_set: Vec<u128> = (0..1 << Detector::ALL.len()).map(|bits| covered(each(bits).map(|(_, one)| one).collect())).collect();
    assert!(by_set.iter().any(|bytes| *bytes != 0));
    for (bits, bytes) in by_set.iter().enumerate() {
        for (at, detector) in each(bits) {
            let fewer = by_set[bits & !(1 << at)];
            assert_eq!(fewer & !bytes, 0, "{detector:?} uncovers something");
        }
    }
}

#[test]
fn redacting_twice_changes_nothing_more() {
    for text in [
        "+49::675932211145158171-two::-",
        "a@b.cé9018::e AST0[",
        "mac:AC:DE:48:00:11:2264:ff9b::192.0.2.33 ",
        "21::first.last@xn--bcher-kva.examplea",
        "5316],584-69-7445+31612345678,user@example.com",
        "81)192.0.2.10-192.0.2.20..2001:db8::440",
        "2001:db8::44:.3530989055904590::xtherea-",
        "5@example.coméDE89370400440532013000",
        "mmto)::0331..00:1A:2B:3C:4D:5E.0@",
        "SSN 536-90-4399 536904399",
        "4111111111111111.10.0.0.1",
        "10.0.0.1.4111111111111111",
        "[4111111111111111]+49 30 901820",
    ] {
        let once = redacted(Detectors::all(), text);
        assert_eq!(redacted(Detectors::all(), &once), once, "{text}");
        assert_ne!(once, text);
    }
}

#[test]
fn words_end_at_letters_beyond_ascii_and_not_at_letters_and_digits() {
    for text in [
        "卡号4111111111111111有效",
        "№4111111111111111.",
        "_4111111111111111_",
        "é4111111111111111é",
        "\u{a0}4111\u{a0}1111\u{a0}1111\u{a0}1111",
    ] {
        assert_eq!(all(text).len(), 1, "{text}");
    }
    for text in ["a4111111111111111", "4111111111111111a", "04111111111111111", "Z4111111111111111Z"] {
        assert_eq!(all(text), [], "{text}");
    }
    assert_eq!(all("написать имя@пример.рф!"), [("email", "имя@пример.рф".to_owned())]);
}

#[test]
fn issuers_lengths_and_check_digits_of_cards_are_looked_at() {
    for text in ["378282246310005", "30569309025904", "6011111111111117", "3530111333300000", "2223003122003222", "6304000000000000"] {
        assert!(Detector::Card.is_whole(text), "{text}");
    }
    // Right check digits, and an issuer or a length that there is not.
    for text in [
        "1111111111111117",
        "9111111111111111",
        "41111111111111111110",
        "371449635398431 1",
        "0000000000000000",
        "2721001111111114",
        "3411111111111111",
    ] {
        assert!(!Detector::Card.is_whole(text), "{text}");
    }
}

#[test]
fn bounds_of_e_mail_addresses_hold() {
    let local = "a".repeat(64);
    assert_eq!(all(&format!("{local}@example.com")), [("email", format!("{local}@example.com"))]);
    // Of a longer one the last 64 bytes, on a boundary of characters.
    assert_eq!(all(&format!("b{local}@example.com")), [("email", format!("{local}@example.com"))]);
    let letters = "é".repeat(40);
    assert_eq!(all(&format!("x{letters}@example.com")), [("email", format!("{}@example.com", "é".repeat(32)))]);
    for text in [
        "a@b",
        "a@.com",
        "@example.com",
        "a@-b.com",
        "a@b.c",
        "a@b.1",
        "a@b..com",
        "a b@",
        "a@b.c0m",
        &format!("a@{}.com", "b".repeat(64)),
        "logo@2x.png",
    ] {
        assert!(!found(Detectors::all(), text).iter().any(|(name, _)| *name == "email"), "{text}");
    }
    // A label that is cut at its bound is not cut inside a character.
    for text in [format!("a@b.{}", "é".repeat(40)), format!("a@b.x{}", "é".repeat(40))] {
        assert!(all(&text).iter().all(|(_, found)| text.starts_with(found)), "{text}");
    }
}

#[test]
fn tokens_have_a_header_that_names_an_algorithm() {
    let header = "eyJhbGciOiJIUzI1NiJ9";
    for text in ["eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "eyJhbGciOiJIUzI1NiJ9..aXY.Y3Q.dGFn", "eyJhbGciOiJIUzI1NiJ9.a.aXY.Y3Q.dGFn"] {
        assert_eq!(all(text), [("jwt", text.to_owned())]);
    }
    for text in [
        header,
        &format!("{header}.e30"),
        &format!("{header}..c2ln"),
        &format!("x{header}.e30.c2ln"),
        "eyJub3RoaW5nIjoxfQ.e30.c2ln",
        "eyJ.e30.c2ln",
        "eyJhbGciOiJIUzI1Ni.e30.c2ln",
        &format!("eyJ{}.e30.c2ln", "A".repeat(5000)),
    ] {
        assert_eq!(all(text), [], "{text}");
    }
}

#[test]
fn numbers_of_any_length_are_no_number() {
    for text in ["1".repeat(10_000), "1 ".repeat(5_000), "0-".repeat(5_000), "1.".repeat(5_000), "+".repeat(10_000), "a:".repeat(5_000)] {
        assert_eq!(all(&text), []);
    }
    let text = "@".repeat(5_000) + &"a@".repeat(2_500) + &"eyJ".repeat(2_500) + &"eyJa.".repeat(2_000);
    assert_eq!(all(&text), []);
}
