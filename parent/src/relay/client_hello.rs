//! Reads the server name out of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3) without taking part in the
//! handshake. The relay alone calls it, with everything received so far. Strict: what a TLS client of ours would not
//! send is refused, never guessed at. It must never look past the ClientHello.

use crate::limits;

/// Why a connection's first bytes name no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientHelloError {
    /// The bytes are not TLS handshake records.
    #[error("not a TLS handshake")]
    NotTls,
    /// Handshake records that are not a well-formed ClientHello.
    #[error("not a well-formed ClientHello")]
    Malformed,
    /// More than [`limits::CLIENT_HELLO`] bytes.
    #[error("the ClientHello is too long")]
    TooLong,
    /// No `server_name` extension.
    #[error("the ClientHello names no server")]
    NoServerName,
    /// A `server_name` that is not exactly one plain DNS name.
    #[error("the ClientHello's server name is not one DNS name")]
    BadServerName,
}

/// The server name in `received`, in lower case; `None` while the ClientHello is not complete yet.
///
/// # Errors
/// [`ClientHelloError`] as soon as no further byte can make it right.
pub fn server_name(received: &[u8]) -> Result<Option<String>, ClientHelloError> {
    let Some(hello) = reassemble(received)? else {
        if received.len() >= limits::CLIENT_HELLO {
            return Err(ClientHelloError::TooLong);
        }
        return Ok(None);
    };
    let mut body = Reader(&hello);
    parse_hello(&mut body).map(Some)
}

/// The ClientHello's body out of handshake records, without its 4-byte header; `None` while bytes are missing.
fn reassemble(received: &[u8]) -> Result<Option<Vec<u8>>, ClientHelloError> {
    let mut handshake = Vec::new();
    let mut records = received;
    loop {
        // A prefix of a record header is checked as far as it goes, so that other protocols are refused at their first byte.
        if records.first().is_some_and(|&kind| kind != HANDSHAKE) || records.get(1).is_some_and(|&major| major != 3) {
            return Err(ClientHelloError::NotTls);
        }
        let Some((header, rest)) = records.split_first_chunk::<5>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        if length == 0 || length > RECORD_MAX {
            return Err(ClientHelloError::NotTls);
        }
        let (fragment, complete) = match rest.split_at_checked(length) {
            Some((fragment, next)) => {
                records = next;
                (fragment, true)
            }
            None => (rest, false),
        };
        handshake.extend_from_slice(fragment);
        if handshake.first().is_some_and(|&kind| kind != CLIENT_HELLO) {
            return Err(ClientHelloError::Malformed);
        }
        if let Some((header, body)) = handshake.split_first_chunk::<4>() {
            let announced = u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
            if announced > limits::CLIENT_HELLO {
                return Err(ClientHelloError::TooLong);
            }
            if body.len() > announced {
                // Nothing may follow a ClientHello in its own record (RFC 8446 section 5.1).
                return Err(ClientHelloError::Malformed);
            }
            if body.len() == announced && complete {
                return Ok(Some(body.to_vec()));
            }
        }
        if !complete {
            return Ok(None);
        }
    }
}

fn parse_hello(hello: &mut Reader<'_>) -> Result<String, ClientHelloError> {
    let malformed = ClientHelloError::Malformed;
    let version = hello.take(2).ok_or(malformed)?;
    if version != [3, 3] {
        return Err(malformed);
    }
    hello.take(32).ok_or(malformed)?;
    let session = hello.vector_u8().ok_or(malformed)?;
    let suites = hello.vector_u16().ok_or(malformed)?;
    let compressions = hello.vector_u8().ok_or(malformed)?;
    if session.len() > 32 || suites.is_empty() || suites.len() % 2 != 0 || compressions.is_empty() {
        return Err(malformed);
    }
    if hello.0.is_empty() {
        return Err(ClientHelloError::NoServerName);
    }
    let mut extensions = Reader(hello.vector_u16().ok_or(malformed)?);
    if !hello.0.is_empty() {
        return Err(malformed);
    }
    let mut seen = Vec::new();
    let mut name = None;
    while !extensions.0.is_empty() {
        let kind = extensions.u16().ok_or(malformed)?;
        let content = extensions.vector_u16().ok_or(malformed)?;
        if seen.contains(&kind) {
            return Err(malformed);
        }
        seen.push(kind);
        if kind == SERVER_NAME {
            name = Some(parse_server_name(content)?);
        }
    }
    name.ok_or(ClientHelloError::NoServerName)
}

