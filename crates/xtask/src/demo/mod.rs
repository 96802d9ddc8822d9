//! `cargo xtask demo`: a field day of a council, with the real programs as separate processes and lines that are really
//! cut. Every scene checks what it shows.

mod cast;
mod story;

use crate::field::device::{OFFLINE, only, text};
use crate::field::{empty, fresh_folder};
use crate::install::{Need, install};
use crate::program::{built, cargo, npm, root, run, say};
use anyhow::{Context, Result};
use cast::Town;
pub use cast::example;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use story::Story;

/// The question that the warden and the triager answer differently.
const DISPUTED: &str = "more/where_text";
const BY_THE_OFFICE: &str = "On the verge beside the bus shelter";
const BY_THE_WARDEN: &str = "In the passage behind the bus shelter";

pub fn demo(arguments: &[String]) -> Result<()> {
    let flag = |name: &str| arguments.iter().any(|argument| argument == name);
    let headless = flag("--headless");
    let window = !headless && std::env::var_os("DISPLAY").is_some();
    if !flag("--built") {
        install(if window { Need::Window } else { Need::Binaries })?;
        build(window)?;
    }
    if headless {
        return field_day();
    }
    let folder = root().join("demo-data");
    empty(&folder)?;
    let mut story = Story::default();
    let town = play(&folder, &mut story)?;
    story.ends()?;
    stay(town, window)
}

/// The day alone, with the programs as they are built.
pub fn field_day() -> Result<()> {
    let folder = fresh_folder("demo")?;
    let mut story = Story::default();
    play(&folder, &mut story)
        .and_then(Town::closes)
        .and_then(|()| story.ends())
        .with_context(|| format!("What it left is in {}", folder.display()))?;
    std::fs::remove_dir_all(&folder).context("Could not tidy up after the demonstration")
}

fn build(window: bool) -> Result<()> {
    say("Building the screens, the server and the command line");
    run(npm().args(["run", "--silent", "build"]))?;
    run(cargo().args(["build", "--package", "kerbside-server", "--package", "kerbside-device", "--bins"]))?;
    if window {
        run(cargo().args(["build", "--package", "kerbside-app"]))?;
    }
    Ok(())
}

fn play(folder: &Path, story: &mut Story) -> Result<Town> {
    let mut town = Town::opens(folder, story)?;
    let first = before_the_cut(&town, story)?;
    let records = while_the_server_is_down(&mut town, story)?;
    disagree(&mut town, &first, story)?;
    everything_arrives(&mut town, &records, story)?;
    both_answers_stay(&town, &first, story)?;
    somebody_chooses(&town, &first, story)?;
    nothing_is_damaged(&town, story)?;
    Ok(town)
}

/// One report of the warden is with the office before anything goes wrong.
fn before_the_cut(town: &Town, story: &mut Story) -> Result<String> {
    story.scene("Morning. Ann Bailey, a warden, reports a fly-tip, and it is received.");
    let saved = town.ann.reports(
        "fly_tip",
        &["cobbled-street.jpg", "kerb-barrier.jpg"],
        Some("52.6285,1.2920,6"),
        &json!({ DISPUTED: "By the bus shelter" }),
    )?;
    town.ann.syncs()?;
    let record = text(&saved, "record")?.to_owned();
    story.tells(format!("saved as {}", text(&saved, "ref")?));
    story.holds("the office has the report and both its photos", town.received(&record)? == Some((2, 2)));
    Ok(record)
}

