//! The office: pages left open, answers from what they showed then, and records and officers that change teams.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use kerbside_core::field::{FieldKey, TEAM};
use kerbside_core::ids::RecordId;
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
        self.tries(&marker, Some(tab.field.clone()), Some(tab.record), tab.over.clone());
        let jo = self.officer("jo@example.gov.uk")?;
        let edit = OfficeEdit { field: tab.field, row: None, answer: json!(marker), seen: Some(tab.seen) };
        let now_ms = self.now_ms;
        let done = self.server_asked("answering at a desk", |world| {
            world.server.office_change(now_ms, &jo, tab.record, &[edit])
        })?;
        if let Some(dot) = done {
            self.note(&format!("office {marker} {dot}"));
            self.ledger.promise(&marker, tab.record);
            self.ledger.leaves_phones(&marker);
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
        let (now_ms, id) = (self.now_ms, state.record);
        let done = self
            .server_asked("moving a record", |world| world.server.office_change(now_ms, &jo, id, &[edit]))?;
        if let Some(dot) = done {
            self.note(&format!("{id} moved to {to} by {dot}"));
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
        self.note(&format!("{email} goes to {:?}", file.teams));
        let done = self
            .server_risks("moving an officer", |world| world.server.put_officer(&file, None).map(|_| ()))?;
        let there = self.server.officer_by_email(&email)?;
        if done.is_some() || there.is_some_and(|(officer, _)| officer.teams.iter().eq(file.teams.iter())) {
            self.people.insert(email, file);
        }
        Ok(())
    }
}
