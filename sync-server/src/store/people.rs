//! The council, its teams and the people in them, as a settings file lays them down.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use kerbside_core::ids::OfficerId;
use kerbside_core::phone::Phone;
use kerbside_core::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Store;
use super::connection::Connection;
use super::packs::read_phones;
use super::value::Row;
use crate::values;

/// What a person is to the council; what each may do stands in `auth::authorise`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Role {
    Officer,
    Supervisor,
    Triager,
    Viewer,
    Admin,
    Auditor,
    /// Makes and publishes forms.
    Designer,
}

impl Role {
    pub const ALL: [Self; 7] = [
        Self::Officer,
        Self::Supervisor,
        Self::Triager,
        Self::Viewer,
        Self::Admin,
        Self::Auditor,
        Self::Designer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Supervisor => "supervisor",
            Self::Triager => "triager",
            Self::Viewer => "viewer",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Designer => "designer",
        }
    }

    pub fn named(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name).context("No role of that name")
    }
}

/// A council's settings file. Keys that other parts of the product read are kept in `rest`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CouncilFile {
    pub key: String,
    pub name: String,
    pub teams: Vec<TeamFile>,
    #[serde(default)]
    pub officers: Vec<OfficerFile>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TeamFile {
    pub key: String,
    pub name: BTreeMap<String, String>,
    pub service: String,
    #[serde(default)]
    pub forms: Vec<String>,
    /// Where it works: codes of areas, or keys of sets; everywhere where there are none.
    #[serde(default)]
    pub areas: Vec<String>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct OfficerFile {
    pub email: String,
    pub name: String,
    pub role: Role,
    #[serde(default)]
    pub teams: Vec<String>,
    /// Only records in these areas, or in none; empty for all of them.
    #[serde(default)]
    pub areas: Vec<String>,
    #[serde(default)]
    pub service: String,
    #[serde(default)]
    pub short_code: String,
    #[serde(default, skip_serializing)]
    pub password: Option<String>,
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

impl std::fmt::Debug for OfficerFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OfficerFile {{ role: {} }}", self.role.name())
    }
}

/// A person, with the teams whose records they may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Officer {
    pub id: OfficerId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub service: String,
    pub short_code: String,
    pub teams: BTreeSet<String>,
    /// Where the officer is given areas, only records in these, or in none.
    pub areas: BTreeSet<String>,
}

impl Officer {
    /// The key of what is given to this person.
    pub fn own_key(&self) -> String {
        format!("@{}", self.id.0)
    }

    /// Whether a record with this key is in the officer's scope: theirs, or their team's in one of their areas.
    pub fn reaches(&self, key: &str) -> bool {
        let (team, area) = key.split_once('/').unwrap_or((key, ""));
        let is_in_area = area.is_empty() || self.areas.is_empty() || self.areas.contains(area);
        key == self.own_key() || (self.teams.contains(team) && is_in_area)
    }

    pub fn reaches_any<'a>(&self, keys: impl IntoIterator<Item = &'a String>) -> bool {
        keys.into_iter().any(|key| self.reaches(key))
    }
}

impl Store {
    /// Lays a settings file over what is there: adds and updates, never removes. `passwords` are already hashed.
    pub fn load_council(&mut self, file: &CouncilFile, passwords: &BTreeMap<String, String>) -> Result<()> {
        let mut kept = file.clone();
        kept.officers.clear();
        let settings = serde_json::to_string(&kept)?;
        self.connection.transaction(|tx| {
            tx.execute(
                "UPDATE council SET key = $1, name = $2, settings = $3, revision = revision + 1 WHERE id = 1",
                values![&file.key, &file.name, settings],
            )?;
            for team in &file.teams {
                put_team(tx, team)?;
            }
            for officer in &file.officers {
                put_officer(tx, officer, passwords.get(&officer.email))?;
            }
            Ok(())
        })
    }

    /// Adds one person, or updates the one with this address.
    pub fn put_officer(&mut self, officer: &OfficerFile, password: Option<&String>) -> Result<OfficerId> {
        self.connection.transaction(|tx| {
            tx.execute("UPDATE council SET revision = revision + 1 WHERE id = 1", &[])?;
            put_officer(tx, officer, password)
        })
    }

    /// Someone leaves, or comes back: whoever left signs in nowhere, and what their devices send waits for a decision.
    pub fn set_disabled(&mut self, email: &str, at_ms: Option<i64>) -> Result<bool> {
        self.connection.transaction(|tx| {
            let touched = tx.execute(
                "UPDATE officer SET disabled_at = $1 WHERE email = $2",
                values![at_ms, lower(email)],
            )?;
            tx.execute(
                "DELETE FROM session WHERE officer IN (SELECT id FROM officer WHERE email = $1)",
                values![lower(email)],
            )?;
            Ok(touched == 1)
        })
    }

