//! The screens: one door to the shell, one to the server, and every sentence in both languages.

use crate::tree::{Finding, Tree, code, finding};
use crate::{allows, catches};
use std::collections::{BTreeMap, BTreeSet};

const NATIVE: &str = "ui/src/lib/native.ts";
const SERVER: &str = "ui/src/lib/server.ts";
const BUILD: &str = "src-tauri/build.rs";
const ENGLISH: &str = "schemas/words/en.json";
const WELSH: &str = "schemas/words/cy.json";

fn product<'a>(tree: &'a Tree, door: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let ours = |path: &str| path.starts_with("ui/src/") && !path.contains(".test.");
    tree.ending(&[".ts", ".svelte"]).filter(move |(path, _)| ours(path) && *path != door)
}

pub fn one_door_to_the_shell(tree: &Tree) -> Vec<Finding> {
    Tree::lines(
        product(tree, NATIVE),
        "only ui/src/lib/native.ts speaks to Tauri: add a line there and call it",
        |line| code(line).contains("@tauri-apps"),
    )
}

pub fn one_door_to_the_server(tree: &Tree) -> Vec<Finding> {
    Tree::lines(
        product(tree, SERVER),
        "only ui/src/lib/server.ts uses the network: add a line there and call it",
        |line| {
            let line = code(line);
            let calls_fetch = line.match_indices("fetch(").any(|(at, _)| {
                let before = line.get(..at).and_then(|text| text.chars().next_back());
                !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '.' || letter == '_')
            });
            calls_fetch
                || line.contains("new EventSource")
                || line.contains("XMLHttpRequest")
                || line.contains("new WebSocket")
        },
    )
}

/// What the page calls and what the shell answers are the same list.
pub fn commands_match(tree: &Tree) -> Vec<Finding> {
    let Some(native) = tree.page(NATIVE) else { return Vec::new() };
    let mut called = BTreeMap::new();
    for (index, line) in native.lines().enumerate() {
        for after in line.split("invoke").skip(1) {
            if let Some(name) = after.split(['\'', '"']).nth(1).filter(|name| is_command(name)) {
                called.insert(name, index + 1);
            }
        }
    }
    let answered = answered(tree);
    let unanswered = called.iter().filter(|(name, _)| !answered.contains_key(*name));
    let uncalled = answered.iter().filter(|(name, _)| !called.contains_key(*name));
    unanswered
        .map(|(name, line)| {
            finding(NATIVE, *line, format!("the shell has no command `{name}`: add it to generate_handler!"))
        })
        .chain(uncalled.map(|(name, (path, line))| {
            finding(path, *line, format!("no line of native.ts calls `{name}`: add one or drop it"))
        }))
        .collect()
}

/// The commands of generate_handler!, each with its file and line.
fn answered(tree: &Tree) -> BTreeMap<&str, (&str, usize)> {
    let mut answered = BTreeMap::new();
    for (path, text) in tree.rust().filter(|(path, _)| path.starts_with("src-tauri/")) {
        let mut listing = false;
        for (index, line) in text.lines().enumerate() {
            let line = code(line);
            let names = match line.split_once("generate_handler![") {
                Some((_, names)) => names,
                None if listing => line,
                None => continue,
            };
            listing = !names.contains(']');
            for name in names.split(']').next().unwrap_or_default().split(',') {
                let name = name.trim().rsplit("::").next().unwrap_or_default();
                if is_command(name) {
                    answered.insert(name, (path, index + 1));
                }
            }
        }
    }
    answered
}

/// What the shell answers, the web view may also call: build.rs names it and a capability allows it.
pub fn access_list_matches(tree: &Tree) -> Vec<Finding> {
    let Some((_, listed)) = tree.page(BUILD).and_then(|text| text.split_once("COMMANDS: &[&str] = &["))
    else {
        return Vec::new();
    };
    let listed = listed.split("];").next().unwrap_or_default();
    let capabilities =
        tree.ending(&[".json"]).filter(|(path, _)| path.starts_with("src-tauri/capabilities/"));
    let allowed: String = capabilities.map(|(_, text)| text).collect();
    let mut findings = Vec::new();
    for (name, (path, line)) in answered(tree) {
        if !listed.contains(&format!("\"{name}\"")) {
            findings.push(finding(
                path,
                line,
                format!("COMMANDS in {BUILD} does not name `{name}`: nothing could call it"),
            ));
        }
        if !allowed.contains(&format!("\"allow-{}\"", name.replace('_', "-"))) {
            findings.push(finding(path, line, format!("no file of src-tauri/capabilities allows `{name}`")));
        }
    }
    findings
}

fn is_command(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// Every address that server.ts asks for begins like one in the server's routes.
pub fn server_paths_exist(tree: &Tree) -> Vec<Finding> {
    let Some(server) = tree.page(SERVER) else { return Vec::new() };
    let routes: BTreeSet<Vec<String>> = tree
        .rust()
        .filter(|(path, _)| path.starts_with("sync-server/"))
        .flat_map(|(_, text)| text.split('"'))
        .filter(|quoted| quoted.starts_with('/') && !quoted.contains(' '))
        .map(segments)
        .collect();
    let mut findings = Vec::new();
    for (index, line) in server.lines().enumerate() {
        for quoted in code(line)
            .split(['\'', '`', '"'])
            .filter(|quoted| quoted.starts_with("/v1/") || quoted.starts_with("/api/v1/"))
        {
            if !routes.contains(&segments(quoted)) {
                findings.push(finding(SERVER, index + 1, format!("the server has no route like `{quoted}`")));
            }
        }
    }
    findings
}

/// `/api/v1/records/${id}/changes?x` and `/api/v1/records/{id}/changes` are the same address.
fn segments(address: &str) -> Vec<String> {
    let mut flat = String::new();
    let mut depth = 0_u32;
    for letter in address.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '$' => {}
            other if depth == 0 => flat.push(other),
            _ => {}
        }
    }
    let path = flat.split('?').next().unwrap_or_default();
    path.split('/').map(str::to_owned).collect()
}

