//! The job protocol spoken by hand, as a hostile parent speaks it: any frame at any time. Frames are put together here after
//! docs/protocol.md, with nothing of the writer that ships.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use sealroom_shared::wire::Refusal;
use sealroom_testkit::stage::RunningEnclave;

// What the parent sends.
pub const POLICY: u8 = 2;
pub const JOB: u8 = 3;
pub const INPUT: u8 = 5;
pub const DATA: u8 = 6;
pub const INPUT_END: u8 = 7;
pub const END: u8 = 8;
// What the enclave answers beside `DATA`.
pub const HELLO: u8 = 1;
pub const OUTPUT: u8 = 16;
pub const OUTPUT_HEADER: u8 = 17;
pub const RECEIPT: u8 = 18;
pub const DONE: u8 = 19;
pub const REFUSAL: u8 = 20;

/// A connection to the enclave's job port.
pub fn dial(enclave: &RunningEnclave) -> UnixStream {
    let mut stream = UnixStream::connect(enclave.address.strip_prefix("unix:").unwrap()).unwrap();
    stream.write_all(b"CONNECT 5000\n").unwrap();
    let mut byte = [0];
    let mut line = Vec::new();
    while byte[0] != b'\n' {
        stream.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    assert!(line.starts_with(b"OK "), "{line:?}");
    stream
}

/// One frame.
pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&u32::try_from(payload.len()).unwrap().to_be_bytes(), &[kind][..], payload].concat()
}

/// The parent's hello.
pub fn hello(version: u8) -> Vec<u8> {
    frame(HELLO, &[b"sealroom".as_slice(), &[0, version], &[7; 32]].concat())
}

/// An input in frames of its own, its end included.
pub fn input(sealed: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let data = sealed.chunks(65_536).map(|piece| (DATA, piece.to_vec()));
    [(INPUT, Vec::new())].into_iter().chain(data).chain([(INPUT_END, Vec::new())]).collect()
}

/// Says hello and these frames, then nothing more, and returns every frame of the answer.
pub fn converse(enclave: &RunningEnclave, frames: &[(u8, Vec<u8>)]) -> Vec<(u8, Vec<u8>)> {
    let mut stream = dial(enclave);
    stream.write_all(&hello(1)).unwrap();
    for (kind, payload) in frames {
        // An enclave that has answered already may have hung up: the answer is what counts.
        if stream.write_all(&frame(*kind, payload)).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let (mut rest, mut read) = (answer.as_slice(), Vec::new());
    while let Some((head, after)) = rest.split_first_chunk::<5>() {
        let length = usize::try_from(u32::from_be_bytes([head[0], head[1], head[2], head[3]])).unwrap();
        let (payload, after) = after.split_at(length);
        read.push((head[4], payload.to_vec()));
        rest = after;
    }
    assert!(rest.is_empty(), "a frame cut off: {rest:?}");
    read
}

/// The refusal with which everything that comes from the stream ends.
pub fn refusal(stream: &mut UnixStream) -> Refusal {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    // The refusal is the last frame: length, kind, code.
    let at = answer.len() - 6;
    assert_eq!(answer[at + 4], REFUSAL, "{answer:?}");
    Refusal::parse(&answer[at + 5..]).unwrap().0
}
