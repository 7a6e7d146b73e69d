//! One worked scenario on a stage: an owner's card transactions, a policy, an analyst who reads the result.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{RunningEnclave, Stage, refused, succeed, text};

/// The owner's data sealed, ready for jobs.
pub struct Payments {
    /// The harness.
    pub stage: Stage,
    /// The KMS key that sealed the data.
    pub key_arn: String,
    /// The owner's policy.
    pub policy: PathBuf,
    /// The records as the owner had them.
    pub plaintext: Vec<serde_json::Value>,
}

/// What the job in `examples/payments/job.toml` asks for, with other fields.
pub const JOB: &str = include_str!("../../../examples/payments/job.toml");

impl Payments {
    /// Makes keys, policy, token key and sealed input of `count` records.
    #[must_use]
    pub fn sealed(stage: Stage, count: u32) -> Self {
        Self::with_policy(stage, count, |policy| policy)
    }

    /// As [`Payments::sealed`], under a changed policy.
    #[must_use]
    pub fn with_policy(stage: Stage, count: u32, change: impl Fn(String) -> String) -> Self {
        let key_arn = stage.create_key(&key_policy_unattested());
        succeed(stage.sealroom("consumer").arg("keygen").arg("--out").arg(stage.path("analyst")));
        let policy = change(
            include_str!("../../../examples/payments/policy.toml")
                .replace("@KEY_ARN@", &key_arn)
                .replace("@ANALYST_PUBLIC_KEY@", &stage.read("analyst.pub.pem")),
        );
        let policy = stage.write("policy.toml", policy);
        stage.write("job.toml", JOB);
        let records =
            succeed(Command::new(crate::bins::bin("make-transactions")).args(["--count", &count.to_string(), "--customers", "500"])).stdout;
        stage.write("in.ndjson", &records);
        let plaintext = text(&records).lines().map(|line| serde_json::from_str(line).expect("made records are JSON")).collect();
        let mut command = stage.sealroom("owner");
        command.arg("token-key").arg("new").arg("--policy").arg(&policy).args(["--domain", "customer", "--key-arn", &key_arn]);
        succeed(command.arg("--out").arg(stage.path("customer.token")));
        let payments = Self { stage, key_arn, policy, plaintext };
        payments.seal("in.ndjson", "in.sealed");
        payments
    }

    /// Seals a file of the stage under the policy.
    pub fn seal(&self, input: &str, output: &str) {
        let mut command = self.stage.sealroom("owner");
        command.arg("seal").arg("--policy").arg(&self.policy).args(["--key-arn", &self.key_arn, "--dataset", "transactions-2026"]);
        succeed(command.arg(self.stage.path(input)).arg("--out").arg(self.stage.path(output)));
    }

    /// Seals what `records` gives, however much. Returns the sealed file's length in bytes.
    #[must_use]
    pub fn seal_stream(&self, records: impl Into<Stdio>, output: &str) -> u64 {
        let mut command = self.stage.sealroom("owner");
        command.arg("seal").arg("--policy").arg(&self.policy).args(["--key-arn", &self.key_arn, "--dataset", "transactions-2026", "-"]);
        succeed(command.arg("--out").arg(self.stage.path(output)).stdin(records));
        std::fs::metadata(self.stage.path(output)).expect("the sealed file").len()
    }

    /// Starts the shipped image and lets its measurements, and nothing else, use the key.
    #[must_use]
    pub fn start_trusted_enclave(&self) -> RunningEnclave {
        let enclave = self.stage.start_enclave(&super::Variant::default());
        self.trust(&enclave);
        enclave
    }

    /// Gives the key a key policy that names this enclave's measurements.
    pub fn trust(&self, enclave: &RunningEnclave) {
        let measurements = std::fs::read_to_string(&enclave.measurements).expect("pcrs.json");
        self.stage.put_key_policy(&self.key_arn, &key_policy_attested(&measurements));
    }

    /// `sealroom submit` of `in.sealed` with `job.toml`; further arguments may follow.
    #[must_use]
    pub fn submit(&self, enclave: &RunningEnclave) -> Command {
        self.submit_files(enclave, "policy.toml", "job.toml", "in.sealed")
    }

