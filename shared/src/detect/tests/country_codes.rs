//! Phone numbers of each country whose plan is narrower than E.164: no digit fewer, no digit more.

use super::*;

#[test]
fn numbers_have_as_many_digits_as_their_countrys_plan_says() {
    let given_out = [
        (&["1", "7", "52", "90", "91", "30"][..], 10..=10),
        (&["27", "31", "33", "34", "41", "48", "61", "351"], 9..=9),
        (&["32", "36"], 8..=9),
        (&["39"], 8..=11),
        (&["43"], 6..=13),
        (&["44"], 9..=10),
        (&["45", "47", "65"], 8..=8),
        (&["46"], 7..=10),
        (&["49"], 6..=12),
        (&["55"], 10..=11),
        (&["81"], 9..=10),
        (&["86"], 10..=11),
        // Where nothing narrower is known: 8 to 15 digits in all.
        (&["20", "98"], 6..=13),
        (&["212", "998"], 5..=12),
    ];
    for (codes, lengths) in given_out {
        for code in codes {
            for length in 4..=15 {
                let text = format!("+{code}{}", &"234567892345678"[..length]);
                let expected = if lengths.contains(&length) { vec![("phone", text.clone())] } else { vec![] };
                assert_eq!(found([Detector::Phone].into_iter().collect(), &text), expected, "{text}");
            }
        }
    }
    for code in ["210", "999", "83"] {
        for length in 4..=15 {
            let text = format!("+{code}{}", &"234567892345678"[..length]);
            assert_eq!(found([Detector::Phone].into_iter().collect(), &text), [], "not given out: {text}");
        }
    }
}
