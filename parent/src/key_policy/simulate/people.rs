//! Whom a simulation asks about: whoever the policy names, and strangers. Called by `key-policy simulate`.

use std::collections::BTreeSet;

use super::super::{
    document::KeyPolicy,
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
    /// The command line does.
    Given,
    /// Somebody of an account that the policy mentions, allowed by identity policies to do everything, and not named.
    StrangerOfTheAccount,
    /// Somebody of another account.
    StrangerOfAnotherAccount,
}

impl Person {
    /// Everybody that the policy names by ARN, in its order; then `given`; then a stranger of each account and one of
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
            Self::Given => " (--principal)",
            Self::StrangerOfTheAccount => " (a stranger of the account)",
            Self::StrangerOfAnotherAccount => " (a stranger of another account)",
        }
    }
}
