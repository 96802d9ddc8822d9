//! One record as the back office works on it: every answer, who changed what and when, and its photos.

use anyhow::{Context as _, Result};
use kerbside_core::change::{Change, ChangeBytes, Context, Edit, Member, PhotoFacts};
use kerbside_core::field::{APART, DUPLICATE_OF, DUPLICATES, FieldKey, REFERENCE, STATUS, STATUS_BEFORE};
use kerbside_core::form::{FormForScreen, Now};
use kerbside_core::ids::{Dot, OfficerId, RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::view::RecordView;
use kerbside_core::record::{REASON, Record};
use kerbside_core::redact::REDACTED;
use kerbside_core::value::{Value, to_json};
use serde::Serialize;
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::covers::{self, Cover, PackTaken};
use super::cut::{self, Left};
use super::people::Officer;
use super::records;
use super::review::dot_at;
use super::same::{self, Sameness};
use super::taking::{LOG_CHANGE, LOG_CUT};
use super::value::Row;
use crate::auth::{Action, Target, authorise};
use crate::values;

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct Case {
    pub view: RecordView,
    pub form: Option<FormForScreen>,
    pub timeline: Vec<TimelineLine>,
    pub photos_named: u32,
    pub photos_received: u32,
    /// Every drawing over a photo, the newest of each photo last.
    pub covers: Vec<Cover>,
    pub photo_facts: Vec<PhotoFact>,
    pub packs: Vec<PackTaken>,
    pub same: Sameness,
    pub may_cover: bool,
    pub may_uncover: bool,
    pub may_edit: bool,
    pub may_withdraw: bool,
}

/// What a photo says of itself, beside what the view has.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct PhotoFact {
    pub sha256: Sha256,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub accuracy_m: Option<f64>,
    pub source: PhotoSource,
    /// Make and model as the camera names itself.
    pub camera: Option<String>,
}

/// How a photo came into the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum PhotoSource {
    Viewfinder,
    Camera,
    Gallery,
    File,
    /// By a newer app, in a way this server has no word for.
    Other,
}

impl PhotoSource {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Viewfinder => "viewfinder",
            Self::Camera => "camera",
            Self::Gallery => "gallery",
            Self::File => "file",
            Self::Other => "other",
        }
    }
}

impl PhotoFact {
    pub(super) fn of(sha256: Sha256, facts: &PhotoFacts) -> Self {
        let degrees = |e7: Option<i32>| e7.map(|e7| f64::from(e7) / 1e7);
        Self {
            sha256,
            lat: degrees(facts.lat_e7),
            lon: degrees(facts.lon_e7),
            accuracy_m: facts.accuracy_cm.map(|cm| f64::from(cm) / 100.0),
            source: match facts.source {
                0 => PhotoSource::Viewfinder,
                1 => PhotoSource::Camera,
                2 => PhotoSource::Gallery,
                3 => PhotoSource::File,
                4.. => PhotoSource::Other,
            },
            camera: facts.camera.clone(),
        }
    }
}

/// What a line of the timeline tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Happening {
    Created,
    Changed,
    Photo,
    Note,
    /// Someone chose between answers.
    Chose,
    /// Someone did something, and what it was is kept no longer.
    Cut,
    /// Someone closed it as a duplicate of another, or took that back.
    JoinedTo,
    PartedFrom,
    /// Someone closed another as a duplicate of it, or took that back.
    TookIn,
    LetGo,
    /// Someone found it to be of something else than another, or took that back.
    FoundApart,
    AskedAgain,
}

impl Happening {
    /// What is told of another case, which `to` names.
    pub(super) const OF_OTHERS: [Self; 6] =
        [Self::JoinedTo, Self::PartedFrom, Self::TookIn, Self::LetGo, Self::FoundApart, Self::AskedAgain];
}

/// One thing that someone did to the record.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct TimelineLine {
    #[ts(type = "number")]
    pub seq: i64,
    #[ts(type = "number")]
    pub at_ms: i64,
    #[ts(type = "number")]
    pub received_at_ms: i64,
    pub officer: OfficerId,
    /// Done at a desk, not on a device.
    pub office: bool,
    /// Who took it into the record, where its writer might no longer.
    pub taken_by: Option<OfficerId>,
    pub kind: Happening,
    pub field: Option<FieldKey>,
    /// The answers that were answered over: those that whoever wrote this had in front of them.
    #[ts(type = "unknown[] | null")]
    pub from: Option<Vec<serde_json::Value>>,
    #[ts(type = "unknown")]
    pub to: Option<serde_json::Value>,
    pub dot: String,
}

