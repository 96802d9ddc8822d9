//! What the council looks after around here, and reports that begin at it.

use kerbside_core::assets::find::{AssetsFound, AssetsInView, Spot, ViewBounds};
use kerbside_device::{AssetSheet, Draft};
use tauri::{State, command};

use super::Answer;
use crate::desk::Desk;

#[command]
pub async fn assets_in_view(desk: State<'_, Desk>, view: ViewBounds) -> Answer<AssetsInView> {
    desk.work(move |vault, _| vault.assets_in_view(&view)).await
}

#[command]
pub async fn find_assets(desk: State<'_, Desk>, from: Option<Spot>, sought: String) -> Answer<AssetsFound> {
    desk.work(move |vault, _| vault.find_assets(from, &sought)).await
}

#[command]
pub async fn asset(desk: State<'_, Desk>, set: String, code: String) -> Answer<AssetSheet> {
    desk.work(move |vault, _| vault.asset(&set, &code)).await
}

#[command]
pub async fn report_asset(desk: State<'_, Desk>, set: String, code: String, form: String) -> Answer<Draft> {
    desk.work(move |vault, now| vault.report_asset(&set, &code, &form, now)).await
}
