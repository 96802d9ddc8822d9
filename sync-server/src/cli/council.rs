//! `admin council load`: lays a council down, with passwords for a demonstration where they are wanted.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::print;
use crate::auth::{code, password};
use crate::clock::now_ms;
use crate::council::Council;
use crate::store::{CouncilFile, Store};

pub fn load(store: &mut Store, file: &Path, schemas: Option<&Path>, demo_passwords: bool) -> Result<()> {
    let mut council = Council::read(file, schemas)?;
    if demo_passwords {
        give_passwords(&mut council.settings)?;
    }
    let mut hashed = BTreeMap::new();
    for officer in &council.settings.officers {
        if let Some(given) = &officer.password {
            hashed.insert(officer.email.clone(), password::hash(given)?);
        }
    }
    store.load_council(&council.settings, &hashed)?;
    council.put_documents(now_ms(), store)?;
    let settings = &council.settings;
    let forms: Vec<&str> = council.forms.iter().map(kerbside_core::form::Form::key).collect();
    print(&json!({
        "council": settings.key, "teams": settings.teams.len(), "officers": settings.officers.len(), "forms": forms,
    }))?;
    if demo_passwords {
        for officer in &settings.officers {
            print(
                &json!({"email": officer.email, "name": officer.name, "role": officer.role, "password": officer.password}),
            )?;
        }
    }
    Ok(())
}

fn give_passwords(council: &mut CouncilFile) -> Result<()> {
    for officer in &mut council.officers {
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(|fault| anyhow::anyhow!("No random bytes: {fault}"))?;
        officer.password = Some(code::spell(random).to_lowercase());
    }
    Ok(())
}
