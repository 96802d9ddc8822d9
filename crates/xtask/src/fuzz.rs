//! `cargo xtask fuzz`: what a stranger may hand us, in millions of twisted forms. libFuzzer steers by which lines were
//! reached; the marks it needs are put in by the compiler, so nothing but Rust and a C++ compiler is wanted.

use crate::program::{cargo, root, run, say, target};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: [&str; 5] = ["areas", "expression", "gazetteer", "importer", "picture"];
const SECONDS: u32 = 60;
/// How many lines of the fuzzer's are shown when something broke.
const TAIL: usize = 40;
/// The compiler's own marks, as cargo-fuzz asks for them when no sanitizer is wanted.
const MARKS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// `[TARGET…] [--seconds N]`
pub fn fuzz(arguments: &[String]) -> Result<()> {
    let mut seconds = SECONDS;
    let mut wanted = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => {
                seconds = words.next().and_then(|n| n.parse().ok()).context("How many seconds?")?;
            }
            name if TARGETS.contains(&name) => wanted.push(name),
            other => bail!("There is no fuzz target {other}: there are {}", TARGETS.join(", ")),
        }
    }
    if wanted.is_empty() {
        wanted.extend(TARGETS);
    }
    let folder = root().join("crates/fuzz");
    let built = target().join("fuzz");
    let mut compile = cargo();
    compile.current_dir(&folder).env("CARGO_TARGET_DIR", &built).env("RUSTFLAGS", MARKS);
    // Named, so that scripts that run while building are built without the marks.
    let host = host()?;
    run(compile.args(["build", "--quiet", "--release", "--bins", "--target", &host]))?;
    wanted.into_iter().try_for_each(|name| one(name, &folder, &built.join(&host).join("release"), seconds))
}

fn one(name: &str, folder: &Path, programs: &Path, seconds: u32) -> Result<()> {
    let found: PathBuf = target().join("fuzz/found").join(name);
    let crashes = target().join("fuzz/crashes").join(name);
    std::fs::create_dir_all(&found).context("Make a folder for what it finds")?;
    std::fs::create_dir_all(&crashes).context("Make a folder for what breaks")?;
    say(format!("    {name}, for {seconds} seconds"));
    let mut program = Command::new(programs.join(name));
    program.arg(&found).arg(folder.join("seeds").join(name));
    program.args([
        format!("-max_total_time={seconds}"),
        "-max_len=4096".to_owned(),
        "-timeout=10".to_owned(),
        "-rss_limit_mb=2048".to_owned(),
        "-verbosity=0".to_owned(),
        "-print_final_stats=1".to_owned(),
        format!("-artifact_prefix={}/", crashes.display()),
    ]);
    let log = target().join("fuzz").join(format!("{name}.log"));
    program.stderr(File::create(&log).context("Make a log")?);
    let ended = run(&mut program);
    let said = std::fs::read_to_string(&log).context("Read what the fuzzer said")?;
    match ended {
        Ok(()) => {
            let count = said.lines().find(|line| line.contains("number_of_executed_units"));
            say(format!("    {}", count.context("The fuzzer ran nothing")?));
            Ok(())
        }
        Err(cause) => {
            let lines: Vec<&str> = said.lines().collect();
            say(lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n"));
            Err(cause).with_context(|| format!("What broke it is in {}", crashes.display()))
        }
    }
}

fn host() -> Result<String> {
    let said = crate::program::read(Command::new("rustc").arg("-vV"))?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say what it runs on")?.to_owned())
}
