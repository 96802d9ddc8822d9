//! Proof that the vault is whole: the database's own checks, the chain, head =
//! base + pending, and every photo's hash. Reads only, and works after any crash.

use crate::photos::PhotoSize;
use crate::save::unpack;
use crate::store::OwnChange;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::chain;
use kerbside_core::change::ChangeBytes;
use kerbside_core::ids::{Actor, RecordId, Sha256};
use kerbside_core::record::Record;
use kerbside_core::record::view::RecordView;
use kerbside_core::value::to_json;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// A record as confirmed, where it is, and as shown.
pub type BaseAndHead = (Option<Vec<u8>>, Vec<u8>);

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// `ok`, or `damaged`.
    pub integrity: String,
    pub faults: Vec<String>,
    pub records: u32,
    pub changes: u32,
    pub photos: u32,
    pub bad_photos: u32,
    pub damaged_photos: Vec<Sha256>,
    pub digest: Sha256,
}

impl Vault {
    pub fn verify(&self) -> Result<Verified> {
        self.try_verify().map_err(crate::store::named)
    }

    fn try_verify(&self) -> Result<Verified> {
        let mut faults = self.store.damage();
        let changes = self.store.all_changes()?;
        check_chains(&changes, &mut faults);
        self.check_progress(&changes, &mut faults)?;
        self.check_heads(&mut faults)?;
        let mut damaged_photos = Vec::new();
        let photos = self.store.photos()?;
        for photo in &photos {
            let whole = self
                .photo_bytes(photo.sha256, PhotoSize::Original)
                .is_ok_and(|bytes| Sha256::of(&bytes) == photo.sha256);
            if !whole {
                damaged_photos.push(photo.sha256);
            }
        }
        let sound = faults.is_empty() && damaged_photos.is_empty();
        Ok(Verified {
            integrity: if sound { "ok" } else { "damaged" }.to_owned(),
            faults,
            records: self.store.count_records()?,
            changes: u32::try_from(changes.len()).unwrap_or(u32::MAX),
            photos: u32::try_from(photos.len()).unwrap_or(u32::MAX),
            bad_photos: u32::try_from(damaged_photos.len()).unwrap_or(u32::MAX),
            damaged_photos,
            digest: self.digest()?,
        })
    }

    /// One hash over every record as shown, in order of their ids.
    pub fn digest(&self) -> Result<Sha256> {
        let mut rows = self.store.records()?;
        rows.sort_by_key(|row| row.id);
        let all: Vec<u8> =
            rows.iter().flat_map(|row| [row.id.0.as_slice(), &Sha256::of(&row.head).0].concat()).collect();
        Ok(Sha256::of(&all))
    }

    /// The canonical bytes of each record: what the server has confirmed, and what the officer sees.
    pub fn states(&self) -> Result<BTreeMap<RecordId, BaseAndHead>> {
        Ok(self.store.records()?.into_iter().map(|row| (row.id, (row.base, row.head))).collect())
    }

    /// Every change made here that is still kept, by actor and counter.
    pub fn own_changes(&self) -> Result<Vec<OwnChange>> {
        self.store.all_changes()
    }

    /// Everything merged, keys sorted, nothing of this run in it.
    pub fn dump_canonical(&self) -> Result<Json> {
        let mut records = Map::new();
        for row in self.store.records()? {
            let head = unpack(&row.head)?;
            let view = RecordView::of(row.id, &head, row.office_reference);
            records.insert(row.id.to_string(), canonical(&view, &head));
        }
        Ok(json!({ "records": sorted(records) }))
    }

    fn check_progress(&self, changes: &[OwnChange], faults: &mut Vec<String>) -> Result<()> {
        let progress = self.store.progress()?;
        let last = changes.iter().rfind(|own| own.actor == progress.actor);
        if let Some(last) = last
            && (last.counter != progress.counter || last.chain != progress.chain)
        {
            faults.push(format!(
                "The counter says {} and the last change is {}",
                progress.counter, last.counter
            ));
        }
        Ok(())
    }

    fn check_heads(&self, faults: &mut Vec<String>) -> Result<()> {
        for row in self.store.records()? {
            let mut folded = match &row.base {
                Some(base) => unpack(base)?,
                None => Record::default(),
            };
            for own in self.store.pending_of(row.id)? {
                match ChangeBytes::received(own.bytes).read() {
                    Ok(change) => {
                        folded.apply(&change);
                    }
                    Err(cause) => {
                        faults.push(format!("A change of record {} cannot be read: {cause}", row.id));
                    }
                }
            }
            let only_refused = row.base.is_none() && folded.created().is_none();
            if folded.pack() != row.head && !only_refused {
                faults.push(format!("Record {} is not what its changes make", row.id));
            }
        }
        Ok(())
    }
}

fn check_chains(changes: &[OwnChange], faults: &mut Vec<String>) {
    let mut last: BTreeMap<Actor, (u64, Sha256)> = BTreeMap::new();
    for own in changes {
        // What was cleared leaves its hash.
        if !own.bytes.is_empty() && Sha256::of(&own.bytes) != own.hash {
            faults.push(format!("Change {}.{} is not what its hash says", own.actor, own.counter));
        }
        let before = last.insert(own.actor, (own.counter, own.chain));
        let start = match before {
            Some((counter, chain)) if counter + 1 == own.counter => chain,
            None if own.counter == 1 => chain::START,
            None => {
                faults.push(format!("The first changes of actor {} are missing", own.actor));
                continue;
            }
            Some(_) => {
                faults.push(format!("A change is missing before {}.{}", own.actor, own.counter));
                continue;
            }
        };
        if chain::next(start, own.hash) != own.chain {
            faults.push(format!("The chain breaks at {}.{}", own.actor, own.counter));
        }
    }
}

fn canonical(view: &RecordView, head: &Record) -> Json {
    let mut fields = Map::new();
    for (field, register) in head.registers() {
        let values: Vec<Json> = register
            .values()
            .iter()
            .map(|written| json!({ "value": to_json(&written.value), "dot": written.stamp.dot.to_string() }))
            .collect();
        fields.insert(field.to_string(), Json::Array(values));
    }
    let photos: Vec<String> = view.photos.iter().map(|photo| photo.sha256.to_string()).collect();
    let notes: Vec<&str> = view.notes.iter().map(|note| note.text.as_str()).collect();
    json!({
        "form": view.form,
        "office_reference": view.office_reference,
        "fields": sorted(fields),
        "photos": photos,
        "notes": notes,
        "digest": head.digest(),
    })
}

fn sorted(map: Map<String, Json>) -> Json {
    let ordered: BTreeMap<String, Json> = map.into_iter().collect();
    json!(ordered)
}
