//! Documents that devices hold: forms with their lists inside, and the council's names.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use kerbside_core::exchange::Offer;
use kerbside_core::form::{Codes, Form, FormForScreen};
use kerbside_core::ids::Sha256;
use serde_json::json;

use super::Store;
use super::connection::Connection;
use super::people::{Officer, people, teams};
use crate::values;

/// Forms that were read once; a version of a form never changes, so they are kept.
#[derive(Debug, Default)]
pub(super) struct FormShelf(BTreeMap<(String, u32), Arc<Form>>);

impl FormShelf {
    /// The form, where the server has this version of it.
    pub(super) fn find(&mut self, tx: &mut Connection, key: &str, version: u32) -> Result<Option<Arc<Form>>> {
        let name = (key.to_owned(), version);
        if let Some(form) = self.0.get(&name) {
            return Ok(Some(Arc::clone(form)));
        }
        let Some(body) = read_pack(tx, &pack_name(key), version)? else { return Ok(None) };
        let form = Form::parse(std::str::from_utf8(&body)?, &Codes::default())
            .map_err(|faults| anyhow!("A stored form has {} faults", faults.len()))?;
        let form = Arc::new(form);
        self.0.insert(name, Arc::clone(&form));
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

fn pack_name(form: &str) -> String {
    format!("form.{form}")
}

fn newest(tx: &mut Connection, form: &str) -> Result<Option<u32>> {
    let row = tx.one("SELECT MAX(version) FROM pack WHERE name = $1", values![pack_name(form)])?;
    Ok(row.find_int(0)?.map(u32::try_from).transpose()?)
}

fn read_pack(tx: &mut Connection, name: &str, version: u32) -> Result<Option<Vec<u8>>> {
    let found = tx.find("SELECT body FROM pack WHERE name = $1 AND version = $2", values![name, version])?;
    found.map(|row| row.blob(0)).transpose()
}

impl Store {
    /// Puts a form on offer. A version that is there already must be the same form.
    pub fn put_form(&mut self, form: &Form) -> Result<()> {
        let body = form.resolved_json().into_bytes();
        let sha256 = Sha256::of(&body);
        let name = pack_name(form.key());
        self.connection.transaction(|tx| {
            let there = tx.find(
                "SELECT sha256 FROM pack WHERE name = $1 AND version = $2",
                values![&name, form.version()],
            )?;
            if let Some(row) = there {
                if Sha256(row.bytes(0)?) == sha256 {
                    return Ok(());
                }
                anyhow::bail!(
                    "{name} version {} is there with other contents: give it a new version",
                    form.version()
                );
            }
            tx.execute(
                "INSERT INTO pack (name, version, sha256, body) VALUES ($1, $2, $3, $4)",
                values![&name, form.version(), sha256, body],
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

    /// Keeps the outlines of the council's areas, in place of those that were there.
    pub fn put_areas(&mut self, geojson: &[u8]) -> Result<()> {
        self.connection.transaction(|tx| {
            tx.execute(
                "INSERT INTO pack (name, version, sha256, body) VALUES ('areas', 1, $1, $2) \
                 ON CONFLICT (name, version) DO UPDATE SET sha256 = excluded.sha256, body = excluded.body",
                values![Sha256::of(geojson), geojson],
            )
            .map(|_| ())
        })
    }

    /// The outlines of the council's areas as GeoJSON, where it has any.
    pub fn areas(&mut self) -> Result<Option<Vec<u8>>> {
        read_pack(&mut self.connection, "areas", 1)
    }

    /// A document as a device asks for it; `council` is made for the one who asks.
    pub fn pack(&mut self, name: &str, version: u32, officer: &Officer) -> Result<Option<Vec<u8>>> {
        if name == "council" {
            return council_pack(&mut self.connection, officer)
                .map(|pack| (pack.0 == version).then_some(pack.1));
        }
        read_pack(&mut self.connection, name, version)
    }
}

/// What a device is offered: the newest version of each form of its officer's teams, and the council's names.
pub(super) fn offers(tx: &mut Connection, officer: &Officer) -> Result<Vec<Offer>> {
    let (version, body) = council_pack(tx, officer)?;
    let mut offers =
        vec![Offer { name: "council".into(), version, sha256: Sha256::of(&body), bytes: body.len() as u64 }];
    let mut forms: Vec<String> = teams(tx)?
        .into_iter()
        .filter(|team| officer.teams.contains(&team.key))
        .flat_map(|team| team.forms)
        .collect();
    forms.sort_unstable();
    forms.dedup();
    for form in forms {
        let name = pack_name(&form);
        let found = tx.find(
            "SELECT version, sha256, LENGTH(body) FROM pack WHERE name = $1 ORDER BY version DESC LIMIT 1",
            values![&name],
        )?;
        if let Some(row) = found {
            let bytes = u64::try_from(row.int(2)?)?;
            offers.push(Offer { name, version: row.u32(0)?, sha256: Sha256(row.bytes(1)?), bytes });
        }
    }
    Ok(offers)
}

/// The council's names as one officer's device needs them. Its version rises whenever people or teams change.
pub(super) fn council_pack(tx: &mut Connection, officer: &Officer) -> Result<(u32, Vec<u8>)> {
    let row = tx.one("SELECT key, name, revision FROM council WHERE id = 1", &[])?;
    let teams: Vec<_> = teams(tx)?
        .into_iter()
        .map(|team| json!({"key": team.key, "name": team.name, "service": team.service, "forms": team.forms}))
        .collect();
    let pack = json!({
        "key": row.text(0)?,
        "name": row.text(1)?,
        "teams": teams,
        "people": people(tx)?,
        "officer": {"id": officer.id, "name": officer.name, "email": officer.email, "role": officer.role, "teams": officer.teams},
    });
    Ok((row.u32(2)?, serde_json::to_vec(&pack)?))
}