impl Store {
    /// The case, if this officer may read it. One of other teams does not exist for them.
    pub fn case(&mut self, officer: &Officer, id: RecordId) -> Result<Case> {
        let (forms, areas) = (&mut self.forms, &mut self.areas);
        self.connection.snapshot(|tx| {
            let (teams, keys) = (records::teams_now(tx, id)?, records::keys_now(tx, id)?);
            let may = |action| authorise(officer, action, Target::Record(&keys)).is_allowed();
            let kept = records::load(tx, id)?.filter(|_| may(Action::ReadRecord));
            let kept = kept.ok_or_else(|| Problem::new(Code::NotFound, "no such record in scope"))?;
            let received = records::received_photos(tx, id)?;
            let named = records::photos_of(&kept.state);
            let mut view = RecordView::of(id, &kept.state, Some(kept.office_reference.clone()));
            if view.teams.is_empty() {
                view.teams = teams.iter().cloned().collect();
            }
            areas.name(tx, &mut view.areas)?;
            for photo in &mut view.photos {
                photo.received = Some(received.contains(&photo.sha256));
            }
            let form = forms.nearest(tx, kept.state.form(), kept.state.form_version())?;
            if let (1.., Some(form)) = (view.two_answers, &form) {
                let then = Now { ms: kept.received_at, offset_min: 0, seed: 0 };
                view.offer_both(form, &records::answers_of(&kept.state), then);
            }
            let facts = kept.state.photos().into_iter().filter(|(.., facts)| facts.kind != REDACTED);
            let own = view.created_by == Some(officer.id);
            let timeline = timeline(tx, id)?;
            let same = same::of_case(tx, forms, officer, (id, &kept), &timeline)?;
            Ok(Case {
                form: form.map(|form| form.for_record(&view)),
                view,
                timeline,
                photos_named: u32::try_from(named.len())?,
                photos_received: u32::try_from(named.intersection(&received).count())?,
                covers: covers::of_record(tx, id)?,
                photo_facts: facts.map(|(_, photo, _, facts)| PhotoFact::of(photo, facts)).collect(),
                packs: covers::packs(tx, id)?,
                same,
                may_cover: may(Action::CoverPhoto),
                may_uncover: may(Action::SeeUncovered),
                may_edit: may(Action::EditRecord),
                may_withdraw: may(Action::WithdrawRecord) || own && may(Action::EditRecord),
            })
        })
    }
}

/// The record's log, told as what people did. Folding it again shows what each change replaced.
fn timeline(tx: &mut Connection, id: RecordId) -> Result<Vec<TimelineLine>> {
    let rows = tx.query(
        "SELECT l.seq, l.received_at, l.body, a.device, l.kind, l.actor, l.counter, a.officer FROM log l \
         JOIN actor a ON a.id = l.actor WHERE l.record = $1 AND l.kind IN ($2, $3) ORDER BY l.seq",
        values![id, LOG_CHANGE, LOG_CUT],
    )?;
    let mut state = cut::state(tx, id)?;
    let begun = state.created().map(|stamp| stamp.dot);
    let mut lines = Vec::new();
    for row in rows {
        if row.int(4)? == LOG_CUT {
            let left = Left::read(&row.blob(2)?)?;
            let base = line(tx, &row, &left)?;
            let is_first = begun == Some(dot_at(&row, 5)?);
            lines.push(if is_first { base } else { TimelineLine { kind: Happening::Cut, ..base } });
            continue;
        }
        let change = ChangeBytes::received(row.blob(2)?).read().context("Reading the log")?;
        lines.extend(told(&state, &change, &line(tx, &row, &Left::of(&change))?));
        state.apply(&change);
    }
    Ok(lines)
}