/// The server is stopped, so the port is closed to all three; each goes on working.
fn while_the_server_is_down(town: &mut Town, story: &mut Story) -> Result<Vec<(String, String)>> {
    story.scene("The server is stopped. Its port is closed to everybody.");
    town.server_goes_down()?;
    let attempt = town.ann.device.tries(&["sync", "--once", "--deadline", "5"], None)?;
    story.holds("Ann's device finds no connection", attempt.code == OFFLINE);
    let mut records = Vec::new();
    let streets: [(&[&str], &str); 3] = [
        (&["harbour-crate.jpg", "behind-a-wall.jpg"], "52.6302,1.2987,5"),
        (&["street-corner.jpg"], "52.6331,1.2850,9"),
        (&["blurred-wall.jpg", "kerb-barrier.jpg"], "52.6278,1.3011,12"),
    ];
    for (photos, place) in streets {
        let saved = town.ann.reports("fly_tip", photos, Some(place), &json!({}))?;
        story.tells(format!("Ann saves {} with {} at {place}", text(&saved, "ref")?, counted(photos.len())));
        records.push(named(&saved)?);
    }
    let audit = town.priya.reports("tenancy_audit", &["behind-a-wall.jpg"], None, &json!({}))?;
    story.tells(format!("Priya Shah, in a tenant's home, saves a tenancy audit as {}", text(&audit, "ref")?));
    records.push(named(&audit)?);
    let seen =
        town.tom.reports("observation", &["street-corner.jpg"], Some("52.6278,1.3011,4"), &json!({}))?;
    story.tells(format!("Tom Okafor logs a vehicle he saw as {}", text(&seen, "ref")?));
    records.push(named(&seen)?);
    for (officer, count) in [(&town.ann, 3), (&town.priya, 1), (&town.tom, 1)] {
        let waiting = officer.waits_with()?;
        story.holds(
            format!("{} has {count} waiting, saved on the device", officer.name),
            waiting.len() == count,
        );
    }
    Ok(records)
}

/// The server is back for the office, but the warden's line is still cut: both answer the same question.
fn disagree(town: &mut Town, record: &str, story: &mut Story) -> Result<()> {
    story.scene("The server is back for the office. Ann's line is still cut. Both correct the same answer of her first report.");
    town.ann.line.cut()?;
    town.server_comes_back()?;
    let jo = town.office("jo@example.gov.uk")?;
    let case = jo.reads(&format!("/api/v1/records/{record}"))?;
    let seen = field(&case, DISPUTED)?.get("seen").cloned().context("A field says what was seen of it")?;
    let edit = json!({ "edits": [{ "field": DISPUTED, "answer": BY_THE_OFFICE, "seen": seen }] });
    jo.sends(&format!("/api/v1/records/{record}/changes"), &edit)?;
    story.tells(format!("Jo Ali, at her desk: {BY_THE_OFFICE}"));
    town.ann.device.given(&["edit", record, "--answers", "-"], Some(&json!({ DISPUTED: BY_THE_WARDEN })))?;
    story.tells(format!("Ann, on the street: {BY_THE_WARDEN}"));
    let attempt = town.ann.device.tries(&["sync", "--once", "--deadline", "5"], None)?;
    story.holds("Ann still has no connection", attempt.code == OFFLINE);
    story.holds(
        "the office still sees one answer",
        values(&jo.reads(&format!("/api/v1/records/{record}"))?)? == 1,
    );
    Ok(())
}

fn everything_arrives(town: &mut Town, records: &[(String, String)], story: &mut Story) -> Result<()> {
    story.scene("The line is mended.");
    town.ann.line.mend()?;
    for officer in [&town.ann, &town.priya, &town.tom] {
        let report = officer.syncs()?;
        let sent = report.get("photos_sent").cloned().unwrap_or_default();
        story.tells(format!("{} sends what was waiting, and {sent} photos", officer.name));
        story.holds(format!("{} has nothing waiting", officer.name), officer.waits_with()?.is_empty());
    }
    for ((record, reference), photos) in records.iter().zip([2, 1, 2, 1, 1]) {
        let arrived = town.received(record)? == Some((photos, photos));
        story.holds(format!("{reference} arrived, with {photos} of {photos} photos"), arrived);
    }
    Ok(())
}

