//! One record as a job sees it: the wanted fields, wherever they lie, with sealed ones opened and texts typed. A record is
//! seen only once all of it has been read and every wanted value has its type.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::blocks::{Block, Layout};
use super::csv::{self, Cells};
use super::json::{self, Fields, Kind, Scanner, Spelling, Value};
use super::nested::Nested;
use super::sealed::{MissingKey, NotOpened, ValueOpener};
use super::{RecordRefused, Scratch};
use crate::policy::TextType;

/// A field that a job reads.
pub(crate) struct Wanted {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Whether its values are sealed one by one.
    pub(crate) sealed: bool,
    /// What its values are where they are texts.
    pub(crate) text_type: TextType,
}

/// Reads records for one worker.
pub(crate) struct Viewer {
    json: Scanner,
    /// None where no wanted field lies within another.
    nested: Option<Nested>,
    csv: csv::Reader,
    sealed: Option<ValueOpener>,
    opened: Opened,
}

/// The wanted fields of one record.
pub(crate) struct View<'v> {
    lying: Lying<'v>,
    nested: Option<&'v Nested>,
    /// None where no wanted field is sealed.
    opened: Option<&'v Opened>,
    wanted: &'v [Wanted],
}

/// Why a record cannot be seen.
pub(crate) enum NotSeen {
    Refused(RecordRefused),
    /// The data key of a sealed value has to be released first.
    KeyMissing,
}

/// Values as the record has them.
#[derive(Clone, Copy)]
enum Lying<'v> {
    Json(Fields<'v, 'v>),
    Csv(Cells<'v, 'v>),
}

/// The plaintext of one record's sealed values.
#[derive(Default)]
struct Opened {
    text: Zeroizing<Vec<u8>>,
    /// Where each wanted field's lies.
    ranges: Vec<Option<(usize, usize)>>,
}

impl Viewer {
    /// A viewer of records with these wanted fields. `sealed` opens those that are sealed.
    pub(crate) fn new(wanted: &[Wanted], sealed: Option<ValueOpener>) -> Self {
        let (json, nested) = Nested::scanner(wanted.iter().map(|wanted| &*wanted.name));
        Self {
            json,
            nested,
            csv: csv::Reader::new(),
            sealed: sealed.filter(|_| wanted.iter().any(|wanted| wanted.sealed)),
            opened: Opened { text: Zeroizing::default(), ranges: vec![None; wanted.len()] },
        }
    }

    /// Reads one record, without its line end.
    #[inline]
    pub(crate) fn view<'v>(
        &'v mut self,
        wanted: &'v [Wanted],
        layout: &'v Layout,
        record: &'v [u8],
        scratch: &mut Scratch,
    ) -> Result<View<'v>, NotSeen> {
        let lying = match layout {
            Layout::Ndjson => Lying::Json(self.json.scan(record)?),
            Layout::Csv(columns) => Lying::Csv(self.csv.read(columns, record)?),
        };
        let opened = match &mut self.sealed {
            Some(opener) => {
                self.opened.open_all(opener, wanted, lying, scratch)?;
                Some(&self.opened)
            }
            None => None,
        };
        let nested = match (&mut self.nested, lying) {
            (Some(nested), Lying::Json(fields)) => {
                nested.gather(fields)?;
                Some(&*nested)
            }
            _ => None,
        };
        let view = View { lying, nested, opened, wanted };
        view.types_hold()?;
        Ok(view)
    }

    /// The first data key that the records of `block` need.
    pub(crate) fn first_missing(&mut self, wanted: &[Wanted], block: &Block) -> Option<MissingKey> {
        let layout = block.layout.as_ref().ok()?;
        let (mut found, mut at) = (Vec::new(), block.start);
        while let Some((record, after)) = layout.next_record(block.bytes(), at) {
            self.missing(wanted, layout, record, &mut found);
            if !found.is_empty() {
                break;
            }
            at = after;
        }
        found.into_iter().next()
    }

    /// Data keys that the record needs and that were not given yet.
    pub(crate) fn missing(&mut self, wanted: &[Wanted], layout: &Layout, record: &[u8], found: &mut Vec<MissingKey>) {
        let Some(opener) = &mut self.sealed else { return };
        let lying = match layout {
            Layout::Ndjson => self.json.scan(record).ok().map(Lying::Json),
            Layout::Csv(columns) => self.csv.read(columns, record).ok().map(Lying::Csv),
        };
        let Some(lying) = lying else { return };
        let mut scratch = String::new();
        for (index, field) in wanted.iter().enumerate().filter(|(_, field)| field.sealed) {
            let value = lying.value(index, TextType::String).ok().flatten();
            let missing = value.and_then(|value| opener.missing(index, &field.name, value.text(&mut scratch)?));
            if let Some(missing) = missing
                && !found.iter().any(|other| other.of == missing.of)
            {
                found.push(missing);
            }
        }
    }
}

