//! The council's addresses as a screen asks for them: what was typed, and what lies nearest.

use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::exchange::Offer;
use kerbside_core::gazetteer::{Address, AddressesFound, GazetteerPage, Near};

/// What a gazetteer's pack is called: `gazetteer.council`.
pub const GAZETTEER_PACK: &str = "gazetteer.";

impl Vault {
    /// The best addresses and streets of what was typed, best first.
    pub fn search_addresses(&self, typed: &str, limit: usize) -> Result<AddressesFound> {
        let is_here = !self.gazetteers.held()?.is_empty();
        Ok(AddressesFound { is_here, hits: self.gazetteers.search(typed, limit)? })
    }

    /// What lies nearest to a position in degrees.
    #[expect(clippy::cast_possible_truncation, reason = "degrees of the Earth fit")]
    pub fn nearest_address(&self, lat: f64, lon: f64) -> Result<Option<Near>> {
        if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
            return Ok(None);
        }
        self.gazetteers.nearest((lat * 1e7).round() as i32, (lon * 1e7).round() as i32)
    }

    pub(crate) fn address_of(&self, uprn: u64) -> Result<Option<Address>> {
        self.gazetteers.find(uprn)
    }

    pub(crate) fn address_in(&self, usrn: u32) -> Result<Option<Address>> {
        self.gazetteers.find_in_street(usrn)
    }

    /// Of the gazetteers on offer those that are not here. What is offered no longer is forgotten.
    pub fn missing_gazetteers(&self, offers: &[Offer]) -> Result<Vec<Offer>> {
        let held = self.gazetteers.held()?;
        let is_offered = |area: &str| offers.iter().any(|offer| area_of(&offer.name) == Some(area));
        for (area, ..) in held.iter().filter(|(area, ..)| !is_offered(area)) {
            self.gazetteers.forget(area)?;
        }
        let is_held = |offer: &&Offer| {
            held.iter().any(|(area, release, hash)| {
                (Some(area.as_str()), *release, *hash) == (area_of(&offer.name), offer.version, offer.sha256)
            })
        };
        let missing = offers.iter().filter(|offer| area_of(&offer.name).is_some() && !is_held(offer));
        Ok(missing.cloned().collect())
    }

    /// From the root, with query: the next page of a gazetteer on offer.
    pub fn gazetteer_path(&self, offer: &Offer) -> Result<String> {
        let wanted = self.gazetteers.wanted(area_of(&offer.name).unwrap_or_default(), offer.version)?;
        let Offer { name, version, .. } = offer;
        Ok(format!("/v1/packs/{name}/{version}?since={}&after={}", wanted.since, wanted.after))
    }

    /// True once all of it is here.
    pub fn take_gazetteer_page(&self, offer: &Offer, page: &GazetteerPage) -> Result<bool> {
        self.gazetteers.take(page, offer.sha256)
    }
}

fn area_of(pack: &str) -> Option<&str> {
    pack.strip_prefix(GAZETTEER_PACK)
}

#[cfg(test)]
mod tests;
