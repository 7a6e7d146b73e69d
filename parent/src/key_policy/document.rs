//! The JSON of a key policy. Called through [`KeyPolicy::parse`] only; whatever is not understood is refused by name.

use super::condition::Condition;
use super::operator::Operator;
use super::pattern;
use super::principal::{Principal, PrincipalPattern};
use super::strict_json::Json;

/// A key policy, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPolicy {
    pub(super) statements: Vec<Statement>,
}

/// One statement of a key policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's `Sid`, if it has one.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// Whom it names.
    pub principals: Vec<PrincipalPattern>,
    /// The actions' patterns.
    pub actions: Vec<String>,
    /// True where `actions` were written as `NotAction`: every action but these.
    pub not_action: bool,
    /// The resources' patterns; `*` means the key that carries the policy.
    pub resources: Vec<String>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
}

/// What a statement that applies does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows the request, unless another statement denies it.
    Allow,
    /// Denies it, whatever allows it.
    Deny,
}

/// Why a text is not a key policy that can be evaluated. `statement` counts from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyPolicyError {
    /// Over 32 KiB, the most that KMS takes.
    #[error("a key policy has at most {BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON, or a member occurs twice.
    #[error("not strict JSON: {0}")]
    Json(String),
    /// `Version` is neither `2012-10-17` nor `2008-10-17`.
    #[error("unknown policy Version")]
    Version,
    /// A member that key policies do not have.
    #[error("unknown member `{0}` beside Version, Id and Statement")]
    Member(String),
    /// No statements.
    #[error("a key policy needs at least one statement")]
    NoStatements,
    /// An element that is missing or of the wrong type.
    #[error("statement {statement}: `{element}` is missing or malformed")]
    Element {
        /// Which statement.
        statement: usize,
        /// Which element.
        element: &'static str,
    },
    /// An element that is not evaluated here.
    #[error("statement {statement}: `{name}` is not supported")]
    Unsupported {
        /// Which statement.
        statement: usize,
        /// The element, operator or value.
        name: String,
    },
}

impl KeyPolicy {
    /// Reads a key policy.
    ///
    /// # Errors
    /// [`KeyPolicyError`] names what is malformed or not understood.
    pub fn parse(text: &str) -> Result<Self, KeyPolicyError> {
        if text.len() > BYTES_MAX {
            return Err(KeyPolicyError::TooLarge);
        }
        let json = Json::parse(text).map_err(|error| KeyPolicyError::Json(error.to_string()))?;
        let mut statements = Vec::new();
        for (name, value) in json.object().ok_or_else(|| KeyPolicyError::Json("not an object".to_owned()))? {
            match name.as_str() {
                "Version" if matches!(&value, Json::Text(version) if VERSIONS.contains(&version.as_str())) => {}
                "Version" => return Err(KeyPolicyError::Version),
                "Id" => {}
                "Statement" => {
                    let list = if let Json::List(list) = value { list } else { vec![value] };
                    let numbered = list.into_iter().zip(1..);
                    statements = numbered.map(|(statement, number)| Statement::parse(statement, number)).collect::<Result<_, _>>()?;
                }
                _ => return Err(KeyPolicyError::Member(name)),
            }
        }
        if statements.is_empty() { Err(KeyPolicyError::NoStatements) } else { Ok(Self { statements }) }
    }

    /// The policy that KMS gives a key made without one: the account's identity policies decide, attested or not.
    #[must_use]
    pub fn default_text(account: &str) -> String {
        format!(
            "{{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {{\n    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {{\n      \"AWS\" : \"arn:aws:iam::{account}:root\"\n    }},\n    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  }} ]\n}}"
        )
    }

