//! Traps in whom and what one statement allows. Called by `lint`.

use super::{
    super::actions,
    Findings,
    clause::Clause,
    rules::{self as rule, Rule},
};

/// Adds what is wrong with the principals and actions of `clause`; `all` are the policy's, whose Denies may make it harmless.
pub(super) fn check(clause: &Clause, all: &[Clause], report: &mut Findings) {
    if clause.not_action {
        report.add(&rule::NOT_ACTION, clause, format!("NotAction {}", clause.actions.join(", ")));
    }
    if clause.has_not_principal {
        report.add(&rule::NOT_PRINCIPAL, clause, "NotPrincipal in place of Principal");
    }
    if !clause.allows {
        return;
    }
    for principal in clause.principals.iter().filter(|principal| principal.contains(['*', '?'])) {
        report.add(&rule::WILDCARD, clause, format!("principal {principal}"));
    }
    let by_account: Vec<&str> = clause.whole_accounts().map(String::as_str).collect();
    if !by_account.is_empty() && clause.covers_any(actions::uses().chain(actions::ESCAPES)) {
        report.add(&rule::ROOT_EVERYTHING, clause, format!("{} for {}", clause.actions.join(", "), by_account.join(", ")));
        // Whatever a whole account may do besides is part of this.
        return;
    }
    // NotAction and the wildcard are one finding each, not one more for each action that they happen to cover.
    let dangerous = |pattern: &&String| pattern.contains(['*', '?']) && covers_dangerous(pattern);
    let wild: Vec<&str> = clause.actions.iter().filter(dangerous).map(String::as_str).collect();
    if clause.not_action {
        return;
    }
    if !wild.is_empty() {
        report.add(&rule::WILDCARD, clause, format!("action {}", wild.join(", ")));
    }
    for (action, found) in ESCAPES {
        if clause.covers(action) && !all.iter().any(|other| other.denies_everyone(action)) {
            report.add(found, clause, action);
        }
    }
}

fn covers_dangerous(pattern: &str) -> bool {
    let mut actions = actions::uses().chain(actions::ESCAPES).chain([actions::PUT_KEY_POLICY]);
    actions.any(|action| super::super::pattern::matches_any_case(pattern, action))
}

/// Actions that no statement may allow, unless another denies them to everyone.
static ESCAPES: [(&str, &Rule); 5] = [
    ("kms:ReEncryptFrom", &rule::RE_ENCRYPT),
    ("kms:ReEncryptTo", &rule::RE_ENCRYPT),
    ("kms:CreateGrant", &rule::CREATE_GRANT),
    ("kms:ReplicateKey", &rule::MOVES_KEY),
    ("kms:ImportKeyMaterial", &rule::MOVES_KEY),
];
