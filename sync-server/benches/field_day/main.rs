//! A field day, timed: saves, the first exchange of a shift, a fresh device filled, and an exchange with no news.
//!
//! Everything timed is written to a real disk with a FULL commit, and stands beside the barest way to write or send the
//! same on the same machine in the same run. What it prints and what it means: `docs/performance.md`.

mod clock;
mod day;
mod figures;
mod form;
mod gazetteer;
mod hotspots;
mod metadata;
mod office;
mod opening;
mod photo;
mod reports;
mod store;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use fastrand::Rng;

use clock::timed;
use figures::{median, percentile};
use office::{Handheld, Office, Talk};
use store::{Answers, BareDatabase};

const DEVICES: usize = 10;
const REPORTS: usize = 2_000;
const FILLINGS: [usize; 2] = [2_000, 20_000];
const REPEATS: usize = 3;
const SAVES: usize = 400;
const IDLE_EXCHANGES: usize = 100;

fn main() -> Result<()> {
    if std::env::args().any(|word| word == "--open") {
        return opening::open_and_say();
    }
    // Whatever builds benches as tests does not ask for figures.
    if !std::env::args().any(|word| word == "--bench") {
        return Ok(());
    }
    // Not the system's folder for such things: that may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).context("Make a folder on the disk")?;
    let mut rng = Rng::with_seed(20_260_316);
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|word| word == part);
    if is_asked("form") {
        form::form()?;
    }
    if is_asked("gazetteer") {
        gazetteer::gazetteer(&folder.path().join("gazetteer"))?;
    }
    if is_asked("hotspots") {
        hotspots::hotspots(&folder.path().join("hotspots"), &mut rng)?;
    }
    if is_asked("first") {
        first_exchange(&folder.path().join("first"), &mut rng)?;
    }
    if is_asked("day") {
        day::day(&folder.path().join("day"), &mut rng)?;
    }
    if is_asked("edit") {
        metadata::metadata(&folder.path().join("edit"), &mut rng)?;
    }
    if is_asked("photo") {
        photo::photo(&folder.path().join("photo"))?;
    }
    if !is_asked("fresh") {
        return Ok(());
    }
    let (mut office, mut reader, vault) = fillings(&folder.path().join("fillings"), &mut rng)?;
    opening::opening(&vault)?;
    let bare = saves(&folder.path().join("saves"), &mut rng, &mut office, &mut reader)?;
    idle(&mut office, &mut reader, (bare, &vault))
}

/// A shift comes home: each device has its reports to hand in, and hears for the first time what is in its scope.
fn first_exchange(folder: &Path, rng: &mut Rng) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let officers: Vec<_> = (0..DEVICES).map(|at| (format!("warden{at}"), format!("team{at}"))).collect();
    let mut office = Office::open(folder, &officers)?;
    let mut total = Talk::default();
    let (mut plain, mut all) = (0, Vec::new());
    for (name, _) in &officers {
        let mut handheld = office.enrol(name, &folder.join(name))?;
        let reports = reports::many(rng, REPORTS);
        for report in &reports {
            office.save(&mut handheld, report)?;
        }
        let talk = office.talk(&mut handheld)?;
        ensure!(talk.sent.iter().sum::<usize>() == REPORTS, "Not everything went up");
        total.up += talk.up;
        total.down += talk.down;
        total.on_device += talk.on_device;
        total.on_server += talk.on_server;
        total.sent.extend(talk.sent.into_iter().filter(|sent| 0 < *sent));
        plain += compressed(&reports)?;
        all.extend(reports);
    }
    let (floor, _) = bare_insert(folder, &all, &total.sent, false)?;
    let (sealed, _) = bare_insert(folder, &all, &total.sent, true)?;
    figures::ms("first_exchange_10x2000.time", total.took(), Some(floor + sealed))?;
    figures::ms("first_exchange_10x2000.time_on_server", total.on_server, Some(floor))?;
    figures::ms("first_exchange_10x2000.time_on_devices", total.on_device, Some(sealed))?;
    figures::bytes("first_exchange_10x2000.bytes_up", total.up, Some(plain))?;
    figures::bytes("first_exchange_10x2000.bytes_down", total.down, None)?;
    let json = serde_json::to_vec(&all).context("Write answers as JSON")?;
    figures::bytes("report.json_each", json.len() / all.len().max(1), None)
}

/// New handhelds join a council that has been at work, first a little and then a lot.
fn fillings(folder: &Path, rng: &mut Rng) -> Result<(Office, Handheld, PathBuf)> {
    std::fs::create_dir_all(folder)?;
    let mut names = vec!["author".to_owned()];
    names.extend((0..FILLINGS.len() * REPEATS).map(|at| format!("reader{at}")));
    let officers: Vec<_> = names.iter().map(|name| (name.clone(), "north".to_owned())).collect();
    let mut office = Office::open(folder, &officers)?;
    let mut author = office.enrol_in_memory("author")?;
    let mut readers = names.iter().skip(1);
    let mut held: Vec<Answers> = Vec::new();
    let mut last = None;
    for records in FILLINGS {
        for report in reports::many(rng, records - held.len()) {
            office.save(&mut author, &report)?;
            held.push(report);
        }
        office.talk(&mut author)?;
        let (mut talks, mut plain, mut sealed) = (Vec::new(), Vec::new(), Vec::new());
        let mut sizes = (0, 0);
        for name in readers.by_ref().take(REPEATS) {
            let mut reader = office.enrol(name, &folder.join(name))?;
            let talk = office.talk(&mut reader)?;
            ensure!(reader.vault.states()?.len() == records, "Not everything came down");
            plain.push(bare_insert(folder, &held, &talk.received, false)?.0);
            let (took, size) = bare_insert(folder, &held, &talk.received, true)?;
            sealed.push(took);
            sizes = (usize::try_from(reader.vault.size()?)?, size);
            talks.push(talk);
            last = Some((reader, folder.join(name)));
        }
        figures::bytes(&format!("fresh_device_{records}.vault"), sizes.0, Some(sizes.1))?;
        print_filling(records, &talks, (median(&plain)?, median(&sealed)?), compressed(&held)?)?;
    }
    let (reader, vault) = last.context("A device was filled")?;
    Ok((office, reader, vault))
}

