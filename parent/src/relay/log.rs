//! Prints the enclave's public events, line by line, on standard error. What arrives is printed as text only: control
//! characters are escaped, long lines are cut, so that no line can forge another or reach the terminal.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::{failure::printable, limits, transport::Stream};

/// Prints one connection's lines until it closes. A connection may stay silent for as long as it likes.
pub async fn print_lines(stream: Stream) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(true) = next_line(&mut reader, &mut line).await {
        eprintln!("enclave: {}", printable(&String::from_utf8_lossy(&line)));
    }
}

/// Reads one line without its end into `line`, at most [`limits::LOG_LINE`] bytes of it: what is longer goes on as the next
/// line. `false` at the end.
async fn next_line(reader: &mut BufReader<Stream>, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let read = reader.take(limits::LOG_LINE as u64).read_until(b'\n', line).await?;
    if line.ends_with(b"\n") {
        line.pop();
    }
    Ok(read > 0)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    async fn lines(bytes: &[u8]) -> Vec<String> {
        let (mut enclave, near) = duplex(bytes.len().max(1));
        enclave.write_all(bytes).await.expect("sent");
        drop(enclave);
        let mut reader = BufReader::new(Box::new(near) as Stream);
        let (mut line, mut lines) = (Vec::new(), Vec::new());
        while next_line(&mut reader, &mut line).await.expect("read") {
            lines.push(printable(&String::from_utf8_lossy(&line)));
        }
        lines
    }

    #[tokio::test]
    async fn lines_come_one_by_one() {
        assert_eq!(lines(b"{\"event\":\"ready\"}\n\nlast").await, ["{\"event\":\"ready\"}", "", "last"]);
    }

    #[tokio::test]
    async fn terminal_escapes_are_not_passed_on() {
        assert_eq!(lines(b"a\x1b[2Jb\rc\xff\n").await, ["a\\u{1b}[2Jb\\rc\u{fffd}"]);
    }

    #[tokio::test]
    async fn long_lines_are_cut() {
        let long = vec![b'x'; limits::LOG_LINE * 2 + 5];
        let lengths: Vec<usize> = lines(&long).await.iter().map(String::len).collect();
        assert_eq!(lengths, [limits::LOG_LINE, limits::LOG_LINE, 5]);
    }
}
