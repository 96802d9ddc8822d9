//! The rounds: what is saved goes to the office by itself, at the start, after each save, when somebody comes back to the app,
//! when the network changes, when a person asks, and on a timer while the window can be seen. One a second at most; one that
//! falls over ends none of the next. The page hears `changed` and reads again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use kerbside_core::problem::{Code, Problem};
use kerbside_device::clock;
use kerbside_device::{MapsFetched, Vault, VaultAccess, fetch_maps, sync};
use tauri::{AppHandle, Emitter, Manager};

use crate::commands::Answer;
use crate::desk::Desk;

const TIMES: Times = Times { every: Duration::from_secs(20), between: Duration::from_secs(1) };
/// How long one round may go on before it looks up again.
const LONGEST_MS: i64 = 10 * 60 * 1000;
/// Between two looks at the vault that nobody waits for.
const REST: Duration = Duration::from_millis(20);
/// The page need not hear of every request.
const TELL_EVERY_MS: u64 = 400;

enum Call {
    /// Something was saved or opened: go, unless the office asked for patience.
    Look,
    /// Somebody came back to the app, or the network changed: a line that failed may be there again.
    Back,
    /// A person asked: go now, and say when done.
    Now(tauri::async_runtime::Sender<Result<()>>),
}

/// Why a round is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Round {
    Timer,
    Saved,
    Back,
    Asked,
}

/// How often there is a round by itself, and what passes between two at the least.
#[derive(Debug, Clone, Copy)]
struct Times {
    every: Duration,
    between: Duration,
}

/// Where to call the rounds from.
struct Bell(mpsc::Sender<Call>);

pub fn start(app: &AppHandle, desk: &Desk) -> Result<()> {
    let (bell, calls) = mpsc::channel();
    app.manage(Bell(bell));
    let (app, desk) = (app.clone(), desk.clone());
    let walk = move || {
        make_rounds(&calls, TIMES, |round| make(&app, &desk, round), || work_out_spots(&app, &desk));
    };
    thread::Builder::new().name("rounds".into()).spawn(walk).context("Start the rounds")?;
    Ok(())
}

