//! What an enclave's refusal means for the person who submitted the job, and what to do next.

use sealroom_shared::wire::{Refusal, RefusalNote};

use crate::failure::Failure;

/// The refusal as a failure: its name is the code, the line and rule of the operator's own file are in the message.
pub fn failure(refusal: Refusal, note: Option<RefusalNote>) -> Failure {
    let mut message = format!("the enclave refused the job: {}", meaning(refusal));
    match note {
        Some(RefusalNote { line: 0, rule }) => message = format!("{message}: {rule}"),
        Some(RefusalNote { line, rule }) => {
            let place = format!("line {line}: ");
            message = format!("{message}: {place}{}", rule.strip_prefix(&place).unwrap_or(&rule));
        }
        None => {}
    }
    Failure::new(refusal.name(), message).help(help(refusal))
}

fn meaning(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Busy => "it runs as many jobs as it takes at once",
        Refusal::Protocol => "the connection did not keep to the protocol",
        Refusal::TooLarge => "something that was sent is over its limit",
        Refusal::Timeout => "a deadline passed",
        Refusal::PolicyAbsent => "the input was sealed without a policy",
        Refusal::PolicyMismatch => "the input or a token key was sealed under another policy than the one submitted",
        Refusal::PolicyInvalid => "the policy cannot be read",
        Refusal::PolicyExpired => "the attested time is outside the policy's",
        Refusal::JobInvalid => "the job cannot be read",
        Refusal::JobNotAllowed => "the owner's policy does not allow the job",
        Refusal::KeyNotAllowed => "the input is sealed under a KMS key that the policy does not name",
        Refusal::KeyDenied => "KMS denied the data key",
        Refusal::KmsUnavailable => "it cannot reach KMS",
        Refusal::KmsUntrusted => "what answered in the place of KMS cannot be believed",
        Refusal::InputCorrupt => "a sealed input or token key does not verify",
        Refusal::RefusedByData => "the records do not keep to the policy's terms",
        Refusal::Clock => "it has no attested time",
        Refusal::Internal => "a fault of its own",
        Refusal::InputSet => "the inputs are not exactly what the owner sealed together, in the owner's order",
    }
}

/// What to do next.
pub fn help(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Busy => "try again when another job has ended",
        Refusal::Protocol => "this `sealroom` and the enclave's image may be of different versions: use the ones built together",
        Refusal::TooLarge => "docs/sealed-data.md and docs/protocol.md list the limits of policy, job, token keys and message headers",
        Refusal::Timeout => {
            "the job or a step of it took too long: is the input within the image's [limits]? `sealroom doctor` looks at the way to KMS"
        }
        Refusal::PolicyAbsent => "the data's owner seals with `sealroom seal --policy`; there is no default policy",
        Refusal::PolicyMismatch => {
            "submit the very file that the owner sealed with: compare `sealroom policy digest` with the owner's, byte for byte; \
             a token key belongs to one policy's bytes too"
        }
        Refusal::PolicyInvalid => "`sealroom policy check` shows the line; only the owner can change a policy, by sealing again",
        Refusal::PolicyExpired => "ask the data's owner for data sealed under a policy that is in force",
        Refusal::JobInvalid => "correct the job file at this line",
        Refusal::JobNotAllowed => "ask for less, send what it says is missing, or ask the data's owner for a policy that allows it",
        Refusal::KeyNotAllowed => "the owner seals with one of the policy's `keys`",
        Refusal::KeyDenied => {
            "KMS released nothing to this image. Usual causes, in order: the key policy names another image (`sealroom doctor --key ARN \
             --measurements pcrs.json` says which PCR differs); a debug enclave, whose PCRs are zero; the proxy's role lacks kms:Decrypt (kms:GenerateDataKey \
             on a recipient's key); the key policy names another policy's digest (`sealroom policy digest`); credentials that have expired; a disabled key"
        }
        Refusal::KmsUnavailable => {
            "`sealroom doctor --enclave ADDRESS --key ARN` finds where the way ends: is `sealroom proxy` running for this enclave, with --allow for the \
             key's Region (its standard error says what it refused) and with credentials?"
        }
        Refusal::KmsUntrusted => {
            "TLS must reach AWS KMS itself: no proxy may open it, and --connect must lead to KMS; the image's trust anchors must be AWS's. \
             `sealroom doctor --region REGION` tells whether this machine believes what answers"
        }
        Refusal::InputCorrupt => "the file was altered, cut off or repeated, or is not a sealed message: fetch it again from the owner",
        Refusal::RefusedByData => {
            "a record is malformed, or a limit or minimum of the policy is not met; the owner can check the records (`sealroom seal` does)"
        }
        Refusal::Clock => "the enclave's NSM does not answer: end the enclave and run it again; the parent's clock plays no part",
        Refusal::Internal => "the proxy prints the enclave's log; run it again",
        Refusal::InputSet => {
            "submit the folder that the owner sealed the set into, or every file of it, each once; \
             records with sealed fields as the owner wrote them, byte for byte, with the --manifest that was sealed beside them"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_said_once() {
        for rule in ["line 4: field \"card\": not named", "field \"card\": not named"] {
            let text = failure(Refusal::JobNotAllowed, Some(RefusalNote { line: 4, rule: rule.to_owned() })).to_text();
            assert_eq!(text.matches("line 4: ").count(), 1, "{text}");
        }
    }

    #[test]
    fn refusals_on_the_way_to_kms_point_to_doctor() {
        for refusal in [Refusal::KeyDenied, Refusal::KmsUnavailable, Refusal::KmsUntrusted, Refusal::Timeout] {
            assert!(failure(refusal, None).to_text().contains("`sealroom doctor"), "{refusal}");
        }
    }

    #[test]
    fn another_policy_may_be_a_token_keys() {
        let text = failure(Refusal::PolicyMismatch, None).to_text();
        assert!(text.contains("the input or a token key was sealed under another policy"), "{text}");
        assert!(text.contains("a token key belongs to one policy's bytes too"), "{text}");
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for (refusal, _, name) in Refusal::ALL {
            let failure = failure(refusal, None);
            assert_eq!(failure.code(), name);
            assert!(failure.to_text().contains("help: "), "{name}");
        }
    }
}
