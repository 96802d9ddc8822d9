//! Drafts: begun, answered, saved.

use kerbside_core::field::FieldKey;
use kerbside_core::form::{Fault, Offer, Sought};
use kerbside_core::ids::{RecordId, RowId};
use kerbside_device::{Answered, Compared, Draft, DraftMove, Faults, Nearby, Saved};
use serde::Serialize;
use serde_json::Value;
use tauri::{AppHandle, State, command};
use ts_rs::TS;

use super::Answer;
use crate::desk::Desk;
use crate::rounds;

/// What came of saving: a record on this device, or what stands between the draft and being one.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SaveOutcome {
    Saved(Saved),
    Faults(Vec<Fault>),
}

#[command]
pub async fn start_draft(desk: State<'_, Desk>, form: String) -> Answer<Draft> {
    desk.work(move |vault, now| vault.start_draft(&form, now)).await
}

#[command]
pub async fn edit_record(desk: State<'_, Desk>, record: RecordId) -> Answer<Draft> {
    desk.work(move |vault, now| vault.edit_record(record, now)).await
}

#[command]
pub async fn open_draft(desk: State<'_, Desk>, draft: RowId) -> Answer<Draft> {
    desk.work(move |vault, now| vault.draft(draft, now)).await
}

#[command]
pub async fn answer(desk: State<'_, Desk>, draft: RowId, field: FieldKey, json: Value) -> Answer<Answered> {
    desk.work(move |vault, now| vault.answer(draft, &field, &json, now)).await
}

#[command]
pub async fn choices(
    desk: State<'_, Desk>,
    draft: RowId,
    field: FieldKey,
    sought: String,
    limit: usize,
) -> Answer<Offer> {
    desk.work(move |vault, now| vault.choices(draft, &field, Sought { text: &sought, limit }, now)).await
}

#[command]
pub async fn draft_move(desk: State<'_, Desk>, draft: RowId) -> Answer<DraftMove> {
    desk.work(move |vault, now| vault.draft_move(draft, now)).await
}

#[command]
pub async fn move_draft(desk: State<'_, Desk>, draft: RowId) -> Answer<Draft> {
    desk.work(move |vault, now| vault.move_draft(draft, now)).await
}

#[command]
pub async fn discard_draft(desk: State<'_, Desk>, draft: RowId) -> Answer<()> {
    desk.work(move |vault, _| vault.discard_draft(draft)).await
}

#[command]
pub async fn save_draft(
    app: AppHandle,
    desk: State<'_, Desk>,
    draft: RowId,
    compared: Compared,
) -> Answer<SaveOutcome> {
    let outcome =
        desk.work(move |vault, now| saved_or_faults(vault.save_compared(draft, &compared, now))).await?;
    if matches!(outcome, SaveOutcome::Saved(_)) {
        rounds::saved(&app);
    }
    Ok(outcome)
}

/// What is known already around a new report.
#[command]
pub async fn nearby(desk: State<'_, Desk>, draft: RowId) -> Answer<Nearby> {
    desk.work(move |vault, _| vault.nearby(draft)).await
}

fn saved_or_faults(saved: anyhow::Result<Saved>) -> anyhow::Result<SaveOutcome> {
    match saved {
        Ok(saved) => Ok(SaveOutcome::Saved(saved)),
        Err(failure) => failure.downcast::<Faults>().map(|Faults(faults)| SaveOutcome::Faults(faults)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_will_not_do_answers_with_its_faults_and_any_other_failure_stays_one() {
        assert!(matches!(saved_or_faults(Err(Faults(Vec::new()).into())), Ok(SaveOutcome::Faults(_))));
        assert!(saved_or_faults(Err(anyhow::anyhow!("The disk went away"))).is_err());
    }
}
