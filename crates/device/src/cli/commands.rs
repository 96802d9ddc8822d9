//! Each command: read what was asked, call the device, print a line.

use super::out::Out;
use super::{
    Cli, Command, CreateArgs, EditArgs, EnrolArgs, ListArgs, ResolveArgs, SyncArgs, Usage, exit_of, mending,
    script,
};
use anyhow::{Context, Result, anyhow};
use kerbside_core::field::FieldKey;
use kerbside_core::form::{Form, QuestionKind};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::value::instant_text;
use kerbside_device::clock::{Reading, now};
use kerbside_device::photos::PhotoFrom;
use kerbside_device::{
    Choice, Device, Enrolment, Filter, NewPhoto, Saved, SyncReport, Vault, WorkState, fetch_maps, sync,
};
use serde_json::{Map, Value as Json, json};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub fn run(cli: &Cli, out: &Out) -> Result<u8> {
    let folder =
        cli.vault.as_deref().ok_or_else(|| Usage("--vault DIR or KERBSIDE_VAULT says which vault".into()))?;
    match &cli.command {
        Command::Enrol(arguments) => enrol(folder, arguments, out),
        Command::Lock => lock(folder, out),
        Command::Unlock { code } => unlock(folder, code.as_deref(), out),
        Command::Wipe { even_unsent } => wipe(folder, *even_unsent, out),
        Command::Run { script, keep_going } => script::run(&mut open(folder)?, script, *keep_going, out),
        Command::Create(arguments) => {
            // Standard input may hold the answers, so the PIN is read first.
            let mut vault = open(folder)?;
            create(&mut vault, arguments, out)
        }
        Command::Edit(arguments) => edit(&mut open(folder)?, arguments, out),
        Command::Note { record, text } => note(&mut open(folder)?, record, text, out),
        Command::Resolve(arguments) => resolve(&mut open(folder)?, arguments, out),
        Command::Withdraw { record, reason } => withdraw(&mut open(folder)?, record, reason, out),
        Command::Reopen { record } => reopen(&mut open(folder)?, record, out),
        Command::Forms => forms(&open(folder)?, out),
        Command::List(arguments) => list(&open(folder)?, arguments, out),
        Command::Show { record } => show(&open(folder)?, record, out),
        Command::Sync(arguments) => synchronise(&mut open(folder)?, arguments, out),
        Command::Maps { fetch } => maps(&mut open(folder)?, *fetch, out),
        Command::Waiting => waiting(&open(folder)?, out),
        Command::Journal => journal(&open(folder)?, out),
        Command::Verify { repair: false } => verify(&open(folder)?, out),
        Command::Verify { repair: true } => mending::verify_and_repair(&mut open(folder)?, out),
        Command::Drafts => drafts(&open(folder)?, out),
        Command::Dump { canonical: _ } => dump(&open(folder)?, out),
    }
}

fn open(folder: &Path) -> Result<Vault> {
    let mut device = Device::open(folder)?;
    device.unlock(&pin()?, now())
}

