//! The rounds: what is saved goes to the office by itself, at the start, after each save, when a person asks, and on a timer
//! while the window can be seen. The page hears `changed` and reads again.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use kerbside_core::problem::{Code, Problem};
use kerbside_device::clock;
use kerbside_device::{Vault, VaultAccess, sync};
use tauri::{AppHandle, Emitter, Manager};

use crate::commands::Answer;
use crate::desk::Desk;

const EVERY: Duration = Duration::from_secs(20);
/// How long one round may go on before it looks up again.
const LONGEST_MS: i64 = 10 * 60 * 1000;
/// The page need not hear of every request.
const TELL_EVERY_MS: u64 = 400;

enum Call {
    /// Something was saved or opened: go, unless the office asked for patience.
    Look,
    /// A person asked: go now, and say when done.
    Now(tauri::async_runtime::Sender<Result<()>>),
}

/// Where to call the rounds from.
struct Bell(mpsc::Sender<Call>);

pub fn start(app: &AppHandle, desk: &Desk) -> Result<()> {
    let (bell, calls) = mpsc::channel();
    app.manage(Bell(bell));
    let (app, desk) = (app.clone(), desk.clone());
    let walk = move || {
        loop {
            match calls.recv_timeout(EVERY) {
                Ok(Call::Look) => go_if_due(&app, &desk),
                Ok(Call::Now(done)) => {
                    if done.blocking_send(go(&app, &desk)).is_err() {
                        tracing::info!("Nobody waited for a round");
                    }
                }
                Err(RecvTimeoutError::Timeout) if can_be_seen(&app) => go_if_due(&app, &desk),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    };
    thread::Builder::new().name("rounds".into()).spawn(walk).context("Start the rounds")?;
    Ok(())
}

/// Something on the device is new: the page reads again, and it goes to the office.
pub fn saved(app: &AppHandle) {
    tell(app);
    wake(app);
}

pub fn wake(app: &AppHandle) {
    if app.state::<Bell>().0.send(Call::Look).is_err() {
        tracing::error!("The rounds have stopped");
    }
}

/// Tries now and answers when it is done; what stopped it is said to whoever asked.
pub async fn now(app: &AppHandle) -> Answer<()> {
    let (done, mut answer) = tauri::async_runtime::channel(1);
    let called = app.state::<Bell>().0.send(Call::Now(done));
    called.map_err(|_| anyhow!("The rounds have stopped"))?;
    Ok(answer.recv().await.context("The rounds have stopped")??)
}

fn go_if_due(app: &AppHandle, desk: &Desk) {
    let round = match desk.with(|vault, now| vault.is_due(now)) {
        Ok(true) => go(app, desk),
        Ok(false) => Ok(()),
        Err(shut) => Err(shut),
    };
    if let Err(failure) = round
        && failure.downcast_ref::<Problem>().is_none()
    {
        tracing::error!("A round broke off: {failure:#}");
    }
}

fn go(app: &AppHandle, desk: &Desk) -> Result<()> {
    let deadline = clock::now().wall_ms.saturating_add(LONGEST_MS);
    let telling = Telling { app, desk, told_ms: clock::now().monotonic_ms };
    let report = sync(telling, Some(deadline), &|| desk.now());
    tell(app);
    match report?.stopped {
        None => Ok(()),
        Some(code) => Err(stopped(code).into()),
    }
}

fn stopped(code: Code) -> Problem {
    Problem::new(code, "A round stopped")
}

fn can_be_seen(app: &AppHandle) -> bool {
    app.get_webview_window("main").is_some_and(|window| !window.is_minimized().unwrap_or(false))
}

fn tell(app: &AppHandle) {
    if let Err(failure) = app.emit("changed", ()) {
        tracing::error!("The page could not be told of a change: {failure}");
    }
}

/// The vault as an exchange takes it up, with a word to the page now and then.
struct Telling<'a> {
    app: &'a AppHandle,
    desk: &'a Desk,
    told_ms: u64,
}

impl VaultAccess for Telling<'_> {
    fn with<T>(&mut self, act: impl FnOnce(&mut Vault) -> Result<T>) -> Result<T> {
        let done = self.desk.vault().with(act);
        let now_ms = clock::now().monotonic_ms;
        if self.told_ms.saturating_add(TELL_EVERY_MS) <= now_ms {
            self.told_ms = now_ms;
            tell(self.app);
        }
        done
    }
}
