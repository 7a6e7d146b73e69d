//! Files whose headers say one thing or another; nobody could open any of them.

use sealroom_shared::{
    arn::KeyArn,
    message::{DataKey, EncryptedDataKey, Sealer},
};

use super::*;

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const SET: &str = "00112233445566778899aabbccddeeff";
const OTHER_SET: &str = "ffeeddccbbaa99887766554433221100";

fn policy(whole: bool) -> Policy {
    let text = format!(
        "version = 1\nname = \"cards\"\ndatasets = [\"cards\", \"more\"]\nkeys = [\"{ARN}\"]\n[input]\nformat = \"ndjson\"\nform = \"file\"\n\
         on_error = \"fail\"\nwhole = {whole}\n[fields.amount]\nkeep = true\n[release.records]\nmax_records = 10\n\
         [[recipients]]\nname = \"warehouse\"\nkms_key = \"{}\"\n",
        ARN.replace("1234abcd", "00000000")
    );
    Policy::parse(text.as_bytes()).expect("a policy")
}

/// A folder of sealed files.
struct Files(tempfile::TempDir, Policy);

impl Files {
    fn under(policy: Policy) -> Self {
        Self(tempfile::tempdir().expect("folder"), policy)
    }

    /// Seals nothing under the context of an input, with `changes` to it; `None` takes a key out.
    fn seal(&self, name: &str, changes: &[(&str, Option<&str>)]) -> PathBuf {
        let digest = self.1.digest().to_string();
        let usual = [(binding::KIND, binding::INPUT), (binding::POLICY, &digest), (binding::DATASET, "cards"), (binding::SET, SET)];
        let mut context = EncryptionContext::new();
        for (key, value) in usual {
            if !changes.iter().any(|(changed, _)| *changed == key) {
                context.insert(key, value).expect("inserted");
            }
        }
        for (key, value) in changes {
            if let Some(value) = value {
                context.insert(key, value).expect("inserted");
            }
        }
        let key = EncryptedDataKey::aws_kms(&KeyArn::parse(ARN).expect("an ARN"), vec![1; 100]);
        let sealer = Sealer::new(context, vec![key], &DataKey::random().expect("a key")).expect("a sealer");
        let mut message = sealer.header().to_vec();
        sealer.finish(&mut message).expect("sealed");
        self.write(name, &message)
    }

