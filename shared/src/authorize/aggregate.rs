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
        Ok(match measure {
            OfField::CountDistinct => Measure::CountDistinct(self.different(&field)),
            OfField::Sum => Measure::Sum(self.number(&field, clamp, |_| {})),
            OfField::Mean => Measure::Mean(self.number(&field, clamp, |_| {})),
            OfField::Min => Measure::Min(self.number(&field, clamp, |needs| needs.extremes = true)),
            OfField::Max => Measure::Max(self.number(&field, clamp, |needs| needs.extremes = true)),
            OfField::Quantile(share) => Measure::Quantile(self.number(&field, clamp, |needs| needs.every_value = true), share),
            OfField::Histogram { width } => {
                let known = self.numbers.iter().find(|(known, ..)| known.name == field.name);
                if known.is_some_and(|(_, _, needs)| needs.widths.iter().any(|other| *other != width)) {
                    return Err(Breach::SecondWidth);
                }
                Measure::Histogram(self.number(&field, clamp, |needs| needs.widths = vec![width]), width)
            }
        })
    }

    /// The place of a field among those with numbers, of which `need` adds what has to be held.
    fn number(&mut self, field: &Read, clamp: Option<Clamp>, need: impl FnOnce(&mut NumberNeeds)) -> usize {
        let known = self.numbers.iter_mut().enumerate().find(|(_, (known, ..))| known.name == field.name);
        if let Some((place, (_, _, needs))) = known {
            need(needs);
            return place;
        }
        let mut needs = NumberNeeds::default();
        need(&mut needs);
        self.numbers.push((field.clone(), clamp, needs));
        self.numbers.len() - 1
    }

    /// The place of a field among those whose different values are counted.
    fn different(&mut self, field: &Read) -> usize {
        self.distinct.iter().position(|known| known.name == field.name).unwrap_or_else(|| {
            self.distinct.push(field.clone());
            self.distinct.len() - 1
        })
    }
}
