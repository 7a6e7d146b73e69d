//! Patterns that `check` tries values on: built-in ones, and the policy's own under `[patterns]`. The latter are regular
//! expressions in an engine whose time is linear in the value; a program that is too large is refused when the policy is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::{Regex, RegexBuilder};

use super::PolicyError;
use crate::detect::{Detector, luhn};
use crate::limits;
use crate::toml_reader::{Item, Rule};

/// A policy's own patterns, by name.
#[derive(Debug, Clone, Default)]
pub struct Patterns(BTreeMap<String, Own>);

/// One pattern that a whole value has or has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Luhn,
    Detector(Detector),
    Own(Own),
}

/// A regular expression that matches whole values.
#[derive(Debug, Clone)]
struct Own {
    written: String,
    whole: Arc<Regex>,
}

impl Patterns {
    /// Reads `[patterns]`.
    pub(super) fn read(item: Option<Item<'_>>) -> Result<Self, PolicyError> {
        let Some(item) = item else { return Ok(Self::default()) };
        let mut patterns = BTreeMap::new();
        for (name, item) in item.table()?.entries(limits::PATTERNS)? {
            if built_in(&name).is_some() {
                return Err(item.error(Rule::PatternBuiltIn));
            }
            patterns.insert(name, Own::read(&item)?);
        }
        Ok(Self(patterns))
    }

    /// The pattern called `name`: built in, or the policy's own.
    pub(crate) fn pattern(&self, name: &str) -> Option<Pattern> {
        let kind = built_in(name).or_else(|| self.0.get(name).cloned().map(Kind::Own))?;
        Some(Pattern { name: name.to_owned(), kind })
    }
}

impl Pattern {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The regular expression, as the policy writes it; none where the pattern is built in.
    #[must_use]
    pub fn written(&self) -> Option<&str> {
        match &self.kind {
            Kind::Own(own) => Some(&own.written),
            Kind::Luhn | Kind::Detector(_) => None,
        }
    }

    /// Whether `value` as a whole has it.
    #[must_use]
    pub fn holds(&self, value: &str) -> bool {
        match &self.kind {
            Kind::Luhn => ends_with_luhn_digit(value),
            Kind::Detector(detector) => detector.is_whole(value),
            Kind::Own(own) => value.len() <= limits::PATTERN_VALUE_BYTES && own.whole.is_match(value),
        }
    }
}

