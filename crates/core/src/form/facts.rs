//! What a form asks of people, counted: for whoever decides whether it is published, beside what it changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::document::Row;
use super::rules::Needed;
use super::{Answers, Choice, Form, Now, Pii, Question, QuestionKind, evaluate};

/// A form in figures.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FormFacts {
    /// Those an officer may be asked.
    pub questions: u32,
    /// Those of them that must be answered, always or at times.
    pub required: u32,
    /// The fewest taps from the tile to a saved record: the tile, each answer that cannot be left out, three for
    /// photos where the form asks for any, and saving.
    pub taps: u32,
    pub personal: u32,
    pub special: u32,
    pub criminal: u32,
    /// Questions that are answered with photos.
    pub photos: u32,
    /// What a device downloads.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Against the version that is published now.
    pub changed: Option<FormChanges>,
}

/// What differs between two versions of a form, by the paths of questions.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct FormChanges {
    pub from_version: u32,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub altered: Vec<String>,
}

impl Form {
    /// The form counted, and compared with the version that is published now. `now` is for questions that look
    /// at the clock before they are asked.
    #[must_use]
    pub fn facts(&self, published: Option<&Self>, now: Now) -> FormFacts {
        let asked = || self.questions.iter().filter(|question| is_asked(question));
        let kept =
            |pii| count(self.questions.iter().filter(|each| holds_an_answer(&each.kind) && each.pii == pii));
        let photos = || asked().filter(|question| matches!(question.kind, QuestionKind::Image { .. }));
        FormFacts {
            questions: count(asked()),
            required: count(asked().filter(|question| !matches!(question.rules.required, Needed::Never))),
            taps: 2 + self.needed_at_first(now) + if photos().next().is_some() { 3 } else { 0 },
            personal: kept(Pii::Personal),
            special: kept(Pii::Special),
            criminal: kept(Pii::Criminal),
            photos: count(photos()),
            bytes: self.resolved_json().len() as u64,
            changed: published.map(|published| self.changes_since(published)),
        }
    }

    /// Answers an empty form asks for, photos left out: they are counted by themselves.
    fn needed_at_first(&self, now: Now) -> u32 {
        let empty = evaluate(self, &Answers::default(), now);
        let needed = empty.required.iter().filter_map(|field| self.question(&field.path));
        count(
            needed.filter(|question| {
                is_asked(question) && !matches!(question.kind, QuestionKind::Image { .. })
            }),
        )
    }

    fn changes_since(&self, before: &Self) -> FormChanges {
        let (old, new) = (before.rows(), self.rows());
        let alters = |path: &&str| match (old.get(path), new.get(path)) {
            (Some(old), Some(new)) => old != new,
            _ => false,
        };
        let owned = |paths: Vec<&str>| paths.into_iter().map(str::to_owned).collect();
        let in_order = |form: &'_ Self, wanted: &dyn Fn(&&str) -> bool| -> Vec<String> {
            owned(form.questions.iter().map(|question| question.path.as_str()).filter(wanted).collect())
        };
        FormChanges {
            from_version: before.version(),
            added: in_order(self, &|path| !old.contains_key(path)),
            removed: in_order(before, &|path| !new.contains_key(path)),
            altered: in_order(self, &alters),
        }
    }

    /// Each question's row as written, with the choices it offers.
    fn rows(&self) -> BTreeMap<&str, (&Row, &[Choice])> {
        let opening = |row: &&Row| !matches!(row.kind.as_str(), "end_group" | "end_repeat");
        let rows = self.document.survey.iter().filter(opening);
        let with_choices =
            |question: &'_ Question| question.kind.list().map_or(&[][..], |list| self.choices(list));
        self.questions
            .iter()
            .zip(rows)
            .map(|(question, row)| (question.path.as_str(), (row, with_choices(question))))
            .collect()
    }
}

fn holds_an_answer(kind: &QuestionKind) -> bool {
    kind.is_answered() && !matches!(kind, QuestionKind::Repeat { .. })
}