/// Until nobody can call any more. However fast somebody saves, one round takes all of it along. `rest` is done when nobody waits.
fn make_rounds(calls: &Receiver<Call>, times: Times, make: impl Fn(Round) -> Result<()>, rest: impl Fn()) {
    let (mut last_ms, mut falls) = (None, 0_u32);
    loop {
        let first = match calls.recv_timeout(times.every) {
            Ok(call) => Some(call),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if let Some(last_ms) = last_ms {
            let passed_ms = clock::now().monotonic_ms.saturating_sub(last_ms);
            thread::sleep(times.between.saturating_sub(Duration::from_millis(passed_ms)));
        }
        let mut round = Round::Timer;
        let mut asked = Vec::new();
        for call in first.into_iter().chain(calls.try_iter()) {
            round = round.max(match call {
                Call::Look => Round::Saved,
                Call::Back => Round::Back,
                Call::Now(done) => {
                    asked.push(done);
                    Round::Asked
                }
            });
        }
        // The vault is as its last transaction left it: whole. What was saved still has to go.
        let done = catch_unwind(AssertUnwindSafe(|| make(round))).unwrap_or_else(|_| {
            falls += 1;
            tracing::error!(falls, "A round fell over; the next will be made");
            Err(anyhow!("A round fell over"))
        });
        last_ms = Some(clock::now().monotonic_ms);
        answer(asked, done);
        if catch_unwind(AssertUnwindSafe(&rest)).is_err() {
            tracing::error!("What is done between rounds fell over; the next round will be made");
        }
    }
}

fn answer(asked: Vec<tauri::async_runtime::Sender<Result<()>>>, done: Result<()>) {
    if asked.is_empty() {
        return note(done);
    }
    let said = done.map_err(|failure| failure.downcast::<Problem>());
    for one in asked {
        let again = match &said {
            Ok(()) => Ok(()),
            Err(Ok(problem)) => Err(problem.clone().into()),
            Err(Err(failure)) => Err(anyhow!("{failure:#}")),
        };
        if one.blocking_send(again).is_err() {
            tracing::info!("Nobody waited for a round");
        }
    }
}

/// What stopped a round that nobody asked for: the strip says why; only what is no refusal is news to the log.
fn note(done: Result<()>) {
    if let Err(failure) = done
        && failure.downcast_ref::<Problem>().is_none()
    {
        tracing::error!("A round broke off: {failure:#}");
    }
}

/// Something on the device is new: the page reads again, and it goes to the office.
pub fn saved(app: &AppHandle) {
    tell(app);
    wake(app);
}

pub fn wake(app: &AppHandle) {
    ring(app, Call::Look);
}

/// Somebody came back to the app, or a network was found.
pub fn came_back(app: &AppHandle) {
    ring(app, Call::Back);
}

fn ring(app: &AppHandle, call: Call) {
    // A window may come to the front before the rounds begin; they begin with a round.
    if let Some(bell) = app.try_state::<Bell>()
        && bell.0.send(call).is_err()
    {
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

fn make(app: &AppHandle, desk: &Desk, round: Round) -> Result<()> {
    let is_due = match round {
        Round::Timer if !can_be_seen(app) => false,
        Round::Timer | Round::Saved => desk.with(|vault, now| vault.is_due(now))?,
        Round::Back => desk.with(|vault, now| vault.is_due_on_return(now))?,
        Round::Asked => true,
    };
    if is_due { go(app, desk) } else { Ok(()) }
}

/// Before anybody asks what is nearby, a few records at a time; a screen that wants the vault in between gets it.
fn work_out_spots(app: &AppHandle, desk: &Desk) {
    let mut after = 0;
    while can_be_seen(app) {
        match desk.with(|vault, _| vault.work_out_spots(after)) {
            Ok(Some(last)) => after = last,
            Ok(None) => return,
            Err(failure) => return note(Err(failure)),
        }
        thread::sleep(REST);
    }
}

fn go(app: &AppHandle, desk: &Desk) -> Result<()> {
    let deadline = clock::now().wall_ms.saturating_add(LONGEST_MS);
    let telling = Telling { app, desk, told_ms: clock::now().monotonic_ms };
    let report = sync(telling, Some(deadline), &|| desk.now());
    tell(app);
    match report?.stopped {
        None => bring_maps(app, desk, deadline),
        Some(code) => Err(stopped(code).into()),
    }
}

/// Last of all, and only over a line that costs nothing.
fn bring_maps(app: &AppHandle, desk: &Desk, deadline: i64) -> Result<()> {
    if !desk.lets_maps_come() {
        return Ok(());
    }
    let telling = Telling { app, desk, told_ms: clock::now().monotonic_ms };
    match fetch_maps(telling, Some(deadline), &|| desk.now()) {
        Ok(fetched) if fetched == MapsFetched::default() => {}
        Ok(fetched) => {
            tracing::info!(finished = fetched.finished, bytes = fetched.bytes_down, "Maps came");
            tell(app);
        }
        // What an officer wrote has gone; a map that did not come is tried again in the next round.
        Err(failure) => tracing::info!("A map did not come: {failure:#}"),
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const QUICK: Times = Times { every: Duration::from_secs(60), between: Duration::from_millis(40) };

    fn asks(bell: &mpsc::Sender<Call>) -> tauri::async_runtime::Receiver<Result<()>> {
        let (done, answer) = tauri::async_runtime::channel(1);
        bell.send(Call::Now(done)).unwrap();
        answer
    }

    #[test]
    fn a_round_that_falls_over_is_answered_and_ends_none_of_the_next() {
        let (bell, calls) = mpsc::channel();
        let made = &Mutex::new(Vec::new());
        thread::scope(|scope| {
            scope.spawn(move || {
                make_rounds(
                    &calls,
                    QUICK,
                    |round| {
                        let so_far = made.lock().map(|mut made| {
                            made.push(round);
                            made.len()
                        });
                        assert_ne!(so_far.unwrap(), 1, "the first falls over");
                        Ok(())
                    },
                    || panic!("so does what is done between"),
                );
            });
            let failure = asks(&bell).blocking_recv().unwrap().unwrap_err();
            assert_eq!(failure.to_string(), "A round fell over");
            asks(&bell).blocking_recv().unwrap().unwrap();
            drop(bell);
        });
        assert_eq!(*made.lock().unwrap(), [Round::Asked; 2]);
    }

    #[test]
    fn many_calls_are_one_round_and_two_are_never_closer_than_they_may_be() {
        let (bell, calls) = mpsc::channel();
        let made = &Mutex::new(Vec::new());
        thread::scope(|scope| {
            scope.spawn(move || {
                make_rounds(
                    &calls,
                    QUICK,
                    |round| {
                        made.lock().unwrap().push((round, clock::now().monotonic_ms));
                        Err(Problem::new(Code::NoSignal, "").into())
                    },
                    || (),
                );
            });
            asks(&bell).blocking_recv().unwrap().unwrap_err();
            for call in [Call::Look, Call::Back, Call::Look] {
                bell.send(call).unwrap();
            }
            let refused = asks(&bell).blocking_recv().unwrap().unwrap_err();
            assert_eq!(refused.downcast_ref::<Problem>().unwrap().code, Code::NoSignal);
            drop(bell);
        });
        let made = made.lock().unwrap();
        assert_eq!(made.iter().map(|(round, _)| *round).collect::<Vec<_>>(), [Round::Asked; 2]);
        let apart = Duration::from_millis(made[1].1 - made[0].1);
        assert!(QUICK.between <= apart + Duration::from_millis(1), "{apart:?}");
    }

    #[test]
    fn somebody_who_comes_back_gets_a_round_at_once() {
        let (bell, calls) = mpsc::channel();
        let made = Mutex::new(Vec::new());
        bell.send(Call::Look).unwrap();
        bell.send(Call::Back).unwrap();
        drop(bell);
        make_rounds(
            &calls,
            QUICK,
            |round| {
                made.lock().unwrap().push(round);
                Ok(())
            },
            || (),
        );
        assert_eq!(made.into_inner().unwrap(), [Round::Back]);
    }
}
