//! The office: pages left open, answers from what they showed then, and records and officers that change teams.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use kerbside_core::field::{FieldKey, TEAM};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Problem;
use kerbside_core::record::Record;
use kerbside_core::record::view::{RecordView, seen_text};
use kerbside_server::store::OfficeEdit;
use serde_json::json;

use crate::ledger::Marker;
use crate::world::{FIELDS, World, visible};

/// A page of the console left open: it answers what it saw then.
#[derive(Debug)]
pub struct Tab {
    record: RecordId,
    field: FieldKey,
    seen: String,
    over: BTreeSet<Marker>,
}

impl World {
    /// The office opens a page, or answers from one it opened before.
    pub fn desk(&mut self) -> Result<()> {
        if !self.tabs.is_empty() && self.rng.bool() {
            let tab = self.tabs.swap_remove(self.rng.usize(..self.tabs.len()));
            return self.answer_at_desk(tab);
        }
        let states = self.server.states()?;
        if states.is_empty() {
            return Ok(());
        }
        let state = &states[self.rng.usize(..states.len())];
        let field = FieldKey::new(FIELDS[self.rng.usize(..FIELDS.len())]);
        let record = Record::unpack(&state.state).map_err(anyhow::Error::from)?;
        let view = RecordView::of(state.record, &record, None);
        let seen = seen_text(state.record, &field, &record.context(&field));
        let over = visible(&view, &field);
        self.tabs.push(Tab { record: state.record, field, seen, over });
        Ok(())
    }

    fn answer_at_desk(&mut self, tab: Tab) -> Result<()> {
        let marker = self.ledger.new_marker();
        self.ledger.tries(&marker, Some(tab.field.clone()), Some(tab.record), tab.over.clone());
        let jo = self.officer("jo@example.gov.uk")?;
        let edit = OfficeEdit { field: tab.field, row: None, answer: json!(marker), seen: Some(tab.seen) };
        let dies = self.plan_crash();
        let done = self.server.office_change(self.now_ms, &jo, tab.record, &[edit]);
        self.end_crash();
        match done {
            Ok(dot) => {
                self.note(&format!("office {marker} {dot}"));
                self.ledger.promise(&marker, tab.record);
                self.ledger.leaves_phones(&marker);
            }
            Err(cause) => {
                let refused = cause.downcast_ref::<Problem>().is_some();
                if !refused && !dies {
                    return Err(cause.context("Answering at a desk"));
                }
                self.note(&format!("office not {marker}"));
            }
        }
        Ok(())
    }

    pub fn move_record(&mut self) -> Result<()> {
        let states = self.server.states()?;
        if states.is_empty() {
            return Ok(());
        }
        let state = &states[self.rng.usize(..states.len())];
        let record = Record::unpack(&state.state).map_err(anyhow::Error::from)?;
        let team = FieldKey::new(TEAM);
        let seen = seen_text(state.record, &team, &record.context(&team));
        let to = if self.rng.bool() { "north" } else { "south" };
        let jo = self.officer("jo@example.gov.uk")?;
        let edit = OfficeEdit { field: team, row: None, answer: json!(to), seen: Some(seen) };
        match self.server.office_change(self.now_ms, &jo, state.record, &[edit]) {
            Ok(dot) => self.note(&format!("{} moved to {to} by {dot}", state.record)),
            Err(cause) if cause.downcast_ref::<Problem>().is_some() => {}
            Err(cause) => return Err(cause.context("Moving a record")),
        }
        Ok(())
    }

    /// Somebody changes teams: their phone learns of it when it next speaks.
    pub fn move_officer(&mut self) -> Result<()> {
        let at = self.any_phone();
        let email = self.phones[at].email.clone();
        let mut file = self.people.get(&email).context("A known officer")?.clone();
        file.teams = [vec!["north"], vec!["south"], vec!["north", "south"]][self.rng.usize(..3)]
            .iter()
            .map(|team| (*team).to_owned())
            .collect();
        self.server.put_officer(&file, None)?;
        self.note(&format!("{email} now in {:?}", file.teams));
        self.people.insert(email, file);
        Ok(())
    }
}
