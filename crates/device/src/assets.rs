//! What the council looks after around here, as the screens ask for it. Sets come when everything else is here, stand whole in
//! the vault, and are read into memory when a screen first asks for one.

use crate::drafts::NearbyReport;
use crate::forms::FormTile;
use crate::vault::Vault;
use anyhow::{Context, Result};
use kerbside_core::assets::find::{AssetMark, AssetsFound, AssetsInView, Spot, ViewBounds, in_view, nearest};
use kerbside_core::assets::{ASSETS_PACK, AT_IT_M, Asset, AssetFact, AssetSet, SET_LIMIT};
use kerbside_core::exchange::Offer;
use kerbside_core::form::Localised;
use kerbside_core::grid::reference_of;
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use std::sync::Arc;
use ts_rs::TS;

/// As many as a list shows.
const MOST_LISTED: usize = 30;

/// One asset and what can be done at it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct AssetSheet {
    pub asset: AssetMark,
    /// What its set is called.
    pub title: Localised,
    pub attribution: String,
    pub facts: Vec<AssetFact>,
    /// Where it is on the British National Grid.
    pub reference: Option<String>,
    /// Open reports at it, the nearest first.
    pub reports: Vec<NearbyReport>,
    /// Forms that a report here can be begun with, those first that ask for its number.
    pub forms: Vec<FormTile>,
}

impl Vault {
    pub fn assets_in_view(&self, bounds: &ViewBounds) -> Result<AssetsInView> {
        Ok(in_view(&self.asset_sets()?, bounds))
    }

    /// The nearest whose code or name holds what is sought.
    pub fn find_assets(&self, from: Option<Spot>, sought: &str) -> Result<AssetsFound> {
        Ok(nearest(&self.asset_sets()?, from, sought, MOST_LISTED))
    }

    pub fn asset(&mut self, set: &str, code: &str) -> Result<AssetSheet> {
        let (set, asset) = self.asset_of(set, code)?;
        let mut forms = Vec::new();
        for tile in self.forms()? {
            if let Some(fields) = self.form(&tile.key, tile.version)?.asset_fields(set.kind) {
                forms.push((fields.code.is_none(), tile));
            }
        }
        forms.sort_by_key(|(is_without_code, _)| *is_without_code);
        Ok(AssetSheet {
            asset: AssetMark::of(&set, &asset),
            title: set.title.clone(),
            attribution: set.attribution.clone(),
            facts: set.facts_of(&asset),
            reference: reference_of(asset.place(0)),
            reports: self.reports_around(None, asset.point(), AT_IT_M)?,
            forms: forms.into_iter().map(|(_, tile)| tile).collect(),
        })
    }

    pub(crate) fn asset_of(&self, set: &str, code: &str) -> Result<(Arc<AssetSet>, Asset)> {
        let set = self.asset_sets()?.into_iter().find(|held| held.key == set);
        let found = set.and_then(|set| set.find(code).cloned().map(|asset| (set, asset)));
        found.ok_or_else(|| Problem::new(Code::NotFound, "No such asset is on this device").into())
    }

    /// Of the sets on offer those that are not here. What is offered no longer is forgotten.
    pub fn missing_assets(&mut self, offers: &[Offer]) -> Result<Vec<Offer>> {
        let held: Vec<(String, u32)> = self.asset_packs()?;
        for (name, _) in &held {
            if offers.iter().all(|offer| offer.name != *name) {
                self.forget_assets(name)?;
            }
        }
        let mut missing = Vec::new();
        for offer in offers.iter().filter(|offer| offer.name.starts_with(ASSETS_PACK)) {
            let body = self.store.pack(&offer.name, offer.version)?;
            if body.is_none_or(|body| Sha256::of(&body) != offer.sha256) {
                missing.push(offer.clone());
            }
        }
        Ok(missing)
    }

    /// Keeps a set in place of the one before. Nothing refers to an older one.
    pub fn keep_assets(&mut self, offer: &Offer, body: &[u8]) -> Result<()> {
        self.assets.borrow_mut().remove(&offer.name);
        self.store.transact(|store| {
            store.delete_packs(&offer.name)?;
            store.put_pack(&offer.name, offer.version, body)
        })
    }

    fn forget_assets(&mut self, name: &str) -> Result<()> {
        self.assets.borrow_mut().remove(name);
        self.store.transact(|store| store.delete_packs(name))
    }

    fn asset_packs(&self) -> Result<Vec<(String, u32)>> {
        let packs = self.store.packs()?.into_iter().filter(|(name, ..)| name.starts_with(ASSETS_PACK));
        Ok(packs.map(|(name, version, _)| (name, version)).collect())
    }

    /// Every set that is here and that this app can read.
    fn asset_sets(&self) -> Result<Vec<Arc<AssetSet>>> {
        let mut sets = Vec::new();
        for (name, version) in self.asset_packs()? {
            if !self.assets.borrow().contains_key(&name) {
                let body = self.store.pack(&name, version)?.context("A listed pack is there")?;
                let read = unpack(&body).inspect_err(|cause| {
                    tracing::warn!(name, version, %cause, "A set of assets needs a newer app");
                });
                self.assets.borrow_mut().insert(name.clone(), read.ok().map(Arc::new));
            }
            sets.extend(self.assets.borrow().get(&name).cloned().flatten());
        }
        Ok(sets)
    }
}

fn unpack(body: &[u8]) -> Result<AssetSet> {
    let plain = zstd::bulk::decompress(body, SET_LIMIT).context("Inflate a set of assets")?;
    Ok(AssetSet::parse(&plain)?)
}
