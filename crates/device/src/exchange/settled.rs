//! Records of a page that this device has nothing of its own in: they are not built, but kept as they came, in blocks,
//! and only what lists show is read out of them. The rest of the page goes the long way, record by record.

use super::items::Intake;
use crate::store::{BLOCK_RECORDS, BlockPacker, Progress, SettledRow};
use crate::vault::corrected_ms;
use anyhow::{Context, Result};
use kerbside_core::cbor;
use kerbside_core::field::{FieldKey, ORDER, REFERENCE, STATUS};
use kerbside_core::form::{Answers, Form};
use kerbside_core::ids::RecordId;
use kerbside_core::record::{Leafing, Outline, Record, plain_page, view};
use kerbside_core::value::Value;

impl Intake<'_> {
    pub(super) fn take_page(&mut self, page: &[u8], progress: &mut Progress) -> Result<u64> {
        let time_ms = u64::try_from(corrected_ms(progress, self.now)).unwrap_or(0);
        let page = plain_page(page).context("Read a page of records")?;
        let mut leafing = Leafing::open(&page).context("Read a page of records")?;
        let span = leafing.span().context("Read the names of a page")?;
        // A device that is being filled has nothing there, and need not look for each.
        let near = match span {
            Some((least, most)) => self.store.has_record_between(least, most)?,
            None => false,
        };
        let has_pending = self.store.has_pending()?;
        let mut taken = 0;
        let mut packer = BlockPacker::new()?;
        while 0 < leafing.left() {
            let start = leafing.mark();
            let mut rows = Vec::new();
            for place in 0..BLOCK_RECORDS {
                let mark = leafing.mark();
                let Some(outline) = leafing.advance().context("Read a record of a page")? else { break };
                progress.hlc = progress.hlc.observe(outline.newest, time_ms);
                let Some(id) = outline.record else { continue };
                taken += 1;
                let state = || leafing.state_since(&mark);
                match outline.reference {
                    Some(reference) if self.is_new(id, near, has_pending)? => {
                        rows.push(self.settled_row(&outline, (id, reference, place), state)?);
                        self.settled.insert(id);
                    }
                    _ => {
                        let state = Record::unpack(&state()).context("Read a record of a page")?;
                        self.enter(id, state, outline.reference)?;
                    }
                }
            }
            self.store.put_block(&mut packer, &leafing.since(&start), &rows)?;
        }
        Ok(taken)
    }

    /// Nothing of this record is here: no row, no change of ours, nothing taken from the same reply.
    fn is_new(&self, id: RecordId, near: bool, has_pending: bool) -> Result<bool> {
        if self.is_touched(id) || self.settled.contains(&id) || (near && self.store.has_record(id)?) {
            return Ok(false);
        }
        Ok(!has_pending || self.store.pending_of(id)?.is_empty())
    }

    fn settled_row(
        &self,
        outline: &Outline<'_>,
        (id, reference, place): (RecordId, &str, u64),
        state: impl Fn() -> Vec<u8>,
    ) -> Result<SettledRow> {
        if !outline.is_plain {
            let head = Record::unpack(&state()).context("Read a record of a page")?;
            let row = self.vault.record_row(id, None, Some(&head), &head, self.now)?;
            return Ok(SettledRow {
                id,
                form: row.form,
                form_version: row.form_version,
                reference: row.reference,
                office_reference: reference.to_owned(),
                summary: row.summary,
                status: row.status,
                created_ms: row.created_ms,
                changed_ms: row.changed_ms,
                two_answers: row.two_answers,
                withdrawn: row.withdrawn,
                place,
            });
        }
        let text = |field: &str| -> Result<Option<String>> {
            let found = outline.answers.iter().find(|(path, _)| *path == field);
            Ok(view::text_of(found.map(|(_, value)| cbor::decode(value)).transpose()?))
        };
        let now = self.now;
        Ok(SettledRow {
            id,
            form: outline.form.to_owned(),
            form_version: outline.form_version,
            reference: text(REFERENCE)?,
            office_reference: reference.to_owned(),
            status: text(STATUS)?,
            summary: self
                .vault
                .summary_by(outline.form, outline.form_version, now, |form| answers_in(outline, form)),
            created_ms: outline.created_ms.unwrap_or(now.wall_ms),
            changed_ms: outline.changed_ms.unwrap_or(now.wall_ms),
            two_answers: 0,
            withdrawn: false,
            place,
        })
    }
}

/// A plain record's answers, as far as its line hangs on them.
fn answers_in(outline: &Outline<'_>, form: &Form) -> Answers {
    let mut answers = Answers::default();
    for asked in form.line_reads() {
        let of_it = |path: &str| path == asked || path.strip_prefix(ORDER) == Some(asked);
        for (path, value) in outline.answers.iter().filter(|(path, _)| of_it(path)) {
            match cbor::decode::<Value>(value) {
                Ok(value) if value != Value::Null => answers.insert(FieldKey::new(*path), value),
                _ => {}
            }
        }
    }
    answers
}
