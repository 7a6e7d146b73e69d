//! The KMS calls that an allowed job causes when it is submitted, as the enclave makes them: inputs first, then token keys, then
//! the output. Told from policy and job alone, so where the number rests with the sealed files it says what it goes by.

use std::fmt::{self, Display, Formatter};

use sealroom_shared::{
    arn::KeyArn,
    authorize::Plan,
    limits,
    policy::{Form, Policy, RecipientKey},
};

/// Calls of one kind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct KmsCalls {
    /// What KMS calls it; the role whose credentials the proxy gives needs the permission of that name.
    operation: &'static str,
    /// What for.
    purpose: &'static str,
    /// One call for each of these.
    one_for_each: &'static str,
    /// The token domain or the recipient that it is about.
    name: Option<String>,
    /// On one of these keys.
    keys: Vec<String>,
    /// Whether an attestation document goes with it, so that the key's policy can ask for the image's PCRs.
    attested: bool,
    /// Most calls that one job makes, where there is a bound of its own.
    at_most: Option<usize>,
}

/// The calls, in the enclave's order.
pub(super) fn of(policy: &Policy, plan: &Plan) -> Vec<KmsCalls> {
    let inputs: Vec<String> = policy.keys().iter().map(ToString::to_string).collect();
    let decrypt = |purpose, one_for_each, name: Option<String>| KmsCalls {
        operation: "Decrypt",
        purpose,
        one_for_each,
        name,
        keys: inputs.clone(),
        attested: true,
        at_most: None,
    };
    let mut calls = Vec::new();
    match policy.input().form {
        Form::File => calls.push(KmsCalls { at_most: Some(limits::SET_PARTS), ..decrypt("input", "sealed file", None) }),
        Form::Fields if policy.input().whole => calls.push(decrypt("manifest", "job", None)),
        Form::Fields => {}
    }
    calls.extend(plan.token_domains().map(|domain| decrypt("token key", "job", Some(domain.to_owned()))));
    // The first KMS recipient's key makes the output's data key; the others wrap it.
    let recipients = policy.recipients().iter().filter_map(|recipient| Some((recipient.name(), arn(recipient.key())?)));
    for (index, (name, arn)) in recipients.enumerate() {
        let (operation, attested) = if index == 0 { ("GenerateDataKey", true) } else { ("Encrypt", false) };
        calls.push(KmsCalls {
            operation,
            purpose: "output",
            one_for_each: "job",
            name: Some(name.to_owned()),
            keys: vec![arn.to_string()],
            attested,
            at_most: None,
        });
    }
    // Without a manifest the first of these comes before everything else.
    if plan.fields_read().any(|(_, sealed)| sealed) {
        let most = Some(limits::VALUE_DATA_KEYS);
        calls.push(KmsCalls { at_most: most, ..decrypt("sealed values", "data key of the values that are read", None) });
    }
    calls
}

fn arn(key: &RecipientKey) -> Option<&KeyArn> {
    match key {
        RecipientKey::Kms(arn) => Some(arn),
        RecipientKey::Rsa { .. } => None,
    }
}

impl Display for KmsCalls {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { operation, purpose, one_for_each, name, keys, attested, at_most } = self;
        write!(out, "{operation} for the {purpose}")?;
        if let Some(name) = name {
            write!(out, " ({name:?})")?;
        }
        write!(out, ", one for each {one_for_each}")?;
        if let Some(most) = at_most {
            write!(out, " (at most {most})")?;
        }
        write!(out, ", {} attestation document, on {}", if *attested { "with an" } else { "without an" }, keys.join(" or "))
    }
}
