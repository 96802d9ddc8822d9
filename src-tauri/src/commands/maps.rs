//! Maps, which cross as bytes, and what stands on them.

use kerbside_device::{Around, MapHere, MapName, Shelf};
use tauri::ipc::Response;
use tauri::{AppHandle, State, command};

use super::Answer;
use crate::desk::Desk;
use crate::rounds;

#[command]
pub async fn maps(desk: State<'_, Desk>) -> Answer<Vec<MapHere>> {
    desk.work(|vault, _| vault.maps()).await
}

/// Read beside the vault, so that a map moves while an exchange holds it.
#[command]
pub async fn map_bytes(desk: State<'_, Desk>, file: String, offset: u64, length: u64) -> Answer<Response> {
    let read = move |desk: &Desk| {
        let name: MapName = file.parse()?;
        Shelf::beside(desk.folder()).read(&name, offset, length)
    };
    desk.aside(read).await.map(Response::new)
}

#[command]
pub async fn around(desk: State<'_, Desk>) -> Answer<Around> {
    desk.work(|vault, _| vault.around()).await
}

/// Whether the device's officer lets maps come over a line that costs money as well.
#[command]
pub async fn maps_over_any_line(app: AppHandle, desk: State<'_, Desk>, chosen: bool) -> Answer<()> {
    let came_before = desk.lets_maps_come();
    desk.keep_maps_over_any_line(chosen);
    if desk.lets_maps_come() && !came_before {
        rounds::wake(&app);
    }
    Ok(())
}
