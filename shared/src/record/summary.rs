//! What some kinds of jobs release at their end and only then, in place of rows: groups, or counts of what fields hold.

use std::sync::Arc;

use super::view::View;
use super::{RecordRefused, Scratch};
use crate::aggregate::{self, Groups, ReleasedGroups};
use crate::discovery::{self, Discovery, ReleasedFields};

/// What records are put into. One for a job.
pub(crate) enum Summary {
    /// Of an aggregate job.
    Groups(Arc<Groups>),
    /// Of a discovery job.
    Discovery(Arc<Discovery>),
}

/// Puts records into a summary, for one worker.
pub(crate) enum Collector {
    Groups(aggregate::Collector),
    Discovery(discovery::Collector),
}

/// What a summary releases.
pub enum ReleasedSummary {
    /// Of an aggregate job.
    Groups(ReleasedGroups),
    /// Of a discovery job.
    Fields(ReleasedFields),
}

impl Summary {
    /// A collector for one worker.
    pub(super) fn collector(&self) -> Collector {
        match self {
            Self::Groups(groups) => Collector::Groups(groups.collector()),
            Self::Discovery(discovery) => Collector::Discovery(discovery.collector()),
        }
    }

    /// How many workers there may be, of `limit` at most.
    pub(super) fn workers(&self, limit: usize) -> usize {
        match self {
            Self::Groups(groups) if groups.needs_order() => 1,
            Self::Groups(_) => limit,
            Self::Discovery(discovery) => discovery.workers(limit),
        }
    }

    /// Names of the output's columns in CSV, in order; none where the output is JSON whatever the input is.
    pub(super) fn column_names(&self) -> Option<impl Iterator<Item = &str>> {
        match self {
            Self::Groups(groups) => Some(groups.column_names()),
            Self::Discovery(_) => None,
        }
    }

    /// What may be released. For when all workers have ended and every check has passed.
    pub(super) fn release(&self) -> ReleasedSummary {
        match self {
            Self::Groups(groups) => ReleasedSummary::Groups(groups.release()),
            Self::Discovery(discovery) => ReleasedSummary::Fields(discovery.release()),
        }
    }
}

impl Collector {
    /// Takes in one record. False where it does not count.
    pub(super) fn take(&mut self, view: &View<'_>, scratch: &mut Scratch) -> Result<bool, RecordRefused> {
        match self {
            Self::Groups(groups) => groups.take(view, scratch),
            Self::Discovery(discovery) => discovery.take(view, scratch).map(|()| true),
        }
    }

    /// Ends this worker's part.
    pub(super) fn end(self) {
        match self {
            // Its records are in the groups already.
            Self::Groups(_) => {}
            Self::Discovery(discovery) => discovery.end(),
        }
    }
}

impl ReleasedSummary {
    /// Lines that are still to be written.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Groups(groups) => groups.len(),
            Self::Fields(fields) => fields.len(),
        }
    }

    /// Whether every line was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the next lines, about [`crate::limits::BLOCK_BYTES`] of them, to `out`.
    pub fn next_block(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Groups(groups) => groups.next_block(out),
            Self::Fields(fields) => fields.next_block(out),
        }
    }
}
