//! The job protocol against an enclave that keeps to a script.

use std::io::Read;

use sealroom_shared::wire::{self, Kind, Refusal, RefusalNote, Writer};
use tokio::io::{AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

use super::*;
use crate::progress::Progress;

mod receipts;

type Enclave = (ReadHalf<DuplexStream>, Writer<WriteHalf<DuplexStream>>);

fn connection() -> (Stream, Enclave) {
    let (near, far) = duplex(1000);
    let (from, to) = split(far);
    (Box::new(near), (from, Writer::new(to)))
}

fn submission(input: &[u8]) -> (send::Submission, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), input).expect("written");
    let submission = send::Submission {
        nonce: [7; 32],
        policy: b"policy".to_vec(),
        job: b"job".to_vec(),
        token_keys: vec![b"token".to_vec()],
        manifest: None,
        inputs: vec![file.path().to_owned()],
        progress: Progress::bytes(true, None),
    };
    (submission, file)
}

/// Reads what `submit` sends up to `End`: kinds (runs of data as one) and the input's bytes.
async fn read_all(from: &mut ReadHalf<DuplexStream>) -> (Vec<Kind>, Vec<u8>) {
    let (mut kinds, mut input, mut payload) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        let kind = wire::read(from, &mut payload).await.expect("frame");
        if kind == Kind::Data {
            input.extend_from_slice(&payload);
        }
        if kinds.last() != Some(&kind) {
            kinds.push(kind);
        }
        if kind == Kind::End {
            return (kinds, input);
        }
    }
}

/// Plays `frames` after the hello and returns how `submit` took it, with the output file's content.
async fn played(frames: &[(Kind, &[u8])]) -> (Result<Exchanged>, Vec<u8>) {
    let (stream, (mut from, mut to)) = connection();
    let frames: Vec<(Kind, Vec<u8>)> = frames.iter().map(|(kind, bytes)| (*kind, bytes.to_vec())).collect();
    let enclave = tokio::spawn(async move {
        read_all(&mut from).await;
        let hello = (Kind::Hello, wire::enclave_hello());
        for (kind, bytes) in [hello].iter().chain(&frames) {
            // `submit` may have hung up: that is what the test is about.
            let _ = to.frame(*kind, bytes).await;
        }
    });
    let mut output = tempfile::tempfile().expect("file");
    let (job, _file) = submission(b"sealed");
    let received = run(stream, job, &mut output).await;
    enclave.abort();
    let mut content = Vec::new();
    std::io::Seek::rewind(&mut output).expect("rewound");
    output.read_to_end(&mut content).expect("read");
    (received, content)
}

