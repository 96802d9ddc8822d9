//! In which order the rows of a repeat stand. Rows themselves are a set, added and removed one by one, so that two
//! officers who add rows both keep theirs; their order is one answer beside it.

use std::collections::BTreeSet;

use crate::field::{FieldKey, ORDER};
use crate::ids::RowId;
use crate::value::Value;

/// The field that holds the order of the rows of a repeat.
#[must_use]
pub fn order_field(repeat: &FieldKey) -> FieldKey {
    FieldKey { path: format!("{ORDER}{}", repeat.path), row: repeat.row }
}

/// The rows as they stand: first those that the order names, then the others by their ids.
#[must_use]
pub fn in_order(there: &BTreeSet<RowId>, order: Option<&Value>) -> Vec<RowId> {
    let named: Vec<RowId> = match order {
        Some(Value::Text(order)) => order.split(' ').filter_map(|row| row.parse().ok()).collect(),
        _ => Vec::new(),
    };
    let mut placed = BTreeSet::new();
    let mut rows: Vec<RowId> =
        named.into_iter().filter(|row| there.contains(row) && placed.insert(*row)).collect();
    rows.extend(there.difference(&placed));
    rows
}

/// An order as it is kept.
#[must_use]
pub fn order_value(rows: &[RowId]) -> Value {
    Value::Text(rows.iter().map(RowId::to_string).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_no_order_names_stand_at_the_end_and_no_row_is_lost_or_doubled() {
        let row = |n| RowId([n; 8]);
        let there: BTreeSet<RowId> = [1, 2, 3, 4].map(row).into();
        let order = order_value(&[3, 9, 1, 3].map(row));
        assert_eq!(in_order(&there, Some(&order)), [3, 1, 2, 4].map(row));
        assert_eq!(in_order(&there, None), [1, 2, 3, 4].map(row));
        assert_eq!(in_order(&there, Some(&Value::text("no rows at all"))), [1, 2, 3, 4].map(row));
    }
}