fn is_asked(question: &Question) -> bool {
    holds_an_answer(&question.kind) && question.kind.is_shown() && !question.office
}

fn count<'a>(questions: impl Iterator<Item = &'a Question>) -> u32 {
    let paths: BTreeSet<&str> = questions.map(|question| question.path.as_str()).collect();
    u32::try_from(paths.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Codes;
    use crate::form::shipped::NOW;

    fn form(version: u32, rows: &str, choices: &str) -> Form {
        let json = format!(
            r#"{{"settings":{{"form_id":"t","version":{version},"form_title":{{"en":"T"}},"service":"s","ref_prefix":"TT"}},
                "survey":[{rows}],"choices":[{choices}]}}"#
        );
        Form::parse(&json, &Codes::default()).unwrap()
    }

    const SIZES: &str = r#"{"list_name":"sizes","name":"bag","label":{"en":"Bag"}}"#;

    #[test]
    fn taps_count_the_tile_what_must_be_answered_photos_and_saving() {
        let rows = r#"{"type":"image","name":"photos","parameters":"max=4 min=1","required":true},
            {"type":"geopoint","name":"where","required":true},
            {"type":"select_one sizes","name":"size","required":true},
            {"type":"text","name":"which","required":true,"relevant":"${size} = 'other'"},
            {"type":"text","name":"plate","pii":"personal"},
            {"type":"text","name":"outcome","office":true,"pii":"criminal"},
            {"type":"note","name":"said","label":{"en":"Thank you"}},
            {"type":"calculate","name":"sum","calculation":"1 + 1"}"#;
        let facts = form(1, rows, SIZES).facts(None, NOW);
        assert_eq!((facts.questions, facts.required, facts.photos), (5, 4, 1));
        assert_eq!(facts.taps, 1 + 2 + 3 + 1, "the tile, where and size, the photos, saving");
        assert_eq!((facts.personal, facts.special, facts.criminal), (1, 0, 1));
        assert_eq!(facts.changed, None);
    }

    #[test]
    fn a_row_of_a_repeat_counts_once_and_its_table_is_no_question() {
        let rows = r#"{"type":"begin_repeat","name":"people","pii":"special"},{"type":"text","name":"name","required":true},
            {"type":"end_repeat"}"#;
        let facts = form(1, rows, "").facts(None, NOW);
        assert_eq!((facts.questions, facts.required, facts.special, facts.taps), (1, 1, 1, 2));
    }

    #[test]
    fn changes_name_what_came_went_and_reads_otherwise() {
        let before = form(
            3,
            r#"{"type":"text","name":"a"},{"type":"begin_group","name":"g"},{"type":"text","name":"b"},{"type":"text","name":"c"},
               {"type":"end_group"},{"type":"select_one sizes","name":"size"},{"type":"text","name":"same"}"#,
            SIZES,
        );
        let after = form(
            4,
            r#"{"type":"text","name":"a","required":true},{"type":"begin_group","name":"g"},{"type":"text","name":"c"},
               {"type":"integer","name":"d"},{"type":"end_group"},{"type":"select_one sizes","name":"size"},
               {"type":"text","name":"same"}"#,
            &format!(r#"{SIZES},{{"list_name":"sizes","name":"van","label":{{"en":"Van"}}}}"#),
        );
        let changed = after.facts(Some(&before), NOW).changed.unwrap();
        assert_eq!(changed.from_version, 3);
        assert_eq!(changed.added, ["g/d"]);
        assert_eq!(changed.removed, ["g/b"]);
        assert_eq!(changed.altered, ["a", "size"], "a list that grew alters the question that offers it");
        let same = after.facts(Some(&after), NOW).changed.unwrap();
        assert_eq!((same.added.len(), same.removed.len(), same.altered.len()), (0, 0, 0));
    }

    #[test]
    fn bytes_are_those_of_the_pack() {
        let form = form(1, r#"{"type":"text","name":"a"}"#, "");
        assert_eq!(form.facts(None, NOW).bytes, form.resolved_json().len() as u64);
    }
}
