//! Policies over sealed fields: what is not sealed is the operator's word and is kept, nothing else.

use super::*;

fn decided(whole: bool, field: &str) -> Option<Rule> {
    let input = format!("[input]\nform = \"fields\"\nwhole = {whole}\n");
    let text = format!("{}[fields.open]\n{field}\n", minimal().replace("[input]\n", &input));
    Policy::parse(text.as_bytes()).err().map(|error| error.rule)
}

#[test]
fn a_field_that_is_not_sealed_can_be_kept_and_nothing_else() {
    for field in ["", "keep = true", "keep = false"] {
        assert_eq!(decided(true, field), None, "{field}");
        assert_eq!(decided(false, field), None, "{field}");
    }
    for field in [
        "filter = { ops = [\"eq\"] }",
        "keep = true\nfilter = { ops = [\"exists\"] }",
        "mask = {}",
        "keep = true\ntruncate = { keep_first_max = 1 }",
        "redact = { detect = [\"card\"] }",
        "group = true",
        "count_distinct = true",
        "discover = true",
    ] {
        assert_eq!(decided(true, field), Some(Rule::UnsealedIsKeptOnly), "{field}");
    }
}

#[test]
fn without_a_manifest_sealed_fields_are_neither_conditions_nor_of_many() {
    for (field, rule) in [
        ("filter = { ops = [\"eq\"] }", Rule::FilterNeedsWhole),
        ("group = true", Rule::AggregatesNeedWhole),
        ("count_distinct = true", Rule::AggregatesNeedWhole),
        ("discover = true", Rule::AggregatesNeedWhole),
    ] {
        let sealed = format!("sealed = true\nkeep = true\n{field}");
        assert_eq!(decided(false, &sealed), Some(rule), "{field}");
        assert_eq!(decided(true, &sealed), None, "{field}");
    }
    assert_eq!(decided(false, "sealed = true\nmask = {}"), None);
}
