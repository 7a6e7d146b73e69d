//! What binds a sealed message to its policy and purpose: the keys of its encryption context, and what a message can be.
//! KMS checks and logs all of it; none of it is secret.

/// Key: what the message is, one of [`INPUT`], [`MANIFEST`], [`TOKEN_KEY`] and [`OUTPUT`].
pub const KIND: &str = "sealroom:kind";
/// Key: the digest of the policy that an input or a token key is sealed under. Never in an output, so that no output can
/// come back as an input.
pub const POLICY: &str = "sealroom:policy-sha384";
/// Key: the owner's name of an input's dataset.
pub const DATASET: &str = "sealroom:dataset";
/// Key: the random id of a dataset's set of files, 32 hex digits.
pub const SET: &str = "sealroom:set";
/// Key: `i/n`, the place of a file in its set.
pub const PART: &str = "sealroom:part";
/// Key: the field whose single value was sealed.
pub const FIELD: &str = "sealroom:field";
/// Key: the domain of a token key.
pub const DOMAIN: &str = "sealroom:domain";
/// Key: the digest of the job that made an output.
pub const JOB: &str = "sealroom:job-sha384";
/// Key: the digest of the policy that an output was made under.
pub const SOURCE_POLICY: &str = "sealroom:source-policy-sha384";

/// Kind of what an owner seals for jobs.
pub const INPUT: &str = "input";
/// Kind of what an owner seals beside records with sealed fields.
pub const MANIFEST: &str = "manifest";
/// Kind of a sealed token key.
pub const TOKEN_KEY: &str = "token-key";
/// Kind of what an enclave gives out.
pub const OUTPUT: &str = "output";
