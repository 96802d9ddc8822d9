//! Both programs are killed at points spread over a run that saves twenty records with photos and
//! syncs. Afterwards nothing that printed its line may be missing, and both stores must verify.

mod strace;

use super::{Tally, Wanted};
use crate::field::device::{Device, Said, only, text};
use crate::field::fresh_folder;
use crate::field::server::{Server, command};
use crate::program::{built, root, run, say};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use strace::{CALLS, Point, points, spread, traced};

const RECORDS: usize = 20;
const POINTS: usize = 100;
const PIN: &str = "294817";
/// No exit code: a signal ended it.
const KILLED: i32 = -1;

/// Runs side by side: a run mostly waits, for a disk or for its turn to try again.
const HANDS: usize = 4;

/// Where one run is killed: each program at a point of its own. The server is started again at once, as it would be on a
/// council's machine, so that the device reaches its own.
#[derive(Clone, Debug)]
struct Fate {
    device: Point,
    server: Point,
}

pub fn kill(wanted: &Wanted) -> Result<Tally> {
    let folder = fresh_folder("kill")?;
    let (device, server) = Bench::prepare(&folder.join("count"))?.count()?;
    let wanted = wanted.most(device.len(), POINTS);
    say(format!(
        "    one run has {} points of the device and {} of the server; {wanted} are tried",
        device.len(),
        server.len()
    ));
    let fates = fates(&device, &server, wanted);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS)
            .map(|hand| {
                let mine: Vec<Fate> = fates.iter().skip(hand).step_by(HANDS).cloned().collect();
                let bench = folder.join(format!("hand-{hand}"));
                scope.spawn(move || Bench::prepare(&bench)?.survives_all(&mine))
            })
            .collect();
        hands.into_iter().try_for_each(|hand| -> Result<()> {
            tally.add(hand.join().ok().context("A hand of the kill test stopped")??);
            Ok(())
        })
    })?;
    std::fs::remove_dir_all(&folder).context("Could not tidy up")?;
    Ok(tally)
}

