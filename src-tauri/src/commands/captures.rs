//! A camera opens only once that is written down; what it took and never brought is found again, and asked about.

use std::path::PathBuf;

use kerbside_core::field::FieldKey;
use kerbside_core::ids::RowId;
use kerbside_core::problem::{Code, Problem};
use kerbside_device::PhotoLine;
use kerbside_device::photos::{Orphan, PhotoFrom};
use tauri::ipc::Response;
use tauri::{AppHandle, State, command};

use super::Answer;
use crate::desk::Desk;
use crate::ports::Pictures;
use crate::rounds;

#[command]
pub async fn camera_opens(
    desk: State<'_, Desk>,
    draft: RowId,
    field: FieldKey,
    way: PhotoFrom,
) -> Answer<()> {
    desk.work(move |vault, now| vault.camera_opens(draft, &field, way, now)).await
}

#[command]
pub async fn camera_shut(
    desk: State<'_, Desk>,
    pictures: State<'_, Pictures>,
    draft: RowId,
    field: FieldKey,
) -> Answer<()> {
    let folder = pictures.folder().map(PathBuf::from);
    desk.work(move |vault, now| vault.camera_shut(draft, &field, folder.as_deref(), now)).await
}

/// Of the camera that is open now, the page says so itself: one that was started anew has none open.
#[command]
pub async fn orphans(
    desk: State<'_, Desk>,
    pictures: State<'_, Pictures>,
    open: Option<(RowId, FieldKey)>,
) -> Answer<Vec<Orphan>> {
    let folder = pictures.folder().map(PathBuf::from);
    desk.work(move |vault, now| {
        let open = open.as_ref().map(|(draft, field)| (*draft, field));
        vault.orphans(folder.as_deref(), open, now)
    })
    .await
}

#[command]
pub async fn orphan_picture(
    desk: State<'_, Desk>,
    pictures: State<'_, Pictures>,
    name: String,
) -> Answer<Response> {
    let folder = named(&pictures)?;
    desk.work(move |vault, now| vault.orphan_picture(&folder, &name, now)).await.map(Response::new)
}

#[command]
pub async fn add_orphan(
    app: AppHandle,
    desk: State<'_, Desk>,
    pictures: State<'_, Pictures>,
    name: String,
) -> Answer<PhotoLine> {
    let folder = named(&pictures)?;
    let line = desk.work(move |vault, now| vault.add_orphan(&folder, &name, now)).await?;
    rounds::saved(&app);
    Ok(line)
}

#[command]
pub async fn leave_out_orphan(
    desk: State<'_, Desk>,
    pictures: State<'_, Pictures>,
    name: String,
) -> Answer<()> {
    let folder = named(&pictures)?;
    desk.work(move |vault, now| vault.leave_out_orphan(&folder, &name, now)).await
}

fn named(pictures: &Pictures) -> anyhow::Result<PathBuf> {
    let folder = pictures.folder().map(PathBuf::from);
    folder.ok_or_else(|| Problem::new(Code::NotFound, "No folder that a camera leaves pictures in").into())
}
