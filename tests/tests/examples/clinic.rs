//! `examples/clinic`: aggregates.

use std::fs;

use sealroom_testkit::stage::{refused, succeed};

use crate::page::Page;

const JOBS: [&str; 2] = ["by-diagnosis", "by-month"];

#[test]
fn the_clinics_commands_give_the_expected_groups() {
    let page = Page::run("clinic");
    let stage = &page.stage;
    for job in JOBS {
        assert_eq!(stage.read(&format!("{job}.csv")), page.shipped(&format!("{job}.expected.csv")), "{job}");
    }
    page.shows(&page.shipped("by-diagnosis.expected.csv"));

    // What the page says of other jobs: no file but the two is a job under this policy.
    stage.write("further.toml", stage.read("by-diagnosis.toml").replace("keep_first = 3", "keep_first = 4"));
    let words = refused(&mut page.plan("policy.toml", "further.toml"));
    assert!(words.contains("lists in `jobs`"), "{words}");
    let open_to_all: String =
        stage.read("policy.toml").lines().filter(|line| !line.contains("sha384:")).map(|line| format!("{line}\n")).collect();
    stage.write("unlisted.toml", open_to_all.replacen("\njobs = [", "\n# jobs", 1).replacen("\n]\n", "\n", 1));
    let words = refused(&mut page.plan("unlisted.toml", "further.toml"));
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
