//! The footer's signature of suite 0x0578: ECDSA P-384 with SHA-384 over header and body. Its public key stands in
//! the encryption context, which the header tag authenticates.

use aws_lc_rs::digest::{Context, SHA384};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Header, MessageError, Suite};

/// Digests a signed message as it passes by.
pub(super) struct Verifier {
    digest: Context,
    public_key: ParsedPublicKey,
}

impl Verifier {
    /// The verifier of a signed message; `None` for an unsigned one.
    pub(super) fn of(header: &Header) -> Result<Option<Self>, MessageError> {
        let encoded = header.context().get(PUBLIC_KEY);
        match (header.suite(), encoded) {
            (Suite::Unsigned, None) => Ok(None),
            // The SDKs write the reserved key with signed suites only.
            (Suite::Unsigned, Some(_)) | (Suite::Signed, None) => Err(MessageError::Signature),
            (Suite::Signed, Some(encoded)) => {
                let point = STANDARD.decode(encoded).map_err(|_| MessageError::Signature)?;
                let public_key = ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point).map_err(|_| MessageError::Signature)?;
                let mut digest = Context::new(&SHA384);
                digest.update(&header.encoded);
                digest.update(&header.tag);
                Ok(Some(Self { digest, public_key }))
            }
        }
    }

    pub(super) fn update(&mut self, part: &[u8]) {
        self.digest.update(part);
    }

    pub(super) fn verify(self, signature: &[u8]) -> Result<(), MessageError> {
        self.public_key.verify_digest_sig(&self.digest.finish(), signature).map_err(|_| MessageError::Signature)
    }
}

/// Key of the encryption context under which the SDKs write a signed message's public key (suite 0x0578), and nothing else.
pub const PUBLIC_KEY: &str = "aws-crypto-public-key";
