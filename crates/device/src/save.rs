//! Saving: one act of one officer becomes one change, in one transaction with
//! its counter, its place in the chain, the record's head and the photos it names.

use crate::clock::Reading;
use crate::store::{ChangeState, OwnChange, RecordRow};
use crate::vault::{Vault, corrected_ms};
use anyhow::{Context as _, Result};
use kerbside_core::chain;
use kerbside_core::change::{Change, ChangeBytes, Edit};
use kerbside_core::field::{FieldKey, REFERENCE, STATUS};
use kerbside_core::form::{Answers, Fault, Form, Now};
use kerbside_core::ids::{Cid, RecordId, RowId, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::{Record, view};
use kerbside_core::time::{Moment, TimeSource};
use kerbside_core::value::Value;
use serde::Serialize;
use ts_rs::TS;

/// What the officer is told after the durable commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Saved {
    pub record: RecordId,
    pub reference: Option<String>,
    pub dot: String,
    pub photos: Vec<Sha256>,
}

/// The answers will not do, and why. Thrown through `anyhow` and found again at the edge.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults(pub Vec<Fault>);

impl std::fmt::Display for Faults {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} answers need attention", self.0.len())
    }
}

impl std::error::Error for Faults {}

/// One act, ready to be written.
#[derive(Debug)]
pub(crate) struct Act {
    pub record: RecordId,
    pub form: String,
    pub form_version: u32,
    pub edits: Vec<Edit>,
    /// The draft that ends with this act.
    pub draft: Option<RowId>,
}

impl Vault {
    /// Edits as they are, for the simulator: what an app of another version writes, and what no screen offers yet.
    pub fn save_edits(&mut self, record: RecordId, edits: Vec<Edit>, now: Reading) -> Result<Saved> {
        let head = self.head(record)?;
        let (form, form_version) = (head.form().to_owned(), head.form_version());
        self.commit(Act { record, form, form_version, edits, draft: None }, now)
    }

    /// Every photo whose bytes this vault holds.
    pub fn photos_held(&self) -> Result<Vec<Sha256>> {
        Ok(self.store.photos()?.into_iter().map(|row| row.sha256).collect())
    }

    /// Every photo that was named and how far it has come.
    pub fn uploads(&self) -> Result<Vec<crate::store::UploadRow>> {
        self.store.uploads()
    }

    pub(crate) fn new_record_id(&mut self, now: Reading) -> Result<RecordId> {
        let wall_ms = u64::try_from(now.wall_ms).unwrap_or(0);
        Ok(RecordId::new(wall_ms, self.random.bytes()?))
    }

    pub(crate) fn commit(&mut self, act: Act, now: Reading) -> Result<Saved> {
        let cid = Cid(self.random.bytes()?);
        let taken_before = self.boot_taken;
        let mut progress = self.store.progress()?;
        self.take_boot(&mut progress);
        let done = self.commit_as(act, cid, progress, now);
        if done.is_err() {
            self.boot_taken = taken_before;
        }
        done
    }

    fn commit_as(
        &self,
        act: Act,
        cid: Cid,
        mut progress: crate::store::Progress,
        now: Reading,
    ) -> Result<Saved> {
        let Act { record, form, form_version, mut edits, draft } = act;
        let kept = self.store.record(record)?;
        let shown = edits.clone();
        if let Some(row) = kept.as_ref().filter(|row| row.base.is_none()) {
            self.name_as_now(row, &mut edits)?;
        }
        let reference = self.refer(&mut edits, &mut progress);
        let time_ms = corrected_ms(&progress, now);
        progress.hlc = progress.hlc.tick(u64::try_from(time_ms).unwrap_or(0));
        progress.counter += 1;
        let change = Change {
            version: kerbside_core::change::VERSION,
            cid,
            record,
            actor: progress.actor,
            counter: progress.counter,
            officer: self.identity.officer,
            at: Moment {
                hlc: progress.hlc,
                wall_ms: now.wall_ms,
                monotonic_ms: now.monotonic_ms,
                boot: progress.boot,
                server_offset_ms: progress.server_offset_ms,
                source: TimeSource::Device,
            },
            form,
            form_version,
            edits,
            was: None,
        };
        let written = ChangeBytes::write(&change);
        written.read().map_err(|cause| Problem::new(Code::TooLarge, cause.to_string()))?;
        progress.chain = chain::next(progress.chain, written.hash());
        let own = OwnChange {
            actor: change.actor,
            counter: change.counter,
            record,
            hash: written.hash(),
            chain: progress.chain,
            bytes: written.into_bytes(),
            saved_ms: now.wall_ms,
            received_ms: None,
            state: ChangeState::Saved,
            pending: true,
            reason: None,
            seen: false,
            residue: None,
        };
        let photos: Vec<Sha256> = change.photos().map(|(_, photo, _)| photo).collect();
        let mut head = match &kept {
            Some(row) => self.head_of(row)?,
            None => Record::default(),
        };
        match &kept {
            // Over what is shown, whatever names it has there.
            Some(_) => head.apply(&Change { edits: shown, ..change.clone() }),
            None => head.apply(&change),
        };
        let row = self.record_row(record, kept.as_ref(), None, &head, now)?;
        if planted::is(Mutant::CounterOutsideTransaction) {
            self.store.transact(|store| store.put_progress(&progress))?;
        }
        self.store.transact(|store| {
            store.insert_change(&own)?;
            store.put_record(&row)?;
            for photo in &photos {
                store.insert_upload(record, *photo, now.wall_ms)?;
            }
            if let Some(draft) = draft {
                store.delete_draft(draft)?;
            }
            store.put_progress(&progress)
        })?;
        Ok(Saved { record, reference: reference.or(row.reference), dot: change.dot().to_string(), photos })
    }

