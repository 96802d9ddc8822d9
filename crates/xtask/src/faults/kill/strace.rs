//! Running a program so that it is killed at its n-th system call of a kind, or so that its calls are counted.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// What makes things durable. Every promise is kept or broken around one of these.
pub const CALLS: [&str; 4] = ["pwrite64", "fsync", "fdatasync", "rename"];

/// The n-th call of this name that one thread of the program makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    pub call: &'static str,
    pub nth: usize,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} number {}", self.call, self.nth)
    }
}

/// The same program under strace, which stands aside (`-D`): what is started, waited for and killed is the program.
pub fn traced(program: &Command, log: &Path, point: Option<&Point>) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-qq", "-e", "signal=none"]).arg("-o").arg(log);
    strace.arg("-e").arg(format!("trace={}", CALLS.join(",")));
    if let Some(Point { call, nth }) = point {
        strace.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={nth}"));
    }
    strace.arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            strace.env(name, value);
        }
    }
    strace
}

/// Every point that the run recorded in `log` could be killed at. strace counts by thread, so of each kind there are as
/// many points as its busiest thread made calls.
pub fn points(log: &Path) -> Result<Vec<Point>> {
    let text = std::fs::read_to_string(log).with_context(|| format!("Could not read {}", log.display()))?;
    let mut made: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in text.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        if let Some((name, _)) = call.trim_start().split_once('(') {
            *made.entry((thread, name)).or_default() += 1;
        }
    }
    let busiest =
        |call: &str| made.iter().filter(|((_, name), _)| *name == call).map(|(_, count)| *count).max();
    let of_a_kind = |call| (1..=busiest(call).unwrap_or(0)).map(move |nth| Point { call, nth });
    Ok(CALLS.into_iter().flat_map(of_a_kind).collect())
}

/// `wanted` of them, as far apart as they can be; all, if there are fewer.
pub fn spread(points: &[Point], wanted: usize) -> Vec<Point> {
    let step = |at: usize| at * points.len() / wanted.max(1);
    if points.len() <= wanted {
        return points.to_vec();
    }
    (0..wanted).filter_map(|at| points.get(step(at)).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_thread_and_kind() {
        let log = std::env::temp_dir().join(format!("kerbside-strace-{}", std::process::id()));
        let lines = "7 pwrite64(3, \"x\", 1, 0) = 1\n8 pwrite64(3, \"x\", 1, 0) = 1\n7 fsync(3) = 0\n7 pwrite64(3) = 1\n";
        std::fs::write(&log, lines).unwrap();
        let names: Vec<String> = points(&log).unwrap().iter().map(ToString::to_string).collect();
        std::fs::remove_file(&log).unwrap();
        assert_eq!(names, ["pwrite64 number 1", "pwrite64 number 2", "fsync number 1"]);
    }

    #[test]
    fn points_are_spread_over_the_whole_run() {
        let all: Vec<Point> = (1..=10).map(|nth| Point { call: "fsync", nth }).collect();
        let chosen: Vec<usize> = spread(&all, 5).iter().map(|point| point.nth).collect();
        assert_eq!(chosen, [1, 3, 5, 7, 9]);
        assert_eq!(spread(&all, 50).len(), 10);
    }
}
