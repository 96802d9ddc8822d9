//! Looking for what was acknowledged, after something went wrong.

use super::day::{Bench, Heard, Now};
use crate::field::device::text;
use crate::field::server::{Server, command};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// What a device holds, as its own program tells it.
#[derive(Debug)]
pub struct OnDevice {
    records: Value,
    drafts: String,
    received: Vec<String>,
    safe: Vec<String>,
}

impl OnDevice {
    /// Opens the vault, proves it whole, and reads all of it.
    pub fn look(bench: &Bench, now: &Now) -> Result<Self> {
        let script = bench.folder.join("look.jsonl");
        let lines = ["verify", "drafts", "list", "dump"].map(|name| json!({ "command": name }).to_string());
        std::fs::write(&script, lines.join("\n")).context("Could not write a script")?;
        let script = script.to_str().context("The folder's path is text")?;
        let lines =
            Bench::device(now).does(&["run", "--script", script]).context("The vault does not open")?;
        let verified = lines.first().context("The vault was verified")?;
        ensure!(verified.get("integrity") == Some(&json!("ok")), "The vault is damaged: {verified}");
        ensure!(verified.get("bad_photos") == Some(&json!(0)), "A photo is damaged: {verified}");
        let dump = lines.last().context("The vault was dumped")?;
        let called = |state: &str| -> Vec<String> {
            let is_so = |line: &&Value| text(line, "state").is_ok_and(|found| found == state);
            let records = lines.iter().filter(is_so).filter_map(|line| text(line, "record").ok());
            records.map(str::to_owned).collect()
        };
        let safe = called("safe");
        let drafts = lines.iter().filter(|line| line.get("draft").is_some()).map(Value::to_string);
        Ok(OnDevice {
            records: dump.get("records").cloned().context("A dump has records")?,
            drafts: drafts.collect(),
            received: [called("received"), safe.clone()].concat(),
            safe,
        })
    }

    /// Everything that was acknowledged is there, and nothing twice.
    pub fn holds(&self, bench: &Bench, heard: &Heard) -> Result<usize> {
        let all = self.records.to_string();
        for word in &heard.saved {
            ensure!(all.contains(word), "{word} was acknowledged, and is not on the device");
        }
        for word in &heard.typed {
            // A draft that was typed stays one: the day never saves it.
            ensure!(self.drafts.contains(word), "{word} was typed, and is in no draft");
        }
        for word in bench.words() {
            ensure!(all.matches(word).count() <= 1, "{word} is twice on the device");
        }
        Ok(heard.saved.len() + heard.typed.len())
    }

    /// What the device calls received is on the server, answer by answer and photo by photo.
    pub fn is_received_by(&self, server: &OnServer, bench: &Bench, now: &Now) -> Result<usize> {
        self.are_on(&self.received, server, bench, now).context("Called received")
    }

    /// The same of what it calls safe, on a server that was restored.
    pub fn is_safe_with(&self, restored: &OnServer, bench: &Bench, now: &Now) -> Result<usize> {
        self.are_on(&self.safe, restored, bench, now).context("Called safe in a backup")
    }

    fn are_on(&self, records: &[String], server: &OnServer, bench: &Bench, now: &Now) -> Result<usize> {
        for record in records {
            let here = self.records.get(record).map(Value::to_string).unwrap_or_default();
            let there = server.records.get(record).map(Value::to_string);
            let there = there.with_context(|| format!("{record} is not on the server"))?;
            for word in bench.words().filter(|word| here.contains(word)) {
                ensure!(there.contains(word), "{word} is not on the server");
            }
            let photos = self.records.get(record).and_then(|record| record.get("photos")?.as_array());
            for photo in photos.into_iter().flatten().filter_map(Value::as_str) {
                let place = now.server.join("photos").join(photo.get(..2).unwrap_or_default()).join(photo);
                ensure!(place.exists(), "Photo {photo} is not on the server");
            }
        }
        Ok(records.len())
    }
}

#[derive(Debug)]
pub struct OnServer {
    records: Value,
}

impl OnServer {
    /// Proves the server's folder whole and reads all of it, while no server runs.
    pub fn look(now: &Now) -> Result<Self> {
        let verified = command(&now.server, &["verify"]).context("The server's folder does not open")?;
        let verified = verified.first().context("The server was verified")?;
        ensure!(verified.get("integrity") == Some(&json!("ok")), "The server is damaged: {verified}");
        let dump = command(&now.server, &["dump", "--canonical"])?.pop().context("The server was dumped")?;
        Ok(OnServer { records: dump.get("records").cloned().context("A dump has records")? })
    }

    pub fn holds(&self, words: &[&str]) -> Result<()> {
        let all = self.records.to_string();
        let missing: Vec<&&str> = words.iter().filter(|word| !all.contains(**word)).collect();
        ensure!(missing.is_empty(), "These never reached the server: {missing:?}");
        Ok(())
    }
}

/// With a sound world: device and server agree again, and everything that was acknowledged has arrived once.
pub fn settles(bench: &Bench, now: &Now, heard: &Heard) -> Result<usize> {
    let server = Server::start(&now.server, &bench.address.to_string())?;
    let synced = Bench::device(now).does(&["sync", "--until-idle", "--deadline", "60"])?;
    let report = synced.last().context("A sync reports")?;
    ensure!(report.get("waiting") == Some(&json!(0)), "Something still waits: {report}");
    server.stop()?;
    let device = OnDevice::look(bench, now).context("At the end")?;
    let found = device.holds(bench, heard).context("At the end")?;
    let server = OnServer::look(now).context("At the end")?;
    server.holds(&heard.saved)?;
    device.is_received_by(&server, bench, now).context("At the end")?;
    Ok(found)
}
