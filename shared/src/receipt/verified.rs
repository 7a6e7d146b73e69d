//! A receipt, verified: the one way from a file's bytes to what an enclave of a known image states. The parent's `origin` and
//! `receipt_check` call it. Nothing here reads a clock, a file or the network: certificates are judged at the document's own
//! time, because a receipt is kept for longer than they live.

use super::{Receipt, ReceiptError, Statement};
use crate::attestation::{self, AttestationDocument, AttestationError, TrustAnchor, Verified, VerifyTime};
use crate::measurements::{Measurements, PcrMismatch};

/// A receipt whose document chains to the trust anchor, is of the expected image and is about the statement.
#[derive(Debug)]
pub struct VerifiedReceipt {
    statement: Statement,
    document: Verified<AttestationDocument>,
}

/// Why a receipt is refused: the first thing that does not hold, in the order of [`VerifiedReceipt::verify`].
#[derive(Debug, thiserror::Error)]
pub enum RefusedReceipt {
    /// The file is not a receipt, or not in its one written form.
    #[error(transparent)]
    File(ReceiptError),
    /// The attestation document does not verify.
    #[error("the attestation document is refused: {0}")]
    Document(AttestationError),
    /// The document is of another image. Everything before that holds.
    #[error("the receipt is of another image: {mismatch}")]
    Image {
        /// The first PCR that differs.
        mismatch: PcrMismatch,
        /// The document: genuine, and not of the expected image.
        document: Box<Verified<AttestationDocument>>,
    },
    /// The document was made for something else, is about another statement, carries another nonce, or the statement is not
    /// one of a known version. Everything before that holds.
    #[error("{error}")]
    Statement {
        /// Which of these.
        error: ReceiptError,
        /// The document: genuine, of the expected image, and not a receipt of this statement.
        document: Box<Verified<AttestationDocument>>,
    },
}

impl VerifiedReceipt {
    /// Verifies a receipt file's bytes: its form, the document at the document's own time, the image, that the document was
    /// made for a receipt of this statement, the nonce where one is expected, and the statement's form; in this order.
    ///
    /// # Errors
    /// [`RefusedReceipt`].
    pub fn verify(file: &[u8], measurements: &Measurements, anchor: &TrustAnchor, nonce: Option<&[u8]>) -> Result<Self, RefusedReceipt> {
        let receipt = Receipt::parse(file).map_err(RefusedReceipt::File)?;
        let document = attestation::verify(&receipt.document, anchor, VerifyTime::DocumentTime).map_err(RefusedReceipt::Document)?;
        if let Err(mismatch) = document.matches(measurements) {
            return Err(RefusedReceipt::Image { mismatch, document: Box::new(document) });
        }
        let (user_data, public_key) = (document.user_data.as_deref(), document.public_key.as_deref());
        match receipt.attested_statement(user_data, public_key, document.nonce.as_deref(), nonce) {
            Ok(statement) => Ok(Self { statement, document }),
            Err(error) => Err(RefusedReceipt::Statement { error, document: Box::new(document) }),
        }
    }

    /// What the enclave states.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The document that states it.
    #[must_use]
    pub fn document(&self) -> &Verified<AttestationDocument> {
        &self.document
    }
}
