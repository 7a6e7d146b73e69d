//! One condition of a statement: an operator, a condition key and values. Called by `document` and `evaluate`.

use std::fmt;

use super::operator::Operator;
use super::request::RequestContext;

/// One line of a `Condition` block. A statement's conditions must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator.
    pub operator: Operator,
    /// The condition key, as written.
    pub key: String,
    /// The policy's values.
    pub values: Vec<String>,
}

/// A condition that did not hold, with both sides: what a person needs to see why a request was not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCondition {
    /// The condition.
    pub condition: Condition,
    /// The request's values for the key; `None` where it is absent.
    pub present: Option<Vec<String>>,
}

impl Condition {
    /// The condition itself where it fails for `context`, with what the request has instead.
    pub(super) fn failure(&self, context: &RequestContext) -> Option<FailedCondition> {
        let present = context.values(&self.key);
        if self.operator.holds(&self.values, present) {
            return None;
        }
        Some(FailedCondition { condition: self.clone(), present: present.map(<[String]>::to_vec) })
    }
}

impl fmt::Display for FailedCondition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Condition { operator, key, values } = &self.condition;
        write!(formatter, "{operator} {key}: the policy says {}, ", values.join(" or "))?;
        match &self.present {
            None => formatter.write_str("the request has no such key"),
            Some(present) => write!(formatter, "the request says {}", present.join(", ")),
        }
    }
}
