//! Which columns may stand beside each other in one job: a value feeds one column, unless the policy lists the combination
//! of operations on its field.

use super::{Breach, PlannedColumn};
use crate::policy::Policy;
use crate::record::pointer;

/// Whether a column of the field `from` with the operation `op` may stand beside `columns`.
pub(super) fn beside(policy: &Policy, columns: &[PlannedColumn], from: &str, op: &'static str) -> Result<(), Breach> {
    let mut ops = vec![op];
    for other in columns.iter().filter(|other| pointer::overlap(&other.from.name, from)) {
        if other.from.name != from {
            return Err(Breach::FieldWithinAnother);
        }
        let name = other.operation.name();
        if ops.contains(&name) {
            return Err(Breach::FieldReleasedTwice);
        }
        ops.push(name);
    }
    if policy.combinations().allow(from, &ops) { Ok(()) } else { Err(Breach::FieldReleasedTwice) }
}
