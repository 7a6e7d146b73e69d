//! The command and AWS's own Encryption SDK, both ways: what one seals the other opens, with raw RSA, raw AES and KMS keys.

mod aws_sdk;

use std::fs;
use std::process::Command;

use sealroom_shared::message::raw_aes::WrappingKey;
use sealroom_shared::message::raw_rsa::PublicKey;
use sealroom_shared::message::{DataKey, EncryptionContext, Header, Sealer, Suite};
use sealroom_testkit::stage::payments::key_policy;
use sealroom_testkit::stage::{Stage, refused, succeed, text};
use serde_json::{Value, json};

use aws_sdk::{opening, run, sealing};

const NAMESPACE: &str = "example.org/readers";
const NAME: &str = "schlüssel-1";
const KEYRINGS: [Keyring; 3] = [Keyring::Aes, Keyring::Rsa, Keyring::Kms];
const SUITES: [(&str, Suite); 2] = [("0478", Suite::Unsigned), ("0578", Suite::Signed)];
const FRAME_LENGTHS: [usize; 5] = [1, 512, 4096, 65_536, 1024 * 1024];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Keyring {
    Aes,
    Rsa,
    Kms,
}

/// A stage with a reader: a raw AES key, an RSA key pair and the right to decrypt with a KMS key.
struct Reader {
    stage: Stage,
    key_arn: String,
    aes_key: [u8; 32],
}

impl Reader {
    fn new() -> Self {
        let stage = Stage::new();
        let key_arn = stage.create_key(&key_policy(
            r#"{"Sid":"ConsumerOpens","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/consumer"},"Action":"kms:Decrypt","Resource":"*"}"#,
        ));
        succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("reader")));
        let aes_key = std::array::from_fn(|index| u8::try_from(index * 7).unwrap());
        stage.write("reader.aes", aes_key);
        Self { stage, key_arn, aes_key }
    }

    /// How AWS's SDK is told of a key.
    fn keyring(&self, keyring: Keyring, direction: &str) -> String {
        let path = |name: &str| self.stage.path(name).display().to_string();
        match keyring {
            Keyring::Aes => format!("aes:{NAMESPACE}:{NAME}:{}", path("reader.aes")),
            Keyring::Rsa => {
                format!("rsa:{NAMESPACE}:{NAME}:{}", path(if direction == "seal" { "reader.pub.pem" } else { "reader.key.pem" }))
            }
            Keyring::Kms => format!("kms:{}", self.key_arn),
        }
    }

    /// `sealroom open` of a file of the stage into `opened`, with the reader's key of this name.
    fn open(&self, keyring: Keyring, name: &str, input: &str) -> Command {
        let mut command = self.stage.sealroom("consumer");
        command.args(["open", "--unverified-origin"]);
        match keyring {
            Keyring::Aes => command.arg("--raw-aes-key").arg(self.stage.path("reader.aes")),
            Keyring::Rsa => command.arg("--private-key").arg(self.stage.path("reader.key.pem")),
            Keyring::Kms => command.args(["--kms", "--key-arn", &self.key_arn]),
        };
        if keyring != Keyring::Kms {
            command.args(["--key-namespace", NAMESPACE, "--key-name", name]);
        }
        command.arg(self.stage.path(input)).arg("--out").arg(self.stage.path("opened"));
        command
    }

    /// Opens a file, which has to come out as `plaintext`.
    fn opens(&self, keyring: Keyring, input: &str, plaintext: &[u8]) {
        succeed(&mut self.open(keyring, NAME, input));
        assert!(fs::read(self.stage.path("opened")).unwrap() == plaintext, "{keyring:?} {input}: another plaintext");
        fs::remove_file(self.stage.path("opened")).unwrap();
    }

    /// Opens a file, which has to be refused with this text and leave nothing behind.
    fn refuses(&self, keyring: Keyring, input: &str, named: &str) {
        self.refuses_as(keyring, NAME, input, named);
    }

    fn refuses_as(&self, keyring: Keyring, name: &str, input: &str, named: &str) {
        let message = refused(&mut self.open(keyring, name, input));
        assert!(message.contains(named), "{input}: {named}: {message}");
        assert!(!message.contains("panicked"), "{message}");
        let left: Vec<_> = fs::read_dir(self.stage.path("")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("opened")), "{input}: left behind: {left:?}");
    }
}

/// Bytes without a pattern that a frame could hide.
fn plaintext(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index * 31 % 251).unwrap()).collect()
}

fn contexts() -> [Value; 3] {
    [json!({}), json!({ "purpose": "interop" }), json!({ "ключ": "значение", "Größe": "€ 5 🔑", "a": "", "z": "last", "Z": "first" })]
}

