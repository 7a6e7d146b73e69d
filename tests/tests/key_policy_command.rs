//! `sealroom key-policy`, the shipped command: its policies on the mock KMS allow and deny as they were simulated.

use sealroom_testkit::stage::payments::Payments;
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, refused, succeed, text};
use serde_json::{Value, json};

/// With three generated policies, held to the owner's policy and in the middle of a roll-over: the image seals, opens and
/// hands over; whatever else is tried with the keys is denied, as `simulate` says.
#[test]
fn generated_policies_let_the_image_work_and_nobody_else() {
    let (scene, enclave) = Scene::new();
    let (payments, stage) = (&scene.payments, &scene.payments.stage);
    payments.seal("in.ndjson", "again.sealed");
    succeed(&mut payments.submit_files(&enclave, "policy.toml", "job.toml", "again.sealed"));
    for arn in [&scene.output, &scene.further] {
        let mut open = stage.sealroom("consumer");
        open.args(["open", "--kms", "--key-arn", arn]).arg("--receipt").arg(stage.path("out.receipt.json"));
        open.arg("--measurements").arg(&enclave.measurements).arg("--danger-trust-anchor").arg(&enclave.nsm_root);
        let opened = succeed(open.arg(stage.path("out.sealed")).args(["--out", "-"]));
        assert!(text(&opened.stdout).lines().count() > 10);
    }
    drop(enclave);

    scene.nobody_opens_or_seals_outside();
    scene.kms_answers_as_simulated();
    for name in ["out.sealed", "out.receipt.json"] {
        std::fs::remove_file(stage.path(name)).unwrap();
    }
    let change = |text: String| format!("{text}\n# another image\n");
    for variant in [Variant { configuration: Some(&change), ..Variant::default() }, Variant { debug: true, ..Variant::default() }] {
        payments.refused_as("key-denied", &mut payments.submit(&stage.start_enclave(&variant)));
    }
}

const INPUT: [&str; 4] = ["--kind", "input", "--owner-role", "arn:aws:iam::111122223333:role/owner"];
const OUTPUT: [&str; 4] = ["--kind", "output", "--consumer-role", "arn:aws:iam::111122223333:role/consumer"];

/// Sealed payments whose keys have generated policies for the shipped image and one before it, held to the owner's policy.
struct Scene {
    payments: Payments,
    output: String,
    further: String,
}

impl Scene {
    fn new() -> (Self, RunningEnclave) {
        let stage = Stage::new();
        let enclave = stage.start_enclave(&Variant::default());
        std::fs::copy(&enclave.measurements, stage.path("pcrs.json")).unwrap();
        let [first, second, third] = ["a", "b", "c"].map(|digit| digit.repeat(96));
        stage.write("old.json", json!({ "Measurements": { "PCR0": first, "PCR1": second, "PCR2": third } }).to_string());
        let output = stage.create_key(&generated(&stage, &OUTPUT, &[]));
        let further = stage.create_key(&generated(&stage, &OUTPUT, &["--further-recipient"]));
        let payments = Payments::with_policy(stage, 300, |policy| {
            let (before, _) = policy.split_once("[[recipients]]").unwrap();
            format!(
                "{before}[[recipients]]\nname = \"one\"\nkms_key = \"{output}\"\n[[recipients]]\nname = \"two\"\nkms_key = \"{further}\"\n"
            )
        });
        let stage = &payments.stage;
        let digest = succeed(stage.sealroom("owner").args(["policy", "digest"]).arg(&payments.policy)).stdout;
        let bound = ["--policy-digest", text(&digest).trim()].map(str::to_owned);
        let bound = bound.each_ref().map(String::as_str);
        stage.put_key_policy(&payments.key_arn, &generated(stage, &INPUT, &bound));
        stage.put_key_policy(&output, &generated(stage, &OUTPUT, &bound));
        (Self { payments, output, further }, enclave)
    }

