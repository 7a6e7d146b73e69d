//! `examples/payments`: rows of a sealed file.

use std::collections::BTreeSet;
use std::process::Command;

use sealroom_testkit::stage::{refused, succeed, text};

use crate::page::Page;

#[test]
fn the_payments_commands_give_the_expected_rows_and_no_more() {
    let page = Page::run("payments");
    let rows = page.shipped("rows.expected.ndjson");
    assert_eq!(page.stage.read("rows.ndjson"), rows);
    page.shows(&rows.split_inclusive('\n').take(6).collect::<String>());
    page.counts(&rows);
    assert_eq!(page.rows_computed_elsewhere("payments.ndjson"), rows);

    let greedy = ["op = \"mask\", keep_last = 4", "op = \"keep\""];
    let account = ["[fields]", "[fields]\niban = { op = \"keep\" }"];
    for ([from, to], words) in
        [(greedy, "the policy does not permit `keep` on this field"), (account, "the policy does not name this field")]
    {
        page.other_job(from, to);
        let said = refused(&mut page.plan("policy.toml", "other.toml"));
        assert!(said.contains(words) && said.contains("[job-not-allowed]"), "{said}");
        page.refuses("job-not-allowed", &mut page.submit("policy.toml", "other.toml", "payments.sealed"));
    }
    let laxer = page.stage.read("policy.toml").replace("keep_last_max = 4", "keep_last_max = 16");
    page.stage.write("laxer.toml", laxer);
    page.refuses("policy-mismatch", &mut page.submit("laxer.toml", "job.toml", "payments.sealed"));
    few_payers_are_hidden_from_one_job_and_not_from_two(&page);
}

/// The page's last words: a minimum alone does not keep two jobs apart, and a list of jobs does.
fn few_payers_are_hidden_from_one_job_and_not_from_two(page: &Page) {
    page.other_job("value = \"DE\"", "value = \"LU\"");
    page.refuses("refused-by-data", &mut page.submit("policy.toml", "other.toml", "payments.sealed"));

    page.other_job("op = \"eq\", value = \"DE\"", "op = \"in\", value = [\"DE\", \"LU\"]");
    let sample = page.stage.path("payments.ndjson");
    let said = text(&succeed(page.plan("policy.toml", "other.toml").arg("--sample").arg(sample).args(["--rows", "1000"])).stdout);
    let of_few: BTreeSet<&str> =
        said.lines().filter(|line| line.contains("\"country\":\"LU\"")).filter_map(|line| line.split('"').nth(3)).collect();
    assert_eq!(of_few.len(), 4, "{said}");

    let warned = text(&succeed(page.stage.sealroom("owner").args(["policy", "check"]).arg(page.stage.path("policy.toml"))).stdout);
    let warnings: Vec<&str> = warned.lines().filter(|line| line.contains("warning: ")).filter_map(|line| line.rsplit('[').next()).collect();
    assert_eq!(warnings, ["any-job]", "exact-counts]"], "{warned}");

    let digest = text(&succeed(Command::new("sha384sum").arg(page.stage.path("job.toml"))).stdout);
    let listed = format!("jobs = [\"sha384:{}\"]\n[input]", digest.split(' ').next().unwrap());
    page.stage.write("listed.toml", page.stage.read("policy.toml").replacen("[input]", &listed, 1));
    succeed(&mut page.plan("listed.toml", "job.toml"));
    let said = refused(&mut page.plan("listed.toml", "other.toml"));
    assert!(said.contains("lists in `jobs`"), "{said}");
}
