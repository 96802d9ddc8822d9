//! `kerbside`: the device without a screen. The same functions as the app's
//! commands, for scripts, rescue and tests; nothing is reimplemented here.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    start_log();
    ExitCode::from(cli::run(&arguments))
}

fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("KERBSIDE_LOG_LEVEL")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let log =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).with_target(false);
    if std::env::var("KERBSIDE_LOG").is_ok_and(|kind| kind == "json") {
        log.json().init();
    } else {
        log.init();
    }
}
