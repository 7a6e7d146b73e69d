//! `sealroom rebind`: a sealed file passes to a new policy with the owner's own Decrypt, or is refused and nothing is left.

mod aws_sdk;
mod owner;

use std::fs;
use std::process::Stdio;

use sealroom_shared::message::{DataKey, EncryptedDataKey, EncryptionContext, Header, Sealer};
use sealroom_testkit::stage::payments::{key_policy, key_policy_unattested};
use sealroom_testkit::stage::{refused, succeed, text};
use serde_json::{Value, json};

use aws_sdk::{opening, run, sealing};
use owner::{OWNER_DECRYPTS, Owner};

/// Promise P2 after a rebind: each file serves its own policy and no other, and the rows are the same.
#[test]
fn rebound_files_serve_the_new_policy_alone() {
    let owner = Owner::new(2000);
    let (payments, stage) = (&owner.payments, owner.stage());
    let report = owner.rebind("in.sealed", "in-2.sealed");
    let token_report = owner.rebind("customer.token", "customer-2.token");
    assert_eq!(token_report["domain"], "customer");
    let enclave = payments.start_trusted_enclave();

    succeed(&mut payments.submit(&enclave));
    succeed(&mut payments.open(&enclave));
    let rows = stage.read("out.ndjson");
    assert!(rows.lines().count() > 10);
    for left in ["out.sealed", "out.receipt.json", "out.ndjson"] {
        fs::remove_file(stage.path(left)).unwrap();
    }
    let submit = |policy: &str, input: &str| payments.submit_files(&enclave, policy, "job.toml", input);
    payments.refused_as("policy-mismatch", &mut submit("policy.toml", "in-2.sealed"));
    payments.refused_as("policy-mismatch", &mut submit("policy-2.toml", "in.sealed"));
    // The token key that stayed behind is bound to the first policy.
    payments.refused_as("policy-mismatch", &mut submit("policy-2.toml", "in-2.sealed"));
    fs::copy(stage.path("customer-2.token"), stage.path("customer.token")).unwrap();

    let done = succeed(submit("policy-2.toml", "in-2.sealed").arg("--json"));
    succeed(&mut payments.open(&enclave));
    assert_eq!(stage.read("out.ndjson"), rows, "the same rows and tokens");
    let input = serde_json::from_slice::<Value>(&done.stdout).unwrap()["statement"]["inputs"][0].clone();
    for key in ["message_id", "digest", "dataset", "set", "part"] {
        assert_eq!(input[key], report[key], "{key}: the receipt's word and rebind's");
    }
    assert_eq!(report["policy_digest"], owner.digest(&owner.to));
}

