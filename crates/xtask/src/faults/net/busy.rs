//! An office that is busy, full, behind a gateway that has lost it, slow, or silent. The device waits as it was asked to,
//! never asks twice in a second, says why and until when it waits, and goes on by itself.

use super::proxy::{Seen, Trick};
use super::{LATER, Line, Town, by_hands};
use crate::faults::{Tally, Wanted};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const HANDS: usize = 6;
/// A first failure is followed by no less than this.
const OWN_WAIT_MS: i64 = 1_500;
const SYNC: &str = "/v1/sync";

struct Trouble {
    name: &'static str,
    trick: Trick,
    /// What the office asked for.
    asked_ms: i64,
    why: &'static str,
}

fn troubles() -> Vec<Trouble> {
    let page = "<html><h1>Bad gateway</h1></html>";
    let refusal = |code: &str, status: u16| format!("{{\"code\":\"{code}\",\"status\":{status}}}");
    let says = |name, status: &str, more: &str, (kind, body): (&str, &str), (asked_ms, why)| {
        let head = format!(
            "HTTP/1.1 {status}\r\nDate: Mon, 16 Mar 2026 09:00:00 GMT\r\n{more}Content-Type: {kind}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        Trouble { name, trick: Trick::Says(head.into_bytes()), asked_ms, why }
    };
    let ours = "application/problem+json";
    let busy = refusal("busy", 503);
    let full = refusal("disk_full", 507);
    let html = ("text/html", page);
    let (own, silent) = ((0, "server_busy"), (0, "no_signal"));
    vec![
        says("429 without more", "429 Too Many Requests", "", html, own),
        says("429 with seconds", "429 Too Many Requests", "Retry-After: 4\r\n", html, (4_000, "server_busy")),
        says(
            "503 in our terms",
            "503 Service Unavailable",
            "Retry-After: 3\r\n",
            (ours, &busy),
            (3_000, "server_busy"),
        ),
        says("503 without more", "503 Service Unavailable", "", (ours, &busy), own),
        says(
            "503 with a date",
            "503 Service Unavailable",
            "Retry-After: Mon, 16 Mar 2026 09:00:05 GMT\r\n",
            html,
            (5_000, "server_busy"),
        ),
        says("507 in our terms", "507 Insufficient Storage", "", (ours, &full), (0, "server_full")),
        says("507 from a gateway", "507 Insufficient Storage", "", html, (0, "server_full")),
        says("502 with a page", "502 Bad Gateway", "", html, own),
        says("504 with a page", "504 Gateway Timeout", "", html, own),
        Trouble { name: "a byte a second", trick: Trick::Drips, asked_ms: silent.0, why: silent.1 },
        Trouble { name: "a line that is half open", trick: Trick::Silent, asked_ms: silent.0, why: silent.1 },
    ]
}

pub fn busy(wanted: &Wanted) -> Result<Tally> {
    let town = Town::begin("busy")?;
    let troubles = troubles();
    let done = by_hands(wanted, HANDS, &troubles, |_, mine| {
        let line = town.line("ann")?;
        let mut done = Done { line, saved: BTreeSet::new(), waits: Vec::new() };
        for trouble in mine {
            done.meets(trouble).with_context(|| format!("The office gave {}", trouble.name))?;
        }
        Ok(done)
    })?;
    let saved: BTreeSet<String> = done.iter().flat_map(|hand| hand.saved.iter().cloned()).collect();
    let waits: BTreeSet<i64> = done.iter().flat_map(|hand| hand.waits.iter().map(|wait| wait / 50)).collect();
    let all: usize = done.iter().map(|hand| hand.waits.len()).sum();
    ensure!(all < 2 * waits.len(), "Of {all} waits only {} were not alike: {waits:?}", waits.len());
    let devices: Vec<_> = done.iter().map(|hand| &hand.line.device).collect();
    let found = town.holds(&saved, &devices)?;
    drop(done);
    town.ends()?;
    Ok(Tally { tried: troubles.len(), fired: troubles.len(), found })
}

struct Done {
    line: Line,
    saved: BTreeSet<String>,
    waits: Vec<i64>,
}

impl Done {
    fn meets(&mut self, trouble: &Trouble) -> Result<()> {
        self.saved.insert(self.line.saves()?);
        self.line.proxy.counts_anew();
        self.line.proxy.plays(SYNC, trouble.trick.clone());
        let (said, report) = self.line.tries()?;
        ensure!(said.code == LATER, "It ended with {}: {report} {}", said.code, said.complaint);
        ensure!(report.get("waiting") == Some(&json!(1)), "It left the outbox: {report}");
        for item in self.line.waiting()? {
            ensure!(item.get("why") == Some(&json!(trouble.why)), "The reason given is another: {item}");
            ensure!(item.get("next_try_ms").is_some_and(Value::is_i64), "Nobody says until when: {item}");
        }
        let is_answered = matches!(trouble.trick, Trick::Says(_));
        if is_answered {
            self.line.proxy.plays(SYNC, trouble.trick.clone());
            self.line.proxy.plays(SYNC, trouble.trick.clone());
        }
        self.line.catches_up()?;
        if is_answered {
            self.waited(trouble)?;
        }
        ensure!(self.line.proxy.left() == 0, "It did not ask as often as it was refused");
        Ok(())
    }

    /// The first two tries are of two commands of a person, who need not wait; between the others the device waited.
    fn waited(&mut self, trouble: &Trouble) -> Result<()> {
        let asked: Vec<Seen> = self.line.proxy.seen().into_iter().filter(|seen| seen.path == SYNC).collect();
        ensure!(asked.iter().filter(|seen| seen.tricked).count() == 3, "It asked {} times", asked.len());
        for pair in asked.windows(2).skip(1).take(2) {
            let [before, after] = pair else { continue };
            let waited = i64::try_from(after.at.duration_since(before.at).as_millis())?;
            let least = trouble.asked_ms.max(OWN_WAIT_MS);
            ensure!(least <= waited, "It waited {waited} ms and not {least}");
            // The third wait is of eight seconds, a quarter more at most.
            ensure!(waited <= least + 12_000, "It waited {waited} ms where {least} would have done");
            self.waits.push(waited);
        }
        let closest = asked.windows(2).skip(1).filter_map(|pair| match pair {
            [before, after] if before.tricked => Some(after.at.duration_since(before.at)),
            _ => None,
        });
        ensure!(closest.min().is_none_or(|gap| Duration::from_secs(1) <= gap), "It asked twice in a second");
        Ok(())
    }
}
