//! The ARN of a role that a generated policy names. Called by `key-policy generate`.

use std::fmt;

use super::super::principal::Principal;

/// `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME`, without wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn {
    principal: Principal,
}

/// Not the ARN of one role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the ARN of a role: expected arn:aws:iam::ACCOUNT:role/NAME, without wildcards")]
pub struct RoleArnError;

impl RoleArn {
    /// Reads a role's ARN.
    ///
    /// # Errors
    /// [`RoleArnError`] for users, sessions, accounts, wildcards and every other text.
    pub fn parse(text: &str) -> Result<Self, RoleArnError> {
        let principal = Principal::parse(text).map_err(|_| RoleArnError)?;
        let resource = text.splitn(6, ':').nth(5).ok_or(RoleArnError)?;
        let path = resource.strip_prefix("role/").ok_or(RoleArnError)?;
        // The characters of IAM's names and paths.
        let is_plain = path
            .split('/')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte)));
        if is_plain { Ok(Self { principal }) } else { Err(RoleArnError) }
    }

    /// The role as a caller.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// True where both are the same role: within an account a name is one role's, whatever the path.
    #[must_use]
    pub fn is_same_role(&self, other: &Self) -> bool {
        fn name(role: &RoleArn) -> Option<String> {
            role.principal.arn().rsplit('/').next().map(str::to_ascii_lowercase)
        }
        self.principal.account() == other.principal.account() && name(self) == name(other)
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.principal.arn())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "*",
            "operator",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/operator",
            "arn:aws:sts::111122223333:assumed-role/operator/session",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:role/oper?tor",
            "arn:aws:iam::111122223333:role//operator",
            "arn:aws:iam::111122223333:role/operator ",
            "arn:aws:iam::111122223333:role/${aws:username}",
            "arn:aws:iam::1111:role/operator",
        ] {
            assert_eq!(RoleArn::parse(text), Err(RoleArnError), "{text}");
        }
    }

    #[test]
    fn a_role_is_one_role_under_any_path() {
        let role = |path: &str| RoleArn::parse(&format!("arn:aws:iam::{path}")).expect("a role");
        assert!(role("111122223333:role/a/operator").is_same_role(&role("111122223333:role/Operator")));
        assert!(!role("111122223333:role/operator").is_same_role(&role("444455556666:role/operator")));
        assert!(!role("111122223333:role/operator").is_same_role(&role("111122223333:role/owner")));
    }
}
