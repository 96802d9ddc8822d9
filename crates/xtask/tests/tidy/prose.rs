//! How a file reads: what it opens with, how long it is, what it calls things and what it leaves out.

use crate::tree::{Finding, Tree, code, comment, finding, is_test, without_tests};
use crate::{allows, catches};

const SOURCE: &[&str] = &[".rs", ".ts", ".svelte", ".mjs", ".js", ".css", ".html", ".toml", ".sql", ".sh"];

pub fn files_say_what_they_are_for(tree: &Tree) -> Vec<Finding> {
    let speaks = |path: &str, text: &str| text.starts_with("//! ") || path.ends_with("/tests.rs");
    let silent = tree.ending(&[".rs"]).filter(|(path, text)| !speaks(path, text));
    silent.map(|(path, _)| finding(path, 1, "open with `//!` and say what this file is for")).collect()
}

pub fn files_are_short(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(&[".rs", ".ts", ".mjs", ".svelte"]).filter(|(path, _)| !is_test(path)) {
        let limit = if path.ends_with(".svelte") { 300 } else { 500 };
        let lines = without_tests(text).lines().count();
        if limit < lines && !path.contains("/generated/") {
            findings.push(finding(
                path,
                limit,
                format!("{lines} lines: a second idea has moved in, give it a file of its own"),
            ));
        }
    }
    findings
}

pub fn no_banners_or_narration(tree: &Tree) -> Vec<Finding> {
    let narration = [
        "Step ",
        "Create ",
        "Creates ",
        "Initialize ",
        "Initialise ",
        "Instantiate ",
        "Loop ",
        "Iterate ",
        "Import ",
        "Imports",
        "Define ",
        "Call the ",
        "Return the ",
        "Return ",
        "Get the ",
        "Set the ",
        "Check if ",
        "Check whether ",
        "Now we ",
        "First, ",
        "Next, ",
        "Finally, ",
        "Helper ",
        "We need to ",
        "This function ",
    ];
    Tree::lines(
        tree.ending(SOURCE),
        "a comment says why; this one narrates or decorates: delete it",
        |line| {
            comment(line).is_some_and(|text| {
                let drawn = text.chars().filter(|letter| "-=*#─═~_/".contains(*letter)).count();
                let banner =
                    4 <= drawn && text.len() < drawn * 3 && !text.contains("](") && !text.contains("://");
                banner || narration.iter().any(|verb| text.starts_with(verb))
            })
        },
    )
}

pub fn no_vague_names(tree: &Tree) -> Vec<Finding> {
    let vague = [
        "Manager",
        "Service",
        "Handler",
        "Helper",
        "Helpers",
        "Util",
        "Utils",
        "Processor",
        "Engine",
        "Wrapper",
        "Factory",
        "Info",
        "Data",
        "Base",
    ];
    let makes_a_type = ["struct ", "enum ", "trait ", "type ", "class ", "interface "];
    let sources = tree.ending(&[".rs", ".ts", ".svelte", ".mjs"]).filter(|(path, _)| !path.contains("/gen/"));
    let mut findings =
        Tree::lines(sources, "name the thing, not its job; where no noun fits it is a function", |line| {
            let line = code(line).trim_start();
            let line = ["pub(crate) ", "pub(super) ", "pub ", "export "]
                .iter()
                .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
            let declared = makes_a_type.iter().find_map(|word| line.strip_prefix(word));
            let name = declared.and_then(|rest| rest.split(|letter: char| !letter.is_alphanumeric()).next());
            name.is_some_and(|name| vague.iter().any(|ending| name.ends_with(ending)))
        });
    for (path, _) in tree.ending(SOURCE) {
        let name = path.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
        if ["util", "utils", "helper", "helpers", "common", "misc", "types", "shared"].contains(&name) {
            findings.push(finding(path, 1, "name the file for what it holds"));
        }
    }
    findings
}

pub fn nothing_unfinished(tree: &Tree) -> Vec<Finding> {
    let marks = [
        "todo!(",
        "unimplemented!(",
        "dbg!(",
        "#[ignore",
        "TODO",
        "FIXME",
        "XXX:",
        "for now",
        "in a real system",
        "not implemented",
        "test.skip(",
        "it.skip(",
        "describe.skip(",
        "test.only(",
        "it.only(",
        "console.log(",
        "@ts-ignore",
        "as any;",
        "as any)",
        "as any,",
    ];
    let sources = tree.ending(SOURCE).filter(|(path, _)| !path.contains("/gen/"));
    Tree::lines(sources, "finish it, or leave it out and say so in the tracker", |line| {
        marks.iter().any(|mark| line.contains(mark))
    })
}

