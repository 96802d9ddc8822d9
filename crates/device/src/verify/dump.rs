//! What the vault holds, plainly: for comparing two vaults, and for whoever wants to prove us wrong.

use crate::store::OwnChange;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::exchange::Buckets;
use kerbside_core::ids::{RecordId, Sha256};
use kerbside_core::record::Record;
use kerbside_core::record::view::RecordView;
use kerbside_core::value::to_json;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// A record as confirmed, where it is, and as shown.
pub type BaseAndHead = (Option<Vec<u8>>, Vec<u8>);

impl Vault {
    /// One hash over every record as shown, in order of their ids.
    pub fn digest(&self) -> Result<Sha256> {
        let mut buckets = Buckets::default();
        self.store.each_head(|record, head| buckets.add(record, Sha256::of(head)))?;
        Ok(buckets.whole())
    }

    /// The canonical bytes of each record: what the server has confirmed, and what the officer sees.
    pub fn states(&self) -> Result<BTreeMap<RecordId, BaseAndHead>> {
        Ok(self.store.records()?.into_iter().map(|row| (row.id, (row.base, row.head))).collect())
    }

    /// Every change made here that is still kept, by actor and counter.
    pub fn own_changes(&self) -> Result<Vec<OwnChange>> {
        self.store.all_changes()
    }

    /// Every text and every run of bytes in the vault's tables, packs and drafts among them.
    pub fn each_cell(&self, look: &mut dyn FnMut(&str, &[u8])) -> Result<()> {
        self.store.each_cell(look)
    }

    /// Everything merged, keys sorted, nothing of this run in it.
    pub fn dump_canonical(&self) -> Result<Json> {
        let mut records = Map::new();
        for row in self.store.records()? {
            let head = self.head_of(&row)?;
            let view = RecordView::of(row.id, &head, row.office_reference);
            records.insert(row.id.to_string(), canonical(&view, &head));
        }
        Ok(json!({ "records": sorted(records) }))
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