    pub fn set_password(&mut self, email: &str, hashed: &str) -> Result<bool> {
        self.connection.transaction(|tx| {
            let touched = tx.execute(
                "UPDATE officer SET password = $1 WHERE email = $2",
                values![hashed, lower(email)],
            )?;
            tx.execute(
                "DELETE FROM session WHERE officer IN (SELECT id FROM officer WHERE email = $1)",
                values![lower(email)],
            )?;
            Ok(touched == 1)
        })
    }

    /// The person and the hash of their password, empty when they have none.
    pub fn officer_by_email(&mut self, email: &str) -> Result<Option<(Officer, String)>> {
        let found = self.connection.find(
            "SELECT id, password FROM officer WHERE email = $1 AND disabled_at IS NULL",
            values![lower(email)],
        )?;
        let Some(row) = found else { return Ok(None) };
        let officer = read_officer(&mut self.connection, OfficerId(row.u32(0)?))?;
        Ok(officer.map(|officer| (officer, row.text(1).unwrap_or_default())))
    }

    pub fn officer(&mut self, id: OfficerId) -> Result<Option<Officer>> {
        read_officer(&mut self.connection, id)
    }

    /// Every person's name, by id, for screens.
    pub fn people(&mut self) -> Result<BTreeMap<u32, String>> {
        people(&mut self.connection)
    }

    pub fn teams(&mut self) -> Result<Vec<TeamFile>> {
        teams(&mut self.connection)
    }

    /// The council's telephone numbers, by the keys that forms call.
    pub fn phones(&mut self) -> Result<BTreeMap<String, Phone>> {
        let row = self.connection.one("SELECT settings FROM council WHERE id = 1", &[])?;
        read_phones(&row.text(0)?)
    }

    /// The council's settings without its people.
    pub fn settings(&mut self) -> Result<serde_json::Value> {
        let row = self.connection.one("SELECT settings FROM council WHERE id = 1", &[])?;
        Ok(serde_json::from_str(&row.text(0)?)?)
    }
}

pub(super) fn people(connection: &mut Connection) -> Result<BTreeMap<u32, String>> {
    let rows = connection.query("SELECT id, name FROM officer ORDER BY id", &[])?;
    rows.iter().map(|row| Ok((row.u32(0)?, row.text(1)?))).collect()
}

/// Every team, with the forms that its settings name and those that were given to it since.
pub(super) fn teams(connection: &mut Connection) -> Result<Vec<TeamFile>> {
    let mut teams = teams_as_loaded(connection)?;
    for row in connection.query("SELECT team, form FROM form_team ORDER BY team, form", &[])? {
        let (key, form) = (row.text(0)?, row.text(1)?);
        if let Some(team) = teams.iter_mut().find(|team| team.key == key && !team.forms.contains(&form)) {
            team.forms.push(form);
        }
    }
    Ok(teams)
}

fn teams_as_loaded(connection: &mut Connection) -> Result<Vec<TeamFile>> {
    let rows = connection.query("SELECT settings FROM team ORDER BY key", &[])?;
    rows.iter().map(|row| Ok(serde_json::from_str(&row.text(0)?)?)).collect()
}

/// Gives a form to exactly these teams. A settings file that is loaded afterwards gives it again to those it names.
pub(super) fn give_form(tx: &mut Connection, form: &str, to: &BTreeSet<String>) -> Result<()> {
    tx.execute("DELETE FROM form_team WHERE form = $1", values![form])?;
    let mut unknown = to.clone();
    for mut team in teams_as_loaded(tx)? {
        unknown.remove(&team.key);
        let (has, shall) = (team.forms.iter().any(|own| own == form), to.contains(&team.key));
        if has && !shall {
            team.forms.retain(|own| own != form);
            put_team(tx, &team)?;
        }
        if shall && !has {
            tx.execute("INSERT INTO form_team (form, team) VALUES ($1, $2)", values![form, &team.key])?;
        }
    }
    if !unknown.is_empty() {
        return Err(Problem::new(Code::Malformed, "a form for a team that there is not").into());
    }
    tx.execute("UPDATE council SET revision = revision + 1 WHERE id = 1", &[]).map(|_| ())
}

fn lower(email: &str) -> String {
    email.trim().to_lowercase()
}

fn put_team(tx: &mut Connection, team: &TeamFile) -> Result<()> {
    tx.execute(
        "INSERT INTO team (key, service, settings) VALUES ($1, $2, $3) \
         ON CONFLICT (key) DO UPDATE SET service = excluded.service, settings = excluded.settings",
        values![&team.key, &team.service, serde_json::to_string(team)?],
    )
    .map(|_| ())
}

