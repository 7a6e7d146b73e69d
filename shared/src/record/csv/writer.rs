//! Writing cells, so that reading them gives the same text. Commas and line ends are the caller's.

/// Appends `text` as one cell of a record of several cells: quoted only where it has to be.
pub fn write_cell(text: &str, out: &mut Vec<u8>) {
    if !needs_quotes(text) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(quote) = memchr::memchr(b'"', rest) {
        let (before, after) = rest.split_at_checked(quote + 1).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        out.push(b'"');
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Appends `text` as the only cell of a record: as [`write_cell`], and quoted where it is empty, for the record would be
/// a blank line otherwise and be skipped.
pub fn write_only_cell(text: &str, out: &mut Vec<u8>) {
    if text.is_empty() {
        out.extend_from_slice(b"\"\"");
    } else {
        write_cell(text, out);
    }
}

/// Whether it holds what has a meaning outside of quotes. A byte order mark has one where a file begins with it.
fn needs_quotes(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr3(b'"', b',', b'\n', bytes).is_some() || memchr::memchr(b'\r', bytes).is_some() || text.starts_with('\u{feff}')
}