    /// The statements, in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl Statement {
    fn parse(json: Json, number: usize) -> Result<Self, KeyPolicyError> {
        let bad = |element| KeyPolicyError::Element { statement: number, element };
        let (mut sid, mut effect, mut principals, mut actions, mut resources) = (None, None, None, None, None);
        let mut conditions = Vec::new();
        for (name, value) in json.object().ok_or(bad("Statement"))? {
            match name.as_str() {
                "Sid" => sid = Some(value.text().ok_or(bad("Sid"))?),
                "Effect" => effect = Some(parse_effect(value).ok_or(bad("Effect"))?),
                "Principal" => principals = Some(parse_principals(value, number)?),
                "Action" | "NotAction" if actions.is_some() => return Err(bad("Action")),
                "Action" => actions = Some((value.texts().ok_or(bad("Action"))?, false)),
                "NotAction" => actions = Some((value.texts().ok_or(bad("NotAction"))?, true)),
                "Resource" => resources = Some(value.texts().ok_or(bad("Resource"))?),
                "Condition" => conditions = parse_conditions(value, number)?,
                _ => return Err(KeyPolicyError::Unsupported { statement: number, name }),
            }
        }
        let (actions, not_action) = actions.ok_or(bad("Action"))?;
        if actions.is_empty() || actions.iter().any(|action| action != "*" && !action.contains(':')) {
            return Err(bad("Action"));
        }
        Ok(Self {
            sid,
            effect: effect.ok_or(bad("Effect"))?,
            principals: principals.ok_or(bad("Principal"))?,
            actions,
            not_action,
            resources: resources.filter(|list: &Vec<String>| !list.is_empty()).ok_or(bad("Resource"))?,
            conditions,
        })
    }

    /// True where one of the statement's principals names `caller`.
    #[must_use]
    pub fn names(&self, caller: &Principal) -> bool {
        self.principals.iter().any(|pattern| pattern.names(caller))
    }

    /// True where the statement speaks of `action`.
    #[must_use]
    pub fn covers_action(&self, action: &str) -> bool {
        self.not_action != self.actions.iter().any(|pattern| pattern::matches_any_case(pattern, action))
    }

    /// True where the statement speaks of the key.
    #[must_use]
    pub fn covers_key(&self, arn: &str) -> bool {
        self.resources.iter().any(|pattern| pattern::matches(pattern, arn))
    }
}

fn parse_effect(json: Json) -> Option<Effect> {
    match json.text()?.as_str() {
        "Allow" => Some(Effect::Allow),
        "Deny" => Some(Effect::Deny),
        _ => None,
    }
}

fn parse_principals(json: Json, number: usize) -> Result<Vec<PrincipalPattern>, KeyPolicyError> {
    let bad = || KeyPolicyError::Element { statement: number, element: "Principal" };
    let members = match json {
        Json::Text(text) if text == "*" => return Ok(vec![PrincipalPattern::Everyone]),
        other => other.object().ok_or_else(bad)?,
    };
    let mut principals = Vec::new();
    for (kind, value) in members {
        for text in value.texts().ok_or_else(bad)? {
            principals.push(match kind.as_str() {
                "AWS" => PrincipalPattern::parse_aws(&text)
                    .ok_or_else(|| KeyPolicyError::Unsupported { statement: number, name: format!("Principal {text}") })?,
                "Service" | "Federated" | "CanonicalUser" => PrincipalPattern::Other(text),
                _ => return Err(KeyPolicyError::Unsupported { statement: number, name: format!("Principal {kind}") }),
            });
        }
    }
    if principals.is_empty() { Err(bad()) } else { Ok(principals) }
}

fn parse_conditions(json: Json, number: usize) -> Result<Vec<Condition>, KeyPolicyError> {
    let bad = || KeyPolicyError::Element { statement: number, element: "Condition" };
    let mut conditions = Vec::new();
    for (name, keys) in json.object().ok_or_else(bad)? {
        let unsupported = |name: String| KeyPolicyError::Unsupported { statement: number, name };
        let operator = Operator::parse(&name).ok_or_else(|| unsupported(name))?;
        for (key, values) in keys.object().ok_or_else(bad)? {
            let values = values.texts().ok_or_else(bad)?;
            if let Some(value) = values.iter().find(|value| value.contains("${")) {
                return Err(unsupported(format!("policy variable in {value}")));
            }
            if !operator.takes(&values) {
                return Err(unsupported(format!("{operator} with another value than true or false")));
            }
            conditions.push(Condition { operator, key, values });
        }
    }
    Ok(conditions)
}

