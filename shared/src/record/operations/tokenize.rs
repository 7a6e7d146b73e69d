//! `tokenize`: a keyed token in place of the value, the same for the same value, useless without the domain's key.
//! Takes strings and numbers. The string `"5"` and the number `5` have different tokens.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Breach, DocumentError, Item, Operation, Output, RecordRefused, Scratch, Table, TokenDomains, Value, WriteValue};
use crate::limits;
use crate::record::json::Kind;

/// `{ op = "tokenize" }`; the domain is the policy's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokenize;

/// `tokenize = { domain = "…" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The token domain: fields of one domain have the same tokens for the same values.
    pub domain: String,
}

/// Ready to write.
pub(crate) struct Writer {
    key: Box<hmac::Key>,
    /// `tok_` and the first 8 hex digits of the key's check value and `_`.
    head: String,
    /// Length of the domain (4 bytes) and the domain.
    prefix: Vec<u8>,
}

impl Operation for Tokenize {
    const NAME: &'static str = "tokenize";
    type Permission = Permission;
    type Writer = Writer;

    fn permission(item: &Item<'_>) -> Result<Option<Permission>, DocumentError> {
        let mut table = item.table()?;
        let domain = table.required("domain")?.name(limits::NAME_BYTES)?;
        table.finish()?;
        Ok(Some(Permission { domain }))
    }

    fn request(_: &mut Table<'_>) -> Result<Self, DocumentError> {
        Ok(Self)
    }

    fn authorize(&self, _: &Permission) -> Result<(), Breach> {
        Ok(())
    }

    fn token_domain(permission: &Permission) -> Option<&str> {
        Some(&permission.domain)
    }

    fn writer(&self, permission: &Permission, domains: &TokenDomains) -> Option<Writer> {
        let (key, check) = domains.key_and_check(&permission.domain)?;
        let mut prefix = u32::try_from(permission.domain.len()).ok()?.to_be_bytes().to_vec();
        prefix.extend_from_slice(permission.domain.as_bytes());
        Some(Writer { key: Box::new(key.clone()), head: format!("tok_{:.8}_", check.to_string()), prefix })
    }
}

impl WriteValue for Writer {
    fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        let text = value.text(&mut scratch.text).ok_or(RecordRefused::OperationType)?;
        let bytes = &mut scratch.bytes;
        bytes.clear();
        bytes.extend_from_slice(&self.prefix);
        bytes.push(if value.kind() == Kind::Number { b'n' } else { b's' });
        bytes.extend_from_slice(text.as_bytes());
        let tag = hmac::sign(&self.key, bytes);
        let mut written = [0; TAG_CHARACTERS];
        URL_SAFE_NO_PAD.encode_slice(tag.as_ref(), &mut written).map_err(|_| RecordRefused::OperationType)?;
        out.plain([self.head.as_bytes(), &written]);
        Ok(())
    }
}

/// Base64 of 32 bytes without padding.
const TAG_CHARACTERS: usize = 43;
