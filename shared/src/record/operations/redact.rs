//! `redact`: a text in which a marker stands in place of whatever detectors find. Takes strings. It is done as well as the
//! detectors are (docs/detectors.md): free text that must not leave is not released at all.

use super::{Breach, DocumentError, Item, Operation, Output, RecordRefused, Rule, Scratch, Table, TokenDomains, Value, WriteValue};
use crate::detect::{Detector, Detectors, Finder, NAMES};
use crate::limits;
use crate::record::json::Kind;

/// `{ op = "redact" }` or `{ op = "redact", detect = ["…"] }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redact {
    /// The detectors that the job names; none where it leaves them to the policy.
    pub detect: Option<Detectors>,
}

/// `redact = { detect = ["…"] }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The least that a job uses.
    pub detect: Detectors,
}

/// A job's detectors leave out some of the policy's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`detect` leaves out {0}, which the policy's `redact` names; a job may add detectors, and leave out none")]
pub struct DetectorsLeftOut(pub Detectors);

/// Ready to write.
pub(crate) struct Writer {
    finder: Finder,
}

impl Operation for Redact {
    const NAME: &'static str = "redact";
    type Permission = Permission;
    type Writer = Writer;

    fn permission(item: &Item<'_>) -> Result<Option<Permission>, DocumentError> {
        let mut table = item.table()?;
        let detect = detectors(&table.required("detect")?)?;
        table.finish()?;
        Ok(Some(Permission { detect }))
    }

    fn request(column: &mut Table<'_>) -> Result<Self, DocumentError> {
        Ok(Self { detect: column.take("detect").map(|item| detectors(&item)).transpose()? })
    }

    fn authorize(&self, permission: &Permission) -> Result<(), Breach> {
        let left_out = self.detect.map_or(Detectors::default(), |detect| detect.missing(permission.detect));
        if left_out.is_empty() { Ok(()) } else { Err(DetectorsLeftOut(left_out).into()) }
    }

    fn writer(&self, permission: &Permission, _: &TokenDomains) -> Option<Writer> {
        Some(Writer { finder: Finder::new(self.detect.unwrap_or(permission.detect)) })
    }
}

impl WriteValue for Writer {
    fn write(&self, value: &Value<'_>, scratch: &mut Scratch, out: &mut Output<'_>) -> Result<(), RecordRefused> {
        let Kind::String(_) = value.kind() else { return Err(RecordRefused::OperationType) };
        let text = value.text(&mut scratch.text).ok_or(RecordRefused::OperationType)?;
        self.finder.find(text, &mut scratch.spans);
        out.text(|out| {
            let mut shown = 0;
            for span in &scratch.spans {
                out.push(text.get(shown..span.start).unwrap_or_default());
                out.push(span.detector.marker());
                shown = span.end;
            }
            out.push(text.get(shown..).unwrap_or_default());
        });
        Ok(())
    }
}

fn detectors(item: &Item<'_>) -> Result<Detectors, DocumentError> {
    let mut detectors = Detectors::default();
    for item in item.array(Detector::ALL.len())? {
        let detector: Detector = item.string(limits::NAME_BYTES)?.parse().map_err(|_| item.error(Rule::Value(NAMES)))?;
        if detectors.contains(detector) {
            return Err(item.error(Rule::Duplicate));
        }
        detectors = detectors.with(detector);
    }
    Ok(detectors)
}
