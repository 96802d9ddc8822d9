//! From rows to a form: names and sections, kinds, lists, and every expression tied to its questions.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Codes;
use super::document::{ChoiceRow, FormDocument, Requirement, Row};
use super::expr::{self, ExprFault, Reference, Target};
use super::fault::{FormFault, FormFaultCode, Sheet};
use super::plan::Plan;
use super::{Choice, Form, Media, Merge, Needed, Question, QuestionKind, Rules, kinds};
use crate::field::PATH_LIMIT;

pub fn parse(mut document: FormDocument, codes: &Codes) -> Result<Form, Vec<FormFault>> {
    let mut faults = Vec::new();
    inline(&mut document, codes, &mut faults);
    let lists = lists(&document.choices, &mut faults);
    let mut reader =
        Reader { lists: &lists, questions: Vec::new(), by_path: BTreeMap::new(), open: Vec::new(), faults };
    let mut places = Vec::new();
    for (number, row) in (1..).zip(&document.survey) {
        places.push(reader.row(number, row));
    }
    let Reader { mut questions, by_path, open, mut faults, .. } = reader;
    for place in open {
        let what = questions.get(place).map(|section| section.path.clone()).unwrap_or_default();
        faults.push(FormFault::of(Sheet::Survey, FormFaultCode::Unbalanced, what));
    }
    let names = Names::new(&document.settings.form_id, &questions, &by_path, &lists);
    let mut compiled = Vec::new();
    for ((number, row), place) in (1..).zip(&document.survey).zip(places) {
        if let Some(place) = place {
            compiled.push((place, names.rules(number, row, place, &mut faults)));
        }
    }
    let line = document.settings.instance_name.as_ref().and_then(|source| {
        let expr = expr::parse(source, &|reference| names.target(reference, None, &[]));
        expr.map_err(|fault| {
            faults.push(FormFault::at(
                Sheet::Settings,
                1,
                "instance_name",
                FormFaultCode::BadExpression,
                fault.to_string(),
            ));
        })
        .ok()
    });
    for (place, rules) in compiled {
        if let Some(question) = questions.get_mut(place) {
            question.rules =
                Rules { parent: question.rules.parent, repeats: question.rules.repeats.clone(), ..rules };
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
    if faults.is_empty() { Ok(Form { document, questions, by_path, lists, line, plan }) } else { Err(faults) }
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
            merge,
            pii,
            office,
            parent,
            repeat,
            rules: Rules { parent: self.open.last().copied(), repeats, ..Rules::default() },
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

/// Second pass: what references mean, and the rules of each row.
struct Names<'a> {
    form: &'a str,
    questions: &'a [Question],
    by_path: &'a BTreeMap<String, usize>,
    by_name: BTreeMap<&'a str, Vec<usize>>,
    lists: &'a BTreeMap<String, Vec<Choice>>,
}

impl<'a> Names<'a> {
    fn new(
        form: &'a str,
        questions: &'a [Question],
        by_path: &'a BTreeMap<String, usize>,
        lists: &'a BTreeMap<String, Vec<Choice>>,
    ) -> Self {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, question) in questions.iter().enumerate() {
            by_name.entry(&question.name).or_default().push(place);
        }
        Self { form, questions, by_path, by_name, lists }
    }

    fn rules(&self, number: usize, row: &Row, place: usize, faults: &mut Vec<FormFault>) -> Rules {
        let columns = self.columns(place);
        let mut compile = |column: &str, source: Option<&String>| {
            let columns: &[&str] = if column == "choice_filter" { &columns } else { &[] };
            let expr = expr::parse(source?, &|reference| self.target(reference, Some(place), columns));
            expr.map_err(|fault| {
                let what = fault.to_string();
                faults.push(FormFault::at(Sheet::Survey, number, column, FormFaultCode::BadExpression, what));
            })
            .ok()
        };
        let required = match &row.required {
            None | Some(Requirement::Always(false)) => Needed::Never,
            Some(Requirement::Always(true)) => Needed::Always,
            Some(Requirement::When(source)) => {
                compile("required", Some(source)).map_or(Needed::Never, Needed::When)
            }
        };
        Rules {
            relevant: compile("relevant", row.relevant.as_ref()),
            constraint: compile("constraint", row.constraint.as_ref()),
            choice_filter: compile("choice_filter", row.choice_filter.as_ref()),
            calculation: compile("calculation", row.calculation.as_ref()),
            required,
            required_message: row.required_message.clone(),
            constraint_message: row.constraint_message.clone(),
            ..Rules::default()
        }
    }

    /// The columns a choice filter may read: those that any choice of the list has.
    fn columns(&self, place: usize) -> Vec<&str> {
        let Some(list) = self.questions.get(place).and_then(|question| question.kind.list()) else {
            return Vec::new();
        };
        let choices = self.lists.get(list).map_or(&[][..], Vec::as_slice);
        let columns: BTreeSet<&str> =
            choices.iter().flat_map(|choice| choice.columns.keys().map(String::as_str)).collect();
        std::iter::once("name").chain(columns).collect()
    }

    fn target(
        &self,
        reference: &Reference,
        from: Option<usize>,
        columns: &[&str],
    ) -> Result<Target, ExprFault> {
        let at = |path: &str| self.by_path.get(path).map(|place| Target::Question(*place));
        match reference {
            Reference::Named(name) => match self.by_name.get(name.as_str()).map(Vec::as_slice) {
                Some([place]) => Ok(Target::Question(*place)),
                Some(_) => Err(ExprFault::AmbiguousReference(name.clone())),
                None => Err(ExprFault::UnknownReference(name.clone())),
            },
            Reference::Bare(name) if columns.contains(&name.as_str()) => Ok(Target::Column(name.clone())),
            Reference::Bare(name) => Err(ExprFault::UnknownReference(name.clone())),
            Reference::Relative { up, down } => {
                let own =
                    from.and_then(|place| self.questions.get(place)).map(|question| question.path.as_str());
                let mut steps: Vec<&str> = own.unwrap_or_default().split('/').collect();
                steps.truncate(steps.len().saturating_sub(*up));
                steps.extend(down.iter().map(String::as_str));
                let path = steps.join("/");
                at(&path).ok_or(ExprFault::UnknownReference(path))
            }
            Reference::Absolute(names) => {
                let path = match names.split_first() {
                    Some((root, rest)) if root == "data" || root == self.form => rest.join("/"),
                    _ => names.join("/"),
                };
                at(&path).ok_or(ExprFault::UnknownReference(path))
            }
        }
    }
}

#[cfg(test)]
mod tests;
