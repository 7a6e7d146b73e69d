//! What values are that have no type of their own: cells of CSV.

use super::*;

fn read(format: &str, field: &str) -> Result<TextType, Rule> {
    let text = minimal().replace("format = \"ndjson\"", &format!("format = \"{format}\""));
    let policy = Policy::parse(format!("{text}[fields.x]\n{field}\n").as_bytes()).map_err(|error| error.rule)?;
    Ok(policy.fields().get("x").unwrap().text_type)
}

#[test]
fn a_cell_is_a_string_unless_the_policy_says_number() {
    assert_eq!(read("csv", ""), Ok(TextType::String));
    assert_eq!(read("csv", "type = \"string\""), Ok(TextType::String));
    assert_eq!(read("csv", "type = \"number\""), Ok(TextType::Number));
    assert_eq!((TextType::String.name(), TextType::Number.name()), ("string", "number"));
    for field in ["type = \"text\"", "type = \"Number\"", "type = \"\""] {
        assert_eq!(read("csv", field), Err(Rule::Value("\"string\" or \"number\"")), "{field}");
    }
    for field in ["type = \"string\"", "type = \"number\""] {
        assert_eq!(read("ndjson", field), Err(Rule::TypeOfJson), "{field}");
    }
}
