//! What the owner of a policy would regret: each warning has a stable id, says what can happen and how to mend it. Warnings are
//! about what a policy allows, never about what it is for: an owner may well mean it. Pure: a policy in, warnings out. Names
//! in them are the owner's text: whoever shows a warning escapes it.

mod aggregates;
mod conditions;
mod rows;
mod terms;
mod words;

use sealroom_shared::policy::Policy;

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Warning {
    /// Stable and kebab-case.
    pub id: &'static str,
    /// The field that it is about; none where it is about the policy.
    pub field: Option<String>,
    /// What can happen.
    pub what: String,
    /// What to write instead.
    pub mend: String,
}

/// All warnings: first what rows let out, then groups, conditions, and the terms as a whole.
pub fn of(policy: &Policy) -> Vec<Warning> {
    let mut warnings = rows::of(policy);
    warnings.extend(aggregates::of(policy));
    warnings.extend(conditions::of(policy));
    warnings.extend(terms::of(policy));
    warnings
}

impl Warning {
    fn of_policy(id: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { id, field: None, what: what.into(), mend: mend.into() }
    }

    fn of_field(id: &'static str, field: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { id, field: Some(field.to_owned()), what: what.into(), mend: mend.into() }
    }
}
