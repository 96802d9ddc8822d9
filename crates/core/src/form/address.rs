//! A question that is answered with an address of the gazetteer: its numbers and its place go to questions of their own,
//! so that they are answers like any other.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::document::Row;
use super::fault::{FormFault, FormFaultCode, Sheet};
use super::{Form, Question, QuestionKind};
use crate::field::FieldKey;

/// The names of the questions that take the parts of an address.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AddressParts {
    pub uprn: Option<String>,
    pub usrn: Option<String>,
    pub place: Option<String>,
}

/// The fields of one address in a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressFields {
    pub text: FieldKey,
    pub uprn: Option<FieldKey>,
    pub usrn: Option<FieldKey>,
    pub place: Option<FieldKey>,
}

pub(super) fn is_asked(row: &Row) -> bool {
    row.appearance
        .as_deref()
        .is_some_and(|appearance| appearance.split_whitespace().any(|word| word == "address"))
}

/// From `uprn=home_uprn place=where`, beside the appearance `address`.
pub(super) fn parts(row: &Row) -> Option<AddressParts> {
    if !is_asked(row) || row.kind != "text" {
        return None;
    }
    let spaced = row.parameters.as_deref().unwrap_or_default().replace([',', ';'], " ");
    let named = |part: &str| {
        let mut pairs = spaced.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == part).map(|(_, question)| question.to_owned())
    };
    Some(AddressParts { uprn: named("uprn"), usrn: named("usrn"), place: named("place") })
}

/// Parts that no question takes.
pub(super) fn faults(questions: &[Question], place: usize, row: usize) -> Vec<FormFault> {
    let Some(asked) = questions.get(place) else { return Vec::new() };
    let Some(AddressParts { uprn, usrn, place }) = &asked.address else { return Vec::new() };
    let wanted = [(uprn, false), (usrn, false), (place, true)];
    let missing = wanted.into_iter().filter_map(|(name, is_place)| {
        name.as_ref().filter(|name| find(questions, asked, name, is_place).is_none())
    });
    missing
        .map(|name| FormFault::at(Sheet::Survey, row, "parameters", FormFaultCode::BadParameter, name))
        .collect()
}

/// The question of this name next to the one that asks, or else anywhere around it.
fn find<'q>(questions: &'q [Question], asked: &Question, name: &str, is_place: bool) -> Option<&'q Question> {
    let fits = |question: &&Question| {
        question.name == name
            && (question.repeat.is_none() || question.repeat == asked.repeat)
            && if is_place {
                matches!(question.kind, QuestionKind::Geopoint { .. })
            } else {
                matches!(question.kind, QuestionKind::Text { .. } | QuestionKind::Hidden)
            }
    };
    let beside = |question: &&Question| question.parent == asked.parent;
    questions.iter().filter(fits).find(beside).or_else(|| questions.iter().find(fits))
}

impl Form {
    /// The fields of the address that a field belongs to: its own text, or the place or a number of it.
    #[must_use]
    pub fn address_of(&self, field: &FieldKey) -> Option<AddressFields> {
        let all = self.questions().iter().filter(|question| question.address.is_some());
        let mut fields = all.filter_map(|asked| self.fields_of(asked, field));
        fields.find(|fields| {
            [Some(&fields.text), fields.uprn.as_ref(), fields.usrn.as_ref(), fields.place.as_ref()]
                .contains(&Some(field))
        })
    }

    /// Every address the form asks for outside of rows.
    pub fn addresses(&self) -> impl Iterator<Item = AddressFields> {
        let asked = self.questions().iter().filter(|question| question.repeat.is_none());
        asked.filter_map(|asked| self.fields_of(asked, &FieldKey::new(asked.path.as_str())))
    }

    /// In the row that `beside` stands in.
    fn fields_of(&self, asked: &Question, beside: &FieldKey) -> Option<AddressFields> {
        let AddressParts { uprn, usrn, place } = asked.address.as_ref()?;
        let key = |question: &Question| FieldKey {
            path: question.path.as_str().into(),
            row: beside.row.filter(|_| question.repeat.is_some()),
        };
        let part = |name: &Option<String>, is_place: bool| {
            name.as_ref().and_then(|name| find(self.questions(), asked, name, is_place)).map(key)
        };
        Some(AddressFields {
            text: key(asked),
            uprn: part(uprn, false),
            usrn: part(usrn, false),
            place: part(place, true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Codes;
    use serde_json::json;

    fn form(parameters: &str) -> Result<Form, Vec<FormFault>> {
        let form = json!({
            "settings": {"form_id": "visit", "version": 1, "form_title": {"en": "V"}, "service": "s", "ref_prefix": "VV"},
            "survey": [
                {"type": "geopoint", "name": "where"},
                {"type": "text", "name": "home", "appearance": "address", "parameters": parameters},
                {"type": "begin_group", "name": "more"},
                {"type": "text", "name": "uprn"},
                {"type": "end_group"}
            ]
        });
        Form::parse(&form.to_string(), &Codes::default())
    }

    #[test]
    fn the_parts_of_an_address_go_to_the_questions_that_are_named() {
        let form = form("uprn=uprn place=where").unwrap();
        let fields = form.address_of(&FieldKey::new("home")).unwrap();
        assert_eq!(fields.uprn, Some(FieldKey::new("more/uprn")));
        assert_eq!((fields.usrn.clone(), fields.place.clone()), (None, Some(FieldKey::new("where"))));
        assert_eq!(form.address_of(&FieldKey::new("where")), Some(fields.clone()));
        assert_eq!(form.addresses().collect::<Vec<_>>(), [fields]);
        assert_eq!(form.address_of(&FieldKey::new("elsewhere")), None);
    }

    #[test]
    fn a_part_that_no_question_takes_is_a_fault_of_the_form() {
        for wrong in ["uprn=nothing", "uprn=where", "place=uprn", "postcode=uprn"] {
            let faults = form(wrong).unwrap_err();
            assert_eq!((faults[0].code, faults.len()), (FormFaultCode::BadParameter, 1), "{wrong}");
        }
    }
}
