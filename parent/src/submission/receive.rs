//! The enclave's side of the job protocol, as it arrives: hello, output, header, receipt, done, each in its place. A refusal
//! may stand in place of any of them.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
};

use sealroom_shared::{
    limits as shared_limits,
    wire::{self, Kind, Refusal, WireError},
};
use tokio::io::AsyncRead;

use crate::{
    failure::{Failure, Result},
    submission::{broken, in_time, refusal},
};

/// What a finished job gave, beside the output's file.
pub struct Received {
    /// The receipt file's bytes, not verified.
    pub receipt: Vec<u8>,
    /// Bytes of the whole output.
    pub output_bytes: u64,
}

/// Receives the output into `output`: the frames behind the place of the header, the header last.
pub async fn receive(from: impl AsyncRead + Unpin, output: &mut File) -> Result<Received> {
    let mut frames = Frames { from, kind: None, payload: Vec::new() };
    frames.expect(Kind::Hello).await?;
    wire::parse_enclave_hello(&frames.payload).map_err(|error| broken(&error))?;

    frames.expect(Kind::Output).await?;
    let header_length = frames.payload.as_slice().try_into().map(u32::from_be_bytes).map_err(|_| broken(&WireError::Unexpected))?;
    if header_length as usize > shared_limits::HEADER_BYTES {
        return Err(broken(&WireError::TooLong));
    }
    let mut output_bytes = u64::from(header_length);
    output.seek(SeekFrom::Start(output_bytes)).map_err(|error| unwritable(&error))?;
    while frames.next().await? == Kind::Data {
        output.write_all(&frames.payload).map_err(|error| unwritable(&error))?;
        output_bytes += frames.payload.len() as u64;
    }
    if frames.kind != Some(Kind::OutputHeader) || frames.payload.len() != header_length as usize {
        return Err(broken(&WireError::Unexpected));
    }
    output.seek(SeekFrom::Start(0)).map_err(|error| unwritable(&error))?;
    output.write_all(&frames.payload).map_err(|error| unwritable(&error))?;

    let mut receipt = Vec::new();
    frames.expect(Kind::Receipt).await?;
    loop {
        receipt.extend_from_slice(&frames.payload);
        if receipt.len() > shared_limits::RECEIPT_BYTES {
            return Err(broken(&WireError::TooLong));
        }
        match frames.next().await? {
            Kind::Receipt => {}
            Kind::Done if frames.payload.is_empty() => return Ok(Received { receipt, output_bytes }),
            _ => return Err(broken(&WireError::Unexpected)),
        }
    }
}

/// Frames of the enclave; a refusal among them is a failure.
struct Frames<R> {
    from: R,
    kind: Option<Kind>,
    payload: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    async fn next(&mut self) -> Result<Kind> {
        let kind = in_time(wire::read(&mut self.from, &mut self.payload)).await.map_err(|error| broken(&error))?;
        self.kind = Some(kind);
        if kind != Kind::Refusal {
            return Ok(kind);
        }
        let (refusal, note) = Refusal::parse(&self.payload).map_err(|error| broken(&error))?;
        Err(refusal::failure(refusal, note))
    }

    async fn expect(&mut self, wanted: Kind) -> Result<()> {
        if self.next().await? == wanted { Ok(()) } else { Err(broken(&WireError::Unexpected)) }
    }
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::new("file", format!("cannot write the output: {error}"))
}
