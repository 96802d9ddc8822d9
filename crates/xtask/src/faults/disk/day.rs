//! The day that is played again and again: an officer saves, changes, notes and types, and twice exchanges with a server.
//! Each act has a word of its own, so that it can be looked for afterwards on both sides.

use super::between::Between;
use crate::field::device::{Device, only, text};
use crate::field::office::Office;
use crate::field::server::{Server, command};
use crate::field::{empty, own_address};
use crate::program::{built, read, root};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PIN: &str = "294817";
const JO: &str = "jo@example.gov.uk";
const WORDS: &str = "more/where_text";
/// No exit code: a signal ended it.
pub const KILLED: i32 = -1;

/// One line of the script, and the words that its printed lines acknowledge, in their order.
#[derive(Clone, Debug)]
struct Act {
    line: Value,
    words: &'static [&'static str],
}

/// Where a day stands: what was acknowledged, and what was tried without a word coming back.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub saved: Vec<&'static str>,
    pub typed: Vec<&'static str>,
}

#[derive(Debug)]
pub struct Played {
    pub code: i32,
    pub lines: Vec<Value>,
    pub complaint: String,
    pub server_died: bool,
}

/// A server's folder that knows the council, and the password of somebody in its office.
#[derive(Debug)]
pub struct Council {
    folder: PathBuf,
    password: String,
}

impl Council {
    pub fn load(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).context("Could not make the council's folder")?;
        let council = root().join("schemas/councils/demo.json");
        let council = council.to_str().context("The tree's path is text")?;
        let loaded = command(folder, &["admin", "council", "load", council, "--demo-passwords"])?;
        let is_jo = |line: &&Value| text(line, "email").is_ok_and(|found| found == JO);
        let password = text(loaded.iter().find(is_jo).context("Jo has a password")?, "password")?.to_owned();
        Ok(Council { folder: folder.to_path_buf(), password })
    }
}

/// An enrolled device and its server as they were before the day, and folders for the day itself.
#[derive(Clone, Debug)]
pub struct Bench {
    pub folder: PathBuf,
    /// What every try begins with.
    pub before: PathBuf,
    pub address: SocketAddr,
    acts: Vec<Act>,
}

/// One day's folders.
#[derive(Clone, Debug)]
pub struct Now {
    pub ann: PathBuf,
    pub server: PathBuf,
}

impl Bench {
    pub fn prepare(folder: &Path, council: &Council) -> Result<Self> {
        let (whole, address) = (folder.join("before"), own_address()?);
        empty(&whole)?;
        let before = Now::under(&whole);
        read(Command::new("cp").arg("-a").arg(&council.folder).arg(&before.server))?;
        let server = Server::start(&before.server, &address.to_string())?;
        let code =
            only(command(&before.server, &["admin", "device", "code", "--officer", "ann@example.gov.uk"])?)?;
        let ann = Device::enrol(&before.ann, &server.url(), text(&code, "code")?, PIN)?;
        let mut bench = Bench { folder: folder.to_path_buf(), before: whole, address, acts: Vec::new() };
        let first = Act { line: bench.report("word-before", &[])?, words: &[] };
        let script = bench.script("first", &[first])?;
        let made = ann.does(&["run", "--script", &script])?;
        ann.does(&["sync", "--until-idle", "--deadline", "60"])?;
        let record =
            made.first().map(|line| text(line, "record")).context("The first report was printed")??;
        corrected_by_the_office(address, &council.password, record)?;
        server.stop()?;
        bench.acts = bench.day()?;
        Ok(bench)
    }

    pub fn beginning_with(&self, before: PathBuf) -> Self {
        Bench { before, ..self.clone() }
    }

