//! The last step: every check has passed. The output's header and the receipt are released together.

use sealroom_shared::receipt::{self, Receipt, Statement};
use sealroom_shared::wire::{Kind, Refusal};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Refused, Session, Sizes};
use crate::enclave::Enclave;
use crate::nsm::About;

/// A job's result.
pub struct Finished {
    receipt: Receipt,
    output_header: Vec<u8>,
    sizes: Sizes,
}

impl Finished {
    pub(super) fn new(
        enclave: &Enclave,
        statement: &Statement,
        nonce: &[u8; 32],
        output_header: Vec<u8>,
        sizes: Sizes,
    ) -> Result<Self, Refused> {
        let statement = statement.to_canonical().map_err(|_| Refusal::Internal)?;
        let user_data = receipt::user_data_of(&statement);
        let about = About::Receipt { user_data: user_data.as_bytes(), nonce };
        let document = tokio::task::block_in_place(|| enclave.nsm.attest(&about)).map_err(|_| Refusal::Internal)?;
        Ok(Self { receipt: Receipt { statement, document: document.bytes }, output_header, sizes })
    }

    /// Sends header and receipt: from here on the recipients can open the output.
    ///
    /// # Errors
    /// `protocol`, `timeout`: the parent did not take it.
    pub async fn send<R, W>(self, session: &mut Session<R, W>) -> Result<Sizes, Refused>
    where
        R: AsyncRead + Unpin + Send,
        W: AsyncWrite + Unpin + Send,
    {
        let outgoing = &mut session.outgoing;
        outgoing.frame(Kind::OutputHeader, &self.output_header).await?;
        outgoing.document(Kind::Receipt, &self.receipt.to_file()).await?;
        outgoing.frame(Kind::Done, &[]).await?;
        outgoing.shutdown().await?;
        Ok(self.sizes)
    }
}
