//! Condition operators: their names, and what one says about one key. Called by `document` and `condition`.

use std::fmt;

use super::pattern;

/// A condition operator with its quantifier and `IfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:`, if written.
    pub quantifier: Option<Quantifier>,
    /// What is compared, and how.
    pub comparison: Comparison,
    /// Written with `IfExists`: true where the key is absent.
    pub if_exists: bool,
}

/// How the several values that a request has for one key count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// Every value of the request must satisfy the comparison. True where there is none: an absent key passes.
    ForAllValues,
    /// At least one value of the request must satisfy it. False where there is none.
    ForAnyValue,
}

/// The comparisons that are understood. Each negated one is true where its key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are IAM's own")]
pub enum Comparison {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    ArnLike,
    ArnNotLike,
    Bool,
    Null,
}

impl Operator {
    /// Reads an operator's name, without regard to case, as IAM does. `None` where it is not understood.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (quantifier, rest) = match name.split_once(':') {
            None => (None, name),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => (Some(Quantifier::ForAllValues), rest),
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (Some(Quantifier::ForAnyValue), rest),
            Some(_) => return None,
        };
        let lower = rest.to_ascii_lowercase();
        let (base, if_exists) = match lower.strip_suffix("ifexists") {
            Some(base) => (base, true),
            None => (lower.as_str(), false),
        };
        let comparison = match base {
            "stringequals" => Comparison::StringEquals,
            "stringnotequals" => Comparison::StringNotEquals,
            "stringequalsignorecase" => Comparison::StringEqualsIgnoreCase,
            "stringnotequalsignorecase" => Comparison::StringNotEqualsIgnoreCase,
            "stringlike" => Comparison::StringLike,
            "stringnotlike" => Comparison::StringNotLike,
            // IAM: ArnEquals and ArnLike behave identically.
            "arnlike" | "arnequals" => Comparison::ArnLike,
            "arnnotlike" | "arnnotequals" => Comparison::ArnNotLike,
            "bool" => Comparison::Bool,
            // IAM has no NullIfExists, and a set operator over it says nothing.
            "null" if !if_exists && quantifier.is_none() => Comparison::Null,
            _ => return None,
        };
        Some(Self { quantifier, comparison, if_exists })
    }

    /// True where the operator can be asked for these values of a policy: `Null` and `Bool` know `true` and `false` alone.
    /// Anything else would be read as one of the two, by guess.
    pub(super) fn takes(&self, wanted: &[String]) -> bool {
        let is_boolean = |value: &String| value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
        !matches!(self.comparison, Comparison::Null | Comparison::Bool) || wanted.iter().all(is_boolean)
    }

    /// True where the operator holds for one key: `wanted` are the policy's values, `present` the request's (`None` where
    /// the key is absent). Of values that the operator does not take nothing that it says means anything.
    #[must_use]
    pub fn holds(&self, wanted: &[String], present: Option<&[String]>) -> bool {
        if self.comparison == Comparison::Null {
            return wanted.iter().any(|value| value.eq_ignore_ascii_case("true") == present.is_none());
        }
        let Some(present) = present.filter(|values| !values.is_empty()) else {
            return self.if_exists || self.holds_without_the_key();
        };
        let satisfied = |value: &String| self.comparison.is_negated() != wanted.iter().any(|wanted| self.comparison.equal(wanted, value));
        match (self.quantifier, self.comparison.is_negated()) {
            (Some(Quantifier::ForAllValues), _) | (None, true) => present.iter().all(satisfied),
            (Some(Quantifier::ForAnyValue), _) | (None, false) => present.iter().any(satisfied),
        }
    }

    /// What an absent key means, `IfExists` aside.
    #[must_use]
    pub fn holds_without_the_key(&self) -> bool {
        match self.quantifier {
            Some(Quantifier::ForAllValues) => true,
            Some(Quantifier::ForAnyValue) => false,
            None => self.comparison.is_negated(),
        }
    }
}

impl Comparison {
    /// True for the operators with `Not` in their name.
    #[must_use]
    pub fn is_negated(self) -> bool {
        matches!(self, Self::StringNotEquals | Self::StringNotEqualsIgnoreCase | Self::StringNotLike | Self::ArnNotLike)
    }

    /// The positive comparison of one value of the policy with one of the request.
    fn equal(self, wanted: &str, present: &str) -> bool {
        match self {
            Self::StringEquals | Self::StringNotEquals => wanted == present,
            Self::StringEqualsIgnoreCase | Self::StringNotEqualsIgnoreCase if wanted.is_ascii() => wanted.eq_ignore_ascii_case(present),
            Self::StringEqualsIgnoreCase | Self::StringNotEqualsIgnoreCase => wanted.to_lowercase() == present.to_lowercase(),
            Self::Bool => wanted.eq_ignore_ascii_case(present),
            Self::StringLike | Self::StringNotLike => pattern::matches(wanted, present),
            Self::ArnLike | Self::ArnNotLike => pattern::matches_arn(wanted, present),
            Self::Null => false,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(quantifier) = self.quantifier {
            write!(formatter, "{quantifier:?}:")?;
        }
        write!(formatter, "{:?}{}", self.comparison, if self.if_exists { "IfExists" } else { "" })
    }
}