    fn day(&self) -> Result<Vec<Act>> {
        let sync =
            || Act { line: json!({ "command": "sync", "until_idle": true, "deadline": 4 }), words: &[] };
        let act = |line: Value, words| Act { line, words };
        let typed = json!({ "more/usrn": "word-typed-1", WORDS: "word-typed-2" });
        let small = self.photo("small", "street-corner.jpg", 0)?;
        // Longer than what a server writes at once, so that it comes in pieces.
        let long = self.photo("long", "street-corner.jpg", 300_000)?;
        Ok(vec![
            act(self.report("word-first", &[&long])?, &["word-first"]),
            act(
                json!({ "command": "edit", "record": "W07-01", "answers": { WORDS: "word-edited" } }),
                &["word-edited"],
            ),
            act(
                json!({ "command": "type", "form": "fly_tip", "answers": typed }),
                &["word-typed-1", "word-typed-2"],
            ),
            sync(),
            act(self.report("word-second", &[&small])?, &["word-second"]),
            act(json!({ "command": "note", "record": "W07-01", "text": "word-noted" }), &["word-noted"]),
            sync(),
        ])
    }

    fn report(&self, word: &str, photos: &[&Path]) -> Result<Value> {
        let mut answers = crate::demo::example("fly_tip")?;
        answers.as_object_mut().context("Answers are an object")?.insert(WORDS.to_owned(), json!(word));
        let photos = if photos.is_empty() {
            vec![self.photo("first", "street-corner.jpg", 0)?]
        } else {
            photos.iter().map(|photo| photo.to_path_buf()).collect()
        };
        Ok(
            json!({ "command": "create", "form": "fly_tip", "answers": answers, "photos": photos, "at": "52.6285,1.2920,6" }),
        )
    }

    /// A picture under a hash of its own, with as many bytes behind its end.
    fn photo(&self, name: &str, picture: &str, behind: usize) -> Result<PathBuf> {
        let jpeg =
            std::fs::read(root().join("e2e/photos").join(picture)).context("Could not read a photo")?;
        let path = self.folder.join(format!("{name}.jpg"));
        let bytes = [with_a_remark(&jpeg, name), vec![b' '; behind]].concat();
        std::fs::write(&path, bytes).context("Could not write a photo")?;
        Ok(path)
    }

    fn script(&self, name: &str, acts: &[Act]) -> Result<String> {
        let path = self.folder.join(format!("{name}.jsonl"));
        let lines: Vec<String> = acts.iter().map(|act| act.line.to_string()).collect();
        std::fs::write(&path, lines.join("\n")).context("Could not write a script")?;
        Ok(path.to_str().context("The folder's path is text")?.to_owned())
    }

    /// The folders as they were before the day.
    pub fn afresh(&self) -> Result<Now> {
        let now = self.folder.join("now");
        if now.exists() {
            std::fs::remove_dir_all(&now).context("Could not clear the last day")?;
        }
        read(Command::new("cp").arg("-a").arg(&self.before).arg(&now))?;
        Ok(Now::under(&now))
    }

    pub fn serve(&self, now: &Now) -> Command {
        let mut serve = Command::new(built("kerbside-server"));
        serve.arg("serve").arg("--data").arg(&now.server).args(["--bind", &self.address.to_string()]);
        serve.env("KERBSIDE_LOG", "json");
        serve
    }

    pub fn device(now: &Now) -> Device {
        Device { vault: now.ann.clone(), pin: PIN.to_owned() }
    }

    /// The whole day, or what is left of it from an act on.
    pub fn run_day(&self, now: &Now, between: Option<&Between>, from: usize) -> Result<Played> {
        let script = self.script("day", self.acts.get(from..).unwrap_or_default())?;
        let mut device = Self::device(now).command(&["run", "--keep-going", "--script", &script]);
        if let Some(between) = between {
            between.put(&mut device);
        }
        let output = device.stdin(Stdio::null()).output().context("Could not start kerbside")?;
        let out = String::from_utf8_lossy(&output.stdout);
        Ok(Played {
            code: output.status.code().unwrap_or(KILLED),
            lines: out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
            server_died: false,
        })
    }

