//! What an officer can do about work that needs them: one list of ways for each
//! reason. Words and order are the screen's; which ways there are is decided here.

use crate::show::WorkState;
use crate::store::{ChangeState, OwnChange, Progress, UploadRow, UploadState};
use crate::vault::Vault;
use crate::{Draft, clock::Reading};
use anyhow::{Context, Result};
use kerbside_core::change::{Change, ChangeBytes, Edit};
use kerbside_core::field::{FieldKey, REFERENCE};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::value::{Value, to_json};
use serde::Serialize;
use ts_rs::TS;

/// A way on from work that needs its officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Way {
    /// Choose between two answers, or say whether a record stays.
    Choose,
    /// A draft with what was refused, to put right and save again.
    AnswerAgain,
    /// A draft to take a photo again in.
    PhotoAgain,
    /// The office has it: nothing more is asked of the officer.
    LeaveToOffice,
    PutAway,
    /// Say it as a note instead.
    Note,
    /// Let its photos go now, whatever they cost.
    SendNow,
}

/// The kind in the journal of work that waited for a decision and was taken.
pub(crate) const TAKEN: &str = "taken";

/// What concerns the device and not one piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Notice {
    pub kind: NoticeKind,
    #[ts(type = "number | null")]
    pub at_ms: Option<i64>,
    /// How many things it is about.
    pub n: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum NoticeKind {
    /// The office has stopped this device.
    Revoked,
    /// The server was put back to a backup, and what it lacks is sent again.
    Restored,
    /// Neither the server nor this device has some changes any more.
    Lost,
    /// The office serves only newer apps.
    AppTooOld,
    /// The council's server does not know this device any more; a fresh code puts that right.
    EnrolAgain,
    /// Someone in the office took what had waited for a decision into its record.
    Taken,
}

/// Something this officer wrote that the office did not take.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct RefusedAnswer {
    pub dot: String,
    /// None for a note.
    pub field: Option<FieldKey>,
    #[ts(type = "unknown")]
    pub answer: serde_json::Value,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// What whoever declined it in the office said.
    pub said: Option<String>,
}

/// The ways on from a refusal by this code.
fn ways_of_code(code: &str) -> &'static [Way] {
    match Code::named(code) {
        Some(Code::InReview) => &[],
        Some(Code::Sealed | Code::AnsweredOnce) => &[Way::Note, Way::PutAway],
        Some(Code::NotYourTeam | Code::NotAllowed | Code::RecordPurged) => &[Way::LeaveToOffice],
        Some(Code::RecordExists) => &[Way::PutAway],
        _ => &[Way::AnswerAgain, Way::LeaveToOffice],
    }
}

/// The same where the record is not here any more: only a new one can be begun, and nothing be put away in it.
pub(crate) fn ways_without_record(code: &str, begins: bool) -> Vec<Way> {
    let again = ways_of_code(code).iter().filter(|way| begins && **way == Way::AnswerAgain);
    again.copied().chain([Way::LeaveToOffice]).collect()
}

fn ways_of_photo(code: &str) -> &'static [Way] {
    match Code::named(code) {
        Some(Code::PhotoTooLarge | Code::PhotoNotAnImage | Code::PhotoHashWrong) => {
            &[Way::PhotoAgain, Way::PutAway]
        }
        _ => &[Way::PutAway],
    }
}

/// Everything there is to do about one record, and the code that says why.
pub(crate) fn ways_on(
    two_answers: u32,
    own: &[OwnChange],
    uploads: &[UploadRow],
) -> (Option<String>, Vec<Way>) {
    let change = own.iter().find(|own| own.state == ChangeState::Refused && !own.seen);
    let photo = uploads.iter().find(|upload| upload.state == UploadState::Refused && !upload.seen);
    let code = |reason: &Option<String>| reason.clone().unwrap_or_else(|| Code::Internal.name().to_owned());
    if let Some(own) = change {
        let code = code(&own.reason);
        let ways = ways_of_code(&code).to_vec();
        return (Some(code), ways);
    }
    if let Some(photo) = photo {
        let code = code(&photo.reason);
        let ways = ways_of_photo(&code).to_vec();
        return (Some(code), ways);
    }
    (None, if 0 < two_answers { vec![Way::Choose] } else { Vec::new() })
}

/// Whether the office is looking at it, so that its officer has nothing to do.
pub(crate) fn is_in_review(own: &OwnChange) -> bool {
    own.state == ChangeState::Refused && own.reason.as_deref() == Some(Code::InReview.name())
}