fn put_officer(tx: &mut Connection, file: &OfficerFile, password: Option<&String>) -> Result<OfficerId> {
    let email = lower(&file.email);
    let there = tx.find("SELECT id FROM officer WHERE email = $1", values![&email])?;
    let id = match there {
        Some(row) => row.u32(0)?,
        None => tx
            .one(
                "UPDATE council SET last_officer = last_officer + 1 WHERE id = 1 RETURNING last_officer",
                &[],
            )?
            .u32(0)?,
    };
    tx.execute(
        "INSERT INTO officer (id, email, name, role, service, short_code) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, \
         service = excluded.service, short_code = excluded.short_code",
        values![id, &email, &file.name, file.role.name(), &file.service, &file.short_code],
    )?;
    if let Some(hashed) = password {
        tx.execute("UPDATE officer SET password = $1 WHERE id = $2", values![hashed, id])?;
    }
    leave_teams(tx, id, &file.teams)?;
    for team in &file.teams {
        tx.execute("INSERT INTO membership (officer, team) VALUES ($1, $2)", values![id, team])
            .with_context(|| format!("No team {team} in the settings"))?;
    }
    tx.execute("DELETE FROM officer_area WHERE officer = $1", values![id])?;
    for area in &file.areas {
        tx.execute(
            "INSERT INTO officer_area (officer, area) VALUES ($1, $2) ON CONFLICT (officer, area) DO NOTHING",
            values![id, area],
        )?;
    }
    Ok(OfficerId(id))
}

/// Remembers the teams someone is no longer in: what they wrote before they knew is still taken for a while.
fn leave_teams(tx: &mut Connection, id: u32, stays_in: &[String]) -> Result<()> {
    let until = last_heard(tx)?;
    let before = tx.query("SELECT team FROM membership WHERE officer = $1", values![id])?;
    for team in team_set(&before)? {
        if !stays_in.contains(&team) {
            tx.execute(
                "INSERT INTO membership_past (officer, team, until_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (officer, team) DO UPDATE SET until_at = excluded.until_at",
                values![id, team, until],
            )?;
        }
    }
    tx.execute("DELETE FROM membership WHERE officer = $1", values![id]).map(|_| ())
}

/// The newest moment at which this server is known to have been at work.
fn last_heard(tx: &mut Connection) -> Result<i64> {
    let mut newest = 0;
    for sql in [
        "SELECT MAX(last_seen_at) FROM device",
        "SELECT MAX(created_at) FROM enrol_code",
        "SELECT at FROM heartbeat WHERE id = 1",
        "SELECT received_at FROM log ORDER BY seq DESC LIMIT 1",
    ] {
        if let Some(row) = tx.find(sql, &[])? {
            newest = newest.max(row.find_int(0)?.unwrap_or(0));
        }
    }
    Ok(newest)
}

/// The teams someone was in and left after `after_ms`, the one left last first.
pub(super) fn teams_left(tx: &mut Connection, id: OfficerId, after_ms: i64) -> Result<Vec<String>> {
    let rows = tx.query(
        "SELECT team FROM membership_past WHERE officer = $1 AND until_at >= $2 \
         AND team NOT IN (SELECT team FROM membership WHERE officer = $1) ORDER BY until_at DESC, team",
        values![id, after_ms],
    )?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// The teams in `teams` are what the role and memberships open: all of a service to a triager, all to an auditor.
pub(super) fn read_officer(connection: &mut Connection, id: OfficerId) -> Result<Option<Officer>> {
    let found = read_anyone(connection, id)?;
    Ok(found.and_then(|(officer, is_disabled)| (!is_disabled).then_some(officer)))
}

/// Someone who may have left, and whether they have.
pub(super) fn read_anyone(connection: &mut Connection, id: OfficerId) -> Result<Option<(Officer, bool)>> {
    let found = connection.find(
        "SELECT email, name, role, service, short_code, disabled_at FROM officer WHERE id = $1",
        values![id.0],
    )?;
    let Some(row) = found else { return Ok(None) };
    let role = Role::named(&row.text(2)?)?;
    let service = row.text(3)?;
    let rows = match role {
        Role::Officer | Role::Supervisor | Role::Viewer => connection
            .query("SELECT team FROM membership WHERE officer = $1 ORDER BY team", values![id.0])?,
        Role::Triager => connection.query(
            "SELECT key FROM team WHERE service = $1 OR key IN (SELECT team FROM membership WHERE officer = $2) \
             ORDER BY key",
            values![&service, id.0],
        )?,
        Role::Auditor => connection.query("SELECT key FROM team ORDER BY key", &[])?,
        Role::Admin | Role::Designer => vec![],
    };
    let teams = rows.iter().map(|row| row.text(0)).collect::<Result<BTreeSet<_>>>()?;
    let areas = connection
        .query("SELECT area FROM officer_area WHERE officer = $1 ORDER BY area", values![id.0])?
        .iter()
        .map(|row| row.text(0))
        .collect::<Result<BTreeSet<_>>>()?;
    let (email, name, short_code) = (row.text(0)?, row.text(1)?, row.text(4)?);
    let is_disabled = row.find_int(5)?.is_some();
    Ok(Some((Officer { id, email, name, role, service, short_code, teams, areas }, is_disabled)))
}

/// Reads a row of teams into a set.
pub(super) fn team_set(rows: &[Row]) -> Result<BTreeSet<String>> {
    rows.iter().map(|row| row.text(0)).collect()
}
