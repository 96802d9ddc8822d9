//! What the back office sees of many records at once: trays, pages of them, and a search.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Result;
use kerbside_core::form::Localised;
use kerbside_core::ids::{OfficerId, RecordId};
use kerbside_core::nearby::Around;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::people::Officer;
use super::pull::scope_condition;
use super::reviewing;
use super::same;
use super::value::{Row, Sql};
use crate::auth::{Action, Target, authorise};

const MOST_LINES: u32 = 200;

/// A tray and how much is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Tray {
    pub key: String,
    pub title_key: String,
    pub count: u32,
}

/// One record in a tray.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TrayLine {
    pub record: RecordId,
    pub reference: Option<String>,
    pub office_reference: Option<String>,
    pub form: String,
    pub title: Localised,
    pub summary: String,
    pub team: Option<String>,
    pub status: Option<String>,
    #[ts(type = "number")]
    pub captured_at_ms: i64,
    #[ts(type = "number")]
    pub received_at_ms: i64,
    pub two_answers: u32,
    pub photos_named: u32,
    pub photos_received: u32,
    pub created_by: OfficerId,
    pub withdrawn: bool,
    /// Whether it may be the same as another open case. Not asked of what a map draws.
    pub maybe_same: Option<bool>,
    #[ts(type = "number")]
    pub seq: i64,
}

/// Newest arrival first; `next` is what `after` takes for the page that follows.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TrayPage {
    pub records: Vec<TrayLine>,
    #[ts(type = "number | null")]
    pub next: Option<i64>,
}

/// Which records a tray or a search holds, besides those of the officer's teams.
pub(super) enum Filter<'a> {
    Arrived,
    Team(&'a str),
    TwoAnswers,
    PhotosDue,
    Withdrawn,
    Words(&'a str),
    /// At a place.
    At(Around),
}

impl<'a> Filter<'a> {
    pub(super) fn of(key: &'a str) -> Result<Self, Problem> {
        match key {
            "arrived" => Ok(Self::Arrived),
            "two_answers" => Ok(Self::TwoAnswers),
            "photos_due" => Ok(Self::PhotosDue),
            "withdrawn" => Ok(Self::Withdrawn),
            other => other
                .strip_prefix("team:")
                .map(Self::Team)
                .ok_or_else(|| Problem::new(Code::NotFound, "no such tray")),
        }
    }

    /// The condition in SQL, with its values after those that are there.
    fn condition(&self, values: &mut Vec<Sql>) -> String {
        match self {
            Self::Arrived => "r.withdrawn = 0 AND r.status IN ('', 'new')".to_owned(),
            Self::TwoAnswers => "r.two_answers > 0".to_owned(),
            Self::PhotosDue => "r.withdrawn = 0 AND r.photos_received < r.photos_named".to_owned(),
            Self::Withdrawn => "r.withdrawn = 1".to_owned(),
            Self::Team(team) => {
                values.push(Sql::from(*team));
                format!(
                    "r.withdrawn = 0 AND EXISTS (SELECT 1 FROM record_team o WHERE o.record = r.id AND o.until_seq IS NULL \
                     AND o.team = ${})",
                    values.len()
                )
            }
            Self::At(Around { lat, lon }) => {
                let first = values.len() + 1;
                values.extend([lat.0, lat.1, lon.0, lon.1].map(|edge| Sql::from(i64::from(edge))));
                format!(
                    "r.withdrawn = 0 AND r.id IN (SELECT c.record FROM case_index c WHERE c.lat BETWEEN ${first} AND ${} \
                     AND c.lon BETWEEN ${} AND ${})",
                    first + 1,
                    first + 2,
                    first + 3
                )
            }
            Self::Words(text) => {
                values.push(Sql::from(like(text)));
                format!("r.words LIKE ${} ESCAPE '\\'", values.len())
            }
        }
    }
}

/// Text as it stands, anywhere: what LIKE takes for a sign is escaped.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.trim().to_lowercase().chars().take(100) {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

impl Store {
    /// The trays this officer has, with how many records wait in each.
    pub fn trays(&mut self, officer: &Officer) -> Result<Vec<Tray>> {
        may_read(officer)?;
        self.connection.snapshot(|tx| {
            let mut trays = Vec::new();
            let teams = officer.teams.iter().map(|team| (format!("team:{team}"), "console.tray.team"));
            let kinds = [
                ("arrived", "console.tray.arrived"),
                ("two_answers", "console.tray.two_answers"),
                ("photos_due", "console.tray.photos_due"),
                ("withdrawn", "console.tray.withdrawn"),
            ];
            let all = kinds.into_iter().map(|(key, title)| (key.to_owned(), title)).chain(teams);
            for (key, title_key) in all {
                let count = match key.as_str() {
                    "two_answers" => count_two_answers(tx, officer)?,
                    key => count(tx, officer, &Filter::of(key)?)?,
                };
                trays.push(Tray { key, title_key: title_key.to_owned(), count });
            }
            if let Some(count) = reviewing::count(tx, officer)? {
                let tray =
                    Tray { key: "review".to_owned(), title_key: "console.tray.review".to_owned(), count };
                // It asks for a decision, as two answers do.
                trays.insert(2, tray);
            }
            Ok(trays)
        })
    }

    pub fn tray(&mut self, officer: &Officer, key: &str, after: Option<i64>, limit: u32) -> Result<TrayPage> {
        may_read(officer)?;
        self.marked_page(officer, &Filter::of(key)?, after, limit.clamp(1, MOST_LINES))
    }

    /// Records whose reference, summary or words hold this text.
    pub fn search(&mut self, officer: &Officer, text: &str) -> Result<TrayPage> {
        may_read(officer)?;
        if text.trim().is_empty() {
            return Ok(TrayPage { records: vec![], next: None });
        }
        self.marked_page(officer, &Filter::Words(text), None, 50)
    }

    /// A page whose lines say what they may be the same as.
    fn marked_page(
        &mut self,
        officer: &Officer,
        filter: &Filter<'_>,
        after: Option<i64>,
        limit: u32,
    ) -> Result<TrayPage> {
        let mut page = self.page(officer, filter, after, limit)?;
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| same::mark(tx, forms, officer, &mut page.records))?;
        Ok(page)
    }

    pub(super) fn page(
        &mut self,
        officer: &Officer,
        filter: &Filter<'_>,
        after: Option<i64>,
        limit: u32,
    ) -> Result<TrayPage> {
        let mut values = vec![Sql::from(after.unwrap_or(i64::MAX))];
        let scope = scope_condition(officer, &mut values);
        let condition = filter.condition(&mut values);
        values.push(Sql::from(limit));
        let at = values.len();
        let sql = format!(
            "SELECT r.id, r.reference, r.office_reference, r.form, r.form_version, r.summary, r.status, r.captured_at, \
             r.received_at, r.two_answers, r.photos_named, r.photos_received, r.created_by, r.last_seq, r.first_seq, \
             (SELECT MIN(n.team) FROM record_team n WHERE n.record = r.id AND n.until_seq IS NULL \
             AND n.team NOT LIKE '@%'), r.withdrawn \
             FROM record r WHERE r.first_seq < $1 AND EXISTS (SELECT 1 FROM record_team t WHERE t.record = r.id \
             AND t.until_seq IS NULL AND {scope}) AND {condition} ORDER BY r.first_seq DESC LIMIT ${at}"
        );
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let rows = tx.query(&sql, &values)?;
            let mut titles = BTreeMap::new();
            for row in &rows {
                let key = (row.text(3)?, row.u32(4)?);
                if let Entry::Vacant(vacant) = titles.entry(key) {
                    let (key, version) = vacant.key();
                    let form = forms.nearest(tx, key, *version)?;
                    let untitled = Localised { en: key.clone(), cy: None };
                    vacant.insert(form.map_or(untitled, |form| form.title().clone()));
                }
            }
            let is_full = rows.len() == usize::try_from(limit)?;
            let next = if is_full { rows.last().map(|row| row.int(14)).transpose()? } else { None };
            let records = rows.iter().map(|row| line(row, &titles)).collect::<Result<_>>()?;
            Ok(TrayPage { records, next })
        })
    }
}

