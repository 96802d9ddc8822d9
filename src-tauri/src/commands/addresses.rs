//! Addresses: sought, found nearby, and chosen as an answer.

use kerbside_core::field::FieldKey;
use kerbside_core::gazetteer::{AddressesFound, Near};
use kerbside_core::ids::RowId;
use kerbside_core::problem::{Code, Problem};
use kerbside_device::Answered;
use tauri::{State, command};

use super::Answer;
use crate::desk::Desk;

/// As many as a thumb scrolls past before the next letter is typed.
const SHOWN: usize = 12;

#[command]
pub async fn search_addresses(desk: State<'_, Desk>, typed: String) -> Answer<AddressesFound> {
    desk.work(move |vault, _| vault.search_addresses(&typed, SHOWN)).await
}

#[command]
pub async fn nearest_address(desk: State<'_, Desk>, lat: f64, lon: f64) -> Answer<Option<Near>> {
    desk.work(move |vault, _| vault.nearest_address(lat, lon)).await
}

/// With neither number: the gazetteer has none like what was typed.
#[command]
pub async fn choose_address(
    desk: State<'_, Desk>,
    draft: RowId,
    field: FieldKey,
    uprn: Option<String>,
    usrn: Option<String>,
) -> Answer<Answered> {
    desk.work(move |vault, now| {
        let unknown = || Problem::new(Code::NotFound, "An address without a number of its own");
        match (uprn, usrn) {
            (Some(uprn), _) => vault.choose_address(draft, &field, uprn.parse().map_err(|_| unknown())?, now),
            (None, Some(usrn)) => {
                vault.choose_street(draft, &field, usrn.parse().map_err(|_| unknown())?, now)
            }
            (None, None) => vault.report_address(draft, &field, now),
        }
    })
    .await
}
