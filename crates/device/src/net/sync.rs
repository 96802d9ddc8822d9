//! Syncing: exchanges until neither side has more, then documents, then photos.
//! The vault is held only between requests, so that an officer can go on typing.

use super::compare::{compare, fetch_photos, tell_repairs};
use super::gazetteer;
use super::pace::Pace;
use super::photos::{ask_after_photos, begins_anew, send_photo};
use super::pipe::{Ask, PATIENCE, Pipe, Refused};
use crate::clock::Reading;
use crate::compare::Comparison;
use crate::exchange::Budget;
use crate::store::{Returning, UploadRow};
use crate::vault::Vault;
use crate::verify::Repaired;
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

/// What a device found and put right when it looked after itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LookedAfter {
    #[serde(flatten)]
    pub comparison: Comparison,
    #[serde(flatten)]
    pub repaired: Repaired,
}

#[derive(Debug, Default)]
struct Tally {
    sent: u64,
    received: u64,
    photos_sent: u32,
    needs_newer: bool,
    stopped: Option<Code>,
    /// None once that was seen to.
    comparing: Option<Comparing>,
    looked_after: LookedAfter,
    /// What the office last said is on offer.
    offers: Vec<Offer>,
    forks: u32,
}

/// So many exchanges without any news although more was promised: something between us and the office plays tricks.
const FRUITLESS: u32 = 3;
/// An actor is given up once, or twice where two doubles race; never for ever.
const FORKS: u32 = 4;
/// What ends a sync, because nothing else would go either.
const STOPS: [Code; 8] = [
    Code::NoSignal,
    Code::Busy,
    Code::TooManyTries,
    Code::DiskFull,
    Code::CaptivePortal,
    Code::DeviceRevoked,
    Code::DeviceUnknown,
    Code::ProofWrong,
];
const LEAST_PATIENCE: Duration = Duration::from_secs(5);

/// One sync, until there is nothing more to do or `deadline_ms` (wall clock) has passed. Once a week device and server
/// compare what they hold.
pub fn sync<A: VaultAccess>(
    access: A,
    deadline_ms: Option<i64>,
    now: &dyn Fn() -> Reading,
) -> Result<SyncReport> {
    sync_comparing(access, deadline_ms, Comparing::WhenDue, now).map(|(report, _)| report)
}

/// When device and server compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparing {
    /// Once a week.
    WhenDue,
    /// Because somebody asked.
    Now,
}

/// The same, and what the comparison came to.
pub fn sync_comparing<A: VaultAccess>(
    mut access: A,
    deadline_ms: Option<i64>,
    comparing: Comparing,
    now: &dyn Fn() -> Reading,
) -> Result<(SyncReport, LookedAfter)> {
    let mut pipe = access.with(|vault| Pipe::of(vault))?;
    let mut tally = Tally { comparing: Some(comparing), ..Tally::default() };
    let done = work(&mut access, &mut pipe, &mut tally, (deadline_ms, now));
    let stopped = match done {
        Ok(()) if tally.needs_newer => Some(Code::NeedsNewerVersion),
        Ok(()) => None,
        Err(cause) => Some(note(&mut access, cause, now())?),
    };
    let report = access.with(|vault| vault.report(&pipe, &tally, stopped))?;
    Ok((report, tally.looked_after))
}

fn note<A: VaultAccess>(access: &mut A, cause: anyhow::Error, now: Reading) -> Result<Code> {
    let refused = match cause.downcast::<Refused>() {
        Ok(refused) => refused,
        Err(cause) => {
            // A reply that is not our server's is the network's doing; this device's disk and anything else are ours.
            if cause.downcast_ref::<Problem>().is_some_and(is_of_this_disk) {
                return Err(cause);
            }
            let problem = cause.downcast::<Problem>()?;
            Refused { problem, retry_after_s: None }
        }
    };
    tracing::info!(code = refused.problem.code.name(), detail = refused.problem.detail, "Sync stopped");
    access.with(|vault| vault.note_failure(&refused, now))?;
    Ok(refused.problem.code)
}