impl Own {
    fn read(item: &Item<'_>) -> Result<Self, PolicyError> {
        let written = item.string(limits::PATTERN_BYTES)?;
        // Alone first: what closes a bracket that it did not open would otherwise end the one around it.
        let compiled = compile(written).and_then(|_| compile(&format!("^(?:{written})$")));
        match compiled {
            Ok(whole) => Ok(Self { written: written.to_owned(), whole: Arc::new(whole) }),
            Err(error) => Err(item.error(Rule::Pattern(error.to_string()))),
        }
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Own {}

fn compile(pattern: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(pattern).size_limit(limits::PATTERN_PROGRAM_BYTES).nest_limit(limits::PATTERN_DEPTH).build()
}

fn built_in(name: &str) -> Option<Kind> {
    if name == "luhn" { Some(Kind::Luhn) } else { name.parse().ok().map(Kind::Detector) }
}

/// Digits with single spaces or hyphens between, of which the last is the Luhn digit of the others.
fn ends_with_luhn_digit(value: &str) -> bool {
    let is_separator = |byte: u8| matches!(byte, b' ' | b'-');
    let mut separated = false;
    let alternate = value.bytes().all(|byte| {
        let doubled = separated && is_separator(byte);
        separated = is_separator(byte);
        !doubled
    });
    let bytes = value.as_bytes();
    let ends_in_digits = [bytes.first(), bytes.last()].into_iter().all(|byte| byte.is_some_and(u8::is_ascii_digit));
    alternate && ends_in_digits && luhn::holds(value.bytes().filter(|byte| !is_separator(*byte)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::toml_reader;

    fn read(text: &str) -> Result<Patterns, PolicyError> {
        toml_reader::document(text.as_bytes(), limits::POLICY_BYTES, |mut root| Patterns::read(root.take("patterns")))
    }

    fn pattern(written: &str) -> Pattern {
        read(&format!("[patterns]\nown = '{written}'\n")).unwrap().pattern("own").unwrap()
    }

    #[test]
    fn the_whole_value_has_to_match() {
        for (written, values) in [
            ("INV-[0-9]{8}", &["INV-12345678"][..]),
            ("^INV-[0-9]{8}$", &["INV-12345678"][..]),
            ("a|ab", &["a", "ab"][..]),
            ("", &[""][..]),
            ("(?i)x", &["x", "X"][..]),
            (".{2}", &["éé", "ab"][..]),
        ] {
            let pattern = pattern(written);
            for value in values {
                assert!(pattern.holds(value), "{written}: {value}");
            }
            for value in ["xINV-12345678", "INV-12345678\n", "INV-123456789", "abc", "b", " ", "xxx", "abc\nab"] {
                assert!(!pattern.holds(value), "{written}: {value:?}");
            }
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_line() {
        for written in ["(", "a)|(b", "[", "a{100000}", "(?x)a #", "\\p{Greek}", "(a)\\1", "(?=a)", "*", "((a{500}){500})"] {
            let error = read(&format!("x = 1\n[patterns]\ngood = 'a'\nown = '{written}'\n")).err().unwrap();
            assert_eq!((error.line, error.key.as_str()), (4, "patterns.own"), "{written}");
            assert!(matches!(error.rule, Rule::Pattern(_)), "{written}: {error}");
        }
        let long = "a".repeat(limits::PATTERN_BYTES + 1);
        assert!(matches!(read(&format!("patterns.own = '{long}'")).err().unwrap().rule, Rule::TooMany(_)));
        assert!(matches!(read("patterns.own = 1").err().unwrap().rule, Rule::Type(_)));
        let many: String = (0..=limits::PATTERNS).map(|index| format!("patterns.p{index} = 'a'\n")).collect();
        assert!(matches!(read(&many).err().unwrap().rule, Rule::TooMany(_)));
    }

    #[test]
    fn no_own_pattern_takes_the_name_of_a_built_in_one() {
        for name in ["luhn", "iban", "email", "aws-key"] {
            assert_eq!(read(&format!("patterns.{name} = 'a'")).err().unwrap().rule, Rule::PatternBuiltIn, "{name}");
        }
    }

    #[test]
    fn built_in_patterns_are_there_without_a_table() {
        let patterns = Patterns::default();
        let holds = |name: &str, value: &str| patterns.pattern(name).unwrap().holds(value);
        for (name, good, bad) in [
            ("luhn", "79927398713", "79927398710"),
            ("luhn", "4111 1111-1111 1111", "4111  1111 1111 1111"),
            ("luhn", "18", "1"),
            ("luhn", "00", ""),
            ("luhn", "18", " 18"),
            ("luhn", "18", "18-"),
            ("luhn", "18", "1x8"),
            ("iban", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"),
            ("iban", "GB82WEST12345698765432", "IBAN GB82WEST12345698765432"),
            ("email", "a@example.com", "a@example.com, b@example.com"),
            ("email", "a@example.com", "a@example"),
        ] {
            assert!(holds(name, good), "{name}: {good}");
            assert!(!holds(name, bad), "{name}: {bad}");
        }
        assert!(patterns.pattern("own").is_none());
        assert!(patterns.pattern("LUHN").is_none());
    }

    #[test]
    fn a_value_beyond_the_bound_matches_no_own_pattern() {
        let pattern = pattern("a*");
        assert!(pattern.holds(&"a".repeat(limits::PATTERN_VALUE_BYTES)));
        assert!(!pattern.holds(&"a".repeat(limits::PATTERN_VALUE_BYTES + 1)));
    }
}