/// The tree is read on other machines; what names this one is wrong there.
pub fn no_name_of_a_machine(tree: &Tree) -> Vec<Finding> {
    let names = [
        "/home/",
        "/root/",
        "/work/",
        "/Users/",
        "C:\\Users",
        "../shared",
        "registry.npmjs",
        "static.crates",
        "index.crates",
        "pypi.org",
    ];
    let pages = tree.pages().filter(|(path, _)| *path != "Cargo.lock");
    Tree::lines(
        pages,
        "this names one machine or a registry: leave it to the settings of whoever runs it",
        |line| {
            // XForms name a table of theirs so: `instance('list')/root/item`.
            let line = line.replace(")/root/", ")");
            names.iter().any(|name| line.contains(name))
        },
    )
}

pub fn no_plans_in_the_tree(tree: &Tree) -> Vec<Finding> {
    let marks = ["plan", "status", "summary", "todo", "progress", "notes"];
    let is_plan = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
        name.ends_with(".md")
            && marks.iter().any(|mark| name.split(['-', '_', '.']).any(|word| word == *mark))
    };
    let plans = tree.pages().filter(|(path, _)| is_plan(path));
    plans
        .map(|(path, _)| finding(path, 1, "the tree holds what is true; plans live in the tracker"))
        .collect()
}

#[test]
fn a_file_that_says_nothing_of_itself_is_caught() {
    catches(
        files_say_what_they_are_for,
        &[("crates/core/src/a.rs", "use std::fmt;\n")],
        "crates/core/src/a.rs",
        1,
    );
    allows(files_say_what_they_are_for, &[("crates/core/src/a.rs", "//! What a record is.\n")]);
}

#[test]
fn a_long_file_is_caught_but_its_tests_do_not_count() {
    let long = "x\n".repeat(501);
    catches(files_are_short, &[("crates/core/src/a.rs", &long)], "crates/core/src/a.rs", 500);
    let tested = format!("//! x\n#[cfg(test)]\nmod tests {{\n{long}}}");
    allows(files_are_short, &[("crates/core/src/a.rs", &tested)]);
    catches(
        files_are_short,
        &[("ui/src/device/A.svelte", &"x\n".repeat(301))],
        "ui/src/device/A.svelte",
        300,
    );
}

#[test]
fn banners_and_narration_are_caught() {
    let path = "crates/core/src/a.rs";
    catches(no_banners_or_narration, &[(path, "//! x\n// ---- Types ----\n")], path, 2);
    catches(no_banners_or_narration, &[(path, "//! x\n    // Create the connection\n")], path, 2);
    allows(
        no_banners_or_narration,
        &[(path, "//! x\n/// Creates nothing.\n// Two adds under one dot lose the second.\n")],
    );
}

#[test]
fn vague_names_are_caught() {
    let path = "crates/device/src/a.rs";
    catches(no_vague_names, &[(path, "//! x\npub struct SyncManager;\n")], path, 2);
    catches(no_vague_names, &[("ui/src/lib/utils.ts", "")], "ui/src/lib/utils.ts", 1);
    allows(no_vague_names, &[(path, "//! x\npub struct Outbox;\n")]);
}

#[test]
fn unfinished_work_is_caught() {
    let path = "sync-server/src/a.rs";
    catches(nothing_unfinished, &[(path, "//! x\nfn a() { todo!() }\n")], path, 2);
    allows(nothing_unfinished, &[(path, "//! x\nfn a() {}\n")]);
}

#[test]
fn the_name_of_a_machine_is_caught() {
    catches(no_name_of_a_machine, &[("docs/a.md", "see\n/home/ann/kerbside\n")], "docs/a.md", 2);
    catches(no_name_of_a_machine, &[("docs/a.md", "see /root/kerbside\n")], "docs/a.md", 1);
    allows(no_name_of_a_machine, &[("docs/a.md", "see the home page\n")]);
    allows(no_name_of_a_machine, &[("schemas/forms/a.json", "instance('list')/root/item[name = ${a}]/b\n")]);
}

#[test]
fn a_plan_is_caught() {
    catches(no_plans_in_the_tree, &[("docs/IMPLEMENTATION_PLAN.md", "")], "docs/IMPLEMENTATION_PLAN.md", 1);
    allows(no_plans_in_the_tree, &[("docs/planning-enforcement.md", "")]);
}
