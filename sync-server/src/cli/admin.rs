//! `admin`: the council, its people and their devices. Passwords come from standard input or the environment.

use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use kerbside_core::ids::{Actor, DeviceId, Dot};
use kerbside_core::problem::{Code, Problem};
use serde_json::json;

use super::{council, print};
use crate::auth::password;
use crate::clock::now_ms;
use crate::store::{OfficerFile, Role, Store};

/// Counters stay below this by the protocol's own rule.
const COUNTER_LIMIT: u64 = (1 << 53) - 1;

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// The council's settings file.
    #[command(subcommand)]
    Council(Council),
    #[command(subcommand)]
    Team(Team),
    #[command(subcommand)]
    Officer(Officer),
    #[command(subcommand)]
    Device(Device),
    /// Keys with which other systems ask for cases, such as a program for maps.
    #[command(subcommand)]
    Key(Key),
    /// Changes that wait for what they build on.
    Held,
    /// Say that what they wait for will not come: they are judged without it.
    Release {
        /// The actor whose changes will not come.
        #[arg(long, required_unless_present = "all")]
        actor: Option<u32>,
        /// Up to which of them; all, if not said.
        #[arg(long, requires = "actor")]
        counter: Option<u64>,
        #[arg(long, conflicts_with = "actor")]
        all: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Council {
    /// Add or update the teams, people, forms and areas of a settings file. Nothing is removed.
    Load {
        file: PathBuf,
        /// Where forms/, codes/ and areas/ are; the folder above the file's own otherwise.
        #[arg(long)]
        schemas: Option<PathBuf>,
        /// Give everyone a new random password and print it, for a demonstration.
        #[arg(long)]
        demo_passwords: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Team {
    List,
}

#[derive(Debug, Subcommand)]
pub enum Officer {
    /// Add or update one person.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        #[arg(long, value_parser = Role::named)]
        role: Role,
        #[arg(long)]
        team: Vec<String>,
        /// Only records in these areas, or in none; without it, in all.
        #[arg(long)]
        area: Vec<String>,
        #[arg(long, default_value = "")]
        service: String,
        #[arg(long, default_value = "")]
        short_code: String,
    },
    /// Set the password read from KERBSIDE_PASSWORD or standard input; whoever is signed in is signed out.
    Password {
        email: String,
    },
    /// Someone has left: they sign in nowhere, and what their devices still send waits for a decision.
    Disable {
        email: String,
    },
    /// Someone is back.
    Enable {
        email: String,
    },
    List,
}

#[derive(Debug, Subcommand)]
pub enum Device {
    /// Make a one-time code for an officer's next device.
    Code {
        #[arg(long)]
        officer: String,
    },
    List,
    /// Take a device's right to send and receive.
    Revoke {
        device: DeviceId,
    },
}

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a key that acts as one of the council's people, and print it this once.
    Make {
        #[arg(long)]
        officer: String,
        /// Which system it is for.
        #[arg(long)]
        name: String,
    },
    List,
    /// From now on it opens nothing.
    Revoke {
        id: String,
    },
}

pub fn run(store: &mut Store, admin: Admin) -> Result<()> {
    match admin {
        Admin::Council(Council::Load { file, schemas, demo_passwords }) => {
            council::load(store, &file, schemas.as_deref(), demo_passwords)
        }
        Admin::Team(Team::List) => store.teams()?.iter().try_for_each(print),
        Admin::Officer(officer) => officers(store, officer),
        Admin::Device(device) => devices(store, device),
        Admin::Key(key) => keys(store, key),
        Admin::Held => store.held()?.iter().try_for_each(print),
        Admin::Release { actor: Some(actor), counter, all: _ } => {
            let counter = counter.unwrap_or(COUNTER_LIMIT);
            let dot = Dot { actor: Actor(actor), counter };
            print(&json!({"released": store.give_up_dots(now_ms(), dot)?}))
        }
        Admin::Release { actor: None, .. } => print(&json!({"released": store.give_up_all(now_ms())?})),
    }
}

fn officers(store: &mut Store, officer: Officer) -> Result<()> {
    match officer {
        Officer::Add { email, name, role, team, area, service, short_code } => {
            let file = OfficerFile {
                email,
                name,
                role,
                teams: team,
                areas: area,
                service,
                short_code,
                password: None,
                rest: std::collections::BTreeMap::new(),
            };
            print(&json!({"officer": store.put_officer(&file, None)?}))
        }
        Officer::Password { email } => {
            let hashed = password::hash(&password_given()?)?;
            if !store.set_password(&email, &hashed)? {
                return Err(Problem::new(Code::NotFound, "no officer with this address").into());
            }
            print(&json!({"changed": true}))
        }
        Officer::Disable { email } => set_disabled(store, &email, Some(now_ms())),
        Officer::Enable { email } => set_disabled(store, &email, None),
        Officer::List => {
            for (id, name) in store.people()? {
                print(&json!({"officer": id, "name": name}))?;
            }
            Ok(())
        }
    }
}

fn set_disabled(store: &mut Store, email: &str, at_ms: Option<i64>) -> Result<()> {
    if !store.set_disabled(email, at_ms)? {
        return Err(Problem::new(Code::NotFound, "no officer with this address").into());
    }
    print(&json!({"disabled": at_ms.is_some()}))
}

const SHORTEST_PASSWORD: usize = 12;

fn password_given() -> Result<String> {
    let given = match std::env::var("KERBSIDE_PASSWORD") {
        Ok(given) => given,
        Err(_) => {
            let mut typed = String::new();
            std::io::stdin().read_to_string(&mut typed).context("Reading the password")?;
            typed
        }
    };
    let given = given.trim_end_matches(['\r', '\n']).to_owned();
    if given.chars().count() < SHORTEST_PASSWORD {
        let detail = format!("a password has at least {SHORTEST_PASSWORD} characters");
        return Err(Problem::new(Code::NotAllowed, detail).into());
    }
    Ok(given)
}

fn keys(store: &mut Store, key: Key) -> Result<()> {
    match key {
        Key::Make { officer, name } => {
            let found = store.officer_by_email(&officer)?;
            let (officer, _) =
                found.ok_or_else(|| Problem::new(Code::NotFound, "no officer with this address"))?;
            let (key, line) = store.make_key(officer.id, &name, now_ms())?;
            print(&json!({"key": key, "id": line.id, "officer": line.officer, "name": line.name}))
        }
        Key::List => store.keys()?.iter().try_for_each(print),
        Key::Revoke { id } => {
            store.revoke_key(&id, now_ms())?;
            print(&json!({"revoked": id}))
        }
    }
}

fn devices(store: &mut Store, device: Device) -> Result<()> {
    match device {
        Device::Code { officer } => {
            let found = store.officer_by_email(&officer)?;
            let (officer, _) =
                found.ok_or_else(|| Problem::new(Code::NotFound, "no officer with this address"))?;
            print(&store.make_device_code(&officer, now_ms())?)
        }
        Device::List => store.devices()?.iter().try_for_each(print),
        Device::Revoke { device } => {
            if !store.revoke_device(device, now_ms())? {
                return Err(Problem::new(Code::NotFound, "no such device").into());
            }
            print(&json!({"revoked": device}))
        }
    }
}
