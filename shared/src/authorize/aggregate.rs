//! Whether a policy allows an aggregate job, and what is planned where it does.

use super::{Breach, JobNotAllowed, Minimum, PlannedColumn, Read, beside};
use crate::aggregate::measure::{Clamp, OfField, Request};
use crate::aggregate::{self, DistinctInput, Groups, Measure, NumberInput, NumberNeeds};
use crate::job::{AggregateJob, GroupColumn};
use crate::policy::{Form, Policy};
use crate::record::operations::Allowed;
use crate::record::tokens::{TokenDomains, TokenKeyRefused};

/// An aggregate job that the policy allows.
#[derive(Debug)]
pub(super) struct PlannedGroups {
    pub(super) columns: Vec<PlannedColumn>,
    measures: Vec<(String, Measure)>,
    numbers: Vec<(Read, Option<Clamp>, NumberNeeds)>,
    distinct: Vec<Read>,
    person: Read,
    min_people: usize,
    max_rows_per_person: Option<u64>,
    max_groups: usize,
}

/// Decides by the policy's `[release.aggregates]`, `[people]` and fields.
pub(super) fn plan(policy: &Policy, job: &AggregateJob) -> Result<PlannedGroups, JobNotAllowed> {
    let whole = |breach| JobNotAllowed { line: 0, field: String::new(), breach };
    let release = policy.release().aggregates.as_ref().ok_or_else(|| whole(Breach::NoAggregateRelease))?;
    let people = policy.people().ok_or_else(|| whole(Breach::AggregateWithoutPeople))?;
    // The manifest alone says that the records are the owner's choice.
    if policy.input().form == Form::Fields && !policy.input().whole {
        return Err(whole(Breach::NothingSealed));
    }
    let mut planned = PlannedGroups {
        columns: Vec::new(),
        measures: Vec::new(),
        numbers: Vec::new(),
        distinct: Vec::new(),
        person: Read::new(policy, &people.field),
        min_people: usize::try_from(people.min).unwrap_or(usize::MAX),
        max_rows_per_person: people.max_rows_per_person,
        max_groups: usize::try_from(release.max_groups).unwrap_or(usize::MAX),
    };
    for column in job.group_by() {
        planned.column(policy, column)?;
    }
    for measure in job.measures() {
        let planned_measure = match &measure.request {
            Request::Count => Measure::Count,
            Request::Of { field, measure: of_field } => {
                let at = |breach| JobNotAllowed { line: measure.line, field: field.clone(), breach };
                let terms = policy.fields().get(field).ok_or_else(|| at(Breach::FieldNotNamed))?;
                terms.measures.allow(*of_field).map_err(at)?;
                planned.measure(Read::new(policy, field), terms.measures.clamp, *of_field).map_err(at)?
            }
        };
        planned.measures.push((measure.name.clone(), planned_measure));
    }
    Ok(planned)
}

impl PlannedGroups {
    /// The fields that are read.
    pub(super) fn read(&self) -> impl Iterator<Item = &Read> {
        let columns = self.columns.iter().map(|column| &column.from);
        columns.chain(self.numbers.iter().map(|(read, ..)| read)).chain(&self.distinct).chain([&self.person])
    }

    /// The groups, with every field as the index that `index_of` gives.
    pub(super) fn groups(
        &self,
        format: crate::policy::Format,
        domains: &TokenDomains,
        minimum: Minimum,
        index_of: impl Fn(&Read) -> Result<usize, TokenKeyRefused>,
    ) -> Result<Groups, TokenKeyRefused> {
        let column = |column: &PlannedColumn| {
            let writer = match &column.operation {
                Allowed::Keep(..) => None,
                operation => Some(operation.writer(domains).ok_or(TokenKeyRefused::Missing)?),
            };
            Ok(aggregate::Column { field: index_of(&column.from)?, name: column.name.clone(), writer })
        };
        let number = |(read, clamp, needs): &(Read, Option<Clamp>, NumberNeeds)| {
            Ok(NumberInput { field: index_of(read)?, clamp: *clamp, needs: needs.clone() })
        };
        let mut by_meaning: Vec<usize> = (0..self.columns.len()).collect();
        by_meaning.sort_by_key(|place| self.columns.get(*place).map(|column| (&column.from.name, column.operation.name())));
        let program = aggregate::Program {
            by_meaning,
            columns: self.columns.iter().map(column).collect::<Result<_, _>>()?,
            measures: self.measures.clone(),
            numbers: self.numbers.iter().map(number).collect::<Result<_, _>>()?,
            distinct: self.distinct.iter().map(|read| Ok(DistinctInput { field: index_of(read)? })).collect::<Result<_, _>>()?,
            person: index_of(&self.person)?,
            min_people: minimum.of(self.min_people),
            max_rows_per_person: self.max_rows_per_person,
            max_groups: self.max_groups,
        };
        Ok(Groups::new(program, format))
    }

    fn column(&mut self, policy: &Policy, column: &GroupColumn) -> Result<(), JobNotAllowed> {
        let at = |breach| JobNotAllowed { line: column.line, field: column.field.clone(), breach };
        let field = policy.fields().get(&column.field).ok_or_else(|| at(Breach::FieldNotNamed))?;
        if !field.group {
            return Err(at(Breach::GroupNotPermitted));
        }
        let operation = column.operation.authorize(&field.operations).map_err(at)?;
        beside(policy, &self.columns, &column.field, column.operation.name()).map_err(at)?;
        self.columns.push(PlannedColumn { name: column.name.clone(), from: Read::new(policy, &column.field), operation });
        Ok(())
    }

    fn measure(&mut self, field: Read, clamp: Option<Clamp>, measure: OfField) -> Result<Measure, Breach> {
        if measure == OfField::CountDistinct {
            let place = self.distinct.iter().position(|known| known.name == field.name);
            return Ok(Measure::CountDistinct(place.unwrap_or_else(|| {
                self.distinct.push(field);
                self.distinct.len() - 1
            })));
        }
        let known = self.numbers.iter().position(|(known, ..)| known.name == field.name);
        let place = known.unwrap_or_else(|| {
            self.numbers.push((field, clamp, NumberNeeds::default()));
            self.numbers.len() - 1
        });
        let mut unneeded = NumberNeeds::default();
        let needs = self.numbers.get_mut(place).map_or(&mut unneeded, |(_, _, needs)| needs);
        Ok(match measure {
            OfField::CountDistinct => Measure::CountDistinct(place),
            OfField::Sum => Measure::Sum(place),
            OfField::Mean => Measure::Mean(place),
            OfField::Min | OfField::Max => {
                needs.extremes = true;
                if measure == OfField::Min { Measure::Min(place) } else { Measure::Max(place) }
            }
            OfField::Quantile(share) => {
                needs.every_value = true;
                Measure::Quantile(place, share)
            }
            OfField::Histogram { width } => {
                if needs.widths.iter().any(|other| *other != width) {
                    return Err(Breach::SecondWidth);
                }
                needs.widths = vec![width];
                Measure::Histogram(place, width)
            }
        })
    }
}
