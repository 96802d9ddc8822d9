//! Syncing: exchanges until neither side has more, then documents, then photos.
//! The vault is held only between requests, so that an officer can go on typing.

use super::pace::Pace;
use super::photos::send_photo;
use super::pipe::{Ask, PATIENCE, Pipe, Refused};
use crate::clock::Reading;
use crate::exchange::Budget;
use crate::vault::Vault;
use anyhow::Result;
use data_encoding::BASE64URL_NOPAD;
use kerbside_core::exchange::{Offer, Reply, Retired};
use kerbside_core::ids::{Actor, Epoch, Sha256};
use kerbside_core::problem::{Code, Problem};
use reqwest::Method;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use ts_rs::TS;

/// A vault to be held for a moment.
pub trait VaultAccess {
    fn with<T>(&mut self, act: impl FnOnce(&mut Vault) -> Result<T>) -> Result<T>;
}

impl VaultAccess for &mut Vault {
    fn with<T>(&mut self, act: impl FnOnce(&mut Vault) -> Result<T>) -> Result<T> {
        act(self)
    }
}

/// The app's: shared with the screens, and shut when the officer locks it.
impl VaultAccess for &Mutex<Option<Vault>> {
    fn with<T>(&mut self, act: impl FnOnce(&mut Vault) -> Result<T>) -> Result<T> {
        let mut held = self.lock().unwrap_or_else(PoisonError::into_inner);
        let vault = held.as_mut().ok_or_else(|| Problem::new(Code::Locked, "Locked while syncing"))?;
        act(vault)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct SyncReport {
    #[ts(type = "number")]
    pub sent: u64,
    #[ts(type = "number")]
    pub received: u64,
    pub photos_sent: u32,
    #[ts(type = "number")]
    pub bytes_up: u64,
    #[ts(type = "number")]
    pub bytes_down: u64,
    /// Work that no server holds yet.
    pub waiting: u32,
    pub epoch: Epoch,
    pub cursor: String,
    pub digest: Sha256,
    /// Why it stopped before everything was done.
    pub stopped: Option<Code>,
    #[ts(type = "number | null")]
    pub next_try_ms: Option<i64>,
}

#[derive(Debug, Default)]
struct Tally {
    sent: u64,
    received: u64,
    photos_sent: u32,
    needs_newer: bool,
    forks: u32,
}

/// So many exchanges without any news although more was promised: something between us and the office plays tricks.
const FRUITLESS: u32 = 3;
/// An actor is given up once, or twice where two doubles race; never for ever.
const FORKS: u32 = 4;
/// What ends a sync, because nothing else would go either.
const STOPS: [Code; 7] = [
    Code::NoSignal,
    Code::Busy,
    Code::TooManyTries,
    Code::DiskFull,
    Code::CaptivePortal,
    Code::DeviceRevoked,
    Code::ProofWrong,
];
const LEAST_PATIENCE: Duration = Duration::from_secs(5);

/// One sync, until there is nothing more to do or `deadline_ms` (wall clock) has passed.
pub fn sync<A: VaultAccess>(
    mut access: A,
    deadline_ms: Option<i64>,
    now: &dyn Fn() -> Reading,
) -> Result<SyncReport> {
    let mut pipe = access.with(|vault| Pipe::of(vault))?;
    let mut tally = Tally::default();
    let done = work(&mut access, &mut pipe, &mut tally, (deadline_ms, now));
    let stopped = match done {
        Ok(()) if tally.needs_newer => Some(Code::NeedsNewerVersion),
        Ok(()) => None,
        Err(cause) => Some(note(&mut access, cause, now())?),
    };
    access.with(|vault| vault.report(&pipe, &tally, stopped))
}

fn note<A: VaultAccess>(access: &mut A, cause: anyhow::Error, now: Reading) -> Result<Code> {
    let refused = match cause.downcast::<Refused>() {
        Ok(refused) => refused,
        Err(cause) => {
            // A reply that is not our server's is the network's doing; a full disk here and anything else is ours.
            let problem = cause.downcast::<Problem>()?;
            if problem.code == Code::DiskFull {
                return Err(problem.into());
            }
            Refused { problem, retry_after_s: None }
        }
    };
    tracing::info!(code = refused.problem.code.name(), detail = refused.problem.detail, "Sync stopped");
    access.with(|vault| vault.note_failure(&refused, now))?;
    Ok(refused.problem.code)
}

fn work<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    tally: &mut Tally,
    (deadline_ms, now): (Option<i64>, &dyn Fn() -> Reading),
) -> Result<()> {
    let in_time = || deadline_ms.is_none_or(|deadline| now().wall_ms < deadline);
    let mut pace = Pace::after(access.with(|vault| vault.failures())?);
    let mut standing = access.with(|vault| vault.standing())?;
    let mut fruitless = 0;
    loop {
        pipe.patience = patience(deadline_ms, now());
        let began_ms = now().monotonic_ms;
        let more = exchange_once(access, pipe, tally, (pace.budget(), now))?;
        pace.took(now().monotonic_ms.saturating_sub(began_ms));
        if !more || !in_time() {
            break;
        }
        let reached = access.with(|vault| vault.standing())?;
        fruitless = if reached == standing { fruitless + 1 } else { 0 };
        if FRUITLESS <= fruitless || FORKS <= tally.forks {
            return Err(Refused::of(Code::Busy, "Exchanges go round in circles").into());
        }
        standing = reached;
    }
    send_photos(access, pipe, tally, (deadline_ms, now), &mut pace)
}

/// One photo that cannot go keeps no other from going, unless nothing can.
fn send_photos<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    tally: &mut Tally,
    (deadline_ms, now): (Option<i64>, &dyn Fn() -> Reading),
    pace: &mut Pace,
) -> Result<()> {
    let mut later = None;
    for upload in access.with(|vault| vault.photos_to_send())? {
        if deadline_ms.is_some_and(|deadline| deadline <= now().wall_ms) {
            break;
        }
        pipe.patience = patience(deadline_ms, now());
        match send_photo(access, pipe, &upload, (pace, now)) {
            Ok(true) => tally.photos_sent += 1,
            Ok(false) => {}
            Err(cause) => {
                let Some(refused) = cause.downcast_ref::<Refused>() else { return Err(cause) };
                let code = refused.problem.code;
                tracing::info!(code = code.name(), detail = refused.problem.detail, "A photo waits");
                let settled = access.with(|vault| vault.start_photo_again(&upload, code))?;
                if STOPS.contains(&code) {
                    return Err(cause);
                }
                if !settled {
                    later.get_or_insert(cause);
                }
            }
        }
    }
    later.map_or(Ok(()), Err)
}

