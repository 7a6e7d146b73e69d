//! Policies from anyone. Whatever is accepted holds what its type promises, and a fixed job is decided upon.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sealroom_shared::authorize;
use sealroom_shared::digest::Sha384Digest;
use sealroom_shared::job::Job;
use sealroom_shared::limits;
use sealroom_shared::policy::{Policy, UnixMillis};

static JOB: LazyLock<Job> = LazyLock::new(|| Job::parse(include_bytes!("../../examples/payments/job.toml")).unwrap());

fuzz_target!(|data: &[u8]| {
    let before_token_keys = Policy::parse_before_token_keys(data);
    if let Err(error) = &before_token_keys {
        assert!(error.to_string().len() < 4096);
    }
    let Ok(policy) = Policy::parse(data) else { return };
    assert!(before_token_keys.is_ok());
    assert_eq!(policy.digest(), Sha384Digest::of(data));
    assert!(!policy.datasets().is_empty() && policy.datasets().len() <= limits::DATASETS);
    assert!(!policy.keys().is_empty() && policy.keys().len() <= limits::POLICY_KEYS);
    assert!(policy.recipients().len() <= limits::RECIPIENTS && policy.fields().len() <= limits::POLICY_FIELDS);
    assert!(policy.people().is_none_or(|people| (1..=limits::PEOPLE_MIN).contains(&people.min)));
    for time in [0, 1_800_000_000_000, u64::MAX] {
        if let Ok(plan) = authorize::job(&policy, &JOB, UnixMillis(time)) {
            assert!(policy.release().records.is_some() && policy.still_valid(UnixMillis(time)).is_ok());
            assert!(plan.token_domains().all(|domain| policy.tokens().contains_key(domain)));
        }
    }
});
