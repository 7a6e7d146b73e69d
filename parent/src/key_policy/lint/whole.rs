//! Traps that only the statements together show: a missing Deny, a second way in, one role that does too much. Called by
//! `lint`.

use std::collections::BTreeSet;

use super::{
    super::{actions, pattern},
    Findings,
    clause::{self, Clause, Line},
    rules as rule,
};

/// Adds what is wrong with the policy as a whole.
pub(super) fn check(clauses: &[Clause], report: &mut Findings) {
    let attested: Vec<&Clause> = clauses.iter().filter(|clause| clause.is_attested_allow()).collect();
    let held = held_to_an_image(clauses);
    if held.is_empty() && clauses.iter().any(|clause| clause.allows && clause.covers_any(actions::ATTESTABLE)) {
        report.about_policy(&rule::NO_ATTESTATION, "no statement has a condition on an image that a call without a document fails");
    }
    if all_exempt(clauses, &held) {
        report.about_policy(&rule::NO_ATTESTATION, "the Deny statements leave out every principal that may use the key");
    }
    for clause in &attested {
        let open =
            clause.attestable().find(|action| clause.principals.iter().any(|who| standing(clauses, action, who) != Standing::Denied));
        if let Some(action) = open {
            report.add(&rule::UNATTESTED_NOT_DENIED, clause, format!("no Deny of {action} without attestation covers its principals"));
        }
    }
    let others = clauses.iter().filter(|clause| clause.allows && !clause.is_attested_allow());
    // `wildcard` and `root-everything` speak of those that name everyone or a whole account.
    for clause in others.filter(|clause| !clause.names_everyone() && clause.whole_accounts().next().is_none()) {
        unattested_allow(clause, clauses, &held, report);
        for who in clause.principals.iter().filter(|_| !held.contains("kms:Decrypt") && clause.covers("kms:Decrypt")) {
            if is_the_enclave_s(who, &attested) && standing(clauses, "kms:Decrypt", who) != Standing::Denied {
                report.add(&rule::DECRYPT_UNATTESTED, clause, format!("kms:Decrypt for {who}"));
            }
        }
        seal_unattested(clause, clauses, &held, report);
    }
    policy_by_user(clauses, report);
    for clause in clauses.iter().filter(|clause| clause.allows && clause.covers("kms:Encrypt")) {
        let enclave_s = clause.principals.iter().find(|who| is_the_enclave_s(who, &attested));
        // Under an input key it is more than a note: `seal-unattested` says it.
        if let Some(principal) = enclave_s.filter(|who| !opens_attested(clauses, who)) {
            report.add(&rule::ENCRYPT_UNATTESTED, clause, format!("kms:Encrypt for {principal}"));
        }
    }
}

/// An Allow to make data keys, or to wrap some of one's own, for whoever opens with this key in the image: what the image opens
/// would no longer be the owner's alone.
fn seal_unattested(clause: &Clause, clauses: &[Clause], held: &BTreeSet<&'static str>, report: &mut Findings) {
    for action in SEALING.into_iter().filter(|action| clause.covers(action) && !held.contains(action)) {
        for who in clause.principals.iter().filter(|who| opens_attested(clauses, who)) {
            if standing(clauses, action, who) != Standing::Denied {
                report.add(&rule::SEAL_UNATTESTED, clause, format!("{action} for {who}"));
            }
        }
    }
}

/// True where `who` may Decrypt with a document of the image, and not without one.
fn opens_attested(clauses: &[Clause], who: &str) -> bool {
    let allows = clauses.iter().filter(|clause| clause.allows && clause.covers("kms:Decrypt"));
    let mut its = allows.filter(|clause| clause.principals.iter().any(|named| clause::is_same_caller(named, who)));
    its.any(|clause| clause.is_attested_allow() || standing(clauses, "kms:Decrypt", who) == Standing::Denied)
}

/// True where `who` is a principal of an attested Allow: the parent has its credentials.
fn is_the_enclave_s(who: &str, attested: &[&Clause]) -> bool {
    attested.iter().flat_map(|clause| &clause.principals).any(|enclave| clause::is_same_caller(enclave, who))
}

/// The attestable actions that the policy holds to an image, by an Allow or by a Deny.
fn held_to_an_image(clauses: &[Clause]) -> BTreeSet<&'static str> {
    let held = clauses.iter().filter(|clause| clause.is_attested_allow() || !clause.allows && clause.conditions.iter().any(fires));
    held.flat_map(|clause| clause.attestable()).collect()
}

/// True where the Denies hold nobody: whoever may do one of these actions is left out, and no Allow demands an image.
fn all_exempt(clauses: &[Clause], held: &BTreeSet<&'static str>) -> bool {
    let allows = clauses.iter().filter(|clause| clause.allows);
    let mut standings = allows
        .flat_map(|clause| held.iter().filter(|action| clause.covers(action)).map(move |action| (clause, *action)))
        .flat_map(|(clause, action)| {
            let exempt = move |who| !clause.is_attested_allow() && standing(clauses, action, who) == Standing::Exempt;
            clause.principals.iter().map(move |who| exempt(who.as_str()))
        });
    standings.next().is_some_and(|first| first && standings.all(|exempt| exempt))
}

