//! The life of a form's versions: published from a date, withdrawn, offered again. What a version says never changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use kerbside_core::form::{Codes, Form, Localised};
use kerbside_core::ids::OfficerId;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::packs::{self, FormShelf};
use super::people::{give_form, people, teams};
use crate::values;

/// A form with all its versions, the newest first.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct FormLine {
    pub key: String,
    pub title: Localised,
    pub service: String,
    pub teams: Vec<String>,
    pub versions: Vec<FormVersion>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct FormVersion {
    pub version: u32,
    /// What its designer calls it, where that is no whole number.
    pub version_text: Option<String>,
    pub state: FormState,
    #[ts(type = "number")]
    pub from_ms: i64,
    /// 0 where it was there before this was written down.
    #[ts(type = "number")]
    pub published_ms: i64,
    /// Nobody, where a settings file or the command line brought it.
    pub published_by: Option<String>,
    /// How many records were last written by it.
    #[ts(type = "number")]
    pub records: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum FormState {
    Published,
    Withdrawn,
    /// Published, and its date has not come.
    Waiting,
}

/// How a form is to be published.
#[derive(Debug, Clone, Default)]
pub struct Publication {
    pub by: Option<OfficerId>,
    /// At once where there is none.
    pub from_ms: Option<i64>,
    /// Exactly these teams have the form from then on; where none are named here, those that have it already.
    pub teams: Option<BTreeSet<String>>,
}

impl Store {
    /// Every form there is, with where its versions stand.
    pub fn form_lines(&mut self, now_ms: i64) -> Result<Vec<FormLine>> {
        let forms = &mut self.forms;
        self.connection.snapshot(|tx| {
            let teams = teams(tx)?;
            let mut versions = all_versions(tx, forms, now_ms)?;
            let mut lines = Vec::new();
            while let Some((key, versions)) = versions.pop_first() {
                let newest = versions.first().context("A form has a version")?.version;
                let form = forms.find(tx, &key, newest)?.context("A published form is there")?;
                let has_it = teams.iter().filter(|team| team.forms.contains(&key));
                lines.push(FormLine {
                    title: form.title().clone(),
                    service: form.settings().service.clone(),
                    teams: has_it.map(|team| team.key.clone()).collect(),
                    key,
                    versions,
                });
            }
            Ok(lines)
        })
    }

    /// The newest version of a form, whatever its state.
    pub fn newest_version(&mut self, key: &str) -> Result<Option<u32>> {
        packs::newest(&mut self.connection, key)
    }

    /// Publishes a form that nobody has to look at first. The version it gets is told.
    pub fn publish_form(
        &mut self,
        now_ms: i64,
        document: &str,
        publication: &Publication,
    ) -> Result<(String, FormVersion)> {
        let forms = &mut self.forms;
        self.connection.transaction(|tx| publish(tx, forms, now_ms, document, publication))
    }

    /// Offers a version no longer. What was begun by it can still be finished.
    pub fn withdraw_form(
        &mut self,
        now_ms: i64,
        by: OfficerId,
        key: &str,
        version: u32,
    ) -> Result<FormVersion> {
        self.set_life(now_ms, key, version, |tx| {
            tx.execute(
                "UPDATE form_version SET withdrawn_ms = COALESCE(withdrawn_ms, $1), \
                 withdrawn_by = COALESCE(withdrawn_by, $2) WHERE form = $3 AND version = $4",
                values![now_ms, by, key, version],
            )
        })
    }

    /// Offers a version from now on: one that was withdrawn, or one whose date has not come.
    pub fn offer_form(&mut self, now_ms: i64, key: &str, version: u32) -> Result<FormVersion> {
        self.set_life(now_ms, key, version, |tx| {
            tx.execute(
                "UPDATE form_version SET withdrawn_ms = NULL, withdrawn_by = NULL, \
                 from_ms = CASE WHEN $1 < from_ms THEN $1 ELSE from_ms END WHERE form = $2 AND version = $3",
                values![now_ms, key, version],
            )
        })
    }

    fn set_life(
        &mut self,
        now_ms: i64,
        key: &str,
        version: u32,
        set: impl FnOnce(&mut Connection) -> Result<u64>,
    ) -> Result<FormVersion> {
        let forms = &mut self.forms;
        self.connection.transaction(|tx| {
            if set(tx)? == 0 {
                return Err(Problem::new(Code::UnknownForm, "no such version of the form").into());
            }
            one_version(tx, forms, now_ms, key, version)
        })
    }
}

/// Writes a version down and sets its teams. One that says the same as the newest is the newest, offered again.
pub(super) fn publish(
    tx: &mut Connection,
    forms: &mut FormShelf,
    now_ms: i64,
    document: &str,
    publication: &Publication,
) -> Result<(String, FormVersion)> {
    let form = numbered(tx, document)?;
    let (key, version) = (form.key().to_owned(), form.version());
    packs::put_pack(tx, &form)?;
    let from_ms = publication.from_ms.unwrap_or(now_ms);
    tx.execute(
        "INSERT INTO form_version (form, version, from_ms, published_ms, published_by) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (form, version) DO UPDATE SET from_ms = excluded.from_ms, withdrawn_ms = NULL, withdrawn_by = NULL",
        values![&key, version, from_ms, now_ms, publication.by.map(|by| by.0)],
    )?;
    if let Some(teams) = &publication.teams {
        give_form(tx, &key, teams)?;
    }
    let published = one_version(tx, forms, now_ms, &key, version)?;
    Ok((key, published))
}

/// The form under the number it gets.
fn numbered(tx: &mut Connection, document: &str) -> Result<Form> {
    let form = read(document)?;
    let Some(newest) = packs::newest(tx, form.key())? else { return Ok(form) };
    let as_newest = with_version(document, newest)?;
    let same = packs::read_pack(tx, &packs::pack_name(form.key()), newest)?
        .is_some_and(|body| body == as_newest.resolved_json().into_bytes());
    if same { Ok(as_newest) } else { with_version(document, next_version(form.version(), Some(newest))) }
}

/// A form keeps its own number where that is free and newer than what is there.
pub(super) fn next_version(own: u32, newest: Option<u32>) -> u32 {
    match newest {
        Some(newest) if own <= newest => newest.saturating_add(1),
        Some(_) | None => own,
    }
}

pub(super) fn with_version(document: &str, version: u32) -> Result<Form> {
    let mut document: serde_json::Value = serde_json::from_str(document).context("Reading a form")?;
    if let Some(own) = document.pointer_mut("/settings/version") {
        *own = version.into();
    }
    read(&document.to_string())
}

/// A form whose lists are inside.
fn read(document: &str) -> Result<Form> {
    Form::parse(document, &Codes::default())
        .map_err(|faults| Problem::new(Code::FormStopped, format!("{} faults", faults.len())).into())
}

fn one_version(
    tx: &mut Connection,
    forms: &mut FormShelf,
    now_ms: i64,
    key: &str,
    version: u32,
) -> Result<FormVersion> {
    let row = tx.one(
        "SELECT form, version, from_ms, published_ms, published_by, withdrawn_ms FROM form_version \
         WHERE form = $1 AND version = $2",
        values![key, version],
    )?;
    let records =
        tx.one("SELECT COUNT(*) FROM record WHERE form = $1 AND form_version = $2", values![key, version])?;
    let form = forms.find(tx, key, version)?.context("A published form is there")?;
    read_version(&row, &people(tx)?, &form, (now_ms, u64::try_from(records.int(0)?)?))
}

fn all_versions(
    tx: &mut Connection,
    forms: &mut FormShelf,
    now_ms: i64,
) -> Result<BTreeMap<String, Vec<FormVersion>>> {
    let people = people(tx)?;
    let mut records = BTreeMap::new();
    for row in tx.query("SELECT form, form_version, COUNT(*) FROM record GROUP BY form, form_version", &[])? {
        records.insert((row.text(0)?, row.u32(1)?), u64::try_from(row.int(2)?)?);
    }
    let rows = tx.query(
        "SELECT form, version, from_ms, published_ms, published_by, withdrawn_ms FROM form_version \
         ORDER BY form, version DESC",
        &[],
    )?;
    let mut versions: BTreeMap<String, Vec<FormVersion>> = BTreeMap::new();
    for row in rows {
        let named = (row.text(0)?, row.u32(1)?);
        let form: Arc<Form> = forms.find(tx, &named.0, named.1)?.context("A published form is there")?;
        let written = records.get(&named).copied().unwrap_or_default();
        versions.entry(named.0).or_default().push(read_version(&row, &people, &form, (now_ms, written))?);
    }
    Ok(versions)
}

fn read_version(
    row: &super::value::Row,
    people: &BTreeMap<u32, String>,
    form: &Form,
    (now_ms, records): (i64, u64),
) -> Result<FormVersion> {
    let from_ms = row.int(2)?;
    let state = match row.find_int(5)? {
        Some(_) => FormState::Withdrawn,
        None if now_ms < from_ms => FormState::Waiting,
        None => FormState::Published,
    };
    let by = row.find_int(4)?.map(u32::try_from).transpose()?;
    Ok(FormVersion {
        version: row.u32(1)?,
        version_text: form.settings().version_text.clone(),
        state,
        from_ms,
        published_ms: row.int(3)?,
        published_by: by.and_then(|by| people.get(&by).cloned()),
        records,
    })
}