    /// The day with a server that is started again at once whenever it dies, as a council's would be.
    pub fn play(&self, now: &Now, device: &Between, server: &Between) -> Result<Played> {
        let start = |server: &Between| {
            let mut serve = self.serve(now);
            server.put(&mut serve);
            Server::watch(&now.server, &mut serve)
        };
        let sound = server.clone().ruled(None);
        let mut died = false;
        let mut running = match start(server) {
            Ok(running) => running,
            Err(_) => {
                died = true;
                start(&sound)?
            }
        };
        let over = AtomicBool::new(false);
        let played = std::thread::scope(|scope| {
            let keeper = scope.spawn(|| -> Result<()> {
                while !over.load(Ordering::SeqCst) {
                    if running.has_ended() {
                        died = true;
                        running = start(&sound)?;
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(())
            });
            let played = self.run_day(now, Some(device), 0);
            over.store(true, Ordering::SeqCst);
            keeper.join().ok().context("The server's keeper stopped")??;
            played
        });
        // A rule may strike it as it stops.
        if running.stop().is_err() {
            died = true;
        }
        Ok(Played { server_died: died, ..played? })
    }

    /// A report after everything, and the word in it.
    pub fn one_more(&self, now: &Now) -> Result<&'static str> {
        let word = "word-after";
        let script = self.script("after", &[Act { line: self.report(word, &[])?, words: &[] }])?;
        Self::device(now)
            .does(&["run", "--script", &script])
            .context("The disk is well, and nothing can be saved")?;
        Ok(word)
    }

    /// Which words the printed lines acknowledge.
    pub fn heard(&self, lines: &[Value]) -> Heard {
        let mut heard = Heard::default();
        let mut lines = lines.iter().filter(|line| line.get("waiting").is_none()).peekable();
        for (number, act) in (1_u64..).zip(&self.acts) {
            let fails =
                |line: &Value| line.get("failed").is_some() && line.get("line") == Some(&json!(number));
            for word in act.words {
                match lines.peek() {
                    Some(line) if !fails(line) => {
                        let is_draft = line.get("draft").is_some();
                        if is_draft {
                            heard.typed.push(word);
                        } else {
                            heard.saved.push(word);
                        }
                        lines.next();
                    }
                    Some(_) | None => break,
                }
            }
            lines.next_if(|line| fails(line));
        }
        heard
    }

    /// Every word that the day could leave anywhere.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        self.acts.iter().flat_map(|act| act.words.iter().copied())
    }
}

impl Now {
    pub fn under(folder: &Path) -> Self {
        Now { ann: folder.join("ann"), server: folder.join("server") }
    }
}

/// Jo at her desk answers another question of the first report, so that the day's exchange brings something down.
fn corrected_by_the_office(address: SocketAddr, password: &str, record: &str) -> Result<()> {
    let jo = Office::sign_in(address, JO, password)?;
    let case = jo.reads(&format!("/api/v1/records/{record}"))?;
    let fields = case.pointer("/view/fields").and_then(Value::as_array).context("A record has fields")?;
    let size = fields.iter().find(|field| text(field, "field").is_ok_and(|name| name == "size"));
    let seen = size.and_then(|field| field.get("seen")).context("A field says what was seen of it")?;
    let edit = json!({ "edits": [{ "field": "size", "answer": "tipper", "seen": seen }] });
    jo.sends(&format!("/api/v1/records/{record}/changes"), &edit)?;
    Ok(())
}

/// A JPEG's comment segment, right after its start: the same picture under another hash.
fn with_a_remark(jpeg: &[u8], remark: &str) -> Vec<u8> {
    let (start, rest) = jpeg.split_at_checked(2).unwrap_or((jpeg, &[]));
    let length = u16::try_from(remark.len() + 2).unwrap_or(2).to_be_bytes();
    [start, &[0xff, 0xfe], &length, remark.as_bytes(), rest].concat()
}

/// The day once, undisturbed.
pub fn undisturbed(bench: &Bench, with_bytes: bool) -> Result<(Now, Between, Between)> {
    let now = bench.afresh()?;
    let between = |root: &Path| {
        Between::of(root).map(|between| if with_bytes { between.with_bytes() } else { between })
    };
    let (device, server) = (between(&now.ann)?, between(&now.server)?);
    let played = bench.play(&now, &device, &server)?;
    ensure!(played.code == 0 && !played.server_died, "The day itself failed: {}", played.complaint);
    let heard = bench.heard(&played.lines);
    ensure!(heard.saved.len() == 4 && heard.typed.len() == 2, "The day printed {:?}", played.lines);
    Ok((now, device, server))
}
