//! The `check` of a token domain in a policy's text: finding it, and filling in an empty one without touching another byte.
//! `commands::token_key` uses it, before the policy parses: an empty check is not a policy yet.

use std::ops::Range;

use toml::de::DeTable;

use crate::failure::{Failure, Result};

/// `[tokens.DOMAIN] check` as the policy's text has it.
#[derive(Debug, PartialEq, Eq)]
pub enum WrittenCheck {
    /// `check = ""`: to be filled in. The bytes of the value, quotes included.
    Empty(Range<usize>),
    /// Some text.
    Given(String),
}

/// Finds the check of `domain`.
pub fn find(policy: &str, domain: &str) -> Result<WrittenCheck> {
    let document = DeTable::parse(policy).map_err(|error| {
        Failure::new("policy-invalid", format!("the policy is not valid TOML: {}", error.message()))
            .help("`sealroom policy check` shows the line")
    })?;
    let tokens = document.get_ref().get("tokens").and_then(|tokens| tokens.get_ref().as_table());
    let entry = tokens.and_then(|tokens| tokens.get(domain)).and_then(|entry| entry.get_ref().as_table());
    let check = entry.and_then(|entry| entry.get("check")).filter(|check| check.get_ref().is_str());
    let Some(check) = check else {
        return Err(Failure::new("no-such-domain", format!("the policy has no [tokens.{domain}] with a check"))
            .help(format!("add `[tokens.{domain}]` and below it `check = \"\"`: this command then fills it in")));
    };
    match check.get_ref().as_str() {
        Some(text) if !text.is_empty() => Ok(WrittenCheck::Given(text.to_owned())),
        _ => Ok(WrittenCheck::Empty(check.span())),
    }
}

/// The policy's text with `check` in place of the empty value at `place`.
pub fn fill_in(policy: &str, domain: &str, place: Range<usize>, check: &str) -> Result<String> {
    let failed = || Failure::new("internal", "the check cannot be filled in: write it into the policy by hand");
    let (before, after) = (policy.get(..place.start).ok_or_else(failed)?, policy.get(place.end..).ok_or_else(failed)?);
    let filled = format!("{before}\"{check}\"{after}");
    // Read back, so that an odd place is noticed here and not by the enclave.
    if find(&filled, domain)? == WrittenCheck::Given(check.to_owned()) { Ok(filled) } else { Err(failed()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_empty_string_changes() {
        for (policy, expected) in [
            (
                "# é\n[tokens.customer]\ncheck = \"\"  # fill\n[x]\ncheck = \"\"\n",
                "# é\n[tokens.customer]\ncheck = \"abc\"  # fill\n[x]\ncheck = \"\"\n",
            ),
            ("tokens.customer.check=''\r\na=1", "tokens.customer.check=\"abc\"\r\na=1"),
            (
                "tokens = { other = { check = \"\" }, customer = { check = \"\" } }",
                "tokens = { other = { check = \"\" }, customer = { check = \"abc\" } }",
            ),
            ("[tokens.customer]\ncheck = \"\"\"\"\"\"\n", "[tokens.customer]\ncheck = \"abc\"\n"),
        ] {
            let WrittenCheck::Empty(place) = find(policy, "customer").expect("found") else { panic!("not empty") };
            assert_eq!(fill_in(policy, "customer", place, "abc").expect("filled"), expected);
        }
    }

    #[test]
    fn given_check_is_told() {
        let policy = "[tokens.\"card holder\"]\ncheck = \"abc\"";
        assert_eq!(find(policy, "card holder").expect("found"), WrittenCheck::Given("abc".to_owned()));
    }

    #[test]
    fn absent_or_odd_checks_are_refused() {
        for policy in ["", "[tokens]", "[tokens.other]\ncheck = \"\"", "[tokens.customer]", "[tokens.customer]\ncheck = 1", "tokens = 1"] {
            assert_eq!(find(policy, "customer").expect_err("refused").code(), "no-such-domain", "{policy}");
        }
        assert_eq!(find("[tokens.customer\n", "customer").expect_err("refused").code(), "policy-invalid");
    }
}
