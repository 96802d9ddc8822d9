//! Records as the server keeps them: the fold of the log, what trays and searches read, and the teams in scope.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use kerbside_core::change::Member;
use kerbside_core::field::{AREA, ASSIGNEES, FOLLOWERS, FieldKey, OWNER, REFERENCE, STATUS};
use kerbside_core::form::{Answers, Form, Now};
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::record::view::text_of;
use kerbside_core::record::{Members, Record};
use kerbside_core::redact::REDACTED;
use kerbside_core::value::Value;

use super::case_index;
use super::connection::Connection;
use super::people::team_set;
use super::photo_index;
use super::value::Row;
use crate::values;

/// The longest text a search looks through.
const WORDS_LIMIT: usize = 2_000;

/// A record with what the office added to it.
#[derive(Debug, Clone)]
pub struct Kept {
    pub state: Record,
    pub office_reference: String,
    pub first_seq: i64,
    pub received_at: i64,
}

pub(super) fn load(tx: &mut Connection, id: RecordId) -> Result<Option<Kept>> {
    let found = tx.find(
        "SELECT state, office_reference, first_seq, received_at FROM record WHERE id = $1",
        values![id],
    )?;
    let Some(row) = found else { return Ok(None) };
    let state = Record::unpack(&row.blob(0)?).with_context(|| format!("Reading record {id}"))?;
    Ok(Some(Kept { state, office_reference: row.text(1)?, first_seq: row.int(2)?, received_at: row.int(3)? }))
}

pub(super) fn exists(tx: &mut Connection, id: RecordId) -> Result<bool> {
    Ok(tx.find("SELECT 1 FROM record WHERE id = $1", values![id])?.is_some())
}

/// What a record's row repeats of its state, so that lists and scopes need not read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Derived {
    pub(super) form: String,
    pub(super) form_version: u32,
    pub(super) reference: String,
    pub(super) status: String,
    pub(super) created_by: u32,
    pub(super) created_actor: u32,
    pub(super) captured_at: i64,
    pub(super) two_answers: u32,
    pub(super) photos_named: i64,
    pub(super) photos_received: i64,
}

pub(super) fn derived(tx: &mut Connection, id: RecordId, state: &Record) -> Result<Derived> {
    let created = state.created();
    let photos = photos_of(state);
    let received = received_photos(tx, id)?.intersection(&photos).count();
    Ok(Derived {
        form: state.form().to_owned(),
        form_version: state.form_version(),
        reference: text_of(state.provisional(&FieldKey::new(REFERENCE))).unwrap_or_default(),
        status: text_of(state.provisional(&FieldKey::new(STATUS))).unwrap_or_default(),
        created_by: created.map_or(0, |stamp| stamp.officer.0),
        created_actor: created.map_or(0, |stamp| stamp.dot.actor.0),
        captured_at: created.map_or(0, |stamp| stamp.at_ms),
        two_answers: state.two_answers(),
        photos_named: i64::try_from(photos.len())?,
        photos_received: i64::try_from(received)?,
    })
}

/// Writes the fold and everything that lists read from it.
pub(super) fn save(
    tx: &mut Connection,
    id: RecordId,
    kept: &Kept,
    last_seq: i64,
    form: Option<&Form>,
) -> Result<()> {
    let state = &kept.state;
    let derived = derived(tx, id, state)?;
    let summary = form.map(|form| summary(form, state)).unwrap_or_default();
    let words = words(state, &[&derived.reference, &kept.office_reference, &summary]);
    tx.execute(
        "INSERT INTO record (id, form, form_version, reference, office_reference, created_by, created_actor, \
         captured_at, received_at, first_seq, last_seq, summary, words, status, two_answers, photos_named, photos_received, \
         state, withdrawn) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
         ON CONFLICT (id) DO UPDATE SET form_version = excluded.form_version, reference = excluded.reference, \
         last_seq = excluded.last_seq, summary = excluded.summary, words = excluded.words, \
         status = excluded.status, two_answers = excluded.two_answers, photos_named = excluded.photos_named, \
         photos_received = excluded.photos_received, state = excluded.state, withdrawn = excluded.withdrawn",
        values![
            id,
            derived.form,
            derived.form_version,
            derived.reference,
            &kept.office_reference,
            derived.created_by,
            derived.created_actor,
            derived.captured_at,
            kept.received_at,
            kept.first_seq,
            last_seq,
            summary,
            words,
            derived.status,
            derived.two_answers,
            derived.photos_named,
            derived.photos_received,
            state.pack(),
            i64::from(state.is_withdrawn()),
        ],
    )?;
    photo_index::write(tx, id, state)?;
    case_index::write(tx, id, state)
}

/// The photos that are in the record now, each once, without those that were taken out for good.
pub(super) fn photos_of(state: &Record) -> BTreeSet<Sha256> {
    let there = state.photos().into_iter().filter(|(.., facts)| facts.kind != REDACTED);
    there.map(|(_, photo, ..)| photo).collect()
}

