//! A new version of the form, published while old phones and drafts of the old one are about; and changes that only a
//! newer app understands.

use anyhow::Result;
use kerbside_core::change::Edit;
use kerbside_core::form::{Codes, Form};

use crate::world::World;

const FORM: &str = include_str!("../sighting.json");
const EXTRA: &str = r#"{"type": "text", "name": "extra", "label": {"en": "Extra", "cy": "Ychwanegol"}},
  {"type": "file""#;
const VERSIONS: u32 = 4;

/// Version 1, or a later one with a question more.
pub fn form_of(version: u32) -> Result<Form> {
    let mut text = FORM.replace(r#""version": 1"#, &format!(r#""version": {version}"#));
    if 1 < version {
        text = text.replacen(r#"{"type": "file""#, EXTRA, 1);
    }
    Form::parse(&text, &Codes::default()).map_err(|faults| anyhow::anyhow!("{faults:?}"))
}

impl World {
    pub fn publish(&mut self) -> Result<()> {
        if VERSIONS <= self.form_version {
            return Ok(());
        }
        let version = self.form_version + 1;
        let form = form_of(version)?;
        let now_ms = self.now_ms;
        let done = self.server_risks("publishing", |world| world.server.put_form(now_ms, &form))?;
        if done.is_some() || self.server.newest_version("sighting")? == Some(version) {
            self.note(&format!("version {version} of the form is published"));
            self.form_version = version;
        }
        Ok(())
    }

    /// An edit of a kind that this version of the protocol does not know.
    pub fn newer_app_writes(&mut self) -> Result<()> {
        let at = self.any_phone();
        let Some(record) = self.any_record(at)? else { return Ok(()) };
        let unknown = Edit::Unknown { tag: self.rng.u64(40..50), bytes: vec![0x81, self.rng.u8(0..24)] };
        let marker = self.ledger.new_marker();
        self.save_edits(at, record, &marker, vec![unknown])
    }
}