    /// Without an enclave nobody opens inputs, the consumer alone opens outputs, and the owner alone seals, under this policy.
    fn nobody_opens_or_seals_outside(&self) {
        let stage = &self.payments.stage;
        for profile in ["operator", "owner", "consumer", "admin"] {
            self.open_is_denied(profile, &self.payments.key_arn, "again.sealed");
            if profile != "consumer" {
                self.open_is_denied(profile, &self.output, "out.sealed");
            }
        }
        stage.write("other.toml", format!("{}\n# another policy\n", stage.read("policy.toml")));
        let others = ["operator", "consumer", "admin"].map(|profile| (profile, "policy.toml"));
        for (profile, policy) in others.into_iter().chain([("owner", "other.toml")]) {
            let mut seal = stage.sealroom(profile);
            seal.args(["seal", "--dataset", "transactions-2026", "--key-arn", &self.payments.key_arn, "--policy"]).arg(stage.path(policy));
            let denied = refused(seal.arg(stage.path("in.ndjson")).args(["--out", "-"]));
            assert!(denied.contains("GenerateDataKey") && denied.contains("AccessDenied"), "{profile}: {denied}");
        }
    }

    fn open_is_denied(&self, profile: &str, key_arn: &str, file: &str) {
        let stage = &self.payments.stage;
        let mut open = stage.sealroom(profile);
        open.args(["open", "--kms", "--key-arn", key_arn, "--unverified-origin"]).arg(stage.path(file)).args(["--out", "-"]);
        let denied = refused(&mut open);
        assert!(denied.contains("Decrypt") && denied.contains("AccessDenied"), "{profile} {file}: {denied}");
    }

    /// The further recipient's key, which allows one thing unattested: calls of AWS's own command line against the matrix.
    fn kms_answers_as_simulated(&self) {
        let stage = &self.payments.stage;
        let policy = stage.write("further.json", generated(stage, &OUTPUT, &["--further-recipient"]));
        let mut command = stage.sealroom("admin");
        command.args(["--json", "key-policy", "simulate"]).arg(policy).arg("--measurements").arg(stage.path("pcrs.json"));
        let simulated: Value = serde_json::from_slice(&succeed(&mut command).stdout).unwrap();
        assert_eq!(simulated["encryption_context"]["sealroom:kind"], "output");
        let context = ["--encryption-context", "sealroom:kind=output"];
        for (profile, operation, call, expected) in [
            ("operator", "kms:Encrypt", &[&["encrypt", "--plaintext", "AAAA"], &context[..]].concat()[..], "allowed"),
            ("operator", "kms:GenerateDataKey", &[&["generate-data-key", "--key-spec", "AES_256"], &context[..]].concat(), "denied"),
        ] {
            assert_eq!(unattested(&simulated, profile, operation), expected, "{profile} {operation}");
            let done = stage.aws(profile).arg("kms").args(call).args(["--key-id", &self.further]).output().unwrap();
            assert_eq!(done.status.success(), expected == "allowed", "{profile} {operation}: {}", text(&done.stderr));
            assert!(done.status.success() || text(&done.stderr).contains("AccessDenied"), "{}", text(&done.stderr));
        }
    }
}

/// A policy printed by `generate` for both images, with further arguments.
fn generated(stage: &Stage, kind: &[&str], further: &[&str]) -> String {
    let mut command = stage.sealroom("admin");
    command.args(["key-policy", "generate", "--measurements"]).arg(stage.path("pcrs.json")).arg("--also").arg(stage.path("old.json"));
    command.args(["--enclave-role", "arn:aws:iam::111122223333:role/operator", "--admin-role", "arn:aws:iam::111122223333:role/admin"]);
    text(&succeed(command.args(kind).args(further)).stdout)
}

fn unattested<'a>(simulated: &'a Value, profile: &str, operation: &str) -> &'a str {
    let arn = format!("arn:aws:iam::111122223333:role/{profile}");
    let find = |list: &'a Value, key: &str, value: &str| list.as_array().unwrap().iter().find(|item| item[key] == value).unwrap();
    let row = find(&find(&simulated["principals"], "principal", &arn)["operations"], "operation", operation);
    find(&row["cases"], "case", "unattested")["outcome"].as_str().unwrap()
}
