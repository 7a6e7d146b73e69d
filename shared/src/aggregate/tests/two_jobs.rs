//! Jobs side by side: what one hides, another that asks for the same does not show.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{TERMS, people_in, run};

/// People by `land` and `zip`. Three of them at least make a group, so that of row 3 and column 1 something hides.
const PEOPLE: [[u32; 4]; 4] = [[9, 4, 9, 7], [9, 4, 3, 6], [2, 3, 11, 4], [7, 8, 7, 4]];

fn shown(group_by: [&str; 2]) -> BTreeSet<(String, String)> {
    let names = ["1", "2", "3", "4"];
    let groups = names.iter().zip(PEOPLE).flat_map(|(land, row)| names.iter().zip(row).map(|(zip, people)| (*land, *zip, people)));
    let records = people_in(&groups.collect::<Vec<_>>());
    let records: Vec<_> = records.iter().map(String::as_str).collect();
    let columns = group_by.map(|field| format!("{{ field = \"{field}\", name = \"{field} of it\" }}")).join(", ");
    let rows =
        run(&TERMS.replace("min = 2", "min = 3"), &format!("group_by = [{columns}]\n[measures]\nn = {{ op = \"count\" }}\n"), &records);
    let text = |row: &Value, column: &str| row[column].as_str().unwrap().to_owned();
    let rows = rows.lines().map(|line| serde_json::from_str(line).unwrap());
    rows.map(|row: Value| (text(&row, "land of it"), text(&row, "zip of it"))).collect()
}

#[test]
fn the_order_of_columns_does_not_say_what_hides() {
    let shown = [shown(["land", "zip"]), shown(["zip", "land"])];
    assert_eq!(shown[0], shown[1], "what hides in one order would be known from the other, and with the totals so would 31");
    assert!(!shown[0].contains(&("3".to_owned(), "1".to_owned())) && shown[0].len() > 8);
}
