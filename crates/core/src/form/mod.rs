//! Forms: what is asked, when, of what kind, and whether the answers will do.
//!
//! A form is data: rows as in XLSForm, read once and checked whole, so that evaluating cannot fail.
//! Both ends use this, so a phone and the office agree on every fault.

mod address;
mod answer_schema;
mod answers;
mod asset;
mod begin;
mod both;
mod check;
mod codes;
mod coerce;
mod document;
mod evaluate;
mod expr;
mod facts;
mod fault;
mod kinds;
mod names;
mod offer;
mod parse;
mod plan;
mod rules;
#[cfg(test)]
mod shipped;
mod tree;
pub mod xlsform;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use address::{AddressFields, AddressParts};
pub use answers::{Answers, answer_from_json, answers_from_json, answers_to_json, place_from_json};
pub use asset::AssetFields;
pub use begin::{Beginner, begin, consequences, finished};
pub use codes::{Code, CodeFile, Codes, CodesFault, Source};
pub use document::{ChoiceRow, Example, FormDocument, Requirement, Row, Settings};
pub use evaluate::{Evaluation, Said, evaluate, re_evaluate, to_save};
pub use expr::Now;
pub use facts::{FormChanges, FormFacts};
pub use fault::{Fault, FaultCode, FormFault, FormFaultCode, KEYS, Sheet, fault_key};
pub use offer::{Offer, Sought};
pub use xlsform::FormProblem;

use crate::record::view::RecordView;
use expr::Expr;
use rules::Rules;

/// A sentence or a name in English, and in Welsh where there is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Localised {
    pub en: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cy: Option<String>,
}

impl Localised {
    /// In the language asked for (`en`, `cy`), or else in English.
    #[must_use]
    pub fn get(&self, language: &str) -> &str {
        match (language, &self.cy) {
            ("cy", Some(cy)) => cy,
            _ => &self.en,
        }
    }
}

/// What a file that is no picture may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Medium {
    Audio,
    Video,
    Any,
}

/// What the device fills in by itself when a form is begun or saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Metadatum {
    Start,
    End,
    Today,
    Device,
    Officer,
    Phone,
    Email,
}

/// What a question is, with what its kind needs to know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[ts(export)]
pub enum QuestionKind {
    Text {
        max: u32,
    },
    Integer,
    Decimal,
    /// A number on a scale; the three are decimals as text.
    Range {
        start: String,
        end: String,
        step: String,
    },
    SelectOne {
        list: String,
    },
    SelectMultiple {
        list: String,
    },
    /// All choices of a list, put in an order.
    Rank {
        list: String,
    },
    Date,
    Time,
    DateTime,
    /// `warning_accuracy_m`: above it the screen says that the position is rough.
    Geopoint {
        warning_accuracy_m: u32,
    },
    /// A line walked or drawn.
    Geotrace {
        warning_accuracy_m: u32,
    },
    /// An outline.
    Geoshape {
        warning_accuracy_m: u32,
    },
    /// `max_pixels`: the long edge of the copy that screens show, and `quality`, of 100, how fine it is; the original is
    /// kept as it came.
    Image {
        min: u32,
        max: u32,
        max_pixels: Option<u32>,
        quality: Option<u8>,
    },
    /// A recording or a document.
    File {
        medium: Medium,
        min: u32,
        max: u32,
    },
    Barcode {
        max: u32,
    },
    Note,
    Acknowledge,
    Calculate,
    Hidden,
    Metadata {
        what: Metadatum,
    },
    Group,
    /// `counted`: an expression says how many rows there are, and nobody adds or removes one.
    Repeat {
        max: u32,
        counted: bool,
    },
}

