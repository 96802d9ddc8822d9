//! From rows to a form: names and sections, kinds, lists, and every expression tied to its questions.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::codes::Codes;
use super::document::{ChoiceRow, FormDocument, Requirement, Row};
use super::expr::{self, Expr, Inside};
use super::fault::{FormFault, FormFaultCode, Sheet};
use super::names::Names;
use super::plan::Plan;
use super::rules::{Compiler, Rules};
use super::{Choice, Form, Localised, Media, Merge, Question, QuestionKind, address, kinds};
use crate::field::PATH_LIMIT;

/// The choice that `or_other` adds.
const OTHER: &str = "other";
/// Rows that ask nothing: tables that come with the form, and ODK's own record of who changed what, which every
/// record here has anyway.
const ASK_NOTHING: [&str; 3] = ["csv-external", "xml-external", "audit"];

pub fn parse(mut document: FormDocument, codes: &Codes) -> Result<Form, Vec<FormFault>> {
    let mut faults = Vec::new();
    inline(&mut document, codes, &mut faults);
    let mut lists = lists(&document.choices, &mut faults);
    let rows = with_others(&document.survey, &mut lists);
    let mut reader =
        Reader { lists: &lists, questions: Vec::new(), by_path: BTreeMap::new(), open: Vec::new(), faults };
    let mut places = Vec::new();
    for (number, row) in &rows {
        places.push(reader.row(*number, row));
    }
    let Reader { mut questions, by_path, open, mut faults, .. } = reader;
    for place in open {
        let what = questions.get(place).map(|section| section.path.clone()).unwrap_or_default();
        faults.push(FormFault::of(Sheet::Survey, FormFaultCode::Unbalanced, what));
    }
    let names = Names::new(&document.settings.form_id, &questions, &by_path, &lists);
    let mut compiled = Vec::new();
    for ((number, row), place) in rows.iter().zip(places) {
        if let Some(place) = place {
            faults.extend(address::faults(&questions, place, *number));
            compiled
                .push((place, Compiler { names: &names, number: *number, place }.rules(row, &mut faults)));
        }
    }
    let line = document.settings.instance_name.as_ref().and_then(|source| {
        let fault = |fault| FormFault::expression(Sheet::Settings, 1, "instance_name", &fault);
        expr::parse(source, &names, None, Inside::Form).map_err(|found| faults.push(fault(found))).ok()
    });
    for (place, rules) in compiled {
        if let Some(question) = questions.get_mut(place) {
            question.rules = rules;
        }
    }
    let plan = match Plan::new(&questions) {
        Ok(plan) => plan,
        Err(place) => {
            let what = questions.get(place).map(|question| question.path.clone()).unwrap_or_default();
            faults.push(FormFault::of(Sheet::Survey, FormFaultCode::Cycle, what));
            Plan::default()
        }
    };
    let indexes = indexes(&questions, &lists);
    let mut read = BTreeSet::new();
    line.iter().for_each(|line: &Expr| {
        line.references(&mut |place| {
            read.insert(place);
        });
    });
    let line_order = plan.needed_for(&read);
    if faults.is_empty() {
        Ok(Form { document, questions, by_path, lists, line, line_order, plan, indexes })
    } else {
        Err(faults)
    }
}

/// Rows with their numbers. A choice question with `or_other` brings a question of what the other is, and the choice
/// itself where its list has none.
fn with_others<'d>(
    survey: &'d [Row],
    lists: &mut BTreeMap<String, Vec<Choice>>,
) -> Vec<(usize, Cow<'d, Row>)> {
    let mut rows = Vec::new();
    for (number, row) in (1..).zip(survey) {
        rows.push((number, Cow::Borrowed(row)));
        let mut words = row.kind.split_whitespace();
        let (Some(list), Some("or_other")) = (words.nth(1), words.next()) else { continue };
        if let Some(choices) = lists.get_mut(list)
            && !choices.iter().any(|choice| choice.name == OTHER)
        {
            let label = Localised { en: "Other".to_owned(), cy: Some("Arall".to_owned()) };
            choices.push(Choice { name: OTHER.to_owned(), label, columns: BTreeMap::new() });
        }
        let which = Row {
            kind: "text".to_owned(),
            name: format!("{}_other", row.name),
            label: Some(Localised { en: "What is it?".to_owned(), cy: Some("Beth ydyw?".to_owned()) }),
            thing: Some(Localised { en: "what it is".to_owned(), cy: Some("beth ydyw".to_owned()) }),
            relevant: Some(format!("selected(../{}, '{OTHER}')", row.name)),
            pii: row.pii,
            office: row.office,
            ..Row::default()
        };
        rows.push((number, Cow::Owned(which)));
    }
    rows
}

