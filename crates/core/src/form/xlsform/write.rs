//! A form as sheets: XLSForm's columns first, then ours, and the files that some of its lists are.

use std::collections::{BTreeMap, BTreeSet};

use super::survey::Need;
use super::{Sheets, companions, spellings, survey};
use crate::form::{ChoiceRow, FormDocument, Localised, Requirement, Row, Settings};

const ENGLISH: &str = "English (en)";
const WELSH: &str = "Cymraeg (cy)";

/// Cells by heading.
type Cells = BTreeMap<String, String>;

/// The sheets of a form, and the files beside them by name.
#[must_use]
pub fn write(document: &FormDocument) -> (Sheets, BTreeMap<String, String>) {
    let headed = Headed { welsh: has_welsh(document) };
    let survey: Vec<Cells> = document.survey.iter().map(|row| headed.row(row)).collect();
    let (beside, inside): (Vec<_>, Vec<_>) =
        document.choices.iter().partition(|choice| spellings::is_file(&choice.list_name));
    let choices: Vec<Cells> = inside.into_iter().map(|choice| headed.choice(choice)).collect();
    let settings = vec![headed.settings(&document.settings)];
    let mut sheets = vec![("survey".to_owned(), headed.laid_out(&SURVEY_ORDER, &survey))];
    if !choices.is_empty() {
        sheets.push(("choices".to_owned(), headed.laid_out(&["list_name", "name", "label"], &choices)));
    }
    sheets.push(("settings".to_owned(), headed.laid_out(&SETTINGS_ORDER, &settings)));
    if !document.entities.is_empty() {
        let order = ["list_name", "label", "entity_id", "create_if", "update_if"];
        sheets.push(("entities".to_owned(), headed.laid_out(&order, &document.entities)));
    }
    (Sheets(sheets), files(document, &beside))
}

const SURVEY_ORDER: [&str; 30] = [
    "type",
    "name",
    "label",
    "hint",
    "guidance_hint",
    "required",
    "required_message",
    "relevant",
    "constraint",
    "constraint_message",
    "choice_filter",
    "calculation",
    "trigger",
    "default",
    "read_only",
    "repeat_count",
    "appearance",
    "parameters",
    "image",
    "audio",
    "video",
    "save_to",
    "own_parameters",
    "thing",
    "pii",
    "merge",
    "once",
    "max",
    "office",
    "call",
];

/// Types, and the parameters that they have here alone.
const OWN_PARAMETERS: [(&[&str], &[&str]); 3] = [
    (&["image"], &["quality"]),
    (&["image", "audio", "background-audio", "video", "file"], &["max", "min"]),
    (&["geotrace", "geoshape"], &["capture-accuracy", "warning-accuracy"]),
];

const SETTINGS_ORDER: [&str; 10] = [
    "form_title",
    "form_title_cy",
    "form_id",
    "version",
    "instance_name",
    "default_language",
    "service",
    "ref_prefix",
    "lgsl",
    "version_text",
];

fn files(document: &FormDocument, beside: &[&ChoiceRow]) -> BTreeMap<String, String> {
    let mut lists: BTreeMap<&str, Vec<&ChoiceRow>> = BTreeMap::new();
    for choice in beside {
        lists.entry(&choice.list_name).or_default().push(choice);
    }
    let write = |(file, rows): (&str, Vec<&ChoiceRow>)| {
        let row = document.survey.iter().find(|row| {
            spellings::file(&row.kind, &row.name).as_deref() == Some(file) && row.parameters.is_some()
        });
        let need = row.map(|row| {
            let asked = survey::parameters(row.parameters.as_deref());
            let column =
                |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            Need { value: column("value"), label: column("label"), ..Need::default() }
        });
        (file.to_owned(), companions::write(file, need.as_ref(), &rows))
    };
    lists.into_iter().map(write).collect()
}

fn has_welsh(document: &FormDocument) -> bool {
    let Settings { form_title, .. } = &document.settings;
    let of_row =
        |row: &Row| words(row).into_iter().any(|(_, words)| words.is_some_and(|words| words.cy.is_some()));
    form_title.cy.is_some()
        || document.survey.iter().any(of_row)
        || document.choices.iter().any(|choice| choice.label.cy.is_some())
}

fn words(row: &Row) -> [(&'static str, Option<&Localised>); 9] {
    [
        ("label", row.label.as_ref()),
        ("hint", row.hint.as_ref()),
        ("guidance_hint", row.guidance_hint.as_ref()),
        ("thing", row.thing.as_ref()),
        ("required_message", row.required_message.as_ref()),
        ("constraint_message", row.constraint_message.as_ref()),
        ("image", row.image.as_ref()),
        ("audio", row.audio.as_ref()),
        ("video", row.video.as_ref()),
    ]
}

/// Other readers of XLSForm refuse parameters that it does not have, so ours stand in a column of their own.
fn parted(row: &Row) -> (Option<String>, Option<String>) {
    let text = row.parameters.as_deref().unwrap_or_default();
    let (own, rest): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|pair| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        OWN_PARAMETERS.iter().any(|(kinds, own)| kinds.contains(&row.kind.as_str()) && own.contains(&name))
    });
    let joined = |pairs: Vec<&str>| (!pairs.is_empty()).then(|| pairs.join(" "));
    (joined(own), joined(rest))
}

