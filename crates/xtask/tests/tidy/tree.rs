//! The files under version control, and a few ways to look at their lines.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

/// These files quote what the rules forbid.
const RULES_THEMSELVES: &str = "crates/xtask/tests/tidy/";

#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Path from the top of the tree, with `/`, to its text.
#[derive(Debug)]
pub struct Tree {
    pages: BTreeMap<String, String>,
}

impl Tree {
    /// Everything tracked, and everything new that is not ignored.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let listing = Command::new("git")
            .current_dir(&root)
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .output()
            .expect("git lists the files");
        let pages = String::from_utf8_lossy(&listing.stdout)
            .lines()
            .filter(|path| !path.starts_with(RULES_THEMSELVES))
            .filter_map(|path| Some((path.to_owned(), std::fs::read_to_string(root.join(path)).ok()?)))
            .collect();
        Tree { pages }
    }

    pub fn planted(pages: &[(&str, &str)]) -> Self {
        Tree { pages: pages.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    pub fn page(&self, path: &str) -> Option<&str> {
        self.pages.get(path).map(String::as_str)
    }

    pub fn pages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pages.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub fn ending<'a>(&'a self, endings: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.pages().filter(move |(path, _)| endings.iter().any(|ending| path.ends_with(ending)))
    }

    /// Rust that runs in a product: without test files, and each file cut where its tests begin.
    pub fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        let product = |path: &str| !is_test(path) && !self.is_declared_a_test(path);
        self.ending(&[".rs"])
            .filter(move |(path, _)| product(path))
            .map(|(path, text)| (path, without_tests(text)))
    }

    /// `#[cfg(test)] mod wire;` makes `wire.rs` a test wherever it stands.
    fn is_declared_a_test(&self, path: &str) -> bool {
        let Some((folder, file)) = path.rsplit_once('/') else { return false };
        let declared = format!("#[cfg(test)]\nmod {};", file.trim_end_matches(".rs"));
        let parents = [
            format!("{folder}/mod.rs"),
            format!("{folder}/lib.rs"),
            format!("{folder}/main.rs"),
            format!("{folder}.rs"),
        ];
        parents.iter().filter_map(|parent| self.page(parent)).any(|text| text.contains(&declared))
    }

    /// A finding for each line of `pages` that `offends`.
    pub fn lines<'a>(
        pages: impl Iterator<Item = (&'a str, &'a str)>,
        what: &str,
        offends: impl Fn(&str) -> bool,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, text) in pages {
            for (index, line) in text.lines().enumerate() {
                if offends(line) {
                    findings.push(finding(path, index + 1, what));
                }
            }
        }
        findings
    }
}

pub fn finding(path: &str, line: usize, what: impl Into<String>) -> Finding {
    Finding { path: path.to_owned(), line, what: what.into() }
}

pub fn is_test(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.contains("/benches/")
        || path.contains(".test.")
}

pub fn without_tests(text: &str) -> &str {
    let inline = text.find("#[cfg(test)]\nmod tests {");
    inline.and_then(|at| text.get(..at)).unwrap_or(text)
}

/// The line without what follows `//`, unless that stands in an address.
pub fn code(line: &str) -> &str {
    match line.find("//") {
        Some(at) if line.get(..at).is_some_and(|before| !before.ends_with(':')) => {
            line.get(..at).unwrap_or(line)
        }
        Some(_) | None => line,
    }
}

/// What a line's comment says, if the line is nothing but a comment for people who read the code.
pub fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let marks = ["//", "/*", "<!--", "# "];
    let text = marks.iter().find_map(|mark| line.strip_prefix(mark))?;
    let documents = text.starts_with('/') && !text.starts_with("//") || text.starts_with('!');
    (!documents).then(|| text.trim())
}
