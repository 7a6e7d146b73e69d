//! What leaves is what the policy allows, and nothing else: random policies, jobs and records, each judged by an oracle that
//! knows only the pages on policy and aggregates. Every byte of every row is the oracle's.

mod in_process;
mod oracle;
mod random;

use std::collections::BTreeMap;

use toml::Table;

use in_process::{decide, release};
use oracle::hidden::Counted;
use oracle::made::Made;
use oracle::{cell, groups, rows, rules, tables};
use random::Random;

const CASES: u64 = 1000;

#[test]
fn what_leaves_is_what_an_independent_oracle_lets_out() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut counted = Counted::new();
    for seed in 0..CASES {
        let random = &mut Random::new(seed);
        let made = if seed % 8 == 0 { tables::table(random) } else { Made::new(random) };
        let (policy, job): (Table, Table) = (made.policy.parse().unwrap(), made.job.parse().unwrap());
        let input: String = made.records.iter().map(cell::line).collect();
        let shown = || format!("seed {seed}\n{}\n{}\n{input}", made.policy, made.job);
        let allowed = rules::allowed(&policy, &job);
        let plan = decide(&made.policy, &made.job);
        assert_eq!(plan.as_ref().map(|_| ()).map_err(|_| ()), allowed.map_err(|_| ()), "{allowed:?}, {plan:?}\n{}", shown());
        let Ok(plan) = plan else {
            *seen.entry(allowed.unwrap_err().to_owned()).or_default() += 1;
            continue;
        };
        let aggregate = job["kind"].as_str() == Some("aggregate");
        let expected =
            if aggregate { groups::rows(&policy, &job, &made.records, &mut counted) } else { rows::rows(&policy, &job, &made.records) };
        // Rows of records stand in their order only where one worker writes them.
        let workers = if aggregate { 1 + usize::try_from(seed % 3).unwrap() } else { 1 };
        let released = release(&plan, &input, workers).map(|(rows, _)| rows);
        let what = match (&expected, &released) {
            (Ok(expected), Ok(released)) => {
                assert_eq!(released, expected, "{}", shown());
                format!("{} {} rows", job["kind"].as_str().unwrap(), if released.is_empty() { "without" } else { "with" })
            }
            // Several reasons can hold at once; outward they are one code.
            (Err(expected), Err(_)) => format!("{expected:?}"),
            _ => panic!("expected {expected:?}, released {released:?}\n{}", shown()),
        };
        *seen.entry(what).or_default() += 1;
    }
    // Nothing of what this is about was left out.
    println!("{seen:#?}\n{counted:#?}");
    assert!(seen["records with rows"] > 100 && seen["aggregate with rows"] > 100, "{seen:?}");
    assert!(seen.len() >= 18, "{seen:?}");
    // Every rule of what hides beside others hid something.
    for (rule, least) in [("beside one", 1000), ("blocks", 80), ("all that is joined", 20), ("hidden rows or columns", 1)] {
        assert!(counted[rule] > least, "{counted:?}");
    }
}
