//! Addresses that officers looked for and did not find: what the keeper of the gazetteer should look at.

use anyhow::{Context, Result};
use kerbside_core::field::{FieldKey, REFERENCE};
use kerbside_core::form::{AddressFields, Form};
use kerbside_core::gazetteer::NOT_IN_GAZETTEER;
use kerbside_core::ids::{OfficerId, RecordId};
use kerbside_core::record::Record;
use kerbside_core::record::view::text_of;
use kerbside_core::value::{Value, to_json};
use serde::Serialize;

use super::super::Store;
use crate::values;

const AT_ONCE: i64 = 500;

/// An address as it was typed, and where it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingAddress {
    pub record: RecordId,
    pub reference: String,
    pub office_reference: String,
    pub officer: OfficerId,
    pub captured_at_ms: i64,
    pub typed: String,
    /// The position beside it, where there is one.
    pub place: serde_json::Value,
}

impl Store {
    /// Every address that is marked so in a record that stands, oldest record first.
    pub fn missing_addresses(&mut self, tell: &mut dyn FnMut(MissingAddress) -> Result<()>) -> Result<()> {
        let mut after = vec![0_u8];
        loop {
            let rows = self.connection.query(
                "SELECT id, state, office_reference FROM record WHERE id > $1 AND withdrawn = 0 ORDER BY id LIMIT $2",
                values![after.as_slice(), AT_ONCE],
            )?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.blob(0)?;
            for row in &rows {
                let (id, state) = (RecordId(row.bytes(0)?), row.blob(1)?);
                let record = Record::unpack(&state).with_context(|| format!("Reading record {id}"))?;
                let form = self.forms.nearest(&mut self.connection, record.form(), record.form_version())?;
                for fields in form.iter().flat_map(|form| marked(form, &record)) {
                    tell(missing(id, &record, &fields, row.text(2)?))?;
                }
            }
        }
    }
}

fn marked(form: &Form, record: &Record) -> Vec<AddressFields> {
    let is_marked = |fields: &AddressFields| {
        let uprn = fields.uprn.as_ref().and_then(|field| text_of(record.provisional(field)));
        uprn.as_deref() == Some(NOT_IN_GAZETTEER) && text_of(record.provisional(&fields.text)).is_some()
    };
    form.addresses().filter(is_marked).collect()
}

fn missing(
    id: RecordId,
    record: &Record,
    fields: &AddressFields,
    office_reference: String,
) -> MissingAddress {
    let created = record.created();
    let place = fields.place.as_ref().and_then(|field| record.provisional(field));
    MissingAddress {
        record: id,
        reference: text_of(record.provisional(&FieldKey::new(REFERENCE))).unwrap_or_default(),
        office_reference,
        officer: created.map_or(OfficerId(0), |stamp| stamp.officer),
        captured_at_ms: created.map_or(0, |stamp| stamp.at_ms),
        typed: text_of(record.provisional(&fields.text)).unwrap_or_default(),
        place: to_json(&place.unwrap_or(Value::Null)),
    }
}