/// The device's points over its whole run; with each one of the server's, no further into its work than the device's is
/// into its own, because a server has less to do for a device that stopped early.
fn fates(device: &[Point], server: &[Point], wanted: usize) -> Vec<Fate> {
    let of_a_kind = |points: &[Point], call: &str| points.iter().filter(|point| point.call == call).count();
    let kinds: Vec<(&'static str, usize)> =
        CALLS.into_iter().map(|call| (call, of_a_kind(server, call))).filter(|(_, most)| 0 < *most).collect();
    let chosen = spread(device, wanted).into_iter().zip(0_usize..).zip(kinds.into_iter().cycle());
    chosen
        .map(|((device_point, number), (call, most))| {
            let whole = of_a_kind(device, device_point.call) * wanted;
            // Steps of 61 in a hundred visit every stretch of the server's work once.
            let share = most * device_point.nth * (number * 61 % wanted) / whole.max(1);
            Fate { device: device_point, server: Point { call, nth: 1 + share } }
        })
        .collect()
}

/// An enrolled device and its server, kept as they were before the run that is killed.
#[derive(Debug)]
struct Bench {
    folder: PathBuf,
    address: SocketAddr,
    script: PathBuf,
}

impl Bench {
    fn prepare(folder: &Path) -> Result<Self> {
        let before = folder.join("before");
        let data = before.join("server");
        std::fs::create_dir_all(&data).context("Could not make the server's folder")?;
        let council = root().join("schemas/councils/demo.json");
        command(&data, &["admin", "council", "load", council.to_str().context("The tree's path is text")?])?;
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|probe| probe.local_addr())
            .context("No port is free")?;
        let server = Server::start(&data, &address.to_string())?;
        let code = only(command(&data, &["admin", "device", "code", "--officer", "ann@example.gov.uk"])?)?;
        Device::enrol(&before.join("ann"), &server.url(), text(&code, "code")?, PIN)?;
        server.stop()?;
        let bench = Bench { folder: folder.to_path_buf(), address, script: folder.join("script.jsonl") };
        std::fs::write(&bench.script, bench.day()?).context("Could not write the script")?;
        Ok(bench)
    }

    /// Twenty reports, each with a photograph of its own, and a sync after every tenth.
    fn day(&self) -> Result<String> {
        let picture =
            std::fs::read(root().join("e2e/photos/street-corner.jpg")).context("Could not read a photo")?;
        let answers = crate::demo::example("fly_tip")?;
        let mut lines = String::new();
        for number in 1..=RECORDS {
            let photo = self.folder.join(format!("photo-{number}.jpg"));
            std::fs::write(&photo, with_a_remark(&picture, &format!("number {number}")))
                .context("Could not write a photo")?;
            lines += &format!(
                "{}\n",
                json!({ "command": "create", "form": "fly_tip", "answers": answers, "photos": [photo], "at": "52.6285,1.2920,6" })
            );
            if number % 10 == 0 {
                lines += &format!("{}\n", json!({ "command": "sync", "until_idle": true, "deadline": 60 }));
            }
        }
        Ok(lines)
    }

    /// A run that nobody disturbs, to know the points of both programs.
    fn count(&self) -> Result<(Vec<Point>, Vec<Point>)> {
        let (device_log, server_log) = (self.folder.join("device.strace"), self.folder.join("server.strace"));
        let now = self.afresh()?;
        let server = Server::watch(&now.join("server"), &mut traced(&self.serve(&now), &server_log, None))?;
        let ann = Device { vault: now.join("ann"), pin: PIN.to_owned() };
        let said = self.plays(&ann, &device_log, None)?;
        ensure!(said.code == 0, "The run itself failed: {}", said.complaint);
        ensure!(printed(&said).len() == RECORDS, "The run printed {} records", printed(&said).len());
        server.stop()?;
        Ok((points(&device_log)?, points(&server_log)?))
    }

    fn survives_all(&self, fates: &[Fate]) -> Result<Tally> {
        let mut tally = Tally::default();
        for fate in fates {
            let lost = || {
                format!(
                    "Killed at {} and at {}; what it left is in {}",
                    fate.device,
                    fate.server,
                    self.folder.display()
                )
            };
            tally.add(self.survives(fate).with_context(lost)?);
        }
        Ok(tally)
    }

    fn survives(&self, fate: &Fate) -> Result<Tally> {
        let now = self.afresh()?;
        let ann = Device { vault: now.join("ann"), pin: PIN.to_owned() };
        let (said, server_died) = self.is_killed(&now, fate, &ann)?;
        let saved = printed(&said);
        let data = now.join("server");

        let on_device = ann.does(&["list"])?;
        let held: BTreeSet<&str> = on_device.iter().filter_map(|line| text(line, "record").ok()).collect();
        ensure!(
            saved.iter().all(|record| held.contains(record.as_str())),
            "A printed record is not on the device"
        );
        ensure!(held.len() <= saved.len() + 1, "{} records were made of {} saves", held.len(), saved.len());

        is_clean("the server", &only(command(&data, &["verify"])?)?)?;
        let before_sync = dumped(&data)?;
        let received =
            |line: &&Value| text(line, "state").is_ok_and(|state| state == "received" || state == "safe");
        for line in on_device.iter().filter(received) {
            ensure!(
                before_sync.contains(text(line, "record")?),
                "Shown as received, not on the server: {line}"
            );
        }

        let server = Server::start(&data, &self.address.to_string())?;
        let report = only(ann.does(&["sync", "--until-idle", "--deadline", "60"])?)?;
        ensure!(report.get("waiting") == Some(&json!(0)), "Something still waits: {report}");
        let after_sync = dumped(&data)?;
        for record in &held {
            ensure!(after_sync.contains(record), "{record} never reached the server");
        }
        server.stop()?;
        is_clean("the server, at the end", &only(command(&data, &["verify"])?)?)?;
        is_clean("the device, at the end", &only(ann.does(&["verify"])?)?)?;
        let fired = usize::from(said.code == KILLED) + usize::from(server_died);
        Ok(Tally { tried: 2, fired, found: saved.len() })
    }

    /// The day with both programs under their fate, and after the device's a sync that may meet the server's. Then the
    /// server is stopped. Says whether it had died.
    fn is_killed(&self, now: &Path, fate: &Fate, ann: &Device) -> Result<(Said, bool)> {
        let data = now.join("server");
        let doomed = &mut traced(&self.serve(now), &self.folder.join("server.strace"), Some(&fate.server));
        let mut died = false;
        let mut server = match Server::watch(&data, doomed) {
            Ok(server) => server,
            Err(_) => {
                died = true;
                Server::start(&data, &self.address.to_string())?
            }
        };
        let over = AtomicBool::new(false);
        let said = std::thread::scope(|scope| {
            let keeper = scope.spawn(|| -> Result<bool> {
                while !over.load(Ordering::SeqCst) {
                    if server.has_ended() {
                        died = true;
                        server = Server::start(&data, &self.address.to_string())?;
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                Ok(died)
            });
            let said = self.plays(ann, &self.folder.join("device.strace"), Some(&fate.device));
            let whole =
                ann.does(&["verify"]).and_then(only).and_then(|verified| is_clean("the device", &verified));
            let caught_up = ann.tries(&["sync", "--until-idle", "--deadline", "60"], None);
            over.store(true, Ordering::SeqCst);
            let died = keeper.join().ok().context("The server's keeper stopped")??;
            whole.and(caught_up)?;
            Ok::<_, anyhow::Error>((said?, died))
        })?;
        server.stop().or_else(|reason| if said.1 { Err(reason) } else { Ok(()) })?;
        Ok(said)
    }

    fn afresh(&self) -> Result<PathBuf> {
        let now = self.folder.join("now");
        if now.exists() {
            std::fs::remove_dir_all(&now).context("Could not clear the last run")?;
        }
        run(Command::new("cp").arg("-a").arg(self.folder.join("before")).arg(&now))?;
        Ok(now)
    }

    fn serve(&self, now: &Path) -> Command {
        let mut serve = Command::new(built("kerbside-server"));
        serve.arg("serve").arg("--data").arg(now.join("server")).args(["--bind", &self.address.to_string()]);
        serve
    }

    fn plays(&self, ann: &Device, log: &Path, point: Option<&Point>) -> Result<Said> {
        let script = self.script.to_str().context("The folder's path is text")?;
        let output = traced(&ann.command(&["run", "--script", script]), log, point)
            .stdin(Stdio::null())
            .output()
            .context("Could not start kerbside")?;
        let out = String::from_utf8_lossy(&output.stdout);
        let lines = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Said { code: output.status.code().unwrap_or(-1), lines, complaint })
    }
}

/// The records whose line a person could have read.
fn printed(said: &Said) -> Vec<String> {
    let created = |line: &&Value| line.get("ref").is_some();
    said.lines
        .iter()
        .filter(created)
        .filter_map(|line| text(line, "record").ok().map(str::to_owned))
        .collect()
}

fn dumped(data: &Path) -> Result<String> {
    Ok(command(data, &["dump", "--canonical"])?.iter().map(Value::to_string).collect())
}

fn is_clean(whose: &str, verified: &Value) -> Result<()> {
    ensure!(verified.get("integrity") == Some(&json!("ok")), "{whose} is damaged: {verified}");
    Ok(())
}

/// A JPEG's comment segment, right after its start: the same picture under another hash.
fn with_a_remark(jpeg: &[u8], remark: &str) -> Vec<u8> {
    let (start, rest) = jpeg.split_at_checked(2).unwrap_or((jpeg, &[]));
    let length = u16::try_from(remark.len() + 2).unwrap_or(2).to_be_bytes();
    [start, &[0xff, 0xfe], &length, remark.as_bytes(), rest].concat()
}
