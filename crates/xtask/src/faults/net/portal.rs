//! A network that wants its users to sign in first answers in the office's place. That is never success: nothing leaves
//! the outbox, and the officer is told in words what it is.

use super::proxy::Trick;
use super::{LATER, Line, PIN, Town, serving};
use crate::faults::{Tally, Wanted};
use crate::field::bound;
use crate::field::device::{Device, only, text};
use crate::field::relay::Relay;
use crate::field::server::{Server, command};
use crate::program::{built, root};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::Command;

fn lies() -> Vec<(&'static str, Trick)> {
    let page = |status: &str, more: &str, kind: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\n{more}Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        Trick::Says([head.as_bytes(), body].concat())
    };
    let login = b"<html><title>Free Wi-Fi</title>Please sign in</html>";
    let cbor = "application/vnd.kerbside+cbor";
    vec![
        ("a page that says 200", page("200 OK", "", "text/html; charset=utf-8", login)),
        ("200 with nothing in it", page("200 OK", "", "text/plain", b"")),
        ("200 with JSON", page("200 OK", "", "application/json", b"{\"ok\":true}")),
        ("200 with CBOR that is noise", page("200 OK", "", cbor, &[0xbf, 0x13, 0x37, 0xff, 0x00, 0xa1])),
        (
            "200 with zstd that is noise",
            page("200 OK", "Content-Encoding: zstd\r\n", cbor, &[0x28, 0xb5, 0x2f, 0xfd, 9, 9, 9]),
        ),
        ("302 to a page", page("302 Found", "Location: http://portal.example/\r\n", "text/html", b"")),
        ("511", page("511 Network Authentication Required", "", "text/html", login)),
        ("403 from a filter", page("403 Forbidden", "", "text/html", login)),
        ("an old reply of the office, played again", Trick::Replays),
    ]
}

pub fn portal(wanted: &Wanted) -> Result<Tally> {
    let mut town = Town::begin("portal")?;
    let line = town.line("ann")?;
    let mut saved = BTreeSet::new();
    let lies = lies();
    for (name, lie) in &lies {
        wanted.goes_on()?;
        is_no_success(&line, lie).with_context(|| format!("The portal gave {name}"))?;
        saved.insert(line.saves()?);
        is_no_success(&line, lie).with_context(|| format!("The portal gave {name}"))?;
        line.catches_up()?;
    }
    let (record, _) = line.saves_photo(1, 300_000)?;
    saved.insert(record);
    for path in ["/v1/photos", "/v1/uploads"] {
        for (name, lie) in lies.iter().take(7) {
            wanted.goes_on()?;
            line.proxy.always(path, lie.clone());
            let (_, report) = line.tries()?;
            ensure!(report.get("photos_sent") == Some(&json!(0)), "{name} passed for a receipt: {report}");
            ensure!(
                report.get("waiting") == Some(&json!(1)),
                "{name} took a photo from the outbox: {report}"
            );
            line.proxy.is_honest_again();
        }
    }
    let report = line.catches_up()?;
    ensure!(report.get("photos_sent") == Some(&json!(1)), "The photo did not go: {report}");
    let found = town.holds(&saved, &[&line.device])?;
    town.shuts()?;
    let over_tls = tls(&mut town)?;
    let tried = 2 * lies.len() + 14 + over_tls;
    drop(line);
    town.ends()?;
    Ok(Tally { tried, fired: tried, found })
}

fn is_no_success(line: &Line, lie: &Trick) -> Result<()> {
    let before = states(line)?;
    line.proxy.always("/", lie.clone());
    let (said, report) = line.tries()?;
    ensure!(said.code == LATER, "It ended with {}: {report} {}", said.code, said.complaint);
    ensure!(
        report.get("stopped") == Some(&json!("captive_portal")),
        "It was taken for something else: {report}"
    );
    ensure!(report.get("sent") == Some(&json!(0)), "It passed for a receipt: {report}");
    ensure!(before == states(line)?, "Something changed its state");
    for item in line.waiting()? {
        ensure!(item.get("why") == Some(&json!("portal")), "The reason is not given: {item}");
        ensure!(item.get("next_try_ms").is_some_and(Value::is_i64), "Nobody says when it goes on: {item}");
    }
    ensure!(in_words(line)? == sentence()?, "The officer is told: {}", in_words(line)?);
    line.proxy.is_honest_again();
    Ok(())
}

