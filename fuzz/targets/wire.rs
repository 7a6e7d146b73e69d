//! The job protocol from the other side of vsock: frames, hello and refusals. The first byte says how the stream is cut.
//! A frame that was read is written again as the same bytes.
#![no_main]

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use sealroom_shared::limits;
use sealroom_shared::wire::{self, Hello, Kind, Refusal, WireError, Writer};
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes that arrive in pieces.
struct Pieces<'a> {
    rest: &'a [u8],
    piece: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let (now, rest) = self.rest.split_at(self.piece.min(into.remaining()).min(self.rest.len()));
        into.put_slice(now);
        self.rest = rest;
        Poll::Ready(Ok(()))
    }
}

/// Nothing here ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("waited"),
    }
}

/// All frames, and how the stream ended.
fn frames(bytes: &[u8], piece: usize) -> (Vec<(Kind, Vec<u8>)>, String) {
    let mut stream = Pieces { rest: bytes, piece };
    let (mut frames, mut payload) = (Vec::new(), Vec::new());
    loop {
        match now(wire::read(&mut stream, &mut payload)) {
            Ok(kind) => frames.push((kind, payload.clone())),
            Err(error) => {
                assert!(payload.capacity() <= 2 * limits::WIRE_PAYLOAD);
                return (frames, error.to_string());
            }
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else { return };
    let whole = frames(data, usize::MAX);
    assert!(whole == frames(data, 1 + usize::from(*cut)));
    let mut written = Vec::new();
    let mut writer = Writer::new(&mut written);
    for (kind, payload) in &whole.0 {
        now(writer.frame(*kind, payload)).unwrap();
        if let Ok(hello) = Hello::parse(payload) {
            assert_eq!(&hello.encode(), payload);
        }
        if wire::parse_enclave_hello(payload).is_ok() {
            assert_eq!(&wire::enclave_hello(), payload);
        }
        match Refusal::parse(payload) {
            Ok((refusal, note)) => {
                assert_eq!(&refusal.encode(note.as_ref()), payload);
                assert!(note.is_none() || refusal.takes_note());
            }
            Err(error) => assert!(matches!(error, WireError::Unexpected)),
        }
    }
    assert!(data.starts_with(&written));
});
