//! The network half: lines that break, portals that lie, offices that are busy, clocks that are wrong, and copies of
//! what there should be one of.

mod again;
mod busy;
mod clocks;
mod copies;
mod cuts;
mod portal;
mod proxy;

pub use again::again;
pub use busy::busy;
pub use clocks::clocks;
pub use copies::copies;
pub use cuts::cuts;
pub use portal::portal;

use crate::faults::Wanted;
use crate::field::device::{Device, Said, only, text};
use crate::field::server::{Server, command};
use crate::field::{empty, own_address, quick_folder};
use crate::program::{built, read, root, run};
use anyhow::{Context, Result, ensure};
use proxy::Proxy;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

const PIN: &str = "294817";
const FORM: &str = "dead_animal";
/// No line at all, or none that can be used now: it is tried again by itself.
const LATER: i32 = 3;

/// A council's server, and the folder in which everything lies.
#[derive(Debug)]
struct Town {
    folder: PathBuf,
    address: SocketAddr,
    server: Option<Server>,
    lines: AtomicUsize,
}

impl Town {
    fn begin(name: &str) -> Result<Self> {
        let folder = quick_folder(name);
        empty(&folder)?;
        let data = folder.join("server");
        std::fs::create_dir_all(&data).context("Could not make the server's folder")?;
        let council = root().join("schemas/councils/demo.json");
        command(&data, &["admin", "council", "load", council.to_str().context("The tree's path is text")?])?;
        let mut town = Town { folder, address: own_address()?, server: None, lines: AtomicUsize::new(0) };
        town.opens()?;
        Ok(town)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("server")
    }

    fn opens(&mut self) -> Result<()> {
        self.server = Some(Server::start(&self.data(), &self.address.to_string())?);
        Ok(())
    }

    fn shuts(&mut self) -> Result<()> {
        self.server.take().context("The server is up")?.stop()
    }

    /// A device of this officer behind a line of its own.
    fn line(&self, officer: &str) -> Result<Line> {
        self.line_at(officer, "+0")
    }

    /// The same, from an office whose clock is set elsewhere.
    fn line_at(&self, officer: &str, clock: &str) -> Result<Line> {
        let proxy = Proxy::open(self.address)?;
        let number = self.lines.fetch_add(1, Ordering::SeqCst);
        let email = format!("{officer}@example.gov.uk");
        let mut admin = Command::new(built("kerbside-server"));
        admin.args(["admin", "device", "code", "--officer", &email]).arg("--data").arg(self.data());
        let code = read(&mut faked(&admin, clock)?)?;
        let code: Value = serde_json::from_str(&code).context("A code is JSON")?;
        let vault = self.folder.join(format!("{officer}-{number}"));
        let device = Device::enrol(&vault, &proxy.url(), text(&code, "code")?, PIN)?;
        Ok(Line { proxy, device, folder: self.folder.clone() })
    }

    /// Everything acknowledged is there once, nothing else is, and both sides prove it.
    fn holds(&self, saved: &BTreeSet<String>, devices: &[&Device]) -> Result<usize> {
        let verified = only(command(&self.data(), &["verify"])?)?;
        is_clean("the server", &verified)?;
        let there = dumped(&self.data())?;
        for record in saved {
            ensure!(there.contains(record.as_str()), "{record} never reached the server");
        }
        for count in ["records", "changes"] {
            let held = verified.get(count).and_then(Value::as_u64).unwrap_or(0);
            ensure!(held == saved.len() as u64, "{held} {count} came of {} saves", saved.len());
        }
        for device in devices {
            is_clean("a device", &only(device.does(&["verify"])?)?)?;
        }
        Ok(saved.len())
    }

    fn ends(mut self) -> Result<()> {
        if self.server.is_some() {
            self.shuts()?;
        }
        std::fs::remove_dir_all(&self.folder).context("Could not tidy up")
    }
}

#[derive(Debug)]
struct Line {
    proxy: Proxy,
    device: Device,
    folder: PathBuf,
}

impl Line {
    fn saves(&self) -> Result<String> {
        let answers = crate::demo::example(FORM)?;
        let words = ["create", "--form", FORM, "--answers", "-", "--at", "52.6285,1.2920,6"];
        record_of(self.device.given(&words, Some(&answers))?)
    }

    fn saves_photo(&self, number: usize, bytes: usize) -> Result<(String, usize)> {
        let photo = photo(number, bytes)?;
        let file = self.folder.join(format!("photo-{number}.jpg"));
        std::fs::write(&file, &photo).context("Could not write a photo")?;
        let path = file.to_str().context("The folder's path is text")?;
        let answers = crate::demo::example(FORM)?;
        let words = ["create", "--form", FORM, "--answers", "-", "--photo", path, "--at", "52.6285,1.2920,6"];
        Ok((record_of(self.device.given(&words, Some(&answers))?)?, photo.len()))
    }

