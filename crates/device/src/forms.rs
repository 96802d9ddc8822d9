//! Forms and the council's names, as the server gave them: packs in the vault.

use crate::areas::parse_areas;
use crate::clock::Reading;
use crate::vault::Vault;
use anyhow::{Context, Result};
use kerbside_core::area_pack::AreaPack;
use kerbside_core::areas::AREAS_PACK;
use kerbside_core::form::{Codes, Form, Localised};
use kerbside_core::phone::Phone;
use kerbside_core::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use ts_rs::TS;

/// What a form's pack is called: `form.fly_tip`.
pub const FORM_PACK: &str = "form.";
pub const COUNCIL_PACK: &str = "council";

/// A form the officer may start.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct FormTile {
    pub key: String,
    pub version: u32,
    pub title: Localised,
}

/// The names a screen needs: of the council, its people and its teams; and the numbers to ring.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct CouncilNames {
    pub key: String,
    pub name: String,
    pub people: BTreeMap<u32, String>,
    pub teams: Vec<TeamName>,
    /// By the keys that forms call.
    pub phones: BTreeMap<String, Phone>,
    /// Of the places this officer works in.
    pub maps: Vec<AreaPack>,
    /// Whose device this is, as the office knows them.
    pub officer: Option<OfficerName>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct OfficerName {
    pub name: String,
    pub email: String,
    /// What the office lets them do, by the names of its actions.
    pub may: Vec<String>,
    pub teams: BTreeSet<String>,
    /// Where they work only in some areas, their codes.
    pub areas: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(export)]
pub struct TeamName {
    pub key: String,
    pub name: Localised,
    /// The forms it takes.
    pub forms: Vec<String>,
    /// Where it works: codes of areas, or keys of sets.
    pub areas: Vec<String>,
}

impl Vault {
    /// What may be started now, by title.
    pub fn forms(&self) -> Result<Vec<FormTile>> {
        let mut newest: BTreeMap<String, u32> = BTreeMap::new();
        for (name, version, offered) in self.store.packs()? {
            if let (Some(key), true) = (name.strip_prefix(FORM_PACK), offered) {
                let kept = newest.entry(key.to_owned()).or_insert(version);
                *kept = version.max(*kept);
            }
        }
        let mut tiles = newest
            .into_iter()
            .map(|(key, version)| {
                let title = self.form(&key, version)?.title().clone();
                Ok(FormTile { key, version, title })
            })
            .collect::<Result<Vec<_>>>()?;
        tiles.sort_by(|one, other| one.title.cmp(&other.title));
        Ok(tiles)
    }

    pub fn newest_form(&self, key: &str) -> Result<Arc<Form>> {
        let tile = self.forms()?.into_iter().find(|tile| tile.key == key);
        let tile = tile.ok_or_else(|| Problem::new(Code::NotFound, format!("No form {key} is offered")))?;
        self.form(key, tile.version)
    }

    /// The form a record was written by, or the newest one held where that is not.
    pub fn form_for(&self, key: &str, version: u32) -> Result<Arc<Form>> {
        if self.forms.borrow().contains_key(&(key.to_owned(), version)) {
            return self.form(key, version);
        }
        let name = format!("{FORM_PACK}{key}");
        if self.store.pack(&name, version)?.is_some() {
            return self.form(key, version);
        }
        let held = self.store.packs()?.into_iter().rev().find(|(held, _, _)| *held == name);
        let (_, version, _) =
            held.ok_or_else(|| Problem::new(Code::NotFound, format!("Form {key} is not here")))?;
        self.form(key, version)
    }

    pub fn form(&self, key: &str, version: u32) -> Result<Arc<Form>> {
        let named = (key.to_owned(), version);
        if let Some(form) = self.forms.borrow().get(&named) {
            return Ok(Arc::clone(form));
        }
        let body = self
            .store
            .pack(&format!("{FORM_PACK}{key}"), version)?
            .ok_or_else(|| Problem::new(Code::NotFound, format!("Form {key} {version} is not here")))?;
        let form = Arc::new(parse(&body)?);
        self.forms.borrow_mut().insert(named, Arc::clone(&form));
        Ok(form)
    }

    pub fn council(&self) -> Result<CouncilNames> {
        let held = self.store.packs()?.into_iter().find(|(name, _, _)| name == COUNCIL_PACK);
        let Some((name, version, _)) = held else { return Ok(CouncilNames::default()) };
        let body = self.store.pack(&name, version)?.context("A listed pack is there")?;
        serde_json::from_slice(&body).context("Understand the council's names")
    }

    /// Keeps a document the server offered. A form or a set of areas that does not parse is not kept.
    pub fn keep_pack(&mut self, name: &str, version: u32, body: &[u8]) -> Result<()> {
        let form = name.strip_prefix(FORM_PACK);
        if form.is_some() {
            parse(body)?;
        }
        if name.starts_with(AREAS_PACK) {
            parse_areas(body)?;
        }
        self.forms.borrow_mut().clear();
        self.store.transact(|store| {
            if name == COUNCIL_PACK {
                // Its version follows from what it says, so a higher one is not a newer one.
                store.delete_packs(name)?;
            }
            store.put_pack(name, version, body)
        })?;
        form.map_or(Ok(()), |form| self.name_records(form))
    }

    /// Records that came before their form have no line yet.
    fn name_records(&self, form: &str) -> Result<()> {
        let nameless: Vec<_> = self
            .store
            .records()?
            .into_iter()
            .filter(|row| row.form == form && row.summary.is_empty())
            .collect();
        self.store.transact(|store| {
            for row in nameless {
                let head = self.head_of(&row)?;
                store.set_summary(row.id, &self.summary_of(&head, Reading::at(row.changed_ms)))?;
            }
            Ok(())
        })
    }
}

fn parse(body: &[u8]) -> Result<Form> {
    let text = std::str::from_utf8(body).context("A form is text")?;
    Form::parse(text, &Codes::default()).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        Problem::new(Code::NeedsNewerVersion, format!("A form cannot be read: {first}")).into()
    })
}
