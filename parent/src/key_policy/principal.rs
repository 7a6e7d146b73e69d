//! Who asks (a principal's ARN) and whom a statement names. Called by `document` (patterns) and by the makers of requests.

use std::fmt;

/// A caller: a user, a role, or a session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    arn: String,
    account: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    User,
    Role,
    /// The name of the role whose session this is; a session's ARN does not carry the role's path.
    Session(String),
}

/// The ARN names no user, role or session of a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the ARN of a caller: expected arn:aws:iam::ACCOUNT:user/NAME, arn:aws:iam::ACCOUNT:role/NAME or arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"
)]
pub struct PrincipalError(String);

impl Principal {
    /// Reads a caller's ARN.
    ///
    /// # Errors
    /// [`PrincipalError`] where it is not that of a user, a role or a session of a role.
    pub fn parse(arn: &str) -> Result<Self, PrincipalError> {
        let refused = || PrincipalError(arn.to_owned());
        let (service, account, resource) = split(arn).ok_or_else(refused)?;
        let kind = match (service, resource.split('/').collect::<Vec<_>>().as_slice()) {
            ("iam", ["user", .., name]) if !name.is_empty() => Kind::User,
            ("iam", ["role", .., name]) if !name.is_empty() => Kind::Role,
            ("sts", ["assumed-role", role, session]) if !role.is_empty() && !session.is_empty() => Kind::Session((*role).to_owned()),
            _ => return Err(refused()),
        };
        Ok(Self { arn: arn.to_owned(), account: account.to_owned(), kind })
    }

    /// The ARN as given.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The ARN that `aws:PrincipalArn` has for this caller: of a role's session the role's, without the path, which a
    /// session's ARN does not carry; of everybody else their own.
    #[must_use]
    pub fn identity_arn(&self) -> String {
        match (&self.kind, self.arn.split(':').nth(1)) {
            (Kind::Session(role), Some(partition)) => format!("arn:{partition}:iam::{}:role/{role}", self.account),
            _ => self.arn.clone(),
        }
    }

    /// The 12 digits of the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.arn)
    }
}

/// Whom a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// `*`: everyone, of any account.
    Everyone,
    /// `arn:aws:iam::ACCOUNT:root` or the bare account number: every principal of the account.
    Account(String),
    /// One user, role or session.
    One(String),
    /// A service, a federated identity, or the unique id of a deleted principal: none of the callers known here.
    Other(String),
}

impl PrincipalPattern {
    /// Reads one value of `"AWS"`. `None` where it holds a wildcard inside an ARN, which IAM does not expand here.
    pub(super) fn parse_aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        if text.contains(['*', '?']) {
            return None;
        }
        if is_account(text) {
            return Some(Self::Account(text.to_owned()));
        }
        match split(text) {
            Some(("iam", account, "root")) => Some(Self::Account(account.to_owned())),
            Some(_) => Some(Self::One(text.to_owned())),
            None if text.starts_with("arn:") => None,
            None => Some(Self::Other(text.to_owned())),
        }
    }

    /// True where the statement names `caller`. A role names each of its sessions.
    #[must_use]
    pub fn names(&self, caller: &Principal) -> bool {
        match self {
            Self::Everyone => true,
            Self::Account(account) => *account == caller.account,
            Self::One(arn) => *arn == caller.arn || is_role_of(arn, caller),
            Self::Other(_) => false,
        }
    }
}

fn is_role_of(role_arn: &str, caller: &Principal) -> bool {
    let (Kind::Session(role), Some(("iam", account, resource))) = (&caller.kind, split(role_arn)) else {
        return false;
    };
    let name = resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    account == caller.account && name == Some(role.as_str())
}

/// Service, account and resource of an ARN of IAM or STS (which have no region).
fn split(arn: &str) -> Option<(&str, &str, &str)> {
    match arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", partition, service @ ("iam" | "sts"), "", account, resource]
            if partition.starts_with("aws") && is_account(account) && !resource.is_empty() =>
        {
            Some((service, account, resource))
        }
        _ => None,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