/// Never from an argument: those are seen by every process.
fn pin() -> Result<String> {
    if let Ok(pin) = std::env::var("KERBSIDE_PIN") {
        return Ok(pin);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("Read the PIN")?;
    Ok(line.trim().to_owned())
}

fn enrol(folder: &Path, arguments: &EnrolArgs, out: &Out) -> Result<u8> {
    let ca_pem = match &arguments.ca {
        Some(file) => Some(std::fs::read_to_string(file).context("Read the council's certificate")?),
        None => None,
    };
    let pin = pin()?;
    let enrolment = Enrolment {
        server_url: &arguments.server,
        code: &arguments.code,
        pin: &pin,
        ca_pem: ca_pem.as_deref(),
        key_store: arguments.key_store.map(Into::into),
    };
    // A vault that is there stays: its server was restored to before it was enrolled.
    let vault = if Device::is_enrolled(folder) {
        Device::open(folder)?.enrol_again(enrolment, now())?
    } else {
        Device::enrol(folder, enrolment)?
    };
    let status = Device::status(folder, true, now())?;
    let identity = vault.identity();
    let line = json!({
        "device": identity.device,
        "actor": vault.actor()?,
        "officer": identity.officer,
        "officer_name": identity.officer_name,
        "council": identity.council,
        "short_code": identity.short_code,
        "key_store": status.key_store,
    });
    out.line(&line, |words| {
        words.say("cli.enrolled", &[("name", &identity.officer_name), ("code", &identity.short_code)])
    })?;
    Ok(0)
}

fn lock(folder: &Path, out: &Out) -> Result<u8> {
    let status = Device::status(folder, false, now())?;
    out.line(&status, |words| words.say("cli.locked", &[]))?;
    Ok(0)
}

fn unlock(folder: &Path, code: Option<&str>, out: &Out) -> Result<u8> {
    let mut device = Device::open(folder)?;
    let vault = match code {
        Some(code) => device.unlock_online(code, &pin()?)?,
        None => device.unlock(&pin()?, now())?,
    };
    let status = Device::status(folder, true, now())?;
    out.line(&status, |words| words.say("cli.unlocked", &[("name", &vault.identity().officer_name)]))?;
    Ok(0)
}

fn wipe(folder: &Path, even_unsent: bool, out: &Out) -> Result<u8> {
    if !even_unsent {
        let unsent = open(folder)?.unsent()?;
        if 0 < unsent {
            return Err(Problem::new(Code::UnsentWork, format!("{unsent} not sent")).into());
        }
    }
    Device::open(folder)?.wipe()?;
    out.line(&json!({ "wiped": true }), |words| words.say("cli.wiped", &[]))?;
    Ok(0)
}

fn forms(vault: &Vault, out: &Out) -> Result<u8> {
    for tile in vault.forms()? {
        let line = json!({ "form": tile.key, "version": tile.version, "title": tile.title });
        out.line(&line, |words| format!("{}  {}", tile.key, words.local(&tile.title)))?;
    }
    Ok(0)
}

fn create(vault: &mut Vault, arguments: &CreateArgs, out: &Out) -> Result<u8> {
    let answers = read_answers(&arguments.answers)?;
    let photos = read_photos(&arguments.photo)?;
    for _ in 0..arguments.count {
        let saved = create_one(vault, &arguments.form, answers.clone(), &photos, arguments.at.as_deref())?;
        say_created(&saved, out)?;
    }
    Ok(0)
}

pub fn create_one(
    vault: &mut Vault,
    form: &str,
    mut answers: Map<String, Json>,
    photos: &[NewPhoto],
    at: Option<&str>,
) -> Result<Saved> {
    let now = now();
    if let Some(at) = at {
        let (field, place) = place_answer(&*vault.newest_form(form)?, at, now)?;
        answers.insert(field, place);
    }
    vault.create(form, &answers, photos, now)
}

pub fn say_created(saved: &Saved, out: &Out) -> Result<()> {
    let line =
        json!({ "record": saved.record, "ref": saved.reference, "dot": saved.dot, "photos": saved.photos });
    let reference = saved.reference.clone().unwrap_or_default();
    out.line(&line, |words| words.say("cli.saved", &[("reference", &reference)]))
}

fn edit(vault: &mut Vault, arguments: &EditArgs, out: &Out) -> Result<u8> {
    let record = vault.find_record(&arguments.record)?;
    let answers = read_answers(&arguments.answers)?;
    let photos = read_photos(&arguments.photo)?;
    let saved = vault.edit(record, &answers, &photos, now())?;
    say_changed(&saved, out)?;
    Ok(0)
}

fn note(vault: &mut Vault, record: &str, text: &str, out: &Out) -> Result<u8> {
    let record = vault.find_record(record)?;
    let saved = vault.note(record, text, now())?;
    say_changed(&saved, out)?;
    Ok(0)
}

pub fn say_changed(saved: &Saved, out: &Out) -> Result<()> {
    let reference = saved.reference.clone().unwrap_or_default();
    out.line(&json!({ "record": saved.record, "dot": saved.dot }), |words| {
        words.say("cli.saved", &[("reference", &reference)])
    })
}

fn list(vault: &Vault, arguments: &ListArgs, out: &Out) -> Result<u8> {
    let state = match &arguments.state {
        None => None,
        Some(name) => Some(serde_json::from_value::<WorkState>(Json::from(name.as_str())).map_err(|_| {
            Usage(format!("{name} is no state: draft, saved, sending, received, safe, needs_you"))
        })?),
    };
    let filter = Filter { form: arguments.form.clone(), state, withdrawn: arguments.withdrawn };
    for line in vault.list(&filter)? {
        out.line(&line, |words| {
            let state = words.say(&format!("device.state.{}", line.state.name()), &[]);
            let reference = line.reference.as_deref().or(line.office_reference.as_deref()).unwrap_or("-");
            format!("{reference}  {}  {state}", line.summary)
        })?;
    }
    Ok(0)
}

fn show(vault: &Vault, record: &str, out: &Out) -> Result<u8> {
    let view = vault.show(vault.find_record(record)?)?;
    let council = vault.council()?;
    out.line(&view, |words| {
        let mut text = format!("{}  {}\n", view.reference.as_deref().unwrap_or("-"), view.form);
        for field in &view.fields {
            for value in &field.values {
                let who = council.people.get(&value.officer.0).map_or("?", String::as_str);
                text.push_str(&format!(
                    "  {}: {}  ({who}, {})\n",
                    field.field,
                    value.answer,
                    instant_text(value.at_ms, 0)
                ));
            }
        }
        for photo in &view.photos {
            text.push_str(&format!("  {}: {}\n", photo.field, photo.sha256));
        }
        if 0 < view.two_answers {
            text.push_str(&words.say("cli.two_answers", &[("n", &view.two_answers.to_string())]));
        }
        text.trim_end().to_owned()
    })?;
    Ok(0)
}

fn resolve(vault: &mut Vault, arguments: &ResolveArgs, out: &Out) -> Result<u8> {
    let record = vault.find_record(&arguments.record)?;
    let field: FieldKey = arguments.field.parse().map_err(|_| Usage("That is no field".into()))?;
    let choice = match (&arguments.answer, arguments.keep) {
        (Some(answer), _) => {
            Choice::Answer(serde_json::from_str(answer).map_err(|cause| Usage(cause.to_string()))?)
        }
        (None, Some(place)) => Choice::Keep(place),
        (None, None) => Choice::KeepBoth,
    };
    let saved = vault.resolve(record, &field, &choice, now())?;
    say_changed(&saved, out)?;
    Ok(0)
}

fn withdraw(vault: &mut Vault, record: &str, reason: &str, out: &Out) -> Result<u8> {
    let record = vault.find_record(record)?;
    let saved = vault.withdraw(record, reason, now())?;
    say_changed(&saved, out)?;
    Ok(0)
}

fn reopen(vault: &mut Vault, record: &str, out: &Out) -> Result<u8> {
    let record = vault.find_record(record)?;
    let saved = vault.reopen(record, now())?;
    say_changed(&saved, out)?;
    Ok(0)
}

fn synchronise(vault: &mut Vault, arguments: &SyncArgs, out: &Out) -> Result<u8> {
    let deadline = arguments.deadline.map(|seconds| now().later(i64::from(seconds) * 1000).wall_ms);
    let report = sync_until(vault, arguments.until_idle, deadline)?;
    let code = say_synced(&report, out)?;
    if arguments.compare && code == 0 { mending::compare(vault, deadline, out) } else { Ok(code) }
}

fn maps(vault: &mut Vault, fetch: bool, out: &Out) -> Result<u8> {
    if fetch {
        fetch_maps(&mut *vault, None, &now)?;
    }
    for map in vault.maps()? {
        let (held, bytes) = (map.held.to_string(), map.pack.bytes.to_string());
        let key = if map.held == map.pack.bytes { "cli.map_whole" } else { "cli.map_coming" };
        out.line(&map, |words| {
            words.say(key, &[("name", &map.pack.name), ("held", &held), ("bytes", &bytes)])
        })?;
    }
    Ok(0)
}

/// Once, or until nothing waits or the deadline has passed.
pub fn sync_until(vault: &mut Vault, until_idle: bool, deadline_ms: Option<i64>) -> Result<SyncReport> {
    let mut total = sync(&mut *vault, deadline_ms, &now)?;
    while until_idle
        && (total.stopped.is_some_and(|code| exit_of(code) == 3)
            || (total.stopped.is_none() && 0 < total.waiting))
    {
        let late = deadline_ms.is_some_and(|deadline| deadline <= now().wall_ms);
        if late || (deadline_ms.is_none() && total.stopped.is_some()) {
            break;
        }
        std::thread::sleep(pause(&total, deadline_ms, now()));
        let again = sync(&mut *vault, deadline_ms, &now)?;
        total = SyncReport {
            sent: total.sent + again.sent,
            received: total.received + again.received,
            photos_sent: total.photos_sent + again.photos_sent,
            bytes_up: total.bytes_up + again.bytes_up,
            bytes_down: total.bytes_down + again.bytes_down,
            ..again
        };
    }
    Ok(total)
}

/// As long as the back-off says, at least a second, and not beyond the deadline.
fn pause(report: &SyncReport, deadline_ms: Option<i64>, now: Reading) -> Duration {
    let next = report.next_try_ms.unwrap_or(now.wall_ms + 1_000);
    let until = deadline_ms.map_or(next, |deadline| next.min(deadline));
    Duration::from_millis(u64::try_from(until - now.wall_ms).unwrap_or(0).clamp(50, 60_000))
}

pub fn say_synced(report: &SyncReport, out: &Out) -> Result<u8> {
    out.line(report, |words| match report.stopped {
        Some(code) => words.say(&format!("code.{}", code.name()), &[]),
        None if report.waiting == 0 => words.say("device.waiting.none", &[]),
        None => words.say("cli.still_waiting", &[("n", &report.waiting.to_string())]),
    })?;
    Ok(report.stopped.map_or(0, exit_of))
}

fn waiting(vault: &Vault, out: &Out) -> Result<u8> {
    let waiting = vault.waiting()?;
    if waiting.items.is_empty() && !out.is_json() {
        out.line(&waiting, |words| words.say("device.waiting.none", &[]))?;
    }
    for item in &waiting.items {
        out.line(item, |words| {
            let state = words.say(&format!("device.state.{}", item.state.name()), &[]);
            let since = words.say("device.waiting.since", &[("when", &instant_text(item.since_ms, 0))]);
            let why = match &item.reason_code {
                Some(code) => words.say(&format!("code.{code}"), &[]),
                None => words.say(&format!("device.why.{}", item.why.name()), &[]),
            };
            let said = item
                .said
                .iter()
                .map(|text| format!(". {}", words.say("device.waiting.said", &[("said", text)])));
            let (reference, said) = (item.reference.as_deref().unwrap_or("-"), said.collect::<String>());
            format!("{reference}  {}  {state}, {since}: {why}{said}", item.what)
        })?;
    }
    Ok(0)
}

fn journal(vault: &Vault, out: &Out) -> Result<u8> {
    for (at_ms, kind, detail) in vault.journal()? {
        let key = match kind.as_str() {
            "left" => "cli.journal.left",
            "restored" => "cli.journal.restored",
            "fork" | "retired" => "cli.journal.renumbered",
            _ => "cli.journal.other",
        };
        let when = instant_text(at_ms, 0);
        let line = json!({ "at_ms": at_ms, "kind": kind, "detail": detail });
        out.line(&line, |words| words.say(key, &[("when", &when), ("kind", &kind), ("detail", &detail)]))?;
    }
    Ok(0)
}

pub fn verify(vault: &Vault, out: &Out) -> Result<u8> {
    let verified = vault.verify()?;
    let sound = verified.integrity == "ok";
    out.line(&verified, |words| {
        let key = if sound { "cli.whole" } else { "code.vault_damaged" };
        words.say(
            key,
            &[("records", &verified.records.to_string()), ("changes", &verified.changes.to_string())],
        )
    })?;
    Ok(if sound { 0 } else { 6 })
}

/// What was typed and not saved yet.
pub fn drafts(vault: &Vault, out: &Out) -> Result<u8> {
    for id in vault.waiting()?.items.into_iter().filter_map(|item| item.draft) {
        let draft = vault.draft(id, now())?;
        let line = json!({ "draft": id, "form": draft.form.key, "answers": draft.answers });
        out.line(&line, |words| format!("{id}  {}", words.local(&draft.form.title)))?;
    }
    Ok(0)
}

pub fn dump(vault: &Vault, out: &Out) -> Result<u8> {
    let dump = vault.dump_canonical()?;
    out.line(&dump, |_| dump.to_string())?;
    Ok(0)
}

pub fn read_answers(file: &Path) -> Result<Map<String, Json>> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("Read the answers")?;
    } else {
        text =
            std::fs::read_to_string(file).map_err(|cause| Usage(format!("{}: {cause}", file.display())))?;
    }
    match serde_json::from_str(&text) {
        Ok(Json::Object(answers)) => Ok(answers),
        Ok(_) => Err(Usage("Answers are one JSON object".into()).into()),
        Err(cause) => Err(Usage(format!("Answers are not JSON: {cause}")).into()),
    }
}