    /// One try, which may come to nothing.
    fn tries(&self) -> Result<(Said, Value)> {
        let said = self.device.tries(&["sync", "--deadline", "6"], None)?;
        let report = said.lines.first().cloned().unwrap_or_default();
        Ok((said, report))
    }

    /// Until nothing waits: what stood in the way has to go by itself.
    fn catches_up(&self) -> Result<Value> {
        let report = only(self.device.does(&["sync", "--until-idle", "--deadline", "90"])?)?;
        ensure!(report.get("waiting") == Some(&json!(0)), "Something still waits: {report}");
        Ok(report)
    }

    fn waiting(&self) -> Result<Vec<Value>> {
        self.device.does(&["waiting"])
    }
}

fn record_of(lines: Vec<Value>) -> Result<String> {
    Ok(text(&only(lines)?, "record")?.to_owned())
}

fn dumped(data: &Path) -> Result<String> {
    Ok(command(data, &["dump", "--canonical"])?.iter().map(Value::to_string).collect())
}

fn is_clean(whose: &str, verified: &Value) -> Result<()> {
    ensure!(verified.get("integrity") == Some(&json!("ok")), "{whose} is damaged: {verified}");
    Ok(())
}

/// A picture of about this size and of its own hash: comment segments of noise right after its start.
fn photo(number: usize, bytes: usize) -> Result<Vec<u8>> {
    let picture =
        std::fs::read(root().join("e2e/photos/street-corner.jpg")).context("Could not read a photo")?;
    let (start, rest) = picture.split_at_checked(2).context("A photo has a start")?;
    let mut whole = start.to_vec();
    let mut noise = number as u64 + 1;
    while whole.len() + rest.len() < bytes {
        let length = 60_000.min(bytes - whole.len() - rest.len()).max(8);
        whole.extend([0xff, 0xfe]);
        whole.extend(u16::try_from(length + 2).unwrap_or(u16::MAX).to_be_bytes());
        for _ in 0..length {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            whole.push((noise >> 40) as u8);
        }
    }
    whole.extend_from_slice(rest);
    Ok(whole)
}

fn copied(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to).context("Could not make room for a copy")?;
    }
    run(Command::new("cp").arg("-a").arg(from).arg(to))
}

/// `wanted` of them, as far apart as they can be; all, if there are fewer.
fn spread<T: Clone>(all: &[T], wanted: usize) -> Vec<T> {
    if all.len() <= wanted {
        return all.to_vec();
    }
    (0..wanted).filter_map(|at| all.get(at * all.len() / wanted).cloned()).collect()
}

/// The same command with the clock set elsewhere: `+2d`, `-2d`, `@1980-01-06 09:00:00`. The library is loaded into the
/// program itself, so that what is started, waited for and stopped is the program.
fn faked(command: &Command, clock: &str) -> Result<Command> {
    let folders = std::fs::read_dir("/usr/lib").context("Could not look for libfaketime")?;
    let libraries = folders.filter_map(|entry| Some(entry.ok()?.path().join("faketime/libfaketimeMT.so.1")));
    let library = libraries.into_iter().find(|path| path.is_file());
    let mut fake = Command::new(command.get_program());
    fake.args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            fake.env(name, value);
        }
    }
    fake.env("LD_PRELOAD", library.context("libfaketime is not installed")?).env("FAKETIME", clock);
    // Only the clock on the wall is wrong: how long something takes is not.
    fake.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Ok(fake)
}

fn serving(data: &Path, address: SocketAddr) -> Command {
    let mut serve = Command::new(built("kerbside-server"));
    serve.arg("serve").arg("--data").arg(data).args(["--bind", &address.to_string()]);
    serve
}

/// Each hand its share of the work, side by side: most of it is waiting.
fn by_hands<T: Sync, R: Send>(
    wanted: &Wanted,
    hands: usize,
    work: &[T],
    does: impl Fn(usize, &mut dyn Iterator<Item = &T>) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let done = std::thread::scope(|scope| {
        let hired: Vec<_> = (0..hands.min(work.len()))
            .map(|hand| {
                let does = &does;
                let mine = work.iter().skip(hand).step_by(hands);
                scope.spawn(move || does(hand, &mut mine.take_while(|_| wanted.goes_on().is_ok())))
            })
            .collect();
        hired.into_iter().map(|hand| hand.join().ok().context("A hand stopped")?).collect()
    });
    wanted.goes_on()?;
    done
}
