//! The survey sheet, row for row, and what it needs from beside it.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::problem::FormProblem;
use super::spellings;
use super::table::{Record, Table};
use crate::form::{FormFaultCode, Requirement, Row};

/// The columns that hold expressions, where curly quotes are a slip of the word processor.
const EXPRESSIONS: &[&str] =
    &["relevant", "constraint", "calculation", "choice_filter", "repeat_count", "trigger", "default"];

/// Parameters of XLSForm that only say how a screen of another program draws the question.
const NOT_KEPT: &[&str] = &["incremental", "placeholder", "tick_interval", "tick_labelset"];

#[derive(Debug, Default)]
pub struct Survey {
    pub rows: Vec<Row>,
    /// Of each row, the sheet's.
    pub numbers: Vec<u32>,
    pub files: BTreeMap<String, Need>,
}

/// A file the form reads choices from.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Need {
    /// The first row that needs it.
    pub row: u32,
    /// The column that is a choice's name, where it is not `name`.
    pub value: Option<String>,
    /// The column that is its label, where it is not `label`.
    pub label: Option<String>,
    /// Looked up only, never shown as choices.
    pub looked_up: bool,
}

pub fn read(table: &Table, problems: &mut Vec<FormProblem>) -> Survey {
    for field in ["type", "name", "label"].into_iter().filter(|field| !table.has(field)) {
        problems.push(FormProblem {
            column: Some(field.to_owned()),
            ..FormProblem::of_sheet(&table.sheet, FormFaultCode::MissingColumn, field)
        });
    }
    let mut survey = Survey::default();
    if table.has("type") {
        for record in &table.records {
            survey.take(table, record, problems);
        }
    }
    survey
}

impl Survey {
    fn take(&mut self, table: &Table, record: &Record, problems: &mut Vec<FormProblem>) {
        let tell = |field: &str, code, what: &str| table.problem(record.number, field, code, what);
        if let Some(true) = table.text(record, "disabled").and_then(yes_or_no) {
            problems.push(tell("disabled", FormFaultCode::DisabledRow, "").noted());
            return;
        }
        let Some(written) = table.text(record, "type") else {
            problems.push(tell("type", FormFaultCode::MissingColumn, "type"));
            return;
        };
        let kind = spellings::kind(written);
        if kind.starts_with("end_") {
            self.push(Row { kind, ..Row::default() }, record.number);
            return;
        }
        if kind == "audit" {
            problems.push(tell("type", FormFaultCode::NotKept, "audit").noted());
            return;
        }
        let mut row = row(table, record, kind, problems);
        if row.name.is_empty() && row.kind == "note" {
            row.name = format!("note_{}", record.number);
            problems.push(tell("name", FormFaultCode::NameMade, &row.name).noted());
        }
        if let Some(file) = spellings::file(&row.kind, &row.name) {
            let asked = parameters(row.parameters.as_deref());
            let column =
                |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            let need = Need {
                row: record.number,
                value: column("value"),
                label: column("label"),
                looked_up: row.kind.ends_with("-external"),
            };
            if !self.need(file, need) {
                problems.push(tell(
                    "parameters",
                    FormFaultCode::Contradiction,
                    row.parameters.as_deref().unwrap_or_default(),
                ));
            }
        }
        for file in looked_up(&row) {
            self.need(file, Need { row: record.number, looked_up: true, ..Need::default() });
        }
        self.push(row, record.number);
    }

    fn push(&mut self, row: Row, number: u32) {
        self.rows.push(row);
        self.numbers.push(number);
    }

    /// Whether the file can be read the way this row wants it besides those before.
    fn need(&mut self, file: String, need: Need) -> bool {
        match self.files.get_mut(&file) {
            None => {
                self.files.insert(file, need);
                true
            }
            Some(_) if need.looked_up => true,
            Some(before) if before.looked_up => {
                *before = need;
                true
            }
            Some(before) => (&before.value, &before.label) == (&need.value, &need.label),
        }
    }
}

fn row(table: &Table, record: &Record, kind: String, problems: &mut Vec<FormProblem>) -> Row {
    for field in EXPRESSIONS {
        if let Some(text) = table.text(record, field).filter(|text| has_curly_quotes(text)) {
            problems.push(table.problem(record.number, field, FormFaultCode::CurlyQuotes, text));
        }
    }
    let text = |field: &str| table.text(record, field).map(str::to_owned);
    Row {
        kind,
        name: text("name").unwrap_or_default(),
        label: table.words(record, "label", problems),
        hint: table.words(record, "hint", problems),
        guidance_hint: table.words(record, "guidance_hint", problems),
        thing: table.words(record, "thing", problems),
        required: requirement(table, record, "required", problems),
        required_message: table.words(record, "required_message", problems),
        relevant: text("relevant"),
        constraint: text("constraint"),
        constraint_message: table.words(record, "constraint_message", problems),
        choice_filter: text("choice_filter"),
        calculation: text("calculation"),
        trigger: text("trigger"),
        default: text("default"),
        read_only: requirement(table, record, "read_only", problems),
        repeat_count: text("repeat_count"),
        appearance: text("appearance"),
        parameters: kept_parameters(table, record, problems),
        image: table.words(record, "image", problems),
        audio: table.words(record, "audio", problems),
        video: table.words(record, "video", problems),
        save_to: noted(table, record, "save_to", problems),
        call: text("call"),
        merge: one_of(table, record, "merge", problems),
        once: flag(table, record, "once", problems),
        pii: one_of(table, record, "pii", problems),
        max: number(table, record, problems),
        office: flag(table, record, "office", problems),
    }
}

