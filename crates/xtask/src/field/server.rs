//! The real `kerbside-server`, as a process.

use crate::program::{built, read};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts it and waits for its `{"listening":…}`. `bind` may end in `:0`.
    pub fn start(data: &Path, bind: &str) -> Result<Self> {
        let mut serve = Command::new(built("kerbside-server"));
        serve.arg("serve").arg("--data").arg(data).args(["--bind", bind]);
        Self::watch(data, serve.env("KERBSIDE_LOG", "json"))
    }

    /// Runs a command that in the end is `kerbside-server serve`, perhaps under another program.
    pub fn watch(data: &Path, serve: &mut Command) -> Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(data.with_extension("log"));
        let mut child = serve
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.context("Could not open the server's log file")?)
            .spawn()
            .context("Could not start kerbside-server")?;
        let out = child.stdout.take().context("Its standard output was asked for")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).context("Could not read what the server said")?;
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        let listening = said
            .get("listening")
            .and_then(Value::as_str)
            .and_then(|url| url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")));
        let Some(address) = listening.and_then(|address| address.parse().ok()) else {
            child.kill().ok();
            child.wait().ok();
            bail!(
                "The server did not say where it listens, but: {line:?}; see {}",
                data.with_extension("log").display()
            );
        };
        Ok(Server { data: data.to_path_buf(), child, address })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As a person would stop it, and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        read(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let status = self.child.wait().context("Could not wait for the server")?;
        if !status.success() {
            bail!(
                "The server did not stop cleanly: {status}; see {}",
                self.data.with_extension("log").display()
            );
        }
        Ok(())
    }

    /// Waits until something ends it, for as long as that takes.
    pub fn wait(mut self) -> Result<()> {
        self.child.wait().context("Could not wait for the server").map(|_| ())
    }

    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Server {
    /// A run that fails half-way must not leave a server behind.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// `kerbside-server COMMAND… --data DIR`, while the server runs or not; one JSON object a line.
pub fn command(data: &Path, words: &[&str]) -> Result<Vec<Value>> {
    let printed = read(Command::new(built("kerbside-server")).args(words).arg("--data").arg(data))?;
    printed
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("Not JSON: {line}")))
        .collect()
}
