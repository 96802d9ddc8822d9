//! `cargo xtask check`: everything that CI runs, cheapest first, stopping at the first thing that does not hold.

use crate::area_pack;
use crate::install::{Need, install};
use crate::program::{built, cargo, is_here, npm, read, root, run, say, target};
use crate::steps::Steps;
use crate::{advisories, demo, faults, fuzz, python};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// Somebody else's client of the protocol that photos are sent by.
const TUSPY: &str = "tuspy==1.1.0";
const GENERATED: &str = "ui/src/lib/generated";

pub fn check() -> Result<()> {
    let mut steps = Steps::begin();
    steps.step("What is missing is installed", "See what the installer said above", || {
        install(Need::Everything)
    })?;
    steps.step("Rust is formatted", "Run `cargo fmt --all`", || {
        run(cargo().args(["fmt", "--all", "--check"]))
    })?;
    steps.step("The house rules hold", "Each line above names a file and what to do", || {
        run(cargo().args(["test", "--quiet", "--package", "xtask"]))
    })?;
    steps.step("The screens build", "Look at what npm said above", screens)?;
    steps.step("Clippy is silent", "Mend what it points at", || {
        run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    })?;
    steps.step("The tests pass", "Run the failing one alone with `cargo test -p CRATE NAME`", || {
        run(cargo().args(["build", "--workspace", "--bins"]))?;
        run(cargo().args(["test", "--workspace"]))
    })?;
    steps.step("The generated types are committed", &format!("Commit {GENERATED}"), generated_types)?;
    steps.step(
        "The app exports no SQLite",
        "src-tauri/build.rs must pass --exclude-libs",
        no_exported_sqlite,
    )?;
    steps.step("The simulator finds nothing", "Repeat the seed it printed", || {
        simulator(&[]).and_then(|()| simulator(&["--mutants".to_owned()]))
    })?;
    steps.step("Both programs survive a failing world", "What it left is in the folder it named", || {
        faults::sample()
    })?;
    steps.step("Nothing a stranger hands in breaks it", "What broke it is in the folder it named", || {
        fuzz::fuzz(&[])
    })?;
    steps.step("The windows do what a person does", "Screenshots are in target/e2e", || windows(&[]))?;
    steps.step("A field day holds", "Run `cargo xtask demo --headless`", demo::field_day)?;
    steps.step("Licences and advisories", "See deny.toml", dependencies)?;
    steps.summary();
    Ok(())
}

/// Whole devices and a whole server in one thread, first as they are and then with each rule broken on purpose.
pub fn simulate(arguments: &[String]) -> Result<()> {
    match arguments {
        [] => simulator(&[]).and_then(|()| simulator(&["--mutants", "--late"].map(str::to_owned))),
        some => simulator(some),
    }
}

/// Our own crates are compiled optimised and with `--cfg kerbside_sim` by this very program standing in for the
/// compiler, so that they keep apart from the ordinary ones while the hundreds of crates beneath are compiled once for
/// both.
fn simulator(arguments: &[String]) -> Result<()> {
    let stand_in = std::env::current_exe().context("Could not find this program")?;
    let mut compile = cargo();
    compile.env("RUSTC_WORKSPACE_WRAPPER", stand_in);
    run(compile.args(["build", "--quiet", "--workspace", "--bin", "kerbside-sim"]))?;
    run(Command::new(built("kerbside-sim")).args(arguments))
}

/// `rustc ARGUMENTS…`, as Cargo calls a wrapper. What is wrong with the code, the compiler has said.
pub fn compile_for_the_simulator(rustc: &str, arguments: &[String]) -> Result<bool> {
    let mut compiler = Command::new(rustc);
    compiler.args(arguments).args(["--cfg", "kerbside_sim"]);
    // What overflows must still fall over, as it does in every build that is not released. The server's embedded pages
    // come from crates that were compiled with assertions, and it has to agree with them.
    let asserts = arguments.iter().any(|argument| argument == "kerbside_server");
    compiler.args(["-C", "opt-level=3", "-C", "overflow-checks=on", "-C"]);
    compiler.arg(if asserts { "debug-assertions=on" } else { "debug-assertions=off" });
    let status = compiler.status();
    Ok(status.context("Could not start the compiler")?.success())
}

