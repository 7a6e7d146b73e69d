//! The worked example of examples/clinic: the commands of its page as they stand there, on the shipped programs, give the rows that
//! the page and the folder show; and DuckDB computes the same.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sealroom_testkit::bins::{bin, workspace};
use sealroom_testkit::stage::payments::{key_policy_attested, key_policy_unattested};
use sealroom_testkit::stage::{Stage, Variant, refused, succeed, text};

const JOBS: [&str; 2] = ["by-diagnosis", "by-month"];

fn example(name: &str) -> PathBuf {
    workspace().join("examples/clinic").join(name)
}

/// The commands of the page's one harness block.
fn commands() -> String {
    let page = fs::read_to_string(example("README.md")).unwrap();
    let (_, block) = page.split_once("```sh harness\n").expect("the page's commands");
    block.split_once("```\n").expect("the block's end").0.to_owned()
}

#[test]
fn the_pages_commands_give_the_expected_rows() {
    let stage = Stage::new();
    let enclave = stage.start_enclave(&Variant::default());
    let key = stage.create_key(&key_policy_unattested());
    stage.put_key_policy(&key, &key_policy_attested(&fs::read_to_string(&enclave.measurements).unwrap()));

    let programs = bin("sealroom").parent().unwrap().to_owned();
    let mut shell = Command::new("bash");
    let path = std::env::var("PATH").unwrap();
    shell.current_dir(stage.path("")).args(["-euo", "pipefail", "-c"]).arg(commands());
    // As whoever has the operator's credentials, but for what the page says with `--profile`.
    shell.env_clear().envs(stage.sealroom("operator").get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", format!("{}:{path}", programs.display())).env("SEALROOM", workspace().canonicalize().unwrap()).env("KEY", &key);
    let said = text(&succeed(&mut shell).stdout);
    let page = fs::read_to_string(example("README.md")).unwrap();
    for job in JOBS {
        let expected = fs::read_to_string(example(&format!("{job}.expected.csv"))).unwrap();
        assert_eq!(stage.read(&format!("{job}.csv")), expected, "{job}");
    }
    let shown = fs::read_to_string(example("by-diagnosis.expected.csv")).unwrap();
    assert!(page.contains(&shown) && said.ends_with(&shown), "{said}");

    // What the page says of other jobs: no file but the two is a job under this policy.
    let job = stage.read("by-diagnosis.toml").replace("keep_first = 3", "keep_first = 4");
    let job = stage.write("further.toml", job);
    let mut plan = stage.sealroom("operator");
    let words = refused(plan.arg("plan").arg("--policy").arg(stage.path("policy.toml")).arg("--job").arg(job));
    assert!(words.contains("lists in `jobs`"), "{words}");
    let open_to_all: String =
        stage.read("policy.toml").lines().filter(|line| !line.contains("sha384:")).map(|line| format!("{line}\n")).collect();
    let unlisted = stage.write("unlisted.toml", open_to_all.replacen("\njobs = [", "\n# jobs", 1).replacen("\n]\n", "\n", 1));
    let mut plan = stage.sealroom("operator");
    let words = refused(plan.arg("plan").arg("--policy").arg(unlisted).arg("--job").arg(stage.path("further.toml")));
    assert!(words.contains("`keep_first` is beyond the policy's `keep_first_max = 3`"), "{words}");

    // The same from DuckDB, which knows nothing of Sealroom.
    for job in JOBS {
        fs::copy(stage.path("policy.toml"), stage.path(&format!("{job}.policy.toml"))).unwrap();
        fs::copy(stage.path(&format!("{job}.toml")), stage.path(&format!("{job}.job.toml"))).unwrap();
    }
    let mut expect = stage.python("consumer", "aggregates_duckdb.py");
    succeed(expect.arg("expect").arg(stage.path("")).args(JOBS.map(|job| format!("{job}=visits.csv"))));
    for job in JOBS {
        assert_eq!(stage.read(&format!("{job}.expected")), stage.read(&format!("{job}.csv")), "{job}");
    }
}
