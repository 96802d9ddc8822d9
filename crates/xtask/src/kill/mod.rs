//! `cargo xtask kill`: both programs are killed at points spread over a run that saves twenty records with photos and
//! syncs. Afterwards nothing that printed its line may be missing, and both stores must verify.

mod strace;

use crate::field::device::{Device, Said, only, text};
use crate::field::fresh_folder;
use crate::field::server::{Server, command};
use crate::install::{Need, install};
use crate::program::{built, cargo, root, run, say};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use strace::{Point, points, spread, traced};

const RECORDS: usize = 20;
const POINTS: usize = 100;
const PIN: &str = "294817";

/// Where one run is killed: each program at a point of its own, whichever comes first.
#[derive(Debug)]
struct Fate {
    device: Option<Point>,
    server: Option<Point>,
}

#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    devices_killed: usize,
    servers_killed: usize,
    lines_printed: usize,
}

pub fn kill(arguments: &[String]) -> Result<()> {
    let wanted = match arguments.iter().position(|argument| argument == "--points") {
        Some(at) => {
            arguments.get(at + 1).and_then(|number| number.parse().ok()).context("--points takes a number")?
        }
        None => POINTS,
    };
    if !arguments.iter().any(|argument| argument == "--built") {
        install(Need::Everything)?;
        run(cargo().args(["build", "--workspace", "--bins"]))?;
    }
    let folder = fresh_folder("kill")?;
    let bench = Bench::prepare(&folder)?;
    let (device, server) = bench.count()?;
    say(format!(
        "    one run makes {} device points and {} server points; {wanted} of each are tried",
        device.len(),
        server.len()
    ));
    let fates = spread(&device, wanted)
        .into_iter()
        .map(Some)
        .zip(spread(&server, wanted).into_iter().map(Some).rev());
    let mut tally = Tally::default();
    for (device, server) in fates {
        let fate = Fate { device, server };
        bench
            .survives(&fate, &mut tally)
            .with_context(|| format!("Killed at {fate:?}; what it left is in {}", folder.display()))?;
    }
    say(format!(
        "    {} runs, {} devices and {} servers killed, {} printed records all there",
        tally.runs, tally.devices_killed, tally.servers_killed, tally.lines_printed
    ));
    ensure!(0 < tally.devices_killed && 0 < tally.servers_killed, "Nothing was killed, so nothing was shown");
    std::fs::remove_dir_all(&folder).context("Could not tidy up")
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

    /// Twenty reports, each with a photograph of its own, and a sync after every fifth.
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
            if number % 5 == 0 {
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
        let said = self.plays(&now, &device_log, None)?;
        ensure!(said.code == 0, "The run itself failed: {}", said.complaint);
        ensure!(printed(&said).len() == RECORDS, "The run printed {} records", printed(&said).len());
        server.stop()?;
        Ok((points(&device_log)?, points(&server_log)?))
    }

    fn survives(&self, fate: &Fate, tally: &mut Tally) -> Result<()> {
        let now = self.afresh()?;
        let log = self.folder.join("killed.strace");
        let data = now.join("server");
        let mut server =
            Server::watch(&data, &mut traced(&self.serve(&now), &log, fate.server.as_ref())).ok();
        let said = self.plays(&now, &self.folder.join("device.strace"), fate.device.as_ref())?;
        let saved = printed(&said);
        let server_died = server.as_mut().is_none_or(Server::has_ended);
        drop(server);
        tally.runs += 1;
        tally.devices_killed += usize::from(said.code == -1);
        tally.servers_killed += usize::from(server_died);
        tally.lines_printed += saved.len();

        let ann = Device { vault: now.join("ann"), pin: PIN.to_owned() };
        is_clean("the device", &only(ann.does(&["verify"])?)?)?;
        let on_device = ann.does(&["list"])?;
        let held: BTreeSet<&str> = on_device.iter().filter_map(|line| text(line, "record").ok()).collect();
        ensure!(
            saved.iter().all(|record| held.contains(record.as_str())),
            "A printed record is not on the device"
        );

        is_clean("the server", &only(command(&data, &["verify"])?)?)?;
        let before_sync = dumped(&data)?;
        for line in on_device
            .iter()
            .filter(|line| text(line, "state").is_ok_and(|state| state == "received" || state == "safe"))
        {
            ensure!(
                before_sync.contains(text(line, "record")?),
                "A record shown as received is not on the server: {line}"
            );
        }

        let server = Server::start(&data, &self.address.to_string())?;
        let report = only(ann.does(&["sync", "--until-idle", "--deadline", "60"])?)?;
        ensure!(report.get("waiting") == Some(&json!(0)), "Something still waits: {report}");
        let after_sync = dumped(&data)?;
        for record in &held {
            ensure!(after_sync.contains(record), "{record} never reached the server");
        }
        ensure!(held.len() <= saved.len() + 1, "{} records were made of {} saves", held.len(), saved.len());
        server.stop()?;
        is_clean("the server, at the end", &only(command(&data, &["verify"])?)?)?;
        is_clean("the device, at the end", &only(ann.does(&["verify"])?)?)
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

    fn plays(&self, now: &Path, log: &Path, point: Option<&Point>) -> Result<Said> {
        let ann = Device { vault: now.join("ann"), pin: PIN.to_owned() };
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
