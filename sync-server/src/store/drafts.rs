//! Forms that were brought in and are not published: what is wrong with them, and what they would ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use data_encoding::HEXLOWER;
use kerbside_core::form::{Form, FormDocument, FormFacts, FormForScreen, FormProblem, Localised, Now};
use kerbside_core::ids::OfficerId;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::forms::{self, FormVersion, Publication};
use super::packs::{self, FormShelf};
use super::people::people;
use super::value::Row;
use crate::values;

/// A form that was brought in and waits for somebody to publish it or throw it away.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct FormDraft {
    /// Empty where nothing of it could be read, so that it was not kept.
    pub id: String,
    pub key: String,
    /// The one it will get.
    pub version: u32,
    pub title: Localised,
    /// The name of the file it came from.
    pub source: String,
    #[ts(type = "number")]
    pub imported_ms: i64,
    /// Nobody, where the command line brought it.
    pub imported_by: String,
    pub problems: Vec<FormProblem>,
    /// None while something stops it, and in a list.
    pub form: Option<FormForScreen>,
    /// None while something stops it.
    pub facts: Option<FormFacts>,
}

/// What came out of somebody's files.
#[derive(Debug, Clone)]
pub struct Brought {
    /// The form as JSON with its lists inside, where the files could be read as one.
    pub document: Option<String>,
    pub source: String,
    pub by: Option<OfficerId>,
    pub problems: Vec<FormProblem>,
}

const COLUMNS: &str = "SELECT id, form, document, source, imported_ms, imported_by, problems FROM form_draft";

impl Store {
    /// Keeps what was brought as a draft. The same file brought again by the same person takes the place of what
    /// it was before: that is how problems are put right.
    pub fn keep_draft(&mut self, now_ms: i64, brought: &Brought) -> Result<FormDraft> {
        let Some(document) = &brought.document else { return Ok(unreadable(now_ms, brought)) };
        let key = serde_json::from_str::<FormDocument>(document).context("Reading a draft")?.settings.form_id;
        let fresh = HEXLOWER.encode(&self.chance.bytes::<16>()?);
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let by = brought.by.map(|by| by.0);
            let same = tx.find(
                "SELECT id FROM form_draft WHERE form = $1 AND source = $2 AND COALESCE(imported_by, 0) = $3",
                values![&key, &brought.source, by.unwrap_or(0)],
            )?;
            let id = same.map_or(Ok(fresh), |row| row.text(0))?;
            let problems = serde_json::to_string(&brought.problems)?;
            tx.execute(
                "INSERT INTO form_draft (id, form, document, source, imported_ms, imported_by, problems) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET document = excluded.document, \
                 imported_ms = excluded.imported_ms, problems = excluded.problems",
                values![&id, &key, document, &brought.source, now_ms, by, problems],
            )?;
            forms.draft = None;
            let row = find_row(tx, &id)?;
            read_draft(tx, forms, &row, now_ms)
        })
    }

    /// Every draft, without its questions.
    pub fn drafts(&mut self, now_ms: i64) -> Result<Vec<FormDraft>> {
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let rows = tx.query(&format!("{COLUMNS} ORDER BY imported_ms DESC, id"), &[])?;
            let drafts =
                rows.iter().map(|row| Ok(FormDraft { form: None, ..read_draft(tx, forms, row, now_ms)? }));
            drafts.collect()
        })
    }

    pub fn draft(&mut self, now_ms: i64, id: &str) -> Result<FormDraft> {
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let row = find_row(tx, id)?;
            read_draft(tx, forms, &row, now_ms)
        })
    }

    /// The form of a draft, under the number it will get, if nothing stops it.
    pub fn draft_form(&mut self, id: &str) -> Result<Arc<Form>> {
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let row = find_row(tx, id)?;
            let form = form_of(tx, forms, &row)?;
            form.ok_or_else(|| Problem::new(Code::FormStopped, "the draft has problems").into())
        })
    }

    pub fn drop_draft(&mut self, id: &str) -> Result<()> {
        self.connection.transaction(|tx| delete(tx, id))
    }

    /// Publishes a draft, which is then a draft no longer.
    pub fn publish_draft(
        &mut self,
        now_ms: i64,
        id: &str,
        publication: &Publication,
    ) -> Result<(String, FormVersion)> {
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            let row = find_row(tx, id)?;
            if problems_of(&row)?.iter().any(|problem| problem.stops) {
                return Err(Problem::new(Code::FormStopped, "the draft has problems").into());
            }
            let published = forms::publish(tx, forms, now_ms, &row.text(2)?, publication)?;
            delete(tx, id)?;
            Ok(published)
        })
    }
}

