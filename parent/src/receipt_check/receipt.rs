//! The receipt itself, as lines: form, document, chain, image, purpose, statement. The verification is one call into
//! `sealroom-shared`; this module only says of each step in that call's order whether it passed, failed or was not reached.

use sealroom_shared::{
    attestation::{AttestationDocument, AttestationError, Pcr, Verified},
    digest::hex,
    measurements::Measurements,
    receipt::{LABEL, ReceiptError, RefusedReceipt, VerifiedReceipt},
};

use super::{BELIEVE_NEITHER, Given};
use crate::{
    origin, utc,
    verdict::{Outcome, Verdict},
};

/// The steps, in the order in which `VerifiedReceipt::verify` takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Form,
    Document,
    TrustAnchor,
    Certificates,
    Signature,
    Image,
    PublicKey,
    UserData,
    Nonce,
    Statement,
}

/// Verifies the receipt. None where any step failed.
pub(super) fn check(given: &Given<'_>, verdict: &mut Verdict) -> Option<VerifiedReceipt> {
    match VerifiedReceipt::verify(given.receipt, given.measurements, given.anchor, given.nonce) {
        Ok(receipt) => {
            let document = receipt.document();
            for step in Step::ALL {
                passed(step, Some(document), given, verdict);
            }
            Some(receipt)
        }
        Err(refused) => {
            let failed = Step::of(&refused);
            let document = document_of(&refused);
            for step in Step::ALL.into_iter().take_while(|step| *step != failed) {
                passed(step, document, given, verdict);
            }
            verdict.refuse(failed.name(), failure(&refused, given.measurements), mend(failed, document));
            for step in Step::ALL.into_iter().skip_while(|step| *step != failed).skip(1) {
                verdict.add(step.name(), Outcome::NotChecked, format!("refused at `{}` already", failed.name()));
            }
            None
        }
    }
}

/// The line of a step that holds. `document` is there from the image on.
fn passed(step: Step, document: Option<&Verified<AttestationDocument>>, given: &Given<'_>, verdict: &mut Verdict) {
    let detail = match step {
        Step::Form => "the file is exactly its canonical form".to_owned(),
        Step::Document => match document {
            Some(document) => format!("made by {} at {}", document.module_id, utc::text(document.timestamp.as_millis())),
            None => "one well-formed attestation document of an enclave".to_owned(),
        },
        Step::TrustAnchor if given.anchor.is_aws_root_g1() => origin::AWS_ROOT.to_owned(),
        Step::TrustAnchor => {
            let detail = "another root than AWS's: whoever holds its key can forge any receipt";
            return verdict.add(step.name(), Outcome::Accepted { by: "--danger-trust-anchor" }, detail);
        }
        Step::Certificates => match document {
            Some(document) => {
                format!("{} certificates chain to the root, all valid at the document's own time", document.cabundle.len() + 1)
            }
            None => "they chain to the root, all valid at the document's own time".to_owned(),
        },
        Step::Signature => "ES384, by the key of the last certificate".to_owned(),
        Step::Image => {
            let indexes: Vec<String> = given.measurements.iter().map(|(index, _)| format!("PCR{index}")).collect();
            format!("{} are those of the measurements file, and not zero", indexes.join(", "))
        }
        Step::PublicKey => "null: not a document for a KMS request".to_owned(),
        Step::UserData => format!("SHA-384 of {}, a zero byte and the statement", String::from_utf8_lossy(LABEL)),
        Step::Nonce => match given.nonce {
            Some(nonce) => format!("{}, as given", hex(nonce)),
            None => return verdict.add(step.name(), Outcome::NotChecked, not_given_nonce(document)),
        },
        Step::Statement => "canonical JSON of version 1".to_owned(),
    };
    verdict.add(step.name(), Outcome::Passed, detail);
}

fn not_given_nonce(document: Option<&Verified<AttestationDocument>>) -> String {
    match document.and_then(|document| document.nonce.as_deref()) {
        Some(nonce) => format!("no --nonce was given; the document has {}", hex(nonce)),
        None => "no --nonce was given, and the document has none".to_owned(),
    }
}

