//! Sealed messages under a raw AES keyring, made here: what every tool that reads the format can open with one file of
//! 32 bytes.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use sealroom_shared::message::raw_aes::WrappingKey;
use sealroom_shared::message::{DataKey, EncryptionContext, Header, Opener, Sealer};

/// Namespace of the raw AES keyring.
pub const NAMESPACE: &str = "bench";
/// Name of the key in it.
pub const NAME: &str = "key";
/// The wrapping key, as it stands in its file.
pub const WRAPPING_KEY: [u8; 32] = [0x42; 32];

/// A sealer for the frame length, under a data key that the wrapping key wraps.
pub fn sealer(context: EncryptionContext, data_key: &DataKey, frame_length: u32) -> Result<Sealer> {
    let wrapped = WrappingKey::new(&WRAPPING_KEY)?.wrap(NAMESPACE, NAME, &context, data_key)?;
    Ok(Sealer::with_frame_length(context, vec![wrapped], data_key, frame_length)?)
}

/// A whole message in memory.
pub fn message(context: EncryptionContext, data_key: &DataKey, frame_length: u32, plaintext: &[u8]) -> Result<Vec<u8>> {
    let mut sealer = sealer(context, data_key, frame_length)?;
    let mut message = sealer.header().to_vec();
    sealer.push(plaintext, &mut message)?;
    sealer.finish(&mut message)?;
    Ok(message)
}

/// Header and opener of a message, and the header's length.
pub fn opener(message: &[u8], data_key: &DataKey) -> Result<(Opener, usize)> {
    let (header, used) = Header::parse(message)?.ok_or_else(|| anyhow!("the header is cut off"))?;
    Ok((header.unlock(data_key)?, used))
}

/// A sealed file of what `pieces` gives.
pub fn file(path: &Path, frame_length: u32, pieces: impl Iterator<Item = Vec<u8>>) -> Result<()> {
    let mut file = BufWriter::new(fs::File::create(path).with_context(|| path.display().to_string())?);
    let mut sealer = sealer(EncryptionContext::new(), &DataKey::random()?, frame_length)?;
    file.write_all(sealer.header())?;
    let mut sealed = Vec::new();
    for piece in pieces {
        sealer.push(&piece, &mut sealed)?;
        file.write_all(&sealed)?;
        sealed.clear();
    }
    sealer.finish(&mut sealed)?;
    file.write_all(&sealed)?;
    Ok(file.into_inner()?.sync_all()?)
}
