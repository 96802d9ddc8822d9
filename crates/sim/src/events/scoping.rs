//! Whose a record is: jobs given to people, areas of records and of officers.

use anyhow::{Context, Result};
use kerbside_core::field::{AREA, ASSIGNEES, FieldKey, OWNER};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::Problem;
use kerbside_core::record::Record;
use kerbside_core::record::view::seen_text;
use kerbside_server::store::OfficeEdit;
use serde_json::{Value as Json, json};

use crate::world::World;

const AREAS: [&str; 2] = ["quay", "hill"];

impl World {
    /// Someone is given a record, whatever team they are in, or has it taken from them.
    pub fn give_job(&mut self) -> Result<()> {
        let emails: Vec<String> = self.people.keys().cloned().collect();
        let email = emails[self.rng.usize(..emails.len())].clone();
        let Some((someone, _)) = self.server.officer_by_email(&email)? else { return Ok(()) };
        let id = someone.id.0;
        let (field, answer) = match self.rng.u8(0..5) {
            0 | 1 => (ASSIGNEES, json!({ "add": [id] })),
            2 => (ASSIGNEES, json!({ "remove": [id] })),
            3 => (OWNER, json!(id)),
            _ => (OWNER, Json::Null),
        };
        self.office_says(field, &answer)
    }

    pub fn place_record(&mut self) -> Result<()> {
        let at = self.rng.usize(..=AREAS.len());
        let answer = AREAS.get(at).map_or(Json::Null, |area| json!(area));
        self.office_says(AREA, &answer)
    }

    pub fn give_areas(&mut self) -> Result<()> {
        let at = self.any_phone();
        let email = self.phones[at].email.clone();
        let mut file = self.people.get(&email).context("A known officer")?.clone();
        file.areas = match self.rng.usize(..4) {
            0 => vec!["quay".to_owned()],
            1 => vec!["hill".to_owned()],
            _ => vec![],
        };
        self.server.put_officer(&file, None)?;
        self.note(&format!("{email} now in areas {:?}", file.areas));
        self.people.insert(email, file);
        Ok(())
    }

    fn office_says(&mut self, path: &str, answer: &Json) -> Result<()> {
        let Some((record, state)) = self.any_state()? else { return Ok(()) };
        let field = FieldKey::new(path);
        let seen = seen_text(record, &field, &state.context(&field));
        let jo = self.officer("jo@example.gov.uk")?;
        let edit = OfficeEdit { field, row: None, answer: answer.clone(), seen: Some(seen) };
        match self.server.office_change(self.now_ms, &jo, record, &[edit]) {
            Ok(dot) => self.note(&format!("{path} of {record} is {answer} by {dot}")),
            Err(cause) if cause.downcast_ref::<Problem>().is_some() => {}
            Err(cause) => return Err(cause.context("Saying whose a record is")),
        }
        Ok(())
    }

    fn any_state(&mut self) -> Result<Option<(RecordId, Record)>> {
        let states = self.server.states()?;
        if states.is_empty() {
            return Ok(None);
        }
        let state = &states[self.rng.usize(..states.len())];
        let record = Record::unpack(&state.state).map_err(anyhow::Error::from)?;
        Ok(Some((state.record, record)))
    }
}
