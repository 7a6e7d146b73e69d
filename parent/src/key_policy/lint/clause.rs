//! A statement read loosely: whatever is in it, understood or not. Made for the linter alone; nothing is decided by it.

use super::super::{
    actions, attested_key,
    document::{BYTES_MAX, KeyPolicyError},
    operator::{Comparison, Operator},
    pattern,
    principal::{Principal, PrincipalPattern},
    strict_json::Json,
};

/// One statement.
pub(super) struct Clause {
    /// From 1.
    pub number: usize,
    pub sid: Option<String>,
    pub allows: bool,
    /// The texts under `Principal`; those of another kind than `AWS` after its name, so that `{"Service": "*"}` is not everyone.
    /// Empty where there is only a `NotPrincipal`.
    pub principals: Vec<String>,
    pub has_not_principal: bool,
    pub actions: Vec<String>,
    pub not_action: bool,
    /// True where its `Resource` is `*`. A Deny for one ARN may be about another key, and so counts for nothing.
    pub about_this_key: bool,
    pub conditions: Vec<Line>,
}

/// One key of a condition.
pub(super) struct Line {
    /// The operator as written.
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// The statements of a policy.
pub(super) fn read(text: &str) -> Result<Vec<Clause>, KeyPolicyError> {
    if text.len() > BYTES_MAX {
        return Err(KeyPolicyError::TooLarge);
    }
    let json = Json::parse(text).map_err(|error| KeyPolicyError::Json(error.to_string()))?;
    let members = json.object().ok_or_else(|| KeyPolicyError::Json("not an object".to_owned()))?;
    let statements = members.into_iter().find(|(name, _)| name == "Statement").map(|(_, value)| value);
    let list = match statements {
        Some(Json::List(list)) => list,
        Some(one @ Json::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    if list.is_empty() {
        return Err(KeyPolicyError::NoStatements);
    }
    Ok(list.into_iter().zip(1..).map(|(statement, number)| Clause::read(statement, number)).collect())
}

impl Clause {
    fn read(json: Json, number: usize) -> Self {
        let mut clause = Self {
            number,
            sid: None,
            allows: false,
            principals: Vec::new(),
            has_not_principal: false,
            actions: Vec::new(),
            not_action: false,
            about_this_key: false,
            conditions: Vec::new(),
        };
        for (name, value) in json.object().unwrap_or_default() {
            match name.as_str() {
                "Sid" => clause.sid = value.text(),
                // What is no Deny is looked at as if it allowed.
                "Effect" => clause.allows = value.text().as_deref() != Some("Deny"),
                "Principal" => clause.principals = principals(value),
                "NotPrincipal" => clause.has_not_principal = true,
                "Action" => clause.actions = value.texts().unwrap_or_default(),
                "NotAction" => {
                    clause.actions = value.texts().unwrap_or_default();
                    clause.not_action = true;
                }
                "Resource" => clause.about_this_key = value.texts().unwrap_or_default().iter().any(|resource| resource == "*"),
                "Condition" => clause.conditions = conditions(value),
                _ => {}
            }
        }
        clause
    }

    /// True where it speaks of `action`.
    pub fn covers(&self, action: &str) -> bool {
        self.not_action != self.actions.iter().any(|pattern| pattern::matches_any_case(pattern, action))
    }

    /// True where it speaks of one of these.
    pub fn covers_any<'a>(&self, actions: impl IntoIterator<Item = &'a str>) -> bool {
        actions.into_iter().any(|action| self.covers(action))
    }

    /// True for a Deny of `action`, whatever its conditions.
    pub fn denies(&self, action: &str) -> bool {
        !self.allows && self.about_this_key && self.covers(action)
    }

    /// True for a Deny that nobody and nothing escapes.
    pub fn denies_everyone(&self, action: &str) -> bool {
        self.denies(action) && self.conditions.is_empty() && self.names_everyone()
    }

    /// True where it names `*`.
    pub fn names_everyone(&self) -> bool {
        self.principals.iter().any(|principal| principal == "*")
    }

    /// The accounts that it names as a whole.
    pub fn whole_accounts(&self) -> impl Iterator<Item = &String> {
        self.principals.iter().filter(|text| matches!(PrincipalPattern::parse_aws(text), Some(PrincipalPattern::Account(_))))
    }

    /// True where it names `principal`, itself or through its account or role.
    pub fn names(&self, principal: &str) -> bool {
        self.principals.iter().any(|named| names(named, principal))
    }

    /// True for an Allow that a call without an attestation document cannot use.
    pub fn is_attested_allow(&self) -> bool {
        self.allows && self.conditions.iter().any(|line| line.pcr().is_some() && line.holds_without_the_key() == Some(false))
    }

    /// The attestable actions that it speaks of.
    pub fn attestable(&self) -> impl Iterator<Item = &'static str> {
        actions::ATTESTABLE.into_iter().filter(|action| self.covers(action))
    }
}

impl Line {
    /// The PCR that it speaks of.
    pub fn pcr(&self) -> Option<u8> {
        attested_key::pcr_index(&self.key)
    }

