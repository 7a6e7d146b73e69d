//! Filters: the conditions of a job's `where`. A record goes on if all of them hold. Values are compared with values
//! of their own type alone; null and absent satisfy nothing but `exists = false`.

use std::cmp::Ordering;

use super::decimal::{Decimal, DecimalOutOfBounds, OwnedDecimal};
use super::json::{Kind, Value};
use crate::policy::TextType;

/// What a condition does with a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named as written in policies and jobs")]
pub enum FilterOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Exists,
}

/// A condition on one field's value.
#[derive(Debug, Clone)]
pub enum Test {
    /// `eq`, `ne`, `lt`, `le`, `gt`, `ge` with one value.
    Compare(Ordered, Operand),
    /// `in`.
    In(Operands),
    /// `exists`: whether the field is there and not null.
    Exists(bool),
}

/// How a value must stand to the condition's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as written in policies and jobs")]
pub enum Ordered {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// A value that a condition names.
#[derive(Debug, Clone)]
pub enum Operand {
    /// Compared by Unicode code points, without normalisation.
    Text(String),
    /// Compared as exact decimals.
    Number(OwnedDecimal),
    /// Only `eq`, `ne` and `in`.
    Boolean(bool),
}

/// The values of an `in`, sorted by type for searching.
#[derive(Debug, Clone, Default)]
pub struct Operands {
    texts: Vec<String>,
    numbers: Vec<OwnedDecimal>,
    booleans: Vec<bool>,
}

impl FilterOp {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 8] = [
        ("eq", Self::Eq),
        ("ne", Self::Ne),
        ("lt", Self::Lt),
        ("le", Self::Le),
        ("gt", Self::Gt),
        ("ge", Self::Ge),
        ("in", Self::In),
        ("exists", Self::Exists),
    ];
    /// What may be written, for errors.
    pub(crate) const ALLOWED: &'static str = "eq, ne, lt, le, gt, ge, in or exists";

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, op)| *op == self).map_or("", |(name, _)| name)
    }
}

impl Test {
    /// Which operation it is.
    #[must_use]
    pub fn op(&self) -> FilterOp {
        match self {
            Self::Compare(Ordered::Eq, _) => FilterOp::Eq,
            Self::Compare(Ordered::Ne, _) => FilterOp::Ne,
            Self::Compare(Ordered::Lt, _) => FilterOp::Lt,
            Self::Compare(Ordered::Le, _) => FilterOp::Le,
            Self::Compare(Ordered::Gt, _) => FilterOp::Gt,
            Self::Compare(Ordered::Ge, _) => FilterOp::Ge,
            Self::In(_) => FilterOp::In,
            Self::Exists(_) => FilterOp::Exists,
        }
    }

    /// Whether its values are of the type that every value of a field has.
    pub(crate) fn fits(&self, text_type: TextType) -> bool {
        match self {
            Self::Exists(_) => true,
            Self::Compare(_, Operand::Text(_)) => text_type == TextType::String,
            Self::Compare(_, Operand::Number(_)) => text_type == TextType::Number,
            Self::Compare(_, Operand::Boolean(_)) => false,
            Self::In(operands) => {
                operands.booleans.is_empty()
                    && (if text_type == TextType::String { operands.numbers.is_empty() } else { operands.texts.is_empty() })
            }
        }
    }

    /// Whether it holds for a field's value; none where the record does not have the field.
    ///
    /// # Errors
    /// [`DecimalOutOfBounds`] where the value is a number that cannot be compared exactly.
    pub(crate) fn holds(&self, value: Option<Value<'_>>, scratch: &mut String) -> Result<bool, DecimalOutOfBounds> {
        let value = value.filter(|value| value.kind() != Kind::Null);
        match (self, value) {
            (Self::Exists(wanted), value) => Ok(value.is_some() == *wanted),
            (_, None) => Ok(false),
            (Self::Compare(how, operand), Some(value)) => Ok(operand.compare(&value, scratch)?.is_some_and(|order| how.admits(order))),
            (Self::In(operands), Some(value)) => operands.contain(&value, scratch),
        }
    }
}

impl Ordered {
    fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }
}

impl Operand {
    /// How `value` stands to this; none where it is of another type.
    fn compare(&self, value: &Value<'_>, scratch: &mut String) -> Result<Option<Ordering>, DecimalOutOfBounds> {
        Ok(match (self, value.kind()) {
            (Self::Text(text), Kind::String(_)) => value.text(scratch).map(|value| value.cmp(text.as_str())),
            (Self::Number(number), Kind::Number) => Some(Decimal::parse(value.raw())?.cmp(&number.borrow())),
            (Self::Boolean(boolean), Kind::Boolean) => Some((value.raw() == "true").cmp(boolean)),
            _ => None,
        })
    }
}

impl Operands {
    /// Sorted operands.
    #[must_use]
    pub fn new(operands: impl IntoIterator<Item = Operand>) -> Self {
        let mut sorted = Self::default();
        for operand in operands {
            match operand {
                Operand::Text(text) => sorted.texts.push(text),
                Operand::Number(number) => sorted.numbers.push(number),
                Operand::Boolean(boolean) => sorted.booleans.push(boolean),
            }
        }
        sorted.texts.sort_unstable();
        sorted.numbers.sort_unstable_by(|one, other| one.borrow().cmp(&other.borrow()));
        sorted
    }

    fn contain(&self, value: &Value<'_>, scratch: &mut String) -> Result<bool, DecimalOutOfBounds> {
        Ok(match value.kind() {
            Kind::String(_) => {
                value.text(scratch).is_some_and(|value| self.texts.binary_search_by(|text| text.as_str().cmp(value)).is_ok())
            }
            Kind::Number if self.numbers.is_empty() => false,
            Kind::Number => {
                let value = Decimal::parse(value.raw())?;
                self.numbers.binary_search_by(|number| number.borrow().cmp(&value)).is_ok()
            }
            Kind::Boolean => self.booleans.contains(&(value.raw() == "true")),
            Kind::Null | Kind::Array | Kind::Object => false,
        })
    }
}