/// Everything that would make the new message's frames depend on the old one's is new; what the owner said of the data stays.
#[test]
fn rebound_message_shares_plaintext_and_context_and_no_key() {
    let owner = Owner::new(300);
    let (old, report) = (owner.header("in.sealed"), owner.rebind("in.sealed", "in-2.sealed"));
    let new = owner.header("in-2.sealed");
    assert!(old.message_id() != new.message_id(), "another message id, so another content key");
    assert_ne!(old.encrypted_data_keys()[0].ciphertext, new.encrypted_data_keys()[0].ciphertext);
    assert_eq!(owner.calls()[owner.calls().len() - 2..], ["Decrypt", "GenerateDataKey"]);
    let pairs = |header: &Header| -> Vec<(String, String)> {
        let pairs = header.context().iter().filter(|(key, _)| *key != "sealroom:policy-sha384");
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    assert_eq!(pairs(&old), pairs(&new));
    assert_eq!(new.context().get("sealroom:policy-sha384"), report["policy_digest"].as_str());
    assert!(owner.plaintext("in-2.sealed") == fs::read(owner.stage().path("in.ndjson")).unwrap());
}

#[test]
fn dataset_and_key_change_where_the_owner_says_so() {
    let owner = Owner::new(300);
    let other = owner.stage().create_key(&key_policy(OWNER_DECRYPTS));
    let to = owner.policy("policy-3.toml", |text| text.replace("transactions-2026", "archive").replace(&owner.payments.key_arn, &other));
    let rebind = |more: &[&str]| {
        let mut command = owner.between(&owner.payments.policy, &to);
        command.args(more).arg(owner.stage().path("in.sealed"));
        command
    };
    owner.refuses("the dataset is not listed", "dataset-not-allowed", &[], &mut rebind(&["--key-arn", &other]));
    owner.refuses("the key is not listed", "key-not-allowed", &[], &mut rebind(&["--dataset", "archive"]));
    let old_key = ["--dataset", "archive", "--key-arn", &owner.payments.key_arn];
    owner.refuses("the named key is not listed", "key-not-allowed", &[], &mut rebind(&old_key));
    succeed(rebind(&["--dataset", "archive", "--key-arn", &other]).arg("--out").arg(owner.stage().path("in-3.sealed")));
    let header = owner.header("in-3.sealed");
    assert_eq!(header.context().get("sealroom:dataset"), Some("archive"));
    assert_eq!(header.encrypted_data_keys()[0].provider_info, other.as_bytes());
}

/// A file of the stage that the policies do not fit is refused before KMS is asked for anything.
#[test]
fn files_that_do_not_fit_the_policies_are_refused_before_kms_is_asked() {
    let owner = Owner::new(300);
    let stage = owner.stage();
    let digest = owner.digest(&owner.payments.policy);
    let with = |pairs: &[(&str, &str)], arn: &str| {
        let mut context = EncryptionContext::new();
        pairs.iter().for_each(|(key, value)| context.insert(key, value).unwrap());
        let key = EncryptedDataKey { provider_id: "aws-kms".into(), provider_info: arn.as_bytes().to_vec(), ciphertext: vec![9; 40] };
        let sealer = Sealer::new(context, vec![key], &DataKey::from_bytes([3; 32])).unwrap();
        let mut message = sealer.header().to_vec();
        sealer.finish(&mut message).unwrap();
        message
    };
    let arn = &owner.payments.key_arn;
    let bound = ("sealroom:policy-sha384", digest.as_str());
    let input = ("sealroom:kind", "input");
    let cases = [
        ("no policy", "policy-absent", with(&[input], arn)),
        ("an output", "wrong-kind", with(&[("sealroom:kind", "output"), ("sealroom:source-policy-sha384", &digest)], arn)),
        ("no kind", "wrong-kind", with(&[bound], arn)),
        ("a manifest", "wrong-kind", with(&[bound, ("sealroom:kind", "manifest")], arn)),
        ("no dataset", "dataset-not-allowed", with(&[bound, input], arn)),
        ("another key", "key-not-allowed", with(&[bound, input, ("sealroom:dataset", "transactions-2026")], &arn.replace("key/", "key/0"))),
        ("an unknown domain", "no-such-domain", with(&[bound, ("sealroom:kind", "token-key"), ("sealroom:domain", "x")], arn)),
        ("no message", "not-a-message", b"{\"card\":\"x\"}\n".to_vec()),
        ("half a header", "not-a-message", with(&[bound, input], arn)[..60].to_vec()),
    ];
    for (what, code, message) in cases {
        let path = stage.write("case", message);
        owner.refuses(what, code, &[], owner.command().arg(path));
    }
    let (sealed, token) = (stage.path("in.sealed"), stage.path("customer.token"));
    owner.refuses("another policy", "policy-mismatch", &[], owner.between(&owner.to, &owner.payments.policy).arg(&sealed));
    owner.refuses("the same policy", "usage", &[], owner.between(&owner.payments.policy, &owner.payments.policy).arg(&sealed));
    owner.refuses("a token key's dataset", "usage", &[], owner.command().args(["--dataset", "transactions-2026"]).arg(&token));
    let other_check = |text: String| {
        let at = text.find("check = \"").unwrap() + 9;
        let digit = if &text[at..=at] == "0" { "1" } else { "0" };
        format!("{}{digit}{}", &text[..at], &text[at + 1..])
    };
    let to = owner.policy("other-check.toml", other_check);
    owner.refuses("another secret", "other-secret", &[], owner.between(&owner.payments.policy, &to).arg(&token));
    owner.refuses("standard input twice", "usage", &[], owner.between(&"-".into(), &owner.to).arg("-"));

    // What is there stays, unless the owner says so.
    let before = fs::read(&sealed).unwrap();
    let message = refused(owner.command().arg(&sealed).arg("--out").arg(&sealed));
    assert!(message.contains("[exists]") && fs::read(&sealed).unwrap() == before, "{message}");
    succeed(owner.command().arg(&sealed).arg("--out").arg(&sealed).arg("--force"));
    assert!(owner.plaintext("in.sealed") == fs::read(stage.path("in.ndjson")).unwrap(), "replaced by the rebound file, whole");
}

/// Promise P5 for the owner: a damaged file is not carried over, whatever is damaged.
#[test]
fn damaged_files_are_refused_and_nothing_is_published() {
    let owner = Owner::new(3000);
    let good = fs::read(owner.stage().path("in.sealed")).unwrap();
    let header_length = Header::parse(&good).unwrap().unwrap().1;
    assert!(good.len() > 3 * 65_536, "several frames");
    let flipped = |at: usize| {
        let mut altered = good.clone();
        altered[at] ^= 1;
        altered
    };
    let opened = ["Decrypt", "GenerateDataKey"];
    let cases: [(&str, &str, &[&str], Vec<u8>); 7] = [
        ("header tag", "altered", &["Decrypt"], flipped(header_length - 1)),
        ("commitment", "altered", &["Decrypt"], flipped(header_length - 17)),
        ("first frame", "altered", &opened, flipped(header_length + 100)),
        ("last tag", "altered", &opened, flipped(good.len() - 1)),
        ("cut off", "altered", &opened, good[..good.len() - 1].to_vec()),
        ("cut between frames", "altered", &opened, good[..header_length + 65_536 + 32].to_vec()),
        ("bytes at the end", "altered", &opened, [good.as_slice(), b"\0"].concat()),
    ];
    for (what, code, calls, message) in cases {
        let path = owner.stage().write("case", message);
        owner.refuses(what, code, calls, owner.command().arg(path));
    }
    let dataset = good.windows(17).position(|bytes| bytes == b"transactions-2026").unwrap();
    let to = owner.policy("2027.toml", |text| text.replace("transactions-2026", "transactions-2027"));
    let path = owner.stage().write("case", flipped(dataset + 16));
    owner.refuses("context", "kms-denied", &["Decrypt"], owner.between(&owner.payments.policy, &to).arg(path));

    // Without the owner's own Decrypt there is no rebinding.
    owner.stage().put_key_policy(&owner.payments.key_arn, &key_policy_unattested());
    owner.refuses("no Decrypt", "kms-denied", &["Decrypt"], owner.command().arg(owner.stage().path("in.sealed")));
}

/// Through pipes as through files; what a refusal leaves in a pipe is no whole message.
#[test]
fn pipes_carry_a_whole_message_or_one_without_its_end() {
    let owner = Owner::new(3000);
    let stage = owner.stage();
    let piped = |input: &str| {
        let input = fs::File::open(stage.path(input)).unwrap();
        owner.command().args(["-", "--out", "-"]).stdin(Stdio::from(input)).output().unwrap()
    };
    let done = piped("in.sealed");
    assert!(done.status.success(), "{}", text(&done.stderr));
    stage.write("piped", &done.stdout);
    assert!(owner.plaintext("piped") == fs::read(stage.path("in.ndjson")).unwrap());

    let mut altered = fs::read(stage.path("in.sealed")).unwrap();
    *altered.last_mut().unwrap() ^= 1;
    stage.write("altered", altered);
    let broken = piped("altered");
    assert_eq!(broken.status.code(), Some(1));
    stage.write("piped", &broken.stdout);
    let mut open = stage.sealroom("owner");
    open.args(["open", "--kms", "--key-arn", &owner.payments.key_arn, "--unverified-origin"]).arg(stage.path("piped"));
    let message = refused(open.arg("--out").arg(stage.path("opened")));
    assert!(message.contains("cut off"), "{message}");
    let both = owner.command().args(["--json", "--out", "-"]).arg(stage.path("in.sealed")).output().unwrap();
    assert_eq!(both.status.code(), Some(2));
}

/// A message that AWS's SDK signed: rebound once its signature has verified, and unsigned from then on.
#[test]
fn signed_message_is_rebound_once_its_signature_has_verified() {
    let owner = Owner::new(1000);
    let stage = owner.stage();
    let context = json!({
        "sealroom:kind": "input", "sealroom:policy-sha384": owner.digest(&owner.payments.policy), "sealroom:dataset": "transactions-2026",
        "sealroom:set": "00112233445566778899aabbccddeeff", "sealroom:part": "1/1", "department": "cards",
    });
    let kms = format!("kms:{}", owner.payments.key_arn);
    run(stage, "owner", &[sealing(stage, &kms, "in.ndjson", "signed", "0578", 4096, &context)]);
    let signed = fs::read(stage.path("signed")).unwrap();
    let mut altered = signed.clone();
    *altered.last_mut().unwrap() ^= 1;
    let calls = ["Decrypt", "GenerateDataKey"];
    for (what, message) in [("signature", altered), ("no signature", signed[..signed.len() - 50].to_vec())] {
        let path = stage.write("case", message);
        owner.refuses(what, "altered", &calls, owner.command().arg(path));
    }
    owner.rebind("signed", "in-2.sealed");
    let header = owner.header("in-2.sealed");
    let keys: Vec<_> = header.context().iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["department", "sealroom:dataset", "sealroom:kind", "sealroom:part", "sealroom:policy-sha384", "sealroom:set"]);
    assert_eq!(header.suite().id(), 0x0478);
    run(stage, "owner", &[opening(stage, &kms, "in-2.sealed", "by-sdk")]);
    assert!(fs::read(stage.path("by-sdk")).unwrap() == fs::read(stage.path("in.ndjson")).unwrap(), "AWS's SDK opens it as well");
    assert!(owner.plaintext("in-2.sealed") == fs::read(stage.path("in.ndjson")).unwrap());
}
