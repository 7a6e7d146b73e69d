//! What a job's records amount to: counts, the people they speak of, and the first refusal. One for each worker, merged at
//! the end. Nothing written counts as released until [`Tally::finish`] has agreed.

use super::RecordRefused;
use super::people::PeopleCount;

/// What was done so far, and what the job as a whole must satisfy.
pub struct Tally {
    pub(super) counts: Counts,
    pub(super) people: PeopleCount,
    max_records: u64,
    /// The first refusal stays.
    pub(super) refused: Option<RecordRefused>,
}

/// How many records a job read, released and left out. Leaves only where the policy says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Records read, blank lines not among them.
    pub read: u64,
    /// Rows released.
    pub released: u64,
    /// Records left out because they could not be processed; always 0 with `on_error = "fail"`.
    pub skipped: u64,
}

impl Tally {
    /// A tally of nothing yet, with the policy's minimum of people (0 is none) and maximum of rows.
    pub(super) fn new(min_people: usize, max_records: u64) -> Self {
        Self { counts: Counts::default(), people: PeopleCount::new(min_people), max_records, refused: None }
    }

    /// A tally of nothing yet under the same terms.
    pub(super) fn another(&self) -> Self {
        Self { counts: Counts::default(), people: self.people.another(), max_records: self.max_records, refused: None }
    }

    /// Takes in what another worker did.
    ///
    /// # Errors
    /// [`RecordRefused::TooManyRecords`], or the other worker's own refusal.
    pub fn merge(&mut self, other: Self) -> Result<(), RecordRefused> {
        self.counts.read += other.counts.read;
        self.counts.released += other.counts.released;
        self.counts.skipped += other.counts.skipped;
        self.people.merge(other.people);
        let too_many = (self.counts.released > self.max_records).then_some(RecordRefused::TooManyRecords);
        self.refused = self.refused.or(other.refused).or(too_many);
        self.refused.map_or(Ok(()), Err)
    }

    /// Ends the job, whose workers have all been merged: only now may what they wrote be released.
    ///
    /// # Errors
    /// [`RecordRefused::TooFewPeople`], or any refusal from before.
    pub fn finish(self) -> Result<Counts, RecordRefused> {
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        if self.people.is_met() { Ok(self.counts) } else { Err(RecordRefused::TooFewPeople) }
    }

    /// Counts one record whose row was or was not released.
    pub(super) fn count(&mut self, released: bool) -> Result<(), RecordRefused> {
        if !released {
            return Ok(());
        }
        if self.counts.released >= self.max_records {
            return Err(RecordRefused::TooManyRecords);
        }
        self.counts.released += 1;
        Ok(())
    }
}