/// An Allow that demands no image itself, for actions that the policy holds to one.
fn unattested_allow(clause: &Clause, clauses: &[Clause], held: &BTreeSet<&'static str>, report: &mut Findings) {
    for action in held.iter().filter(|action| clause.covers(action)) {
        for who in &clause.principals {
            match standing(clauses, action, who) {
                Standing::Denied => relies_on_denies(clause, clauses, action, who, report),
                Standing::Exempt => report.add(&rule::EXEMPT_FROM_DENY, clause, format!("{action} for {who}, which the Deny leaves out")),
                Standing::Open => report.add(&rule::UNATTESTED_ALLOW, clause, format!("{action} for {who}")),
            }
        }
    }
}

/// What the Denies alone keep out: an image must be told by PCR0, PCR1 and PCR2, and lists for several PCRs cross.
fn relies_on_denies(clause: &Clause, clauses: &[Clause], action: &str, who: &str, report: &mut Findings) {
    let denies = clauses.iter().filter(|clause| clause.denies(action) && clause.names(who) && !leaves_out(clause, who));
    let lines: Vec<&Line> = denies.filter_map(image_line).collect();
    let told: BTreeSet<u8> = lines.iter().filter_map(|line| line.pcr()).collect();
    if ![0, 1, 2].iter().all(|index| told.contains(index)) {
        let found = format!("{action} for {who} is held to an image by Deny statements alone, and not by PCR0, PCR1 and PCR2");
        report.add(&rule::INCOMPLETE_TRIPLE, clause, found);
    }
    let lists: BTreeSet<u8> = lines.iter().filter(|line| line.values.len() > 1).filter_map(|line| line.pcr()).collect();
    if lists.len() > 1 {
        report.add(&rule::CROSSED_LISTS, clause, format!("{action} for {who} is held to lists of PCRs by Deny statements alone"));
    }
}

/// How a call without a document by one principal stands to the policy's Denies.
#[derive(PartialEq, Eq)]
enum Standing {
    /// A Deny applies to it.
    Denied,
    /// A Deny would, but names this principal as the exception.
    Exempt,
    /// None does.
    Open,
}

fn standing(clauses: &[Clause], action: &str, who: &str) -> Standing {
    let denies = clauses.iter().filter(|clause| clause.denies(action) && clause.names(who));
    let denies: Vec<&Clause> = denies.filter(|clause| clause.conditions.iter().all(|line| fires(line) || line.is_exception())).collect();
    match denies.iter().find(|clause| !leaves_out(clause, who)) {
        Some(_) => Standing::Denied,
        None if denies.is_empty() => Standing::Open,
        None => Standing::Exempt,
    }
}

/// A condition of a Deny that holds for every call without a document.
fn fires(line: &Line) -> bool {
    line.pcr().is_some() && line.holds_without_the_key() == Some(true)
}

/// The one condition of a Deny that keeps other images out: `Null` and `…IfExists` keep out calls without a document alone.
fn image_line(deny: &Clause) -> Option<&Line> {
    let mut lines = deny.conditions.iter().filter(|line| !line.is_exception());
    match (lines.next(), lines.next()) {
        (Some(line), None) if line.pcr().is_some() && line.catches_other_values() => Some(line),
        _ => None,
    }
}

/// True where the Deny does not apply to `who`, whatever the document.
fn leaves_out(deny: &Clause, who: &str) -> bool {
    deny.conditions.iter().any(|line| line.is_exception() && excepts(line, who))
}

fn excepts(line: &Line, who: &str) -> bool {
    let by_operator = line.understood().is_some_and(|operator| !operator.holds(&line.values, Some(&[who.to_owned()])));
    let like = |value: &String| line.has_wildcard() && pattern::matches(value, who);
    by_operator || line.values.iter().any(|value| clause::names(value, who) || like(value))
}

/// Whoever uses the key must not be able to replace its policy.
fn policy_by_user(clauses: &[Clause], report: &mut Findings) {
    let users = clauses.iter().filter(|clause| clause.allows && clause.covers_any(actions::uses()));
    let users: BTreeSet<&String> = users.flat_map(|clause| &clause.principals).collect();
    for clause in clauses.iter().filter(|clause| clause.allows && clause.covers(actions::PUT_KEY_POLICY)) {
        if clause.whole_accounts().next().is_some() && clause.covers_any(actions::uses()) {
            continue; // `root-everything` says it.
        }
        if let Some(user) =
            users.iter().find(|user| clause.names(user) || clause.principals.iter().any(|who| clause::is_same_caller(user, who)))
        {
            report.add(&rule::POLICY_BY_USER, clause, format!("kms:PutKeyPolicy for {user}, which also uses the key"));
        }
    }
}

/// Actions after which the caller knows a data key that is wrapped under the key, with an encryption context of its choice. Data
/// key pairs seal nothing here, and a data key that the caller does not see seals nothing at all.
const SEALING: [&str; 2] = ["kms:GenerateDataKey", "kms:Encrypt"];
