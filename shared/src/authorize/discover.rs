//! Whether a policy allows a discovery job, and what is planned where it does.

use super::{Breach, JobNotAllowed, Minimum, Read};
use crate::discovery::{self, Discovery, Program};
use crate::job::DiscoverJob;
use crate::limits;
use crate::policy::{Form, OnError, Policy};
use crate::record::tokens::TokenKeyRefused;

/// A discovery job that the policy allows.
#[derive(Debug)]
pub(super) struct PlannedDiscovery {
    fields: Vec<Read>,
    /// Read and not counted: where bad records are left out, the same ones are whatever fields a job names.
    beside: Vec<Read>,
    person: Read,
    min_people: usize,
}

/// Decides by the policy's `[release.discovery]`, `[people]` and fields.
pub(super) fn plan(policy: &Policy, job: &DiscoverJob) -> Result<PlannedDiscovery, JobNotAllowed> {
    let whole = |breach| JobNotAllowed { line: 0, field: String::new(), breach };
    if !policy.release().discovery {
        return Err(whole(Breach::NoDiscoveryRelease));
    }
    let people = policy.people().ok_or_else(|| whole(Breach::DiscoveryWithoutPeople))?;
    // The manifest alone says that the records are the owner's choice.
    if policy.input().form == Form::Fields && !policy.input().whole {
        return Err(whole(Breach::NothingSealed));
    }
    let fields = fields(policy, job)?;
    let min_people = usize::try_from(people.min).unwrap_or(usize::MAX);
    let most = limits::DISCOVERY_BYTES / discovery::most_held(1, min_people).max(1);
    if fields.len() > most {
        return Err(whole(Breach::TooManyToDiscover(most)));
    }
    let beside = if policy.input().on_error == OnError::Skip { permitted(policy).collect() } else { Vec::new() };
    Ok(PlannedDiscovery { fields, beside, person: Read::new(policy, &people.field), min_people })
}

/// Those that the job names, or all that the policy permits.
fn fields(policy: &Policy, job: &DiscoverJob) -> Result<Vec<Read>, JobNotAllowed> {
    let Some(named) = job.fields() else {
        let all: Vec<_> = permitted(policy).collect();
        let nothing = JobNotAllowed { line: 0, field: String::new(), breach: Breach::NothingToDiscover };
        return if all.is_empty() { Err(nothing) } else { Ok(all) };
    };
    let allow = |field: &crate::job::DiscoveredField| {
        let at = |breach| JobNotAllowed { line: field.line, field: field.name.clone(), breach };
        let terms = policy.fields().get(&field.name).ok_or_else(|| at(Breach::FieldNotNamed))?;
        if terms.discover { Ok(Read::new(policy, &field.name)) } else { Err(at(Breach::OperationNotPermitted("discover"))) }
    };
    named.iter().map(allow).collect()
}

fn permitted(policy: &Policy) -> impl Iterator<Item = Read> {
    policy.fields().iter().filter(|(_, terms)| terms.discover).map(|(name, _)| Read::new(policy, name))
}

impl PlannedDiscovery {
    /// The fields that are read.
    pub(super) fn read(&self) -> impl Iterator<Item = &Read> {
        self.fields.iter().chain(&self.beside).chain([&self.person])
    }

    /// What counts, with every field as the index that `index_of` gives.
    pub(super) fn discovery(
        &self,
        minimum: Minimum,
        index_of: impl Fn(&Read) -> Result<usize, TokenKeyRefused>,
    ) -> Result<Discovery, TokenKeyRefused> {
        let fields = self.fields.iter().map(|field| Ok((index_of(field)?, field.name.clone())));
        Ok(Discovery::new(Program {
            fields: fields.collect::<Result<_, _>>()?,
            person: index_of(&self.person)?,
            min_people: minimum.of(self.min_people),
        }))
    }
}
