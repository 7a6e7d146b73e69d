//! The promises, attacked from the parent's side: every attack is refused with one code, leaves nothing behind, asks KMS
//! for nothing where it must not, and leaves the next honest job working. With `--no-check`, `submit` looks into nothing, as a
//! hostile one would.

mod by_hand;
mod hostile_aggregates;
mod hostile_frames;

use std::fs;
use std::process::Command;

use sealroom_shared::arn::KeyArn;
use sealroom_shared::message::{DataKey, EncryptedDataKey, EncryptionContext, Header, Sealer};
use sealroom_testkit::bins::bin;
use sealroom_testkit::stage::payments::{JOB, Payments};
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, succeed};

/// How many KMS calls the operator's credentials made so far.
fn operator_calls(payments: &Payments) -> usize {
    payments.stage.kms_requests().iter().filter(|request| request["principal"].to_string().contains("operator")).count()
}

fn honest_job_works(payments: &Payments, enclave: &RunningEnclave) {
    succeed(&mut payments.submit(enclave));
    succeed(&mut payments.open(enclave));
    for name in ["out.sealed", "out.receipt.json", "out.ndjson"] {
        fs::remove_file(payments.stage.path(name)).unwrap();
    }
}

/// Promise P3.
#[test]
fn a_job_beyond_the_policy_is_refused_before_any_key() {
    let payments = Payments::sealed(Stage::new(), 300);
    let enclave = payments.start_trusted_enclave();
    let before = operator_calls(&payments);
    for (from, to, named) in [
        ("keep_last = 4", "keep_last = 16", "keep_last"),
        ("op = \"mask\", keep_last = 4", "op = \"keep\"", "keep"),
        ("amount   = { op = \"keep\" }", "email = { op = \"keep\" }", "email"),
        ("field = \"country\"", "field = \"customer\"", "customer"),
        ("op = \"eq\", value = \"DE\"", "op = \"ne\", value = \"DE\"", "ne"),
        ("amount   = { op = \"keep\" }", "amount = { op = \"keep\" }\nagain = { from = \"amount\", op = \"keep\" }", "amount"),
    ] {
        assert!(JOB.contains(from), "{from}");
        payments.stage.write("other.toml", JOB.replace(from, to));
        let error = payments.refused_as("job-not-allowed", &mut payments.submit_files(&enclave, "policy.toml", "other.toml", "in.sealed"));
        assert!(error["message"].to_string().contains(named), "{named}: {error}");
    }
    for (job, code, named) in [
        ("version = 1\nkind = \"aggregate\"\n[measures]\nn = { op = \"count\" }\n", "job-not-allowed", "[release.aggregates]"),
        ("version = 1\nkind = \"discover\"\n", "job-not-allowed", "[release.discovery]"),
        ("version = 1\nkind = \"everything\"\n", "job-invalid", "kind"),
    ] {
        payments.stage.write("other.toml", job);
        let error = payments.refused_as(code, &mut payments.submit_files(&enclave, "policy.toml", "other.toml", "in.sealed"));
        assert!(error["message"].to_string().contains(named), "{named}: {error}");
    }
    assert_eq!(operator_calls(&payments), before, "no key was asked for");
    honest_job_works(&payments, &enclave);
}

