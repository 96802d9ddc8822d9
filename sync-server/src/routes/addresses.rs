//! The council's addresses, as they are typed at a desk.

use axum::Json;
use axum::extract::{Query, State};
use kerbside_core::gazetteer::AddressesFound;
use kerbside_core::problem::{Code, Problem};
use serde::Deserialize;

use super::desk::SignedIn;
use super::{App, Failure};

const SHOWN: usize = 12;
/// Longer than any address; letters, not bytes.
const TYPED_LIMIT: usize = 200;

#[derive(Debug, Deserialize)]
pub struct Asked {
    typed: String,
}

pub async fn find(
    State(app): State<App>,
    _signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Json<AddressesFound>, Failure> {
    if TYPED_LIMIT < asked.typed.chars().count() {
        return Err(Problem::new(Code::TooLarge, "an address is shorter").into());
    }
    Ok(Json(app.db.run(move |store| store.find_addresses(&asked.typed, SHOWN)).await?))
}