/// What the office's server says of itself comes as `Refused`.
fn is_of_this_disk(problem: &Problem) -> bool {
    [Code::DiskFull, Code::StorageFault, Code::VaultDamaged].contains(&problem.code)
}

fn work<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    tally: &mut Tally,
    (deadline_ms, now): (Option<i64>, &dyn Fn() -> Reading),
) -> Result<()> {
    let mut pace = Pace::after(access.with(|vault| vault.failures())?);
    exchange_all(access, pipe, tally, (deadline_ms, now), &mut pace)?;
    if let Some(code) = tally.stopped {
        ask_after_photos(access, pipe)?;
        send_photos(access, pipe, tally, (deadline_ms, now), &mut pace)?;
        return Err(Refused::of(code, "The office has stopped this device").into());
    }
    if is_in_time(deadline_ms, now()) && look_after(access, pipe, tally, (deadline_ms, now), &mut pace)? {
        exchange_all(access, pipe, tally, (deadline_ms, now), &mut pace)?;
    }
    match tell_repairs(access, pipe) {
        Err(cause) if !is_of_an_older_server(&cause) => return Err(cause),
        Ok(()) | Err(_) => {}
    }
    ask_after_photos(access, pipe)?;
    send_photos(access, pipe, tally, (deadline_ms, now), &mut pace)?;
    fetch_assets(access, pipe, tally, (deadline_ms, now))?;
    fetch_gazetteers(access, pipe, tally, (deadline_ms, now))
}

/// When all that officers wrote is on its way.
fn fetch_assets<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    tally: &Tally,
    (deadline_ms, now): (Option<i64>, &dyn Fn() -> Reading),
) -> Result<()> {
    if tally.offers.is_empty() {
        return Ok(());
    }
    for offer in access.with(|vault| vault.missing_assets(&tally.offers))? {
        if !is_in_time(deadline_ms, now()) {
            return Ok(());
        }
        pipe.patience = patience(deadline_ms, now());
        match fetch_pack(pipe, &offer) {
            // Another version stands by now, and is on offer in the next exchange.
            Err(cause) if is_of_an_older_server(&cause) => {}
            body => {
                let body = body?;
                access.with(|vault| vault.keep_assets(&offer, &body))?;
            }
        }
    }
    Ok(())
}

/// Last of all: no report waits for addresses.
fn fetch_gazetteers<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    tally: &Tally,
    (deadline_ms, now): (Option<i64>, &dyn Fn() -> Reading),
) -> Result<()> {
    if tally.offers.is_empty() {
        return Ok(());
    }
    for offer in access.with(|vault| vault.missing_gazetteers(&tally.offers))? {
        pipe.patience = patience(deadline_ms, now());
        match gazetteer::fetch(access, pipe, &offer, &|| is_in_time(deadline_ms, now())) {
            // Another release stands by now, and is on offer in the next exchange.
            Err(cause) if is_of_an_older_server(&cause) => {}
            done => done?,
        }
    }
    Ok(())
}

fn is_in_time(deadline_ms: Option<i64>, now: Reading) -> bool {
    deadline_ms.is_none_or(|deadline| now.wall_ms < deadline)
}