impl<'v> View<'v> {
    /// The wanted field with this index; none where the record does not have it.
    #[inline]
    pub(crate) fn value(&self, index: usize) -> Option<Value<'v>> {
        // What cannot be had was refused when the record was read.
        self.typed(index).ok().flatten()
    }

    #[inline]
    fn typed(&self, index: usize) -> Result<Option<Value<'v>>, RecordRefused> {
        match (self.lying, self.nested, self.opened) {
            (Lying::Json(fields), None, None) => Ok(fields.value(index)),
            // Policies allow no nested field where values are sealed.
            (Lying::Json(fields), Some(nested), None) => Ok(nested.value(fields, index)),
            (lying, _, opened) => {
                let text_type = self.wanted.get(index).map_or(TextType::String, |wanted| wanted.text_type);
                match opened.and_then(|opened| opened.text(index)) {
                    Some(text) => Value::of_text(text, Spelling::Plain, text_type).map(Some),
                    None => lying.value(index, text_type),
                }
            }
        }
    }

    #[inline]
    fn types_hold(&self) -> Result<(), RecordRefused> {
        if let (Lying::Json(_), None) = (self.lying, self.opened) {
            return Ok(());
        }
        (0..self.wanted.len()).try_for_each(|index| self.typed(index).map(|_| ()))
    }
}

impl<'v> Lying<'v> {
    #[inline]
    fn value(self, index: usize, text_type: TextType) -> Result<Option<Value<'v>>, RecordRefused> {
        match self {
            Self::Json(fields) => Ok(fields.value(index)),
            Self::Csv(cells) => match cells.cell(index) {
                None => Ok(None),
                Some(cell) if cell.is_empty() => Ok(Some(Value::NULL)),
                Some(cell) => {
                    let spelling = if cell.doubled() { Spelling::Doubled } else { Spelling::Plain };
                    Value::of_text(cell.raw(), spelling, text_type).map(Some)
                }
            },
        }
    }
}

impl Opened {
    fn open_all(&mut self, opener: &mut ValueOpener, wanted: &[Wanted], lying: Lying<'_>, scratch: &mut Scratch) -> Result<(), NotSeen> {
        self.text.clear();
        for ((index, field), range) in wanted.iter().enumerate().zip(&mut self.ranges) {
            *range = None;
            if !field.sealed {
                continue;
            }
            let Some(value) = lying.value(index, TextType::String)?.filter(|value| value.kind() != Kind::Null) else { continue };
            // Anything else in place of a sealed value is not the owner's.
            let Kind::String(_) = value.kind() else { return Err(RecordRefused::SealedValue.into()) };
            let message = value.text(&mut scratch.text).ok_or(RecordRefused::SealedValue)?;
            let start = self.text.len();
            opener.open(index, &field.name, message, &mut self.text).map_err(|not| match not {
                NotOpened::KeyMissing => NotSeen::KeyMissing,
                NotOpened::Refused => RecordRefused::SealedValue.into(),
            })?;
            *range = Some((start, self.text.len()));
        }
        let texts_are_text = self.ranges.iter().flatten().all(|(start, end)| {
            let text = self.text.get(*start..*end).unwrap_or_default();
            std::str::from_utf8(text).is_ok()
        });
        if texts_are_text { Ok(()) } else { Err(RecordRefused::Json(json::JsonError::NotUtf8).into()) }
    }

    fn text(&self, index: usize) -> Option<&str> {
        let (start, end) = (*self.ranges.get(index)?)?;
        std::str::from_utf8(self.text.get(start..end)?).ok()
    }
}

impl<E: Into<RecordRefused>> From<E> for NotSeen {
    fn from(refused: E) -> Self {
        Self::Refused(refused.into())
    }
}
