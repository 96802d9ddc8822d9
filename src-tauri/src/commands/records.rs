//! Records as the screens show them, and the choice between two answers.

use std::collections::BTreeMap;

use kerbside_core::field::FieldKey;
use kerbside_core::form::FormForScreen;
use kerbside_core::ids::{OfficerId, RecordId};
use kerbside_core::record::view::RecordView;
use kerbside_device::{Choice, Shift, Vault, Waiting, WorkState};
use serde::Serialize;
use serde_json::Value;
use tauri::{AppHandle, State, command};
use ts_rs::TS;

use super::Answer;
use crate::desk::Desk;
use crate::ports::Position;
use crate::rounds;

/// A record with what its page needs to be read: its form, and who the officers in it are.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub struct RecordCase {
    view: RecordView,
    form: FormForScreen,
    people: BTreeMap<u32, String>,
    state: WorkState,
    you: OfficerId,
}

#[command]
pub async fn shift(desk: State<'_, Desk>) -> Answer<Shift> {
    desk.work(|vault, _| vault.shift()).await
}

#[command]
pub async fn show_record(desk: State<'_, Desk>, record: RecordId) -> Answer<RecordCase> {
    desk.work(move |vault, _| case(vault, record)).await
}

#[command]
pub async fn resolve(
    app: AppHandle,
    desk: State<'_, Desk>,
    record: RecordId,
    field: FieldKey,
    choice: Choice,
) -> Answer<()> {
    desk.work(move |vault, now| vault.resolve(record, &field, &choice, now)).await?;
    rounds::saved(&app);
    Ok(())
}

#[command]
pub async fn write_note(app: AppHandle, desk: State<'_, Desk>, record: RecordId, text: String) -> Answer<()> {
    desk.work(move |vault, now| vault.note(record, &text, now)).await?;
    rounds::saved(&app);
    Ok(())
}

#[command]
pub async fn waiting(desk: State<'_, Desk>) -> Answer<Waiting> {
    desk.work(|vault, _| vault.waiting()).await
}

#[command]
pub async fn try_now(app: AppHandle) -> Answer<()> {
    rounds::now(&app).await
}

/// The page came back into view, or the machine found a network: something may go now.
#[command]
pub async fn came_back(app: AppHandle) -> Answer<()> {
    rounds::wake(&app);
    Ok(())
}

#[command]
pub async fn position(place: State<'_, Position>) -> Answer<Option<Value>> {
    // A receiver that fails must not keep an officer from a photo: nothing is known, and the log says why.
    Ok(place.newest(kerbside_device::clock::now().wall_ms).unwrap_or_else(|failure| {
        tracing::warn!("No position: {failure:#}");
        None
    }))
}

fn case(vault: &Vault, record: RecordId) -> anyhow::Result<RecordCase> {
    let view = vault.show(record)?;
    let waiting = vault.waiting()?.items;
    let item = waiting.iter().find(|item| item.record == Some(record) && item.draft.is_none());
    Ok(RecordCase {
        form: vault.form_for(&view.form, view.form_version)?.for_record(&view),
        people: vault.council()?.people,
        state: item.map_or(WorkState::Received, |item| item.state),
        you: vault.identity().officer,
        view,
    })
}
