//! Known vulnerabilities among the crates of Cargo.lock, by a copy of the RustSec advisory database that somebody gives
//! (`KERBSIDE_ADVISORY_DB`). Nothing is fetched, and no tool that takes minutes to compile is needed.

use crate::program::{root, say};
use anyhow::{Context, Result, ensure};
use std::path::Path;

pub fn look(database: &Path) -> Result<()> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).context("Could not read Cargo.lock")?;
    let mut found = Vec::new();
    let mut read = 0;
    for (name, version) in crates(&lock) {
        let folder = database.join("crates").join(name);
        let Ok(pages) = std::fs::read_dir(&folder) else { continue };
        for page in pages {
            let path = page.context("Could not list the advisories")?.path();
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("Could not read {}", path.display()))?;
            let advisory = Advisory::parse(&text);
            read += 1;
            if advisory.is_about(version) {
                found.push(format!("{} {name} {version}: {}", advisory.id, advisory.title));
            }
        }
    }
    ensure!(0 < read, "There are no advisories under {}", database.display());
    say(format!("    {read} advisories looked at"));
    ensure!(found.is_empty(), "Known to be vulnerable:\n    {}", found.join("\n    "));
    Ok(())
}

/// The name and version of every crate that came from a registry.
fn crates(lock: &str) -> impl Iterator<Item = (&str, &str)> {
    lock.split("[[package]]")
        .filter(|block| block.contains("\nsource = "))
        .filter_map(|block| Some((value(block, "name")?, value(block, "version")?)))
}

fn value<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    let line = block.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
    Some(line.trim().trim_matches('"'))
}

#[derive(Debug)]
struct Advisory<'a> {
    id: &'a str,
    title: &'a str,
    /// What is said of a crate that is merely unmaintained, or of one that was taken back, stops nobody.
    stops: bool,
    safe: Vec<&'a str>,
}

impl<'a> Advisory<'a> {
    fn parse(text: &'a str) -> Self {
        let facts = text.split("```").nth(1).unwrap_or_default();
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
        let stops = value(facts, "informational").is_none() && value(facts, "withdrawn").is_none();
        let safe = ["patched", "unaffected"].iter().flat_map(|key| list(facts, key)).collect();
        Advisory { id: value(facts, "id").unwrap_or_default(), title, stops, safe }
    }

    fn is_about(&self, version: &str) -> bool {
        self.stops
            && !self.safe.iter().any(|range| range.split(',').all(|bound| holds(bound.trim(), version)))
    }
}

/// The strings of `key = ["…", "…"]`, over as many lines as it takes.
fn list<'a>(facts: &'a str, key: &str) -> Vec<&'a str> {
    let Some(start) = facts.find(&format!("\n{key} = [")) else { return Vec::new() };
    let inside = facts.get(start..).and_then(|rest| rest.split(['[', ']']).nth(1)).unwrap_or_default();
    inside.split('"').skip(1).step_by(2).collect()
}

fn holds(bound: &str, version: &str) -> bool {
    let number = bound.trim_start_matches(['>', '<', '=', '^', '~', ' ']);
    let (ours, theirs) = (triple(version), triple(number));
    match bound.get(..bound.len() - number.len()).unwrap_or_default().trim() {
        ">=" => theirs <= ours,
        ">" => theirs < ours,
        "<=" => ours <= theirs,
        "<" => ours < theirs,
        "=" => ours == theirs,
        "~" => theirs <= ours && (ours.0, ours.1) == (theirs.0, theirs.1),
        _ => theirs <= ours && compatible(ours, theirs),
    }
}

/// As Cargo reads `^1.2.3`: the first number that is not 0 stays.
fn compatible(ours: (u64, u64, u64), theirs: (u64, u64, u64)) -> bool {
    match theirs {
        (0, 0, _) => ours == theirs,
        (0, minor, _) => (ours.0, ours.1) == (0, minor),
        (major, ..) => ours.0 == major,
    }
}

fn triple(version: &str) -> (u64, u64, u64) {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    let mut numbers = release.split('.').map(|number| number.trim().parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2099-0001\"\n[versions]\npatched = [\n  \"^1.2.4\",\n  \">= 2.0.1, < 3\",\n]\nunaffected = [\"< 1.0.0\"]\n```\n\n# It forgets\n";

    #[test]
    fn a_version_between_the_safe_ones_is_found() {
        let advisory = Advisory::parse(PAGE);
        assert_eq!((advisory.id, advisory.title), ("RUSTSEC-2099-0001", "It forgets"));
        for vulnerable in ["1.0.0", "1.2.3", "2.0.0", "3.1.0"] {
            assert!(advisory.is_about(vulnerable), "{vulnerable}");
        }
        for safe in ["0.9.9", "1.2.4", "1.9.0", "2.0.1+zstd.1"] {
            assert!(!advisory.is_about(safe), "{safe}");
        }
    }

    #[test]
    fn a_crate_that_is_only_unmaintained_stops_nobody() {
        let page = PAGE.replace("[versions]", "informational = \"unmaintained\"\n[versions]");
        assert!(!Advisory::parse(&page).is_about("1.0.0"));
    }

    #[test]
    fn only_crates_from_a_registry_are_looked_up() {
        let lock = "[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"theirs\"\nversion = \"1.2.3\"\nsource = \"x\"\n";
        assert_eq!(crates(lock).collect::<Vec<_>>(), [("theirs", "1.2.3")]);
    }
}
