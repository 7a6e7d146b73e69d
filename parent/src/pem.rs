//! PEM text of the keys that `keygen` writes (RFC 7468: 64 characters a line). Reading PEM is `rustls-pki-types`'s work.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// `der` between `-----BEGIN label-----` and `-----END label-----`. Wiped when dropped: it may hold a private key.
pub fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    // Full capacity at once, so that no reallocation leaves a copy of a private key behind.
    let mut text = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 2 * label.len() + 40));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for (at, character) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

    use super::*;

    #[test]
    fn encoded_bytes_come_back_and_lines_are_64_wide() {
        for length in [1usize, 47, 48, 49, 96, 1000] {
            let der: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let text = encode("PRIVATE KEY", &der);
            let back = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).expect("PEM");
            assert_eq!(back.secret_pkcs8_der(), der.as_slice());
            assert!(text.lines().all(|line| line.len() <= 64 && !line.is_empty()));
        }
    }
}
