//! A sealed file as it arrives: its header first, unlocked and given its place in the set; then its frames.

use sealroom_shared::arn::KeyArn;
use sealroom_shared::binding;
use sealroom_shared::digest::Blake3Digest;
use sealroom_shared::limits;
use sealroom_shared::message::{Header, Opener};
use sealroom_shared::policy::Policy;
use sealroom_shared::receipt::{Input, KmsRequest};
use sealroom_shared::wire::Refusal;
use tokio::io::AsyncRead;

use super::Refused;
use super::input_header::{self, SealedKind, Unlocked};
use super::input_set::{InputSet, Part};
use super::session::{Beginning, Incoming};
use crate::kms::Kms;

/// A file whose header is authentic and whose place in the set is its own.
pub(super) struct SealedFile {
    pub(super) statement: FileStatement,
    pub(super) request: KmsRequest,
    pub(super) opener: Opener,
    /// The header's bytes.
    pub(super) header: Vec<u8>,
    /// What has come of the frames already.
    pub(super) frames: Vec<u8>,
    /// Whether that is all of them.
    pub(super) ended: bool,
}

/// A file as the receipt names it, but for its digest, which is known at its end.
pub(super) struct FileStatement {
    message_id: String,
    part: Part,
    key_arn: KeyArn,
}

impl SealedFile {
    /// Reads the header of the next input, whose `Input` frame has been read, and has its data key released.
    pub(super) async fn read<R: AsyncRead + Unpin>(
        incoming: &mut Incoming<R>,
        policy: &Policy,
        kms: &Kms,
        set: &mut InputSet,
    ) -> Result<Self, Refused> {
        let parse = |bytes: &[u8]| Header::parse(bytes).map_err(input_header::of_message);
        let Beginning { found: (header, used), mut bytes, ended } = incoming.beginning(limits::HEADER_BYTES, parse).await?;
        let unlocked = input_header::unlock(SealedKind::Input, header, policy, kms).await?;
        let part = place(&unlocked, policy)?;
        set.take(part.clone(), unlocked.header.message_id().as_bytes())?;
        let frames = bytes.split_off(used.min(bytes.len()));
        let statement = FileStatement { message_id: unlocked.header.message_id().to_hex(), part, key_arn: unlocked.key_arn };
        Ok(Self { statement, request: unlocked.request, opener: unlocked.opener, header: bytes, frames, ended })
    }
}

impl FileStatement {
    /// The receipt's entry.
    pub(super) fn with_digest(self, digest: Blake3Digest) -> Input {
        let Self { message_id, part: Part { dataset, set, number, of }, key_arn } = self;
        Input::File { message_id, dataset, set, part: format!("{number}/{of}"), key_arn, digest }
    }
}

/// The file's place. Only now that the header is authentic does its context count.
fn place(unlocked: &Unlocked, policy: &Policy) -> Result<Part, Refusal> {
    let dataset = unlocked.dataset(policy)?;
    let context = unlocked.header.context();
    let field = |key| context.get(key).ok_or(Refusal::InputCorrupt);
    // The value of one sealed field is not a file.
    if context.get(binding::FIELD).is_some() {
        return Err(Refusal::InputCorrupt);
    }
    Part::parse(dataset, field(binding::SET)?, field(binding::PART)?).ok_or(Refusal::InputCorrupt)
}