impl Vault {
    pub(crate) fn notices(&self, progress: &Progress) -> Result<Vec<Notice>> {
        let mut notices = Vec::new();
        let stopped = [
            ("device_revoked", NoticeKind::Revoked),
            ("protocol_too_old", NoticeKind::AppTooOld),
            ("enrol_again", NoticeKind::EnrolAgain),
        ];
        for (why, kind) in stopped {
            if progress.why == why {
                notices.push(Notice { kind, at_ms: None, n: 0 });
            }
        }
        if let Some((at_ms, _)) = self.store.in_journal("restored")? {
            let n = u32::try_from(progress.counter.saturating_sub(progress.received)).unwrap_or(u32::MAX);
            notices.push(Notice { kind: NoticeKind::Restored, at_ms: Some(at_ms), n });
        }
        let lost = self.store.missing_changes()?;
        if let (1.., Some((at_ms, _))) = (lost, self.store.in_journal("lost")?) {
            notices.push(Notice { kind: NoticeKind::Lost, at_ms: Some(at_ms), n: lost });
        }
        if let Some((at_ms, n)) = self.store.in_journal(TAKEN)? {
            notices.push(Notice { kind: NoticeKind::Taken, at_ms: Some(at_ms), n });
        }
        Ok(notices)
    }

    /// The officer has read what the device did by itself.
    pub fn put_away_notices(&mut self, now: Reading) -> Result<()> {
        self.store.transact(|store| {
            ["restored", "lost", TAKEN]
                .iter()
                .try_for_each(|kind| store.put_away_of_journal(kind, now.wall_ms))
        })
    }

    /// A draft of the record with everything in it that was refused, to be put right and saved again. Where the record
    /// itself was refused, a draft of a new one.
    pub fn answer_again(&mut self, record: RecordId, now: Reading) -> Result<Draft> {
        let refused: Vec<OwnChange> = self
            .store
            .changes_of(record)?
            .into_iter()
            .filter(|own| own.state == ChangeState::Refused && !own.seen && !is_in_review(own))
            .collect();
        let changes: Vec<Change> = refused
            .into_iter()
            .map(|own| ChangeBytes::received(own.bytes).read().context("Read a refused change"))
            .collect::<Result<_>>()?;
        let Some(first) = changes.first() else {
            return Err(Problem::new(Code::NothingChanged, "Nothing of this was refused").into());
        };
        let draft = if first.creates() {
            self.start_draft(&first.form, now)?
        } else {
            self.edit_record(record, now)?
        };
        for edit in changes.iter().flat_map(|change| &change.edits) {
            match edit {
                Edit::Put { field, value, .. } if !field.is_system() => {
                    self.answer(draft.id, field, &to_json(value), now)?;
                }
                Edit::Attach { field, photo, facts } => {
                    let field = field.to_string();
                    self.store.transact(|store| {
                        store.add_draft_photo(draft.id, &field, *photo, facts, now.wall_ms)
                    })?;
                }
                Edit::Note { text, .. } => {
                    self.note(record, text, now)?;
                }
                Edit::Create
                | Edit::Put { .. }
                | Edit::SetAdd { .. }
                | Edit::SetRemove { .. }
                | Edit::Seal { .. }
                | Edit::Unknown { .. } => {}
            }
        }
        self.put_away(record, now)?;
        self.draft(draft.id, now)
    }

    /// What the office did not take of this record, put away or not: it stays readable.
    pub fn refused(&self, record: RecordId) -> Result<Vec<RefusedAnswer>> {
        let mut refused = Vec::new();
        for own in self.store.changes_of(record)? {
            if own.state != ChangeState::Refused || own.bytes.is_empty() {
                continue;
            }
            let said = self.store.said_of(&own)?;
            let change = ChangeBytes::received(own.bytes).read().context("Read a refused change")?;
            for edit in &change.edits {
                let (field, answer) = match edit {
                    Edit::Put { field, value, .. } if field.path != REFERENCE && *value != Value::Null => {
                        (Some(field.clone()), to_json(value))
                    }
                    Edit::Note { text, .. } => (None, text.as_str().into()),
                    Edit::Create
                    | Edit::Put { .. }
                    | Edit::SetAdd { .. }
                    | Edit::SetRemove { .. }
                    | Edit::Attach { .. }
                    | Edit::Seal { .. }
                    | Edit::Unknown { .. } => continue,
                };
                let dot = change.dot().to_string();
                let at_ms = change.at.corrected_ms();
                refused.push(RefusedAnswer { dot, field, answer, at_ms, said: said.clone() });
            }
        }
        Ok(refused)
    }

    /// The officer has read why something was refused, and it is done with. What is not here any more says nothing of it
    /// from then on.
    pub fn put_away(&mut self, record: RecordId, now: Reading) -> Result<()> {
        let (is_purged, photos_gone) = self.store.transact(|store| {
            store.put_away_refused(record)?;
            store.put_away_refused_photos(record)?;
            if store.has_record(record)? {
                return Ok((false, Vec::new()));
            }
            store.forget_said_if_read(record)?;
            let is_purged = store.is_purged(record)?;
            Ok((is_purged, if is_purged { self.purge_again(store, record, now)? } else { Vec::new() }))
        })?;
        photos_gone.into_iter().try_for_each(|photo| self.remove_blobs(photo))?;
        if is_purged { self.store.wipe() } else { Ok(()) }
    }
}

/// Whether a state is the office's to know of, so that it is not on the list of what waits.
pub(crate) fn is_settled(state: WorkState, own: &[OwnChange]) -> bool {
    matches!(state, WorkState::Received | WorkState::Safe) && !own.iter().any(is_in_review)
}
