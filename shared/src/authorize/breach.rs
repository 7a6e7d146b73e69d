//! How a job goes beyond its policy, in words for the operator: they speak of the job's own text and of the policy's bounds.

use crate::policy::OutsideValidity;
use crate::record::operations::bucket::BucketBreach;
use crate::record::operations::check::PatternNotListed;
use crate::record::operations::redact::DetectorsLeftOut;

/// The policy does not allow the job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{breach}", Place(.line, .field))]
pub struct JobNotAllowed {
    /// Line of the job file; 0 where it is about no line.
    pub line: u32,
    /// The field that it is about; empty where it is about none.
    pub field: String,
    /// What the policy does not allow.
    pub breach: Breach,
}

/// How a job goes beyond its policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The time is outside the policy's.
    #[error(transparent)]
    Validity(#[from] OutsideValidity),
    /// The policy lists its jobs, and this is none of them.
    #[error("the policy allows only the job files that it lists in `jobs`, and this is none of them")]
    JobNotListed,
    /// No `[release.records]`.
    #[error("the policy releases no rows: it has no [release.records]")]
    NoRowRelease,
    /// No `[release.aggregates]`.
    #[error("the policy releases no aggregates: it has no [release.aggregates]")]
    NoAggregateRelease,
    /// An aggregate job under a policy without `[people]`.
    #[error("aggregates need a policy with [people]: every group has to speak of enough of them")]
    AggregateWithoutPeople,
    /// No `[release.discovery]`.
    #[error("the policy releases no discovery: it has no [release.discovery]")]
    NoDiscoveryRelease,
    /// A discovery job under a policy without `[people]`.
    #[error("discovery needs a policy with [people]: every count has to speak of enough of them")]
    DiscoveryWithoutPeople,
    /// A discovery job that names no field, under a policy that permits it on none.
    #[error("the policy permits discovery on no field: none has `discover = true`")]
    NothingToDiscover,
    /// More fields than the counts of one discovery job may be of.
    #[error(
        "with the policy's minimum of people one job counts at most {0} of its fields; name fewer in `fields`, and the others in another job"
    )]
    TooManyToDiscover(usize),
    /// The policy does not let the field tell groups apart.
    #[error("the policy does not permit this field in `group_by`: it has no `group = true`")]
    GroupNotPermitted,
    /// Histograms of one field with two widths.
    #[error("a job has one width for the histograms of a field: bins of two widths tell of each other")]
    SecondWidth,
    /// A parameter that is not a multiple of its bound.
    #[error("`{parameter}` has to be a multiple of the policy's `{bound} = {least}`")]
    NotAMultiple {
        /// The job's parameter.
        parameter: &'static str,
        /// The policy's bound.
        bound: &'static str,
        /// The bound's value.
        least: u64,
    },
    /// The policy does not name the field.
    #[error("the policy does not name this field")]
    FieldNotNamed,
    /// The policy does not permit the operation on the field.
    #[error("the policy does not permit `{0}` on this field")]
    OperationNotPermitted(&'static str),
    /// A parameter beyond its bound.
    #[error("`{parameter}` is beyond the policy's `{bound} = {most}`")]
    OverBound {
        /// The job's parameter.
        parameter: &'static str,
        /// The policy's bound.
        bound: &'static str,
        /// The bound's value.
        most: u64,
    },
    /// Detectors that the policy's `redact` requires.
    #[error(transparent)]
    DetectorsLeftOut(#[from] DetectorsLeftOut),
    /// A pattern that the policy's `check` does not list.
    #[error(transparent)]
    PatternNotListed(#[from] PatternNotListed),
    /// Buckets that are not the policy's.
    #[error(transparent)]
    Bucket(#[from] BucketBreach),
    /// A field feeds two columns, and the policy does not list the combination.
    #[error("this field feeds another column already; together they need operations that the policy lists in `combinations`")]
    FieldReleasedTwice,
    /// Two columns share values: one's field lies within the other's.
    #[error("this field lies within the field of another column, or the other way round; a value feeds one column only")]
    FieldWithinAnother,
    /// The policy does not permit the condition on the field.
    #[error("the policy does not permit `{0}` as a condition on this field")]
    ConditionNotPermitted(&'static str),
    /// A value in a condition that no value of the field can equal.
    #[error("every value of this field is a {0}, by the policy's `type`; compare it with one")]
    ConditionType(&'static str),
    /// `where` without `[people]`.
    #[error("`where` needs a policy with [people]: a filtered output has to speak of enough of them")]
    ConditionWithoutPeople,
    /// The first sealed value that a job reads shows that the policy is its owner's, where there is no manifest.
    #[error("the job reads no sealed field: without a manifest, a sealed value alone shows whose policy this is")]
    NothingSealed,
}

struct Place<'p>(&'p u32, &'p str);

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(0, _) => Ok(()),
            Self(line, field) => write!(out, "line {line}: field {field:?}: "),
        }
    }
}
