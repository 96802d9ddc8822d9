//! What may depend on what, and what stays in its place.

use crate::tree::{Finding, Tree, code, finding};
use crate::{allows, catches};

/// Ours only; anything else a crate uses is listed in the workspace.
const MAY_USE: &[(&str, &[&str], &[&str])] = &[
    ("crates/core/Cargo.toml", &[], &[]),
    ("crates/device/Cargo.toml", &["kerbside-core", "kerbside-picture"], &["kerbside-server"]),
    ("crates/fuzz/Cargo.toml", &["kerbside-core", "kerbside-picture"], &[]),
    ("crates/picture/Cargo.toml", &["kerbside-core"], &[]),
    ("crates/sim/Cargo.toml", &["kerbside-core", "kerbside-device", "kerbside-server"], &[]),
    ("crates/xtask/Cargo.toml", &[], &[]),
    ("src-tauri/Cargo.toml", &["kerbside-core", "kerbside-device"], &[]),
    ("sync-server/Cargo.toml", &["kerbside-core", "kerbside-picture"], &["kerbside-device"]),
];

pub fn crates_point_inwards(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(&["Cargo.toml"]).filter(|(path, _)| *path != "Cargo.toml") {
        let Some((_, product, tests)) = MAY_USE.iter().find(|(crate_path, ..)| *crate_path == path) else {
            findings.push(finding(
                path,
                1,
                "a new crate: say in docs/decisions what only it may touch, and list it in tidy",
            ));
            continue;
        };
        let mut section = "";
        for (index, line) in text.lines().enumerate() {
            if line.starts_with('[') {
                section = line;
            }
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            let allowed =
                product.contains(&name) || section.contains("dev-dependencies") && tests.contains(&name);
            if name.starts_with("kerbside-") && section.contains("dependencies") && !allowed {
                findings.push(finding(
                    path,
                    index + 1,
                    format!("this crate may not use {name}: see docs/architecture.md"),
                ));
            }
        }
    }
    findings
}

pub fn sql_stays_in_stores(tree: &Tree) -> Vec<Finding> {
    let elsewhere = tree.rust().filter(|(path, _)| {
        !["/store/", "/vault/", "/sql/", "crates/sim/", "crates/xtask/"]
            .iter()
            .any(|place| path.contains(place))
            && !path.ends_with("/store.rs")
    });
    Tree::lines(
        elsewhere,
        "SQL and its drivers live in a store/ or vault/ folder: add a function there and call it",
        |line| {
            let line = code(line);
            let statement = ["\"SELECT ", "\"INSERT INTO ", "\"DELETE FROM ", "\"CREATE TABLE ", "\"PRAGMA "];
            statement.iter().any(|words| line.contains(words))
                || line.contains("\"UPDATE ") && line.contains(" SET ")
                || line.contains("rusqlite::")
                || line.contains("use postgres::")
        },
    )
}

pub fn core_is_pure(tree: &Tree) -> Vec<Finding> {
    let impure = [
        "std::time",
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "getrandom",
        "fastrand",
    ];
    let core = tree.rust().filter(|(path, _)| path.starts_with("crates/core/"));
    Tree::lines(core, "core reads no clock, file, socket or random source: take it as an argument", |line| {
        impure.iter().any(|name| code(line).contains(name))
    })
}

/// reqwest panics on Android when a client is made any other way than by the one function that gives it its roots.
pub fn one_place_makes_the_client(tree: &Tree) -> Vec<Finding> {
    let makers = ["Client::new(", "Client::builder(", "ClientBuilder::new("];
    let findings = Tree::lines(tree.rust(), "make the HTTP client with the one function that does", |line| {
        makers.iter().any(|maker| code(line).contains(maker))
    });
    if findings.len() < 2 { Vec::new() } else { findings }
}

pub fn councils_are_data(tree: &Tree) -> Vec<Finding> {
    let pages =
        tree.rust().chain(tree.ending(&[".ts", ".svelte"]).filter(|(path, _)| !path.contains(".test.")));
    Tree::lines(pages, "a council is data: put the difference into schemas/councils", |line| {
        let line = code(line).replace('\'', "\"");
        let signs = ["=== \"", "!== \"", "== \"", "!= \""];
        let compared = signs
            .iter()
            .flat_map(|sign| line.match_indices(sign))
            .filter_map(|(at, _)| line.get(..at)?.split_whitespace().next_back());
        let named = |operand: &str| operand.contains("council") && !operand.contains('"');
        compared.into_iter().any(named) || line.contains("match council")
    })
}

#[test]
fn a_crate_that_points_outwards_is_caught() {
    let device = "[dependencies]\nkerbside-server.workspace = true\n";
    catches(crates_point_inwards, &[("crates/device/Cargo.toml", device)], "crates/device/Cargo.toml", 2);
    let tests_only = "[dependencies]\nkerbside-core.workspace = true\n[dev-dependencies]\nkerbside-device.workspace = true\n";
    allows(crates_point_inwards, &[("sync-server/Cargo.toml", tests_only)]);
    catches(crates_point_inwards, &[("crates/common/Cargo.toml", "")], "crates/common/Cargo.toml", 1);
}

#[test]
fn sql_outside_a_store_is_caught() {
    let page = "//! x\nlet rows = db.query(\"SELECT 1\");\n";
    catches(
        sql_stays_in_stores,
        &[("sync-server/src/routes/trays.rs", page)],
        "sync-server/src/routes/trays.rs",
        2,
    );
    allows(sql_stays_in_stores, &[("sync-server/src/store/trays.rs", page)]);
}

#[test]
fn a_clock_in_core_is_caught() {
    let path = "crates/core/src/time.rs";
    catches(core_is_pure, &[(path, "//! x\nuse std::time::SystemTime;\n")], path, 2);
    let tests = ("crates/core/src/exchange/mod.rs", "//! x\n#[cfg(test)]\nmod wire;\n");
    allows(core_is_pure, &[tests, ("crates/core/src/exchange/wire.rs", "//! x\nuse std::fs;\n")]);
    allows(
        core_is_pure,
        &[(path, "//! x\n// not std::time\n#[cfg(test)]\nmod tests {\nuse std::time::Instant;\n}")],
    );
}

#[test]
fn a_second_http_client_is_caught() {
    let page = "let client = Client::builder();";
    catches(
        one_place_makes_the_client,
        &[("crates/device/src/a.rs", page), ("crates/device/src/b.rs", page)],
        "crates/device/src/b.rs",
        1,
    );
    allows(one_place_makes_the_client, &[("crates/device/src/a.rs", page)]);
}

#[test]
fn a_council_in_an_if_is_caught() {
    let path = "ui/src/lib/tray.ts";
    catches(councils_are_data, &[(path, "if (session.council.key === 'demo') {}")], path, 1);
    allows(councils_are_data, &[(path, "show(session.council.name); if (name === 'council') {}")]);
}
