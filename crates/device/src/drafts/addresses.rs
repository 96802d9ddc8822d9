//! An address of the gazetteer as the answer to a question, with its numbers and its place as answers beside it.

use super::begun::Answered;
use super::edits::Contents;
use crate::clock::Reading;
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::field::FieldKey;
use kerbside_core::form::AddressFields;
use kerbside_core::gazetteer::{Address, Hit, NOT_IN_GAZETTEER};
use kerbside_core::ids::RowId;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::value::{Place, PlaceSource, Value, to_json};
use serde_json::{Value as Json, json};

impl Vault {
    /// Answers with a property of the gazetteer, by its UPRN.
    pub fn choose_address(
        &mut self,
        draft: RowId,
        field: &FieldKey,
        uprn: u64,
        now: Reading,
    ) -> Result<Answered> {
        let address = self.address_of(uprn)?.ok_or_else(unknown)?;
        let hit = Hit::of(&address);
        self.take_hit(draft, field, (&address, &hit), now)
    }

    /// Answers with a street, by its USRN.
    pub fn choose_street(
        &mut self,
        draft: RowId,
        field: &FieldKey,
        usrn: u32,
        now: Reading,
    ) -> Result<Answered> {
        let address = self.address_in(usrn)?.ok_or_else(unknown)?;
        let hit = Hit::street(&address);
        self.take_hit(draft, field, (&address, &hit), now)
    }

    /// Says that the gazetteer lacks what was typed: it is kept, and the office is told.
    pub fn report_address(&mut self, draft: RowId, field: &FieldKey, now: Reading) -> Result<Answered> {
        let fields = self.contents(draft)?.form.address_of(field);
        let Some(AddressFields { uprn: Some(uprn), usrn, .. }) = fields else {
            return self.answer_all(draft, Vec::new(), now);
        };
        let mut answers = vec![(uprn, json!(NOT_IN_GAZETTEER))];
        answers.extend(usrn.map(|field| (field, Json::Null)));
        self.answer_all(draft, answers, now)
    }

    fn take_hit(
        &mut self,
        draft: RowId,
        field: &FieldKey,
        (address, hit): (&Address, &Hit),
        now: Reading,
    ) -> Result<Answered> {
        let contents = self.contents(draft)?;
        let Some(fields) = contents.form.address_of(field) else {
            // A place that belongs to no address is all there is to answer.
            return self.answer_all(draft, vec![(field.clone(), place(address, now))], now);
        };
        let AddressFields { text, uprn, usrn, place: at } = fields;
        let said = |number: &Option<String>| number.as_ref().map_or(Json::Null, |number| json!(number));
        let mut answers = vec![(text, json!(hit.text()))];
        answers.extend(uprn.map(|field| (field, said(&hit.uprn))));
        answers.extend(usrn.map(|field| (field, said(&hit.usrn))));
        // Where somebody stood is better evidence than where a house is, unless they ask for it to be moved there.
        let keeps_place = at.as_ref().is_some_and(|at| at != field && is_fixed(contents.answers.get(at)));
        answers.extend(at.filter(|_| !keeps_place).map(|field| (field, place(address, now))));
        self.answer_all(draft, answers, now)
    }
}

fn unknown() -> anyhow::Error {
    Problem::new(Code::NotFound, "The gazetteer on this device has no such address").into()
}

fn is_fixed(answer: Option<&Value>) -> bool {
    matches!(answer, Some(Value::Place(place)) if place.source != PlaceSource::Gazetteer)
}

fn place(address: &Address, now: Reading) -> Json {
    to_json(&Value::Place(Place {
        lat_e7: address.lat_e7,
        lon_e7: address.lon_e7,
        altitude_cm: None,
        accuracy_cm: None,
        fixed_at: now.wall_ms,
        source: PlaceSource::Gazetteer,
    }))
}

impl Contents {
    /// The numbers of an address that no longer stand when its text is written over with something else. Whoever adds
    /// to it (“outside 12 Elm Road”) still means that address.
    pub(super) fn undone_by(&self, field: &FieldKey, answer: &Json) -> Vec<FieldKey> {
        let Some(fields) = self.form.address_of(field).filter(|fields| fields.text == *field) else {
            return Vec::new();
        };
        let Some(Value::Text(before)) = self.answers.get(field) else { return Vec::new() };
        let stands = answer.as_str().is_some_and(|text| text.contains(before.as_str()));
        let numbers = [fields.uprn, fields.usrn].into_iter().flatten();
        numbers
            .filter(|number| !stands && self.answers.get(number).is_some_and(|number| *number != Value::Null))
            .collect()
    }
}
