//! Whom a simulation asks about: whoever the policy names, and strangers. Called by `key-policy simulate`.

use std::collections::BTreeSet;

use super::super::{
    document::KeyPolicy,
    pattern,
    principal::{Principal, PrincipalPattern},
};

/// Somebody a simulation asks about.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub principal: Principal,
    /// Why they are asked about.
    pub role: Role,
}

/// Why somebody is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The policy names them.
    Named,
    /// A condition on `aws:PrincipalArn` admits or leaves out whoever is like this; one such is asked about.
    Like,
    /// The command line does.
    Given,
    /// Somebody of an account that the policy mentions, allowed by identity policies to do everything, and not named.
    StrangerOfTheAccount,
    /// Somebody of another account.
    StrangerOfAnotherAccount,
}

impl Person {
    /// Everybody that the policy names by ARN, in its order; whom its conditions on `aws:PrincipalArn` speak of; then `given`; then a stranger of each account and one of
    /// another account. Services, federated identities and ids of deleted principals are nobody who could ask.
    #[must_use]
    pub fn all(policy: &KeyPolicy, given: &[Principal]) -> Vec<Self> {
        let mut people: Vec<Self> = Vec::new();
        let mut add = |principal: Principal, role| {
            if !people.iter().any(|person| person.principal == principal) {
                people.push(Self { principal, role });
            }
        };
        let mut accounts = BTreeSet::new();
        for pattern in policy.statements().iter().flat_map(|statement| &statement.principals) {
            match pattern {
                PrincipalPattern::One(arn) => {
                    if let Ok(principal) = Principal::parse(arn) {
                        accounts.insert(principal.account().to_owned());
                        add(principal, Role::Named);
                    }
                }
                PrincipalPattern::Account(account) => {
                    accounts.insert(account.clone());
                }
                PrincipalPattern::Everyone | PrincipalPattern::Other(_) => {}
            }
        }
        for (arn, principal) in by_condition(policy) {
            accounts.insert(principal.account().to_owned());
            add(principal, if arn.contains(['*', '?']) { Role::Like } else { Role::Named });
        }
        for principal in given {
            add(principal.clone(), Role::Given);
        }
        let another = ["999999999999", "888888888888"].into_iter().find(|account| !accounts.contains(*account));
        let strangers = accounts.iter().map(|account| (account.as_str(), Role::StrangerOfTheAccount));
        for (account, role) in strangers.chain(another.map(|account| (account, Role::StrangerOfAnotherAccount))) {
            let principal = Principal::parse(&format!("arn:aws:iam::{account}:role/a-stranger"));
            people.extend(principal.ok().map(|principal| Self { principal, role }));
        }
        people
    }
}

impl Role {
    /// For programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Like => "like-a-condition",
            Self::Given => "given",
            Self::StrangerOfTheAccount => "stranger-of-the-account",
            Self::StrangerOfAnotherAccount => "stranger-of-another-account",
        }
    }

    /// For people, after the ARN.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Named => "",
            Self::Like => " (somebody whom a condition's wildcard means)",
            Self::Given => " (--principal)",
            Self::StrangerOfTheAccount => " (a stranger of the account)",
            Self::StrangerOfAnotherAccount => " (a stranger of another account)",
        }
    }
}

/// Whom conditions on `aws:PrincipalArn` speak of: under a principal `*` they alone say who it is.
fn by_condition(policy: &KeyPolicy) -> impl Iterator<Item = (&str, Principal)> {
    let conditions = policy.statements().iter().flat_map(|statement| &statement.conditions);
    let of_arns = conditions.filter(|condition| condition.key.eq_ignore_ascii_case("aws:PrincipalArn"));
    of_arns.flat_map(|condition| &condition.values).filter_map(|arn| {
        // A made account for a wildcard in its place.
        let account = arn.split(':').nth(4).filter(|account| account.contains(['*', '?']));
        let digits = account.map_or_else(|| arn.clone(), |account| arn.replacen(&format!(":{account}:"), ":777777777777:", 1));
        Some((arn.as_str(), Principal::parse(&pattern::filled(&digits)).ok()?))
    })
}
