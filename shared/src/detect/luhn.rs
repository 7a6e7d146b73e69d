//! The Luhn check: ISO/IEC 7812-1, annex B.

/// Whether ASCII digits, at least two, end with the check digit of those before.
pub(crate) fn holds(digits: impl DoubleEndedIterator<Item = u8>) -> bool {
    let (mut sum, mut count) = (0_u32, 0_u64);
    for digit in digits.rev() {
        if !digit.is_ascii_digit() {
            return false;
        }
        let value = u32::from(digit - b'0') * if count % 2 == 1 { 2 } else { 1 };
        sum = (sum + value / 10 + value % 10) % 10;
        count += 1;
    }
    count > 1 && sum == 0
}