/// The tests through real windows: no display is needed, xvfb-run gives them one.
pub fn windows(arguments: &[String]) -> Result<()> {
    let (flags, files): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|word| word.starts_with("--"));
    if !flags.iter().any(|flag| *flag == "--built") {
        install(Need::Everything)?;
        run(cargo().args(["build", "--workspace", "--bins"]))?;
    }
    let mut tests = Command::new("xvfb-run");
    tests.current_dir(root()).env("KERBSIDE_BUILT", target().join("debug"));
    tests.env("KERBSIDE_AREA_PACK", area_pack::at_hand()?);
    tests.env("KERBSIDE_ADDRESSES", area_pack::addresses_at_hand()?);
    tests.env("KERBSIDE_LAMPS", area_pack::assets_at_hand(area_pack::List::Lamps)?);
    tests.env("KERBSIDE_BINS", area_pack::assets_at_hand(area_pack::List::Bins)?);
    tests.env("KERBSIDE_TUSPY", python::having(TUSPY)?.join("python"));
    tests.args([
        "-a",
        "-s",
        "-screen 0 1280x1024x24",
        "node",
        "--test",
        "--test-concurrency=1",
        "--test-timeout=300000",
    ]);
    match files.as_slice() {
        [] => {
            let all = [
                "app",
                "locked",
                "console",
                "forms",
                "kinds",
                "people",
                "decide",
                "gallery",
                "find-photos",
                "hotspots",
                "photos",
                "map",
                "addresses",
                "nearby",
                "assets",
                "same",
                "tus",
            ]
            .map(|name| format!("e2e/{name}.test.mjs"));
            run(tests.args(all))
        }
        some => run(tests.args(some)),
    }
}

/// So many phones, or three hundred, that come into the line at the same moment, with programs as they are given out.
pub fn fleet(arguments: &[String]) -> Result<()> {
    let phones = arguments.first().map_or("300", String::as_str);
    let mut story = cargo();
    story.args(["test", "--quiet", "--profile", "bench", "--package", "kerbside-server"]);
    story.args(["--test", "stories", "--"]);
    run(story.args(["--nocapture", "fleet"]).env("KERBSIDE_FLEET", phones))
}

/// No part of the check: figures of a machine that does other things as well are for reading, not for passing.
pub fn bench(parts: &[String]) -> Result<()> {
    run(cargo()
        .args(["bench", "--quiet", "--package", "kerbside-server", "--bench", "field_day", "--"])
        .args(parts))?;
    if parts.is_empty() { fleet(&[]) } else { Ok(()) }
}

fn screens() -> Result<()> {
    for script in ["build", "check", "test"] {
        run(npm().args(["run", "--silent", script]))?;
    }
    Ok(())
}

fn generated_types() -> Result<()> {
    run(Command::new("git").current_dir(root()).args(["diff", "--exit-code", "--stat", "--", GENERATED]))?;
    let mut untracked = Command::new("git");
    untracked.current_dir(root()).args(["ls-files", "--others", "--exclude-standard", "--", GENERATED]);
    match read(&mut untracked)?.trim() {
        "" => Ok(()),
        files => bail!("These are new: {files}"),
    }
}

/// WebKitGTK and libsoup use the system's SQLite. If ours were exported from the executable, their calls would land in it.
fn no_exported_sqlite() -> Result<()> {
    let exported = read(Command::new("nm").args(["-D", "--defined-only"]).arg(built("kerbside-app")))?;
    match exported.lines().filter(|line| line.contains("sqlite3_")).count() {
        0 => Ok(()),
        some => bail!("The app exports {some} symbols of SQLite"),
    }
}

/// cargo-deny takes minutes to compile, so licences are looked at where somebody has it.
fn dependencies() -> Result<()> {
    if is_here("cargo-deny") {
        run(cargo().args(["deny", "--offline", "check", "licenses", "bans", "sources"]))?;
    } else {
        say("    cargo-deny is not on this machine: licences were not looked at");
    }
    match std::env::var_os("KERBSIDE_ADVISORY_DB") {
        Some(database) => advisories::look(Path::new(&database)),
        None => {
            say("    no advisory database was given in KERBSIDE_ADVISORY_DB: advisories were not looked at");
            Ok(())
        }
    }
}
