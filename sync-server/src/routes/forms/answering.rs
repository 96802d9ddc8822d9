//! A form over answers, worked out where the rules are: TypeScript shows; this decides.

use axum::Json;
use axum::extract::{Path, State};
use kerbside_core::field::FieldKey;
use kerbside_core::form::{
    Answers, Beginner, Evaluation, Fault, Form, Now, Offer, Sought, answers_from_json, answers_to_json,
    begin, consequences, evaluate,
};
use kerbside_core::ids::{RowId, Sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Answer};
use ts_rs::TS;

use super::{Designer, published};
use crate::clock::now_ms;
use crate::routes::desk::SignedIn;
use crate::routes::{App, Failure};

/// Answers as they stand.
#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub struct FormAnswers {
    #[ts(type = "Record<string, unknown>")]
    pub answers: Map<String, Answer>,
    /// The question that was answered last.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub changed: Option<FieldKey>,
}

/// The answers with what they set off, and the state of the form over them.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub struct FormAnswered {
    #[ts(type = "Record<string, unknown>")]
    pub answers: Map<String, Answer>,
    pub evaluation: Evaluation,
}

/// A search in a list too long to lay out.
#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub struct ChoiceSearch {
    #[ts(type = "Record<string, unknown>")]
    pub answers: Map<String, Answer>,
    #[ts(type = "string")]
    pub field: FieldKey,
    pub sought: String,
    pub limit: u32,
}

/// The state of a published form over these answers.
pub async fn evaluate_form(
    State(app): State<App>,
    _signed_in: SignedIn,
    Path((key, version)): Path<(String, u32)>,
    Json(given): Json<FormAnswers>,
) -> Result<Json<Evaluation>, Failure> {
    let form = published(&app, key, version).await?;
    let (answers, faults) = answers_from_json(&form, &given.answers);
    Ok(Json(judged(&form, &answers, faults)))
}

pub async fn begin_draft(
    State(app): State<App>,
    _designer: Designer,
    Path(id): Path<String>,
) -> Result<Json<FormAnswered>, Failure> {
    let form = app.db.run(move |store| store.draft_form(&id)).await?;
    let now = now();
    let answers = begin(&form, &Beginner::default(), now, &mut new_rows()?);
    Ok(Json(FormAnswered { answers: answers_to_json(&answers), evaluation: evaluate(&form, &answers, now) }))
}

pub async fn evaluate_draft(
    State(app): State<App>,
    _designer: Designer,
    Path(id): Path<String>,
    Json(given): Json<FormAnswers>,
) -> Result<Json<FormAnswered>, Failure> {
    let form = app.db.run(move |store| store.draft_form(&id)).await?;
    let (answers, faults) = answers_from_json(&form, &given.answers);
    let answers = match &given.changed {
        Some(changed) => set_off(&form, &answers, changed)?,
        None => answers,
    };
    let evaluation = judged(&form, &answers, faults);
    Ok(Json(FormAnswered { answers: answers_to_json(&answers), evaluation }))
}

pub async fn choices_of_form(
    State(app): State<App>,
    _signed_in: SignedIn,
    Path((key, version)): Path<(String, u32)>,
    Json(search): Json<ChoiceSearch>,
) -> Result<Json<Offer>, Failure> {
    Ok(Json(found(&*published(&app, key, version).await?, &search)))
}

pub async fn choices_of_draft(
    State(app): State<App>,
    _designer: Designer,
    Path(id): Path<String>,
    Json(search): Json<ChoiceSearch>,
) -> Result<Json<Offer>, Failure> {
    let form = app.db.run(move |store| store.draft_form(&id)).await?;
    Ok(Json(found(&form, &search)))
}

fn now() -> Now {
    Now { ms: now_ms(), offset_min: 0, seed: 0 }
}

/// The state of the form, and what could not be read as an answer at all.
fn judged(form: &Form, answers: &Answers, mut faults: Vec<Fault>) -> Evaluation {
    let mut evaluation = evaluate(form, answers, now());
    faults.append(&mut evaluation.faults);
    Evaluation { faults, ..evaluation }
}

/// What the answer that was given last sets off: before it, there was none.
fn set_off(form: &Form, answers: &Answers, changed: &FieldKey) -> Result<Answers, Failure> {
    let mut before = answers.clone();
    before.0.remove(changed);
    Ok(consequences(form, &before, answers, now(), &mut new_rows()?))
}

/// Ids of rows that an expression asks for, by chance.
fn new_rows() -> Result<impl FnMut() -> RowId, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|fault| anyhow::anyhow!("No random bytes: {fault}"))?;
    let mut drawn = Sha256(seed);
    Ok(move || {
        drawn = Sha256::of(&drawn.0);
        let mut row = [0; 8];
        row.iter_mut().zip(drawn.0).for_each(|(to, from)| *to = from);
        RowId(row)
    })
}

fn found(form: &Form, search: &ChoiceSearch) -> Offer {
    let (answers, _) = answers_from_json(form, &search.answers);
    let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
    form.offer(&answers, &search.field, Sought { text: &search.sought, limit }, now())
}