/// Writes words below one heading, or below one for each language.
struct Headed {
    welsh: bool,
}

impl Headed {
    fn put(&self, cells: &mut Cells, heading: &str, words: &Localised) {
        if !self.welsh {
            cells.insert(heading.to_owned(), words.en.clone());
            return;
        }
        // Both, so that no language lacks a column that the other has.
        cells.insert(format!("{heading}::{ENGLISH}"), words.en.clone());
        cells.insert(format!("{heading}::{WELSH}"), words.cy.clone().unwrap_or_default());
    }

    fn row(&self, row: &Row) -> Cells {
        let mut cells = Cells::new();
        for (heading, words) in words(row) {
            if let Some(words) = words {
                self.put(&mut cells, heading, words);
            }
        }
        let mut put = |heading: &str, text: Option<String>| {
            cells.extend(text.filter(|text| !text.is_empty()).map(|text| (heading.to_owned(), text)));
        };
        put("type", Some(row.kind.clone()));
        put("name", Some(row.name.clone()));
        put("required", row.required.as_ref().and_then(requirement));
        put("read_only", row.read_only.as_ref().and_then(requirement));
        for (heading, text) in [
            ("relevant", &row.relevant),
            ("constraint", &row.constraint),
            ("choice_filter", &row.choice_filter),
            ("calculation", &row.calculation),
            ("trigger", &row.trigger),
            ("default", &row.default),
            ("repeat_count", &row.repeat_count),
            ("appearance", &row.appearance),
            ("save_to", &row.save_to),
            ("call", &row.call),
        ] {
            put(heading, text.clone());
        }
        let (own, parameters) = parted(row);
        put("own_parameters", own);
        put("parameters", parameters);
        put("merge", row.merge.and_then(named));
        put("pii", row.pii.and_then(named));
        put("once", row.once.map(yes_no));
        put("office", row.office.map(yes_no));
        put("max", row.max.map(|max| max.to_string()));
        cells
    }

    fn choice(&self, choice: &ChoiceRow) -> Cells {
        let ChoiceRow { list_name, name, label, more } = choice;
        let mut cells: Cells =
            more.iter().map(|(heading, value)| (heading.clone(), companions::plain(value))).collect();
        cells.insert("list_name".to_owned(), list_name.clone());
        cells.insert("name".to_owned(), name.clone());
        self.put(&mut cells, "label", label);
        cells
    }

    fn settings(&self, settings: &Settings) -> Cells {
        let Settings {
            form_id,
            version,
            form_title,
            service,
            ref_prefix,
            lgsl,
            instance_name,
            version_text,
            other,
        } = settings;
        let mut cells = other.clone();
        let mut put = |heading: &str, text: Option<String>| {
            cells.extend(text.map(|text| (heading.to_owned(), text)));
        };
        // XLSForm has one title, and its readers stumble over one in another language.
        put("form_title", Some(form_title.en.clone()));
        put("form_title_cy", form_title.cy.clone());
        put("form_id", Some(form_id.clone()));
        put("version", Some(version.to_string()));
        put("version_text", version_text.clone());
        put("instance_name", instance_name.clone());
        put("default_language", self.welsh.then(|| ENGLISH.to_owned()));
        put("service", Some(service.clone()));
        put("ref_prefix", Some(ref_prefix.clone()));
        put("lgsl", lgsl.map(|lgsl| lgsl.to_string()));
        cells
    }

    /// Rows below the headings they use: those of the order first, then the rest by name.
    fn laid_out(&self, order: &[&str], rows: &[Cells]) -> Vec<Vec<String>> {
        let used: BTreeSet<&str> = rows.iter().flat_map(|row| row.keys().map(String::as_str)).collect();
        let base = |heading: &str| heading.split_once("::").map_or(heading, |(base, _)| base).to_owned();
        let mut headings: Vec<&str> = used.into_iter().collect();
        headings.sort_by_key(|heading| {
            let place = order.iter().position(|ordered| *ordered == base(heading)).unwrap_or(order.len());
            let welsh = heading.ends_with(WELSH);
            (place, if place == order.len() { (*heading).to_owned() } else { String::new() }, welsh)
        });
        let first = headings.iter().map(|heading| (*heading).to_owned()).collect();
        let cells = rows.iter().map(|row| {
            headings.iter().map(|heading| row.get(*heading).cloned().unwrap_or_default()).collect()
        });
        std::iter::once(first).chain(cells).collect()
    }
}

fn requirement(requirement: &Requirement) -> Option<String> {
    match requirement {
        Requirement::Always(false) => None,
        Requirement::Always(true) => Some(yes_no(true)),
        Requirement::When(text) => Some(text.clone()),
    }
}

fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// The name a form file has for it.
fn named(value: impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned))
}
