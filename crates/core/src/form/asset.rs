//! A question that takes the code of an asset, where a report is begun at one.

use super::{Form, Question, QuestionKind};
use crate::assets::AssetKind;
use crate::field::FieldKey;

const APPEARANCE: &str = "asset";

/// Where a report that is begun at an asset says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssetFields {
    pub place: FieldKey,
    /// None where the form does not ask for the code of an asset of this kind.
    pub code: Option<FieldKey>,
}

impl Form {
    /// The fields that an asset of this kind answers; none where the form asks for no place. A question with the appearance
    /// `asset` takes the code of any asset, and one with `asset litter_bin` that of a litter bin.
    #[must_use]
    pub fn asset_fields(&self, kind: AssetKind) -> Option<AssetFields> {
        let mut asked =
            self.questions().iter().filter(|question| question.repeat.is_none() && !question.office);
        let place = asked.clone().find(|question| matches!(question.kind, QuestionKind::Geopoint { .. }))?;
        let code = asked.find(|question| takes(question, kind));
        let key = |question: &Question| FieldKey::new(question.path.as_str());
        Some(AssetFields { place: key(place), code: code.map(key) })
    }
}

fn takes(question: &Question, kind: AssetKind) -> bool {
    let mut words = question.appearance.as_deref().unwrap_or_default().split_whitespace();
    if !matches!(question.kind, QuestionKind::Text { .. }) || words.next() != Some(APPEARANCE) {
        return false;
    }
    let kinds: Vec<&str> = words.collect();
    kinds.is_empty() || kinds.contains(&kind.name())
}

#[cfg(test)]
mod tests {
    use super::super::Codes;
    use super::*;

    fn form(appearance: &str) -> Form {
        let survey = serde_json::json!([
            {"type": "text", "name": "number", "label": {"en": "Its number"}, "appearance": appearance},
            {"type": "geopoint", "name": "where", "label": {"en": "Where is it?"}},
        ]);
        let settings = serde_json::json!({"form_id": "bin", "version": 1, "form_title": {"en": "Bin"}, "service": "street", "ref_prefix": "BN"});
        let document = serde_json::json!({"settings": settings, "survey": survey});
        Form::parse(&document.to_string(), &Codes::default()).unwrap()
    }

    #[test]
    fn an_asset_answers_where_it_is_and_its_code_where_that_is_asked_for() {
        let code = |appearance: &str, kind| {
            let fields = form(appearance).asset_fields(kind).unwrap();
            assert_eq!(fields.place, FieldKey::new("where"));
            fields.code
        };
        let number = Some(FieldKey::new("number"));
        assert_eq!(code("asset", AssetKind::Lamp), number);
        assert_eq!(code("asset litter_bin grit_bin", AssetKind::GritBin), number);
        assert_eq!(code("asset litter_bin", AssetKind::Lamp), None, "a lamp has no bin's number");
        assert_eq!(code("multiline", AssetKind::Lamp), None);
    }
}
