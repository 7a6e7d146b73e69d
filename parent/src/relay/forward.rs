//! Copies bytes both ways between two streams: half-close is passed on, and a connection on which nothing moves ends.
//! The relay alone calls it. It must never look at the bytes.

use std::{
    io,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use sealroom_shared::limits::VSOCK_WRITE;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    time::{Instant, sleep_until},
};

/// Bytes that went each way.
#[derive(Debug, Default)]
pub struct Forwarded {
    /// From the enclave to the host.
    pub out: AtomicU64,
    /// From the host to the enclave.
    pub back: AtomicU64,
}

/// Copies until both directions are closed, or until no byte has moved for `idle`.
///
/// # Errors
/// The first error of either stream; `TimedOut` where the connection was idle.
pub async fn forward<A, B>(enclave: A, host: B, idle: Duration) -> io::Result<Forwarded>
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (enclave_in, enclave_out) = split(enclave);
    let (host_in, host_out) = split(host);
    let moved = Forwarded::default();
    let last = Mutex::new(Instant::now());
    let both = async { tokio::try_join!(copy(enclave_in, host_out, &moved.out, &last), copy(host_in, enclave_out, &moved.back, &last)) };
    let silence = async {
        loop {
            let deadline = at(&last) + idle;
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    };
    tokio::select! {
        done = both => done?,
        () = silence => return Err(io::ErrorKind::TimedOut.into()),
    };
    Ok(moved)
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
    last: &Mutex<Instant>,
) -> io::Result<()> {
    // One buffer is one write: no more than every vsock device takes.
    let mut buffer = vec![0; VSOCK_WRITE];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        touch(last);
        to.write_all(&buffer[..read]).await?;
        to.flush().await?;
        touch(last);
        count.fetch_add(read as u64, Relaxed);
    }
}

fn at(last: &Mutex<Instant>) -> Instant {
    *last.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn touch(last: &Mutex<Instant>) {
    *last.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now();
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn bytes_go_both_ways_and_half_close_is_passed_on() {
        let (mut enclave, near) = duplex(100);
        let (far, mut host) = duplex(100);
        let forwarding = tokio::spawn(forward(near, far, Duration::from_secs(60)));
        let question = vec![7; 100_000];
        let sent = question.clone();
        let asking = tokio::spawn(async move {
            enclave.write_all(&sent).await.expect("sent");
            enclave.shutdown().await.expect("closed");
            let mut answer = Vec::new();
            enclave.read_to_end(&mut answer).await.expect("answer");
            answer
        });
        let mut arrived = Vec::new();
        host.read_to_end(&mut arrived).await.expect("question");
        assert_eq!(arrived, question);
        host.write_all(b"answer after the other side has closed").await.expect("sent");
        host.shutdown().await.expect("closed");
        assert_eq!(asking.await.expect("asked"), b"answer after the other side has closed");
        let moved = forwarding.await.expect("joined").expect("forwarded");
        assert_eq!((moved.out.into_inner(), moved.back.into_inner()), (100_000, 38));
    }

    #[tokio::test(start_paused = true)]
    async fn silent_connection_ends() {
        let (_enclave, near) = duplex(100);
        let (far, _host) = duplex(100);
        let error = forward(near, far, Duration::from_secs(60)).await.expect_err("idle");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn reader_that_stops_reading_ends_the_connection() {
        let (mut enclave, near) = duplex(1 << 20);
        let (far, _host) = duplex(10);
        enclave.write_all(&[1; 1000]).await.expect("sent");
        let error = forward(near, far, Duration::from_secs(60)).await.expect_err("stuck");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn broken_side_ends_the_connection() {
        let (mut enclave, near) = duplex(100);
        let (far, host) = duplex(10);
        drop(host);
        enclave.write_all(b"question").await.expect("sent");
        assert!(forward(near, far, Duration::from_secs(60)).await.is_err());
    }
}