    /// `sealroom submit` with other files.
    #[must_use]
    pub fn submit_files(&self, enclave: &RunningEnclave, policy: &str, job: &str, input: &str) -> Command {
        let stage = &self.stage;
        let mut command = stage.sealroom("operator");
        command
            .arg("submit")
            .args(["--enclave", &enclave.address])
            .arg("--policy")
            .arg(stage.path(policy))
            .arg("--job")
            .arg(stage.path(job));
        command.arg("--token-key").arg(stage.path("customer.token")).arg(stage.path(input));
        command.arg("--out").arg(stage.path("out.sealed")).arg("--receipt").arg(stage.path("out.receipt.json"));
        command
    }

    /// Submits a job that has to be refused with this code; nothing may be left behind. Returns the error object.
    pub fn refused_as(&self, code: &str, command: &mut Command) -> serde_json::Value {
        let message = refused(command.arg("--json"));
        let error: serde_json::Value =
            message.lines().rev().find_map(|line| serde_json::from_str(line).ok()).unwrap_or_else(|| panic!("no JSON error: {message}"));
        assert_eq!(error["error"]["code"], code, "{message}");
        for name in ["out.sealed", "out.receipt.json"] {
            assert!(!self.stage.path(name).exists(), "{name} was left behind");
        }
        let left: Vec<_> =
            std::fs::read_dir(self.stage.path("")).expect("the stage's folder").flatten().map(|entry| entry.file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("out.")), "left behind: {left:?}");
        error["error"].clone()
    }

    /// `sealroom open` as the analyst, with the receipt checked.
    #[must_use]
    pub fn open(&self, enclave: &RunningEnclave) -> Command {
        let stage = &self.stage;
        let mut command = stage.sealroom("consumer");
        command.arg("open").arg("--private-key").arg(stage.path("analyst.key.pem")).arg("--receipt").arg(stage.path("out.receipt.json"));
        command.arg("--measurements").arg(&enclave.measurements).arg("--danger-trust-anchor").arg(&enclave.nsm_root);
        command.arg(stage.path("out.sealed")).arg("--out").arg(stage.path("out.ndjson"));
        command
    }

    /// The opened rows.
    #[must_use]
    pub fn rows(&self) -> Vec<serde_json::Value> {
        self.stage.read("out.ndjson").lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
    }
}

/// Who may do what with the key, whatever runs where: the danger that attestation ends.
#[must_use]
pub fn key_policy_unattested() -> String {
    key_policy(
        r#"{"Sid":"OperatorDecrypts","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/operator"},"Action":"kms:Decrypt","Resource":"*"}"#,
    )
}

/// The operator's Decrypt, for these measurements only.
#[must_use]
pub fn key_policy_attested(measurements: &str) -> String {
    let measurements: serde_json::Value = serde_json::from_str(measurements).expect("measurements are JSON");
    let pcr = |index: u8| measurements["Measurements"][format!("PCR{index}")].as_str().expect("a PCR").to_owned();
    key_policy(&format!(
        r#"{{"Sid":"EnclaveDecrypts","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:role/operator"}},"Action":"kms:Decrypt","Resource":"*",
        "Condition":{{"StringEqualsIgnoreCase":{{"kms:RecipientAttestation:PCR0":"{}","kms:RecipientAttestation:PCR1":"{}","kms:RecipientAttestation:PCR2":"{}"}}}}}}"#,
        pcr(0),
        pcr(1),
        pcr(2)
    ))
}

/// A key policy with the owner's and the administrator's rights, and one more statement.
#[must_use]
pub fn key_policy(statement: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Sid":"Administration","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:role/admin"}},"Action":["kms:PutKeyPolicy","kms:GetKeyPolicy","kms:DescribeKey","kms:EnableKey","kms:DisableKey","kms:CreateAlias"],"Resource":"*"}},
        {{"Sid":"OwnerSeals","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:role/owner"}},"Action":["kms:GenerateDataKey","kms:Encrypt","kms:DescribeKey"],"Resource":"*"}},
        {statement}]}}"#
    )
}
