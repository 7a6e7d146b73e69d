//! The matrix for people: a block a person, a line an operation, a column a case, and the statements by number below.
//! Called by `key-policy simulate`.

use super::{super::document::KeyPolicy, Case, Cell, Person, Row};
use crate::failure::one_line;

/// The matrix. Cells say `allowed` or `denied` and the deciding statement's number.
#[must_use]
pub fn table(policy: &KeyPolicy, people: &[(Person, Vec<Row>)]) -> String {
    let mut lines = Vec::new();
    for (person, rows) in people {
        lines.push(format!("{}{}", person.principal, person.role.title()));
        lines.push(line("", Case::ALL.map(|case| case.title().to_owned())));
        for row in rows {
            let mut cells = row.cells.iter().map(cell);
            lines.push(line(row.operation, Case::ALL.map(|_| cells.next().unwrap_or_default())));
            let allowed = |case: Case| row.cells.get(case as usize).and_then(Option::as_ref).filter(|cell| cell.allowed);
            if let (None, Some(cell)) = (allowed(Case::Unattested), allowed(Case::AnotherImage)) {
                lines.push(format!("    another image: allowed where {}", cell.document));
            }
        }
        lines.push(String::new());
    }
    lines.push(
        "Numbers are statements; `denied` without one: no statement allows it; `-`: the operation takes no attestation document."
            .to_owned(),
    );
    let keys = super::keys_not_simulated(policy);
    if !keys.is_empty() {
        lines.push(format!(
            "NOT SIMULATED: conditions on {}; a request that has them may be decided otherwise.",
            one_line(&keys.join(", "))
        ));
    }
    for (statement, number) in policy.statements().iter().zip(1..) {
        lines.push(format!(
            "{number:>4}  {:?} {}",
            statement.effect,
            statement.sid.as_deref().map_or_else(|| "(no Sid)".to_owned(), one_line)
        ));
    }
    lines.join("\n")
}

fn line(head: &str, cells: [String; 4]) -> String {
    let cells = cells.map(|cell| format!("{cell:<15}"));
    format!("  {head:<36}{}", cells.concat()).trim_end().to_owned()
}

fn cell(cell: &Option<Cell>) -> String {
    let Some(cell) = cell else { return "-".to_owned() };
    let said = if cell.allowed { "allowed" } else { "denied" };
    match cell.statement {
        Some(number) => format!("{said} {number}"),
        None => said.to_owned(),
    }
}