/// Suites, frame lengths, sizes around a frame's, contexts and keys: each message that AWS's SDK writes opens.
#[test]
fn messages_of_awss_sdk_are_opened() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let mut messages = Vec::new();
    let mut tasks = Vec::new();
    for (suite, expected) in SUITES {
        for frame_length in FRAME_LENGTHS {
            // A million frames of one byte would tell no more than some thousand.
            let long = if frame_length == 1 { 2003 } else { 1_000_003 };
            for size in [0, 1, frame_length, frame_length + 1, long] {
                let input = format!("plaintext-{size}");
                stage.write(&input, plaintext(size));
                for keyring in KEYRINGS {
                    // Each KMS message costs two calls: one for each suite and frame length.
                    if keyring == Keyring::Kms && size != frame_length + 1 {
                        continue;
                    }
                    let output = format!("message-{}", messages.len());
                    let context = &contexts()[messages.len() % 3];
                    tasks.push(sealing(stage, &reader.keyring(keyring, "seal"), &input, &output, suite, frame_length, context));
                    messages.push((output, keyring, size, frame_length, expected));
                }
            }
        }
    }
    run(stage, "owner", &tasks);
    for (message, keyring, size, frame_length, suite) in messages {
        let (header, _) = Header::parse(&fs::read(stage.path(&message)).unwrap()).unwrap().unwrap();
        assert_eq!((header.suite(), usize::try_from(header.frame_length()).unwrap()), (suite, frame_length), "{message}");
        reader.opens(keyring, &message, &plaintext(size));
    }
}

/// Several encrypted data keys, as AWS's multi-keyring writes them: each reader finds its own.
#[test]
fn a_message_of_awss_sdk_for_several_readers_opens_for_each() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let all = [Keyring::Kms, Keyring::Aes, Keyring::Rsa].map(|keyring| reader.keyring(keyring, "seal")).join("|");
    stage.write("plaintext", plaintext(10_000));
    run(stage, "owner", &[sealing(stage, &all, "plaintext", "message", "0578", 512, &contexts()[2])]);
    for keyring in KEYRINGS {
        reader.opens(keyring, "message", &plaintext(10_000));
    }
    for keyring in [Keyring::Aes, Keyring::Rsa] {
        reader.refuses_as(keyring, "another", "message", "no-key");
    }
    succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("stranger")));
    fs::rename(stage.path("stranger.key.pem"), stage.path("reader.key.pem")).unwrap();
    reader.refuses(Keyring::Rsa, "message", "no-key");
    stage.write("reader.aes", [9; 32]);
    reader.refuses(Keyring::Aes, "message", "no-key");
}

/// Raw RSA and raw AES keys, made with the shared package as the enclave and the command use it.
#[test]
fn our_messages_for_raw_keys_are_opened_by_awss_sdk() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let rsa = PublicKey::from_pem(&stage.read("reader.pub.pem")).unwrap();
    let aes = WrappingKey::new(&reader.aes_key).unwrap();
    let mut tasks = Vec::new();
    let mut expected = Vec::new();
    for (index, size) in [0, 1, 65_535, 65_536, 65_537, 1_000_003].into_iter().enumerate() {
        let mut context = EncryptionContext::new();
        for (key, value) in contexts()[index % 3].as_object().unwrap() {
            context.insert(key, value.as_str().unwrap()).unwrap();
        }
        let data_key = DataKey::random().unwrap();
        let wrapped = vec![aes.wrap(NAMESPACE, NAME, &context, &data_key).unwrap(), rsa.wrap(NAMESPACE, NAME, &data_key).unwrap()];
        let mut sealer = Sealer::new(context, wrapped, &data_key).unwrap();
        let mut message = sealer.header().to_vec();
        for piece in plaintext(size).chunks(10_007) {
            sealer.push(piece, &mut message).unwrap();
        }
        sealer.finish(&mut message).unwrap();
        let name = format!("message-{index}");
        stage.write(&name, message);
        for keyring in [Keyring::Aes, Keyring::Rsa] {
            let output = format!("opened-{index}-{keyring:?}");
            tasks.push(opening(stage, &reader.keyring(keyring, "open"), &name, &output));
            expected.push((output, size));
        }
    }
    run(stage, "consumer", &tasks);
    for (output, size) in expected {
        assert!(fs::read(stage.path(&output)).unwrap() == plaintext(size), "{output}");
    }
}

