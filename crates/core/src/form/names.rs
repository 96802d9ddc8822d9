//! What the names in a form's expressions mean, from where they stand.

use std::collections::BTreeMap;

use super::expr::ExprFault;
use super::{Choice, Question};

pub struct Names<'a> {
    form: &'a str,
    questions: &'a [Question],
    by_path: &'a BTreeMap<String, usize>,
    by_name: BTreeMap<&'a str, Vec<usize>>,
    lists: &'a BTreeMap<String, Vec<Choice>>,
}

impl<'a> Names<'a> {
    pub fn new(
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

    pub fn question(&self, place: usize) -> Option<&'a Question> {
        self.questions.get(place)
    }

    /// `${name}`: one question of the form has it.
    pub fn named(&self, name: &str) -> Result<usize, ExprFault> {
        match self.by_name.get(name).map(Vec::as_slice) {
            Some([place]) => Ok(*place),
            Some(_) => Err(ExprFault::AmbiguousReference(name.to_owned())),
            None => Err(ExprFault::UnknownReference(name.to_owned())),
        }
    }

    pub fn below(&self, place: usize, name: &str) -> Result<usize, ExprFault> {
        let path = self.path_of(place, name);
        self.by_path.get(&path).copied().ok_or(ExprFault::UnknownReference(path))
    }

    pub fn at_top(&self, name: &str) -> Result<usize, ExprFault> {
        self.by_path.get(name).copied().ok_or_else(|| ExprFault::UnknownReference(name.to_owned()))
    }

    /// So many steps up from a question: where that is (the form itself is nowhere), and how many of the repeats
    /// around are still one's own.
    pub fn above(&self, place: usize, up: usize) -> Result<(Option<usize>, usize), ExprFault> {
        let mut at = Some(place);
        for _ in 0..up {
            let question = at.and_then(|place| self.questions.get(place));
            at = question.ok_or_else(|| ExprFault::Unexpected("..".to_owned()))?.rules.parent;
        }
        Ok((at, at.map_or(0, |place| self.chain(place).len())))
    }

    pub fn is_root(&self, name: &str) -> bool {
        (name == "data" || name == self.form) && !self.by_path.contains_key(name)
    }

    pub fn path_of(&self, place: usize, name: &str) -> String {
        let above = self.questions.get(place).map(|question| question.path.as_str()).unwrap_or_default();
        format!("{above}/{name}")
    }

    /// The repeats around a question.
    pub fn repeats(&self, place: usize) -> &[usize] {
        self.questions.get(place).map(|question| question.rules.repeats.as_slice()).unwrap_or_default()
    }

    fn chain(&self, place: usize) -> &[usize] {
        self.questions.get(place).map(|question| question.rules.chain.as_slice()).unwrap_or_default()
    }

    /// The repeat whose row a place is or stands in.
    pub fn innermost(&self, place: usize) -> Option<usize> {
        self.chain(place).last().copied()
    }

    /// The list that `instance('…')` and `pulldata('…')` name: with or without the ending of its file.
    pub fn list(&self, name: &str) -> Option<String> {
        let endings = ["", ".csv", ".geojson", ".xml"].into_iter().map(|ending| format!("{name}{ending}"));
        endings.into_iter().find(|file| self.lists.contains_key(file))
    }

    pub fn has_column(&self, list: &str, column: &str) -> bool {
        let choices = self.lists.get(list).map(Vec::as_slice).unwrap_or_default();
        matches!(column, "name" | "label") || choices.iter().any(|choice| choice.columns.contains_key(column))
    }
}
