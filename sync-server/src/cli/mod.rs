//! `kerbside-server` on the command line: each command prints one JSON object a line.

mod admin;
pub(crate) mod area_pack;
mod areas;
mod assets;
mod council;
mod cut;
mod export;
mod features;
mod gazetteer;
mod gone;
mod import;
mod verify;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use kerbside_core::problem::Problem;
use serde::Serialize;

use crate::backup;
use crate::clock::now_ms;
use crate::config::{Home, Listen};
use crate::serve;
use crate::store::Store;

/// The sync server of Kerbside.
#[derive(Debug, Parser)]
#[command(name = "kerbside-server", version)]
pub struct Cli {
    #[command(flatten)]
    data: Home,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer devices and the console until told to stop.
    Serve(Listen),
    /// Set up people and devices without a browser.
    #[command(subcommand)]
    Admin(admin::Admin),
    /// Bring forms, addresses, areas and maps in from files.
    #[command(subcommand)]
    Import(import::Import),
    /// Take a form, cases or a list away as files.
    #[command(subcommand)]
    Export(import::Export),
    /// Bring the database up to date; `--check` only says what would be done.
    Migrate {
        #[arg(long)]
        check: bool,
    },
    /// Prove that the log makes the records, every chain holds, and every photo is what its hash says.
    Verify(verify::Arguments),
    /// Back everything up while the server serves, read it back, and tell devices what is safe.
    Backup { folder: PathBuf },
    /// Make this empty host what the newest backup of a folder was.
    Restore { folder: PathBuf },
    /// Take an answer, a note or a photo out of a record for good, here and on every device.
    Redact(gone::Redacting),
    /// Remove a record for good, here and on every device.
    Purge(gone::Purging),
    /// List what was taken out for good, when, by whom and why.
    Gone,
    /// Take what was said before a day out of the log, where records hold what came of it. Nothing does it by itself.
    Cut(cut::Cutting),
    /// Print the merged state of everything.
    Dump {
        /// Keys sorted, and nothing of this run in it.
        #[arg(long, required = true)]
        canonical: bool,
    },
}

/// What a command came to, as `interfaces.md` numbers it.
const REFUSED: u8 = 4;
const STORAGE_FAULT: u8 = 5;
const INTEGRITY_FAULT: u8 = 6;

/// Runs one command.
pub fn run(cli: Cli) -> ExitCode {
    match command(cli) {
        Ok(code) => code,
        Err(fault) => {
            tracing::error!("{fault:#}");
            ExitCode::from(match (fault.is::<Problem>(), fault.is::<backup::Damaged>()) {
                (true, _) => REFUSED,
                (_, true) => INTEGRITY_FAULT,
                _ => STORAGE_FAULT,
            })
        }
    }
}

fn command(cli: Cli) -> Result<ExitCode> {
    let Cli { data, command } = cli;
    match command {
        Command::Serve(listen) => serve_until_told(&data, &listen).map(|()| ExitCode::SUCCESS),
        Command::Admin(admin) => admin::run(&mut open(&data)?, admin).map(|()| ExitCode::SUCCESS),
        Command::Import(wanted) => import::run(&data, &mut open(&data)?, wanted),
        Command::Export(form) => import::export(&mut open(&data)?, form).map(|()| ExitCode::SUCCESS),
        Command::Migrate { check } => migrate(&data, check),
        Command::Verify(arguments) => verify::run(&data, &arguments),
        Command::Backup { folder } => {
            print(&backup::back_up(&data, &mut open(&data)?, &folder, now_ms())?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Restore { folder } => {
            print(&backup::restore(&data, &folder, now_ms())?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Redact(asked) => gone::redact(&data, asked).map(|()| ExitCode::SUCCESS),
        Command::Purge(asked) => gone::purge(&data, &asked).map(|()| ExitCode::SUCCESS),
        Command::Gone => gone::list(&mut open(&data)?).map(|()| ExitCode::SUCCESS),
        Command::Cut(asked) => cut::run(&mut open(&data)?, &asked).map(|()| ExitCode::SUCCESS),
        Command::Dump { canonical: _ } => {
            print(&open(&data)?.dump_canonical()?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn open(data: &Home) -> Result<Store> {
    let mut store = data.place()?.open()?;
    store.establish(now_ms())?;
    data.ledger().agree(&mut store)?;
    Ok(store)
}

fn serve_until_told(data: &Home, listen: &Listen) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("Starting")?;
    runtime.block_on(async {
        let running = serve::start(data, listen).await?;
        print(&serde_json::json!({"listening": running.url}))?;
        tracing::info!(address = %running.address, "listening");
        running.until(told_to_stop()).await?;
        tracing::info!("stopped");
        Ok(())
    })
}

#[cfg(unix)]
async fn told_to_stop() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn told_to_stop() -> Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}

fn migrate(data: &Home, check: bool) -> Result<ExitCode> {
    let place = data.place()?;
    if check {
        let due = place.migrations_due()?;
        print(&serde_json::json!({"due": due}))?;
        return Ok(ExitCode::from(u8::from(!due.is_empty()) * STORAGE_FAULT));
    }
    print(&serde_json::json!({"migrated": place.migrate()?}))?;
    Ok(ExitCode::SUCCESS)
}

fn print<T: Serialize>(value: &T) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    out.flush().context("Writing to standard output")
}
