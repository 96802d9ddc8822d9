//! A form of the size that the World Health Organization sends out, timed: opened, answered, brought in as a workbook,
//! and a long list searched. Beside each the barest work on the same bytes in the same run. `docs/performance.md` says
//! what it means.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use kerbside_core::field::FieldKey;
use kerbside_core::form::xlsform::{self, Sheets, Usual};
use kerbside_core::form::{
    Answers, Codes, Form, FormDocument, Now, Sought, answers_from_json, evaluate, re_evaluate,
};
use kerbside_core::value::Value;
use kerbside_server::workbook;
use serde_json::{Map, Value as Json, json};

use crate::clock::timed;
use crate::figures::{self, percentile};

const QUESTIONS: usize = 500;
const RELEVANCES: usize = 300;
const CALCULATIONS: usize = 50;
const CHOICES: usize = 10_000;
const ROUNDS: usize = 400;
const OPENINGS: usize = 40;

const NOW: Now = Now { ms: 1_773_652_364_000, offset_min: 0, seed: 1 };

pub fn form() -> Result<()> {
    let document = document();
    let text = document.to_string();
    let form = read(&text)?;
    opening(&text, &form)?;
    answering(&form)?;
    bringing_in(&serde_json::from_value(document).context("A document")?)?;
    searching()
}

/// Five hundred questions in ten sections. Most wait for the one before them, and every tenth is worked out.
fn document() -> Json {
    let mut survey = Vec::new();
    for at in 0..QUESTIONS {
        if at % 50 == 0 {
            survey.push(
                json!({"type": "begin_group", "name": format!("part{}", at / 50), "label": {"en": "Part"}}),
            );
        }
        let columns = match at % 10 {
            9 if at / 10 < CALCULATIONS => json!({
                "type": "calculate", "calculation": format!("coalesce(${{q{}}}, 0) + coalesce(${{q{}}}, 0) * 2", at - 1, at - 2),
            }),
            0 => {
                json!({"type": "select_one yes_no", "label": {"en": format!("Question {at}?")}, "required": true})
            }
            1 | 7 | 8 => {
                json!({"type": "integer", "label": {"en": format!("How many {at}?")}, "constraint": ". >= 0 and . < 1000"})
            }
            _ => json!({"type": "text", "label": {"en": format!("Which {at}?")}, "hint": {"en": "In words"}}),
        };
        let mut row = Map::new();
        row.insert("name".into(), json!(format!("q{at}")));
        if (2..8).contains(&(at % 10)) {
            row.insert("relevant".into(), json!(format!("${{q{}}} = 'yes'", at - at % 10)));
        }
        row.extend(columns.as_object().cloned().unwrap_or_default());
        survey.push(Json::Object(row));
        if at % 50 == 49 {
            survey.push(json!({"type": "end_group"}));
        }
    }
    json!({
        "settings": {"form_id": "census", "version": 1, "form_title": {"en": "Census"}, "service": "s", "ref_prefix": "CE"},
        "survey": survey,
        "choices": [
            {"list_name": "yes_no", "name": "yes", "label": {"en": "Yes"}},
            {"list_name": "yes_no", "name": "no", "label": {"en": "No"}}
        ]
    })
}

fn read(text: &str) -> Result<Form> {
    Form::parse(text, &Codes::default()).map_err(|faults| anyhow!("{faults:?}"))
}

fn opening(text: &str, form: &Form) -> Result<()> {
    let rules = |column: &str| text.matches(&format!("\"{column}\"")).count();
    ensure!(
        (rules("relevant"), rules("calculation")) == (RELEVANCES, CALCULATIONS),
        "Another form than meant"
    );
    ensure!(form.questions().iter().filter(|question| question.kind.is_answered()).count() == QUESTIONS);
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..OPENINGS {
        let (opened, took) = timed(|| -> Result<usize> {
            let form = read(text)?;
            Ok(evaluate(&form, &Answers::default(), NOW).visible.len())
        });
        ensure!(0 < opened?);
        ours.push(took);
        let (parsed, took) = timed(|| serde_json::from_str::<Json>(text));
        ensure!(parsed.context("JSON")?.is_object());
        floor.push(took);
    }
    each("form_500.open", &ours, &floor)
}

