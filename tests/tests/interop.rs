//! The command and AWS's own Encryption SDKs for Python and for JavaScript, both ways: what one seals the other opens, with
//! raw RSA, raw AES and KMS keys.

mod aws_sdk;

use std::fs;

use sealroom_shared::message::{Header, Sealer, Suite};
use sealroom_testkit::stage::{succeed, text};

use aws_sdk::contents::{contexts, encryption_context, plaintext, sealed};
use aws_sdk::reader::{KEYRINGS, Keyring, Reader};
use aws_sdk::{SDKS, Sdk, opening, sealing};

const SUITES: [(&str, Suite); 2] = [("0478", Suite::Unsigned), ("0578", Suite::Signed)];
const FRAME_LENGTHS: [usize; 5] = [1, 512, 4096, 65_536, 1024 * 1024];
/// The SDKs' frame length and ours.
const WRITTEN: [usize; 2] = [4096, 65_536];
const LARGE: usize = 64 * 1024 * 1024;
/// What AWS's SDKs put the public key of a signed message under.
const PUBLIC_KEY: &str = "aws-crypto-public-key";

#[test]
fn messages_of_the_python_sdk_are_opened() {
    messages_are_opened(Sdk::Python);
}

#[test]
fn messages_of_the_javascript_sdk_are_opened() {
    messages_are_opened(Sdk::JavaScript);
}

/// Suites, frame lengths, sizes around a frame's, contexts and keys: each message that AWS's SDK writes opens.
fn messages_are_opened(sdk: Sdk) {
    let reader = Reader::new();
    let stage = &reader.stage;
    let mut messages = Vec::new();
    let mut tasks = Vec::new();
    for (suite, expected) in SUITES {
        for frame_length in FRAME_LENGTHS {
            let long = (frame_length * 16 + 3).clamp(2003, 1_000_003);
            for size in [0, 1, frame_length, frame_length + 1, long] {
                let input = format!("plaintext-{size}");
                stage.write(&input, plaintext(size));
                for keyring in KEYRINGS {
                    // The keyring wraps the data key, whatever the body: with other frame lengths, KMS is asked once.
                    if keyring == Keyring::Kms && !WRITTEN.contains(&frame_length) && size != frame_length + 1 {
                        continue;
                    }
                    let output = format!("message-{}", messages.len());
                    let context = &contexts()[messages.len() % 3];
                    tasks.push(sealing(stage, &reader.keyring(keyring, "seal"), &input, &output, suite, frame_length, context));
                    messages.push((output, keyring, size, frame_length, expected, context.clone()));
                }
            }
        }
    }
    sdk.run(stage, "owner", &tasks);
    for (message, keyring, size, frame_length, suite, context) in messages {
        let (header, _) = Header::parse(&fs::read(stage.path(&message)).unwrap()).unwrap().unwrap();
        assert_eq!((header.suite(), usize::try_from(header.frame_length()).unwrap()), (suite, frame_length), "{message}");
        // The owner's pairs, and the one that the SDK adds to a signed message.
        assert!(encryption_context(&context).iter().all(|(key, value)| header.context().get(key) == Some(value)), "{message}");
        assert_eq!(header.context().get(PUBLIC_KEY).is_some(), suite == Suite::Signed, "{message}");
        assert_eq!(header.context().iter().count(), context.as_object().unwrap().len() + usize::from(suite == Suite::Signed));
        reader.opens(keyring, &message, &plaintext(size));
    }
}

#[test]
fn large_messages_of_the_python_sdk_are_opened() {
    large_messages_are_opened(Sdk::Python);
}

#[test]
fn large_messages_of_the_javascript_sdk_are_opened() {
    large_messages_are_opened(Sdk::JavaScript);
}

/// 64 MiB in each suite and in frames of the SDK's and of our length.
fn large_messages_are_opened(sdk: Sdk) {
    let reader = Reader::new();
    let stage = &reader.stage;
    let plaintext = plaintext(LARGE);
    stage.write("plaintext", &plaintext);
    let mut keyrings = KEYRINGS.into_iter().cycle();
    let mut messages = Vec::new();
    let mut tasks = Vec::new();
    for (suite, _) in SUITES {
        for frame_length in WRITTEN {
            let (keyring, message) = (keyrings.next().unwrap(), format!("message-{suite}-{frame_length}"));
            let key = reader.keyring(keyring, "seal");
            tasks.push(sealing(stage, &key, "plaintext", &message, suite, frame_length, &contexts()[2]));
            messages.push((keyring, message));
        }
    }
    sdk.run(stage, "owner", &tasks);
    for (keyring, message) in messages {
        reader.opens(keyring, &message, &plaintext);
        fs::remove_file(stage.path(&message)).unwrap();
    }
}