fn print_filling(
    records: usize,
    talks: &[Talk],
    (plain, sealed): (Duration, Duration),
    json: usize,
) -> Result<()> {
    let middle = |part: fn(&Talk) -> Duration| median(&talks.iter().map(part).collect::<Vec<_>>());
    let bytes = talks.last().context("A device was filled")?;
    let name = |what: &str| format!("fresh_device_{records}.{what}");
    figures::ms(&name("time"), middle(Talk::took)?, Some(sealed))?;
    figures::ms(&name("time_on_server"), middle(|talk| talk.on_server)?, Some(plain))?;
    figures::ms(&name("time_on_device"), middle(|talk| talk.on_device)?, Some(sealed))?;
    figures::bytes(&name("bytes_down"), bytes.down, Some(json))?;
    figures::bytes(&name("bytes_up"), bytes.up, None)
}

/// An officer saves, on a device that holds what the last filling brought. Each save is followed by a bare commit of
/// the same bytes, so that what else the machine is doing meets both alike.
fn saves(folder: &Path, rng: &mut Rng, office: &mut Office, handheld: &mut Handheld) -> Result<Duration> {
    std::fs::create_dir_all(folder)?;
    let bare = BareDatabase::sealed(&folder.join("bare.db"), &office::key())?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for report in reports::many(rng, SAVES) {
        ours.push(office.save(handheld, &report)?);
        let saved = handheld.vault.own_changes()?.pop().context("What was saved is there")?;
        let (done, took) = timed(|| bare.commit(&saved.bytes));
        done?;
        theirs.push(took);
    }
    for percent in [50, 95] {
        let floor = percentile(&theirs, percent)?;
        figures::ms(&format!("save.p{percent}"), percentile(&ours, percent)?, Some(floor))?;
    }
    office.talk(handheld)?;
    median(&theirs)
}

/// Nothing to say and nothing to hear: the journal that a database writes to before its disk is asked stays as it is.
fn idle(office: &mut Office, handheld: &mut Handheld, (bare, vault): (Duration, &Path)) -> Result<()> {
    let journals = [vault.join("vault.db-wal"), vault.with_file_name("council.db-wal")];
    let mut writes = [0; 2];
    let mut times = Vec::new();
    let (mut up, mut down) = (0, 0);
    for _ in 0..IDLE_EXCHANGES {
        let before = written(&journals)?;
        let exchange = office.exchange(handheld)?;
        for (writes, is_other) in writes.iter_mut().zip(differ(&before, &written(&journals)?)) {
            *writes += usize::from(is_other);
        }
        ensure!(
            exchange.applied.received == 0 && !exchange.applied.more,
            "An idle exchange brought something"
        );
        times.push(exchange.on_device + exchange.on_server);
        (up, down) = (up.max(exchange.up), down.max(exchange.down));
    }
    for percent in [50, 95] {
        figures::ms(&format!("idle.p{percent}"), percentile(&times, percent)?, Some(bare))?;
    }
    let [on_device, on_server] = writes;
    figures::count("idle.writes_on_device_in_100", on_device, None)?;
    figures::count("idle.writes_on_server_in_100", on_server, None)?;
    figures::bytes("idle.bytes_up", up, None)?;
    figures::bytes("idle.bytes_down", down, None)?;
    figures::bytes("idle.bytes", up + down, Some(300))
}

/// How long each journal is and when it was last written to.
fn written(journals: &[PathBuf]) -> Result<Vec<(u64, SystemTime)>> {
    let read = |journal: &PathBuf| -> Result<_> {
        let file = std::fs::metadata(journal).with_context(|| format!("Look at {}", journal.display()))?;
        Ok((file.len(), file.modified()?))
    };
    journals.iter().map(read).collect()
}

fn differ<T: PartialEq>(before: &[T], after: &[T]) -> Vec<bool> {
    before.iter().zip(after).map(|(one, other)| one != other).collect()
}

/// The same answers as plain JSON in one piece, which suits the compressor best.
fn compressed(reports: &[Answers]) -> Result<usize> {
    let plain = serde_json::to_vec(reports).context("Write answers as JSON")?;
    Ok(zstd::encode_all(plain.as_slice(), 3).context("Compress JSON")?.len())
}

/// How long the same rows take in as many commits of the same sizes, without anything of ours.
fn bare_insert(
    folder: &Path,
    rows: &[Answers],
    batches: &[usize],
    is_sealed: bool,
) -> Result<(Duration, usize)> {
    let fresh = tempfile::tempdir_in(folder).context("Make a folder on the disk")?;
    let file = fresh.path().join("bare.db");
    let mut bare =
        if is_sealed { BareDatabase::sealed(&file, &office::key())? } else { BareDatabase::plain(&file)? };
    bare.lay_out(rows.first().context("There are rows")?)?;
    let (done, took) = timed(|| -> Result<usize> {
        let mut at = 0;
        for batch in batches {
            bare.insert(rows.get(at..at + batch).context("As many rows as were exchanged")?)?;
            at += batch;
        }
        Ok(at)
    });
    ensure!(done? == rows.len(), "The floor holds other rows than were exchanged");
    Ok((took, bare.size()?))
}
