//! The proxy's three services on the parent: the relay to KMS, credentials, and the enclave's log. They carry bytes for an
//! enclave that trusts none of them. `commands::proxy` starts them; none may end because of one connection.

pub mod allow_list;
pub mod client_hello;
pub mod credentials;
pub mod forward;
pub mod log;

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{
    limits,
    relay::{allow_list::AllowList, forward::forward},
    transport::{self, Listener, Stream},
};

/// Serves every connection of `listener` with `serve`, at most [`limits::CONNECTIONS`] at once; further ones wait.
pub async fn serve<F, W>(mut listener: Listener, serve: F)
where
    F: Fn(Stream) -> W,
    W: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS));
    loop {
        // Never closed, so that an error cannot occur; if it did, the service would be over.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok(stream) => {
                let work = serve(stream);
                tokio::spawn(async move {
                    work.await;
                    drop(place);
                });
            }
            Err(error) => {
                eprintln!("proxy: cannot accept a connection: {error}");
                // Out of descriptors, as a rule: wait until some connection has ended.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Relays one connection of the enclave to the allowed host that its ClientHello names.
pub async fn relay(mut enclave: Stream, allowed: Arc<AllowList>) {
    let (name, hello) = match timeout(limits::CLIENT_HELLO_DEADLINE, read_hello(&mut enclave)).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(reason)) => return eprintln!("relay: refused a connection: {reason}"),
        Err(_) => return eprintln!("relay: refused a connection: no server name in time"),
    };
    let Some(target) = allowed.target(&name) else {
        return eprintln!("relay: refused {name}: no --allow names it");
    };
    match timeout(limits::CONNECT_DEADLINE, TcpStream::connect(target.parts())).await {
        Ok(Ok(mut host)) => {
            let _ = host.set_nodelay(true);
            let relayed = async {
                transport::write_all(&mut host, &hello).await?;
                forward(enclave, host, limits::RELAY_IDLE).await
            };
            match relayed.await {
                Ok(_) => {}
                Err(error) if ended_without_close(&error) => {}
                Err(error) => eprintln!("relay: {name}: {error}"),
            }
        }
        Ok(Err(error)) => eprintln!("relay: cannot connect to {target} for {name}: {error}"),
        Err(_) => eprintln!("relay: cannot connect to {target} for {name}: timed out"),
    }
}

/// Reads until the ClientHello is whole: its server name, and every byte read so far.
async fn read_hello(enclave: &mut Stream) -> Result<(String, Vec<u8>), Refused> {
    let mut received = Vec::new();
    loop {
        if let Some(name) = client_hello::server_name(&received)? {
            return Ok((name, received));
        }
        // `server_name` refuses at the limit, so that there is always room for a byte here.
        let room = limits::CLIENT_HELLO - received.len();
        if (&mut *enclave).take(room as u64).read_buf(&mut received).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

/// The enclave drops its connection once it has its answer; that is no fault of the relay's.
fn ended_without_close(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected)
}

#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Hello(#[from] client_hello::ClientHelloError),
    #[error(transparent)]
    Stream(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncWriteExt, duplex},
        net::TcpListener,
    };

    use super::*;

    /// A ClientHello of one record that names `name`.
    fn hello(name: &str) -> Vec<u8> {
        let length = |count: usize| (count as u16).to_be_bytes();
        let list = [&[0][..], &length(name.len()), name.as_bytes()].concat();
        let extension = [&[0, 0][..], &length(list.len() + 2), &length(list.len()), &list].concat();
        let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &length(extension.len()), &extension].concat();
        let handshake = [&[1, 0][..], &length(body.len()), &body].concat();
        [&[22, 3, 1][..], &length(handshake.len()), &handshake].concat()
    }

    async fn allowed_port() -> (TcpListener, Arc<AllowList>) {
        let host = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let redirect = format!("kms.example.com:443={}", host.local_addr().expect("address"));
        let allowed = AllowList::new(&["kms.example.com:443".parse().expect("host")], &[redirect.parse().expect("redirect")]);
        (host, Arc::new(allowed.expect("list")))
    }

    #[tokio::test]
    async fn allowed_name_reaches_its_host_byte_for_byte() {
        let (host, allowed) = allowed_port().await;
        let (mut enclave, near) = duplex(10);
        tokio::spawn(relay(Box::new(near), allowed));
        let sent = [hello("kms.example.com"), b"more".to_vec()].concat();
        let question = sent.clone();
        let asking = tokio::spawn(async move {
            enclave.write_all(&question).await.expect("sent");
            enclave.shutdown().await.expect("closed");
            let mut answer = Vec::new();
            enclave.read_to_end(&mut answer).await.expect("answer");
            answer
        });
        let (mut connection, _) = host.accept().await.expect("connected");
        let mut arrived = Vec::new();
        connection.read_to_end(&mut arrived).await.expect("question");
        assert_eq!(arrived, sent);
        connection.write_all(b"answer").await.expect("answered");
        drop(connection);
        assert_eq!(asking.await.expect("asked"), b"answer");
    }

    #[tokio::test]
    async fn other_names_are_closed_without_a_byte() {
        for first in [hello("evil.example.com"), b"GET / HTTP/1.1\r\n\r\n".to_vec()] {
            let (_host, allowed) = allowed_port().await;
            let (mut enclave, near) = duplex(10_000);
            enclave.write_all(&first).await.expect("sent");
            relay(Box::new(near), allowed).await;
            let mut answer = Vec::new();
            enclave.read_to_end(&mut answer).await.expect("closed");
            assert!(answer.is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn connection_that_says_nothing_is_closed() {
        let (_host, allowed) = allowed_port().await;
        let (mut enclave, near) = duplex(10_000);
        enclave.write_all(&hello("kms.example.com")[..20]).await.expect("sent");
        relay(Box::new(near), allowed).await;
        assert_eq!(enclave.read(&mut [0; 1]).await.expect("closed"), 0);
    }
}
