//! Sealed values: single fields of a record, each a sealed message of its own in base64, bound to its field's name. Data
//! keys are released outside; here they are looked up, asked for and used. Never hands on a byte that does not verify.

mod keys;
mod opener;

pub use keys::{MissingKey, TooManyKeys, ValueKeys, ValuesOf};
pub(crate) use opener::{NotOpened, ValueOpener};
