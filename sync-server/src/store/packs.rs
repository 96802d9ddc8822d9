//! Documents that devices hold: forms with their lists inside, and the council's names and numbers.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use kerbside_core::assets::ASSETS_PACK;
use kerbside_core::exchange::Offer;
use kerbside_core::form::{Codes, Form, FormForScreen};
use kerbside_core::ids::{OfficerId, Sha256};
use kerbside_core::phone::Phone;
use serde::Deserialize;
use serde_json::json;

use super::Store;
use super::connection::Connection;
use super::maps::maps_for;
use super::people::{Officer, people, teams};
use crate::auth::may;
use crate::values;

/// Forms that were read once; a version of a form never changes, so they are kept.
#[derive(Debug, Default)]
pub(super) struct FormShelf {
    published: BTreeMap<(String, u32), Arc<Form>>,
    /// The draft that was looked at last, by its id and when it was imported: whoever tries one answers it again
    /// and again.
    pub(super) draft: Option<(String, i64, Arc<Form>)>,
}

impl FormShelf {
    /// The form, where the server has this version of it.
    pub(super) fn find(&mut self, tx: &mut Connection, key: &str, version: u32) -> Result<Option<Arc<Form>>> {
        let name = (key.to_owned(), version);
        if let Some(form) = self.published.get(&name) {
            return Ok(Some(Arc::clone(form)));
        }
        let Some(body) = read_pack(tx, &pack_name(key), version)? else { return Ok(None) };
        let form = Form::parse(std::str::from_utf8(&body)?, &Codes::default())
            .map_err(|faults| anyhow!("A stored form has {} faults", faults.len()))?;
        let form = Arc::new(form);
        self.published.insert(name, Arc::clone(&form));
        Ok(Some(form))
    }

    /// This version, or the newest the server has when it lacks this one.
    pub(super) fn nearest(
        &mut self,
        tx: &mut Connection,
        key: &str,
        version: u32,
    ) -> Result<Option<Arc<Form>>> {
        if let Some(form) = self.find(tx, key, version)? {
            return Ok(Some(form));
        }
        match newest(tx, key)? {
            Some(version) => self.find(tx, key, version),
            None => Ok(None),
        }
    }
}

/// What each officer was offered under the present revision of the council's settings.
#[derive(Debug, Default)]
pub(super) struct CouncilShelf {
    revision: i64,
    offers: BTreeMap<OfficerId, (Officer, Offer, Vec<String>)>,
}

impl CouncilShelf {
    fn find(&self, revision: i64, officer: &Officer) -> Option<(Offer, Vec<String>)> {
        let (as_was, council, forms) = self.offers.get(&officer.id).filter(|_| self.revision == revision)?;
        (as_was == officer).then(|| (council.clone(), forms.clone()))
    }

    fn keep(&mut self, revision: i64, officer: &Officer, (council, forms): &(Offer, Vec<String>)) {
        if self.revision != revision {
            *self = Self { revision, offers: BTreeMap::new() };
        }
        self.offers.insert(officer.id, (officer.clone(), council.clone(), forms.clone()));
    }
}

pub(super) fn pack_name(form: &str) -> String {
    format!("form.{form}")
}

pub(super) fn newest(tx: &mut Connection, form: &str) -> Result<Option<u32>> {
    let row = tx.one("SELECT MAX(version) FROM pack WHERE name = $1", values![pack_name(form)])?;
    Ok(row.find_int(0)?.map(u32::try_from).transpose()?)
}

pub(super) fn read_pack(tx: &mut Connection, name: &str, version: u32) -> Result<Option<Vec<u8>>> {
    let found = tx.find("SELECT body FROM pack WHERE name = $1 AND version = $2", values![name, version])?;
    found.map(|row| row.blob(0)).transpose()
}

/// Keeps a version of a form for good: its bytes never change. False where the same form was there already.
pub(super) fn put_pack(tx: &mut Connection, form: &Form) -> Result<bool> {
    let body = form.resolved_json().into_bytes();
    let sha256 = Sha256::of(&body);
    let (name, version) = (pack_name(form.key()), form.version());
    let there =
        tx.find("SELECT sha256 FROM pack WHERE name = $1 AND version = $2", values![&name, version])?;
    if let Some(row) = there {
        anyhow::ensure!(
            Sha256(row.bytes(0)?) == sha256,
            "{name} version {version} is there with other contents: give it a new version"
        );
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO pack (name, version, sha256, body) VALUES ($1, $2, $3, $4)",
        values![&name, version, sha256, body],
    )?;
    Ok(true)
}

impl Store {
    /// Puts a form on offer at once, as a settings file does. A version that is there already must be the same form.
    pub fn put_form(&mut self, now_ms: i64, form: &Form) -> Result<()> {
        self.connection.transaction(|tx| {
            if !put_pack(tx, form)? {
                return Ok(());
            }
            tx.execute(
                "INSERT INTO form_version (form, version, published_ms) VALUES ($1, $2, $3)",
                values![form.key(), form.version(), now_ms],
            )
            .map(|_| ())
        })
    }

