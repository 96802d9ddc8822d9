//! What photos may cost, and what this month has used.

use kerbside_core::ids::RecordId;
use kerbside_device::{DataUse, PhotoRules};
use tauri::{AppHandle, State, command};

use super::Answer;
use crate::desk::Desk;
use crate::rounds;

#[command]
pub async fn data_use(desk: State<'_, Desk>) -> Answer<DataUse> {
    desk.work(|vault, now| vault.data_use(now)).await
}

#[command]
pub async fn choose_photo_rules(app: AppHandle, desk: State<'_, Desk>, rules: PhotoRules) -> Answer<()> {
    desk.work(move |vault, _| vault.choose_photo_rules(rules)).await?;
    rounds::saved(&app);
    Ok(())
}

#[command]
pub async fn let_photos_go(app: AppHandle, desk: State<'_, Desk>, record: RecordId) -> Answer<()> {
    desk.work(move |vault, _| vault.let_photos_go(record)).await?;
    rounds::saved(&app);
    Ok(())
}
