//! Numbers in groups and in one piece: what joins them, what stands around them, and which of two names one.

use super::*;

fn alone(detector: Detector, text: &str) -> Vec<String> {
    found([detector].into_iter().collect(), text).into_iter().map(|(_, found)| found).collect()
}

#[test]
fn spaces_and_hyphens_of_any_form_join_the_groups_of_a_card() {
    for joint in [" ", "-", "\u{a0}", "\u{2009}", "\u{202f}", "\u{2010}", "\u{2011}", "\u{2013}"] {
        let text = ["4111", "1111", "1111", "1111"].join(joint);
        assert_eq!(alone(Detector::Card, &text), [text.as_str()], "{joint:?}");
    }
    for joint in ["\u{2014}", "\u{2049}", "\u{20ac}", "\u{a1}", "é", "  ", ".", "/", ") ", " (", ")", "("] {
        let text = ["4111", "1111", "1111", "1111"].join(joint);
        assert_eq!(alone(Detector::Card, &text), [""; 0], "{joint:?}");
    }
    for text in ["4111) 1111 1111 1111", "4111 (1111 1111 1111", "4111 1111 1111 (1111)"] {
        assert_eq!(alone(Detector::Card, text), [""; 0], "{text}");
    }
}

#[test]
fn brackets_stand_in_no_social_security_number() {
    for text in ["536) 90 4399", "536 90 (4399", "(536) 90 4399", "536 (90) 4399"] {
        assert_eq!(alone(Detector::Ssn, text), [""; 0], "{text}");
    }
}

#[test]
fn an_extension_is_digits_behind_an_x() {
    assert_eq!(alone(Detector::Phone, "212-555-0134x12"), ["212-555-0134"]);
    for text in ["212-555-0134xyz", "212-555-0134x", "212-555-0134y12"] {
        assert_eq!(alone(Detector::Phone, text), [""; 0], "{text}");
    }
}

#[test]
fn in_one_piece_a_national_number_is_a_mobile_one_of_its_length() {
    for text in ["0612345678", "0712345678", "07123456789", "01512345678", "015123456789", "01612345678", "01712345678"] {
        assert_eq!(alone(Detector::Phone, text), [text]);
    }
    for text in [
        "061234567",
        "06123456789",
        "071234567",
        "071234567890",
        "0151234567",
        "0151234567890",
        "01412345678",
        "01812345678",
        "0812345678",
        "0212345678",
        "0012345678",
        "004930901820",
    ] {
        assert_eq!(alone(Detector::Phone, text), [""; 0], "{text}");
    }
}

#[test]
fn american_numbers_may_begin_with_their_country_code() {
    for text in ["1-212-555-0134", "1 212 555 0134", "(212) 555-0134", "1 (212) 555-0134"] {
        assert_eq!(alone(Detector::Phone, text), [text]);
    }
    assert_eq!(alone(Detector::Phone, "2-212-555-0134"), [""; 0]);
    assert_eq!(alone(Detector::Phone, "+(212) 555-0134"), ["(212) 555-0134"]);
}

#[test]
fn a_sign_within_a_word_begins_nothing() {
    assert_eq!(alone(Detector::Phone, "x+49 30 901820"), [""; 0]);
    assert_eq!(alone(Detector::Phone, "x +49 30 901820"), ["+49 30 901820"]);
    assert_eq!(alone(Detector::Phone, "x(212) 555-0134"), ["212) 555-0134"]);
}

#[test]
fn of_two_that_are_equally_long_the_first_gives_the_name() {
    assert_eq!(alone(Detector::Phone, "tel 536-90-4399"), ["536-90-4399"]);
    assert_eq!(alone(Detector::Ssn, "tel 536-90-4399"), ["536-90-4399"]);
    assert_eq!(all("tel 536-90-4399"), [("phone", "536-90-4399".to_owned())]);
}

#[test]
fn a_word_is_one_wherever_the_text_is_cut_for_reading() {
    let card = "4111111111111111";
    for before in 0..=200 {
        assert_eq!(all(&format!("{}{card}", "a".repeat(before + 1))), [], "{before}");
        assert_eq!(all(&format!("{}{card}", " ".repeat(before))), [("card", card.to_owned())], "{before}");
    }
}

#[test]
fn three_letters_make_a_vehicle() {
    assert_eq!(alone(Detector::Vin, "1HG1M826600000000"), ["1HG1M826600000000"]);
    for text in ["11111111111111111", "1H1G1826100000001", "11H1G826800000000"] {
        assert_eq!(alone(Detector::Vin, text), [""; 0], "a right check digit, and fewer letters: {text}");
    }
}
