//! Tests of exact numbers, their sums and means.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;
use crate::record::decimal::DecimalOutOfBounds;

fn exact(text: &str) -> Exact {
    Exact::of(&Decimal::parse(text).unwrap()).unwrap()
}

fn sum(numbers: &[&str]) -> Sum {
    let mut sum = Sum::default();
    numbers.iter().for_each(|number| sum.add(exact(number)));
    sum
}

#[test]
fn numbers_are_written_plainly_whatever_their_form() {
    for (text, plain) in [
        ("0", "0"),
        ("-0.0", "0"),
        ("5.00", "5"),
        ("50e-1", "5"),
        ("-1.50", "-1.5"),
        ("1e3", "1000"),
        ("-12.345e2", "-1234.5"),
        ("0.0001", "0.0001"),
        ("-1e-28", "-0.0000000000000000000000000001"),
        ("9999999999999999999999999999.9999999999999999999999999999", "9999999999999999999999999999.9999999999999999999999999999"),
        ("-9999999999999999999999999999.9999999999999999999999999999", "-9999999999999999999999999999.9999999999999999999999999999"),
    ] {
        assert_eq!(exact(text).to_string(), plain);
    }
}

#[test]
fn numbers_are_the_same_whether_read_at_once_or_digit_by_digit() {
    let wholes = [
        "0",
        "7",
        "00",
        "007",
        "10",
        "123456789",
        "999999999999999999",
        "1000000000000000000",
        "9223372036854775808",
        "99999999999999999999",
    ];
    let fractions =
        ["", ".", ".0", ".5", ".50", ".05", ".000000000000000001", ".999999999999999999", ".9999999999999999999", ".99999999999999999999"];
    for (whole, fraction) in wholes.iter().flat_map(|whole| fractions.iter().map(move |fraction| (whole, fraction))) {
        for text in [format!("{whole}{fraction}"), format!("-{whole}{fraction}")] {
            assert_eq!(Exact::read(&text), Ok(exact(&text)), "{text}");
        }
    }
    for text in ["", "-", ".", ".5", "-.5", "1.2.3", "--1", "+1", "1e", "0x1", "1 ", "\u{661}"] {
        assert_eq!(Exact::read(text), Err(RecordRefused::Decimal(DecimalOutOfBounds)), "{text}");
    }
    assert_eq!(Exact::read("1e3"), Ok(exact("1000")));
    assert_eq!(Exact::read("1e28"), Err(RecordRefused::TooManyDigits(TooManyDigits)));
}

#[test]
fn numbers_with_too_many_digits_are_refused() {
    for text in
        ["1e28", "-1e28", "1e-29", "1.00000000000000000000000000001", "12345678901234567890123456789", "1e999999999", "1e-999999999"]
    {
        assert_eq!(Exact::of(&Decimal::parse(text).unwrap()), Err(TooManyDigits), "{text}");
    }
    assert!(Exact::of(&Decimal::parse("0e999999999").unwrap()).is_ok());
}

#[test]
fn order_is_that_of_the_numbers() {
    let rising = ["-10.5", "-10.25", "-10", "-1", "-0.75", "-0.5", "0", "1e-28", "0.5", "0.75", "1", "10", "10.25", "10.5"];
    for pair in rising.windows(2) {
        let [low, high] = pair else { panic!("a pair") };
        assert!(exact(low) < exact(high), "{low} {high}");
    }
}

#[test]
fn sums_are_exact() {
    assert_eq!(sum(&["0.1", "0.2"]).total().unwrap().to_string(), "0.3");
    assert_eq!(sum(&["-0.1", "-0.2", "0.3"]).total().unwrap().to_string(), "0");
    assert_eq!(sum(&["-1.5", "-2.75", "1"]).total().unwrap().to_string(), "-3.25");
    assert_eq!(sum(&["9007199254740993", "1e-20"]).total().unwrap().to_string(), "9007199254740993.00000000000000000001");
    assert!(sum(&[]).total().is_none());
}

#[test]
fn a_sum_that_has_left_its_bounds_is_none() {
    for (whole, fraction) in [(i128::MAX, 0), (i128::MIN, 0), (0, i128::MAX)] {
        assert_eq!(Sum { whole, fraction, count: 2, scale: 0 }.total(), None, "{whole} {fraction}");
    }
}

#[test]
fn means_are_rounded_half_to_even_six_digits_further() {
    for (numbers, mean) in [
        (&["1", "2"][..], "1.5"),
        (&["10", "0", "0"], "3.333333"),
        (&["20", "0", "0"], "6.666667"),
        (&["-20", "0", "0"], "-6.666667"),
        (&["0.01", "0.00", "0.00"], "0.00333333"),
        (&["1", "0", "0", "0", "0", "0", "0", "0"], "0.125"),
        (&["-0.5", "0.5"], "0"),
        (&["99.9999999", "99.9999999", "100"], "99.9999999333333"),
    ] {
        assert_eq!(sum(numbers).mean().unwrap(), mean, "{numbers:?}");
    }
    let eighth = |numerator: &str| {
        let mut all = vec!["0"; 127];
        all.push(numerator);
        sum(&all).mean().unwrap()
    };
    assert_eq!(eighth("1"), "0.007812", "half, and the digit before is even");
    assert_eq!(eighth("3"), "0.023438", "0.0234375: half, and the digit before is odd");
    assert_eq!(eighth("127.99999999"), "0.99999999992188");
}

#[test]
fn a_mean_has_the_digits_of_the_number_with_most_wherever_it_came() {
    for numbers in [["0.125", "1", "1"], ["1", "0.125", "1"], ["1", "1", "0.125"]] {
        assert_eq!(sum(&numbers).mean().unwrap(), "0.708333333", "three and six digits");
    }
    assert_eq!(sum(&["0.5", "0.125", "1"]).mean().unwrap(), "0.541666667", "a longer fraction after a shorter one");
    assert_eq!(sum(&["1e-28", "0", "0.5"]).mean().unwrap(), "0.1666666666666666666666666667");
}

#[test]
fn a_carry_runs_through_all_nines() {
    // 3 * 0.9999999 / 3 has scale 7 + 6 and needs no rounding; 2.9999999999 thirds with less do.
    assert_eq!(sum(&["2.9999999", "0", "0"]).mean().unwrap(), "0.9999999666667");
    assert_eq!(sum(&["29999998", "2", "-1e-1"]).mean().unwrap(), "9999999.9666667");
}

#[test]
fn widths_are_counted_downwards() {
    assert_eq!(exact("-0.5").floor_div(100), -1);
    assert_eq!(exact("99.99").floor_div(100), 0);
    assert_eq!(exact("-100").floor_div(100), -1);
    assert_eq!(exact("-100.01").floor_div(100), -2);
    assert_eq!(exact("250").floor_div(100), 2);
}