/// One answer after another on a form that is half filled in. The floor is writing what the screen is told.
fn answering(form: &Form) -> Result<()> {
    let mut answers = filled(form);
    let mut evaluation = evaluate(form, &answers, NOW);
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let at = round * 37 % QUESTIONS;
        let question = form.questions().iter().find(|question| question.name == format!("q{at}"));
        let field = FieldKey::new(question.context("A question")?.path.as_str());
        let value = match at % 10 {
            0 => Value::code(if round % 3 == 0 { "no" } else { "yes" }),
            9 => continue,
            1 | 7 | 8 => Value::Int(i64::try_from(round)?),
            _ => Value::text("In words"),
        };
        answers.insert(field.clone(), value);
        let (next, took) = timed(|| re_evaluate(form, &evaluation, &answers, &field, NOW));
        ours.push(took);
        evaluation = next;
        let (told, took) = timed(|| serde_json::to_string(&evaluation));
        ensure!(!told.context("JSON")?.is_empty());
        floor.push(took);
    }
    ensure!(evaluation == evaluate(form, &answers, NOW), "Looking again saw something else");
    each("form_500.answer", &ours, &floor)
}

fn filled(form: &Form) -> Answers {
    let answer = |question: &kerbside_core::form::Question| {
        let at: usize = question.name.strip_prefix('q')?.parse().ok()?;
        let answer = match at % 10 {
            0 => json!(if at.is_multiple_of(20) { "yes" } else { "no" }),
            9 => return None,
            1 | 7 | 8 => json!(at),
            _ => json!("In words"),
        };
        Some((question.path.clone(), answer))
    };
    answers_from_json(form, &form.questions().iter().filter_map(answer).collect()).0
}

/// The same form as a workbook. The floor is reading its cells and nothing more.
fn bringing_in(document: &FormDocument) -> Result<()> {
    let (sheets, _) = xlsform::write(document);
    let usual = Usual { service: Some("s".into()), ref_prefix: Some("CE".into()), version: 1 };
    let bytes = workbook::build(&sheets)?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..OPENINGS / 4 {
        let (sheets, cells): (Result<Sheets>, Duration) =
            timed(|| workbook::open(&bytes).map_err(|problem| anyhow!("{problem:?}")));
        let sheets = sheets?;
        let (read_in, rest) = timed(|| -> Result<Form> {
            let imported = xlsform::read(&sheets, &BTreeMap::new(), &usual);
            read(&imported.json().context("A form")?)
        });
        ensure!(read_in?.questions().len() == document.survey.len() - 10);
        ours.push(cells + rest);
        floor.push(cells);
    }
    each("form_500.import", &ours, &floor)
}

/// What is typed into a list of ten thousand. The floor is looking through the same labels for the same letters.
fn searching() -> Result<()> {
    let labels: Vec<String> = (0..CHOICES).map(|at| format!("{} Example Road", at * 7 % CHOICES)).collect();
    let choices: Vec<Json> = labels
        .iter()
        .enumerate()
        .map(|(at, label)| json!({"list_name": "street", "name": format!("s{at}"), "label": {"en": label}}))
        .collect();
    let form = read(
        &json!({
            "settings": {"form_id": "l", "version": 1, "form_title": {"en": "L"}, "service": "s", "ref_prefix": "LL"},
            "survey": [{"type": "select_one street", "name": "street"}],
            "choices": choices
        })
        .to_string(),
    )?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS / 4 {
        let text = format!("{} exam", round * 13 % 1_000);
        let field = FieldKey::new("street");
        let (offer, took) =
            timed(|| form.offer(&Answers::default(), &field, Sought { text: &text, limit: 30 }, NOW));
        ensure!(0 < offer.total);
        ours.push(took);
        let (seen, took) =
            timed(|| labels.iter().filter(|label| label.to_lowercase().contains(&text)).count());
        ensure!(seen <= labels.len());
        floor.push(took);
    }
    each("list_10000.search", &ours, &floor)
}

fn each(name: &str, ours: &[Duration], floor: &[Duration]) -> Result<()> {
    for percent in [50, 95] {
        figures::ms(
            &format!("{name}.p{percent}"),
            percentile(ours, percent)?,
            Some(percentile(floor, percent)?),
        )?;
    }
    Ok(())
}