/// Exchanges until neither side has more.
fn exchange_all<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    tally: &mut Tally,
    (deadline_ms, now): (Option<i64>, &dyn Fn() -> Reading),
    pace: &mut Pace,
) -> Result<()> {
    let mut standing = access.with(|vault| vault.standing())?;
    let mut fruitless = 0;
    loop {
        pipe.patience = patience(deadline_ms, now());
        let began_ms = now().monotonic_ms;
        let more = exchange_once(access, pipe, tally, (pace.budget(), now))?;
        pace.took(now().monotonic_ms.saturating_sub(began_ms));
        if !more || !is_in_time(deadline_ms, now()) {
            return Ok(());
        }
        let reached = access.with(|vault| vault.standing())?;
        fruitless = if reached == standing { fruitless + 1 } else { 0 };
        if FRUITLESS <= fruitless || FORKS <= tally.forks {
            return Err(Refused::of(Code::Busy, "Exchanges go round in circles").into());
        }
        standing = reached;
    }
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
    for upload in access.with(|vault| vault.photos_that_may_go(now()))? {
        if deadline_ms.is_some_and(|deadline| deadline <= now().wall_ms) {
            break;
        }
        pipe.patience = patience(deadline_ms, now());
        let mut sent = send_photo(access, pipe, &upload, (pace, now));
        if let Some(code) = sent.as_ref().err().and_then(code_of).filter(|code| begins_anew(*code)) {
            access.with(|vault| vault.start_photo_again(&upload, code))?;
            let upload = UploadRow { url: None, sent: 0, ..upload.clone() };
            sent = send_photo(access, pipe, &upload, (pace, now));
        }
        match sent {
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

fn code_of(cause: &anyhow::Error) -> Option<Code> {
    cause.downcast_ref::<Refused>().map(|refused| refused.problem.code)
}

/// As long as a line deserves, and not far beyond what is left.
fn patience(deadline_ms: Option<i64>, now: Reading) -> Duration {
    let left_ms = deadline_ms.map_or(i64::MAX, |deadline| deadline.saturating_sub(now.wall_ms));
    PATIENCE.min(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)).max(LEAST_PATIENCE))
}

/// Checks and compares where it is time to. True when something is to be asked for anew.
fn look_after<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    tally: &mut Tally,
    (deadline_ms, now): (Option<i64>, &dyn Fn() -> Reading),
    pace: &mut Pace,
) -> Result<bool> {
    let is_time = match tally.comparing.take() {
        None => false,
        Some(Comparing::Now) => true,
        Some(Comparing::WhenDue) => access.with(|vault| vault.comparison_is_due(now()))?,
    };
    if !is_time {
        return Ok(false);
    }
    let mut repaired = access.with(|vault| vault.repair_records(now()))?;
    for photo in access.with(|vault| vault.photos_held())? {
        access.with(|vault| vault.check_and_repair_photo(photo, &mut repaired, now()))?;
    }
    repaired.repaired += fetch_photos(access, pipe, &std::mem::take(&mut repaired.photos_to_fetch), now)?;
    tally.looked_after.repaired = repaired;
    if 0 < access.with(|vault| vault.waiting_to_be_asked())? || access.with(|vault| vault.needs_retiring())? {
        exchange_all(access, pipe, tally, (deadline_ms, now), pace)?;
    }
    match compare(access, pipe, now) {
        Ok(comparison) => tally.looked_after.comparison = comparison,
        // A server that does not compare yet is no reason to stop.
        Err(cause) if is_of_an_older_server(&cause) => {}
        Err(cause) => return Err(cause),
    }
    Ok(!tally.looked_after.comparison.is_equal())
}

fn is_of_an_older_server(cause: &anyhow::Error) -> bool {
    cause.downcast_ref::<Refused>().is_some_and(|refused| refused.problem.code == Code::NotFound)
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
    tally.stopped = applied.stopped;
    if !applied.offers.is_empty() {
        tally.offers.clone_from(&applied.offers);
    }
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

/// What any exchange worth its bytes moves on: what is brought back, the actor, what is received and acked, the cursor.
type Standing = (Option<Returning>, Actor, u64, u64, Option<Vec<u8>>);

impl Vault {
    fn failures(&self) -> Result<u32> {
        Ok(self.store.progress()?.failures)
    }

    fn standing(&self) -> Result<Standing> {
        let progress = self.store.progress()?;
        let back = self.store.returning()?;
        Ok((back, progress.actor, progress.received, progress.acked, progress.cursor))
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