pub(super) fn may_read(officer: &Officer) -> Result<(), Problem> {
    if authorise(officer, Action::ReadRecord, Target::Council).is_allowed() {
        return Ok(());
    }
    Err(Problem::new(Code::NotAllowed, "this role reads no records"))
}

/// This tray lists questions, and one record may hold several.
fn count_two_answers(tx: &mut Connection, officer: &Officer) -> Result<u32> {
    let mut values = vec![];
    let scope = scope_condition(officer, &mut values);
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(r.two_answers), 0) AS BIGINT) FROM record r WHERE r.two_answers > 0 AND EXISTS \
         (SELECT 1 FROM record_team t WHERE t.record = r.id AND t.until_seq IS NULL AND {scope})"
    );
    tx.one(&sql, &values)?.u32(0)
}

pub(super) fn count(tx: &mut Connection, officer: &Officer, filter: &Filter<'_>) -> Result<u32> {
    let mut values = vec![];
    let scope = scope_condition(officer, &mut values);
    let condition = filter.condition(&mut values);
    let sql = format!(
        "SELECT COUNT(*) FROM record r WHERE EXISTS (SELECT 1 FROM record_team t WHERE t.record = r.id \
         AND t.until_seq IS NULL AND {scope}) AND {condition}"
    );
    tx.one(&sql, &values)?.u32(0)
}

fn line(row: &Row, titles: &BTreeMap<(String, u32), Localised>) -> Result<TrayLine> {
    let form = row.text(3)?;
    let title = titles.get(&(form.clone(), row.u32(4)?)).cloned().unwrap_or_default();
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(TrayLine {
        record: RecordId(row.bytes(0)?),
        reference: filled(row.text(1)?),
        office_reference: filled(row.text(2)?),
        form,
        title,
        summary: row.text(5)?,
        team: row.text(15).ok(),
        status: filled(row.text(6)?),
        captured_at_ms: row.int(7)?,
        received_at_ms: row.int(8)?,
        two_answers: row.u32(9)?,
        photos_named: row.u32(10)?,
        photos_received: row.u32(11)?,
        created_by: OfficerId(row.u32(12)?),
        withdrawn: row.int(16)? != 0,
        maybe_same: None,
        seq: row.int(13)?,
    })
}
