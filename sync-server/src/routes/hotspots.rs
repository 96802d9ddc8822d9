//! Where cases gather, for the console's map and table; and the table as a file.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use kerbside_core::small_numbers::Told;
use serde::Deserialize;

use super::desk::SignedIn;
use super::{App, Failure};
use crate::clock::now_ms;
use crate::store::{HotspotWish, Hotspots};

const USUAL_SIDE_M: u32 = 250;

/// Moments in milliseconds since 1970; those that end a period do not belong to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    form: Option<String>,
    from: i64,
    to: i64,
    before_from: i64,
    before_to: i64,
    side_m: Option<u32>,
}

impl Asked {
    fn wish(self) -> HotspotWish {
        HotspotWish {
            form: self.form.filter(|form| !form.is_empty()),
            now_ms: (self.from, self.to),
            before_ms: (self.before_from, self.before_to),
            side_m: self.side_m.unwrap_or(USUAL_SIDE_M),
        }
    }
}

pub async fn hotspots(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Json<Hotspots>, Failure> {
    let wish = asked.wish();
    Ok(Json(app.db.run(move |store| store.hotspots(&signed_in.officer, &wish, now_ms())).await?))
}

pub async fn table(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let wish = asked.wish();
    let found = app.db.run(move |store| store.hotspots(&signed_in.officer, &wish, now_ms())).await?;
    let told = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"hotspots.csv\""),
    ];
    Ok((told, csv(&found)).into_response())
}

/// RFC 4180 with the mark that Excel knows UTF-8 by. A cell that a spreadsheet would reckon out is made text.
fn csv(found: &Hotspots) -> String {
    let mut lines = vec!["area_code,area,count,count_before,share_percent".to_owned()];
    let told = |told: Told| match told {
        Told::Count(count) => count.to_string(),
        Told::Few => format!("fewer than {}", found.least),
        Told::KeptBack => "not shown".to_owned(),
    };
    for area in &found.areas {
        let share = area.share.map(|share| format!("{}.{}", share / 10, share % 10)).unwrap_or_default();
        let cells = [cell(&area.code), cell(&area.name), told(area.now), told(area.before), share];
        lines.push(cells.join(","));
    }
    let total = |total: Option<u64>| total.map_or_else(|| "not shown".to_owned(), |total| total.to_string());
    lines.push(format!(",total,{},{},", total(found.total), total(found.total_before)));
    format!("\u{feff}{}\r\n", lines.join("\r\n"))
}

fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::HotArea;
    use std::collections::BTreeMap;

    #[test]
    fn the_table_as_a_file_tells_no_more_than_the_screen() {
        let area = |code: &str, name: &str, now, before, share| HotArea {
            code: code.into(),
            name: name.into(),
            now,
            before,
            share,
        };
        let found = Hotspots {
            least: 5,
            side_m: 250,
            hexes: vec![],
            areas: vec![
                area("E1", "=Castle \"A\"", Told::Count(12), Told::Few, Some(705)),
                area("", "", Told::Few, Told::KeptBack, None),
            ],
            total: Some(17),
            total_before: None,
            without_place: Told::Count(0),
            forms: BTreeMap::new(),
        };
        let lines = [
            "\u{feff}area_code,area,count,count_before,share_percent",
            "\"E1\",\"'=Castle \"\"A\"\"\",12,fewer than 5,70.5",
            "\"\",\"\",fewer than 5,not shown,",
            ",total,17,not shown,",
            "",
        ];
        assert_eq!(csv(&found), lines.join("\r\n"));
    }
}