fn requirement(
    table: &Table,
    record: &Record,
    field: &str,
    problems: &mut Vec<FormProblem>,
) -> Option<Requirement> {
    let text = table.text(record, field)?;
    match yes_or_no(text) {
        Some(true) => Some(Requirement::Always(true)),
        Some(false) => None,
        None => {
            if has_curly_quotes(text) {
                problems.push(table.problem(record.number, field, FormFaultCode::CurlyQuotes, text));
            }
            Some(Requirement::When(text.to_owned()))
        }
    }
}

fn flag(table: &Table, record: &Record, field: &str, problems: &mut Vec<FormProblem>) -> Option<bool> {
    let text = table.text(record, field)?;
    let flag = yes_or_no(text);
    if flag.is_none() {
        problems.push(table.problem(record.number, field, FormFaultCode::WrongShape, text));
    }
    flag
}

fn number(table: &Table, record: &Record, problems: &mut Vec<FormProblem>) -> Option<u32> {
    let text = table.text(record, "max")?;
    let number = text.parse().ok();
    if number.is_none() {
        problems.push(table.problem(record.number, "max", FormFaultCode::WrongShape, text));
    }
    number
}

fn one_of<T: DeserializeOwned>(
    table: &Table,
    record: &Record,
    field: &str,
    problems: &mut Vec<FormProblem>,
) -> Option<T> {
    let text = table.text(record, field)?;
    let known = serde_json::from_value(Json::String(text.to_owned())).ok();
    if known.is_none() {
        problems.push(table.problem(record.number, field, FormFaultCode::WrongShape, text));
    }
    known
}

fn noted(table: &Table, record: &Record, field: &str, problems: &mut Vec<FormProblem>) -> Option<String> {
    let text = table.text(record, field)?;
    problems.push(table.problem(record.number, field, FormFaultCode::KeptOnly, text).noted());
    Some(text.to_owned())
}

/// Those that XLSForm does not have stand in a column of their own, before the others.
fn kept_parameters(table: &Table, record: &Record, problems: &mut Vec<FormProblem>) -> Option<String> {
    let both = ["own_parameters", "parameters"].into_iter().filter_map(|field| table.text(record, field));
    let text = both.collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return None;
    }
    let (dropped, kept): (Vec<_>, Vec<_>) =
        parameters(Some(&text)).into_iter().partition(|(name, _)| NOT_KEPT.contains(&name.as_str()));
    if dropped.is_empty() {
        return Some(text);
    }
    for (name, _) in dropped {
        problems.push(table.problem(record.number, "parameters", FormFaultCode::NotKept, &name).noted());
    }
    let kept: Vec<String> = kept.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!kept.is_empty()).then(|| kept.join(" "))
}

/// Parts that are no `name=value` are left to the form's own check.
pub fn parameters(text: Option<&str>) -> Vec<(String, String)> {
    let spaced = text.unwrap_or_default().replace([',', ';'], " ");
    let pairs = spaced.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_lowercase().replace(' ', "").as_str() {
        "yes" | "true" | "true()" | "1" => Some(true),
        "no" | "false" | "false()" | "0" => Some(false),
        _ => None,
    }
}

/// Curly quotes that do not stand inside a text in straight ones.
pub fn has_curly_quotes(text: &str) -> bool {
    let mut within = None;
    for letter in text.chars() {
        match (within, letter) {
            (None, '\'' | '"') => within = Some(letter),
            (Some(quote), _) if quote == letter => within = None,
            (None, '‘' | '’' | '“' | '”' | '‚' | '„') => return true,
            (None | Some(_), _) => {}
        }
    }
    false
}

/// The files that a row's expressions look things up in: `pulldata('streets', …)`.
fn looked_up(row: &Row) -> Vec<String> {
    let when = |requirement: &Option<Requirement>| match requirement {
        Some(Requirement::When(text)) => Some(text.clone()),
        Some(Requirement::Always(_)) | None => None,
    };
    let Row { relevant, constraint, choice_filter, calculation, default, required, read_only, .. } = row;
    let texts = [relevant, constraint, choice_filter, calculation, default].into_iter().flatten().cloned();
    let texts = texts.chain(when(required)).chain(when(read_only));
    texts.flat_map(|text| pulled(&text)).collect()
}

fn pulled(text: &str) -> Vec<String> {
    let calls = text.split("pulldata").skip(1);
    let names = calls.filter_map(|call| {
        let name = call.trim_start().strip_prefix('(')?.trim_start();
        let quote = name.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (name, _) = name.strip_prefix(quote)?.split_once(quote)?;
        Some(format!("{}.csv", name.strip_suffix(".csv").unwrap_or(name)))
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curly_quotes_are_a_slip_outside_a_text_only() {
        assert!(has_curly_quotes("${a} = ‘yes’"));
        assert!(has_curly_quotes("${a} = 'yes' or ${b} = “no”"));
        assert!(!has_curly_quotes("concat('it’s ', ${a})"));
    }

    #[test]
    fn a_look_up_names_its_file() {
        assert_eq!(pulled("pulldata('streets', 'usrn', 'name', ${s})"), ["streets.csv"]);
        assert_eq!(
            pulled("concat(pulldata ( \"a\", 'x', 'y', .), pulldata('b.csv','x','y', .))"),
            ["a.csv", "b.csv"]
        );
        assert!(pulled("pulldata(${which}, 'a', 'b', .)").is_empty());
    }
}
