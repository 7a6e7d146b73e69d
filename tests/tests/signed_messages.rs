//! `sealroom open` where a file is read twice: signed messages (suite 0x0578), and outputs that come with a receipt.

use std::fs;
use std::process::{Command, Stdio};

use sealroom_testkit::stage::payments::{Payments, key_policy};
use sealroom_testkit::stage::{Stage, refused, succeed, text};

/// A stage with one message that AWS's SDK signed, for a KMS key that the consumer may use.
struct Signed {
    stage: Stage,
    key_arn: String,
    plaintext: Vec<u8>,
    message: Vec<u8>,
}

impl Signed {
    fn new() -> Self {
        let stage = Stage::new();
        let key_arn = stage.create_key(&key_policy(
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/consumer"},"Action":"kms:Decrypt","Resource":"*"}"#,
        ));
        let plaintext: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n / 3 % 251).unwrap()).collect();
        stage.write("plaintext", &plaintext);
        let mut seal = stage.python("owner", "esdk.py");
        seal.arg("seal").arg(format!("kms:{key_arn}")).arg(stage.path("plaintext")).arg(stage.path("signed"));
        succeed(seal.args(["--suite", "0578", "--frame-length", "65536", "--context", "purpose=test"]));
        let message = fs::read(stage.path("signed")).unwrap();
        Self { stage, key_arn, plaintext, message }
    }

    fn open(&self, input: &str, output: &str) -> Command {
        let mut command = self.stage.sealroom("consumer");
        command.args(["open", "--kms", "--key-arn", &self.key_arn, "--unverified-origin"]);
        let path = |name: &str| if name == "-" { name.into() } else { self.stage.path(name) };
        command.arg(path(input)).arg("--out").arg(path(output));
        command
    }

    fn calls(&self) -> usize {
        self.stage.kms_requests().iter().filter(|request| request["principal"].to_string().contains("consumer")).count()
    }

    fn nothing_is_left(&self, what: &str) {
        let left: Vec<_> = fs::read_dir(self.stage.path("")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("opened")), "{what}: left behind: {left:?}");
    }
}

#[test]
fn signed_message_is_opened_to_a_file_with_one_call_to_kms() {
    let signed = Signed::new();
    succeed(&mut signed.open("signed", "opened"));
    assert!(fs::read(signed.stage.path("opened")).unwrap() == signed.plaintext);
    assert_eq!(signed.calls(), 1);
}

#[test]
fn signed_message_that_is_altered_leaves_no_file() {
    let signed = Signed::new();
    let message = &signed.message;
    let flipped = |at: usize| {
        let mut altered = message.clone();
        altered[at] ^= 1;
        altered
    };
    for (what, altered, named) in [
        ("signature", flipped(message.len() - 1), "signature of the message does not verify"),
        ("a frame in the middle", flipped(message.len() / 2), "a frame was altered"),
        ("no signature", message[..message.len() - 50].to_vec(), "cut off"),
        ("a byte more", [message.as_slice(), b"\0"].concat(), "bytes follow the end"),
    ] {
        signed.stage.write("altered", altered);
        let message = refused(&mut signed.open("altered", "opened"));
        assert!(message.contains(named), "{what}: {message}");
        signed.nothing_is_left(what);
    }
}

/// The signature has to verify before the first byte is written, not only before the file has its name: where no byte can be
/// written, the refusal is the signature's, and a good message fails in writing.
#[test]
fn signature_is_verified_before_anything_is_written() {
    let signed = Signed::new();
    let mut altered = signed.message.clone();
    *altered.last_mut().unwrap() ^= 1;
    signed.stage.write("altered", altered);
    let without_room = |input: &str| {
        let open = signed.open(input, "opened");
        let mut command = Command::new("sh");
        // Ignored, the signal of a file that grows over its limit is an error of the write.
        command.args(["-c", "trap '' XFSZ; ulimit -f 0 && exec \"$0\" \"$@\""]).arg(open.get_program()).args(open.get_args());
        command.env_clear().envs(open.get_envs().filter_map(|(name, value)| Some((name, value?))));
        refused(&mut command)
    };
    assert!(without_room("altered").contains("signature of the message does not verify"));
    let message = without_room("signed");
    assert!(message.contains("cannot write"), "{message}");
    signed.nothing_is_left("no room");
}

/// On either side of a pipe nothing can be read twice or taken back; KMS is not even asked.
#[test]
fn signed_message_is_refused_from_and_to_a_pipe() {
    let signed = Signed::new();
    let output = signed.open("signed", "-").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(text(&output.stderr).contains("[signed-to-pipe]"), "{}", text(&output.stderr));

    let mut cat = Command::new("cat").arg(signed.stage.path("signed")).stdout(Stdio::piped()).spawn().unwrap();
    let message = refused(signed.open("-", "opened").stdin(cat.stdout.take().unwrap()));
    cat.wait().unwrap();
    assert!(message.contains("[signed-from-pipe]"), "{message}");
    signed.nothing_is_left("from a pipe");
    assert_eq!(signed.calls(), 0);
}

/// Rows go to a pipe too, and only out of the file whose digest is the receipt's.
#[test]
fn receipt_holds_for_what_goes_to_a_pipe() {
    let payments = Payments::sealed(Stage::new(), 300);
    let stage = &payments.stage;
    let enclave = payments.start_trusted_enclave();
    succeed(&mut payments.submit(&enclave));
    succeed(&mut payments.open(&enclave));
    let rows = stage.read("out.ndjson");
    let to_pipe = |input: &str| {
        let mut command = stage.sealroom("consumer");
        command.arg("open").arg("--private-key").arg(stage.path("analyst.key.pem")).arg("--receipt").arg(stage.path("out.receipt.json"));
        command.arg("--measurements").arg(&enclave.measurements).arg("--danger-trust-anchor").arg(&enclave.nsm_root);
        command.arg(if input == "-" { input.into() } else { stage.path(input) }).args(["--out", "-"]);
        command
    };
    assert_eq!(text(&succeed(&mut to_pipe("out.sealed")).stdout), rows);
    let mut altered = fs::read(stage.path("out.sealed")).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    stage.write("altered", altered);
    let output = to_pipe("altered").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("[other-output]"));
    let output = to_pipe("-").stdin(fs::File::open(stage.path("out.sealed")).unwrap()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{}", text(&output.stderr));
}