/// For every column of a list that an expression looks a value up in: where each value stands.
fn indexes(
    questions: &[Question],
    lists: &BTreeMap<String, Vec<Choice>>,
) -> BTreeMap<(String, String), BTreeMap<String, Vec<usize>>> {
    let mut wanted = BTreeSet::new();
    for question in questions {
        let mut want = |list: &str, column: &str| {
            wanted.insert((list.to_owned(), column.to_owned()));
        };
        question.rules.expressions().for_each(|expr| expr.looks_up(&mut want));
        let filter = question.rules.choice_filter.as_ref().and_then(Expr::key);
        if let (Some(list), Some((column, _))) = (question.kind.list(), filter) {
            want(list, column);
        }
    }
    let index = |(list, column): &(String, String)| {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, choice) in lists.get(list).into_iter().flatten().enumerate() {
            let cell = match column.as_str() {
                "name" => choice.name.clone(),
                "label" => choice.label.en.clone(),
                _ => choice.columns.get(column).cloned().unwrap_or_default(),
            };
            places.entry(cell).or_default().push(place);
        }
        places
    };
    wanted.into_iter().map(|wanted| (wanted.clone(), index(&wanted))).collect()
}

/// Puts the code lists a form names into its choices sheet.
fn inline(document: &mut FormDocument, codes: &Codes, faults: &mut Vec<FormFault>) {
    for (list, source) in std::mem::take(&mut document.codes) {
        match codes.list(&source) {
            Some(found) => document.choices.extend(found.iter().map(|code| code.as_choice(&list))),
            None => faults.push(FormFault::of(Sheet::Codes, FormFaultCode::UnknownList, source)),
        }
    }
}

fn lists(rows: &[ChoiceRow], faults: &mut Vec<FormFault>) -> BTreeMap<String, Vec<Choice>> {
    let mut lists: BTreeMap<String, Vec<Choice>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (number, row) in (1..).zip(rows) {
        if row.name.is_empty() || row.name.len() > 128 || row.name.contains(char::is_whitespace) {
            faults.push(FormFault::at(Sheet::Choices, number, "name", FormFaultCode::BadName, &row.name));
        }
        if !seen.insert((&row.list_name, &row.name)) {
            faults.push(FormFault::at(
                Sheet::Choices,
                number,
                "name",
                FormFaultCode::DuplicateChoice,
                &row.name,
            ));
        }
        let columns = row.more.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
        let choice = Choice { name: row.name.clone(), label: row.label.clone(), columns };
        lists.entry(row.list_name.clone()).or_default().push(choice);
    }
    lists
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// First pass: sections, names, kinds.
struct Reader<'a> {
    lists: &'a BTreeMap<String, Vec<Choice>>,
    questions: Vec<Question>,
    by_path: BTreeMap<String, usize>,
    open: Vec<usize>,
    faults: Vec<FormFault>,
}

