//! *My shift*: what may be started, what was done, what is waiting.

use crate::forms::FormTile;
use crate::show::{Filter, RecordLine};
use crate::vault::Vault;
use crate::waiting::Strip;
use anyhow::Result;
use kerbside_core::form::Localised;
use kerbside_core::ids::{RecordId, RowId};
use serde::Serialize;
use ts_rs::TS;

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Shift {
    pub officer_name: String,
    pub short_code: String,
    pub forms: Vec<FormTile>,
    pub records: Vec<RecordLine>,
    pub withdrawn: Vec<RecordLine>,
    pub drafts: Vec<DraftLine>,
    pub strip: Strip,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct DraftLine {
    pub id: RowId,
    pub form: String,
    pub title: Localised,
    pub record: Option<RecordId>,
    #[ts(type = "number")]
    pub saved_at_ms: i64,
    pub photos: u32,
}

impl Vault {
    pub fn shift(&self) -> Result<Shift> {
        Ok(Shift {
            officer_name: self.identity.officer_name.clone(),
            short_code: self.identity.short_code.clone(),
            forms: self.forms()?,
            records: self.list(&Filter::default())?,
            withdrawn: self.list(&Filter { withdrawn: true, ..Filter::default() })?,
            drafts: self.drafts()?,
            strip: self.strip()?,
        })
    }

    pub fn drafts(&self) -> Result<Vec<DraftLine>> {
        self.store
            .drafts()?
            .into_iter()
            .map(|draft| {
                let photos = self.store.draft_photos(draft.id)?.len();
                let title = self.form_for(&draft.form, draft.form_version)?.title().clone();
                Ok(DraftLine {
                    id: draft.id,
                    form: draft.form,
                    title,
                    record: draft.record,
                    saved_at_ms: draft.saved_ms,
                    photos: u32::try_from(photos).unwrap_or(u32::MAX),
                })
            })
            .collect()
    }
}
