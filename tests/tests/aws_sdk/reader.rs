//! A reader of sealed messages on a stage: a raw AES key, an RSA key pair and the right to decrypt with a KMS key, each as
//! AWS's SDKs and as the command are told of it. Used by the interop tests.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealroom_shared::arn::KeyArn;
use sealroom_shared::message::raw_aes::WrappingKey;
use sealroom_shared::message::raw_rsa::PublicKey;
use sealroom_shared::message::{DataKey, EncryptedDataKey, EncryptionContext};
use sealroom_testkit::stage::payments::key_policy;
use sealroom_testkit::stage::{Stage, refused, succeed};
use serde_json::Value;

pub const NAMESPACE: &str = "example.org/readers";
pub const NAME: &str = "schlüssel-1";
pub const KEYRINGS: [Keyring; 3] = [Keyring::Aes, Keyring::Rsa, Keyring::Kms];

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Keyring {
    Aes,
    Rsa,
    Kms,
}

pub struct Reader {
    pub stage: Stage,
    pub key_arn: String,
    aes_key: [u8; 32],
}

impl Reader {
    pub fn new() -> Self {
        let stage = Stage::new();
        let key_arn = stage.create_key(&key_policy(
            r#"{"Sid":"ConsumerOpens","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/consumer"},"Action":"kms:Decrypt","Resource":"*"}"#,
        ));
        succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("reader")));
        let aes_key = std::array::from_fn(|index| u8::try_from(index * 7).unwrap());
        stage.write("reader.aes", aes_key);
        Self { stage, key_arn, aes_key }
    }

    /// How AWS's SDKs are told of a key.
    pub fn keyring(&self, keyring: Keyring, direction: &str) -> String {
        let path = |name: &str| self.stage.path(name).display().to_string();
        match keyring {
            Keyring::Aes => format!("aes:{NAMESPACE}:{NAME}:{}", path("reader.aes")),
            Keyring::Rsa => {
                format!("rsa:{NAMESPACE}:{NAME}:{}", path(if direction == "seal" { "reader.pub.pem" } else { "reader.key.pem" }))
            }
            Keyring::Kms => format!("kms:{}", self.key_arn),
        }
    }

    /// A data key of KMS's for this context, wrapped for each of the reader's keys.
    pub fn data_key(&self, context: &EncryptionContext) -> (DataKey, Vec<EncryptedDataKey>) {
        let pairs: serde_json::Map<String, Value> = context.iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        let mut command = self.stage.aws("owner");
        command.args(["kms", "generate-data-key", "--key-id", &self.key_arn, "--key-spec", "AES_256", "--output", "json"]);
        command.arg("--encryption-context").arg(Value::Object(pairs).to_string());
        let answer: Value = serde_json::from_slice(&succeed(&mut command).stdout).unwrap();
        let bytes = |name: &str| STANDARD.decode(answer[name].as_str().unwrap()).unwrap();

        let data_key = DataKey::from_slice(&bytes("Plaintext")).unwrap();
        let aes = WrappingKey::new(&self.aes_key).unwrap();
        let rsa = PublicKey::from_pem(&self.stage.read("reader.pub.pem")).unwrap();
        let wrapped = vec![
            EncryptedDataKey::aws_kms(&KeyArn::parse(&self.key_arn).unwrap(), bytes("CiphertextBlob")),
            aes.wrap(NAMESPACE, NAME, context, &data_key).unwrap(),
            rsa.wrap(NAMESPACE, NAME, &data_key).unwrap(),
        ];
        (data_key, wrapped)
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
    pub fn opens(&self, keyring: Keyring, input: &str, plaintext: &[u8]) {
        succeed(&mut self.open(keyring, NAME, input));
        self.holds("opened", plaintext, &format!("{input} with {keyring:?}"));
    }

    /// Takes a file of the stage away, which has to be `plaintext`.
    pub fn holds(&self, name: &str, plaintext: &[u8], what: &str) {
        assert!(fs::read(self.stage.path(name)).unwrap() == plaintext, "{what}: another plaintext");
        fs::remove_file(self.stage.path(name)).unwrap();
    }

    /// Opens a file, which has to be refused with this text and leave nothing behind.
    pub fn refuses(&self, keyring: Keyring, input: &str, named: &str) {
        self.refuses_as(keyring, NAME, input, named);
    }

    /// As [`Reader::refuses`], with the reader's key under another name.
    pub fn refuses_as(&self, keyring: Keyring, name: &str, input: &str, named: &str) {
        let message = refused(&mut self.open(keyring, name, input));
        assert!(message.contains(named), "{input}: {named}: {message}");
        assert!(!message.contains("panicked"), "{message}");
        let left: Vec<_> = fs::read_dir(self.stage.path("")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("opened")), "{input}: left behind: {left:?}");
    }
}