impl Reader<'_> {
    fn fault(&mut self, row: usize, column: &str, code: FormFaultCode, what: impl Into<String>) {
        self.faults.push(FormFault::at(Sheet::Survey, row, column, code, what));
    }

    /// The place of the question the row makes; closing rows and bad ones make none.
    fn row(&mut self, number: usize, row: &Row) -> Option<usize> {
        if let "end_group" | "end_repeat" = row.kind.as_str() {
            self.close(number, row);
            return None;
        }
        if ASK_NOTHING.contains(&row.kind.as_str()) {
            return None;
        }
        let kind = self.kind(number, row)?;
        if !is_name(&row.name) {
            self.fault(number, "name", FormFaultCode::BadName, &row.name);
            return None;
        }
        let around: Vec<&Question> =
            self.open.iter().filter_map(|place| self.questions.get(*place)).collect();
        let parent = around.last().map(|section| section.path.clone());
        let repeat = around.iter().rev().find(|each| is_repeat(each)).map(|each| each.path.clone());
        let path =
            parent.as_ref().map_or_else(|| row.name.clone(), |parent| format!("{parent}/{}", row.name));
        let office = row.office.unwrap_or_else(|| around.last().is_some_and(|section| section.office));
        let pii =
            row.pii.unwrap_or_else(|| around.last().map_or_else(Default::default, |section| section.pii));
        let repeats = self.repeats_around();
        if PATH_LIMIT < path.len() {
            self.fault(number, "name", FormFaultCode::BadName, &path);
        }
        let merge = self.merge(number, row, &kind);
        if office && !matches!(row.required, None | Some(Requirement::Always(false))) {
            self.fault(number, "required", FormFaultCode::Contradiction, "only the office is asked this");
        }
        let place = self.questions.len();
        if self.by_path.insert(path.clone(), place).is_some() {
            self.fault(number, "name", FormFaultCode::DuplicateName, &path);
            return None;
        }
        let mut chain = repeats.clone();
        chain.extend(is_repeat_kind(&kind).then_some(place));
        let opens = matches!(kind, QuestionKind::Group | QuestionKind::Repeat { .. });
        self.questions.push(Question {
            path,
            name: row.name.clone(),
            kind,
            label: row.label.clone(),
            hint: row.hint.clone(),
            guidance_hint: row.guidance_hint.clone(),
            media: Media { image: row.image.clone(), audio: row.audio.clone(), video: row.video.clone() },
            call: row.call.clone(),
            thing: row.thing.clone(),
            appearance: row.appearance.clone(),
            address: address::parts(row),
            merge,
            pii,
            office,
            parent,
            repeat,
            rules: Rules { parent: self.open.last().copied(), repeats, chain, ..Rules::default() },
        });
        if opens {
            self.open.push(place);
        }
        Some(place)
    }

    fn repeats_around(&self) -> Vec<usize> {
        let is_repeat_at = |place: &usize| self.questions.get(*place).is_some_and(is_repeat);
        self.open.iter().copied().filter(|place| is_repeat_at(place)).collect()
    }

    /// Photos and rows are sets; every other answer is one value. No kind of question is a log yet.
    fn merge(&mut self, number: usize, row: &Row, kind: &QuestionKind) -> Merge {
        let is_set = kind.is_attached() || is_repeat_kind(kind);
        let merge = match (row.merge, row.once) {
            (None, Some(true)) => Merge::Once,
            (None, _) if is_set => Merge::Set,
            (merge, _) => merge.unwrap_or_default(),
        };
        let fits = match merge {
            Merge::Mv => !is_set,
            Merge::Set => is_set,
            Merge::Log => false,
            Merge::Once | Merge::Server => true,
        };
        if !fits {
            self.fault(number, "merge", FormFaultCode::Contradiction, &row.kind);
        }
        if row.once.is_some_and(|once| once != (merge == Merge::Once)) {
            self.fault(number, "once", FormFaultCode::Contradiction, "merge says otherwise");
        }
        merge
    }

    fn close(&mut self, number: usize, row: &Row) {
        let closes = match self.open.last().and_then(|place| self.questions.get(*place)) {
            Some(section) => is_repeat(section) == (row.kind == "end_repeat"),
            None => false,
        };
        if closes {
            self.open.pop();
        } else {
            self.fault(number, "type", FormFaultCode::Unbalanced, &row.kind);
        }
    }

    fn kind(&mut self, number: usize, row: &Row) -> Option<QuestionKind> {
        let mut parameters = self.parameters(number, row);
        let kind = kinds::kind(row, &mut parameters);
        match kind {
            Ok(_) => {}
            Err(kinds::Refused::Type) => self.fault(number, "type", FormFaultCode::UnknownType, &row.kind),
            Err(kinds::Refused::Parameter(ref name)) => {
                self.fault(number, "parameters", FormFaultCode::BadParameter, name);
            }
        }
        let kind = kind.ok()?;
        for name in parameters.into_keys() {
            self.fault(number, "parameters", FormFaultCode::BadParameter, name);
        }
        if let Some(list) = kind.list().filter(|list| !self.lists.contains_key(*list)) {
            self.fault(number, "type", FormFaultCode::UnknownList, list);
        }
        let takes_max = matches!(
            kind,
            QuestionKind::Text { .. } | QuestionKind::Barcode { .. } | QuestionKind::Repeat { .. }
        );
        if row.max.is_some() && !takes_max {
            self.fault(number, "max", FormFaultCode::Contradiction, &row.kind);
        }
        let takes_calculation = kind.is_answered() && !kind.is_attached() && !is_repeat_kind(&kind);
        if row.calculation.is_some() && !takes_calculation
            || row.calculation.is_none() && kind == QuestionKind::Calculate
        {
            self.fault(number, "calculation", FormFaultCode::Contradiction, &row.kind);
        }
        Some(kind)
    }

    fn parameters(&mut self, number: usize, row: &Row) -> BTreeMap<String, String> {
        let mut parameters = BTreeMap::new();
        let spaced = row.parameters.as_deref().unwrap_or_default().replace([',', ';'], " ");
        for pair in spaced.split_whitespace() {
            match pair.split_once('=') {
                Some((name, value)) => {
                    parameters.insert(name.to_owned(), value.to_owned());
                }
                None => self.fault(number, "parameters", FormFaultCode::BadParameter, pair),
            }
        }
        parameters
    }
}

fn is_repeat_kind(kind: &QuestionKind) -> bool {
    matches!(kind, QuestionKind::Repeat { .. })
}

fn is_repeat(question: &Question) -> bool {
    is_repeat_kind(&question.kind)
}

fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts && name.chars().all(|each| each.is_ascii_alphanumeric() || matches!(each, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests;