fn parse_server_name(extension: &[u8]) -> Result<String, ClientHelloError> {
    let bad = ClientHelloError::BadServerName;
    let mut extension = Reader(extension);
    let mut list = Reader(extension.vector_u16().ok_or(bad)?);
    let kind = list.take(1).ok_or(bad)?;
    let name = list.vector_u16().ok_or(bad)?;
    if !extension.0.is_empty() || !list.0.is_empty() || kind != [HOST_NAME] {
        return Err(bad);
    }
    let name = std::str::from_utf8(name).map_err(|_| bad)?;
    if !is_dns_name(name) {
        return Err(bad);
    }
    Ok(name.to_ascii_lowercase())
}

/// Letters, digits and hyphens in labels of 1 to 63, at most 253 in all, no dot at the end, and no number as the last label
/// (that would be an address).
pub fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    name.len() <= 253 && name.split('.').all(label) && !last_is_number
}

/// Takes bytes from the front; every method gives `None` where they are too few.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        let (taken, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*taken))
    }

    fn vector_u8(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(usize::from(length))
    }

    fn vector_u16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;
/// Longest plaintext record (RFC 8446 section 5.1).
const RECORD_MAX: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn vector_u16(content: &[u8]) -> Vec<u8> {
        [&(content.len() as u16).to_be_bytes()[..], content].concat()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [kind.to_be_bytes().to_vec(), vector_u16(content)].concat()
    }

    fn server_name_list(names: &[&[u8]]) -> Vec<u8> {
        vector_u16(&names.iter().flat_map(|name| [vec![HOST_NAME], vector_u16(name)].concat()).collect::<Vec<u8>>())
    }

    fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
        let body = [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0x13, 1], &[1, 0], &vector_u16(&extensions.concat())].concat();
        [&[CLIENT_HELLO], &(body.len() as u32).to_be_bytes()[1..], &body].concat()
    }

    fn records(handshake: &[u8], fragment: usize) -> Vec<u8> {
        handshake.chunks(fragment).flat_map(|part| [vec![HANDSHAKE, 3, 1], vector_u16(part)].concat()).collect()
    }

    fn named(name: &str) -> Vec<u8> {
        let versions = extension(43, &[2, 3, 4]);
        hello(&[versions, extension(SERVER_NAME, &server_name_list(&[name.as_bytes()]))])
    }

    const KMS: &str = "kms.eu-central-1.amazonaws.com";

    #[test]
    fn name_is_read_whatever_the_fragments() {
        let hello = named(KMS);
        for fragment in [1, 3, 4, 5, 40, 41, hello.len()] {
            assert_eq!(server_name(&records(&hello, fragment)), Ok(Some(KMS.to_owned())), "fragments of {fragment}");
        }
    }

    #[test]
    fn every_prefix_asks_for_more() {
        for fragment in [5, 16 * 1024] {
            let whole = records(&named(KMS), fragment);
            for length in 0..whole.len() {
                assert_eq!(server_name(&whole[..length]), Ok(None), "{length} bytes");
            }
        }
    }

    #[test]
    fn what_follows_in_other_records_is_not_looked_at() {
        let mut bytes = records(&named(KMS), 64);
        bytes.extend_from_slice(&[20, 3, 3, 0, 1, 1, 0xff, 0xff]);
        assert_eq!(server_name(&bytes), Ok(Some(KMS.to_owned())));
    }

    #[test]
    fn name_comes_in_lower_case() {
        assert_eq!(server_name(&records(&named("KMS.Example.COM"), 100)), Ok(Some("kms.example.com".to_owned())));
    }

    #[test]
    fn no_server_name_is_refused() {
        for extensions in [vec![], vec![extension(43, &[2, 3, 4])]] {
            assert_eq!(server_name(&records(&hello(&extensions), 100)), Err(ClientHelloError::NoServerName));
        }
    }

    #[test]
    fn hello_without_extensions_is_refused() {
        let body = [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0x13, 1], &[1, 0]].concat();
        let bytes = [&[CLIENT_HELLO], &(body.len() as u32).to_be_bytes()[1..], &body].concat();
        assert_eq!(server_name(&records(&bytes, 100)), Err(ClientHelloError::NoServerName));
    }

    #[test]
    fn two_names_in_one_list_are_refused() {
        let two = extension(SERVER_NAME, &server_name_list(&[b"kms.example.com", b"evil.example.com"]));
        assert_eq!(server_name(&records(&hello(&[two]), 100)), Err(ClientHelloError::BadServerName));
    }

    #[test]
    fn two_server_name_extensions_are_refused() {
        let one = extension(SERVER_NAME, &server_name_list(&[b"kms.example.com"]));
        assert_eq!(server_name(&records(&hello(&[one.clone(), one]), 100)), Err(ClientHelloError::Malformed));
    }

    #[test]
    fn names_that_are_not_dns_names_are_refused() {
        let long = "a".repeat(64);
        for name in ["", ".", "a.", ".a", "a..b", "a b", "a\0b", "é.example", "127.0.0.1", "-a.example", "a_b.example", &long] {
            assert_eq!(server_name(&records(&named(name), 100)), Err(ClientHelloError::BadServerName), "{name:?}");
        }
        let empty_list = extension(SERVER_NAME, &[0, 0]);
        let other_kind = extension(SERVER_NAME, &[0, 4, 1, 0, 1, b'a']);
        let trailing = extension(SERVER_NAME, &[&server_name_list(&[b"a.example"])[..], &[0]].concat());
        for extension in [empty_list, other_kind, trailing] {
            assert_eq!(server_name(&records(&hello(&[extension]), 100)), Err(ClientHelloError::BadServerName));
        }
    }

    #[test]
    fn other_protocols_are_refused_at_their_first_bytes() {
        for bytes in [&b"G"[..], b"GET / HTTP/1.1\r\n", b"SSH-2.0-", &[0x80], &[22, 2], &[22, 3, 1, 0, 0], &[22, 3, 1, 0x40, 1]] {
            assert_eq!(server_name(bytes), Err(ClientHelloError::NotTls), "{bytes:?}");
        }
        // An alert between two fragments.
        let mut bytes = records(&named(KMS), 20);
        bytes[25] = 21;
        assert_eq!(server_name(&bytes), Err(ClientHelloError::NotTls));
    }

    #[test]
    fn other_handshake_messages_are_refused() {
        let mut bytes = named(KMS);
        bytes[0] = 2;
        assert_eq!(server_name(&records(&bytes, 100)), Err(ClientHelloError::Malformed));
    }

    #[test]
    fn bytes_after_the_hello_in_its_record_are_refused() {
        let bytes = [named(KMS), vec![0]].concat();
        assert_eq!(server_name(&records(&bytes, 1000)), Err(ClientHelloError::Malformed));
    }

    #[test]
    fn inner_lengths_that_do_not_add_up_are_refused() {
        let whole = named(KMS);
        for cut in 1..whole.len() - 4 {
            let body = &whole[4..whole.len() - cut];
            let bytes = [&[CLIENT_HELLO], &(body.len() as u32).to_be_bytes()[1..], body].concat();
            assert!(server_name(&records(&bytes, 1000)).is_err(), "cut by {cut}");
        }
    }

    #[test]
    fn hello_over_the_limit_is_refused() {
        assert_eq!(server_name(&[22, 3, 1, 0x40, 0, 1, 0, 0x40, 1]), Err(ClientHelloError::TooLong));
        let padding = extension(21, &vec![0; limits::CLIENT_HELLO - 200]);
        let long = records(&hello(&[padding, extension(43, &[2, 3, 4])]), 64);
        assert_eq!(server_name(&long[..limits::CLIENT_HELLO]), Err(ClientHelloError::TooLong));
    }
}
