//! A form's answers as JSON Schema 2020-12, for systems that read or send them.
//!
//! The schema says what one answer may be and what is needed in every record; what hangs on other answers it
//! can only put into words, in the form's own expressions. The form itself is what decides.

use serde_json::{Map, Value as Json, json};

use super::document::{Requirement, Row};
use super::rules::Needed;
use super::{Choice, Form, LONG_LIST, Medium, Metadatum, Question, QuestionKind};
use crate::field::ORDER;

const ROW: &str = "[0-9a-f]{16}";
const DECIMAL: &str = "^-?[0-9]+(\\.[0-9]+)?$";

impl Form {
    /// The schema of a whole record's answers: one flat object, its keys the paths of questions.
    #[must_use]
    pub fn answer_schema(&self) -> Json {
        let (mut properties, mut in_rows, mut required) = (Map::new(), Map::new(), Vec::new());
        for (question, row) in self.questions.iter().zip(self.opening_rows()) {
            if !question.kind.is_answered() {
                continue;
            }
            let schema = self.of_question(question, row);
            if let QuestionKind::Repeat { .. } = question.kind {
                let order = json!({"type": "string", "description": "In which order the rows stand."});
                put(&mut properties, &mut in_rows, &format!("{ORDER}{}", question.path), question, order);
            }
            if self.is_always_needed(question) {
                required.push(question.path.as_str());
            }
            put(&mut properties, &mut in_rows, &question.path, question, schema);
        }
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:kerbside:form:{}:{}", self.key(), self.version()),
            "title": self.title().en,
            "type": "object",
            "required": required,
            "additionalProperties": false,
            "properties": properties,
            "patternProperties": in_rows,
            "$defs": self.definitions(),
        })
    }

    fn opening_rows(&self) -> impl Iterator<Item = &Row> {
        self.document.survey.iter().filter(|row| !matches!(row.kind.as_str(), "end_group" | "end_repeat"))
    }

    /// Whether every record has an answer: nothing decides whether the question is asked.
    fn is_always_needed(&self, question: &Question) -> bool {
        let mut around = Some(question);
        while let Some(each) = around {
            if each.rules.relevant.is_some() {
                return false;
            }
            around = each.rules.parent.and_then(|parent| self.questions.get(parent));
        }
        question.repeat.is_none() && !question.office && matches!(question.rules.required, Needed::Always)
    }

    fn of_question(&self, question: &Question, row: &Row) -> Json {
        let mut schema = of_kind(&question.kind);
        let described = description(row);
        if let Some(members) = schema.as_object_mut() {
            if let Some(label) = &question.label {
                members.insert("title".to_owned(), json!(label.en));
            }
            if !described.is_empty() {
                members.insert("description".to_owned(), json!(described));
            }
        }
        schema
    }

    fn definitions(&self) -> Map<String, Json> {
        let kinds = || self.questions.iter().map(|question| &question.kind);
        let mut definitions = Map::new();
        for list in kinds().filter_map(QuestionKind::list) {
            definitions.entry(list_name(list)).or_insert_with(|| of_list(self.choices(list)));
        }
        if kinds().any(|kind| matches!(kind, QuestionKind::Geopoint { .. })) {
            definitions.insert("place".to_owned(), place());
        }
        if kinds().any(|kind| matches!(kind, QuestionKind::Geotrace { .. } | QuestionKind::Geoshape { .. })) {
            definitions.insert("line".to_owned(), line());
        }
        definitions
    }
}

/// A question of a repeat has an answer in each row, so its keys are a pattern.
fn put(
    properties: &mut Map<String, Json>,
    in_rows: &mut Map<String, Json>,
    path: &str,
    question: &Question,
    schema: Json,
) {
    if question.repeat.is_some() {
        // Names hold letters, digits, `_`, `-` and `.`: only the last means anything in a pattern.
        in_rows.insert(format!("^{}@{ROW}$", path.replace('.', "\\.")), schema);
    } else {
        properties.insert(path.to_owned(), schema);
    }
}

/// What hangs on other answers, as the form puts it.
fn description(row: &Row) -> String {
    let needed = match &row.required {
        Some(Requirement::When(when)) => Some(format!("Needed when {when}.")),
        Some(Requirement::Always(true)) if row.relevant.is_some() => Some("Needed when asked.".to_owned()),
        Some(Requirement::Always(_)) | None => None,
    };
    let says = |what: &str, rule: &Option<String>| rule.as_ref().map(|rule| format!("{what} {rule}."));
    [
        says("Asked when", &row.relevant),
        needed,
        says("Must hold:", &row.constraint),
        says("Comes out as", &row.calculation),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" ")
}