pub fn both_languages_say_everything(tree: &Tree) -> Vec<Finding> {
    let (Some(english), Some(welsh)) = (tree.page(ENGLISH), tree.page(WELSH)) else { return Vec::new() };
    let (english, welsh) = (sentences(english), sentences(welsh));
    let mut findings = Vec::new();
    for (path, here, there, other) in [(ENGLISH, &english, &welsh, WELSH), (WELSH, &welsh, &english, ENGLISH)]
    {
        for (key, (line, gaps)) in here {
            match there.get(key) {
                None => findings.push(finding(
                    path,
                    *line,
                    format!("`{key}` is missing from {other}: say it there too"),
                )),
                Some((_, others)) if others != gaps => {
                    findings.push(finding(path, *line, format!("`{key}` has other {{gaps}} in {other}")));
                }
                Some(_) => {}
            }
        }
    }
    findings
}

/// Each key with its line and its `{gaps}`; one key to a line.
fn sentences(page: &str) -> BTreeMap<String, (usize, BTreeSet<String>)> {
    let mut found = BTreeMap::new();
    for (index, line) in page.lines().enumerate() {
        let Some((key, sentence)) = line.trim().strip_prefix('"').and_then(|rest| rest.split_once("\":"))
        else {
            continue;
        };
        let gaps = sentence
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(gap, _)| gap.to_lowercase());
        found.insert(key.to_owned(), (index + 1, gaps.collect()));
    }
    found
}

#[test]
fn a_second_door_to_the_shell_is_caught() {
    let page = "import { invoke } from '@tauri-apps/api/core';";
    catches(one_door_to_the_shell, &[("ui/src/device/App.svelte", page)], "ui/src/device/App.svelte", 1);
    allows(one_door_to_the_shell, &[(NATIVE, page)]);
}

#[test]
fn a_second_door_to_the_server_is_caught() {
    let path = "ui/src/console/trays/tray.ts";
    catches(one_door_to_the_server, &[(path, "const answer = await fetch('/api/v1/trays');")], path, 1);
    allows(
        one_door_to_the_server,
        &[(path, "await server.fetch(tray); prefetch(1);"), (SERVER, "fetch(address)")],
    );
}

#[test]
fn a_command_that_nobody_answers_is_caught() {
    let shell = (
        "src-tauri/src/lib.rs",
        "//! x\ntauri::generate_handler![\n    shift::shift,\n    drafts::answer\n]",
    );
    catches(commands_match, &[(NATIVE, "export const lock = () => invoke<void>('lock');"), shell], NATIVE, 1);
    catches(commands_match, &[(NATIVE, ""), shell], "src-tauri/src/lib.rs", 4);
    let both = "const shift = () => invoke<Shift>('shift');\nconst answer = (draft: string) => invoke('answer', { draft });";
    allows(commands_match, &[(NATIVE, both), shell]);
}

#[test]
fn an_address_without_a_route_is_caught() {
    let routes = ("sync-server/src/routes/mod.rs", "//! x\n.route(\"/api/v1/records/{id}\", get(record))");
    catches(server_paths_exist, &[(SERVER, "read(`/api/v1/visits/${id}`)"), routes], SERVER, 1);
    allows(server_paths_exist, &[(SERVER, "read(`/api/v1/records/${id}?at=1`)"), routes]);
}

#[test]
fn a_sentence_in_one_language_only_is_caught() {
    let english = (ENGLISH, "{\n\"device.saved\": \"Saved\",\n\"device.of\": \"{n} of {all}\"\n}");
    catches(
        both_languages_say_everything,
        &[english, (WELSH, "{\n\"device.of\": \"{n} o {all}\"\n}")],
        ENGLISH,
        2,
    );
    let other_gaps = (WELSH, "{\n\"device.saved\": \"Wedi'i gadw\",\n\"device.of\": \"{n} o\"\n}");
    catches(both_languages_say_everything, &[english, other_gaps], ENGLISH, 3);
    allows(
        both_languages_say_everything,
        &[english, (WELSH, "{\n\"device.saved\": \"Wedi'i gadw\",\n\"device.of\": \"{n} o {all}\"\n}")],
    );
}

#[test]
fn a_command_that_the_web_view_may_not_call_is_caught() {
    let shell = ("src-tauri/src/lib.rs", "//! x\ngenerate_handler![\n    photo_bytes\n]");
    let build = (BUILD, "//! x\nconst COMMANDS: &[&str] = &[\"photo_bytes\"];");
    let capability = ("src-tauri/capabilities/main.json", "[\"allow-photo-bytes\"]");
    allows(access_list_matches, &[shell, build, capability]);
    catches(access_list_matches, &[shell, build], "src-tauri/src/lib.rs", 3);
    catches(
        access_list_matches,
        &[shell, (BUILD, "//! x\nconst COMMANDS: &[&str] = &[];"), capability],
        "src-tauri/src/lib.rs",
        3,
    );
}
