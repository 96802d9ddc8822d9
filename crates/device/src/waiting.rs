//! The outbox in plain words: what is not yet with the council, since when, why
//! not, and when it is tried again. Also the strip at the foot of every screen.

use crate::show::WorkState;
use crate::store::{ChangeState, OwnChange, Progress, RecordRow, UploadRow, UploadState};
use crate::vault::Vault;
use crate::ways::{Notice, Way, is_in_review, is_settled, ways_on, ways_without_record};
use anyhow::Result;
use kerbside_core::change::ChangeBytes;
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Code;
use serde::Serialize;
use std::collections::BTreeMap;
use ts_rs::TS;

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Waiting {
    pub strip: Strip,
    pub items: Vec<WaitingItem>,
    pub notices: Vec<Notice>,
    /// How many records of this officer's the office has, and how many of those are safe in a backup.
    pub received: u32,
    pub safe: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum StripState {
    AllReceived,
    Waiting,
    Sending,
    NeedsYou,
}

/// Why something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Why {
    None,
    NoSignal,
    ServerBusy,
    ServerFull,
    /// Something between us and the office answers in its place.
    Portal,
    TryAgain,
    WifiOnly,
    /// This month's data for photos is used up.
    BudgetSpent,
    SignIn,
    /// The council's server does not know this device any more: it was put back to an older backup.
    EnrolAgain,
    /// The office has stopped this device.
    DeviceRevoked,
    /// The office takes only newer apps.
    ProtocolTooOld,
}

impl Why {
    const ALL: &[(Self, &'static str)] = &[
        (Self::None, "none"),
        (Self::NoSignal, "no_signal"),
        (Self::ServerBusy, "server_busy"),
        (Self::ServerFull, "server_full"),
        (Self::Portal, "portal"),
        (Self::TryAgain, "try_again"),
        (Self::WifiOnly, "wifi_only"),
        (Self::BudgetSpent, "budget_spent"),
        (Self::SignIn, "sign_in"),
        (Self::EnrolAgain, "enrol_again"),
        (Self::DeviceRevoked, "device_revoked"),
        (Self::ProtocolTooOld, "protocol_too_old"),
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(why, _)| *why == self).map_or("none", |(_, name)| name)
    }

    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == name).map_or(Self::None, |(why, _)| *why)
    }
}

