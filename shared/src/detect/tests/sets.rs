//! Sets of detectors, and short numbers.

use super::*;

#[test]
fn a_set_is_written_with_commas_between() {
    for (detectors, written) in [
        (vec![], ""),
        (vec![Detector::Card], "card"),
        (vec![Detector::Vin, Detector::Email, Detector::Card], "card, email, vin"),
        (vec![Detector::Card, Detector::Card], "card"),
    ] {
        assert_eq!(detectors.into_iter().collect::<Detectors>().to_string(), written);
    }
}

#[test]
fn what_a_text_holds_twice_it_holds() {
    assert_eq!(any_in("a@example.com, b@example.com and 192.0.2.1").to_string(), "email, ipv4");
}

#[test]
fn one_digit_has_no_check_digit() {
    let holds = |text: &str| luhn::holds(text.bytes());
    assert_eq!(["", "0", "00", "18", "19", "0000", "1x8"].map(holds), [false, false, true, true, false, true, false]);
}

#[test]
fn an_iban_is_in_one_piece_or_in_groups_of_four() {
    for text in ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "DE89-3704-0044-0532-0130-00", "DE89 370400440532 0130 00"] {
        assert_eq!(all(text), [("iban", text.to_owned())]);
    }
    for text in ["DE89 37040 0440532013000", "DE89 3 70400440532013000", "DE8 9370400440532013000", "DE89  3704 0044 0532 0130 00"] {
        assert_eq!(found([Detector::Iban].into_iter().collect(), text), [], "{text}");
    }
}