fn states(line: &Line) -> Result<Vec<(String, String)>> {
    let listed = line.device.does(&["list"])?;
    listed
        .iter()
        .map(|item| Ok((text(item, "record")?.to_owned(), text(item, "state")?.to_owned())))
        .collect()
}

/// What `kerbside sync` prints for a person.
fn in_words(line: &Line) -> Result<String> {
    let mut sync = Command::new(built("kerbside"));
    sync.arg("--vault").arg(&line.device.vault).args(["sync", "--deadline", "6"]);
    sync.env("KERBSIDE_PIN", PIN)
        .env("KERBSIDE_KEY_STORE", "file")
        .env("LANG", "en_GB.UTF-8")
        .env_remove("LC_ALL");
    let printed = sync.output().context("Could not start kerbside")?.stdout;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

fn sentence() -> Result<String> {
    let words =
        std::fs::read_to_string(root().join("schemas/words/en.json")).context("Could not read the words")?;
    let words: Value = serde_json::from_str(&words).context("The words are JSON")?;
    Ok(text(&words, "code.captive_portal")?.to_owned())
}

/// Over TLS a portal cannot even say something: whoever has not the council's certificate is not listened to.
fn tls(town: &mut Town) -> Result<usize> {
    let tests = root().join("crates/xtask/src/faults/net/tls");
    let [ca, certificate, key] =
        ["authority.pem", "localhost.pem", "localhost-key.pem"].map(|name| tests.join(name));
    let mut serve = serving(&town.data(), town.address);
    serve.arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
    let server = Server::watch(&town.data(), &mut serve)?;
    let mut relay = Relay::open(town.address)?;
    let near = relay.near();
    let port = near.port();
    let vault = town.folder.join("over-tls");
    let device = Device { vault, pin: PIN.to_owned() };
    let ca = ca.to_str().context("The tree's path is text")?;
    let code = || -> Result<String> {
        let code =
            only(command(&town.data(), &["admin", "device", "code", "--officer", "ann@example.gov.uk"])?)?;
        Ok(text(&code, "code")?.to_owned())
    };
    let (at_localhost, at_number) =
        (format!("https://localhost:{port}"), format!("https://127.0.0.1:{port}"));
    let stranger = device.tries(&["enrol", "--server", &at_localhost, "--code", &code()?], None)?;
    ensure!(stranger.code == LATER, "An unknown certificate was trusted: {}", stranger.complaint);
    let misnamed = device.tries(&["enrol", "--server", &at_number, "--code", &code()?, "--ca", ca], None)?;
    ensure!(misnamed.code == LATER, "A certificate for another name was trusted: {}", misnamed.complaint);
    device.does(&["enrol", "--server", &at_localhost, "--code", &code()?, "--ca", ca])?;
    device.does(&["sync", "--until-idle", "--deadline", "60"])?;
    let answers = crate::demo::example(super::FORM)?;
    device.given(&["create", "--form", super::FORM, "--answers", "-"], Some(&answers))?;

    relay.cut()?;
    says_a_page_once(near)?;
    let said = device.tries(&["sync", "--deadline", "6"], None)?;
    let report = said.lines.first().cloned().unwrap_or_default();
    ensure!(
        said.code == LATER && report.get("waiting") == Some(&json!(1)),
        "A page passed for TLS: {report}"
    );
    ensure!(
        report.get("stopped") == Some(&json!("captive_portal")),
        "It was taken for something else: {report}"
    );
    relay.mend()?;
    let report = only(device.does(&["sync", "--until-idle", "--deadline", "60"])?)?;
    ensure!(report.get("waiting") == Some(&json!(0)), "Something still waits: {report}");
    relay.cut()?;
    server.stop()?;
    Ok(3)
}

/// What a portal does with a handshake that it cannot read.
fn says_a_page_once(near: SocketAddr) -> Result<()> {
    let listener = bound(near).context("Could not stand in for the office")?;
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        let page = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>Please sign in</html>";
        // A device that has hung up by then has heard enough.
        stream.read(&mut [0; 2_048]).and_then(|_| stream.write_all(page)).ok();
    });
    Ok(())
}
