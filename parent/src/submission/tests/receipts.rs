//! What `submit` finds in a receipt.

use sealroom_shared::{
    arn::KeyArn,
    digest::{Sha384Digest, hex},
    receipt::{Attested, Input, Manifest, NamedDigest, Output, Receipt, Statement, user_data_of},
};

use super::*;
use crate::submission::check::Submitted;

fn an_input(digest: Blake3Digest) -> Input {
    let key_arn = KeyArn::parse("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab").expect("an ARN");
    Input::File { message_id: "00".into(), dataset: "d".into(), set: "00".into(), part: "1/1".into(), key_arn, digest }
}

/// A receipt whose document is well formed and signed by nobody: `compare` verifies no signature.
fn receipt_for(submitted: &Submitted, change: impl Fn(&mut Statement), nonce: &[u8], public_key: &str) -> Vec<u8> {
    let mut statement = Statement {
        version: Statement::VERSION,
        enclave: "0.1.0".into(),
        policy: NamedDigest { name: "p".into(), digest: submitted.policy },
        job: NamedDigest { name: "records".into(), digest: submitted.job },
        inputs: submitted.inputs.iter().map(|digest| an_input(*digest)).collect(),
        token_keys: vec![],
        outputs: vec![Output { message_id: "00".into(), recipients: vec![], digest: submitted.output }],
        kms_requests: vec![],
        attested: Attested { authorized: 1, finished: 2 },
        counts: None,
    };
    change(&mut statement);
    let statement = statement.to_canonical().expect("canonical");
    let text = |text: &str| format!("{:02x}{}", 0x60 + text.len(), hex(text.as_bytes()));
    let bytes = |bytes: &[u8]| format!("58{:02x}{}", bytes.len(), hex(bytes));
    let payload = [
        "a9".to_owned(),
        text("module_id") + &text("i"),
        text("digest") + &text("SHA384"),
        text("timestamp") + "01",
        text("pcrs") + "a100" + &bytes(&[1; 48]),
        text("certificate") + &bytes(&[1]),
        text("cabundle") + "81" + &bytes(&[1]),
        text("public_key") + public_key,
        text("user_data") + &bytes(user_data_of(&statement).as_bytes()),
        text("nonce") + &bytes(nonce),
    ]
    .concat();
    let document = format!("8444a1013822a059{:04x}{payload}{}", payload.len() / 2, bytes(&[1; 96]));
    let document = (0..document.len()).step_by(2).map(|at| u8::from_str_radix(&document[at..at + 2], 16).expect("hex"));
    Receipt { statement, document: document.collect() }.to_file()
}

#[test]
fn receipt_counts_only_for_this_very_submission() {
    let submitted = Submitted {
        nonce: [7; 32],
        policy: Sha384Digest::of(b"policy"),
        job: Sha384Digest::of(b"job"),
        inputs: vec![blake3_of(b"first"), blake3_of(b"second")],
        manifest: None,
        output: blake3_of(b"output"),
    };
    let other = Sha384Digest::of(b"other");
    let compare = |receipt: Vec<u8>| submitted.compare(&receipt).map_err(|failure| failure.code());
    assert!(compare(receipt_for(&submitted, |_| {}, &[7; 32], "f6")).is_ok());
    assert_eq!(compare(receipt_for(&submitted, |_| {}, &[8; 32], "f6")), Err("receipt"));
    assert_eq!(compare(receipt_for(&submitted, |_| {}, &[7; 32], "4101")), Err("receipt"));
    assert_eq!(compare(receipt_for(&submitted, |statement| statement.policy.digest = other, &[7; 32], "f6")), Err("receipt"));
    assert_eq!(compare(receipt_for(&submitted, |statement| statement.job.digest = other, &[7; 32], "f6")), Err("receipt"));
    let inputs =
        |change: &dyn Fn(&mut Vec<Input>)| compare(receipt_for(&submitted, |statement| change(&mut statement.inputs), &[7; 32], "f6"));
    assert_eq!(inputs(&|inputs| inputs.clear()), Err("receipt"));
    assert_eq!(inputs(&|inputs| inputs.truncate(1)), Err("receipt"));
    assert_eq!(inputs(&|inputs| inputs.reverse()), Err("receipt"));
    assert_eq!(inputs(&|inputs| inputs.push(an_input(blake3_of(b"third")))), Err("receipt"));
    assert_eq!(inputs(&|inputs| inputs[1] = an_input(blake3_of(b"other"))), Err("receipt"));
    assert_eq!(compare(receipt_for(&submitted, |statement| statement.outputs.clear(), &[7; 32], "f6")), Err("receipt"));
    assert_eq!(compare(b"{}".to_vec()), Err("receipt"));
}

#[test]
fn receipt_names_the_manifest_that_was_sent_and_no_other() {
    let submitted = |manifest: Option<&[u8]>| Submitted {
        nonce: [7; 32],
        policy: Sha384Digest::of(b"policy"),
        job: Sha384Digest::of(b"job"),
        inputs: vec![blake3_of(b"records")],
        manifest: manifest.map(blake3_of),
        output: blake3_of(b"output"),
    };
    let sealed: [Option<&[u8]>; 3] = [None, Some(b"one"), Some(b"other")];
    for sent in sealed {
        for stated in sealed {
            let submitted = submitted(sent);
            let manifest = stated.map(|sealed| Manifest { message_id: "00".into(), digest: blake3_of(sealed) });
            let fields = |digest| Input::Fields { datasets: vec!["d".into()], manifest: manifest.clone(), digest };
            let receipt = receipt_for(&submitted, |statement| statement.inputs = vec![fields(submitted.inputs[0])], &[7; 32], "f6");
            assert_eq!(submitted.compare(&receipt).is_ok(), sent == stated, "{sent:?} {stated:?}");
        }
    }
    let submitted = submitted(Some(b"one"));
    assert!(submitted.compare(&receipt_for(&submitted, |_| {}, &[7; 32], "f6")).is_err(), "a sealed file's input");
}
