//! Names of fields that lie within others: JSON Pointers (RFC 6901) with one word more, `*`, for each element of an array.
//! A name that begins with `/` is a pointer; any other is a top-level field's own. Every field has one name only, so that
//! what a policy says of a name it says of the field.

use std::borrow::Cow;

/// A name of a field, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    /// The top-level field.
    top: String,
    /// The way from there; empty for the field itself.
    steps: Vec<Step>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The member of an object that has this key, or the element of an array that has this index.
    Into(String, Option<usize>),
    /// Each element of an array.
    Each,
}

/// Why a name is no field's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// A `~` that escapes nothing.
    #[error("in a JSON Pointer `~` is written `~0`, and `/` within a key `~1`")]
    Escape,
    /// A pointer to a top-level field that has a plain name.
    #[error("a top-level field is named without the `/`")]
    TopLevel,
    /// `/*`.
    #[error("`*` stands for the elements of an array; a record is an object, so its first step is a key")]
    EachOfRecord,
}

impl FieldPath {
    /// Reads the name of a field.
    ///
    /// # Errors
    /// [`PointerError`].
    pub fn parse(name: &str) -> Result<Self, PointerError> {
        let Some(pointer) = name.strip_prefix('/') else { return Ok(Self { top: name.to_owned(), steps: Vec::new() }) };
        let mut tokens = pointer.split('/');
        let first = tokens.next().unwrap_or_default();
        if first == EACH {
            return Err(PointerError::EachOfRecord);
        }
        let top = unescape(first)?.into_owned();
        let steps = tokens.map(Step::parse).collect::<Result<Vec<_>, _>>()?;
        let has_plain_name = !top.is_empty() && !top.starts_with('/');
        if steps.is_empty() && has_plain_name { Err(PointerError::TopLevel) } else { Ok(Self { top, steps }) }
    }

    /// The top-level field that it begins with.
    pub(crate) fn top(&self) -> &str {
        &self.top
    }

    /// The way from there.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether it names each element of some array, so that its values are arrays.
    #[must_use]
    pub fn has_each(&self) -> bool {
        self.steps.contains(&Step::Each)
    }

    /// Whether the two may share a value: one leads to the other or into it.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.top == other.top && self.steps.iter().zip(&other.steps).all(|(one, other)| one.may_be(other))
    }
}

/// Whether the fields of these two names may share a value. A name that is no field's shares with every one.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    match (FieldPath::parse(one), FieldPath::parse(other)) {
        (Ok(one), Ok(other)) => one.overlaps(&other),
        _ => true,
    }
}

impl Step {
    fn parse(token: &str) -> Result<Self, PointerError> {
        if token == EACH {
            return Ok(Self::Each);
        }
        let is_index = token == "0" || (!token.starts_with('0') && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()));
        // An index beyond `usize` is beyond every array.
        let index = if is_index { token.parse().ok() } else { None };
        Ok(Self::Into(unescape(token)?.into_owned(), index))
    }

    /// Whether both may lead to one value. `*` leads into arrays alone, and so meets no key that is not an index as well.
    fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Each, Self::Each) => true,
            (Self::Each, Self::Into(_, index)) | (Self::Into(_, index), Self::Each) => index.is_some(),
            (Self::Into(one, _), Self::Into(other, _)) => one == other,
        }
    }
}

/// The key that a token of a pointer means.
fn unescape(token: &str) -> Result<Cow<'_, str>, PointerError> {
    if !token.contains('~') {
        return Ok(Cow::Borrowed(token));
    }
    let mut key = String::with_capacity(token.len());
    for (index, piece) in token.split('~').enumerate() {
        match (index, piece.strip_prefix('0'), piece.strip_prefix('1')) {
            (0, ..) => key.push_str(piece),
            (_, Some(rest), _) => key.extend(["~", rest]),
            (_, _, Some(rest)) => key.extend(["/", rest]),
            (_, None, None) => return Err(PointerError::Escape),
        }
    }
    Ok(Cow::Owned(key))
}

/// The token that stands for each element. A key that is exactly this has no name: RFC 6901 has no escape for it.
const EACH: &str = "*";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn into(key: &str) -> Step {
        Step::Into(key.to_owned(), None)
    }

    #[test]
    fn names_are_read_as_rfc_6901_says() {
        for (name, top, steps) in [
            ("address", "address", vec![]),
            ("a/b~c*", "a/b~c*", vec![]),
            ("*", "*", vec![]),
            ("~1", "~1", vec![]),
            ("/address/zip", "address", vec![into("zip")]),
            ("/a~1b/m~0n", "a/b", vec![into("m~n")]),
            ("/a/~01", "a", vec![into("~1")]),
            ("/a/~10", "a", vec![into("/0")]),
            ("/a/", "a", vec![into("")]),
            ("/a//b", "a", vec![into(""), into("b")]),
            ("//b", "", vec![into("b")]),
            ("/", "", vec![]),
            ("/~1name", "/name", vec![]),
            ("/a/*", "a", vec![Step::Each]),
            ("/a/*/*/b", "a", vec![Step::Each, Step::Each, into("b")]),
            ("/a/**", "a", vec![into("**")]),
            ("/a/0", "a", vec![Step::Into("0".to_owned(), Some(0))]),
            ("/a/10", "a", vec![Step::Into("10".to_owned(), Some(10))]),
            ("/a/01", "a", vec![into("01")]),
            ("/a/-", "a", vec![into("-")]),
            ("/a/+1", "a", vec![into("+1")]),
            ("/a/99999999999999999999", "a", vec![into("99999999999999999999")]),
        ] {
            assert_eq!(FieldPath::parse(name), Ok(FieldPath { top: top.to_owned(), steps }), "{name}");
        }
    }

    #[test]
    fn names_that_are_no_fields_are_refused() {
        for (name, error) in [
            ("/address", PointerError::TopLevel),
            ("/~0a", PointerError::TopLevel),
            ("/0", PointerError::TopLevel),
            ("/*", PointerError::EachOfRecord),
            ("/*/a", PointerError::EachOfRecord),
            ("/a~/b", PointerError::Escape),
            ("/a/~2", PointerError::Escape),
            ("/a/~", PointerError::Escape),
            ("/a/b~~0", PointerError::Escape),
            ("/~/a", PointerError::Escape),
        ] {
            assert_eq!(FieldPath::parse(name), Err(error), "{name}");
        }
    }

    #[test]
    fn fields_overlap_where_one_lies_in_the_other() {
        for (one, other, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("a", "/a/b", true),
            ("/a/b", "/a/b", true),
            ("/a/b", "/a/b/c", true),
            ("/a/b", "/a/c", false),
            ("/a/b", "/a/bc", false),
            ("/a/b/c", "/a/d/c", false),
            ("/a/*", "/a/0", true),
            ("/a/*/b", "/a/0", true),
            ("/a/*/b", "/a/0/b", true),
            ("/a/*/b", "/a/0/c", false),
            ("/a/*/b", "/a/*/b", true),
            ("/a/*/b", "/a/*/c", false),
            ("/a/*", "/a/b", false),
            ("/a/0", "/a/1", false),
            ("/a~1b/c", "a/b", true),
            ("/a~1b/c", "/a/b", false),
            ("/a/~", "b", true),
        ] {
            assert_eq!((overlap(one, other), overlap(other, one)), (expected, expected), "{one} and {other}");
        }
    }
}
