//! What a verified receipt says, in sections: what ran, on which image, under which policy, what went in, what came out, which
//! keys were asked, and the certificates that vouch for it. Only a [`VerifiedReceipt`] gets here.

use maud::{Markup, html};
use sealroom_shared::{
    attestation::AttestationDocument,
    digest::hex,
    measurements::Measurements,
    policy::Policy,
    receipt::{Input, Statement, VerifiedReceipt},
};

use super::visible;
use crate::{
    attestation_report::chain::{self, Link},
    policy_sentences, utc,
};

/// Every section.
pub(super) fn sections(receipt: &VerifiedReceipt, policy: Option<&Policy>, measurements: &Measurements) -> Markup {
    let (statement, document) = (receipt.statement(), receipt.document());
    html! {
        (what_ran(statement, document))
        (image(document, measurements))
        (under_which_policy(statement, policy))
        (what_went_in(statement))
        (what_came_out(statement))
        (keys_asked(statement))
        (certificates(document))
    }
}

fn what_ran(statement: &Statement, document: &AttestationDocument) -> Markup {
    html! {
        section {
            h2 { "What ran" }
            dl {
                dt { "Job" } dd { (quoted(&statement.job.name)) br; code { (statement.job.digest) } }
                dt { "Program" } dd { "sealroom-enclave " (visible(&statement.enclave)) }
                dt { "Enclave" } dd { code { (visible(&document.module_id)) } }
                dt { "Allowed at" } dd { (utc::text(statement.attested.authorized)) }
                dt { "Finished at" } dd { (utc::text(statement.attested.finished)) }
                dt { "Receipt signed at" } dd { (utc::text(document.timestamp.as_millis())) }
                @if let Some(nonce) = &document.nonce {
                    dt { "Submission (nonce)" } dd { code { (hex(nonce)) } }
                }
            }
            p.note { "Times are those of the Nitro Security Module, in UTC. The parent instance cannot set them." }
        }
    }
}

fn image(document: &AttestationDocument, measurements: &Measurements) -> Markup {
    let others = document.pcrs.iter().filter(|(index, pcr)| measurements.pcr(**index).is_none() && !pcr.is_zero());
    html! {
        section {
            h2 { "On which image" }
            dl {
                @for (index, pcr) in measurements.iter() {
                    dt { "PCR" (index) } dd { code { (pcr.hex()) } span.note { " as expected" } }
                }
                @for (index, pcr) in others {
                    dt { "PCR" (index) } dd { code { (pcr.hex()) } span.note { " not compared" } }
                }
            }
            p.note { "PCR0 measures the whole image, PCR1 kernel and boot, PCR2 the application; PCR3 and PCR4 the parent's role and instance, PCR8 the image's signer." }
        }
    }
}

fn under_which_policy(statement: &Statement, policy: Option<&Policy>) -> Markup {
    html! {
        section {
            h2 { "Under which policy" }
            p { (quoted(&statement.policy.name)) br; code { (statement.policy.digest) } }
            @match policy {
                Some(policy) => ul { @for sentence in policy_sentences::of(policy) { li { (sentence) } } },
                None => p.note { "The policy's text is not shown: the file with this digest was not given (" code { "--policy" } ")." },
            }
        }
    }
}

fn what_went_in(statement: &Statement) -> Markup {
    html! {
        section {
            h2 { "What went in" }
            ol { @for input in &statement.inputs { li { (one_input(input)) } } }
            @if !statement.token_keys.is_empty() {
                h3 { "Token keys" }
                ul {
                    @for key in &statement.token_keys {
                        li { (quoted(&key.domain)) ", opened by " code { (key.key_arn) } br; span.note { "message " } code { (visible(&key.message_id)) } }
                    }
                }
            }
        }
    }
}

fn one_input(input: &Input) -> Markup {
    match input {
        Input::File { message_id, dataset, set, part, key_arn, digest } => html! {
            "Sealed file, part " (visible(part)) " of dataset " (quoted(dataset))
            dl {
                dt { "Digest" } dd { code { (digest) } }
                dt { "Key" } dd { code { (key_arn) } }
                dt { "Set" } dd { code { (visible(set)) } }
                dt { "Message" } dd { code { (visible(message_id)) } }
            }
        },
        Input::Fields { datasets, manifest, digest } => html! {
            "Records with sealed fields, of "
            @for (number, dataset) in datasets.iter().enumerate() { @if number > 0 { ", " } (quoted(dataset)) }
            dl {
                dt { "Digest" } dd { code { (digest) } }
                @match manifest {
                    Some(manifest) => {
                        dt { "Manifest" } dd { code { (manifest.digest) } }
                        dt { "Its message" } dd { code { (visible(&manifest.message_id)) } }
                    }
                    None => { dt { "Manifest" } dd { "none: the operator chose which records went in" } }
                }
            }
        },
    }
}

fn what_came_out(statement: &Statement) -> Markup {
    html! {
        section {
            h2 { "What came out" }
            ol {
                @for output in &statement.outputs {
                    li {
                        "Sealed output, which these can open: "
                        @for (number, name) in output.recipients.iter().enumerate() { @if number > 0 { ", " } (quoted(name)) }
                        dl {
                            dt { "Digest" } dd { code { (output.digest) } }
                            dt { "Message" } dd { code { (visible(&output.message_id)) } }
                        }
                    }
                }
            }
            @match &statement.counts {
                Some(counts) => p { "Records read: " (counts.read) ", released: " (counts.released) ", left out as unreadable: " (counts.skipped) "." },
                None => p.note { "How many records were read and released is not stated: the policy does not have it stated." },
            }
        }
    }
}

fn keys_asked(statement: &Statement) -> Markup {
    html! {
        section {
            h2 { "Requests to KMS" }
            @if statement.kms_requests.is_empty() { p { "None." } }
            ol {
                @for request in &statement.kms_requests {
                    li { (visible(&request.operation)) " with " code { (request.key_arn) } br; span.note { "request " } code { (visible(&request.request_id)) } }
                }
            }
        }
    }
}

fn certificates(document: &AttestationDocument) -> Markup {
    let time = |seconds: u64| utc::text(seconds.saturating_mul(1000));
    html! {
        section {
            h2 { "Certificate chain" }
            ol {
                @for Link { place, subject, life, sha256 } in chain::of(document) {
                    li {
                        (place) @if place == "leaf" { ": its key signed the document" }
                        dl {
                            @if let Some(subject) = &subject { dt { "Name" } dd { (visible(subject)) } }
                            @if let Some(life) = &life { dt { "Valid" } dd { (time(life.not_before)) " to " (time(life.not_after)) } }
                            dt { "SHA-256" } dd { code { (sha256) } }
                        }
                    }
                }
            }
            p.note { "Judged at the time of the document's own signature: these certificates live for hours, a receipt for years." }
        }
    }
}

/// A name that somebody chose, in quotation marks; control and direction characters are written out.
fn quoted(name: &str) -> String {
    format!("{name:?}")
}
