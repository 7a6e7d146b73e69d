//! What an allowed job releases and how, column by column.

use sealroom_shared::{
    aggregate::measure::{OfField, Request},
    job::{AggregateJob, DiscoverJob, Job, JobKind, RecordsJob},
    policy::Policy,
};
use serde_json::{Value, json};

use super::Told;
use crate::policy_sentences;

/// Tells it. The job is one that the policy allows.
pub(super) fn of(policy: &Policy, job: &Job) -> Told {
    match job.kind() {
        JobKind::Records(job) => rows(policy, job),
        JobKind::Aggregate(job) => groups(policy, job),
        JobKind::Discover(job) => discovery(policy, job),
    }
}

/// One column of the output.
struct Column {
    name: String,
    field: Option<String>,
    op: &'static str,
    writes: String,
}

fn rows(policy: &Policy, job: &RecordsJob) -> Told {
    let max_records = policy.release().records.as_ref().map(|records| records.max_records);
    let people = policy.people().filter(|_| !job.conditions().is_empty());
    let mut text = format!("releases    rows, at most {} of them", max_records.unwrap_or_default());
    match people {
        Some(people) => {
            text.push_str(&format!(
                "; nothing unless they speak of {} different people at least, told apart by {:?}\n",
                people.min, people.field
            ));
        }
        None => text.push_str(", of all records: without `where` no minimum of people applies\n"),
    }
    let mut columns = Vec::new();
    for column in job.columns() {
        let Some(operation) = &column.operation else {
            text.push_str(&format!("  drops     field {:?}: nothing of it leaves\n", column.from));
            continue;
        };
        let writes = policy_sentences::of_operation(operation, policy.fields().get(&column.from));
        columns.push(Column { name: column.name.clone(), field: Some(column.from.clone()), op: operation.name(), writes });
    }
    text.push_str(&told("column", &columns));
    let json = json!({
        "kind": "rows",
        "max_records": max_records,
        "min_people": people.map(|people| people.min),
        "people_field": people.map(|people| &people.field),
        "columns": listed(&columns),
    });
    Told { json, text }
}

fn groups(policy: &Policy, job: &AggregateJob) -> Told {
    let max_groups = policy.release().aggregates.as_ref().map(|aggregates| aggregates.max_groups);
    let people = policy.people();
    let mut text = "releases    one row for each group".to_owned();
    if let Some(people) = people {
        text.push_str(&format!(
            "; groups and measures of fewer than {} different people, told apart by {:?}, are left out, and so are others that would give them away",
            people.min, people.field
        ));
        if let Some(most) = people.max_rows_per_person {
            text.push_str(&format!("; of one person {most} records count at most"));
        }
    }
    text.push_str(&format!("\n  at most   {} groups, hidden ones included\n", max_groups.unwrap_or_default()));
    let columns: Vec<Column> = job
        .group_by()
        .iter()
        .map(|column| Column {
            name: column.name.clone(),
            field: Some(column.field.clone()),
            op: column.operation.name(),
            writes: policy_sentences::of_operation(&column.operation, policy.fields().get(&column.field)),
        })
        .collect();
    let measures: Vec<Column> = job.measures().iter().map(|measure| measured(policy, &measure.name, &measure.request)).collect();
    text.push_str(&told("group", &columns));
    text.push_str(&told("measure", &measures));
    let json = json!({
        "kind": "groups",
        "max_groups": max_groups,
        "min_people": people.map(|people| people.min),
        "people_field": people.map(|people| &people.field),
        "max_rows_per_person": people.and_then(|people| people.max_rows_per_person),
        "columns": listed(&columns),
        "measures": listed(&measures),
    });
    Told { json, text }
}

fn discovery(policy: &Policy, job: &DiscoverJob) -> Told {
    let people = policy.people();
    let permitted = || policy.fields().iter().filter(|(_, terms)| terms.discover).map(|(name, _)| name.as_str()).collect();
    let fields: Vec<&str> = job.fields().map_or_else(permitted, |fields| fields.iter().map(|field| field.name.as_str()).collect());
    let mut text = "releases    counts for each field, and no value".to_owned();
    if let Some(people) = people {
        text.push_str(&format!(
            "; counts of fewer than {} different people, told apart by {:?}, are not told, and neither are others that would give them away",
            people.min, people.field
        ));
    }
    text.push('\n');
    for field in &fields {
        text.push_str(&format!("  counts    field {field:?}: types, lengths and types of sensitive data of its values\n"));
    }
    let json = json!({
        "kind": "discovery",
        "min_people": people.map(|people| people.min),
        "people_field": people.map(|people| &people.field),
        "fields": fields,
    });
    Told { json, text }
}

fn measured(policy: &Policy, name: &str, request: &Request) -> Column {
    let (field, op, mut writes) = match request {
        Request::Count => (None, "count", "how many records".to_owned()),
        Request::Of { field, measure } => (Some(field.clone()), measure.name(), what(*measure)),
    };
    let clamp = field.as_ref().and_then(|field| policy.fields().get(field)).and_then(|field| field.measures.clamp);
    if let Some(clamp) = clamp.filter(|_| op != "count_distinct") {
        writes.push_str(&format!(", each brought within {} to {} before", clamp.low(), clamp.high()));
    }
    Column { name: name.to_owned(), field, op, writes }
}

fn what(measure: OfField) -> String {
    match measure {
        OfField::CountDistinct => "how many different values".to_owned(),
        OfField::Sum => "the sum of the values".to_owned(),
        OfField::Mean => "the mean of the values".to_owned(),
        OfField::Min => "the smallest value, which is somebody's own".to_owned(),
        OfField::Max => "the greatest value, which is somebody's own".to_owned(),
        OfField::Quantile(_) => "a quantile of the values".to_owned(),
        OfField::Histogram { width } => format!("how many values lie in each range, {width} wide"),
    }
}

fn told(what: &str, columns: &[Column]) -> String {
    let mut text = String::new();
    for Column { name, field, writes, .. } in columns {
        let of = field.as_ref().map(|field| format!(" of field {field:?}")).unwrap_or_default();
        text.push_str(&format!("  {what:<9} {name:?}{of}: {writes}\n"));
    }
    text
}

fn listed(columns: &[Column]) -> Vec<Value> {
    let one = |Column { name, field, op, writes }: &Column| json!({ "column": name, "field": field, "op": op, "writes": writes });
    columns.iter().map(one).collect()
}