    pub fn form_for_screen(&mut self, key: &str, version: u32) -> Result<Option<FormForScreen>> {
        let form = self.forms.nearest(&mut self.connection, key, version)?;
        Ok(form.map(|form| form.for_screen()))
    }

    pub fn form(&mut self, key: &str, version: u32) -> Result<Option<Arc<Form>>> {
        self.forms.find(&mut self.connection, key, version)
    }

    /// A document as a device asks for it; `council` is made for the one who asks.
    pub fn pack(&mut self, name: &str, version: u32, officer: &Officer) -> Result<Option<Vec<u8>>> {
        if name == "council" {
            return council_pack(&mut self.connection, officer)
                .map(|pack| (pack.0 == version).then_some(pack.1));
        }
        match name.strip_prefix(ASSETS_PACK) {
            Some(key) => super::assets::read(&mut self.connection, key, version, officer),
            None => read_pack(&mut self.connection, name, version),
        }
    }
}

/// What a device is offered: of each form of its officer's teams the newest version that is published, whose date
/// has come and that is not withdrawn; the council's names, its gazetteers, its areas and its assets.
pub(super) fn offers(tx: &mut Connection, officer: &Officer, now_ms: i64) -> Result<Vec<Offer>> {
    let (council, forms) = standing_offer(tx, officer)?;
    let mut offers = vec![council];
    offers.extend(super::gazetteer::offers(tx, officer)?);
    offers.extend(super::areas::offers(tx)?);
    offers.extend(super::assets::offers(tx, officer)?);
    for form in forms {
        let name = pack_name(&form);
        let found = tx.find(
            "SELECT p.version, p.sha256, LENGTH(p.body) FROM form_version v \
             JOIN pack p ON p.name = $1 AND p.version = v.version \
             WHERE v.form = $2 AND v.from_ms <= $3 AND v.withdrawn_ms IS NULL ORDER BY v.version DESC LIMIT 1",
            values![&name, &form, now_ms],
        )?;
        if let Some(row) = found {
            let bytes = u64::try_from(row.int(2)?)?;
            offers.push(Offer { name, version: row.u32(0)?, sha256: Sha256(row.bytes(1)?), bytes });
        }
    }
    Ok(offers)
}

/// What is the same for an officer until the council's settings change: its names and numbers, and the forms of the teams.
fn standing_offer(tx: &mut Connection, officer: &Officer) -> Result<(Offer, Vec<String>)> {
    let revision = tx.one("SELECT revision FROM council WHERE id = 1", &[])?.int(0)?;
    let shelf = Arc::clone(&tx.councils);
    if let Some(known) = shelf.lock().unwrap_or_else(PoisonError::into_inner).find(revision, officer) {
        return Ok(known);
    }
    let (version, body) = council_pack(tx, officer)?;
    let council =
        Offer { name: "council".into(), version, sha256: Sha256::of(&body), bytes: body.len() as u64 };
    let mut forms: Vec<String> = teams(tx)?
        .into_iter()
        .filter(|team| officer.teams.contains(&team.key))
        .flat_map(|team| team.forms)
        .collect();
    forms.sort_unstable();
    forms.dedup();
    let offer = (council, forms);
    shelf.lock().unwrap_or_else(PoisonError::into_inner).keep(revision, officer, &offer);
    Ok(offer)
}

/// The council's names and numbers as one officer's device needs them. Its version rises whenever people, teams or
/// their forms change.
pub(super) fn council_pack(tx: &mut Connection, officer: &Officer) -> Result<(u32, Vec<u8>)> {
    let row = tx.one("SELECT key, name, revision, settings FROM council WHERE id = 1", &[])?;
    let teams: Vec<_> = teams(tx)?
        .into_iter()
        .map(|team| json!({"key": team.key, "name": team.name, "service": team.service, "forms": team.forms, "areas": team.areas}))
        .collect();
    let pack = json!({
        "key": row.text(0)?,
        "name": row.text(1)?,
        "teams": teams,
        "people": people(tx)?,
        "phones": read_phones(&row.text(3)?)?,
        "maps": maps_for(tx, officer)?,
        "officer": {"id": officer.id, "name": officer.name, "email": officer.email, "role": officer.role, "teams": officer.teams, "areas": officer.areas, "may": may(officer)},
    });
    Ok((row.u32(2)?, serde_json::to_vec(&pack)?))
}

/// The telephone numbers in a council's settings, by the keys that forms call.
pub(super) fn read_phones(settings: &str) -> Result<BTreeMap<String, Phone>> {
    #[derive(Deserialize)]
    struct Numbers {
        #[serde(default)]
        phones: BTreeMap<String, Phone>,
    }
    let numbers: Numbers =
        serde_json::from_str(settings).context("Reading the council's telephone numbers")?;
    Ok(numbers.phones)
}
