//! Cases as other programs may have them: a place, words that name nobody, and the coded answers that their form does not
//! mark as personal. More is told only to whoever may take personal data away.

mod geopackage;
mod reading;
mod wish;

use std::collections::BTreeSet;

use anyhow::Result;
use kerbside_core::field::{FieldKey, STATUS};
use kerbside_core::form::{Form, Pii, Question, QuestionKind};
use kerbside_core::grid::GridPoint;
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use kerbside_core::record::view::text_of;
use kerbside_core::value::{Point, Value, to_json};
use serde_json::{Map, Value as Json};

use super::connection::Connection;
use super::packs::FormShelf;
use super::people::Officer;
use crate::auth::{Action, Target, authorise};
use crate::open::is_closed;

pub use geopackage::GeoPackage;
pub use reading::{FeaturePage, Reach};
pub use wish::{FeatureWish, Within};

/// Who takes cases away.
#[derive(Debug, Clone)]
pub struct Taker {
    /// Nobody in particular: whoever works at the server itself, where nothing is out of reach.
    officer: Option<Officer>,
    /// Whether personal data goes along.
    personal: bool,
}

impl Taker {
    /// None for those who may not take cases away.
    pub fn of(officer: Officer) -> Option<Self> {
        let may = |action| authorise(&officer, action, Target::Council).is_allowed();
        let personal = may(Action::TakePersonal);
        may(Action::TakeCases).then_some(Self { officer: Some(officer), personal })
    }

    pub fn at_the_server(personal: bool) -> Self {
        Self { officer: None, personal }
    }

    /// The same with nothing personal.
    #[must_use]
    pub fn thinned(self) -> Self {
        Self { personal: false, ..self }
    }
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    pub record: RecordId,
    pub reference: String,
    pub form: String,
    pub title: String,
    pub service: String,
    pub lgsl: Option<u32>,
    pub status: String,
    pub reported_at: i64,
    pub received_at: i64,
    /// When it was last brought to an end, where it is at one.
    pub closed_at: Option<i64>,
    pub area: String,
    /// The number of its street, where its form asks for it and does not mark it.
    pub usrn: Option<String>,
    pub answers: Map<String, Json>,
    /// Its one line in lists, which may hold anything that people wrote.
    pub summary: Option<String>,
    pub place: Option<Point>,
    pub grid: Option<GridPoint>,
}

/// What forms say of their answers, the strictest of every version: a mark that was forgotten at first holds for what was
/// answered before.
#[derive(Debug, Default)]
struct Marks {
    /// The forms whose place says nothing of a person.
    open: BTreeSet<String>,
    /// The questions whose answers do, by form and path.
    personal: BTreeSet<(String, String)>,
}

impl Marks {
    fn of(tx: &mut Connection, forms: &mut FormShelf) -> Result<Self> {
        let rows = tx.query("SELECT form, version FROM form_version ORDER BY form, version", &[])?;
        let (mut marks, mut closed) = (Self::default(), BTreeSet::new());
        for row in rows {
            let (key, version) = (row.text(0)?, row.u32(1)?);
            let Some(form) = forms.find(tx, &key, version)? else {
                closed.insert(key);
                continue;
            };
            let marked = form.questions().iter().filter(|question| question.pii != Pii::None);
            marks.personal.extend(marked.map(|question| (key.clone(), question.path.clone())));
            if has_open_place(&form) {
                marks.open.insert(key)
            } else {
                closed.insert(key)
            };
        }
        marks.open.retain(|key| !closed.contains(key));
        Ok(marks)
    }

    fn is_open(&self, form: &Form, question: &Question) -> bool {
        let key = (form.key().to_owned(), question.path.clone());
        question.pii == Pii::None && !self.personal.contains(&key)
    }
}

fn has_open_place(form: &Form) -> bool {
    let is_place = |kind: &QuestionKind| matches!(kind, QuestionKind::Geopoint { .. });
    form.questions().iter().all(|question| !is_place(&question.kind) || question.pii == Pii::None)
}

/// When the state it is in was given, where that is an end.
fn closed_at(state: &Record) -> Option<i64> {
    let written = state.register(&FieldKey::new(STATUS))?.provisional()?;
    let Value::Code(status) = &written.value else { return None };
    is_closed(status).then_some(written.stamp.at_ms)
}

/// The number of the street.
fn usrn(form: &Form, state: &Record, marks: &Marks) -> Option<String> {
    let is_asked = |path: &str| {
        let question = form.question(path);
        question.is_some_and(|question| question.name == "usrn" && marks.is_open(form, question))
    };
    let answered = state.registers().filter(|(field, _)| field.row.is_none() && is_asked(&field.path));
    answered.filter_map(|(field, _)| text_of(state.provisional(field))).find(|usrn| !usrn.is_empty())
}

/// The answers that are told. What the office alone is asked stays in the office; a row of a repeat is no property.
fn told(form: &Form, state: &Record, marks: &Marks, personal: bool) -> Map<String, Json> {
    let mut answers = Map::new();
    for (field, register) in state.registers().filter(|(field, _)| !field.is_system() && field.row.is_none())
    {
        let Some(question) = form.question(&field.path).filter(|question| !question.office) else { continue };
        let Some(written) = register.provisional() else { continue };
        let is_told = match &written.value {
            Value::Code(_) | Value::Codes(_) | Value::Bool(_) | Value::Int(_) | Value::Decimal { .. } => {
                personal || marks.is_open(form, question)
            }
            Value::Text(_) | Value::Date { .. } | Value::Time { .. } | Value::Instant { .. } => personal,
            Value::Null
            | Value::Place(_)
            | Value::Path(_)
            | Value::Shape(_)
            | Value::Redacted
            | Value::Opaque { .. } => false,
        };
        if is_told {
            answers.insert(field.path.clone(), to_json(&written.value));
        }
    }
    answers
}