    /// A record that begins is given its device's next reference.
    fn refer(&self, edits: &mut Vec<Edit>, progress: &mut crate::store::Progress) -> Option<String> {
        if edits.first() != Some(&Edit::Create) {
            return None;
        }
        progress.reference += 1;
        let given = format!("{}-{:02}", self.identity.short_code, progress.reference);
        edits.push(Edit::Put {
            field: FieldKey::new(REFERENCE),
            context: kerbside_core::change::Context::default(),
            value: Value::text(&given),
        });
        Some(given)
    }

    /// What the officer sees. Where its bytes went bad it is made again from what is confirmed and what is pending.
    pub(crate) fn head_of(&self, row: &RecordRow) -> Result<Record> {
        match Record::unpack(&row.head) {
            Ok(head) => Ok(head),
            Err(_) => self.rebuilt_head(row),
        }
    }

    pub(crate) fn rebuilt_head(&self, row: &RecordRow) -> Result<Record> {
        let base = row.base.as_deref().and_then(|base| Record::unpack(base).ok());
        let mut head = base.unwrap_or_default();
        for own in self.store.pending_of(row.id)? {
            if own.is_whole()
                && let Ok(change) = ChangeBytes::received(own.bytes).read()
            {
                head.apply(&change);
            }
        }
        Ok(head)
    }

    /// A record's row from its head. `base` where it has moved; else what the row had.
    pub(crate) fn record_row(
        &self,
        id: RecordId,
        kept: Option<&RecordRow>,
        base: Option<&Record>,
        head: &Record,
        now: Reading,
    ) -> Result<RecordRow> {
        let summary = self.summary_of(head, now);
        Ok(RecordRow {
            id,
            form: head.form().to_owned(),
            form_version: head.form_version(),
            base: base.map(Record::pack).or_else(|| kept.and_then(|row| row.base.clone())),
            head: head.pack(),
            reference: view::text_of(head.provisional(&FieldKey::new(REFERENCE))),
            office_reference: kept.and_then(|row| row.office_reference.clone()),
            summary,
            status: view::text_of(head.provisional(&FieldKey::new(STATUS))),
            created_ms: head.created().map_or(now.wall_ms, |stamp| stamp.at_ms),
            changed_ms: latest_ms(head).unwrap_or(now.wall_ms),
            two_answers: head.two_answers(),
            leaving: kept.is_some_and(|row| row.leaving),
            wanted: kept.is_some_and(|row| row.wanted),
            unconfirmed: kept.is_some_and(|row| row.unconfirmed),
            withdrawn: head.is_withdrawn(),
        })
    }
}

impl Vault {
    /// The record's line in a list. Empty until its form is here.
    pub(crate) fn summary_of(&self, head: &Record, now: Reading) -> String {
        self.summary_by(head.form(), head.form_version(), now, |_| answers_of(head))
    }

    pub(crate) fn summary_by(
        &self,
        form: &str,
        version: u32,
        now: Reading,
        answers: impl FnOnce(&Form) -> Answers,
    ) -> String {
        match self.form_for(form, version) {
            Ok(form) => form.summary(&answers(&form), "en", moment(now)),
            Err(cause) => {
                tracing::debug!(cause = format!("{cause:#}"), "No form for a record's line");
                String::new()
            }
        }
    }
}

pub(crate) fn moment(now: Reading) -> Now {
    Now { ms: now.wall_ms, offset_min: now.offset_min, seed: 0 }
}

/// The same for one draft, which draws by chance from its own id.
pub(crate) fn moment_of(draft: RowId, now: Reading) -> Now {
    Now { seed: u64::from_be_bytes(draft.0), ..moment(now) }
}

pub(crate) fn unpack(bytes: &[u8]) -> Result<Record> {
    Record::unpack(bytes).context("Read a record's state")
}

/// A record's answers as a form evaluates them: photos and rows as codes.
pub(crate) fn answers_of(record: &Record) -> Answers {
    let mut answers = Answers::default();
    for (field, _) in record.registers().filter(|(field, _)| !field.is_system() || field.is_order()) {
        if let Some(value) = record.provisional(field).filter(|value| *value != Value::Null) {
            answers.insert(field.clone(), value);
        }
    }
    for (field, set) in record.sets().filter(|(field, _)| !field.is_system()) {
        let codes: std::collections::BTreeSet<String> =
            set.members().iter().filter_map(crate::drafts::member_text).collect();
        if !codes.is_empty() {
            answers.insert(field.clone(), Value::Codes(codes));
        }
    }
    answers
}

fn latest_ms(record: &Record) -> Option<i64> {
    let answers =
        record.registers().flat_map(|(_, register)| register.values()).map(|written| written.stamp.at_ms);
    let notes = record.notes().map(|note| note.stamp.at_ms);
    let photos = record.photos().into_iter().map(|(_, _, stamp, _)| stamp.at_ms).collect::<Vec<_>>();
    answers.chain(notes).chain(photos).chain(record.created().map(|stamp| stamp.at_ms)).max()
}
