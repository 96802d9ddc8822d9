//! What a new machine lacks. On Debian and its kin the missing packages are installed, by name and only those; anywhere
//! else the person is told what to have.

use crate::program::{is_here, npm, read, root, run, say};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// To compile the vault, the server and the command line.
const COMPILE: &[&str] = &["build-essential", "perl", "make", "pkg-config"];
/// To compile the app's window as well.
const WINDOW: &[&str] = &["libwebkit2gtk-4.1-dev", "librsvg2-dev"];
/// To drive the app and a browser with no screen, and to kill programs at a chosen system call.
const PROVE: &[&str] = &[
    "webkit2gtk-driver",
    "xvfb",
    "xauth",
    "dbus-x11",
    "chromium",
    "chromium-driver",
    "fonts-dejavu-core",
    "postgresql-15",
    "python3-venv",
    "strace",
    "faketime",
    "binutils",
    "gdal-bin",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The server and the command line.
    Binaries,
    /// The app too.
    Window,
    /// All that `check` uses.
    Everything,
}

pub fn install(need: Need) -> Result<()> {
    packages(need)?;
    node_modules()
}

fn packages(need: Need) -> Result<()> {
    let mut wanted = COMPILE.to_vec();
    if Need::Window <= need {
        wanted.extend(WINDOW);
    }
    if need == Need::Everything {
        wanted.extend(PROVE);
    }
    if !is_here("dpkg-query") || !is_here("apt-get") {
        say(format!(
            "This is not Debian, so have these (or what stands for them here): {}",
            wanted.join(" ")
        ));
        return Ok(());
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(format!("Installing what is missing: {}", missing.join(" ")));
    run(as_root()?.args(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update", "-q"]))?;
    run(as_root()?
        .args(["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-q", "--no-install-recommends"])
        .args(&missing))
    .context("A package could not be installed; `apt-get -f install` mends an interrupted one")
}

fn is_installed(package: &str) -> bool {
    read(Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]))
        .is_ok_and(|status| status.trim() == "installed")
}

fn as_root() -> Result<Command> {
    let user = read(Command::new("id").arg("-u"))?;
    let mut command = if user.trim() == "0" {
        Command::new("env")
    } else if is_here("sudo") {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    } else {
        bail!("Packages are missing and there is no sudo: run this once as root");
    };
    command.arg("DEBIAN_FRONTEND=noninteractive");
    Ok(command)
}

/// `npm ci` when the lock file is not the one that was last installed from.
fn node_modules() -> Result<()> {
    if !is_here("npm") {
        bail!("Node 20.19 or newer is needed, with npm; install it and start again");
    }
    let lock = std::fs::read(root().join("package-lock.json")).context("Could not read package-lock.json")?;
    let mark = root().join("node_modules/.installed-from");
    if std::fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    say("Installing the packages of the screens (npm ci)");
    run(npm().current_dir(root()).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    std::fs::write(&mark, lock).context("Could not note what was installed")
}
