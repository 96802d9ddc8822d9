//! The door: setting up, unlocking, locking.

use kerbside_device::{Device, Enrolment, Status};
use tauri::{AppHandle, State, command};

use super::Answer;
use crate::desk::Desk;
use crate::rounds;

/// The page says how far its watch is from Greenwich, which the day of an answer depends on.
#[command]
pub async fn status(desk: State<'_, Desk>, offset_min: i16) -> Answer<Status> {
    desk.keep_offset(offset_min);
    desk.aside(Desk::status).await
}

#[command]
pub async fn enrol(
    app: AppHandle,
    desk: State<'_, Desk>,
    server: String,
    code: String,
    pin: String,
    ca: Option<String>,
) -> Answer<Status> {
    let status = desk
        .aside(move |desk| {
            let enrolment = Enrolment {
                server_url: &server,
                code: &code,
                pin: &pin,
                ca_pem: ca.as_deref(),
                key_store: None,
            };
            desk.lay(Some(Device::enrol(desk.folder(), enrolment)?))
        })
        .await?;
    rounds::wake(&app);
    Ok(status)
}

#[command]
pub async fn unlock(app: AppHandle, desk: State<'_, Desk>, pin: String) -> Answer<Status> {
    let status = desk
        .aside(move |desk| desk.lay(Some(Device::open(desk.folder())?.unlock(&pin, desk.now())?)))
        .await?;
    rounds::wake(&app);
    Ok(status)
}

#[command]
pub async fn unlock_online(
    app: AppHandle,
    desk: State<'_, Desk>,
    code: String,
    pin: String,
) -> Answer<Status> {
    let status = desk
        .aside(move |desk| desk.lay(Some(Device::open(desk.folder())?.unlock_online(&code, &pin)?)))
        .await?;
    rounds::wake(&app);
    Ok(status)
}

#[command]
pub async fn lock(desk: State<'_, Desk>) -> Answer<Status> {
    desk.aside(|desk| desk.lay(None)).await
}