impl QuestionKind {
    /// Whether the kind has an answer of its own; notes and sections have none.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        !matches!(self, Self::Note | Self::Group)
    }

    /// Whether a person ever sees it.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !matches!(self, Self::Calculate | Self::Hidden | Self::Metadata { .. })
    }

    /// Whether the answer is a set of photos or files, which travel by themselves.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        matches!(self, Self::Image { .. } | Self::File { .. })
    }

    /// The list it chooses from.
    #[must_use]
    pub fn list(&self) -> Option<&str> {
        match self {
            Self::SelectOne { list } | Self::SelectMultiple { list } | Self::Rank { list } => Some(list),
            Self::Text { .. }
            | Self::Integer
            | Self::Decimal
            | Self::Range { .. }
            | Self::Date
            | Self::Time
            | Self::DateTime
            | Self::Geopoint { .. }
            | Self::Geotrace { .. }
            | Self::Geoshape { .. }
            | Self::Image { .. }
            | Self::File { .. }
            | Self::Barcode { .. }
            | Self::Note
            | Self::Acknowledge
            | Self::Calculate
            | Self::Hidden
            | Self::Metadata { .. }
            | Self::Group
            | Self::Repeat { .. } => None,
        }
    }
}

/// How concurrent answers meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Merge {
    /// Both are kept until a person chooses.
    #[default]
    Mv,
    /// Written once.
    Once,
    /// Added to and taken from.
    Set,
    /// Entries that never change.
    Log,
    /// Set by the server's rules alone.
    Server,
}

/// How carefully an answer must be kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Pii {
    #[default]
    None,
    Personal,
    /// UK GDPR article 9.
    Special,
    /// UK GDPR article 10, or the Data Protection Act 2018 part 3.
    Criminal,
}

/// Files of the form that explain a question, by name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Media {
    pub image: Option<Localised>,
    pub audio: Option<Localised>,
    pub video: Option<Localised>,
}

/// One question, note or section of a form.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Question {
    /// Slash-joined names of its sections and its own.
    pub path: String,
    pub name: String,
    pub kind: QuestionKind,
    pub label: Option<Localised>,
    pub hint: Option<Localised>,
    /// More about it, for whoever opens it.
    pub guidance_hint: Option<Localised>,
    pub media: Media,
    /// Which of the council's telephone numbers to ring: on a note that says stop.
    pub call: Option<String>,
    /// What a sentence calls it: “the size of the fly-tip”.
    pub thing: Option<Localised>,
    pub appearance: Option<String>,
    /// Where the parts of an address go that is chosen here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub address: Option<AddressParts>,
    pub merge: Merge,
    pub pii: Pii,
    /// Asked in the back office only; a device leaves it out.
    pub office: bool,
    /// The path of the section it stands in.
    pub parent: Option<String>,
    /// The path of the innermost repeat it stands in.
    pub repeat: Option<String>,
    #[serde(skip)]
    #[ts(skip)]
    rules: Rules,
}

/// One choice of a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Choice {
    pub name: String,
    pub label: Localised,
    #[serde(skip)]
    #[ts(skip)]
    columns: BTreeMap<String, String>,
}

/// A form that has been read and checked whole.
#[derive(Clone, Debug)]
pub struct Form {
    document: FormDocument,
    questions: Vec<Question>,
    by_path: BTreeMap<String, usize>,
    lists: BTreeMap<String, Vec<Choice>>,
    line: Option<Expr>,
    /// What has to be worked out for a record's line, in order.
    line_order: Vec<usize>,
    plan: plan::Plan,
    /// Of the list columns that expressions look values up in: where each value stands.
    indexes: BTreeMap<(String, String), BTreeMap<String, Vec<usize>>>,
}

/// A form as screens lay it out: rules stay in Rust.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FormForScreen {
    pub key: String,
    pub version: u32,
    pub title: Localised,
    pub service: String,
    pub questions: Vec<Question>,
    pub lists: BTreeMap<String, Vec<Choice>>,
    /// How many choices the lists have that are too long to lay out: they are searched instead.
    pub long_lists: BTreeMap<String, u32>,
}

/// Longer lists are searched, not laid out.
pub const LONG_LIST: usize = 200;

impl Form {
    /// Reads a form file with the code lists it names, or says everything that is wrong with it.
    pub fn parse(json: &str, codes: &Codes) -> Result<Self, Vec<FormFault>> {
        parse::parse(document::read(json)?, codes)
    }

    #[must_use]
    pub fn key(&self) -> &str {
        &self.document.settings.form_id
    }

