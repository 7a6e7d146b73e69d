//! vsock under `nitro-sim`, from outside, with `sim-probe` in the enclave's place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

mod lab;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use lab::{Lab, ask};

#[test]
fn connection_carries_bytes_both_ways_and_ends_both_ways() {
    let lab = Lab::new();
    let enclave = lab.start();
    let sent: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let mut stream = enclave.connect(5000).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let outgoing = sent.clone();
    let writing = thread::spawn(move || {
        writer.write_all(b"echo\n").unwrap();
        writer.write_all(&outgoing).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    writing.join().unwrap();
    assert!(received == sent, "{} bytes of {}", received.len(), sent.len());
}

#[test]
fn many_connections_at_once_are_all_served() {
    let lab = Lab::new();
    let enclave = lab.start();
    thread::scope(|scope| {
        for number in 0..64 {
            let enclave = &enclave;
            scope.spawn(move || {
                for round in 0..5 {
                    let text = format!("{number}/{round} ").repeat(1000);
                    assert_eq!(ask(enclave, &format!("echo\n{text}")), text);
                }
            });
        }
    });
}

#[test]
fn client_that_sends_and_closes_at_once_is_still_served() {
    let lab = Lab::new();
    let enclave = lab.start();
    let parent = enclave.parent_port(8000).unwrap();
    // The reply has nowhere to go, but the enclave's connection to the parent shows that the request arrived.
    let mut client = UnixStream::connect(enclave.socket()).unwrap();
    client.write_all(b"CONNECT 5000\ndial 3 8000\n").unwrap();
    drop(client);
    assert_eq!(answer_one(&parent), "hello from the enclave");
}

#[test]
fn port_without_listener_closes_without_ok() {
    let lab = Lab::new();
    let enclave = lab.start();
    assert_eq!(enclave.connect(5001).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(ask(&enclave, "close-listener 5001\n"), "closed");
    assert_eq!(enclave.connect(5001).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn queued_connection_ends_when_its_listener_is_closed() {
    let lab = Lab::new();
    let enclave = lab.start();
    let mut control = enclave.connect(5000).unwrap();
    control.write_all(b"queue-and-close 5001\n").unwrap();
    let mut said = [0; 10];
    control.read_exact(&mut said).unwrap();
    let mut queued = enclave.connect(5001).unwrap();
    control.write_all(b"now\n").unwrap();
    let mut rest = Vec::new();
    assert_eq!(queued.read_to_end(&mut rest).unwrap(), 0);
    assert_eq!(enclave.connect(5001).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn wrong_first_line_is_closed() {
    let lab = Lab::new();
    let enclave = lab.start();
    for line in ["GET / HTTP/1.1\n", "CONNECT x\n", "CONNECT 4294967296\n", &"C".repeat(100)] {
        let mut stream = UnixStream::connect(enclave.socket()).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // Closed with our bytes unread, so a reset is as good as an end.
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(answer, b"", "{line}");
    }
    assert_eq!(ask(&enclave, "echo\nstill here"), "still here");
}

#[test]
fn half_a_line_holds_up_nobody() {
    let lab = Lab::new();
    let enclave = lab.start();
    let mut slow = UnixStream::connect(enclave.socket()).unwrap();
    slow.write_all(b"CONN").unwrap();
    assert_eq!(ask(&enclave, "echo\nfast"), "fast");
    slow.write_all(b"ECT 5000\necho\nslow").unwrap();
    slow.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("OK ") && answer.ends_with("\nslow"), "{answer}");
}

#[test]
fn sockets_say_vsock_addresses() {
    let lab = Lab::new();
    let enclave = lab.start();
    let names = ask(&enclave, "names\n");
    let (local, rest) = names.split_once(" accepted ").unwrap();
    let (accepted, peer) = rest.split_once(" peer ").unwrap();
    assert_eq!(local, "local 16:5000");
    assert_eq!(accepted, peer);
    assert!(peer.starts_with("3:"), "{peer}");
}

#[test]
fn blocking_listener_accepts_a_later_connection() {
    let lab = Lab::new();
    let enclave = lab.start();
    assert_eq!(ask(&enclave, "listen 6000\n"), "listening");
    let mut greeting = String::new();
    enclave.connect(6000).unwrap().read_to_string(&mut greeting).unwrap();
    assert_eq!(greeting, "greetings");
}

#[test]
fn port_in_use_is_refused() {
    let lab = Lab::new();
    let enclave = lab.start();
    assert_eq!(ask(&enclave, "listen 5000\n"), "AddrInUse");
}

#[test]
fn enclave_reaches_the_parents_port() {
    let lab = Lab::new();
    let enclave = lab.start();
    let parent = enclave.parent_port(8000).unwrap();
    let serving = thread::spawn(move || answer_one(&parent));
    assert_eq!(ask(&enclave, "dial 3 8000\n"), "parent local 16 peer 3:8000");
    assert_eq!(serving.join().unwrap(), "hello from the enclave");
}

#[test]
fn enclave_reaches_nobody_else() {
    let lab = Lab::new();
    let enclave = lab.start();
    assert_eq!(ask(&enclave, "dial 3 8000\n"), "ConnectionReset");
    for cid in ["0", "1", "2", "16", "4294967295"] {
        assert_eq!(ask(&enclave, &format!("dial {cid} 8000\n")), "TimedOut", "{cid}");
    }
}

#[test]
fn parents_cid_is_the_one_in_the_configuration() {
    let lab = Lab::new();
    lab.configure("parent_cid = 7\n");
    let enclave = lab.start();
    let parent = enclave.parent_port(8000).unwrap();
    let serving = thread::spawn(move || answer_one(&parent));
    assert_eq!(ask(&enclave, "dial 3 8000\n"), "TimedOut");
    assert_eq!(ask(&enclave, "dial 7 8000\n"), "parent local 16 peer 7:8000");
    serving.join().unwrap();
}

#[test]
fn more_connections_than_the_parents_backlog_all_arrive() {
    let lab = Lab::new();
    let enclave = lab.start();
    let parent = enclave.parent_port(8000).unwrap();
    shrink_backlog(&parent);
    let serving = thread::spawn(move || {
        let served: Vec<_> = (0..64).map(|_| parent.accept().unwrap().0).map(|stream| thread::spawn(|| answer(stream))).collect();
        served.into_iter().for_each(|each| drop(each.join().unwrap()));
    });
    assert_eq!(ask(&enclave, "dials 8000 64\n"), "64");
    serving.join().unwrap();
}

fn answer_one(listener: &UnixListener) -> String {
    answer(listener.accept().unwrap().0)
}

/// The parent's side of one connection: reads to the end, then answers.
fn answer(mut stream: UnixStream) -> String {
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    // The probe may have lost its own client, and then hangs up early.
    let _ = stream.write_all(b"parent");
    said
}

fn shrink_backlog(listener: &UnixListener) {
    // SAFETY: no pointers.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 1) }, 0);
}