fn both_answers_stay(town: &Town, record: &str, story: &mut Story) -> Result<()> {
    story.scene("Ann and Jo disagreed without knowing of each other.");
    let jo = town.office("jo@example.gov.uk")?;
    let on_the_device = json!({ "view": only(town.ann.device.does(&["show", record])?)? });
    let at_the_desk = jo.reads(&format!("/api/v1/records/{record}"))?;
    for (whose, case) in [("Ann's device", &on_the_device), ("the console", &at_the_desk)] {
        story.holds(format!("{whose} shows two answers"), values(case)? == 2);
        for value in field(case, DISPUTED)?.get("values").and_then(Value::as_array).into_iter().flatten() {
            let officer = value.get("officer").and_then(Value::as_u64).unwrap_or_default();
            story.tells(format!("{}: {}", jo.name_of(officer), text(value, "answer")?));
        }
    }
    Ok(())
}

fn somebody_chooses(town: &Town, record: &str, story: &mut Story) -> Result<()> {
    story.scene("Ann goes back, looks, and chooses.");
    let choice = json!(BY_THE_OFFICE).to_string();
    town.ann.device.does(&["resolve", record, DISPUTED, "--answer", &choice])?;
    town.ann.syncs()?;
    let case = town.office("jo@example.gov.uk")?.reads(&format!("/api/v1/records/{record}"))?;
    let chosen = field(&case, DISPUTED)?.pointer("/values/0/answer").and_then(Value::as_str);
    story.holds(
        "both sides show the one that she chose",
        values(&case)? == 1 && chosen == Some(BY_THE_OFFICE),
    );
    let shown = json!({ "view": only(town.ann.device.does(&["show", record])?)? });
    story.holds("and so does her device", values(&shown)? == 1);
    Ok(())
}

fn nothing_is_damaged(town: &Town, story: &mut Story) -> Result<()> {
    story.scene("Everybody's store is looked through.");
    for officer in [&town.ann, &town.priya, &town.tom] {
        sound(&format!("{}'s vault", officer.name), &only(officer.device.does(&["verify"])?)?, story);
    }
    sound("the server's store", &town.server_verifies()?, story);
    Ok(())
}

fn sound(whose: &str, verified: &Value, story: &mut Story) {
    let count = |key| verified.get(key).and_then(Value::as_u64).unwrap_or(0);
    let integrity = verified.get("integrity").and_then(Value::as_str).unwrap_or("silent");
    let held =
        format!("{whose} is {integrity}: {} records of {} changes", count("records"), count("changes"));
    story.holds(held, integrity == "ok");
}

fn field<'a>(case: &'a Value, name: &str) -> Result<&'a Value> {
    let fields = case.pointer("/view/fields").and_then(Value::as_array).context("A case has fields")?;
    let named = |field: &&Value| field.get("field").and_then(Value::as_str) == Some(name);
    fields.iter().find(named).with_context(|| format!("There is no field {name}"))
}

/// The record and the reference that people say aloud.
fn named(saved: &Value) -> Result<(String, String)> {
    Ok((text(saved, "record")?.to_owned(), text(saved, "ref")?.to_owned()))
}

fn counted(photos: usize) -> String {
    if photos == 1 { "a photo".to_owned() } else { format!("{photos} photos") }
}

fn values(case: &Value) -> Result<usize> {
    Ok(field(case, DISPUTED)?.get("values").and_then(Value::as_array).map_or(0, Vec::len))
}

/// Leaves the console for a person to look at, until they press Ctrl-C.
fn stay(town: Town, window: bool) -> Result<()> {
    say(format!("\nThe console: {}/console/", town.url()));
    for (email, password) in town.sign_ins() {
        say(format!("    {email}    {password}"));
    }
    let code = town.code_for("ann@example.gov.uk")?;
    say(format!("To enrol the app as Ann: server {}  code {code}", town.url()));
    let app = window
        .then(|| Command::new(built("kerbside-app")).env("KERBSIDE_VAULT", town.folder.join("app")).spawn());
    if let Some(app) = app {
        app.context("Could not open the app")?;
    }
    say("Press Ctrl-C to end.");
    town.stays()
}