    fn part(&self, name: &str, part: &str) -> PathBuf {
        self.seal(name, &[(binding::PART, Some(part))])
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    fn folder(&self) -> Result<Vec<PathBuf>> {
        named(&[self.0.path().to_owned()])
    }

    /// Asserts that the files are refused with this code and a message that holds all of `said`.
    fn refused(&self, files: &[&PathBuf], code: &str, said: &[&str]) {
        let refused = in_order(files.iter().copied().cloned().collect(), &self.1).expect_err("refused");
        let text = refused.to_text();
        assert_eq!(refused.code(), code, "{text}");
        for word in said {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}

#[test]
fn parts_of_one_set_go_in_their_order_whatever_the_order_given() {
    let files = Files::under(policy(true));
    // The third part's name comes first.
    let parts = [files.part("b.sealed", "1/3"), files.part("c.sealed", "2/3"), files.part("a.sealed", "3/3")];
    let [first, second, third] = parts.clone();
    for given in
        [parts.to_vec(), vec![third.clone(), first.clone(), second.clone()], vec![second, third, first], files.folder().expect("named")]
    {
        assert_eq!(in_order(given, &files.1).expect("a set"), parts);
    }
    let alone = Files::under(policy(true));
    let only = alone.part("only", "1/1");
    assert_eq!(in_order(vec![only.clone()], &alone.1).expect("a set"), [only]);
}

#[test]
fn missing_part_is_named_unless_the_policy_does_without() {
    let files = Files::under(policy(true));
    let (second, fourth) = (files.part("second", "2/4"), files.part("fourth", "4/4"));
    files.refused(&[&fourth, &second], "input-set", &["fourth", "1/4, 3/4 are not there"]);
    files.refused(&[&files.part("one", "1/2")], "input-set", &["one", "2/2 is not there"]);
    files.refused(&[&files.part("huge", "7/4294967295")], "input-set", &["1/4294967295, 2/", "and 4294967289 more"]);

    let files = Files::under(policy(false));
    let (second, fourth) = (files.part("second", "2/4"), files.part("fourth", "4/4"));
    assert_eq!(in_order(vec![fourth.clone(), second.clone()], &files.1).expect("some of a set"), [second.clone(), fourth]);
    files.refused(&[&second, &second], "input-set", &["both part 2/4"]);
}

#[test]
fn repeated_part_is_named() {
    let files = Files::under(policy(true));
    let (first, second) = (files.part("first", "1/2"), files.part("second", "2/2"));
    files.refused(&[&first, &second, &first], "input-set", &["first", "both part 1/2"]);
    let again = files.part("again", "2/2");
    files.refused(&[&first, &second, &again], "input-set", &["second", "again", "both part 2/2"]);
}

/// What is of another set than part 1/2 in `first`, and why.
fn foreign(files: &Files) -> [PathBuf; 3] {
    let second = |name, key, value| files.seal(name, &[(binding::PART, Some("2/2")), (key, Some(value))]);
    [second("set", binding::SET, OTHER_SET), second("dataset", binding::DATASET, "more"), files.part("parts", "2/3")]
}

#[test]
fn part_of_another_set_is_named() {
    let files = Files::under(policy(true));
    let (first, second) = (files.part("first", "1/2"), files.part("second", "2/2"));
    for other in foreign(&files) {
        let name = other.display().to_string();
        files.refused(&[&first, &other], "input-set", &["first", &name, "another set"]);
        files.refused(&[&first, &second, &other], "input-set", &["first", &name, "another set"]);
    }
}

#[test]
fn several_sets_follow_each_other_where_the_policy_does_without_the_whole() {
    let files = Files::under(policy(false));
    let (first, second) = (files.part("first", "1/2"), files.part("second", "2/2"));
    for other in foreign(&files) {
        let given = vec![second.clone(), other.clone(), first.clone()];
        assert_eq!(in_order(given, &files.1).expect("some of two sets"), [first.clone(), second.clone(), other.clone()]);
        files.refused(&[&other, &second, &other], "input-set", &["both part 2/"]);
    }
}

#[test]
fn file_that_is_no_input_under_this_policy_is_named() {
    let files = Files::under(policy(true));
    let other_policy = policy(false).digest().to_string();
    let part = (binding::PART, Some("2/2"));
    let first = files.part("first", "1/2");
    for (code, changes) in [
        ("policy-mismatch", vec![part, (binding::POLICY, Some(other_policy.as_str()))]),
        ("policy-absent", vec![part, (binding::POLICY, None)]),
        ("policy-mismatch", vec![part, (binding::DATASET, Some("unlisted"))]),
        ("input-corrupt", vec![part, (binding::KIND, Some(binding::TOKEN_KEY))]),
        ("input-corrupt", vec![part, (binding::KIND, Some(binding::OUTPUT))]),
        ("input-corrupt", vec![part, (binding::KIND, None)]),
        ("input-corrupt", vec![part, (binding::FIELD, Some("amount"))]),
        ("input-corrupt", vec![part, (binding::DATASET, None)]),
        ("input-corrupt", vec![part, (binding::SET, None)]),
        ("input-corrupt", vec![]),
        ("input-corrupt", vec![(binding::PART, Some("3/2"))]),
        ("input-corrupt", vec![(binding::PART, Some("02/2"))]),
    ] {
        let bad = files.seal("bad", &changes);
        files.refused(&[&first, &bad], code, &["bad"]);
    }
}

#[test]
fn file_that_is_no_sealed_message_is_named() {
    let files = Files::under(policy(true));
    let whole = std::fs::read(files.part("whole", "1/1")).expect("read");
    for (bytes, says) in [
        (&b""[..], "cut off"),
        (b"{\"amount\":1}\n", "bad is no sealed file: it does not begin as one"),
        (b"amount\n1\n", "records in the clear do not belong on this machine"),
        (&whole[..60], "cut off"),
        (&[&[1], &whole[1..]].concat(), "only version 2 commits to its key"),
    ] {
        files.refused(&[&files.write("bad", bytes)], "input-corrupt", &["bad", says]);
    }
    files.refused(&[&files.0.path().join("nobody")], "file", &["nobody"]);
    for unseen in ["/dev/null", "-"] {
        files.refused(&[&PathBuf::from(unseen)], "usage", &[unseen, "--no-check"]);
    }
}

#[test]
fn folder_with_anything_else_in_it_is_refused_but_for_hidden_files() {
    let files = Files::under(policy(true));
    let empty = files.folder().expect_err("refused");
    assert_eq!(empty.code(), "input-set");
    let parts = [files.part("a.sealed", "1/2"), files.part("b.sealed", "2/2")];
    files.write(".DS_Store", b"x");
    std::fs::create_dir(files.0.path().join(".git")).expect("made");
    assert_eq!(files.folder().expect("named"), parts);
    // A folder among files stands for its files all the same.
    assert_eq!(named(&[PathBuf::from("x"), files.0.path().to_owned()]).expect("named").len(), 3);

    let notes = files.write("notes.txt", b"x");
    let refused = files.folder().expect_err("refused");
    assert!(refused.code() == "foreign-file" && refused.to_text().contains("notes.txt"), "{}", refused.to_text());
    std::fs::remove_file(notes).expect("removed");
    std::fs::create_dir(files.0.path().join("folder.sealed")).expect("made");
    assert_eq!(files.folder().expect_err("refused").code(), "foreign-file");
}

#[test]
fn inputs_over_the_limit_are_refused() {
    let files = vec![PathBuf::from("a"); SET_PARTS + 1];
    assert_eq!(named(&files[1..]).expect("named").len(), SET_PARTS);
    assert_eq!(named(&files).expect_err("refused").exit_code(), 2);
}
