//! The enclave program, as a library that its `main` wires and tests reuse.
//!
//! It opens no socket other than vsock, reads no environment and no arguments, keeps no clock of its own, and writes
//! nothing anywhere. What it trusts stands in the measured configuration.

pub mod clock;
pub mod cms;
pub mod config;
pub mod enclave;
mod entropy;
pub mod job;
pub mod kms;
pub mod log;
pub mod nsm;
mod parent_service;
pub mod recipient;
pub mod server;