/// Who did something and when, as a line that begins the record.
fn line(tx: &mut Connection, row: &Row, left: &Left) -> Result<TimelineLine> {
    let officer = OfficerId(row.u32(7)?);
    let office = row.find_blob(3)?.is_none();
    let writer = if office { writer_before(tx, left.was)? } else { None };
    Ok(TimelineLine {
        seq: row.int(0)?,
        at_ms: left.at.corrected_ms(),
        received_at_ms: row.int(1)?,
        officer: writer.unwrap_or(officer),
        office: office && writer.is_none(),
        taken_by: writer.map(|_| officer),
        kind: Happening::Created,
        field: None,
        from: None,
        to: None,
        dot: dot_at(row, 5)?.to_string(),
    })
}

/// Who wrote first what somebody at a desk took into the record.
fn writer_before(tx: &mut Connection, was: Option<Dot>) -> Result<Option<OfficerId>> {
    let Some(was) = was else { return Ok(None) };
    let found = tx.find("SELECT officer FROM actor WHERE id = $1", values![was.actor])?;
    found.map(|row| Ok(OfficerId(row.u32(0)?))).transpose()
}

fn told(before: &Record, change: &Change, base: &TimelineLine) -> Vec<TimelineLine> {
    let mut lines = Vec::new();
    let is_join =
        change.edits.iter().any(|edit| matches!(edit, Edit::Put { field, .. } if field.path == DUPLICATE_OF));
    for edit in &change.edits {
        match edit {
            Edit::Create => lines.push(base.clone()),
            Edit::Put { field, .. } if change.creates() || field.path == REFERENCE => {}
            // The state that it takes and gives back is part of that.
            Edit::Put { field, .. } if is_join && [STATUS, STATUS_BEFORE].contains(&&*field.path) => {}
            Edit::Put { field, context, value } if field.path == DUPLICATE_OF => {
                lines.push(told_join(before, field, context, value, base));
            }
            Edit::Put { field, context, value } => {
                let over: Vec<Value> =
                    before.answered_over(field, context).into_iter().map(|(value, _)| value).collect();
                lines.push(TimelineLine {
                    kind: if 1 < over.len() { Happening::Chose } else { Happening::Changed },
                    field: Some(field.clone()),
                    from: Some(over.iter().map(to_json).collect()),
                    to: Some(to_json(value)),
                    ..base.clone()
                });
            }
            Edit::Attach { field, photo, .. } => lines.push(TimelineLine {
                kind: Happening::Photo,
                field: Some(field.clone()),
                to: Some(photo.to_string().into()),
                ..base.clone()
            }),
            // Why a record was withdrawn is told by the line that says so.
            Edit::Note { kind, .. } if kind == REASON => {}
            Edit::Note { text, .. } => lines.push(TimelineLine {
                kind: Happening::Note,
                to: Some(text.as_str().into()),
                ..base.clone()
            }),
            Edit::SetAdd { field, members } if !change.creates() => {
                let kind = match field.path.as_str() {
                    DUPLICATES => Some(Happening::TookIn),
                    APART => Some(Happening::FoundApart),
                    _ => None,
                };
                lines.extend(kind.into_iter().flat_map(|kind| told_of(kind, members, base)));
            }
            Edit::SetRemove { field, members, .. } if field.path == DUPLICATES => {
                lines.extend(told_of(Happening::LetGo, members, base));
            }
            Edit::SetRemove { field, members, .. } if field.path == APART => {
                lines.extend(told_of(Happening::AskedAgain, members, base));
            }
            Edit::SetAdd { .. } | Edit::SetRemove { .. } | Edit::Seal { .. } | Edit::Unknown { .. } => {}
        }
    }
    lines
}

/// That it was closed as a duplicate, or of which it is none after all.
fn told_join(
    before: &Record,
    field: &FieldKey,
    context: &Context,
    value: &Value,
    base: &TimelineLine,
) -> TimelineLine {
    let over = before.answered_over(field, context).into_iter().next().map(|(value, _)| to_json(&value));
    let (kind, to) = if *value == Value::Null {
        (Happening::PartedFrom, over)
    } else {
        (Happening::JoinedTo, Some(to_json(value)))
    };
    TimelineLine { kind, to, ..base.clone() }
}

/// A line for each of the cases that were named.
fn told_of<'a>(
    kind: Happening,
    members: &'a [Member],
    base: &'a TimelineLine,
) -> impl Iterator<Item = TimelineLine> + 'a {
    let named = members.iter().filter_map(records::member_text);
    named.map(move |id| TimelineLine { kind, to: Some(id.into()), ..base.clone() })
}
