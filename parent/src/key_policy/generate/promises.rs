//! The promises of a generated policy, simulated on the policy itself. Called by `generate`, which withholds a policy that
//! breaks one. It judges by the terms alone and knows nothing of how statements are written.

use std::collections::BTreeMap;

use sealroom_shared::{attestation::Pcr, binding, measurements::Measurements};

use super::{
    super::{
        document::KeyPolicy,
        principal::Principal,
        simulate::{Case, OPERATIONS, Person, Role, Simulation},
    },
    terms::{Kind, Terms},
};

/// Every promise, or the first that is broken.
pub(super) fn keep(policy: &KeyPolicy, terms: &Terms) -> Result<(), String> {
    let contexts = contexts(terms);
    for image in &terms.images {
        for (bound, context) in &contexts {
            let simulation = Simulation::new(policy, image, Some(context.clone()));
            for (who, principal) in people(policy, terms) {
                check(&simulation, who, &principal, terms, *bound)?;
            }
        }
    }
    no_crossed_image(policy, terms)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Enclave,
    Admin,
    Owner,
    Consumer,
    Stranger,
}

fn people(policy: &KeyPolicy, terms: &Terms) -> Vec<(Who, Principal)> {
    let strangers = Person::all(policy, &[]).into_iter().filter(|person| person.role != Role::Named);
    let mut people: Vec<(Who, Principal)> = strangers.map(|person| (Who::Stranger, person.principal)).collect();
    people.push((Who::Enclave, terms.enclave.principal().clone()));
    people.push((Who::Admin, terms.admin.principal().clone()));
    people.push(match &terms.kind {
        Kind::Input { owner, .. } => (Who::Owner, owner.principal().clone()),
        Kind::Output { consumer, .. } => (Who::Consumer, consumer.principal().clone()),
    });
    people
}

fn check(simulation: &Simulation<'_>, who: Who, principal: &Principal, terms: &Terms, bound: bool) -> Result<(), String> {
    for operation in OPERATIONS {
        for case in Case::ALL {
            let Some(allowed) = simulation.allows(principal, operation, case) else { continue };
            if allowed != promised(who, operation, case, &terms.kind, bound) {
                let done = if allowed { "may" } else { "may not" };
                return Err(format!("{principal} {done} call {operation} ({})", case.code()));
            }
        }
    }
    Ok(())
}

/// Who may do what. `bound`: the encryption context names a policy that the key is held to, or the key is held to none.
fn promised(who: Who, operation: &str, case: Case, kind: &Kind, bound: bool) -> bool {
    match (who, operation, kind) {
        (Who::Admin, "kms:PutKeyPolicy" | "kms:ScheduleKeyDeletion" | "kms:DescribeKey", _) => true,
        (Who::Owner, "kms:GenerateDataKey" | "kms:Encrypt", _) => bound,
        (Who::Owner, "kms:Decrypt", Kind::Input { owner_decrypts, .. }) => *owner_decrypts,
        (Who::Consumer, "kms:Decrypt", _) => true,
        (Who::Enclave, "kms:Decrypt", Kind::Input { .. }) | (Who::Enclave, "kms:GenerateDataKey", Kind::Output { .. }) => {
            bound && case == Case::ThisImage
        }
        (Who::Enclave, "kms:Encrypt", Kind::Output { further_recipient, .. }) => bound && *further_recipient,
        _ => false,
    }
}

/// Encryption contexts to try: with each digest, and where digests were given, with another one and with none.
fn contexts(terms: &Terms) -> Vec<(bool, BTreeMap<String, String>)> {
    let (kind, key) = match terms.kind {
        Kind::Input { .. } => (binding::INPUT, binding::POLICY),
        Kind::Output { .. } => (binding::OUTPUT, binding::SOURCE_POLICY),
    };
    let unbound = BTreeMap::from([(binding::KIND.to_owned(), kind.to_owned())]);
    let with = |digest: String| {
        let mut context = unbound.clone();
        context.insert(key.to_owned(), digest);
        context
    };
    if terms.policy_digests.is_empty() {
        return vec![(true, unbound)];
    }
    let mut contexts: Vec<_> = terms.policy_digests.iter().map(|digest| (true, with(digest.to_string()))).collect();
    contexts.push((false, with(format!("sha384:{}", "0".repeat(96)))));
    contexts.push((false, unbound));
    contexts
}

/// An image with PCRs of two listed ones is another image.
fn no_crossed_image(policy: &KeyPolicy, terms: &Terms) -> Result<(), String> {
    let values = |index| terms.images.iter().filter_map(move |image| image.pcr(index));
    let (_, context) = contexts(terms).into_iter().next().unwrap_or_default();
    let operation = match terms.kind {
        Kind::Input { .. } => "kms:Decrypt",
        Kind::Output { .. } => "kms:GenerateDataKey",
    };
    for first in values(0) {
        for second in values(1) {
            for third in values(2) {
                let crossed = BTreeMap::from([(0, *first), (1, *second), (2, *third)]);
                if terms.images.iter().any(|image| has(image, &crossed)) {
                    continue;
                }
                let crossed = Measurements::from_pcrs(crossed).map_err(|error| error.to_string())?;
                let simulation = Simulation::new(policy, &crossed, Some(context.clone()));
                if simulation.allows(terms.enclave.principal(), operation, Case::ThisImage) != Some(false) {
                    return Err("an image with PCRs of two listed images may use the key".to_owned());
                }
            }
        }
    }
    Ok(())
}

fn has(image: &Measurements, pcrs: &BTreeMap<u8, Pcr>) -> bool {
    pcrs.iter().all(|(index, pcr)| image.pcr(*index) == Some(pcr))
}