fn delete(tx: &mut Connection, id: &str) -> Result<()> {
    if tx.execute("DELETE FROM form_draft WHERE id = $1", values![id])? == 0 {
        return Err(no_draft().into());
    }
    Ok(())
}

fn no_draft() -> Problem {
    Problem::new(Code::NotFound, "no such draft")
}

fn find_row(tx: &mut Connection, id: &str) -> Result<Row> {
    let found = tx.find(&format!("{COLUMNS} WHERE id = $1"), values![id])?;
    found.ok_or_else(|| no_draft().into())
}

fn unreadable(now_ms: i64, brought: &Brought) -> FormDraft {
    FormDraft {
        id: String::new(),
        key: String::new(),
        version: 0,
        title: Localised::default(),
        source: brought.source.clone(),
        imported_ms: now_ms,
        imported_by: String::new(),
        problems: brought.problems.clone(),
        form: None,
        facts: None,
    }
}

fn problems_of(row: &Row) -> Result<Vec<FormProblem>> {
    serde_json::from_str(&row.text(6)?).context("Reading a draft's problems")
}

fn read_draft(tx: &mut Connection, forms: &mut FormShelf, row: &Row, now_ms: i64) -> Result<FormDraft> {
    let settings = serde_json::from_str::<FormDocument>(&row.text(2)?).context("Reading a draft")?.settings;
    let names: BTreeMap<u32, String> = people(tx)?;
    let by = row.find_int(5)?.map(u32::try_from).transpose()?;
    let newest = packs::newest(tx, &settings.form_id)?;
    let form = form_of(tx, forms, row)?;
    let published = published_now(tx, forms, &settings.form_id, now_ms)?;
    let now = Now { ms: now_ms, offset_min: 0, seed: 0 };
    Ok(FormDraft {
        id: row.text(0)?,
        version: forms::next_version(settings.version, newest),
        key: settings.form_id,
        title: settings.form_title,
        source: row.text(3)?,
        imported_ms: row.int(4)?,
        imported_by: by.and_then(|by| names.get(&by).cloned()).unwrap_or_default(),
        problems: problems_of(row)?,
        facts: form.as_ref().map(|form| form.facts(published.as_deref(), now)),
        form: form.map(|form| form.for_screen()),
    })
}

fn form_of(tx: &mut Connection, forms: &mut FormShelf, row: &Row) -> Result<Option<Arc<Form>>> {
    if problems_of(row)?.iter().any(|problem| problem.stops) {
        return Ok(None);
    }
    let (id, imported_ms, document) = (row.text(0)?, row.int(4)?, row.text(2)?);
    let own = serde_json::from_str::<FormDocument>(&document).context("Reading a draft")?.settings;
    let version = forms::next_version(own.version, packs::newest(tx, &own.form_id)?);
    if let Some((kept, at, form)) = &forms.draft
        && (kept.as_str(), *at, form.version()) == (id.as_str(), imported_ms, version)
    {
        return Ok(Some(Arc::clone(form)));
    }
    let form = Arc::new(forms::with_version(&document, version)?);
    forms.draft = Some((id, imported_ms, Arc::clone(&form)));
    Ok(Some(form))
}

/// The version that devices are offered now.
fn published_now(
    tx: &mut Connection,
    forms: &mut FormShelf,
    key: &str,
    now_ms: i64,
) -> Result<Option<Arc<Form>>> {
    let row = tx.one(
        "SELECT MAX(version) FROM form_version WHERE form = $1 AND from_ms <= $2 AND withdrawn_ms IS NULL",
        values![key, now_ms],
    )?;
    match row.find_int(0)? {
        Some(version) => forms.find(tx, key, u32::try_from(version)?),
        None => Ok(None),
    }
}