    #[must_use]
    pub fn version(&self) -> u32 {
        self.document.settings.version
    }

    #[must_use]
    pub fn title(&self) -> &Localised {
        &self.document.settings.form_title
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.document.settings
    }

    /// Every question, note and section, in the order they are asked.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    #[must_use]
    pub fn question(&self, path: &str) -> Option<&Question> {
        self.by_path.get(path).and_then(|place| self.questions.get(*place))
    }

    /// The choices of a list.
    #[must_use]
    pub fn choices(&self, list: &str) -> &[Choice] {
        self.lists.get(list).map_or(&[], Vec::as_slice)
    }

    fn index(&self, list: &str, column: &str) -> Option<&BTreeMap<String, Vec<usize>>> {
        self.indexes.get(&(list.to_owned(), column.to_owned()))
    }

    /// The filled-in examples the file carries.
    #[must_use]
    pub fn examples(&self) -> &[Example] {
        &self.document.examples
    }

    /// The questions that begin with what was saved the last time.
    pub fn from_last_time(&self) -> impl Iterator<Item = &str> {
        begin::from_last_time(self)
    }

    /// The paths whose state may differ after this question's answer changed, itself included.
    #[must_use]
    pub fn touched_by(&self, path: &str) -> Vec<&str> {
        let touched = self.by_path.get(path).map(|place| self.plan.touched_by(*place)).unwrap_or_default();
        touched.iter().filter_map(|place| self.questions.get(*place)).map(|each| each.path.as_str()).collect()
    }

    /// The whole form with its lists inside and its examples left out: what a device is given. The same
    /// form always makes the same bytes, so their hash names it.
    #[must_use]
    pub fn resolved_json(&self) -> String {
        let document = FormDocument {
            schema: None,
            codes: BTreeMap::new(),
            examples: Vec::new(),
            ..self.document.clone()
        };
        serde_json::to_string(&document).unwrap_or_default()
    }

    #[must_use]
    pub fn for_screen(&self) -> FormForScreen {
        FormForScreen {
            key: self.key().to_owned(),
            version: self.version(),
            title: self.title().clone(),
            service: self.document.settings.service.clone(),
            questions: self.questions.clone(),
            lists: self
                .lists
                .iter()
                .filter(|(_, choices)| choices.len() <= LONG_LIST)
                .map(|(list, choices)| (list.clone(), choices.clone()))
                .collect(),
            long_lists: self
                .lists
                .iter()
                .filter(|(_, choices)| LONG_LIST < choices.len())
                .map(|(list, choices)| (list.clone(), u32::try_from(choices.len()).unwrap_or(u32::MAX)))
                .collect(),
        }
    }

    /// The form as screens lay out a record of it: of long lists the choices that its answers name, so that they have
    /// their labels.
    #[must_use]
    pub fn for_record(&self, view: &RecordView) -> FormForScreen {
        let answers = view.fields.iter().flat_map(|field| &field.values).map(|value| &value.answer);
        let names: BTreeSet<&str> = answers
            .flat_map(|answer| answer.as_array().map_or(std::slice::from_ref(answer), Vec::as_slice))
            .filter_map(serde_json::Value::as_str)
            .collect();
        let mut screen = self.for_screen();
        for list in screen.long_lists.keys() {
            let named = self.choices(list).iter().filter(|choice| names.contains(choice.name.as_str()));
            screen.lists.insert(list.clone(), named.cloned().collect());
        }
        screen
    }

    /// The questions whose answers a record's line hangs on.
    pub fn line_reads(&self) -> impl Iterator<Item = &str> {
        self.line_order.iter().filter_map(|place| self.questions.get(*place)).map(|asked| asked.path.as_str())
    }

    /// A record's one line in a list, by the form's `instance_name`; its title where there is none.
    #[must_use]
    pub fn summary(&self, answers: &Answers, language: &str, now: Now) -> String {
        let line = self
            .line
            .as_ref()
            .map(|line| tree::Tree::working_out(self, answers, now, &self.line_order).line(line, language));
        line.filter(|line| !line.trim().is_empty()).unwrap_or_else(|| self.title().get(language).to_owned())
    }
}
