//! Signing in at a desk, and an administrator's devices.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Path, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use kerbside_core::ids::{DeviceId, OfficerId};
use kerbside_core::phone::Phone;
use kerbside_core::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{App, Failure};
use crate::auth::session::{
    ABSOLUTE_MS, IDLE_MS, clear_cookie, is_from_console, is_same_origin, set_cookie, token,
};
use crate::auth::{Action, Target, authorise, may, password};
use crate::clock::now_ms;
use crate::store::{DeviceCode, DeviceLine, Lasting, Officer, Role, Session, Store, Tried};

/// Who is signed in, as every handler of the console's API asks for it.
#[derive(Debug)]
pub struct SignedIn {
    pub officer: Officer,
    pub session: Session,
    token: [u8; 32],
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let signed_in = signed_in(app, &parts.headers, true).await?;
        let is_safe = matches!(parts.method, Method::GET | Method::HEAD);
        if !is_safe && !is_from_console(&parts.headers, &signed_in.session.csrf) {
            return Err(Failure::of(Code::NotFromConsole, "an unsafe request from elsewhere"));
        }
        Ok(signed_in)
    }
}

/// The session a request carries. Listening does not keep it alive.
pub async fn signed_in(app: &App, headers: &HeaderMap, is_use: bool) -> Result<SignedIn, Failure> {
    let needed = || Problem::new(Code::SignInNeeded, "no session");
    let token = token(headers, app.tls).ok_or_else(needed)?;
    let found = app.db.run(move |store| {
        let lasting = Lasting { idle_ms: IDLE_MS, absolute_ms: ABSOLUTE_MS, is_use };
        let session = store.session(&token, now_ms(), lasting)?.ok_or_else(needed)?;
        let officer = store.officer(session.officer)?.ok_or_else(needed)?;
        Ok(SignedIn { officer, session, token })
    });
    Ok(found.await?)
}

#[derive(Deserialize)]
pub struct SignIn {
    email: String,
    password: String,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn")
    }
}

/// What the console shows of whoever is signed in, and the names it needs.
#[derive(Debug, Serialize, TS)]
#[ts(export, rename = "SessionView")]
pub struct SessionView {
    pub officer: OfficerView,
    pub council: CouncilView,
    pub people: BTreeMap<u32, String>,
    #[ts(type = "Record<string, { en: string, cy?: string }>")]
    pub teams: BTreeMap<String, BTreeMap<String, String>>,
    pub csrf: String,
}

#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub struct OfficerView {
    pub id: OfficerId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub teams: Vec<String>,
    pub may: Vec<Action>,
}

#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub struct CouncilView {
    pub key: String,
    pub name: String,
    /// Telephone numbers, by the keys that forms call.
    pub phones: BTreeMap<String, Phone>,
}

pub async fn sign_in(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(sign_in): Json<SignIn>,
) -> Result<Response, Failure> {
    if !is_same_origin(&headers) {
        return Err(Failure::of(Code::NotFromConsole, "a sign-in from elsewhere"));
    }
    // A whole council may share one address, so that has to do with more tries than an account.
    let keys = vec![
        Tried { key: format!("account:{}", sign_in.email.trim().to_lowercase()), free: 5 },
        Tried { key: format!("address:{}", address.ip()), free: 50 },
    ];
    let (email, wait_keys) = (sign_in.email, keys.clone());
    let (wait, found) = app
        .db
        .run(move |store| Ok((store.sign_in_wait_ms(&wait_keys, now_ms())?, store.officer_by_email(&email)?)))
        .await?;
    if 0 < wait {
        let seconds = u64::try_from(wait / 1000 + 1).unwrap_or(1);
        return Err(Failure::of(Code::TooManyTries, "signing in has to wait").retry_after(seconds));
    }
    let (officer, stored) = found.map_or((None, String::new()), |(officer, stored)| (Some(officer), stored));
    let _turn = app.hashing.acquire().await?;
    let matches = tokio::task::spawn_blocking(move || password::matches(&sign_in.password, &stored)).await?;
    let officer = officer.filter(|_| matches);
    let outcome = app.db.run(move |store| {
        store.count_sign_in(&keys, officer.is_some(), now_ms())?;
        let officer = officer.ok_or_else(|| Problem::new(Code::SignInWrong, "wrong address or password"))?;
        let (token, session) = store.open_session(officer.id, now_ms())?;
        Ok((token, view(store, officer, session)?))
    });
    let (token, view) = outcome.await?;
    Ok(([(SET_COOKIE, set_cookie(&token, app.tls))], Json(view)).into_response())
}

pub async fn session(State(app): State<App>, signed_in: SignedIn) -> Result<Json<SessionView>, Failure> {
    Ok(Json(app.db.run(move |store| view(store, signed_in.officer, signed_in.session)).await?))
}

pub async fn sign_out(State(app): State<App>, signed_in: SignedIn) -> Result<Response, Failure> {
    app.db.run(move |store| store.close_session(&signed_in.token)).await?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, clear_cookie(app.tls))]).into_response())
}

fn view(store: &mut Store, officer: Officer, session: Session) -> anyhow::Result<SessionView> {
    let identity = store.identity()?;
    let may = may(&officer);
    Ok(SessionView {
        officer: OfficerView {
            id: officer.id,
            name: officer.name,
            email: officer.email,
            role: officer.role,
            teams: officer.teams.into_iter().collect(),
            may,
        },
        council: CouncilView { key: identity.council, name: identity.council_name, phones: store.phones()? },
        people: store.people()?,
        teams: store.teams()?.into_iter().map(|team| (team.key, team.name)).collect(),
        csrf: session.csrf,
    })
}

fn manages_devices(officer: &Officer) -> Result<(), Problem> {
    if authorise(officer, Action::ManageDevices, Target::Council).is_allowed() {
        return Ok(());
    }
    Err(Problem::new(Code::NotAllowed, "this role manages no devices"))
}

pub async fn devices(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Vec<DeviceLine>>, Failure> {
    manages_devices(&signed_in.officer)?;
    Ok(Json(app.db.run(Store::devices).await?))
}

#[derive(Debug, Deserialize)]
pub struct CodeFor {
    officer: OfficerId,
}

pub async fn device_code(
    State(app): State<App>,
    signed_in: SignedIn,
    Json(wanted): Json<CodeFor>,
) -> Result<Json<DeviceCode>, Failure> {
    manages_devices(&signed_in.officer)?;
    let code = app.db.run(move |store| {
        let officer = store.officer(wanted.officer)?;
        let officer = officer.ok_or_else(|| Problem::new(Code::NotFound, "no such officer"))?;
        store.make_device_code(&officer, now_ms())
    });
    Ok(Json(code.await?))
}

pub async fn revoke(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<DeviceId>,
) -> Result<StatusCode, Failure> {
    manages_devices(&signed_in.officer)?;
    if app.db.run(move |store| store.revoke_device(id, now_ms())).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Failure::of(Code::NotFound, "no such device"))
}
