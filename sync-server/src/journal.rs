//! The log on standard error: words for a person, or JSON with `KERBSIDE_LOG=json`. Never any personal data.

use tracing_subscriber::EnvFilter;

/// Starts it, once, and makes a panic one line of it: where it happened, and not what it said.
pub fn start() {
    let filter = EnvFilter::try_from_env("KERBSIDE_LOG_FILTER").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("KERBSIDE_LOG").is_ok_and(|form| form == "json") {
        lines.json().init();
    } else {
        lines.with_target(false).init();
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
