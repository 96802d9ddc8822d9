//! A report that is begun at an asset: it says where the asset is, and which one where its form asks for that.

use super::Draft;
use crate::clock::Reading;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::value::{Value, to_json};
use serde_json::json;

impl Vault {
    /// Begins a draft at an asset. Its place is marked as that of a list, and not as somebody's position.
    pub fn report_asset(&mut self, set: &str, code: &str, form: &str, now: Reading) -> Result<Draft> {
        let (set, asset) = self.asset_of(set, code)?;
        let fields = self.newest_form(form)?.asset_fields(set.kind);
        let fields = fields
            .ok_or_else(|| Problem::new(Code::NotFound, "The form asks for no place to report from"))?;
        let draft = self.start_draft(form, now)?.id;
        let place = to_json(&Value::Place(asset.place(now.wall_ms)));
        let mut answers = vec![(fields.place, place)];
        answers.extend(fields.code.map(|field| (field, json!(&*asset.code))));
        self.answer_all(draft, answers, now)?;
        self.draft(draft, now)
    }
}