/// The photo on its way now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct SendingPhoto {
    pub photo: u32,
    pub of: u32,
    #[ts(type = "number")]
    pub bytes: u64,
    #[ts(type = "number")]
    pub total: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Strip {
    pub state: StripState,
    pub waiting: u32,
    pub needs_you: u32,
    #[ts(type = "number | null")]
    pub since_ms: Option<i64>,
    #[ts(type = "number | null")]
    pub last_received_ms: Option<i64>,
    pub sending: Option<SendingPhoto>,
    #[ts(type = "number | null")]
    pub next_try_ms: Option<i64>,
    pub why: Why,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct WaitingItem {
    /// The record's line, or the draft's form.
    pub what: String,
    pub record: Option<RecordId>,
    pub draft: Option<kerbside_core::ids::RowId>,
    pub reference: Option<String>,
    pub state: WorkState,
    #[ts(type = "number")]
    pub since_ms: i64,
    pub why: Why,
    #[ts(type = "number | null")]
    pub next_try_ms: Option<i64>,
    pub photos_total: u32,
    pub photos_sent: u32,
    #[ts(type = "number")]
    pub bytes_total: u64,
    #[ts(type = "number")]
    pub bytes_sent: u64,
    /// Why it was refused, or that the office is looking at it, as a code of the words files.
    pub reason_code: Option<String>,
    /// What whoever declined it in the office said.
    pub said: Option<String>,
    /// What its officer can do about it.
    pub ways: Vec<Way>,
}

impl Vault {
    pub fn waiting(&self) -> Result<Waiting> {
        let mut progress = self.store.progress()?;
        progress.last_received_ms =
            progress.last_received_ms.max(self.heard.as_ref().map(|heard| heard.at_ms));
        let mut items = Vec::new();
        for draft in self.store.drafts()? {
            items.push(self.waiting_draft(&draft)?);
        }
        let marks = self.store.marks()?;
        let (mut received, mut safe) = (0, 0);
        for row in self.store.listed_records()? {
            let own = self.store.changes_of(row.id)?;
            let state = self.work_state(&row, &marks)?;
            let of_mine = u32::from(!own.is_empty());
            received += if matches!(state, WorkState::Received | WorkState::Safe) { of_mine } else { 0 };
            safe += if state == WorkState::Safe { of_mine } else { 0 };
            if !is_settled(state, &own) {
                items.push(self.waiting_record(row, state, &own, &progress)?);
            }
        }
        items.extend(self.refused_elsewhere(&progress)?);
        items.sort_by_key(|item| (item.state, item.since_ms));
        let strip = strip(&progress, &items, &self.store.uploads()?);
        Ok(Waiting { strip, items, notices: self.notices(&progress)?, received, safe })
    }

    fn waiting_record(
        &self,
        row: RecordRow,
        state: WorkState,
        own: &[OwnChange],
        progress: &Progress,
    ) -> Result<WaitingItem> {
        let uploads = self.store.uploads_of(row.id)?;
        let unsent = own.iter().filter(|own| own.state == ChangeState::Saved || is_asking(own));
        let unsent_photos = uploads.iter().filter(|upload| !upload.state.arrived() && !upload.seen);
        let since = unsent.map(|own| own.saved_ms).chain(unsent_photos.map(|upload| upload.since_ms)).min();
        let mut item = item_of(progress, state, since.unwrap_or(row.changed_ms), &uploads);
        if state == WorkState::NeedsYou {
            (item.reason_code, item.ways) = ways_on(row.two_answers, own, &uploads);
            item.said = self.said_of_refused(own)?;
        } else if own.iter().any(is_in_review) {
            item.reason_code = Some(Code::InReview.name().to_owned());
        }
        let has_unsent_words = own.iter().any(|own| own.state == ChangeState::Saved);
        if let Some(why) = self.held_of(&uploads).filter(|_| item.ways.is_empty() && !has_unsent_words) {
            item.why = why;
            item.next_try_ms = None;
            item.ways = vec![Way::SendNow];
        }
        item.what = row.summary;
        item.record = Some(row.id);
        item.reference = row.reference;
        Ok(item)
    }

    /// Why the rules keep a record's photos back, where they do.
    fn held_of(&self, uploads: &[UploadRow]) -> Option<Why> {
        uploads.iter().find_map(|upload| self.held.get(&(upload.record, upload.sha256)).copied())
    }

    /// What the office said of the change that the item's code is about.
    fn said_of_refused(&self, own: &[OwnChange]) -> Result<Option<String>> {
        let refused = own.iter().find(|own| own.state == ChangeState::Refused && !own.seen);
        refused.map_or(Ok(None), |own| self.store.said_of(own))
    }

    /// What was refused, or waits for the office to decide, in records that are no longer here: one item a record.
    fn refused_elsewhere(&self, progress: &Progress) -> Result<Vec<WaitingItem>> {
        let mut items: BTreeMap<RecordId, WaitingItem> = BTreeMap::new();
        for own in self.store.unsettled_changes()? {
            let is_shown = own.state == ChangeState::Refused && !own.seen;
            if !is_shown || items.contains_key(&own.record) || self.store.record(own.record)?.is_some() {
                continue;
            }
            let waits = is_in_review(&own);
            let state = if waits { WorkState::Received } else { WorkState::NeedsYou };
            let mut item = item_of(progress, state, own.saved_ms, &[]);
            item.said = self.store.said_of(&own)?;
            let mut begins = false;
            if let Ok(change) = ChangeBytes::received(own.bytes).read() {
                begins = change.creates();
                item.what = self
                    .form_for(&change.form, change.form_version)
                    .map_or(change.form, |form| form.title().en.clone());
            }
            item.record = Some(own.record);
            if own.reason.as_deref() == Some(Code::RecordPurged.name()) {
                item.ways = vec![Way::PutAway];
            } else if !waits {
                item.ways = ways_without_record(own.reason.as_deref().unwrap_or_default(), begins);
            }
            item.reason_code = own.reason;
            items.insert(own.record, item);
        }
        Ok(items.into_values().collect())
    }

    pub fn strip(&self) -> Result<Strip> {
        Ok(self.waiting()?.strip)
    }

    /// Work that no server is known to hold.
    pub fn unsent(&self) -> Result<u32> {
        let drafts = self.store.drafts()?.len();
        let changes =
            self.store.unsettled_changes()?.iter().filter(|own| own.state == ChangeState::Saved).count();
        let photos = self.store.uploads()?.iter().filter(|upload| !upload.state.arrived()).count();
        Ok(u32::try_from(drafts + changes + photos).unwrap_or(u32::MAX))
    }

    /// Saved work that a server should get: changes and photos, drafts not among them.
    pub fn waiting_to_send(&self) -> Result<u32> {
        let changes =
            self.store.unsettled_changes()?.iter().filter(|own| own.state == ChangeState::Saved).count();
        let photos = self
            .store
            .uploads()?
            .iter()
            .filter(|upload| !upload.state.arrived() && upload.state != UploadState::Refused)
            .count();
        Ok(u32::try_from(changes + photos).unwrap_or(u32::MAX))
    }

    fn waiting_draft(&self, draft: &crate::store::DraftRow) -> Result<WaitingItem> {
        let title = self.form_for(&draft.form, draft.form_version)?.title().en.clone();
        let photos = u32::try_from(self.store.draft_photos(draft.id)?.len()).unwrap_or(u32::MAX);
        Ok(WaitingItem {
            what: title,
            record: draft.record,
            draft: Some(draft.id),
            reference: None,
            state: WorkState::Draft,
            since_ms: draft.started_ms,
            why: Why::None,
            next_try_ms: None,
            photos_total: photos,
            photos_sent: 0,
            bytes_total: 0,
            bytes_sent: 0,
            reason_code: None,
            said: None,
            ways: Vec::new(),
        })
    }
}

fn item_of(progress: &Progress, state: WorkState, since_ms: i64, uploads: &[UploadRow]) -> WaitingItem {
    let photos_sent = uploads.iter().filter(|upload| upload.state.arrived()).count();
    WaitingItem {
        what: String::new(),
        record: None,
        draft: None,
        reference: None,
        state,
        since_ms,
        why: if state == WorkState::NeedsYou { Why::None } else { Why::named(&progress.why) },
        next_try_ms: progress.next_try_ms,
        photos_total: u32::try_from(uploads.len()).unwrap_or(u32::MAX),
        photos_sent: u32::try_from(photos_sent).unwrap_or(u32::MAX),
        bytes_total: uploads.iter().map(|upload| upload.bytes).sum(),
        bytes_sent: uploads.iter().map(bytes_there).sum(),
        reason_code: None,
        said: None,
        ways: Vec::new(),
    }
}

fn bytes_there(upload: &UploadRow) -> u64 {
    if upload.state.arrived() { upload.bytes } else { upload.sent }
}

/// Refused, and its officer has still to say what becomes of it.
pub(crate) fn is_asking(own: &OwnChange) -> bool {
    own.state == ChangeState::Refused && !own.seen && !is_in_review(own)
}

fn strip(progress: &Progress, items: &[WaitingItem], uploads: &[UploadRow]) -> Strip {
    let by_state = items.iter().fold(BTreeMap::<WorkState, u32>::new(), |mut counts, item| {
        *counts.entry(item.state).or_default() += 1;
        counts
    });
    let count = |state| by_state.get(&state).copied().unwrap_or(0);
    let waiting = count(WorkState::Saved) + count(WorkState::Sending);
    let needs_you = count(WorkState::NeedsYou);
    let sending = sending_photo(uploads);
    let state = if 0 < needs_you {
        StripState::NeedsYou
    } else if sending.is_some() && progress.next_try_ms.is_none() {
        StripState::Sending
    } else if 0 < waiting {
        StripState::Waiting
    } else {
        StripState::AllReceived
    };
    let on_its_way = |item: &&WaitingItem| matches!(item.state, WorkState::Saved | WorkState::Sending);
    Strip {
        state,
        waiting,
        needs_you,
        since_ms: items.iter().filter(on_its_way).map(|item| item.since_ms).min(),
        last_received_ms: progress.last_received_ms,
        sending,
        next_try_ms: progress.next_try_ms,
        why: if 0 < waiting { why_of_all(progress, items) } else { Why::None },
    }
}

/// What keeps everything back; where nothing does, what keeps back the photos that are all that waits.
fn why_of_all(progress: &Progress, items: &[WaitingItem]) -> Why {
    let of_line = Why::named(&progress.why);
    let mut on_its_way = items
        .iter()
        .filter(|item| matches!(item.state, WorkState::Saved | WorkState::Sending))
        .map(|item| item.why);
    match (of_line, on_its_way.next()) {
        (Why::None, Some(first)) if on_its_way.all(|why| why == first) => first,
        (why, _) => why,
    }
}

fn sending_photo(uploads: &[UploadRow]) -> Option<SendingPhoto> {
    let now = uploads.iter().position(|upload| upload.state == UploadState::Sending)?;
    let upload = uploads.get(now)?;
    Some(SendingPhoto {
        photo: u32::try_from(now + 1).unwrap_or(u32::MAX),
        of: u32::try_from(uploads.len()).unwrap_or(u32::MAX),
        bytes: upload.sent,
        total: upload.bytes,
    })
}
