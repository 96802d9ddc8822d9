//! The command line: what may be asked, and which exit code says what came of it.

mod commands;
mod mending;
mod out;
mod script;
mod words;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kerbside_core::problem::{Code, Problem};
use kerbside_device::Faults;
use kerbside_device::keys::KeyStoreKind;
use kerbside_device::net::Refused;
use out::Out;
use std::path::PathBuf;
use words::Words;

#[derive(Debug, Parser)]
#[command(name = "kerbside", version, about = "Kerbside on a device, without its screen")]
pub struct Cli {
    /// The folder of the vault.
    #[arg(long, global = true, env = "KERBSIDE_VAULT")]
    vault: Option<PathBuf>,
    /// One JSON object a line instead of words.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the vault and its keys, and enrol with a one-time code.
    Enrol(EnrolArgs),
    /// What may be started.
    Forms,
    /// Save a record.
    Create(CreateArgs),
    /// Change a record.
    Edit(EditArgs),
    /// Add a note to a record.
    Note { record: String, text: String },
    /// Records on this device.
    List(ListArgs),
    /// A record with all its answers.
    Show { record: String },
    /// Choose between two answers.
    Resolve(ResolveArgs),
    /// Take a record out of every list; nothing of it is lost.
    Withdraw {
        record: String,
        #[arg(long)]
        reason: String,
    },
    /// Open a withdrawn record again.
    Reopen { record: String },
    /// Exchange with the council's server.
    Sync(SyncArgs),
    /// The council's maps, and how much of each is here.
    Maps {
        /// Bring here what is missing, and take away what is offered no longer.
        #[arg(long)]
        fetch: bool,
    },
    /// What is not with the council yet, and why.
    Waiting,
    /// What this device did by itself: records that left, numbers it was given, a server that was restored.
    Journal,
    /// What was typed and is not saved yet.
    Drafts,
    /// Check the vault from end to end. Reads only, unless told to repair.
    Verify {
        /// Put right what can be, from what is here and from the council's server.
        #[arg(long)]
        repair: bool,
    },
    /// Everything merged, keys sorted.
    Dump {
        #[arg(long, required = true)]
        canonical: bool,
    },
    /// Many commands in one process: one JSON command a line.
    Run {
        #[arg(long)]
        script: PathBuf,
        /// A line that fails says so, and the next one is taken.
        #[arg(long)]
        keep_going: bool,
    },
    /// Say that the vault is locked: this command never leaves one open.
    Lock,
    /// Check the PIN, or set a new one with a fresh code from the council.
    Unlock {
        #[arg(long)]
        code: Option<String>,
    },
    /// Remove the vault and its keys.
    Wipe {
        /// Even if it holds work that was not sent.
        #[arg(long)]
        even_unsent: bool,
    },
}

#[derive(Debug, Args)]
pub struct EnrolArgs {
    #[arg(long)]
    server: String,
    #[arg(long)]
    code: String,
    /// The council's own certificate authority, PEM.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Where keys are kept; the best there is, if not said.
    #[arg(long, env = "KERBSIDE_KEY_STORE")]
    key_store: Option<KeyStoreArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum KeyStoreArg {
    Os,
    File,
}

impl From<KeyStoreArg> for KeyStoreKind {
    fn from(argument: KeyStoreArg) -> Self {
        match argument {
            KeyStoreArg::Os => Self::Os,
            KeyStoreArg::File => Self::File,
        }
    }
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    #[arg(long)]
    form: String,
    /// A file of answers, or - for standard input.
    #[arg(long)]
    answers: PathBuf,
    #[arg(long)]
    photo: Vec<PathBuf>,
    /// Where: latitude, longitude and accuracy in metres.
    #[arg(long, allow_hyphen_values = true)]
    at: Option<String>,
    #[arg(long, default_value_t = 1)]
    count: u32,
}

#[derive(Debug, Args)]
pub struct EditArgs {
    record: String,
    #[arg(long)]
    answers: PathBuf,
    #[arg(long)]
    photo: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[arg(long)]
    form: Option<String>,
    #[arg(long)]
    state: Option<String>,
    /// Those that were withdrawn.
    #[arg(long)]
    withdrawn: bool,
}

#[derive(Debug, Args)]
pub struct ResolveArgs {
    record: String,
    field: String,
    /// The n-th answer as shown, from 0.
    #[arg(long, group = "choice")]
    keep: Option<u32>,
    #[arg(long, alias = "keep-both", group = "choice")]
    both: bool,
    #[arg(long, group = "choice", required_unless_present_any = ["keep", "both"])]
    answer: Option<String>,
}

#[derive(Debug, Args)]
pub struct SyncArgs {
    #[arg(long, conflicts_with = "until_idle")]
    once: bool,
    /// Again and again until nothing waits.
    #[arg(long)]
    until_idle: bool,
    /// Seconds.
    #[arg(long)]
    deadline: Option<u32>,
    /// Compare with the server what both hold, and put right what differs.
    #[arg(long)]
    compare: bool,
}

/// Asked for in a way that makes no sense: exit code 2.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Runs one command and says how it went.
pub fn run(cli: &Cli) -> u8 {
    let words = Words::of_this_person();
    let out = Out::new(cli.json, words);
    match commands::run(cli, &out) {
        Ok(code) => code,
        Err(cause) => {
            out.complain(&cause);
            exit_code(&cause)
        }
    }
}

fn exit_code(cause: &anyhow::Error) -> u8 {
    if cause.downcast_ref::<Usage>().is_some() {
        return 2;
    }
    if cause.downcast_ref::<Faults>().is_some() {
        return 4;
    }
    // A full disk of ours is a local fault; the server's is a reason to try later.
    if cause.downcast_ref::<Problem>().is_some_and(|problem| problem.code == Code::DiskFull) {
        return 5;
    }
    problem_in(cause).map_or(5, |problem| exit_of(problem.code))
}

pub fn problem_in(cause: &anyhow::Error) -> Option<&Problem> {
    cause
        .downcast_ref::<Problem>()
        .or_else(|| cause.downcast_ref::<Refused>().map(|refused| &refused.problem))
}

/// 3 offline or try again · 4 refused · 5 local storage · 6 integrity · 7 a newer version is needed.
pub fn exit_of(code: Code) -> u8 {
    const LATER: [Code; 8] = [
        Code::NoSignal,
        Code::CaptivePortal,
        Code::Busy,
        Code::DiskFull,
        Code::TooManyTries,
        Code::PinWait,
        Code::VaultInUse,
        Code::NonceStale,
    ];
    const OTHERS: [(Code, u8); 6] = [
        (Code::VaultDamaged, 6),
        (Code::KeysDamaged, 6),
        (Code::NeedsNewerVersion, 7),
        (Code::ProtocolTooOld, 7),
        (Code::Internal, 5),
        (Code::StorageFault, 5),
    ];
    if LATER.contains(&code) {
        return 3;
    }
    OTHERS.iter().find(|(known, _)| *known == code).map_or(4, |(_, exit)| *exit)
}
