//! Key policies of AWS KMS: reading one and deciding a request by it, as IAM does.
//!
//! The mock KMS, and the commands that generate, lint and simulate key policies, call [`KeyPolicy::parse`] and
//! [`KeyPolicy::evaluate`]. Everything is pure: what is known about a request comes in as [`Request`], and no clock, network
//! or file is read. An element or operator that is not understood is refused by name, never skipped: a skipped condition would
//! widen an Allow or a skipped statement weaken a Deny.
//!
//! Rules, from IAM's reference of policy elements and condition operators:
//! - an explicit Deny that applies wins; else an Allow that applies; else the request is denied;
//! - the operators of a condition, and the keys under one operator, must *all* hold. So a Deny that lists PCR0 and PCR1
//!   under one negated operator applies only where both differ;
//! - several values of one key: any may match (positive operators), none may match (negated ones);
//! - a key that is absent from the request: positive operators are false, **negated ones are true**, `…IfExists` is true,
//!   `Null` with `true` is true. So a Deny with `StringNotEqualsIgnoreCase` on a PCR does deny an un-attested call, and an
//!   Allow with it would allow one;
//! - names of condition keys are compared without regard to case, values as the operator says.
//!
//! What is left out: identity policies, grants, service control policies. A principal whose account the policy admits
//! (`arn:aws:iam::ACCOUNT:root`) is taken to be allowed by its own identity policy.

pub mod actions;
pub mod attested_key;
mod condition;
mod document;
mod evaluate;
pub mod generate;
pub mod lint;
mod named;
mod operator;
mod pattern;
mod principal;
mod request;
pub mod simulate;
mod strict_json;
#[cfg(test)]
mod tests;

pub use self::condition::{Condition, FailedCondition};
pub(crate) use self::document::BYTES_MAX;
pub use self::document::{Effect, KeyPolicy, KeyPolicyError, Statement};
pub use self::evaluate::{Evaluation, Outcome, StatementOutcome};
pub use self::named::{NamedImage, measurements_named};
pub use self::operator::{Comparison, Operator, Quantifier};
pub use self::principal::{Principal, PrincipalError, PrincipalPattern};
pub use self::request::{Request, RequestContext};