/// Several encrypted data keys, as AWS's multi-keyrings write them: each reader finds its own.
#[test]
fn a_message_of_awss_sdks_for_several_readers_opens_for_each() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let all = [Keyring::Kms, Keyring::Aes, Keyring::Rsa].map(|keyring| reader.keyring(keyring, "seal")).join("|");
    stage.write("plaintext", plaintext(10_000));
    for sdk in SDKS {
        let message = format!("message-{sdk:?}");
        sdk.run(stage, "owner", &[sealing(stage, &all, "plaintext", &message, "0578", 512, &contexts()[2])]);
        for keyring in KEYRINGS {
            reader.opens(keyring, &message, &plaintext(10_000));
        }
        for keyring in [Keyring::Aes, Keyring::Rsa] {
            reader.refuses_as(keyring, "another", &message, "no-key");
        }
    }
    succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("stranger")));
    fs::rename(stage.path("stranger.key.pem"), stage.path("reader.key.pem")).unwrap();
    stage.write("reader.aes", [9; 32]);
    for sdk in SDKS {
        reader.refuses(Keyring::Rsa, &format!("message-{sdk:?}"), "no-key");
        reader.refuses(Keyring::Aes, &format!("message-{sdk:?}"), "no-key");
    }
}

/// Made with the shared package, as the enclave and the command use it: each SDK opens them with each keyring.
#[test]
fn our_messages_are_opened_by_awss_sdks() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let keys = contexts().map(|pairs| {
        let context = encryption_context(&pairs);
        let (data_key, wrapped) = reader.data_key(&context);
        (context, data_key, wrapped)
    });
    let mut messages = Vec::new();
    for frame_length in WRITTEN {
        for size in [0, 1, frame_length - 1, frame_length, frame_length + 1, 1_000_003] {
            let (context, data_key, wrapped) = &keys[messages.len() % 3];
            let length = u32::try_from(frame_length).unwrap();
            let sealer = Sealer::with_frame_length(context.clone(), wrapped.clone(), data_key, length).unwrap();
            let name = format!("message-{}", messages.len());
            stage.write(&name, sealed(sealer, &plaintext(size)));
            messages.push((name, size));
        }
    }
    for sdk in SDKS {
        let mut tasks = Vec::new();
        for (name, _) in &messages {
            for keyring in KEYRINGS {
                tasks.push(opening(stage, &reader.keyring(keyring, "open"), name, &format!("opened-{name}-{keyring:?}")));
            }
        }
        sdk.run(stage, "consumer", &tasks);
        for (name, size) in &messages {
            for keyring in KEYRINGS {
                reader.holds(&format!("opened-{name}-{keyring:?}"), &plaintext(*size), &format!("{name} of {size} by {sdk:?}"));
            }
        }
    }
}

/// 64 MiB, in frames of the SDKs' and of our length.
#[test]
fn our_large_messages_are_opened_by_awss_sdks() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let plaintext = plaintext(LARGE);
    let context = encryption_context(&contexts()[2]);
    let (data_key, wrapped) = reader.data_key(&context);
    for frame_length in WRITTEN {
        let length = u32::try_from(frame_length).unwrap();
        let sealer = Sealer::with_frame_length(context.clone(), wrapped.clone(), &data_key, length).unwrap();
        stage.write(&format!("message-{frame_length}"), sealed(sealer, &plaintext));
    }
    let mut keyrings = KEYRINGS.into_iter().cycle();
    for sdk in SDKS {
        let mut tasks = Vec::new();
        for frame_length in WRITTEN {
            let key = reader.keyring(keyrings.next().unwrap(), "open");
            tasks.push(opening(stage, &key, &format!("message-{frame_length}"), &format!("opened-{frame_length}")));
        }
        sdk.run(stage, "consumer", &tasks);
        for frame_length in WRITTEN {
            reader.holds(&format!("opened-{frame_length}"), &plaintext, &format!("{sdk:?}, frames of {frame_length}"));
        }
    }
}

/// What `sealroom seal` writes opens with AWS's KMS keyrings, for whoever may decrypt, and for nobody else.
#[test]
fn our_sealed_files_are_opened_by_awss_kms_keyrings() {
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
    for sdk in SDKS {
        sdk.run(stage, "consumer", &tasks);
        for records in sizes {
            let records_sealed = fs::read(stage.path(&format!("records-{records}"))).unwrap();
            reader.holds(&format!("opened-{records}"), &records_sealed, &format!("{records} records by {sdk:?}"));
        }
        let output = sdk.batch(stage, "operator", &tasks).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("AccessDeniedException"), "{sdk:?}: {}", text(&output.stderr));
    }
}

/// Message version 1, suites that do not commit to their key, unframed bodies and altered messages: refused, by name.
#[test]
fn messages_that_are_not_accepted_are_refused_by_name() {
    let reader = Reader::new();
    let stage = &reader.stage;
    let aes = reader.keyring(Keyring::Aes, "seal");
    stage.write("plaintext", plaintext(1000));
    let seal = |output: &str, suite: &str, frame_length| sealing(stage, &aes, "plaintext", output, suite, frame_length, &contexts()[2]);
    Sdk::Python.run(
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
    Sdk::JavaScript.run(stage, "owner", &[seal("javascript-1", "0178", 512), seal("javascript-1-signed", "0378", 512)]);
    for name in ["version-1", "version-1-signed", "javascript-1", "javascript-1-signed"] {
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
