//! Lines of a block: where records of NDJSON end.

use crate::limits;

/// The next line at or after `at`, without its line feed and a carriage return before it, and the position after it; none
/// where only blank lines are left. `at` is 0 or the position that the call before has returned. The last line needs no
/// line feed. A line over [`limits::RECORD_BYTES`] is never blank: whoever reads it refuses it.
#[must_use]
#[inline]
pub fn next_line(block: &[u8], mut at: usize) -> Option<(&[u8], usize)> {
    loop {
        let rest = block.get(at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end)?;
        at = at.saturating_add(end).saturating_add(1).min(block.len());
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_blank = line.len() <= limits::RECORD_BYTES && line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        if !is_blank {
            return Some((line, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::random::Random;

    fn lines(block: &[u8]) -> Vec<&[u8]> {
        let mut at = 0;
        std::iter::from_fn(|| {
            let (line, after) = next_line(block, at)?;
            at = after;
            Some(line)
        })
        .collect()
    }

    #[test]
    fn lines_end_at_line_feeds_and_blank_ones_are_left_out() {
        let mut random = Random::new(4);
        for _ in 0..3000 {
            let count = random.below(30);
            let block: String =
                (0..count).map(|_| random.pick(&["{}", "\n", "\r\n", "a", " ", "\t\r\n", "é", "long piece", "\r"])).collect();
            let expected: Vec<&[u8]> = block
                .split('\n')
                .map(|line| line.strip_suffix('\r').unwrap_or(line))
                .filter(|line| !line.trim_matches([' ', '\t', '\r']).is_empty())
                .map(str::as_bytes)
                .collect();
            assert_eq!(lines(block.as_bytes()), expected, "{block:?}");
        }
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn too_long_a_blank_line_is_not_blank() {
        let blank = |length| [&vec![b' '; length][..], b"\n{}"].concat();
        assert_eq!(lines(&blank(limits::RECORD_BYTES)).len(), 1);
        assert_eq!(lines(&blank(limits::RECORD_BYTES + 1)).len(), 2);
    }
}