#[tokio::test(flavor = "multi_thread")]
async fn job_goes_out_in_order_and_the_header_lands_first() {
    let (stream, (mut from, mut to)) = connection();
    let input: Vec<u8> = (0..300_000u32).map(|i| i as u8).collect();
    let (mut job, _file) = submission(&input);
    job.manifest = Some(vec![3; 100_000]);
    let enclave = tokio::spawn(async move {
        let sent = read_all(&mut from).await;
        for (kind, bytes) in [
            (Kind::Hello, wire::enclave_hello()),
            (Kind::Output, vec![0, 0, 0, 6]),
            (Kind::Data, b"frames ".to_vec()),
            (Kind::Data, b"and more".to_vec()),
            (Kind::OutputHeader, b"header".to_vec()),
            (Kind::Receipt, b"rec".to_vec()),
            (Kind::Receipt, b"eipt".to_vec()),
            (Kind::Done, vec![]),
        ] {
            to.frame(kind, &bytes).await.expect("sent");
        }
        sent
    });
    let mut output = tempfile::tempfile().expect("file");
    let Exchanged { received, inputs } = run(stream, job, &mut output).await.expect("done");
    let (kinds, sent) = enclave.await.expect("joined");
    assert_eq!(inputs, [blake3_of(&input)]);
    let before = [Kind::Hello, Kind::Policy, Kind::Job, Kind::TokenKey, Kind::Manifest];
    assert_eq!(kinds, [&before[..], &[Kind::Input, Kind::Data, Kind::InputEnd, Kind::End]].concat());
    assert_eq!(sent, input);
    assert_eq!((received.receipt.as_slice(), received.output_bytes), (&b"receipt"[..], 21));
    assert_eq!(check::digest_of(&mut output).expect("digest"), blake3_of(b"headerframes and more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_in_place_of_any_frame_names_code_line_and_rule() {
    let note = RefusalNote { line: 3, rule: "card_number: \u{1b}[2Jkeep".to_owned() };
    let refusal = Refusal::JobNotAllowed.encode(Some(&note));
    for before in 0..3 {
        let frames: [(Kind, &[u8]); 3] = [(Kind::Output, &[0, 0, 0, 1]), (Kind::Data, b"x"), (Kind::OutputHeader, b"h")];
        let mut frames = frames[..before].to_vec();
        frames.push((Kind::Refusal, &refusal));
        let failure = played(&frames).await.0.err().expect("refused");
        assert_eq!(failure.code(), "job-not-allowed");
        let text = failure.to_text();
        assert!(text.contains("line 3: card_number: ") && !text.contains('\u{1b}'), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_before_the_input_was_read_is_heard() {
    let (stream, (mut from, mut to)) = connection();
    let (job, _file) = submission(&vec![1; 3_000_000]);
    let enclave = tokio::spawn(async move {
        wire::read(&mut from, &mut Vec::new()).await.expect("hello");
        to.frame(Kind::Hello, &wire::enclave_hello()).await.expect("sent");
        to.frame(Kind::Refusal, &Refusal::PolicyMismatch.encode(None)).await.expect("sent");
        // Both halves drop here: the rest of the input finds nobody.
    });
    let received = run(stream, job, &mut tempfile::tempfile().expect("file")).await;
    enclave.await.expect("joined");
    assert_eq!(received.err().expect("refused").code(), "policy-mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_out_of_order_are_refused() {
    let output: (Kind, &[u8]) = (Kind::Output, &[0, 0, 0, 1]);
    let header: (Kind, &[u8]) = (Kind::OutputHeader, b"h");
    let receipt: (Kind, &[u8]) = (Kind::Receipt, b"r");
    let done: (Kind, &[u8]) = (Kind::Done, b"");
    for frames in [
        vec![done],
        vec![receipt, done],
        vec![output, receipt, done],
        vec![output, header, done],
        vec![output, header, (Kind::Data, b"x"), receipt, done],
        vec![output, header, receipt, output],
        vec![output, (Kind::OutputHeader, b"longer"), receipt, done],
        vec![output, (Kind::OutputHeader, b""), receipt, done],
        vec![output, header, receipt, (Kind::Done, b"x")],
        vec![(Kind::Output, &[0, 1]), header, receipt, done],
        vec![(Kind::Output, &[0, 1, 0, 1]), header, receipt, done],
        vec![(Kind::Hello, b"")],
        vec![(Kind::Refusal, b"")],
        vec![output, header, receipt],
        vec![output],
        vec![],
    ] {
        let kinds: Vec<Kind> = frames.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(played(&frames).await.0.err().expect("refused").code(), "protocol", "{kinds:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn header_is_not_in_the_file_before_it_was_sent() {
    let (received, content) = played(&[(Kind::Output, &[0, 0, 0, 4]), (Kind::Data, b"frames")]).await;
    assert!(received.is_err());
    assert_eq!(content, b"\0\0\0\0frames");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_services_on_the_port_are_named() {
    let (stream, (_from, _to)) = {
        let (near, mut far) = duplex(1000);
        far.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("sent");
        (Box::new(near) as Stream, split(far))
    };
    let (job, _file) = submission(b"");
    let received = run(stream, job, &mut tempfile::tempfile().expect("file")).await;
    assert_eq!(received.err().expect("refused").code(), "protocol");
}

/// An enclave that is done before it was given everything is not doing this job.
#[tokio::test(flavor = "multi_thread")]
async fn answer_before_the_inputs_end_is_refused() {
    let (stream, (mut from, mut to)) = connection();
    let (job, _file) = submission(&vec![1; 3_000_000]);
    let enclave = tokio::spawn(async move {
        wire::read(&mut from, &mut Vec::new()).await.expect("hello");
        for (kind, bytes) in [
            (Kind::Hello, wire::enclave_hello()),
            (Kind::Output, vec![0, 0, 0, 1]),
            (Kind::OutputHeader, b"h".to_vec()),
            (Kind::Receipt, b"receipt".to_vec()),
            (Kind::Done, vec![]),
        ] {
            to.frame(kind, &bytes).await.expect("sent");
        }
    });
    let received = run(stream, job, &mut tempfile::tempfile().expect("file")).await;
    enclave.await.expect("joined");
    assert_eq!(received.err().expect("refused").code(), "protocol");
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_go_out_each_between_its_frames() {
    let (stream, (mut from, mut to)) = connection();
    let (mut job, _first) = submission(b"first");
    let (mut other, _second) = submission(b"second");
    job.inputs.append(&mut other.inputs);
    let enclave = tokio::spawn(async move {
        let sent = read_all(&mut from).await;
        to.frame(Kind::Hello, &wire::enclave_hello()).await.expect("sent");
        to.frame(Kind::Refusal, &Refusal::InputSet.encode(None)).await.expect("sent");
        sent
    });
    let refused = run(stream, job, &mut tempfile::tempfile().expect("file")).await;
    assert_eq!(refused.err().expect("refused").code(), "input-set");
    let (kinds, sent) = enclave.await.expect("joined");
    let input = [Kind::Input, Kind::Data, Kind::InputEnd];
    assert_eq!(kinds[kinds.len() - 7..], [&input[..], &input, &[Kind::End]].concat());
    assert_eq!(sent, b"firstsecond");
}

fn blake3_of(bytes: &[u8]) -> Blake3Digest {
    Blake3Digest::finish(blake3::Hasher::new().update(bytes))
}
