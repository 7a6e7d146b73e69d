//! Words before a number that say what it is: how near they have to stand, and that they are whole words.

use super::*;

fn is_found(before: &str) -> bool {
    let text = format!("{before}5551234");
    match found([Detector::Phone].into_iter().collect(), &text).as_slice() {
        [] => false,
        [("phone", number)] => {
            assert_eq!(number, "5551234", "{text}");
            true
        }
        more => panic!("{text}: {more:?}"),
    }
}

#[test]
fn a_word_says_what_follows_within_32_bytes() {
    let blanks = |count: usize| " ".repeat(count);
    for (before, expected) in [
        (format!("tel{}", blanks(1)), true),
        (format!("tel{}", blanks(29)), true),
        (format!("tel{}", blanks(30)), false),
        (format!("x tel{}", blanks(29)), true),
        (format!("x tel{}", blanks(30)), false),
        (format!("xtel{}", blanks(29)), false),
        (format!(" tel{}", blanks(29)), true),
        (format!("hotel{}", blanks(1)), false),
        (format!("tél{}", blanks(28)), true),
        (format!("tél{}", blanks(29)), false),
        (blanks(40), false),
        (String::new(), false),
    ] {
        assert_eq!(is_found(&before), expected, "{before:?}");
    }
}

#[test]
fn a_word_is_whole_and_nothing_that_could_be_a_number_stands_between() {
    for before in ["Tel. (mobile): ", "PHONE=", "fax/", "call 'me' + ", "téléphone ", "Téléphone: "] {
        assert!(is_found(before), "{before}");
    }
    for before in ["tels ", "telx ", "Àtel ", "telÀ ", "tel 7, ", "tel 1: ", "tel; ", "tel]", "tel [CARD] ", "no. "] {
        assert!(!is_found(before), "{before}");
    }
}
