//! One statement as the generator writes it: members in the order in which people read them. Called by `generate`.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::role::RoleArn;

/// Operators, condition keys and values.
pub(super) type Conditions = BTreeMap<&'static str, BTreeMap<String, Vec<String>>>;

/// A statement about the key that carries the policy.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Statement {
    sid: String,
    effect: &'static str,
    principal: Named,
    action: Texts,
    resource: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<String, Texts>>,
}

#[derive(Serialize)]
struct Named {
    #[serde(rename = "AWS")]
    aws: String,
}

/// One text stands alone, several in a list.
struct Texts(Vec<String>);

impl Statement {
    /// Allows one role these actions.
    pub fn allow(sid: impl Into<String>, role: &RoleArn, actions: &[&str]) -> Self {
        Self::new(sid.into(), "Allow", role.to_string(), actions)
    }

    /// Denies everyone these actions.
    pub fn deny(sid: impl Into<String>, actions: &[&str]) -> Self {
        Self::new(sid.into(), "Deny", "*".to_owned(), actions)
    }

    fn new(sid: String, effect: &'static str, principal: String, actions: &[&str]) -> Self {
        let action = Texts(actions.iter().map(|action| (*action).to_owned()).collect());
        Self { sid, effect, principal: Named { aws: principal }, action, resource: "*", condition: BTreeMap::new() }
    }

    /// Adds conditions: all must hold.
    pub fn when(mut self, conditions: Conditions) -> Self {
        for (operator, keys) in conditions {
            let keys = keys.into_iter().map(|(key, values)| (key, Texts(values)));
            self.condition.entry(operator).or_default().extend(keys);
        }
        self
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}
