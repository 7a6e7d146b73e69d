//! Sets: files that the owner sealed together, as the parts `1/n … n/n` of one random id. [`names`] is the owner's side, the
//! files of a set in its folder; [`inputs`] is the operator's, what can be told of sealed inputs before they are sent. Both
//! only help: whether inputs are one whole set is for the enclave to decide.

pub mod inputs;
pub mod names;

/// What the names of sealed files in a set's folder end in.
const SUFFIX: &str = ".sealed";
