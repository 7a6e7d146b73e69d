//! What the tests of the mock KMS share: documents of a software NSM, a guarded key, and several mocks on one folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use sealroom_shared::digest::hex;
use sealroom_testkit::bins::bin;
use sealroom_testkit::nsm::{Measurements, Root, SoftwareNsm};
use sealroom_testkit::stage::{Process, Stage, succeed, text};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

/// How old the document `old` is.
pub const DOCUMENT_AGE: Duration = Duration::from_secs(600);

pub fn image() -> Measurements {
    Measurements::of(b"program", b"configuration")
}

pub fn other_image() -> Measurements {
    Measurements::of(b"other", b"another configuration")
}

/// Attestation documents for the recipient's key, under the stage's trust anchor unless named otherwise; the recipient's
/// private key; the image's PCRs.
pub fn documents(stage: &Stage) -> PathBuf {
    let now = SystemTime::now();
    let root = || Root::kept_in(&stage.path("sim"), now).unwrap();
    fs::create_dir_all(stage.path("sim")).unwrap();
    fs::write(stage.path("sim/nsm-root.pem"), root().pem()).unwrap();
    let folder = stage.path("documents");
    fs::create_dir_all(&folder).unwrap();
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der = key.as_der().unwrap();
    fs::write(folder.join("recipient.pk8.der"), private.as_ref()).unwrap();
    let pcrs = json!({"PCR0": hex(&image().pcr0), "PCR1": hex(&image().pcr1), "PCR2": hex(&image().pcr2)});
    fs::write(folder.join("pcrs.json"), pcrs.to_string()).unwrap();
    let public = key.public_key();
    let public = Some(public.as_der().unwrap().as_ref().to_vec());
    let earlier = now - DOCUMENT_AGE;
    for (name, root, image, debug, time, public) in [
        ("good", root(), image(), false, now, public.clone()),
        ("other-image", root(), other_image(), false, now, public.clone()),
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

/// Makes a key that the operator uses from the image alone, and has the owner seal a data key under it. The key's ARN.
pub fn seal(stage: &Stage, folder: &Path) -> String {
    fs::write(folder.join("policy.json"), attested_policy()).unwrap();
    let output = succeed(stage.python("admin", "mock_kms_seal.py").arg(folder));
    text(&output.stdout).trim().to_owned()
}

/// Starts a mock KMS for each name, with these arguments, on the stage's folder; has each asked twice for an attested
/// Decrypt; and returns what `mock_kms_fault.py` says of the answers.
pub fn with_mocks(stage: &Stage, arn: &str, folder: &Path, mocks: &[(&str, &[&str])]) -> Vec<Value> {
    let mut script = stage.python("operator", "mock_kms_fault.py");
    script.arg(arn).arg(folder);
    let start = |arguments: &[&str]| {
        let mut command = Command::new(bin("sealroom-mock-kms"));
        command.arg("--dir").arg(stage.path("kms")).args(arguments);
        Process::start("mock-kms", command)
    };
    let running: Vec<_> = mocks.iter().map(|(_, arguments)| start(arguments)).collect();
    for ((name, _), kms) in mocks.iter().zip(&running) {
        script.arg(format!("{name}=https://{}", kms.wait_for("listening ")));
    }
    let output = succeed(&mut script);
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The owner and the consumer may use the key as they like; the operator only from the image, by one Deny per PCR.
fn attested_policy() -> String {
    let role = |name: &str| json!({"AWS": format!("arn:aws:iam::111122223333:role/{name}")});
    let allow = |who: &str, actions: &[&str]| json!({"Effect": "Allow", "Principal": role(who), "Action": actions, "Resource": "*"});
    let uses = ["kms:Decrypt", "kms:GenerateDataKey"];
    let mut statements =
        vec![allow("admin", &["kms:*"]), allow("owner", &["kms:Encrypt", "kms:GenerateDataKey*"]), allow("operator", &uses)];
    for (index, pcr) in [image().pcr0, image().pcr1, image().pcr2].iter().enumerate() {
        statements.push(json!({
            "Sid": format!("OnlyPcr{index}"), "Effect": "Deny", "Principal": role("operator"), "Action": uses, "Resource": "*",
            "Condition": {"StringNotEqualsIgnoreCase": {format!("kms:RecipientAttestation:PCR{index}"): hex(pcr)}},
        }));
    }
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}