fn of_kind(kind: &QuestionKind) -> Json {
    match kind {
        QuestionKind::Text { max } | QuestionKind::Barcode { max } => {
            json!({"type": "string", "maxLength": max})
        }
        QuestionKind::Calculate | QuestionKind::Hidden => json!({"type": "string"}),
        QuestionKind::Integer => json!({"type": "integer"}),
        // As text it keeps its digits; a plain number is read as well.
        QuestionKind::Decimal => json!({"type": ["string", "number"], "pattern": DECIMAL}),
        QuestionKind::Range { start, end, step } => {
            let scale = format!("From {start} to {end} in steps of {step}.");
            json!({"type": ["string", "number"], "pattern": DECIMAL, "$comment": scale})
        }
        QuestionKind::SelectOne { list } => json!({"$ref": list_ref(list)}),
        QuestionKind::SelectMultiple { list } => {
            json!({"type": "array", "uniqueItems": true, "items": {"$ref": list_ref(list)}})
        }
        QuestionKind::Rank { list } => {
            json!({"type": "string", "$comment": format!("All choices of {list}, the first one first, with a space between.")})
        }
        QuestionKind::Date => json!({"type": "string", "format": "date"}),
        QuestionKind::Time => json!({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$"}),
        QuestionKind::DateTime => json!({"type": "string", "format": "date-time"}),
        QuestionKind::Geopoint { .. } => json!({"$ref": "#/$defs/place"}),
        QuestionKind::Geotrace { .. } | QuestionKind::Geoshape { .. } => json!({"$ref": "#/$defs/line"}),
        QuestionKind::Image { min, max, .. } => attached(*min, *max, "photos"),
        QuestionKind::File { medium, min, max } => attached(
            *min,
            *max,
            match medium {
                Medium::Audio => "recordings",
                Medium::Video => "films",
                Medium::Any => "files",
            },
        ),
        QuestionKind::Acknowledge => json!({"type": "boolean"}),
        QuestionKind::Metadata { what } => match what {
            Metadatum::Start | Metadatum::End => json!({"type": "string", "format": "date-time"}),
            Metadatum::Today => json!({"type": "string", "format": "date"}),
            Metadatum::Device | Metadatum::Officer | Metadatum::Phone | Metadatum::Email => {
                json!({"type": "string"})
            }
        },
        QuestionKind::Repeat { max, .. } => {
            json!({"type": "array", "uniqueItems": true, "maxItems": max, "items": {"type": "string", "pattern": format!("^{ROW}$")}})
        }
        QuestionKind::Note | QuestionKind::Group => json!(false),
    }
}

fn attached(min: u32, max: u32, what: &str) -> Json {
    json!({
        "type": "array", "uniqueItems": true, "minItems": min, "maxItems": max,
        "items": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "$comment": format!("The SHA-256 of {what}, which travel by themselves."),
    })
}

/// A list too long to lay out is too long to print in a schema as well.
fn of_list(choices: &[Choice]) -> Json {
    if LONG_LIST < choices.len() {
        let comment = format!("One of {} choices; the form has them.", choices.len());
        return json!({"type": "string", "pattern": "^\\S{1,128}$", "$comment": comment});
    }
    json!({"enum": choices.iter().map(|choice| &choice.name).collect::<Vec<_>>()})
}

fn list_name(list: &str) -> String {
    format!("list.{list}")
}

/// A pointer into `$defs`, in which some signs have to be written otherwise.
fn list_ref(list: &str) -> String {
    let escaped: String = list_name(list)
        .bytes()
        .map(|byte| match byte {
            b'~' => "~0".to_owned(),
            b'/' => "~1".to_owned(),
            b if b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-') => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    format!("#/$defs/{escaped}")
}

fn place() -> Json {
    json!({
        "type": "object",
        "required": ["lat", "lon", "fixed_at", "source"],
        "additionalProperties": false,
        "properties": {
            "lat": {"type": "number", "minimum": -90, "maximum": 90},
            "lon": {"type": "number", "minimum": -180, "maximum": 180},
            "altitude_m": {"type": ["number", "null"]},
            "accuracy_m": {"type": ["number", "null"], "minimum": 0},
            "fixed_at": {"type": "string", "format": "date-time"},
            "source": {"type": "string"},
        },
    })
}

fn line() -> Json {
    let degrees = |most: i32| json!({"type": "number", "minimum": -most, "maximum": most});
    json!({
        "type": "array", "maxItems": 1_000,
        "items": {"type": "array", "prefixItems": [degrees(90), degrees(180)], "minItems": 2, "items": false},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::FaultCode;
    use crate::form::shipped::{form, forms};

    fn validator(form: &Form) -> jsonschema::Validator {
        let schema = form.answer_schema();
        jsonschema::draft202012::meta::validate(&schema).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    }

    #[test]
    fn every_good_example_of_every_form_keeps_to_its_schema() {
        for form in forms() {
            let validator = validator(&form);
            for example in form.examples().iter().filter(|example| example.faults.is_empty()) {
                let answers = Json::Object(example.answers.clone());
                let faults: Vec<_> = validator
                    .iter_errors(&answers)
                    .map(|fault| {
                        format!("{} “{}” {}: {fault}", form.key(), example.title, fault.instance_path())
                    })
                    .collect();
                assert!(faults.is_empty(), "{}", faults.join("\n"));
            }
        }
    }

    #[test]
    fn what_no_record_may_leave_out_is_required_and_what_hangs_on_an_answer_is_put_in_words() {
        let form = form("tenancy_audit");
        let schema = form.answer_schema();
        assert_eq!(schema["required"], json!(["uprn", "access"]));
        let smoke = schema["properties"]["home/smoke"]["description"].as_str();
        assert_eq!(smoke, None, "its section decides, and says so in the form");
        let matches = schema["properties"]["who/match"]["description"].as_str().unwrap();
        assert_eq!(matches, "Asked when ${id_type} != '' and ${id_type} != 'none'.");
        let actions = schema["properties"]["close/actions"]["description"].as_str().unwrap();
        assert!(actions.starts_with("Needed when ${damp} = 'yes'"), "{actions}");
        let name = &schema["patternProperties"]["^who/household/name@[0-9a-f]{16}$"];
        assert_eq!(name["maxLength"], 120);
    }

    #[test]
    fn an_answer_of_another_kind_breaks_the_schema_as_it_breaks_the_form() {
        let mut seen = 0;
        for form in forms() {
            let validator = validator(&form);
            let needs = form.answer_schema()["required"].clone();
            let told_by_schema = |field: &String, code: &FaultCode| {
                let always = [
                    FaultCode::TooLong,
                    FaultCode::PlaceOutOfRange,
                    FaultCode::TooManyPhotos,
                    FaultCode::NotAPlace,
                ];
                let needed = needs.as_array().unwrap().contains(&json!(field));
                always.contains(code) || *code == FaultCode::Required && needed
            };
            for example in form.examples() {
                if example.faults.iter().any(|(field, code)| told_by_schema(field, code)) {
                    assert!(
                        !validator.is_valid(&Json::Object(example.answers.clone())),
                        "{} “{}”",
                        form.key(),
                        example.title
                    );
                    seen += 1;
                }
            }
        }
        assert!(3 < seen, "{seen} examples are bad in a way that a schema sees");
        let validator = validator(&form("tenancy_audit"));
        let with = |key: &str, answer: Json| {
            let mut answers = json!({"uprn": "1", "access": "no_reply"});
            answers[key] = answer;
            validator.is_valid(&answers)
        };
        assert!(with("home/damp", json!("yes")));
        assert!(!with("home/damp", json!("perhaps")));
        assert!(!with("home/colour", json!("blue")));
        assert!(with("who/household/name@0123456789abcdef", json!("Alex Example")));
        assert!(!with("who/household/name@1", json!("Alex Example")));
        assert!(!with("who/household/name", json!("Alex Example")));
        assert!(with("home/clutter", json!("3")) && with("home/clutter", json!(3)));
        assert!(!with("home/clutter", json!("three")));
    }

    #[test]
    fn lines_scales_and_long_lists_have_their_shape() {
        let choices: Vec<Json> = (0..=LONG_LIST)
            .map(|at| json!({"list_name": "streets", "name": format!("s{at}"), "label": {"en": "S"}}))
            .collect();
        let json = json!({
            "settings": {"form_id": "t", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
            "survey": [
                {"type": "geotrace", "name": "walk"},
                {"type": "range", "name": "how"},
                {"type": "select_one streets", "name": "street"},
                {"type": "start", "name": "begun"},
                {"type": "audio", "name": "sound"}
            ],
            "choices": choices,
        });
        let validator = validator(&Form::parse(&json.to_string(), &crate::form::Codes::default()).unwrap());
        assert!(validator.is_valid(&json!({"walk": [[52.6, 1.2], [52.7, 1.3]], "how": "3", "street": "s7"})));
        assert!(!validator.is_valid(&json!({"walk": [[152.6, 1.2]]})));
        assert!(!validator.is_valid(&json!({"walk": [[52.6, 1.2, 3.0]]})));
        assert!(validator.is_valid(&json!({"how": 3})) && !validator.is_valid(&json!({"how": true})));
        assert!(!validator.is_valid(&json!({"street": "a street"})));
        assert!(!validator.is_valid(&json!({"sound": ["noise.mp3"]})));
    }
}