/// Promise P2.
#[test]
fn another_policy_than_the_one_sealed_under_is_refused_before_any_key() {
    let payments = Payments::sealed(Stage::new(), 300);
    let enclave = payments.start_trusted_enclave();
    let before = operator_calls(&payments);
    let policy = payments.stage.read("policy.toml");
    payments.stage.write("laxer.toml", policy.replace("keep_last_max = 4", "keep_last_max = 16"));
    payments.refused_as("policy-mismatch", payments.submit_files(&enclave, "laxer.toml", "job.toml", "in.sealed").arg("--no-check"));
    // One byte that means nothing is another policy as well.
    payments.stage.write("spaced.toml", format!("{policy}\n"));
    payments.refused_as("policy-mismatch", payments.submit_files(&enclave, "spaced.toml", "job.toml", "in.sealed").arg("--no-check"));
    payments.stage.write("expired.toml", policy.replace("2036-01-01", "2026-02-01"));
    payments.refused_as("policy-expired", payments.submit_files(&enclave, "expired.toml", "job.toml", "in.sealed").arg("--no-check"));

    let unbound = |kind: &str, digest: Option<&str>| {
        let mut context = EncryptionContext::new();
        context.insert("sealroom:kind", kind).unwrap();
        if let Some(digest) = digest {
            context.insert("sealroom:policy-sha384", digest).unwrap();
        }
        let key = EncryptedDataKey::aws_kms(&KeyArn::parse(&payments.key_arn).unwrap(), vec![9; 100]);
        let sealer = Sealer::new(context, vec![key], &DataKey::random().unwrap()).unwrap();
        let mut message = sealer.header().to_vec();
        sealer.finish(&mut message).unwrap();
        payments.stage.write("other.sealed", message);
    };
    let digest = succeed(payments.stage.sealroom("owner").args(["policy", "digest"]).arg(&payments.policy)).stdout;
    let digest = String::from_utf8(digest).unwrap().trim().to_owned();
    for (kind, digest, code) in [
        ("input", None, "policy-absent"),
        ("token-key", Some(digest.as_str()), "input-corrupt"),
        ("output", Some(digest.as_str()), "input-corrupt"),
    ] {
        unbound(kind, digest);
        payments.refused_as(code, payments.submit_files(&enclave, "policy.toml", "job.toml", "other.sealed").arg("--no-check"));
    }
    assert_eq!(operator_calls(&payments), before, "no key was asked for");

    // A message that says the right things and was not made by the owner: KMS does not open its data key.
    unbound("input", Some(&digest));
    payments.refused_as("input-corrupt", payments.submit_files(&enclave, "policy.toml", "job.toml", "other.sealed").arg("--no-check"));
    // An output never comes back as an input.
    succeed(&mut payments.submit(&enclave));
    fs::rename(payments.stage.path("out.sealed"), payments.stage.path("other.sealed")).unwrap();
    fs::remove_file(payments.stage.path("out.receipt.json")).unwrap();
    payments.refused_as("policy-absent", payments.submit_files(&enclave, "policy.toml", "job.toml", "other.sealed").arg("--no-check"));
    honest_job_works(&payments, &enclave);
}

/// Promise P5.
#[test]
fn altered_input_is_refused_and_no_output_can_be_opened() {
    let payments = Payments::sealed(Stage::new(), 2000);
    let enclave = payments.start_trusted_enclave();
    let sealed = fs::read(payments.stage.path("in.sealed")).unwrap();
    let (header, used) = Header::parse(&sealed).unwrap().unwrap();
    let frame = usize::try_from(header.frame_length()).unwrap() + 32;
    assert!(sealed.len() > used + 4 * frame, "several frames");
    let (head, body) = sealed.split_at(used);
    let part = |index: usize| &body[index * frame..(index + 1) * frame];
    let rest = &body[2 * frame..];
    let flipped = |at: usize| {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        altered
    };
    payments.seal("in.ndjson", "again.sealed");
    let again = fs::read(payments.stage.path("again.sealed")).unwrap();
    for (what, altered) in [
        ("cut by one byte", sealed[..sealed.len() - 1].to_vec()),
        ("cut at a frame's end", [head, part(0)].concat()),
        ("cut in the header", sealed[..used - 1].to_vec()),
        ("empty", Vec::new()),
        ("frames swapped", [head, part(1), part(0), rest].concat()),
        ("a frame dropped", [head, part(1), rest].concat()),
        ("a frame repeated", [head, part(0), part(0), rest].concat()),
        ("a frame of another message", [head, &again[used..used + frame], part(1), rest].concat()),
        ("bytes after the end", [sealed.as_slice(), b"\n"].concat()),
        ("two messages", [sealed.as_slice(), sealed.as_slice()].concat()),
        ("a bit of a frame", flipped(used + frame / 2)),
        ("a bit of the last tag", flipped(sealed.len() - 1)),
        ("a bit of the header tag", flipped(used - 1)),
        ("a bit of the commitment", flipped(used - 17)),
    ] {
        payments.stage.write("other.sealed", altered);
        println!("{what}");
        payments.refused_as("input-corrupt", payments.submit_files(&enclave, "policy.toml", "job.toml", "other.sealed").arg("--no-check"));
    }
    honest_job_works(&payments, &enclave);
}

