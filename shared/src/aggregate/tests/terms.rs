//! The least and the most that policies and jobs may say of measures.

use super::{POLICY, TERMS, decide};
use crate::job::Job;
use crate::policy::Policy;

fn clamp(clamp: &str) -> Result<(String, String), String> {
    let terms = TERMS.replace("sum = true", &format!("clamp = {{ {clamp} }}"));
    let policy = Policy::parse(format!("{POLICY}{terms}").as_bytes()).map_err(|error| error.to_string())?;
    let clamp = policy.fields().get("pay").unwrap().measures.clamp.unwrap();
    Ok((clamp.low(), clamp.high()))
}

#[test]
fn a_clamp_is_shown_in_plain_digits_and_may_be_one_number() {
    assert_eq!(clamp("min = -1.50, max = 1e3").unwrap(), ("-1.5".to_owned(), "1000".to_owned()));
    assert_eq!(clamp("min = 5, max = 5.0").unwrap(), ("5".to_owned(), "5".to_owned()));
    assert!(clamp("min = 5, max = 4.999").unwrap_err().contains("max that is not below min"));
    assert!(clamp("min = 5").unwrap_err().contains("max"));
}

#[test]
fn a_share_has_nine_digits_at_most() {
    let share = |q: &str| {
        let job = format!("version = 1\nkind = \"aggregate\"\n[measures]\nm = {{ op = \"quantile\", field = \"pay\", q = {q} }}\n");
        Job::parse(job.as_bytes()).is_ok()
    };
    for q in ["0", "0.123456789", "0.1234567890", "1", "1.0", "5e-9"] {
        assert!(share(q), "{q}");
    }
    for q in ["0.1234567891", "5e-10", "1.000000001", "-0.000000001"] {
        assert!(!share(q), "{q}");
    }
}

#[test]
fn a_width_is_a_multiple_of_the_policys() {
    let allowed =
        |width: u64| decide(TERMS, &format!("[measures]\nm = {{ op = \"histogram\", field = \"pay\", width = {width} }}\n")).is_ok();
    assert_eq!([1, 5, 9, 10, 11, 15, 20, 25, 100, 1001].map(allowed), [false, false, false, true, false, false, true, false, true, false]);
}
