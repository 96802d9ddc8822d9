//! Who takes part in the field day, and the town they work in.

use super::Story;
use crate::area_pack::{self, List};
use crate::field::device::{Device, only, text};
use crate::field::office::Office;
use crate::field::relay::Relay;
use crate::field::server::{Server, command};
use crate::program::root;
use anyhow::{Context, Result};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub struct Officer {
    pub name: &'static str,
    pub device: Device,
    pub line: Relay,
}

#[derive(Debug)]
pub struct Town {
    pub folder: PathBuf,
    pub ann: Officer,
    pub priya: Officer,
    pub tom: Officer,
    server: Option<Server>,
    address: SocketAddr,
    sign_ins: Vec<(String, String)>,
}

impl Town {
    /// A server with the demonstration council, and three officers with a device each.
    pub fn opens(folder: &Path, story: &Story) -> Result<Self> {
        story
            .scene("A server starts with the demonstration council, and three officers enrol their devices.");
        let data = folder.join("server");
        std::fs::create_dir_all(&data).context("Could not make the server's folder")?;
        let council = root().join("schemas/councils/demo.json");
        let council = council.to_str().context("The tree's path is text")?;
        let loaded = command(&data, &["admin", "council", "load", council, "--demo-passwords"])?;
        let sign_ins = loaded.iter().filter_map(|line| {
            Some((text(line, "email").ok()?.to_owned(), text(line, "password").ok()?.to_owned()))
        });
        let sign_ins: Vec<_> = sign_ins.collect();
        let map = area_pack::at_hand()?;
        let map = map.to_str().context("The tree's path is text")?;
        command(&data, &["import", "area-pack", map, "--name", "Norwich"])?;
        let homes = area_pack::addresses_at_hand()?;
        let homes = homes.to_str().context("The tree's path is text")?;
        let words = ["import", "gazetteer", homes, "--profile", "csv", "--source", "Invented"];
        command(&data, &words)?;
        brings_assets(&data)?;
        let server = Server::start(&data, "127.0.0.1:0")?;
        let address = server.address;
        let enrol = |name, email, pin| Officer::enrol(folder, &data, address, name, email, pin);
        let (ann, priya, tom) = (
            enrol("Ann", "ann@example.gov.uk", "294817")?,
            enrol("Priya", "priya@example.gov.uk", "618350")?,
            enrol("Tom", "tom@example.gov.uk", "750926")?,
        );
        story.tells(
            "Ann Bailey, warden · Priya Shah, housing officer · Tom Okafor, civil enforcement officer",
        );
        Ok(Town { folder: folder.to_path_buf(), ann, priya, tom, server: Some(server), address, sign_ins })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn sign_ins(&self) -> &[(String, String)] {
        &self.sign_ins
    }

    pub fn office(&self, email: &str) -> Result<Office> {
        let (_, password) = self
            .sign_ins
            .iter()
            .find(|(whose, _)| whose == email)
            .with_context(|| format!("{email} has no sign-in"))?;
        Office::sign_in(self.address, email, password)
    }

    pub fn code_for(&self, email: &str) -> Result<String> {
        one_time_code(&self.data(), email)
    }

    pub fn server_goes_down(&mut self) -> Result<()> {
        self.server.take().context("The server is up")?.stop()
    }

    pub fn server_comes_back(&mut self) -> Result<()> {
        self.server = Some(Server::start(&self.data(), &self.address.to_string())?);
        Ok(())
    }

    pub fn closes(mut self) -> Result<()> {
        self.server_goes_down()
    }

    pub fn stays(mut self) -> Result<()> {
        self.server.take().context("The server is up")?.wait()
    }

    /// How many photos of the record the office has, of how many it was told; nothing if it has not the record.
    pub fn received(&self, record: &str) -> Result<Option<(u64, u64)>> {
        let answer =
            self.office("val@example.gov.uk")?.ask("GET", &format!("/api/v1/records/{record}"), None)?;
        if answer.status == 404 {
            return Ok(None);
        }
        let case = answer.json()?;
        let count = |key| {
            case.get(key).and_then(Value::as_u64).with_context(|| format!("There is no `{key}` in {case}"))
        };
        Ok(Some((count("photos_received")?, count("photos_named")?)))
    }

    pub fn server_verifies(&self) -> Result<Value> {
        only(command(&self.data(), &["verify"])?)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("server")
    }
}

/// Its lamps and bins, each kind as a list of its own.
fn brings_assets(data: &Path) -> Result<()> {
    let text = |file: PathBuf| file.to_str().map(str::to_owned).context("The tree's path is text");
    let lamps = text(area_pack::assets_at_hand(List::Lamps)?)?;
    let bins = text(area_pack::assets_at_hand(List::Bins)?)?;
    let lists: [(&str, [&str; 4], &[&str]); 2] = [
        (
            &lamps,
            ["lamps", "lamp", "Lamp columns", "Colofnau lampau"],
            &["watts=Watts", "height_m=Height in metres", "lamp=Lamp"],
        ),
        (
            &bins,
            ["bins", "litter-bin", "Litter bins", "Biniau sbwriel"],
            &["litres=Litres", "emptied=Emptied"],
        ),
    ];
    for (file, [key, kind, english, welsh], facts) in lists {
        let mut words = vec!["import", "assets", file, "--key", key, "--kind", kind];
        words.extend(["--title", english, "--title-cy", welsh]);
        words.extend(facts.iter().flat_map(|fact| ["--fact", fact]));
        command(data, &words)?;
    }
    Ok(())
}

impl Officer {
    fn enrol(
        folder: &Path,
        data: &Path,
        server: SocketAddr,
        name: &'static str,
        email: &str,
        pin: &str,
    ) -> Result<Self> {
        let line = Relay::open(server)?;
        let code = one_time_code(data, email)?;
        let device = Device::enrol(&folder.join(name.to_lowercase()), &line.url(), &code, pin)?;
        Ok(Officer { name, device, line })
    }

