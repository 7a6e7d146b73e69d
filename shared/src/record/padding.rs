//! Padding: blank lines after the last row, so that the length of an output says little about its rows.

use crate::limits;

/// How many blank lines, of one byte each, bring an output of `written` bytes to a multiple of
/// [`limits::OUTPUT_PADDING`]; an output without rows is padded to one such block.
#[must_use]
pub fn blank_lines(written: u64) -> usize {
    let over = written % limits::OUTPUT_PADDING;
    let missing = if written > 0 && over == 0 { 0 } else { limits::OUTPUT_PADDING - over };
    usize::try_from(missing).unwrap_or(usize::MAX)
}

/// Appends the blank lines that an output of `written` bytes needs.
pub fn pad(written: u64, out: &mut Vec<u8>) {
    out.resize(out.len() + blank_lines(written), b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_outputs_are_whole_blocks_and_never_empty() {
        for (written, length) in [(0, 65_536), (1, 65_536), (65_535, 65_536), (65_536, 65_536), (65_537, 131_072), (131_072, 131_072)] {
            let mut out = Vec::new();
            pad(written, &mut out);
            assert_eq!(written + u64::try_from(out.len()).unwrap_or(0), length);
            assert!(out.iter().all(|byte| *byte == b'\n'));
        }
    }
}
