//! Promise P9: whatever answers in the place of the parent's credentials costs the job that asked, and no other.

use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealroom_testkit::stage::payments::Payments;
use sealroom_testkit::stage::{KMS_HOST, Process, Stage, succeed};

/// Answers every connection to the credentials port with `answer`; counts them.
fn serve(path: &Path, answer: &str) -> Arc<AtomicUsize> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).unwrap();
    let (answer, served) = (answer.to_owned(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&served);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stream.and_then(|mut stream| stream.write_all(answer.as_bytes()));
        }
    });
    served
}

fn proxy(payments: &Payments) -> Process {
    let mut command = payments.stage.sealroom("operator");
    command.arg("proxy").arg("--unix").arg(payments.stage.path("sim/vsock.sock"));
    command.args(["--allow", &format!("{KMS_HOST}:443"), "--connect", &format!("{KMS_HOST}:443={}", payments.stage.kms_address())]);
    let proxy = Process::start("proxy", command);
    proxy.wait_for("ready");
    proxy
}

#[test]
fn credentials_of_any_kind_cost_one_job_and_no_other() {
    let payments = Payments::sealed(Stage::new(), 300);
    let mut enclave = payments.start_trusted_enclave();
    let socket = payments.stage.path("sim/vsock.sock_8001");
    let answer = |id: &str, token: &str, expires: &str| {
        format!(r#"{{"access_key_id":"{id}","secret_access_key":"s","session_token":{token},"expires_at":{expires}}}"#)
    };
    let answers = [
        ("a control character in the key id", answer(r"AK\u000aIA", "null", "null")),
        ("a control character in the token", answer("AKIA", r#""a\u0000b""#, "null")),
        ("the last second of all", answer("AKIAFOREVER", "null", "9223372036854775807")),
        ("no such second", answer("AKIA", "null", "18446744073709551615")),
        ("the first second of all", answer("AKIA", "null", "0")),
        ("a key without an end that KMS does not know", answer("AKIAUNKNOWN", "null", "253402300799")),
        ("an empty key", answer("", "null", "null")),
        ("not JSON", "x".repeat(100_000)),
        ("nothing", String::new()),
    ];
    for (what, answer) in answers {
        println!("{what}");
        enclave.proxy.end();
        // Its relay to KMS is wanted back, its credentials are not.
        let mut relay = proxy(&payments);
        let served = serve(&socket, &answer);
        let output = payments.submit(&enclave).output().unwrap();
        println!("{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{what}");
        assert!(served.load(Ordering::Relaxed) > 0, "{what}: nobody asked");
        relay.end();
        let _ = std::fs::remove_file(&socket);
        enclave.proxy = proxy(&payments);
        succeed(&mut payments.submit(&enclave));
        for name in ["out.sealed", "out.receipt.json"] {
            std::fs::remove_file(payments.stage.path(name)).unwrap();
        }
    }
}
