//! Records as the screens show them, and the choice between two answers.

use std::collections::BTreeMap;

use kerbside_core::areas::FoundArea;
use kerbside_core::field::FieldKey;
use kerbside_core::form::{FormForScreen, Localised, place_from_json};
use kerbside_core::grid::reference_of;
use kerbside_core::ids::{OfficerId, RecordId};
use kerbside_core::record::view::RecordView;
use kerbside_device::{
    Choice, Draft, OfSame, Outcome, RecordLeave, RefusedAnswer, Shift, Vault, Waiting, Way, WorkState,
};
use serde::Serialize;
use serde_json::Value;
use tauri::{AppHandle, State, command};
use ts_rs::TS;

use super::Answer;
use crate::desk::Desk;
use crate::ports::{Best, Position, network};
use crate::rounds;

/// A record with what its page needs to be read: its form, and who the officers in it are.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub struct RecordCase {
    view: RecordView,
    form: FormForScreen,
    people: BTreeMap<u32, String>,
    state: WorkState,
    /// How far it has come, whether or not it needs its officer.
    reach: WorkState,
    you: OfficerId,
    /// The names of teams, by their keys.
    teams: BTreeMap<String, Localised>,
    may: RecordLeave,
    same: OfSame,
    /// What somebody else chose over this officer's answers, until they have seen it.
    outcomes: Vec<Outcome>,
    reason_code: Option<String>,
    /// What whoever declined it in the office said.
    said: Option<String>,
    ways: Vec<Way>,
    /// What the office did not take of it.
    refused: Vec<RefusedAnswer>,
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
    seen: String,
) -> Answer<()> {
    desk.work(move |vault, now| vault.resolve_seen(record, &field, &choice, &seen, now)).await?;
    rounds::saved(&app);
    Ok(())
}

#[command]
pub async fn withdraw(app: AppHandle, desk: State<'_, Desk>, record: RecordId, reason: String) -> Answer<()> {
    desk.work(move |vault, now| vault.withdraw(record, &reason, now)).await?;
    rounds::saved(&app);
    Ok(())
}

#[command]
pub async fn reopen(app: AppHandle, desk: State<'_, Desk>, record: RecordId) -> Answer<()> {
    desk.work(move |vault, now| vault.reopen(record, now)).await?;
    rounds::saved(&app);
    Ok(())
}

#[command]
pub async fn outcomes_seen(desk: State<'_, Desk>, record: RecordId) -> Answer<()> {
    desk.work(move |vault, _| vault.outcomes_seen(record)).await
}

#[command]
pub async fn answer_again(desk: State<'_, Desk>, record: RecordId) -> Answer<Draft> {
    desk.work(move |vault, now| vault.answer_again(record, now)).await
}

#[command]
pub async fn put_away(desk: State<'_, Desk>, record: RecordId) -> Answer<()> {
    desk.work(move |vault, now| vault.put_away(record, now)).await
}

#[command]
pub async fn put_away_notices(desk: State<'_, Desk>) -> Answer<()> {
    desk.work(|vault, now| vault.put_away_notices(now)).await
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
pub async fn came_back(app: AppHandle, desk: State<'_, Desk>, metered: Option<bool>) -> Answer<()> {
    desk.keep_network(network(metered));
    rounds::came_back(&app);
    Ok(())
}

/// The best fix of the last twenty seconds; an older one where there is no newer.
#[command]
pub async fn position(place: State<'_, Position>, best: State<'_, Best>) -> Answer<Option<Value>> {
    let wall_ms = kerbside_device::clock::now().wall_ms;
    // A receiver that fails must not keep an officer from a photo: nothing is known, and the log says why.
    let newest = place.newest(wall_ms).unwrap_or_else(|failure| {
        tracing::warn!("No position: {failure:#}");
        None
    });
    Ok(best.with(newest, wall_ms))
}

/// The British National Grid reference of a place, to ten metres. None off the grid, and of what is no place.
#[command]
pub async fn grid_reference(place: Value) -> Answer<Option<String>> {
    Ok(place_from_json(&place).and_then(reference_of))
}

/// The council's areas that a place lies in. None of what is no place.
#[command]
pub async fn areas_at(desk: State<'_, Desk>, place: Value) -> Answer<Vec<FoundArea>> {
    desk.work(move |vault, _| place_from_json(&place).map_or(Ok(Vec::new()), |place| vault.areas_at(&place)))
        .await
}

fn case(vault: &Vault, record: RecordId) -> anyhow::Result<RecordCase> {
    let view = vault.show(record)?;
    let council = vault.council()?;
    let waiting = vault.waiting()?.items;
    let item = waiting.iter().find(|item| item.record == Some(record) && item.draft.is_none());
    Ok(RecordCase {
        form: vault.form_for(&view.form, view.form_version)?.for_record(&view),
        people: council.people,
        reach: vault.reach(record)?,
        state: item.map_or_else(|| vault.state_of(record), |item| Ok(item.state))?,
        you: vault.identity().officer,
        teams: council.teams.into_iter().map(|team| (team.key, team.name)).collect(),
        may: vault.leave(record)?,
        same: vault.of_same(record)?,
        outcomes: vault.outcomes(record)?,
        reason_code: item.and_then(|item| item.reason_code.clone()),
        said: item.and_then(|item| item.said.clone()),
        ways: item.map(|item| item.ways.clone()).unwrap_or_default(),
        refused: vault.refused(record)?,
        view,
    })
}