const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// Bytes of a key policy: the limit of KMS's PutKeyPolicy.
pub(crate) const BYTES_MAX: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn document(statements: &[String]) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    }

    fn conditional(condition: &str) -> String {
        format!(r#"{{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{{{condition}}}}}"#)
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        let whole = |statement: &str| document(&[statement.to_owned()]);
        let operator = |name: &str| whole(&conditional(&format!(r#""{name}":{{"k:x":"1"}}"#)));
        let cases = [
            (operator("NumericLessThan"), "NumericLessThan"),
            (operator("DateGreaterThan"), "DateGreaterThan"),
            (operator("IpAddress"), "IpAddress"),
            (operator("StringEqualsIfExist"), "StringEqualsIfExist"),
            (operator("ForEachValue:StringEquals"), "ForEachValue:StringEquals"),
            (operator("NullIfExists"), "NullIfExists"),
            (whole(&conditional(r#""StringEquals":{"k:x":"${aws:username}"}"#)), "policy variable in ${aws:username}"),
            (whole(&conditional(r#""Null":{"k:x":"maybe"}"#)), "Null with another value than true or false"),
            (whole(&conditional(r#""Null":{"k:x":["true",""]}"#)), "Null with another value than true or false"),
            (whole(&conditional(r#""Null":{"k:x":0}"#)), "Null with another value than true or false"),
            (whole(&conditional(r#""BoolIfExists":{"k:x":"yes"}"#)), "BoolIfExists with another value than true or false"),
            (whole(r#"{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}"#), "NotPrincipal"),
            (whole(r#"{"Effect":"Deny","Principal":"*","Action":"kms:*","NotResource":"*"}"#), "NotResource"),
            (whole(r#"{"Effect":"Deny","Principal":{"Aws":"*"},"Action":"kms:*","Resource":"*"}"#), "Principal Aws"),
            (
                whole(r#"{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::*:root"},"Action":"kms:*","Resource":"*"}"#),
                "Principal arn:aws:iam::*:root",
            ),
        ];
        for (text, name) in cases {
            assert_eq!(KeyPolicy::parse(&text), Err(KeyPolicyError::Unsupported { statement: 1, name: name.to_owned() }), "{text}");
        }
    }

    #[test]
    fn malformed_statements_are_refused() {
        let cases = [
            (r#"{"Effect":"Permit","Principal":"*","Action":"kms:*","Resource":"*"}"#, "Effect"),
            (r#"{"Principal":"*","Action":"kms:*","Resource":"*"}"#, "Effect"),
            (r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"}"#, "Principal"),
            (r#"{"Effect":"Allow","Principal":"all","Action":"kms:*","Resource":"*"}"#, "Principal"),
            (r#"{"Effect":"Allow","Principal":{},"Action":"kms:*","Resource":"*"}"#, "Principal"),
            (r#"{"Effect":"Allow","Principal":"*","Resource":"*"}"#, "Action"),
            (r#"{"Effect":"Allow","Principal":"*","Action":[],"Resource":"*"}"#, "Action"),
            (r#"{"Effect":"Allow","Principal":"*","Action":"Decrypt","Resource":"*"}"#, "Action"),
            (r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","NotAction":"kms:*","Resource":"*"}"#, "Action"),
            (r#"{"Effect":"Allow","Principal":"*","Action":"kms:*"}"#, "Resource"),
            (r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":[]}"#, "Condition"),
            (r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"a":{}}}}"#, "Condition"),
            (r#"[]"#, "Statement"),
        ];
        for (statement, element) in cases {
            let result = KeyPolicy::parse(&document(&[statement.to_owned()]));
            assert_eq!(result, Err(KeyPolicyError::Element { statement: 1, element }), "{statement}");
        }
    }

    #[test]
    fn malformed_documents_are_refused() {
        for text in ["", "[]", "{", r#"{"Statement":[],"Statement":[]}"#, r#"{"Version":"2012-10-17","Version":"2012-10-17"}"#] {
            assert!(matches!(KeyPolicy::parse(text), Err(KeyPolicyError::Json(_))), "{text}");
        }
        let twice = document(&[conditional(r#""StringEquals":{"a:b":"1"},"StringEquals":{"a:b":"2"}"#)]);
        assert!(matches!(KeyPolicy::parse(&twice), Err(KeyPolicyError::Json(_))));
        assert_eq!(KeyPolicy::parse("{}"), Err(KeyPolicyError::NoStatements));
        assert_eq!(KeyPolicy::parse(r#"{"Statement":[]}"#), Err(KeyPolicyError::NoStatements));
        assert_eq!(KeyPolicy::parse(r#"{"Version":"2020-01-01"}"#), Err(KeyPolicyError::Version));
        assert_eq!(KeyPolicy::parse(r#"{"Statements":[]}"#), Err(KeyPolicyError::Member("Statements".to_owned())));
        assert_eq!(KeyPolicy::parse(&" ".repeat(40_000)), Err(KeyPolicyError::TooLarge));
    }
}