    /// The operator, where it is understood, and takes the values.
    pub fn understood(&self) -> Option<Operator> {
        Operator::parse(&self.operator).filter(|operator| operator.takes(&self.values))
    }

    /// What it says of a request that lacks the key; `None` where the operator is not understood.
    pub fn holds_without_the_key(&self) -> Option<bool> {
        Some(self.understood()?.holds(&self.values, None))
    }

    /// True where a call passes with the right value of its key alone: none, and another image's, fail. `Null` with `false`
    /// demands that there is a document, and no value.
    pub fn demands_a_value(&self) -> bool {
        self.understood()
            .is_some_and(|operator| !operator.holds(&self.values, None) && !operator.holds(&self.values, Some(&[ANOTHER_PCR.to_owned()])))
    }

    /// The same in a Deny: it holds where there is no value of its key, and where there is another one.
    pub fn catches_other_values(&self) -> bool {
        self.understood()
            .is_some_and(|operator| operator.holds(&self.values, None) && operator.holds(&self.values, Some(&[ANOTHER_PCR.to_owned()])))
    }

    /// True where its operator expands wildcards and a value has one.
    pub fn has_wildcard(&self) -> bool {
        use Comparison::{ArnLike, ArnNotLike, StringLike, StringNotLike};
        let expands =
            matches!(self.understood().map(|operator| operator.comparison), Some(ArnLike | ArnNotLike | StringLike | StringNotLike));
        expands && self.values.iter().any(|value| value.contains(['*', '?']))
    }

    /// True for a condition of a Deny that leaves out principals by their ARN.
    pub fn is_exception(&self) -> bool {
        self.key.eq_ignore_ascii_case("aws:PrincipalArn") && self.is_negated() && self.understood().is_some()
    }

    /// True for operators with `Not` in their name, understood or not.
    pub fn is_negated(&self) -> bool {
        self.operator.to_ascii_lowercase().contains("not")
    }
}

/// True where the principal written as `named` includes the one written as `principal`.
pub(super) fn names(named: &str, principal: &str) -> bool {
    if named == "*" || named == principal {
        return true;
    }
    let (Some(pattern), Ok(caller)) = (PrincipalPattern::parse_aws(named), Principal::parse(principal)) else {
        return false;
    };
    pattern.names(&caller)
}

/// True where both are one user or role, or one is a session of the other: whoever has the one's credentials has the other's.
pub(super) fn is_same_caller(one: &str, other: &str) -> bool {
    let is_one = |text| matches!(PrincipalPattern::parse_aws(text), Some(PrincipalPattern::One(_)));
    is_one(one) && is_one(other) && (names(one, other) || names(other, one))
}

fn principals(json: Json) -> Vec<String> {
    match json {
        Json::Object(members) => members
            .into_iter()
            .flat_map(|(kind, value)| {
                let texts = value.texts().unwrap_or_default().into_iter();
                texts.map(move |text| if kind == "AWS" { text } else { format!("{kind} {text}") })
            })
            .collect(),
        other => other.texts().unwrap_or_default(),
    }
}

fn conditions(json: Json) -> Vec<Line> {
    let operators = json.object().unwrap_or_default();
    let lines = operators.into_iter().flat_map(|(operator, keys)| {
        let keys = keys.object().unwrap_or_default();
        keys.into_iter().map(move |(key, values)| Line { operator: operator.clone(), key, values: values.texts().unwrap_or_default() })
    });
    lines.collect()
}

/// A PCR that no policy names: what an image that nobody listed has.
const ANOTHER_PCR: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
