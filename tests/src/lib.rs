//! The test kit: everything of an enclave's surroundings that this machine lacks, outside the programs under test.
//!
//! A software NSM and `nitro-sim`, which runs the unmodified enclave program; a mock KMS that verifies attestation and
//! evaluates key policies; and the stage on which the end-to-end tests run the shipped programs. Nothing that ships
//! knows this package.

pub mod bins;
pub mod kms;
pub mod nsm;
pub mod sim;
pub mod stage;
