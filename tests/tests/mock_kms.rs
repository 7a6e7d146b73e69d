//! The mock KMS as a program, by AWS's own clients: boto3 and the `aws` command.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use sealroom_shared::digest::hex;
use sealroom_testkit::nsm::{Measurements, Root, SoftwareNsm};
use sealroom_testkit::stage::{Stage, succeed, text};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

#[test]
fn boto3_gets_what_kms_is_recorded_to_answer() {
    let stage = Stage::new();
    let folder = documents(&stage);
    let arn = stage.create_key(&attested_policy());
    let output = succeed(stage.python("admin", "mock_kms_boto3.py").arg(&arn).arg(folder));
    assert_eq!(text(&output.stdout).lines().filter(|line| line.ends_with(": ok")).count(), 6);
}

#[test]
fn aws_command_works_unchanged() {
    let stage = Stage::new();
    let arn = stage.create_key(&attested_policy());
    let plaintext = stage.write("plaintext", "a data key");
    let context = ["--encryption-context", "sealroom:kind=input"];
    let mut encrypt = stage.aws("owner");
    encrypt.args(["kms", "encrypt", "--key-id", &arn, "--output", "text", "--query", "CiphertextBlob", "--plaintext"]);
    let encrypted = succeed(encrypt.arg(format!("fileb://{}", plaintext.display())).args(context));
    let sealed = stage.write("sealed", base64(text(&encrypted.stdout).trim()));
    let sealed = format!("fileb://{}", sealed.display());
    let decrypt = |profile: &str, context: &[&str]| {
        let mut command = stage.aws(profile);
        command.args(["kms", "decrypt", "--key-id", &arn, "--ciphertext-blob", &sealed, "--output", "text", "--query", "Plaintext"]);
        command.args(context);
        command
    };
    let opened = succeed(&mut decrypt("consumer", &context));
    assert_eq!(base64(text(&opened.stdout).trim()), b"a data key");

    let failed = |mut command: std::process::Command| {
        let output = command.output().unwrap();
        assert!(!output.status.success());
        text(&output.stderr)
    };
    let denied = failed(decrypt("operator", &context));
    assert!(denied.contains("(AccessDeniedException)") && denied.contains("with an explicit deny in a resource-based policy"), "{denied}");
    let other_context = failed(decrypt("consumer", &["--encryption-context", "sealroom:kind=output"]));
    assert!(other_context.contains("(InvalidCiphertextException)"), "{other_context}");
    let mut data_key = stage.aws("owner");
    data_key.args(["kms", "generate-data-key", "--key-id", &arn, "--key-spec", "AES_256"]);
    let data_key: Value = serde_json::from_slice(&succeed(&mut data_key).stdout).unwrap();
    assert_eq!(base64(data_key["Plaintext"].as_str().unwrap()).len(), 32);

    let log = stage.kms_requests();
    let decrypts: Vec<_> = log.iter().filter(|entry| entry["operation"] == "Decrypt").collect();
    let outcomes: Vec<_> = decrypts.iter().map(|entry| entry["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["ok", "AccessDeniedException", "InvalidCiphertextException"]);
    assert_eq!(decrypts[1]["principal"], "arn:aws:sts::111122223333:assumed-role/operator/sealroom");
    assert_eq!(decrypts[1]["key_arn"], json!(arn));
    assert_eq!(decrypts[1]["encryption_context"], json!({"sealroom:kind": "input"}));
    assert_eq!(decrypts[1]["attested"], json!(false));
}

#[test]
fn restart_keeps_keys_aliases_credentials_and_ca() {
    let mut stage = Stage::new();
    let arn = stage.create_key(&attested_policy());
    succeed(stage.aws("admin").args(["kms", "create-alias", "--alias-name", "alias/kept", "--target-key-id", &arn]));
    let before = (stage.read("kms/ca.pem"), stage.read("kms/credentials"));
    stage.restart_kms(&[]);
    assert_eq!((stage.read("kms/ca.pem"), stage.read("kms/credentials")), before);
    let described = succeed(stage.aws("admin").args(["kms", "describe-key", "--key-id", "alias/kept", "--query", "KeyMetadata.Arn"]));
    assert_eq!(serde_json::from_slice::<Value>(&described.stdout).unwrap(), json!(arn));
    let policy = succeed(stage.aws("admin").args(["kms", "get-key-policy", "--key-id", &arn, "--policy-name", "default"]));
    assert_eq!(serde_json::from_slice::<Value>(&policy.stdout).unwrap()["Policy"], json!(attested_policy()));
}

#[test]
fn private_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    let arn = stage.create_key(&attested_policy());
    assert!(stage.read("kms/keys.json").contains(arn.rsplit('/').next().unwrap()));
    for name in ["ca.key", "credentials", "keys.json"] {
        let mode = fs::metadata(stage.path("kms").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn attested_request_without_the_trust_anchor_is_refused() {
    let stage = Stage::new();
    let folder = documents(&stage);
    let arn = stage.create_key(&attested_policy());
    seal(&stage, &arn, &folder);
    fs::remove_file(stage.path("sim/nsm-root.pem")).unwrap();
    assert_eq!(fault(&stage, &arn, &folder), json!({"code": "ValidationException"}));
    let last = stage.kms_requests().pop().unwrap();
    assert!(last["message"].as_str().unwrap().contains("nsm-root.pem cannot be read"), "{last}");
}

#[test]
fn document_age_is_a_setting() {
    let mut stage = Stage::new();
    let folder = documents(&stage);
    let arn = stage.create_key(&attested_policy());
    seal(&stage, &arn, &folder);
    fs::copy(folder.join("old.cbor"), folder.join("good.cbor")).unwrap();
    assert_eq!(fault(&stage, &arn, &folder), json!({"code": "ValidationException"}));
    stage.restart_kms(&["--max-document-age", "3600"]);
    assert_eq!(fault(&stage, &arn, &folder)["equal"], true);
}

#[test]
fn every_encoding_of_the_answer_opens() {
    let mut stage = Stage::new();
    let folder = documents(&stage);
    let arn = stage.create_key(&attested_policy());
    seal(&stage, &arn, &folder);
    for form in ["constructed", "primitive", "chunked", "definite"] {
        stage.restart_kms(&["--cms-form", form]);
        assert_eq!(fault(&stage, &arn, &folder), answer(true, false, true, Some(32)), "{form}");
    }
}

#[test]
fn faults_happen_as_asked() {
    let mut stage = Stage::new();
    let folder = documents(&stage);
    let arn = stage.create_key(&attested_policy());
    seal(&stage, &arn, &folder);
    let sound = answer(true, false, true, Some(32));
    let tampered = json!({"key_id": true, "plaintext": false, "sealed": true, "opens": false, "equal": false, "length": null});
    let none = json!({"key_id": true, "plaintext": false, "sealed": false, "opens": false, "equal": false, "length": null});
    let instead = json!({"key_id": true, "plaintext": true, "sealed": false, "opens": false, "equal": false, "length": null});
    for (name, expected) in [
        ("throttle", json!({"code": "ThrottlingException"})),
        ("expired-token", json!({"code": "ExpiredTokenException"})),
        ("disconnect", json!({"code": "ConnectionClosedError"})),
        ("plaintext", instead),
        ("plaintext-too", answer(true, true, true, Some(32))),
        ("no-cfr", none),
        ("tampered-cms", tampered),
        ("substituted-key", answer(true, false, false, Some(32))),
        ("short-key", answer(true, false, false, Some(31))),
        ("wrong-key-id", answer(false, false, true, Some(32))),
    ] {
        stage.restart_kms(&["--fault", &format!("{name}:1")]);
        assert_eq!(fault(&stage, &arn, &folder), expected, "{name}");
        assert_eq!(fault(&stage, &arn, &folder), sound, "after {name}");
    }
}

#[test]
fn unknown_fault_is_a_usage_error() {
    let output = std::process::Command::new(sealroom_testkit::bins::bin("sealroom-mock-kms"))
        .args(["--dir", "unused", "--nsm-root", "unused", "--fault", "no-such-fault"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("unknown fault `no-such-fault`"));
}

/// What `mock_kms_fault.py` says of an answer that has a `CiphertextForRecipient` that opens.
fn answer(key_id: bool, plaintext: bool, equal: bool, length: Option<usize>) -> Value {
    json!({"key_id": key_id, "plaintext": plaintext, "sealed": true, "opens": true, "equal": equal, "length": length})
}

fn fault(stage: &Stage, arn: &str, folder: &Path) -> Value {
    let output = succeed(stage.python("operator", "mock_kms_fault.py").arg(arn).arg(folder));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Has the owner seal a data key under `arn`: `sealed.blob` and `sealed.plaintext`.
fn seal(stage: &Stage, arn: &str, folder: &Path) {
    let output = succeed(stage.aws("owner").args(["kms", "generate-data-key", "--key-spec", "AES_256", "--key-id", arn]));
    let key: Value = serde_json::from_slice(&output.stdout).unwrap();
    fs::write(folder.join("sealed.blob"), base64(key["CiphertextBlob"].as_str().unwrap())).unwrap();
    fs::write(folder.join("sealed.plaintext"), base64(key["Plaintext"].as_str().unwrap())).unwrap();
}

/// Attestation documents for the recipient's key, under the stage's trust anchor unless named otherwise.
fn documents(stage: &Stage) -> PathBuf {
    let now = SystemTime::now();
    let root = || Root::kept_in(&stage.path("sim"), now).unwrap();
    fs::create_dir_all(stage.path("sim")).unwrap();
    fs::write(stage.path("sim/nsm-root.pem"), root().pem()).unwrap();
    let folder = stage.path("documents");
    fs::create_dir_all(&folder).unwrap();
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der = key.as_der().unwrap();
    fs::write(folder.join("recipient.pk8.der"), private.as_ref()).unwrap();
    let public = key.public_key();
    let public = Some(public.as_der().unwrap().as_ref().to_vec());
    let earlier = now - Duration::from_secs(600);
    for (name, root, image, debug, time, public) in [
        ("good", root(), image(), false, now, public.clone()),
        ("other-image", root(), Measurements::of(b"other", b"configuration"), false, now, public.clone()),
        ("debug", root(), image(), true, now, public.clone()),
        ("no-key", root(), image(), false, now, None),
        ("not-rsa", root(), image(), false, now, Some(b"not a key".to_vec())),
        ("foreign-root", Root::new(now).unwrap(), image(), false, now, public.clone()),
        ("old", root(), image(), false, earlier, public),
    ] {
        let mut nsm = SoftwareNsm::new(root, &image, debug, time).unwrap();
        let request = Request::Attestation { user_data: None, nonce: None, public_key: public.map(ByteBuf::from) };
        let Response::Attestation { document } = nsm.process(request, time) else { panic!("no document") };
        fs::write(folder.join(format!("{name}.cbor")), document).unwrap();
    }
    folder
}

fn image() -> Measurements {
    Measurements::of(b"program", b"configuration")
}

/// The owner and the consumer may use the key as they like; the operator only from the image, by one Deny per PCR.
fn attested_policy() -> String {
    let role = |name: &str| json!({"AWS": format!("arn:aws:iam::111122223333:role/{name}")});
    let statement = |effect: &str, who: &str, actions: &[&str], condition: Value| json!({"Effect": effect, "Principal": role(who), "Action": actions, "Resource": "*", "Condition": condition});
    let mut statements = vec![
        statement("Allow", "admin", &["kms:*"], json!({})),
        statement("Allow", "owner", &["kms:Encrypt", "kms:GenerateDataKey*"], json!({})),
        statement("Allow", "consumer", &["kms:Decrypt"], json!({})),
        statement("Allow", "operator", &["kms:Decrypt", "kms:GenerateDataKey"], json!({})),
    ];
    for (index, pcr) in [image().pcr0, image().pcr1, image().pcr2].iter().enumerate() {
        let key = format!("kms:RecipientAttestation:PCR{index}");
        let condition = json!({"StringNotEqualsIgnoreCase": {key: hex(pcr)}});
        statements.push(statement("Deny", "operator", &["kms:Decrypt", "kms:GenerateDataKey"], condition));
    }
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
