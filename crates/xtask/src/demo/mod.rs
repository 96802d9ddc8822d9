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

pub fn demo(headless: bool) -> Result<()> {
    let window = !headless && std::env::var_os("DISPLAY").is_some();
    install(if window { Need::Window } else { Need::Binaries })?;
    build(window)?;
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
        "52.6285,1.2920,6",
        &json!({ DISPUTED: "By the bus shelter" }),
    )?;
    town.ann.syncs()?;
    let record = text(&saved, "record")?.to_owned();
    story.tells(format!("saved as {}", text(&saved, "ref")?));
    story.holds("the office has the report and both its photos", town.received(&record)? == Some((2, 2)));
    Ok(record)
}

/// The server is stopped, so the port is closed to all three; each goes on working.
fn while_the_server_is_down(town: &mut Town, story: &mut Story) -> Result<Vec<String>> {
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
        let saved = town.ann.reports("fly_tip", photos, place, &json!({}))?;
        story.tells(format!("Ann saves {} with {} photos at {place}", text(&saved, "ref")?, photos.len()));
        records.push(text(&saved, "record")?.to_owned());
    }
    let audit =
        town.priya.reports("tenancy_audit", &["behind-a-wall.jpg"], "52.6190,1.2790,8", &json!({}))?;
    story.tells(format!("Priya Shah, in a tenant's home, saves a tenancy audit as {}", text(&audit, "ref")?));
    records.push(text(&audit, "record")?.to_owned());
    let seen = town.tom.reports("observation", &["street-corner.jpg"], "52.6278,1.3011,4", &json!({}))?;
    story.tells(format!("Tom Okafor logs a vehicle he saw as {}", text(&seen, "ref")?));
    records.push(text(&seen, "record")?.to_owned());
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

fn everything_arrives(town: &mut Town, records: &[String], story: &mut Story) -> Result<()> {
    story.scene("The line is mended.");
    town.ann.line.mend()?;
    for officer in [&town.ann, &town.priya, &town.tom] {
        let report = officer.syncs()?;
        let sent = report.get("photos_sent").cloned().unwrap_or_default();
        story.tells(format!("{} sends what was waiting, {sent} photos with it", officer.name));
        story.holds(format!("{} has nothing waiting", officer.name), officer.waits_with()?.is_empty());
    }
    for (record, photos) in records.iter().zip([2, 1, 2, 1, 1]) {
        story.holds(
            format!("{record} arrived with {photos} of {photos} photos"),
            town.received(record)? == Some((photos, photos)),
        );
    }
    Ok(())
}

fn both_answers_stay(town: &Town, record: &str, story: &mut Story) -> Result<()> {
    story.scene("Ann and Jo disagreed without knowing of each other.");
    let on_the_device = json!({ "view": only(town.ann.device.does(&["show", record])?)? });
    let at_the_desk = town.office("jo@example.gov.uk")?.reads(&format!("/api/v1/records/{record}"))?;
    for (whose, case) in [("Ann's device", &on_the_device), ("the console", &at_the_desk)] {
        story.holds(format!("{whose} shows two answers"), values(case)? == 2);
        for value in field(case, DISPUTED)?.get("values").and_then(Value::as_array).into_iter().flatten() {
            story.tells(format!(
                "{} by officer {}",
                value.get("answer").unwrap_or(&Value::Null),
                value.get("officer").unwrap_or(&Value::Null)
            ));
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
        let verified = only(officer.device.does(&["verify"])?)?;
        story.holds(format!("{}: {verified}", officer.name), verified.get("integrity") == Some(&json!("ok")));
    }
    let server = town.server_verifies()?;
    story.holds(format!("the server: {server}"), server.get("integrity") == Some(&json!("ok")));
    Ok(())
}

fn field<'a>(case: &'a Value, name: &str) -> Result<&'a Value> {
    let fields = case.pointer("/view/fields").and_then(Value::as_array).context("A case has fields")?;
    let named = |field: &&Value| field.get("field").and_then(Value::as_str) == Some(name);
    fields.iter().find(named).with_context(|| format!("There is no field {name}"))
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
