//! The job port in the hands of a hostile parent that speaks the protocol itself: inputs held back, nonsense, silence.

use std::fs;
use std::io::{Read, Write};

use sealroom_shared::wire::Refusal;
use sealroom_testkit::stage::payments::Payments;
use sealroom_testkit::stage::{Stage, succeed};

use crate::by_hand::{dial, frame, hello, refusal};
use crate::honest_job_works;

/// Promise P1: a parent that holds the input back learns nothing of the records that it has handed over so far.
#[test]
fn what_depends_on_records_is_not_told_before_the_inputs_end() {
    let payments = Payments::sealed(Stage::new(), 2000);
    let enclave = payments.start_trusted_enclave();
    let good = payments.stage.read("in.ndjson");
    payments.stage.write("bad.ndjson", format!("{{\"country\":\"DE\",\"card_number\":false}}\n{good}"));
    let mut command = payments.stage.sealroom("owner");
    command.args(["seal", "--no-check"]).arg("--policy").arg(&payments.policy);
    command.args(["--key-arn", &payments.key_arn, "--dataset", "transactions-2026"]);
    succeed(command.arg(payments.stage.path("bad.ndjson")).arg("--out").arg(payments.stage.path("bad.sealed")));
    payments.refused_as("refused-by-data", &mut payments.submit_files(&enclave, "policy.toml", "job.toml", "bad.sealed"));
    for (end, expected) in [(&[][..], Refusal::Protocol), (&[0, 0, 0, 0, 7, 0, 0, 0, 0, 8], Refusal::InputCorrupt)] {
        for input in ["in.sealed", "bad.sealed"] {
            let mut stream = dial(&enclave);
            stream.write_all(&hello(1)).unwrap();
            let mut send = |kind: u8, bytes: &[u8]| stream.write_all(&frame(kind, bytes)).unwrap();
            for (kind, name) in [(2, "policy.toml"), (3, "job.toml"), (4, "customer.token")] {
                send(kind, &fs::read(payments.stage.path(name)).unwrap());
            }
            send(5, &[]);
            let sealed = fs::read(payments.stage.path(input)).unwrap();
            sealed[..sealed.len() / 2].chunks(65_536).for_each(|piece| send(6, piece));
            stream.write_all(end).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            assert_eq!(refusal(&mut stream), expected, "{input}");
        }
    }
    honest_job_works(&payments, &enclave);
}

/// Promise P9.
#[test]
fn nonsense_on_the_job_port_is_refused_and_costs_nothing() {
    let payments = Payments::sealed(Stage::new(), 300);
    let enclave = payments.start_trusted_enclave();
    let nonsense: [(&[u8], Refusal); 7] = [
        (b"GET / HTTP/1.1\r\n\r\n", Refusal::TooLarge),
        (&[0xff; 64], Refusal::TooLarge),
        (&[0, 0, 0, 0, 99], Refusal::Protocol),
        (&[0, 0, 0, 0, 6], Refusal::Protocol),
        (&hello(2), Refusal::Protocol),
        (&[hello(1), vec![0, 0, 0, 0, 8]].concat(), Refusal::Protocol),
        (&[hello(1), vec![0, 0, 0, 1, 2, b'x', 0, 0, 0, 1, 3, b'x', 0, 0, 0, 0, 5]].concat(), Refusal::PolicyInvalid),
    ];
    for (bytes, expected) in nonsense {
        let mut stream = dial(&enclave);
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream.read_to_end(&mut answer).unwrap();
        let code = Refusal::ALL.iter().find(|(refusal, ..)| *refusal == expected).unwrap().1;
        let frame = answer.windows(2).rposition(|pair| pair == [20, code]);
        assert!(frame.is_some(), "{expected:?}: {answer:?}");
    }
    // A policy without end is cut off at its bound.
    let mut stream = dial(&enclave);
    stream.write_all(&hello(1)).unwrap();
    for _ in 0..5 {
        stream.write_all(&[&[0, 1, 0, 0, 2], vec![b'#'; 65536].as_slice()].concat()).unwrap();
    }
    assert_eq!(refusal(&mut stream), Refusal::TooLarge);

    // As many silent connections as there are places: the next one is told, and a place that is given up is free again.
    let silent: Vec<_> = (0..4).map(|_| dial(&enclave)).collect();
    payments.refused_as("busy", &mut payments.submit(&enclave));
    drop(silent);
    // The enclave notices the closed connections in its own time; a bounded number of tries covers that.
    let free = (0..1000).any(|_| {
        let mut stream = dial(&enclave);
        stream.write_all(&hello(1)).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer.ends_with(&Refusal::Protocol.encode(None))
    });
    assert!(free);
    honest_job_works(&payments, &enclave);
}
