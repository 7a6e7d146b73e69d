//! Ranges of lengths: fixed, so that no two jobs cut them differently.

/// How many ranges there are.
pub(super) const RANGES: usize = LAST.len() + 1;

/// The place of the range that `length` lies in.
pub(super) fn place(length: usize) -> usize {
    LAST.iter().position(|last| length <= *last).unwrap_or(LAST.len())
}

/// Names of the ranges, rising.
pub(super) const NAMES: [&str; RANGES] = ["0", "1-4", "5-8", "9-16", "17-32", "33-64", "65-128", "129-256", "257-1024", "1025+"];

/// The greatest length in each range but the last, which is open.
const LAST: [usize; 9] = [0, 4, 8, 16, 32, 64, 128, 256, 1024];

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn ranges_are_what_their_names_say() {
        for length in 0..3000 {
            let name = NAMES[place(length)];
            let holds = match name.split_once('-') {
                Some((first, last)) => (first.parse().unwrap_or(usize::MAX)..=last.parse().unwrap_or(0)).contains(&length),
                None => name.strip_suffix('+').map_or(name == length.to_string(), |first| length >= first.parse().unwrap_or(usize::MAX)),
            };
            assert!(holds, "{length} in {name}");
        }
    }
}
