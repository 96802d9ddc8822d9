//! The `kerbside-server` program.

use std::process::ExitCode;

use clap::Parser;
use kerbside_server::cli::{Cli, run};
use kerbside_server::journal;

fn main() -> ExitCode {
    let cli = Cli::parse();
    journal::start();
    run(cli)
}
