//! Tests of names of fields, and of combinations of operations on them.

use super::*;
use crate::record::pointer::PointerError;

#[test]
fn nested_fields_are_named_by_pointers() {
    let text = whole().replace("[fields.zip]", "[fields.\"/address/zip\"]").replace("field = \"customer\"", "field = \"/who/id\"");
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert!(policy.fields().contains_key("/address/zip"));
    assert_eq!(policy.people().unwrap().field, "/who/id");
    for name in ["/items/*/sku", "/a~1b/c~0", "/", "/a/", "/~1a", "/items/0"] {
        let text = whole().replace("[fields.zip]", &format!("[fields.\"{name}\"]"));
        assert!(Policy::parse(text.as_bytes()).unwrap().fields().contains_key(name), "{name}");
    }
}

#[test]
fn names_that_lead_nowhere_are_refused_with_their_line() {
    for (name, error) in [
        ("/zip", PointerError::TopLevel),
        ("/*", PointerError::EachOfRecord),
        ("/*/zip", PointerError::EachOfRecord),
        ("/a/~2", PointerError::Escape),
        ("/a~", PointerError::Escape),
    ] {
        let refused = changed("[fields.zip]", &format!("[fields.\"{name}\"]"));
        assert_eq!(refused, (22, format!("fields.{name}"), Rule::Pointer(error)), "{name}");
        let refused = changed("field = \"customer\"", &format!("field = \"{name}\""));
        assert_eq!(refused, (15, "people.field".to_owned(), Rule::Pointer(error)), "{name}");
    }
    assert_eq!(changed("field = \"customer\"", "field = \"/a/*/id\""), (15, "people.field".to_owned(), Rule::PersonOfEach));
}

#[test]
fn cells_and_sealed_fields_have_no_fields_within() {
    for (old, new) in [("format = \"ndjson\"", "format = \"csv\""), ("form = \"file\"", "form = \"fields\"")] {
        let text = whole().replace(old, new);
        let (line, key, rule) = refusal(&text.replace("[fields.customer]", "[fields.\"/a/b\"]\nkeep = true\n[fields.customer]"));
        assert_eq!((line, key.as_str(), rule), (18, "fields./a/b", Rule::NestedNeedsJson), "{new}");
    }
    let csv = whole().replace("format = \"ndjson\"", "format = \"csv\"").replace("field = \"customer\"", "field = \"/a/b\"");
    assert_eq!(refusal(&csv), (15, "people.field".to_owned(), Rule::NestedNeedsJson));
}

#[test]
fn combinations_are_read() {
    let text = whole().replace("keep_first_max = 3 }\nkeep = false", "keep_first_max = 3 }\nkeep = true");
    let text = text.replace("[input]", "combinations = [{ field = \"zip\", ops = [\"truncate\", \"keep\"] }]\n[input]");
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let combinations = policy.combinations();
    assert_eq!(combinations.listed().len(), 1);
    assert!(combinations.allow("zip", &["keep", "truncate"]) && combinations.allow("zip", &["truncate", "keep"]));
    assert!(combinations.allow("country", &["keep"]) && !combinations.allow("country", &["keep", "truncate"]));
    assert!(!combinations.allow("zip", &["keep", "mask"]) && !combinations.allow("zip", &["keep", "truncate", "mask"]));
}

#[test]
fn combinations_of_what_is_not_permitted_are_refused() {
    let listed = |entry: &str| {
        let text = whole().replace("tokenize = { domain = \"customer\" }", "tokenize = { domain = \"customer\" }\nmask = {}\nkeep = true");
        let (line, key, rule) = refusal(&text.replace("[input]", &format!("combinations = [{entry}]\n[input]")));
        assert_eq!(line, 9, "{entry}");
        (key, rule)
    };
    let one = "{ field = \"customer\", ops = [\"mask\", \"keep\"] }";
    for (entry, key, rule) in [
        ("", "", Rule::Value("at least one entry")),
        ("1", "[0]", Rule::Type("a table")),
        ("{ ops = [\"mask\", \"keep\"] }", "[0].field", Rule::Missing),
        ("{ field = \"customer\" }", "[0].ops", Rule::Missing),
        ("{ field = \"customers\", ops = [\"mask\", \"keep\"] }", "[0].field", Rule::Value("a field that [fields] names")),
        ("{ field = \"customer\", ops = [] }", "[0].ops", Rule::Value("at least one entry")),
        ("{ field = \"customer\", ops = [\"mask\"] }", "[0].ops", Rule::Value("at least two operations")),
        ("{ field = \"customer\", ops = [\"mask\", \"mask\"] }", "[0].ops[1]", Rule::Duplicate),
        ("{ field = \"customer\", ops = [\"mask\", \"truncate\"] }", "[0].ops[1]", Rule::CombinationNotPermitted),
        ("{ field = \"customer\", ops = [\"mask\", \"drop\"] }", "[0].ops[1]", Rule::CombinationNotPermitted),
        ("{ field = \"customer\", ops = [\"mask\", \"Keep\"] }", "[0].ops[1]", Rule::CombinationNotPermitted),
        ("{ field = \"zip\", ops = [\"truncate\", \"keep\"] }", "[0].ops[1]", Rule::CombinationNotPermitted),
        (&format!("{one}, {}", one.replace("\"mask\", \"keep\"", "\"keep\", \"mask\"")), "[1]", Rule::Duplicate),
    ] {
        assert_eq!(listed(entry), (format!("combinations{key}"), rule), "{entry}");
    }
    let (key, rule) = listed("{ field = \"customer\", ops = [\"mask\", \"keep\"], op = 1 }");
    assert!(key == "combinations[0].op" && matches!(rule, Rule::UnknownKey(_)));
}
