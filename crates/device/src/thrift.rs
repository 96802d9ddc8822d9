//! Which photos may go now: what the network costs, what the officer chose, and what is left of the month's data. Words go
//! whatever is chosen here, and a person can let any photo go.

use crate::clock::Reading;
use crate::store::{UploadRow, UploadState};
use crate::vault::Vault;
use crate::waiting::Why;
use anyhow::{Context, Result};
use kerbside_core::ids::RecordId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::OffsetDateTime;
use ts_rs::TS;

const RULES: &str = "photos";
const MEGABYTE: u64 = 1_000_000;

/// What is known of the network the device is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Network {
    /// The system does not say. It counts towards the budget and is held back by nothing else.
    #[default]
    Unknown,
    /// Wi-Fi or a cable.
    Free,
    /// Mobile data, or what the system calls metered.
    Metered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Over {
    #[default]
    Any,
    Wifi,
}

/// What the officer chose for this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct PhotoRules {
    pub photos: Over,
    /// Recordings and documents, which are larger.
    pub files: Over,
    /// Of a month, over networks that may cost money.
    pub budget_mb: Option<u32>,
}

/// The rules, and what this month has used of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct DataUse {
    pub rules: PhotoRules,
    pub network: Network,
    #[ts(type = "number")]
    pub used: u64,
    /// Bytes of photos that wait because of the rules.
    #[ts(type = "number")]
    pub held: u64,
}

/// What was held back when it was last looked, and why.
pub(crate) type Held = BTreeMap<(RecordId, kerbside_core::ids::Sha256), Why>;

impl Vault {
    pub fn network_is(&mut self, network: Network) {
        self.network = network;
    }

    pub fn photo_rules(&self) -> Result<PhotoRules> {
        let Some(chosen) = self.store.setting(RULES)? else { return Ok(PhotoRules::default()) };
        serde_json::from_str(&chosen).context("Read what was chosen for photos")
    }

    pub fn choose_photo_rules(&mut self, rules: PhotoRules) -> Result<()> {
        let chosen = serde_json::to_string(&rules).context("Write what was chosen for photos")?;
        self.store.transact(|store| store.put_setting(RULES, &chosen))
    }

    pub fn data_use(&self, now: Reading) -> Result<DataUse> {
        let uploads = self.store.uploads()?;
        let is_held = |upload: &&UploadRow| self.held.contains_key(&(upload.record, upload.sha256));
        Ok(DataUse {
            rules: self.photo_rules()?,
            network: self.network,
            used: self.store.data_used(&month_of(now))?,
            held: uploads.iter().filter(is_held).map(|upload| upload.bytes - upload.sent).sum(),
        })
    }

    /// A person wants the photos of a record to go now, whatever they cost.
    pub fn let_photos_go(&mut self, record: RecordId) -> Result<()> {
        self.held.retain(|(held, _), _| *held != record);
        self.store.transact(|store| store.let_uploads_go(record))
    }

    /// What may go now. The rest is remembered with its reason, and is not on its way.
    pub fn photos_that_may_go(&mut self, now: Reading) -> Result<Vec<UploadRow>> {
        let (rules, used) = (self.photo_rules()?, self.store.data_used(&month_of(now))?);
        let (mut ready, mut held, mut left) = (Vec::new(), Held::new(), used);
        for upload in smallest_first(self.photos_to_send()?) {
            match self.hold(&upload, rules, left)? {
                None => {
                    left = left.saturating_add(if self.network == Network::Free { 0 } else { rest(&upload) });
                    ready.push(upload);
                }
                Some(why) => {
                    if upload.state == UploadState::Sending {
                        self.store.transact(|store| store.rest_upload(upload.record, upload.sha256))?;
                    }
                    held.insert((upload.record, upload.sha256), why);
                }
            }
        }
        self.held = held;
        Ok(ready)
    }

    fn hold(&self, upload: &UploadRow, rules: PhotoRules, used: u64) -> Result<Option<Why>> {
        if upload.let_go || self.network == Network::Free {
            return Ok(None);
        }
        let is_picture = self.store.photo(upload.sha256)?.is_some_and(|photo| photo.is_picture());
        let over = if is_picture { rules.photos } else { rules.files };
        if over == Over::Wifi && self.network == Network::Metered {
            return Ok(Some(Why::WifiOnly));
        }
        let is_within = rules
            .budget_mb
            .is_none_or(|most| used.saturating_add(rest(upload)) <= u64::from(most) * MEGABYTE);
        Ok((!is_within).then_some(Why::BudgetSpent))
    }

    /// A piece of a photo left, and how far the photo came, unless that is not known: then it may have gone all the same.
    pub(crate) fn photo_piece_went(
        &mut self,
        upload: &UploadRow,
        (piece, reached): (usize, Option<usize>),
        now: Reading,
    ) -> Result<()> {
        let costs = self.network != Network::Free;
        self.store.transact(|store| {
            if let Some(reached) = reached {
                store.set_upload_sent(upload.record, upload.sha256, reached as u64)?;
            }
            if costs { store.add_data_use(&month_of(now), piece as u64) } else { Ok(()) }
        })
    }
}

fn rest(upload: &UploadRow) -> u64 {
    upload.bytes.saturating_sub(upload.sent)
}

/// The smallest photo of every record, then the next of every record: the office sees something of all before it has all of
/// any. What is under way goes on first.
fn smallest_first(mut uploads: Vec<UploadRow>) -> Vec<UploadRow> {
    uploads.sort_by_key(rest);
    let mut so_far: BTreeMap<RecordId, u32> = BTreeMap::new();
    let mut ranked: Vec<(bool, u32, UploadRow)> = Vec::new();
    for upload in uploads {
        let rank = so_far.entry(upload.record).or_default();
        ranked.push((upload.sent == 0, *rank, upload));
        *rank += 1;
    }
    ranked.sort_by_key(|(is_new, rank, upload)| (*is_new, *rank, rest(upload)));
    ranked.into_iter().map(|(_, _, upload)| upload).collect()
}

/// By the officer's own calendar.
fn month_of(now: Reading) -> String {
    let local_ms = now.wall_ms.saturating_add(i64::from(now.offset_min) * 60_000);
    let day = OffsetDateTime::from_unix_timestamp(local_ms / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{:04}-{:02}", day.year(), u8::from(day.month()))
}

#[cfg(test)]
mod tests;
