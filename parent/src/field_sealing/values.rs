//! What of a value is sealed: the text of a string, or of a number where the policy calls the field one.

use sealroom_shared::{
    policy::TextType,
    record::json::{self, Kind, Value},
};
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};

/// A field whose values are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedField {
    /// Its name.
    pub name: String,
    /// What its values are, by the policy.
    pub text_type: TextType,
}

/// The text that is sealed in place of a value of JSON; none for null, which stays.
pub fn text_of(value: &Value<'_>, field: &SealedField) -> Result<Option<Zeroizing<String>>> {
    let mut scratch = Zeroizing::new(String::new());
    match (value.kind(), field.text_type) {
        (Kind::Null, _) => Ok(None),
        (Kind::String(_), TextType::String) | (Kind::Number, TextType::Number) => {
            Ok(value.text(&mut scratch).map(|text| Zeroizing::new(text.to_owned())))
        }
        (Kind::Number, TextType::String) => {
            Err(other_type(field, "a number", "`type = \"number\"` for this field in the policy says that its values are numbers"))
        }
        (Kind::String(_), TextType::Number) => Err(other_type(field, "a string", "the policy calls the values of this field numbers")),
        (Kind::Boolean | Kind::Array | Kind::Object, _) => Err(other_type(
            field,
            "neither a string nor a number",
            "single strings and numbers can be sealed; seal the whole file for others",
        )),
    }
}

/// Refuses a cell that is not of its field's type.
pub fn fits(text: &str, field: &SealedField) -> Result<()> {
    if field.text_type == TextType::Number && !json::is_number(text) {
        return Err(other_type(field, "not a number", "the policy calls the values of this field numbers, written as in JSON"));
    }
    Ok(())
}

fn other_type(field: &SealedField, found: &str, help: &str) -> Failure {
    Failure::new("record", format!("the value of the field {:?} is {found}", field.name)).help(help)
}
