//! One page of `examples/` whose commands have run, on a stage of its own. Used by this program's tests only.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use sealroom_testkit::bins::{bin, workspace};
use sealroom_testkit::stage::payments::{key_policy_attested, key_policy_unattested};
use sealroom_testkit::stage::{RunningEnclave, Stage, Variant, refused, succeed, text};

/// What is there when the commands have run.
pub struct Page {
    /// A folder's name in `examples/`.
    example: &'static str,
    page: String,
    /// What the commands said on stdout.
    said: String,
    /// The key of the page's owner.
    pub key: String,
    /// Ends before the stage does.
    _enclave: RunningEnclave,
    /// Where the commands ran.
    pub stage: Stage,
}

impl Page {
    /// Runs the page's one harness block as it stands, in one shell that stops at the first command that fails, after what steps 1 to 4 of
    /// the harness by hand leave: a KMS, an enclave with its proxy, and a key that this enclave alone may use.
    pub fn run(example: &'static str) -> Self {
        let page = shipped(example, "README.md");
        let (_, block) = page.split_once("```sh harness\n").expect("the page's commands");
        let commands = block.split_once("```\n").expect("the block's end").0;

        let stage = Stage::new();
        let enclave = stage.start_enclave(&Variant::default());
        let key = stage.create_key(&key_policy_unattested());
        stage.put_key_policy(&key, &key_policy_attested(&fs::read_to_string(&enclave.measurements).unwrap()));

        let programs = bin("sealroom").parent().unwrap().to_owned();
        let path = std::env::var("PATH").unwrap();
        let mut shell = Command::new("bash");
        shell.current_dir(stage.path("")).args(["-euo", "pipefail", "-c", commands]);
        // As whoever has the operator's credentials, but for what the page says with `--profile`.
        shell.env_clear().envs(stage.sealroom("operator").get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.env("PATH", format!("{}:{path}", programs.display())).env("SEALROOM", workspace().canonicalize().unwrap()).env("KEY", &key);
        let said = text(&succeed(&mut shell).stdout);
        Self { example, page, said, key, _enclave: enclave, stage }
    }

    /// A file of the example's folder.
    pub fn shipped(&self, name: &str) -> String {
        shipped(self.example, name)
    }

    /// The commands end by printing these rows, and the page shows the same.
    pub fn shows(&self, rows: &str) {
        assert!(!rows.is_empty() && self.said.ends_with(rows), "{}", self.said);
        assert!(self.page.contains(&format!("\n```\n{rows}```\n")), "the page shows other rows than\n{rows}");
    }

    /// The page says of how many customers these rows are, which are told apart by their tokens.
    pub fn counts(&self, rows: &str) {
        let rows = rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect::<Vec<serde_json::Value>>();
        let tokens: BTreeSet<&str> = rows.iter().map(|row| row["customer"].as_str().unwrap()).collect();
        assert!(tokens.iter().all(|token| token.starts_with("tok_")));
        self.says(&format!("{} rows of {} customers", rows.len(), tokens.len()));
    }

    /// The page says this.
    pub fn says(&self, words: &str) {
        assert!(self.page.contains(words), "the page says something else than: {words}");
    }

    /// The rows as Python makes them of the records in the clear and the token key, with nothing of Sealroom.
    pub fn rows_computed_elsewhere(&self, records: &str) -> String {
        let mut python = self.stage.python("consumer", "examples_rows.py");
        python.arg(self.example).arg(self.stage.path(records)).arg(self.stage.path("customer.secret"));
        text(&succeed(&mut python).stdout)
    }

    /// Writes `other.toml`: the page's job with one thing changed.
    pub fn other_job(&self, from: &str, to: &str) {
        let job = self.stage.read("job.toml");
        assert_eq!(job.matches(from).count(), 1, "{from}");
        self.stage.write("other.toml", job.replace(from, to));
    }

    /// `sealroom plan` of files on the stage, without a sample.
    pub fn plan(&self, policy: &str, job: &str) -> Command {
        let mut command = self.stage.sealroom("operator");
        command.arg("plan").arg("--policy").arg(self.stage.path(policy)).arg("--job").arg(self.stage.path(job));
        command
    }

    /// `sealroom submit` of files on the stage, as the page does it, into files of other names than the page's.
    pub fn submit(&self, policy: &str, job: &str, records: &str) -> Command {
        let mut command = self.stage.sealroom("operator");
        command.current_dir(self.stage.path("")).args(["submit", "--enclave", "unix:sim/vsock.sock", "--policy", policy, "--job", job]);
        command.args(["--token-key", "customer.token", records, "--out", "no.sealed", "--receipt", "no.json"]);
        command
    }

    /// The enclave refuses this with this code, and nothing is left behind.
    pub fn refuses(&self, code: &str, submit: &mut Command) {
        let said = refused(submit);
        assert!(said.contains(&format!("[{code}]")), "{code}: {said}");
        assert!(!self.stage.path("no.sealed").exists() && !self.stage.path("no.json").exists(), "{code}: something was left behind");
    }
}

fn shipped(example: &str, name: &str) -> String {
    let path = workspace().join("examples").join(example).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