/// The photos of this record whose bytes some device has sent.
pub(super) fn received_photos(tx: &mut Connection, id: RecordId) -> Result<BTreeSet<Sha256>> {
    let rows = tx.query(
        "SELECT DISTINCT sha256 FROM photo_named WHERE record = $1 AND sent_at IS NOT NULL",
        values![id],
    )?;
    rows.iter().map(|row| Ok(Sha256(row.bytes(0)?))).collect()
}

/// The next number of a series: `FT-000123`.
pub(super) fn next_reference(tx: &mut Connection, prefix: &str) -> Result<String> {
    let row = tx.one(
        "INSERT INTO number_row (prefix, last) VALUES ($1, 1 + (SELECT COALESCE(MAX(numbers_from), 0) FROM life)) \
         ON CONFLICT (prefix) DO UPDATE SET last = number_row.last + 1 RETURNING last",
        values![prefix],
    )?;
    Ok(format!("{prefix}-{:06}", row.int(0)?))
}

/// The teams that have the record now.
pub(super) fn teams_now(tx: &mut Connection, id: RecordId) -> Result<BTreeSet<String>> {
    let rows = tx.query(
        "SELECT DISTINCT team FROM record_team WHERE record = $1 AND until_seq IS NULL AND team NOT LIKE '@%'",
        values![id],
    )?;
    team_set(&rows)
}

/// The keys of the record now: its teams, each with the area it is in, and whom it is given to.
pub(super) fn keys_now(tx: &mut Connection, id: RecordId) -> Result<BTreeSet<String>> {
    let rows =
        tx.query("SELECT team, area FROM record_team WHERE record = $1 AND until_seq IS NULL", values![id])?;
    keys(&rows)
}

/// The keys it has or had since `after_ms`: an officer who still held it may not have known that it went.
pub(super) fn keys_lately(tx: &mut Connection, id: RecordId, after_ms: i64) -> Result<BTreeSet<String>> {
    let rows = tx.query(
        "SELECT team, area FROM record_team WHERE record = $1 AND (until_at IS NULL OR until_at > $2)",
        values![id, after_ms],
    )?;
    keys(&rows)
}

pub(super) fn keys(rows: &[Row]) -> Result<BTreeSet<String>> {
    rows.iter().map(|row| Ok(key(&row.text(0)?, &row.text(1)?))).collect()
}

/// A team and an area as one key.
pub(super) fn key(team: &str, area: &str) -> String {
    if area.is_empty() { team.to_owned() } else { format!("{team}/{area}") }
}

/// Whom the record is given to and who follows it, as keys.
pub(super) fn people_of(state: &Record) -> BTreeSet<String> {
    let sets = [ASSIGNEES, FOLLOWERS].into_iter().filter_map(|set| state.set(&FieldKey::new(set)));
    let members = sets.flat_map(Members::members);
    let people = members.filter_map(|member| member_text(&member));
    let owners = state.answers(&FieldKey::new(OWNER));
    let owners = owners.iter().filter_map(|owner| text_of(Some(owner.clone())));
    people.chain(owners).filter_map(|id| id.parse::<u32>().ok()).map(|id| format!("@{id}")).collect()
}

/// The areas the record names; while two answers stand, both.
pub(super) fn areas_of(state: &Record) -> BTreeSet<String> {
    let answers = state.answers(&FieldKey::new(AREA));
    answers.into_iter().filter_map(|area| text_of(Some(area))).filter(|area| !area.is_empty()).collect()
}

/// The answers a form is evaluated over: the provisional one of each question, rows and photos as sets of ids.
pub fn answers_of(state: &Record) -> Answers {
    let mut answers = Answers::default();
    for (field, register) in state.registers().filter(|(field, _)| !field.is_system() || field.is_order()) {
        if let Some(written) = register.provisional() {
            answers.insert(field.clone(), written.value);
        }
    }
    for (field, set) in state.sets().filter(|(field, _)| !field.is_system()) {
        let members = set.members().iter().filter_map(member_text).collect();
        answers.insert(field.clone(), Value::Codes(members));
    }
    answers
}

/// A member as answers name it. What a newer app put there has no name here.
pub(super) fn member_text(member: &Member) -> Option<String> {
    match member {
        Member::Row(row) => Some(row.to_string()),
        Member::Photo(photo) => Some(photo.to_string()),
        Member::Text(text) => Some(text.clone()),
        Member::Opaque { .. } => None,
    }
}

/// The record's one line in a list, as of the moment it was made, so that it does not change by itself.
pub(super) fn summary(form: &Form, state: &Record) -> String {
    let ms = state.created().map_or(0, |stamp| stamp.at_ms);
    form.summary(&answers_of(state), "en", Now { ms, offset_min: 0, seed: 0 })
}

fn words(state: &Record, first: &[&str]) -> String {
    let mut words = first.join(" ");
    for (field, _) in state.registers().filter(|(field, _)| !field.is_system()) {
        for value in state.answers(field) {
            if let Some(text) = text_of(Some(value)) {
                words.push(' ');
                words.push_str(&text);
            }
        }
    }
    words.to_lowercase().chars().take(WORDS_LIMIT).collect()
}
