//! Row operations, one file each. An operation says how a policy permits it, how a job asks for it, whether the one
//! allows the other, and what it writes. Adding one touches its new file and one line of the list below.

use crate::authorize::Breach;
use crate::policy::Patterns;
use crate::record::json::Value;
use crate::record::output::Output;
use crate::record::tokens::TokenDomains;
use crate::record::{RecordRefused, Scratch};
use crate::toml_reader::{DocumentError, Item, Rule, Table};

#[macro_use]
mod list;
pub(crate) mod graphemes;
#[cfg(test)]
mod tests;

operations! {
    bucket::Bucket,
    check::Check,
    keep::Keep,
    mask::Mask,
    redact::Redact,
    tokenize::Tokenize,
    truncate::Truncate,
}

/// One row operation, with the parameters that a job gives it.
pub(crate) trait Operation: Sized {
    /// Its name: the key in a policy's field and the `op` of a job's column.
    const NAME: &'static str;
    /// What a policy says of it: its bounds.
    type Permission;
    /// It, ready to write values.
    type Writer: WriteValue;

    /// Reads the policy's word on it; none where that word is `false`.
    fn permission(item: &Item<'_>) -> Result<Option<Self::Permission>, DocumentError>;

    /// The same for an operation whose bounds may name the policy's own patterns.
    fn permission_naming(item: &Item<'_>, _: &Patterns) -> Result<Option<Self::Permission>, DocumentError> {
        Self::permission(item)
    }

    /// Takes its parameters from a job's column.
    fn request(column: &mut Table<'_>) -> Result<Self, DocumentError>;

    /// Whether the parameters stay within the bounds.
    fn authorize(&self, permission: &Self::Permission) -> Result<(), Breach>;

    /// The token domain whose key it needs.
    fn token_domain(_: &Self::Permission) -> Option<&str> {
        None
    }

    /// Makes it ready; none where the key of its token domain is missing.
    fn writer(&self, permission: &Self::Permission, domains: &TokenDomains) -> Option<Self::Writer>;
}

/// Writes what an operation makes of one value.
pub(crate) trait WriteValue {
    /// Writes one value. `value` is never null: null stays null before any operation.
    fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused>;
}

/// The `op` of a column that does not exist: the field is named, and nothing of it leaves. It needs no permission.
pub(crate) const DROP: &str = "drop";

/// What a job may call `op`, for errors.
pub(crate) const ALLOWED: &str = "keep, drop, mask, tokenize, truncate, bucket, redact or check";
