//! Walks through values that the scanner has validated: to what a pointer names, and from element to element. It checks
//! nothing again; where a value were not valid after all, it would find nothing.

use super::value::{Kind, Spelling, Value};
use super::{blanks, number, text};
use crate::record::pointer::Step;

/// The elements of an array.
pub(crate) struct Elements<'r> {
    text: &'r str,
    /// Where the next element begins; none at the end.
    at: Option<usize>,
}

impl<'r> Value<'r> {
    /// The elements, where this is an array; otherwise none.
    pub(crate) fn elements(&self) -> Elements<'r> {
        let is_array = self.kind() == Kind::Array;
        Elements { text: self.raw(), at: is_array.then(|| first(self.raw(), b']')).flatten() }
    }

    /// The value that `steps` lead to, none of which may be `*`.
    pub(crate) fn find(self, steps: &[Step]) -> Option<Self> {
        steps.iter().try_fold(self, |value, step| match (value.kind(), step) {
            (Kind::Object, Step::Into(key, _)) => value.member(key),
            (Kind::Array, Step::Into(_, Some(index))) => value.elements().nth(*index),
            _ => None,
        })
    }

    /// Appends the array of what `steps` lead to from each element, with `null` for what is not there; further `*` make
    /// arrays of their own within.
    pub(crate) fn gather(self, steps: &[Step], out: &mut String) {
        out.push('[');
        for (index, element) in self.elements().enumerate() {
            out.push_str(if index == 0 { "" } else { "," });
            let (before, after) = up_to_each(steps);
            match (element.find(before), after) {
                (Some(found), None) => out.push_str(found.raw()),
                (Some(array), Some(after)) if array.kind() == Kind::Array => array.gather(after, out),
                _ => out.push_str("null"),
            }
        }
        out.push(']');
    }

    /// The member of an object with this key.
    fn member(self, key: &str) -> Option<Self> {
        let (record, bytes) = (self.raw(), self.raw().as_bytes());
        let mut next = first(record, b'}');
        while let Some(at) = next {
            let (end, escaped) = text::end_of_string(bytes, at + 1).ok()?;
            let written = record.get(at + 1..end)?;
            let is_it = if escaped { unescaped(written) == key } else { written == key };
            let colon = blanks(bytes, end + 1);
            let value = value(record, blanks(bytes, colon + 1))?;
            if is_it {
                return Some(value.0);
            }
            next = after_comma(bytes, value.1);
        }
        None
    }
}

impl<'r> Iterator for Elements<'r> {
    type Item = Value<'r>;

    fn next(&mut self) -> Option<Value<'r>> {
        let (value, end) = value(self.text, self.at.take()?)?;
        self.at = after_comma(self.text.as_bytes(), end);
        Some(value)
    }
}

/// The steps before the first `*`, and those after it if there is one.
pub(crate) fn up_to_each(steps: &[Step]) -> (&[Step], Option<&[Step]>) {
    let each = steps.iter().position(|step| *step == Step::Each);
    let split = each.and_then(|each| Some((steps.get(..each)?, steps.get(each + 1..))));
    split.unwrap_or((steps, None))
}

/// Where the first entry of the array or object `text` begins; none where it ends at once, with `close`.
fn first(text: &str, close: u8) -> Option<usize> {
    let at = blanks(text.as_bytes(), 1);
    (text.as_bytes().get(at) != Some(&close)).then_some(at)
}

/// Where the next entry begins, if a comma follows the one that ends at `end`.
fn after_comma(bytes: &[u8], end: usize) -> Option<usize> {
    let at = blanks(bytes, end);
    (bytes.get(at) == Some(&b',')).then(|| blanks(bytes, at + 1))
}

/// The value that begins at `at`, and where it ends.
fn value(record: &str, at: usize) -> Option<(Value<'_>, usize)> {
    let bytes = record.as_bytes();
    let (kind, end) = match bytes.get(at)? {
        b'"' => {
            let (end, escaped) = text::end_of_string(bytes, at + 1).ok()?;
            (Kind::String(if escaped { Spelling::JsonEscaped } else { Spelling::Json }), end + 1)
        }
        b't' => (Kind::Boolean, at + 4),
        b'f' => (Kind::Boolean, at + 5),
        b'n' => (Kind::Null, at + 4),
        b'[' => (Kind::Array, end_of_nest(bytes, at)?),
        b'{' => (Kind::Object, end_of_nest(bytes, at)?),
        _ => (Kind::Number, number::end_of_number(bytes, at).ok()?),
    };
    Some((Value::new(kind, record.get(at..end)?), end))
}

fn unescaped(written: &str) -> String {
    let mut key = String::new();
    text::unescape(written, &mut key);
    key
}

/// The position after the array or object that begins at `at`.
fn end_of_nest(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut open = 0_usize;
    loop {
        match bytes.get(at)? {
            b'"' => at = text::end_of_string(bytes, at + 1).ok()?.0,
            b'[' | b'{' => open += 1,
            b']' | b'}' => open -= 1,
            _ => {}
        }
        at += 1;
        if open == 0 {
            return Some(at);
        }
    }
}