fn failure(refused: &RefusedReceipt, measurements: &Measurements) -> String {
    match refused {
        RefusedReceipt::Image { mismatch, document } => {
            let hex = |pcr: Option<&Pcr>| pcr.map_or_else(|| "absent".to_owned(), Pcr::hex);
            let (found, expected) = (hex(document.pcrs.get(&mismatch.index)), hex(measurements.pcr(mismatch.index)));
            let debug = if document.is_debug() { "; the enclave ran in debug mode" } else { "" };
            format!("another image: PCR{} is {found}, expected {expected}{debug}", mismatch.index)
        }
        RefusedReceipt::Statement { error: ReceiptError::Nonce, document } => {
            let found = document.nonce.as_deref().map_or_else(|| "none".to_owned(), hex);
            format!("another submission: the document has {found}")
        }
        _ => refused.to_string(),
    }
}

/// What to do about a step that failed. The document is there where it is genuine.
fn mend(failed: Step, document: Option<&Verified<AttestationDocument>>) -> &'static str {
    match failed {
        Step::Form => "a receipt is kept byte for byte: fetch it again from whoever submitted the job",
        Step::Document | Step::TrustAnchor | Step::Certificates | Step::Signature => origin::HELP_ANCHOR,
        Step::Image if document.is_some_and(|document| document.is_debug()) => origin::HELP_DEBUG,
        Step::Image => origin::HELP_IMAGE,
        Step::PublicKey | Step::UserData | Step::Statement => {
            "this is no receipt: an enclave's document for another purpose was put in its place"
        }
        Step::Nonce => BELIEVE_NEITHER,
    }
}

/// The document, where it is genuine.
fn document_of(refused: &RefusedReceipt) -> Option<&Verified<AttestationDocument>> {
    match refused {
        RefusedReceipt::File(_) | RefusedReceipt::Document(_) => None,
        RefusedReceipt::Image { document, .. } | RefusedReceipt::Statement { document, .. } => Some(document),
    }
}

impl Step {
    const ALL: [Self; 10] = [
        Self::Form,
        Self::Document,
        Self::TrustAnchor,
        Self::Certificates,
        Self::Signature,
        Self::Image,
        Self::PublicKey,
        Self::UserData,
        Self::Nonce,
        Self::Statement,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Form => "receipt-form",
            Self::Document => "document-form",
            Self::TrustAnchor => "trust-anchor",
            Self::Certificates => "certificates",
            Self::Signature => "signature",
            Self::Image => "image",
            Self::PublicKey => "public-key",
            Self::UserData => "user-data",
            Self::Nonce => "nonce",
            Self::Statement => "statement",
        }
    }

    /// The step at which a receipt was refused.
    fn of(refused: &RefusedReceipt) -> Self {
        match refused {
            RefusedReceipt::File(_) => Self::Form,
            RefusedReceipt::Document(error) => Self::of_document(*error),
            RefusedReceipt::Image { .. } => Self::Image,
            RefusedReceipt::Statement { error, .. } => match error {
                ReceiptError::OtherPurpose => Self::PublicKey,
                ReceiptError::NotAboutStatement => Self::UserData,
                ReceiptError::Nonce => Self::Nonce,
                ReceiptError::Statement | ReceiptError::Format | ReceiptError::TooLarge => Self::Statement,
            },
        }
    }

    fn of_document(error: AttestationError) -> Self {
        use AttestationError as Error;
        match error {
            Error::WrongRoot => Self::TrustAnchor,
            Error::Certificate
            | Error::Chain
            | Error::NotYetValid
            | Error::Expired
            | Error::BasicConstraints
            | Error::PathLength
            | Error::KeyUsage
            | Error::CriticalExtension
            | Error::TimestampOutsideLeaf => Self::Certificates,
            Error::Signature => Self::Signature,
            Error::TooLarge
            | Error::Cbor
            | Error::Envelope
            | Error::Algorithm
            | Error::UnprotectedHeader
            | Error::TrailingBytes
            | Error::MissingField(_)
            | Error::DuplicateField(_)
            | Error::UnknownField
            | Error::Length(_)
            | Error::NitroTpm
            | Error::Digest
            | Error::Timestamp
            | Error::PcrIndex => Self::Document,
        }
    }
}