/// Promises P1 and P7: what depends on the records is one code.
#[test]
fn refusals_that_depend_on_data_look_alike() {
    let payments = Payments::with_policy(Stage::new(), 300, |policy| policy.replace("max_records = 1000000", "max_records = 100"));
    let enclave = payments.start_trusted_enclave();
    let few_people = JOB.replace("value = \"DE\"", "value = \"XX\"");
    payments.stage.write("few.toml", few_people);
    let few = payments.refused_as("refused-by-data", &mut payments.submit_files(&enclave, "policy.toml", "few.toml", "in.sealed"));
    payments.stage.write("all.toml", JOB.lines().filter(|line| !line.starts_with("where")).collect::<Vec<_>>().join("\n"));
    let many = payments.refused_as("refused-by-data", &mut payments.submit_files(&enclave, "policy.toml", "all.toml", "in.sealed"));
    assert_eq!(few, many);
    for line in [
        "{\"country\":\"DE\",\"country\":\"DE\"}",
        "not JSON",
        "{\"country\":\"\\ud800\"}",
        "[]",
        "{\"country\":\"DE\",\"card_number\":{}}",
    ] {
        payments.stage.write("bad.ndjson", format!("{line}\n"));
        let mut command = payments.stage.sealroom("owner");
        command.args(["seal", "--no-check", "--force"]).arg("--policy").arg(&payments.policy);
        command.args(["--key-arn", &payments.key_arn, "--dataset", "transactions-2026"]);
        succeed(command.arg(payments.stage.path("bad.ndjson")).arg("--out").arg(payments.stage.path("bad.sealed")));
        let bad = payments.refused_as("refused-by-data", &mut payments.submit_files(&enclave, "policy.toml", "job.toml", "bad.sealed"));
        assert_eq!(bad, few, "{line}");
    }
    honest_job_works(&payments, &enclave);
}

/// Promise P4: an answer that real KMS would not give ends the job, whoever gives it.
#[test]
fn answers_that_are_not_kms_own_are_not_believed() {
    let mut payments = Payments::sealed(Stage::new(), 300);
    drop(payments.start_trusted_enclave());
    for fault in ["plaintext", "wrong-key-id", "tampered-cms", "no-cfr", "short-key"] {
        payments.stage.restart_kms(&["--fault", fault]);
        let enclave = payments.stage.start_enclave(&Variant::default());
        println!("{fault}");
        payments.refused_as("kms-untrusted", &mut payments.submit(&enclave));
    }
    payments.stage.restart_kms(&["--fault", "throttle:1"]);
    let enclave = payments.stage.start_enclave(&Variant::default());
    honest_job_works(&payments, &enclave);
}

/// Promise P4: the relay leads elsewhere, to a server that says it is KMS under another certificate authority.
#[test]
fn a_relay_that_leads_elsewhere_is_noticed() {
    let payments = Payments::sealed(Stage::new(), 300);
    drop(payments.start_trusted_enclave());
    let elsewhere = Stage::new();
    let enclave = payments.stage.start_enclave(&Variant { relay_to: Some(elsewhere.kms_address()), ..Variant::default() });
    payments.refused_as("kms-untrusted", &mut payments.submit(&enclave));
    assert!(!elsewhere.path("kms/requests.log").exists() || elsewhere.kms_requests().is_empty(), "nothing was sent there");
    drop(enclave);

    let mut enclave = payments.stage.start_enclave(&Variant::default());
    enclave.proxy.end();
    payments.refused_as("kms-unavailable", &mut payments.submit(&enclave));
}

/// Promise P10.
#[test]
fn the_enclave_program_takes_no_arguments_and_runs_nowhere_else() {
    for arguments in [["--help"].as_slice(), &["--danger"], &["x"]] {
        let output = Command::new(bin("sealroom-enclave")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("arguments are not accepted"));
    }
    let program = fs::read(bin("sealroom-enclave")).unwrap();
    for word in ["mock-kms", "software NSM", "nitro-sim", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "169.254.169.254"] {
        let found = program.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!found, "{word} stands in the enclave program");
    }
}
