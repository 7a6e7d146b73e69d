//! Random tables of groups that have about as many people as the minimum, in up to four columns, many of them absent: what hides
//! one beside the other, and several that tell together, is at work in most of them.

use super::super::in_process::OWNER;
use super::super::random::Random;
use super::cell::{Cell, Number, Record};
use super::made::Made;

const COLUMNS: [&str; 4] = ["a", "b", "c", "d"];
const MEASURES: [&str; 4] = [
    "{ op = \"sum\", field = \"pay\" }",
    "{ op = \"mean\", field = \"n\" }",
    "{ op = \"histogram\", field = \"pay\", width = 10 }",
    "{ op = \"count_distinct\", field = \"pay\" }",
];

/// A job that its policy allows, over one such table.
pub fn table(random: &mut Random) -> Made {
    let columns = *random.pick(&[1, 2, 2, 2, 2, 3, 3, 3, 4]);
    let min = 1 + random.below(4);
    let most = if random.below(6) == 0 { format!(", max_rows_per_person = {}", 1 + random.below(3)) } else { String::new() };
    let mut policy =
        format!("{OWNER}input = {{ format = \"ndjson\", on_error = \"fail\" }}\npeople = {{ field = \"who\", min = {min}{most} }}\n");
    policy.push_str("release.aggregates.max_groups = 1000\n");
    for column in COLUMNS {
        policy.push_str(&format!("[fields.{column}]\nkeep = true\ngroup = true\n"));
    }
    for field in ["pay", "n"] {
        policy.push_str(&format!("[fields.{field}]\nsum = true\nmean = true\ncount_distinct = true\nhistogram = {{ min_width = 10 }}\n"));
    }
    let mut places: Vec<usize> = (0..columns).collect();
    places.rotate_left(random.below(columns));
    let by: Vec<_> = places.iter().map(|place| format!("{{ field = \"{}\" }}", COLUMNS[*place])).collect();
    let mut job = format!("version = 1\nkind = \"aggregate\"\ngroup_by = [{}]\n[measures]\nm0 = {{ op = \"count\" }}\n", by.join(", "));
    for (number, measure) in MEASURES.iter().enumerate().filter(|_| random.below(3) == 0) {
        job.push_str(&format!("m{} = {measure}\n", number + 1));
    }
    Made { policy, job, records: records(random, columns, min) }
}

fn records(random: &mut Random, columns: usize, min: usize) -> Vec<Record> {
    let mut widths: Vec<usize> = (0..columns).map(|_| 2 + random.below([12, 5, 2, 1][columns - 1])).collect();
    // One in so many groups is absent, and one in so many has too few people.
    let (absent, few) = (2 + random.below(4), 2 + random.below(12));
    // The totals of the first two rows hide, and what hides beside their groups is in other rows for each.
    let apart = columns == 2 && random.below(3) == 0;
    if apart {
        widths = vec![4 + random.below(2), 4];
    }
    let known = *random.pick(&[8, 40, 400]);
    let mut records = Vec::new();
    for group in 0..widths.iter().product() {
        let (first, second) = (group % widths[0], group / widths[0]);
        let people = match () {
            () if apart && first < 2 => usize::from(first == second / 2) * if first == 0 { 1 } else { min },
            () if apart => min + usize::from(first != 2 + second / 2) * (2 + random.below(2)),
            () if random.below(absent) == 0 => 0,
            () if random.below(few) == 0 => random.below(min),
            () => min + random.below(3),
        };
        for _ in 0..people * (1 + usize::from(!apart && random.coin())) {
            let mut record = Record::new();
            let mut rest = group;
            for (column, width) in COLUMNS.iter().zip(&widths) {
                record.insert((*column).to_owned(), Cell::Text(format!("v{}", rest % width)));
                rest /= width;
            }
            if random.below(30) > 0 {
                record.insert("who".to_owned(), Cell::Text(format!("p{}", random.below(known))));
            }
            for field in ["pay", "n"] {
                if random.below(6) > 0 {
                    let whole = random.below(3) * 10;
                    record.insert(
                        field.to_owned(),
                        Cell::Number(Number { written: whole.to_string(), millionths: i128::try_from(whole).unwrap() * 1_000_000 }),
                    );
                }
            }
            records.push(record);
        }
    }
    records
}
