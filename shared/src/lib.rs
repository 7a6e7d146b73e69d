//! What the enclave and the parent both need: formats, bounds, policy and checks.
//!
//! Everything here is pure: no sockets, no files, no clock, no environment. `shared` knows neither `enclave` nor
//! `parent`. Untrusted bytes become a type once, here; inner code never re-checks.

pub mod address;
pub mod aggregate;
pub mod arn;
pub mod attestation;
pub mod authorize;
pub mod binding;
pub mod detect;
pub mod digest;
pub mod discovery;
pub mod job;
pub mod limits;
pub mod manifest;
pub mod measurements;
pub mod message;
pub mod place;
pub mod policy;
pub mod receipt;
pub mod record;
pub mod toml_reader;
pub mod wire;