/// What `sealroom seal` writes opens with AWS's KMS keyring, for whoever may decrypt, and for nobody else.
#[test]
fn our_sealed_files_are_opened_by_awss_kms_keyring() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let policy = include_str!("../../examples/payments/policy.toml")
        .replace("@KEY_ARN@", &reader.key_arn)
        .replace("@ANALYST_PUBLIC_KEY@", &stage.read("reader.pub.pem"))
        .replace("check = \"\"", &format!("check = \"{}\"", "0".repeat(64)));
    let policy = stage.write("policy.toml", policy);
    let mut tasks = Vec::new();
    let sizes = [0, 1, 3000];
    for records in sizes {
        let input: String = (0..records).map(|record| format!("{{\"number\":{record},\"text\":\"größer {record}\"}}\n")).collect();
        let input = stage.write(&format!("records-{records}"), input);
        let mut command = stage.sealroom("owner");
        command.arg("seal").arg("--policy").arg(&policy).args(["--key-arn", &reader.key_arn, "--dataset", "transactions-2026"]);
        succeed(command.arg(input).arg("--out").arg(stage.path(&format!("sealed-{records}"))));
        tasks.push(opening(stage, &reader.keyring(Keyring::Kms, "open"), &format!("sealed-{records}"), &format!("opened-{records}")));
    }
    assert!(fs::metadata(stage.path("sealed-3000")).unwrap().len() > 65_536, "several frames");
    run(stage, "consumer", &tasks);
    for records in sizes {
        assert_eq!(stage.read(&format!("opened-{records}")), stage.read(&format!("records-{records}")));
    }
    let output = stage.python("operator", "esdk.py").arg("batch").arg(stage.path("tasks.json")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("AccessDeniedException"), "{}", text(&output.stderr));
}

/// Message version 1, suites that do not commit to their key, unframed bodies and altered messages: refused, by name.
#[test]
fn messages_that_are_not_accepted_are_refused_by_name() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let aes = reader.keyring(Keyring::Aes, "seal");
    stage.write("plaintext", plaintext(1000));
    let seal = |output: &str, suite: &str, frame_length| sealing(stage, &aes, "plaintext", output, suite, frame_length, &contexts()[2]);
    run(
        stage,
        "owner",
        &[
            seal("version-1", "0178", 512),
            seal("version-1-signed", "0378", 512),
            seal("unframed", "0478", 0),
            seal("long-frames", "0478", 1024 * 1024 + 1),
            seal("good", "0478", 512),
            seal("signed", "0578", 512),
        ],
    );
    for name in ["version-1", "version-1-signed"] {
        reader.refuses(Keyring::Aes, name, "version 1 is not accepted");
    }
    reader.refuses(Keyring::Aes, "unframed", "unframed body is not accepted");
    reader.refuses(Keyring::Aes, "long-frames", "frame length 1048577 is not accepted");

    let good = fs::read(stage.path("good")).unwrap();
    let (_, header_length) = Header::parse(&good).unwrap().unwrap();
    for (suite, named) in [
        ([0x01, 0x78], "0x0178 has no key commitment"),
        ([0x03, 0x78], "0x0378 has no key commitment"),
        ([0x00, 0x14], "0x0014 has no key commitment"),
        ([0x06, 0x78], "0x0678 is unknown"),
    ] {
        let mut altered = good.clone();
        altered[1..3].copy_from_slice(&suite);
        stage.write("altered", altered);
        reader.refuses(Keyring::Aes, "altered", named);
    }
    // The signed suite's number on an unsigned message: other keys are derived, so nothing fits.
    let mut altered = good.clone();
    altered[1..3].copy_from_slice(&[0x05, 0x78]);
    stage.write("altered", altered);
    reader.refuses(Keyring::Aes, "altered", "altered");

    let signed = fs::read(stage.path("signed")).unwrap();
    let flipped = |message: &[u8], at: usize| {
        let mut altered = message.to_vec();
        altered[at] ^= 1;
        altered
    };
    for (what, altered, named) in [
        ("commitment", flipped(&good, header_length - 17), "not the one that the message commits to"),
        ("header tag", flipped(&good, header_length - 1), "the header was altered"),
        ("a frame", flipped(&good, header_length + 100), "a frame was altered"),
        ("the last tag", flipped(&good, good.len() - 1), "a frame was altered"),
        ("cut off", good[..good.len() - 1].to_vec(), "cut off"),
        ("bytes at the end", [good.as_slice(), b"\0"].concat(), "bytes follow the end"),
        ("signature", flipped(&signed, signed.len() - 1), "signature of the message does not verify"),
        ("no signature", signed[..signed.len() - 50].to_vec(), "cut off"),
    ] {
        println!("{what}");
        stage.write("altered", altered);
        reader.refuses(Keyring::Aes, "altered", named);
    }
    reader.opens(Keyring::Aes, "good", &plaintext(1000));
    reader.opens(Keyring::Aes, "signed", &plaintext(1000));
}
