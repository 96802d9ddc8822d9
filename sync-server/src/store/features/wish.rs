//! Which cases are taken, and the condition in SQL that says so.

use std::collections::BTreeSet;

use kerbside_core::ids::RecordId;

use super::Taker;
use crate::store::pull::scope_condition;
use crate::store::value::Sql;

/// Everything left out is any.
#[derive(Debug, Clone, Default)]
pub struct FeatureWish {
    pub record: Option<RecordId>,
    pub form: Option<String>,
    pub status: Option<String>,
    pub area: Option<String>,
    pub team: Option<String>,
    pub within: Option<Within>,
    /// From this moment on, and before that one.
    pub from_ms: Option<i64>,
    pub to_ms: Option<i64>,
}

/// A box: west, south, east and north.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// In ten-millionths of a degree. Where west is greater than east it goes around the back of the globe.
    Degrees([i64; 4]),
    /// In centimetres of the National Grid.
    Grid([i64; 4]),
}

/// The condition on `c` of `case_index`, with its values after those that are there. A place that is not told finds
/// nothing.
pub(super) fn condition(
    taker: &Taker,
    wish: &FeatureWish,
    open: &BTreeSet<String>,
    values: &mut Vec<Sql>,
) -> String {
    let mut sql = "c.withdrawn = 0".to_owned();
    if let Some(officer) = &taker.officer {
        let scope = scope_condition(officer, values);
        sql.push_str(
            " AND EXISTS (SELECT 1 FROM record_team t WHERE t.record = c.record AND t.until_seq IS NULL AND ",
        );
        sql.push_str(&scope);
        sql.push(')');
    }
    let mut and = |text: &str, given: Vec<Sql>| {
        sql.push_str(" AND ");
        let mut given = given.into_iter();
        for piece in text.split_inclusive('?') {
            sql.push_str(piece.trim_end_matches('?'));
            if piece.ends_with('?') {
                values.extend(given.next());
                sql.push_str(&format!("${}", values.len()));
            }
        }
    };
    if let Some(record) = wish.record {
        and("c.record = ?", vec![Sql::from(record)]);
    }
    for (column, wanted) in [("form", &wish.form), ("status", &wish.status), ("area", &wish.area)] {
        if let Some(wanted) = wanted {
            and(&format!("c.{column} = ?"), vec![Sql::from(wanted)]);
        }
    }
    if let Some(team) = &wish.team {
        and(
            "EXISTS (SELECT 1 FROM record_team o WHERE o.record = c.record AND o.until_seq IS NULL AND o.team = ?)",
            vec![Sql::from(team)],
        );
    }
    if let Some(from) = wish.from_ms {
        and("c.at >= ?", vec![Sql::from(from)]);
    }
    if let Some(to) = wish.to_ms {
        and("c.at < ?", vec![Sql::from(to)]);
    }
    match wish.within {
        None => return sql,
        Some(Within::Grid([west, south, east, north])) => {
            and("c.easting BETWEEN ? AND ?", vec![Sql::from(west), Sql::from(east)]);
            and("c.northing BETWEEN ? AND ?", vec![Sql::from(south), Sql::from(north)]);
        }
        Some(Within::Degrees([west, south, east, north])) => {
            and("c.lat BETWEEN ? AND ?", vec![Sql::from(south), Sql::from(north)]);
            let around = if west <= east { "c.lon BETWEEN ? AND ?" } else { "(c.lon >= ? OR c.lon <= ?)" };
            and(around, vec![Sql::from(west), Sql::from(east)]);
        }
    }
    if !taker.personal {
        let places = vec!["?"; open.len().max(1)].join(", ");
        let mut named: Vec<_> = open.iter().map(|form| Sql::from(form.as_str())).collect();
        if named.is_empty() {
            named.push(Sql::from(""));
        }
        and(&format!("c.form IN ({places})"), named);
    }
    sql
}