pub fn read_photos(files: &[PathBuf]) -> Result<Vec<NewPhoto>> {
    files
        .iter()
        .map(|file| {
            let bytes = std::fs::read(file).map_err(|cause| Usage(format!("{}: {cause}", file.display())))?;
            Ok(NewPhoto { field: None, bytes, from: PhotoFrom::Gallery })
        })
        .collect()
}

/// The form's first question that asks where.
fn place_answer(form: &Form, at: &str, now: Reading) -> Result<(String, Json)> {
    let question = form
        .questions()
        .iter()
        .find(|question| matches!(question.kind, QuestionKind::Geopoint { .. }))
        .ok_or_else(|| Usage("This form asks for no place".into()))?;
    let numbers: Vec<f64> = at
        .split(',')
        .map(|number| number.trim().parse().map_err(|_| anyhow!(Usage("--at is LAT,LON,ACCURACY".into()))))
        .collect::<Result<_>>()?;
    let [lat, lon, accuracy] = numbers.as_slice() else {
        return Err(Usage("--at is LAT,LON,ACCURACY".into()).into());
    };
    let place = json!({
        "lat": lat,
        "lon": lon,
        "accuracy_m": accuracy,
        "altitude_m": null,
        "fixed_at": instant_text(now.wall_ms, 0),
        "source": "gnss",
    });
    Ok((question.path.clone(), place))
}