    /// Saves the first example of the form, with these photos, at this place if it asks for one, and with some answers of its own.
    pub fn reports(&self, form: &str, photos: &[&str], place: Option<&str>, own: &Value) -> Result<Value> {
        let mut answers = example(form)?;
        if let (Some(answers), Some(own)) = (answers.as_object_mut(), own.as_object()) {
            answers.extend(own.clone());
        }
        let pictures = root().join("e2e/photos");
        let pictures: Vec<_> =
            photos.iter().map(|photo| pictures.join(photo).to_string_lossy().into_owned()).collect();
        let mut words = vec!["create", "--form", form, "--answers", "-"];
        words.extend(place.iter().flat_map(|place| ["--at", *place]));
        for picture in &pictures {
            words.extend(["--photo", picture]);
        }
        only(self.device.given(&words, Some(&answers))?)
    }

    pub fn syncs(&self) -> Result<Value> {
        only(self.device.does(&["sync", "--until-idle", "--deadline", "60"])?)
    }

    /// What has been saved and not yet been received. What only waits for a choice is not among it.
    pub fn waits_with(&self) -> Result<Vec<Value>> {
        let items = self.device.does(&["waiting"])?;
        let waits =
            |item: &Value| matches!(item.get("state").and_then(Value::as_str), Some("saved" | "sending"));
        Ok(items.into_iter().filter(waits).collect())
    }
}

fn one_time_code(data: &Path, email: &str) -> Result<String> {
    let made = only(command(data, &["admin", "device", "code", "--officer", email])?)?;
    Ok(text(&made, "code")?.to_owned())
}

/// The answers of the form's own first example, without its photos: those are given as files.
pub fn example(form: &str) -> Result<Value> {
    let path = root().join(format!("schemas/forms/{form}.json"));
    let page =
        std::fs::read_to_string(&path).with_context(|| format!("Could not read {}", path.display()))?;
    let form: Value = serde_json::from_str(&page).context("A form is JSON")?;
    let mut answers =
        form.pointer("/examples/0/answers").cloned().context("A form has an example with answers")?;
    let picture =
        |answer: &Value| answer.pointer("/0").and_then(Value::as_str).is_some_and(|item| item.len() == 64);
    if let Some(answers) = answers.as_object_mut() {
        answers.retain(|_, answer| !picture(answer));
    }
    Ok(answers)
}
