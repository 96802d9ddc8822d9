//! The choices of a list that is too long to lay out, as somebody types what they look for.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use unicode_normalization::UnicodeNormalization;

use super::check::offered;
use super::expr::Now;
use super::tree::Tree;
use super::{Answers, Choice, Form};
use crate::field::FieldKey;
use crate::value::Value;

/// The most choices told at once, whatever was asked for.
const LIMIT: usize = 200;

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    pub text: &'a str,
    pub limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Offer {
    /// How many fit, those not told here included.
    pub total: u32,
    /// The best of them: those whose label begins with what was typed come first.
    pub choices: Vec<Choice>,
    /// Those that are the answer now, whether they fit or not.
    pub chosen: Vec<Choice>,
}

impl Form {
    /// The choices on offer at a question whose label or name has every word that was typed, at the head of a word
    /// or inside one. Capitals and accents do not matter.
    #[must_use]
    pub fn offer(&self, answers: &Answers, field: &FieldKey, sought: Sought<'_>, now: Now) -> Offer {
        let Some((place, question)) = self
            .by_path
            .get(&field.path)
            .and_then(|place| self.questions.get(*place).map(|question| (*place, question)))
        else {
            return Offer::default();
        };
        let Some(list) = question.kind.list() else { return Offer::default() };
        let tree = Tree::new(self, answers, now);
        let stand = tree.stands(question).into_iter().find(|stand| stand.last().copied() == field.row);
        let Some(stand) = stand else { return Offer::default() };
        let choices = self.choices(list);
        let items = offered(&tree, place, question, &stand).unwrap_or_else(|| (0..choices.len()).collect());
        let words: Vec<String> = sought.text.split_whitespace().map(plain).collect();
        let mut found: Vec<(u8, usize)> =
            items.into_iter().filter_map(|item| Some((rank(choices.get(item)?, &words)?, item))).collect();
        let total = u32::try_from(found.len()).unwrap_or(u32::MAX);
        found.sort_by_key(|(rank, _)| *rank);
        found.truncate(sought.limit.min(LIMIT));
        let told = found.into_iter().filter_map(|(_, item)| choices.get(item)).cloned().collect();
        let names = match tree.value(place, &stand) {
            Some(Value::Code(name)) => vec![name.clone()],
            Some(Value::Codes(names)) => names.iter().cloned().collect(),
            _ => Vec::new(),
        };
        let chosen = choices.iter().filter(|choice| names.contains(&choice.name)).cloned().collect();
        Offer { total, choices: told, chosen }
    }
}

/// How well a choice fits: lower is better. It is looked for in both languages, and by its name.
fn rank(choice: &Choice, words: &[String]) -> Option<u8> {
    let name = plain(&choice.name);
    let labels = std::iter::once(&choice.label.en).chain(&choice.label.cy);
    labels.filter_map(|label| rank_of(&plain(label), &name, words)).min()
}

fn rank_of(label: &str, name: &str, words: &[String]) -> Option<u8> {
    let mut worst = 0;
    for word in words {
        worst = worst.max(if label.starts_with(word.as_str()) || name == word.as_str() {
            0
        } else if label
            .split(|each: char| !each.is_alphanumeric())
            .any(|part| part.starts_with(word.as_str()))
        {
            1
        } else if label.contains(word.as_str()) || name.contains(word.as_str()) {
            2
        } else {
            return None;
        });
    }
    Some(worst)
}

/// Small letters without their accents.
fn plain(text: &str) -> String {
    let marks = |letter: &char| !('\u{300}'..='\u{36f}').contains(letter);
    text.nfd().filter(marks).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::shipped::NOW;
    use crate::form::{Codes, answers_from_json};
    use crate::ids::{Actor, OfficerId, RecordId};
    use crate::record::Record;
    use crate::record::view::{FieldView, RecordView, ValueView};
    use serde_json::json;

    fn streets() -> Form {
        let mut choices: Vec<_> = (0..10_000)
            .map(|n| {
                let ward = if n % 2 == 0 { "north" } else { "south" };
                json!({"list_name": "street", "name": format!("s{n}"), "label": {"en": format!("Street {n}")}, "ward": ward})
            })
            .collect();
        choices.push(json!({"list_name": "street", "name": "cafe", "label": {"en": "Old Café Lane", "cy": "Lôn Caffi"}, "ward": "north"}));
        let form = json!({
            "settings": {"form_id": "t", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
            "survey": [
                {"type": "text", "name": "ward"},
                {"type": "select_one street", "name": "street", "choice_filter": "${ward} = '' or ward = ${ward}"},
                {"type": "select_one street", "name": "keyed", "choice_filter": "ward = ${ward}"}
            ],
            "choices": choices
        });
        Form::parse(&form.to_string(), &Codes::default()).unwrap()
    }

    fn found(form: &Form, answers: &serde_json::Value, field: &str, text: &str) -> Offer {
        let (answers, _) = answers_from_json(form, answers.as_object().unwrap());
        form.offer(&answers, &FieldKey::new(field), Sought { text, limit: 3 }, NOW)
    }

    fn names(offer: &Offer) -> Vec<&str> {
        offer.choices.iter().map(|choice| choice.name.as_str()).collect()
    }

    #[test]
    fn a_long_list_is_searched_and_never_sent_whole() {
        let form = streets();
        let screen = form.for_screen();
        assert!(screen.lists.is_empty() && screen.long_lists["street"] == 10_001);
        let all = found(&form, &json!({}), "street", "");
        assert_eq!((all.total, names(&all)), (10_001, vec!["s0", "s1", "s2"]));
        let some = found(&form, &json!({}), "street", "9999");
        assert_eq!((some.total, names(&some)), (1, vec!["s9999"]));
        for text in ["lane OLD cafe", "lon caffi", "cafe"] {
            assert_eq!(names(&found(&form, &json!({}), "street", text)), ["cafe"], "{text}");
        }
        assert_eq!(found(&form, &json!({}), "street", "nowhere").total, 0);
        assert_eq!(found(&form, &json!({}), "ward", "s"), Offer::default());
    }

    #[test]
    fn a_record_brings_the_labels_of_what_it_names_and_no_more() {
        let form = streets();
        let value = ValueView {
            answer: json!("cafe"),
            officer: OfficerId(1),
            actor: Actor(1),
            at_ms: 0,
            dot: String::new(),
            grid: None,
        };
        let field = FieldView {
            field: FieldKey::new("street"),
            path: "street".to_owned(),
            row: None,
            values: vec![value],
            both: None,
            seen: String::new(),
        };
        let mut view = RecordView::of(RecordId([1; 16]), &Record::default(), None);
        view.fields.push(field);
        let screen = form.for_record(&view);
        let named: Vec<_> = screen.lists["street"].iter().map(|choice| choice.name.as_str()).collect();
        assert_eq!(named, ["cafe"]);
        assert_eq!(screen.long_lists["street"], 10_001);
    }

    #[test]
    fn what_the_form_filters_out_is_not_found_and_the_answer_is_told_all_the_same() {
        let form = streets();
        for field in ["street", "keyed"] {
            let south = found(&form, &json!({"ward": "south", "street": "cafe", "keyed": "cafe"}), field, "");
            assert_eq!((south.total, names(&south)), (5_000, vec!["s1", "s3", "s5"]), "{field}");
            assert_eq!(south.chosen[0].name, "cafe");
        }
    }
}
