//! Manifests that go with a policy and manifests that do not, by headers that nobody could open.

use sealroom_shared::message::{DataKey, EncryptedDataKey, EncryptionContext, Sealer};

use super::*;

fn policy(whole: bool) -> Policy {
    let text = format!(
        "version = 1\nname = \"n\"\ndatasets = [\"d\"]\nkeys = [\"arn:aws:kms:eu-central-1:111122223333:key/1\"]\n\
         input = {{ format = \"ndjson\", form = \"fields\", on_error = \"fail\", whole = {whole} }}\n\
         release.records = {{ max_records = 1 }}\n\
         recipients = [{{ name = \"r\", kms_key = \"arn:aws:kms:eu-central-1:111122223333:key/2\" }}]\n\
         [fields.card]\nsealed = true\nkeep = true\n"
    );
    Policy::parse(text.as_bytes()).expect("a policy")
}

fn message(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut context = EncryptionContext::new();
    for (key, value) in pairs {
        context.insert(key, value).expect("a pair");
    }
    let wrapped = EncryptedDataKey { provider_id: "aws-kms".to_owned(), provider_info: b"arn".to_vec(), ciphertext: vec![7; 184] };
    let sealer = Sealer::new(context, vec![wrapped], &DataKey::random().expect("a key")).expect("a sealer");
    let mut message = sealer.header().to_vec();
    sealer.finish(&mut message).expect("sealed");
    message
}

fn code(inputs: &[&str], manifest: Option<&[u8]>, whole: bool) -> Option<&'static str> {
    let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
    to_send(&inputs, manifest.map(|message| (Path::new("m"), message)), &policy(whole)).err().map(|failure| failure.code())
}

#[test]
fn one_file_goes_with_its_manifest() {
    let digest = policy(true).digest().to_string();
    let of = |digest: &str| message(&[(binding::KIND, binding::MANIFEST), (binding::POLICY, digest), (binding::DATASET, "d")]);
    assert_eq!(code(&["in"], Some(&of(&digest)), true), None);
    assert_eq!(code(&["in"], Some(&of(&policy(false).digest().to_string())), true), Some("policy-mismatch"));
    assert_eq!(code(&["in"], None, false), None);
    assert_eq!(code(&["in"], None, true), Some("input-set"));
    assert_eq!(code(&["in", "other"], Some(&of(&digest)), true), Some("usage"));
    assert_eq!(code(&["/"], Some(&of(&digest)), true), Some("usage"));
}

#[test]
fn what_is_no_manifest_of_the_policy_is_refused() {
    let digest = policy(true).digest().to_string();
    let whole = message(&[(binding::KIND, binding::MANIFEST), (binding::POLICY, &digest), (binding::DATASET, "d")]);
    for (message, expected) in [
        (message(&[(binding::KIND, binding::MANIFEST), (binding::DATASET, "d")]), "policy-absent"),
        (message(&[(binding::KIND, binding::INPUT), (binding::POLICY, &digest), (binding::DATASET, "d")]), "input-corrupt"),
        (message(&[(binding::KIND, binding::TOKEN_KEY), (binding::POLICY, &digest), (binding::DATASET, "d")]), "input-corrupt"),
        (message(&[(binding::KIND, binding::MANIFEST), (binding::POLICY, &digest), (binding::DATASET, "e")]), "policy-mismatch"),
        (message(&[(binding::KIND, binding::MANIFEST), (binding::POLICY, &digest)]), "input-corrupt"),
        (whole[..40].to_vec(), "input-corrupt"),
        (b"{\"digest\":1}".to_vec(), "input-corrupt"),
        (Vec::new(), "input-corrupt"),
    ] {
        assert_eq!(code(&["in"], Some(&message), true), Some(expected));
    }
}
