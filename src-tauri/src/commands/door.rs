//! The door: setting up, unlocking, locking.

use std::path::Path;

use anyhow::Result;
use kerbside_core::problem::{Code, Problem};
use kerbside_device::clock::Reading;
use kerbside_device::{Device, Enrolment, Status, Vault};
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

/// A council's server that was put back to before this device was enrolled is told of it again, by a fresh code. All that is
/// in the vault stays, whatever comes of it. Where no address is given, it is the one the device had.
#[command]
pub async fn enrol_again(
    app: AppHandle,
    desk: State<'_, Desk>,
    server: Option<String>,
    code: String,
    pin: String,
    ca: Option<String>,
) -> Answer<Status> {
    let status = desk
        .aside(move |desk| {
            let now = desk.now();
            desk.open_anew(|folder| match enrol_anew(folder, (server, ca), &code, &pin, now) {
                Ok(vault) => (Some(vault), Ok(())),
                // Whoever knows the PIN goes on where they were; a wrong one is not tried twice.
                Err(failure) if is_about_pin(&failure) => (None, Err(failure)),
                Err(failure) => match Device::open(folder).and_then(|mut device| device.unlock(&pin, now)) {
                    Ok(vault) => (Some(vault), Err(failure)),
                    Err(shut) => (None, Err(shut)),
                },
            })
        })
        .await?;
    rounds::wake(&app);
    Ok(status)
}

fn is_about_pin(failure: &anyhow::Error) -> bool {
    let code = failure.downcast_ref::<Problem>().map(|problem| problem.code);
    code.is_some_and(|code| [Code::PinWrong, Code::PinWait, Code::PinOnline].contains(&code))
}

fn enrol_anew(
    folder: &Path,
    (server, ca): (Option<String>, Option<String>),
    code: &str,
    pin: &str,
    now: Reading,
) -> Result<Vault> {
    let mut device = Device::open(folder)?;
    let (server_url, known_ca) = device.office();
    let server_url = server.unwrap_or(server_url);
    let ca = ca.or(known_ca);
    let enrolment = Enrolment { server_url: &server_url, code, pin, ca_pem: ca.as_deref(), key_store: None };
    device.enrol_again(enrolment, now)
}

#[command]
pub async fn lock(desk: State<'_, Desk>) -> Answer<Status> {
    desk.aside(|desk| desk.lay(None)).await
}