/// As long as a line deserves, and not far beyond what is left.
fn patience(deadline_ms: Option<i64>, now: Reading) -> Duration {
    let left_ms = deadline_ms.map_or(i64::MAX, |deadline| deadline.saturating_sub(now.wall_ms));
    PATIENCE.min(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)).max(LEAST_PATIENCE))
}

fn exchange_once<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    tally: &mut Tally,
    (budget, now): (Budget, &dyn Fn() -> Reading),
) -> Result<bool> {
    if access.with(|vault| vault.needs_retiring())? {
        let retire = access.with(|vault| vault.retire_request())?;
        let retired: Retired = pipe.exchange("/v1/actor/retire", &retire, true)?;
        access.with(|vault| vault.retired(&retire, &retired, now()))?;
        tally.forks += 1;
    }
    let push = access.with(|vault| vault.outgoing(budget, now()))?;
    let reply: Reply = pipe.exchange("/v1/sync", &push, true)?;
    let applied = access.with(|vault| vault.incoming(&push, &reply, now()))?;
    tally.sent += applied.sent;
    tally.received += applied.received;
    tally.needs_newer |= applied.needs_newer;
    for offer in &applied.missing_packs {
        let body = fetch_pack(pipe, offer)?;
        tally.needs_newer |= access.with(|vault| keep(vault, offer, &body))?;
    }
    if applied.needs_newer {
        return Ok(false);
    }
    Ok(applied.more || applied.fork || applied.stale)
}

fn fetch_pack(pipe: &mut Pipe, offer: &Offer) -> Result<Vec<u8>> {
    let path = format!("/v1/packs/{}/{}", offer.name, offer.version);
    let ask = Ask { method: Method::GET, path: &path, body: Vec::new(), headers: Vec::new(), signed: true };
    let body = pipe.send(&ask)?.body;
    if Sha256::of(&body) != offer.sha256 {
        return Err(Problem::new(Code::CaptivePortal, "A document is not what was offered").into());
    }
    Ok(body)
}

/// A form that only a newer app understands is left, and keeps nothing else from its way.
fn keep(vault: &mut Vault, offer: &Offer, body: &[u8]) -> Result<bool> {
    let Err(cause) = vault.keep_pack(&offer.name, offer.version, body) else { return Ok(false) };
    let newer = |problem: &Problem| problem.code == Code::NeedsNewerVersion;
    if !cause.downcast_ref::<Problem>().is_some_and(newer) {
        return Err(cause);
    }
    tracing::warn!(name = offer.name, version = offer.version, "A form needs a newer app");
    Ok(true)
}

impl Vault {
    fn failures(&self) -> Result<u32> {
        Ok(self.store.progress()?.failures)
    }

    /// What any exchange worth its bytes moves on.
    fn standing(&self) -> Result<(Actor, u64, u64, Option<Vec<u8>>)> {
        let progress = self.store.progress()?;
        Ok((progress.actor, progress.received, progress.acked, progress.cursor))
    }

    fn report(&self, pipe: &Pipe, tally: &Tally, stopped: Option<Code>) -> Result<SyncReport> {
        let progress = self.store.progress()?;
        Ok(SyncReport {
            sent: tally.sent,
            received: tally.received,
            photos_sent: tally.photos_sent,
            bytes_up: pipe.bytes_up,
            bytes_down: pipe.bytes_down,
            waiting: self.waiting_to_send()?,
            epoch: progress.epoch,
            cursor: BASE64URL_NOPAD.encode(&progress.cursor.unwrap_or_default()),
            digest: self.digest()?,
            stopped,
            next_try_ms: progress.next_try_ms,
        })
    }
}
