//! Two answers to one question kept as one, where the question can hold both.

use std::collections::BTreeSet;

use super::evaluate::evaluate;
use super::{Answers, Form, Merge, Now, QuestionKind};
use crate::field::FieldKey;
use crate::value::Value;

impl Form {
    /// Several choices together, or one text after the other. Nothing where only one answer can be true, where the form
    /// says that the question is answered once, or where its rules would refuse the two as one.
    #[must_use]
    pub fn both(&self, field: &FieldKey, values: &[Value], answers: &Answers, now: Now) -> Option<Value> {
        let question = self.question(&field.path).filter(|question| question.merge == Merge::Mv)?;
        if values.len() < 2 {
            return None;
        }
        let both = if matches!(question.kind, QuestionKind::SelectMultiple { .. }) {
            union(values)?
        } else if matches!(question.kind, QuestionKind::Text { .. }) {
            let appearance = question.appearance.as_deref().unwrap_or_default();
            let lines = appearance.split_whitespace().any(|way| way == "multiline");
            joined(values, if lines { "\n\n" } else { " / " })?
        } else {
            return None;
        };
        let mut whole = answers.clone();
        whole.insert(field.clone(), both.clone());
        let broken = evaluate(self, &whole, now).faults.into_iter().any(|fault| fault.field == *field);
        (!broken).then_some(both)
    }
}

fn union(values: &[Value]) -> Option<Value> {
    let mut union = BTreeSet::new();
    for value in values {
        let Value::Codes(codes) = value else { return None };
        union.extend(codes.iter().cloned());
    }
    Some(Value::Codes(union))
}

/// The older first, as they would have been written one after the other; `values` are the newest first.
fn joined(values: &[Value], between: &str) -> Option<Value> {
    let mut texts = Vec::new();
    for value in values.iter().rev() {
        let Value::Text(text) = value else { return None };
        texts.push(text.as_str());
    }
    let all_said = texts.iter().all(|text| !text.is_empty());
    all_said.then(|| Value::text(&texts.join(between)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Codes;
    use crate::form::shipped::NOW;
    use serde_json::json;

    fn form() -> Form {
        let form = json!({
            "settings": {"form_id": "t", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
            "survey": [
                {"type": "text", "name": "number", "max": 30},
                {"type": "text", "name": "story", "appearance": "multiline"},
                {"type": "text", "name": "plate", "merge": "once"},
                {"type": "text", "name": "strict", "constraint": "regex(., '[0-9]+')", "constraint_message": {"en": "No"}},
                {"type": "select_one size", "name": "size"},
                {"type": "select_multiple size", "name": "sizes"}
            ],
            "choices": [
                {"list_name": "size", "name": "small", "label": {"en": "Small"}},
                {"list_name": "size", "name": "large", "label": {"en": "Large"}}
            ]
        });
        Form::parse(&form.to_string(), &Codes::default()).unwrap()
    }

    fn both(field: &str, values: &[Value]) -> Option<Value> {
        form().both(&FieldKey::new(field), values, &Answers::default(), NOW)
    }

    #[test]
    fn choices_are_united_and_texts_follow_each_other_the_older_first() {
        let codes = |names: &[&str]| Value::Codes(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(both("sizes", &[codes(&["small"]), codes(&["large"])]), Some(codes(&["large", "small"])));
        let texts = [Value::text("newer"), Value::text("older")];
        assert_eq!(both("number", &texts), Some(Value::text("older / newer")));
        assert_eq!(both("story", &texts), Some(Value::text("older\n\nnewer")));
    }

    #[test]
    fn both_is_not_offered_where_only_one_answer_can_stand() {
        let texts = [Value::text("1"), Value::text("2")];
        assert_eq!(both("plate", &texts), None, "answered once");
        assert_eq!(both("strict", &texts), None, "the form would refuse it");
        assert_eq!(
            both("number", &[Value::text("0".repeat(20).as_str()), Value::text("1".repeat(20).as_str())]),
            None
        );
        assert_eq!(both("number", &[Value::text("1"), Value::Null]), None, "one of them was cleared");
        assert_eq!(both("size", &[Value::code("small"), Value::code("large")]), None);
        assert_eq!(both("number", &[Value::text("1")]), None, "there is one");
    }
}
