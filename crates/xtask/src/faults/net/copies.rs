//! What there should be one of is there twice, or is put back to what it was yesterday: a vault, a server, or both. What
//! anybody still holds arrives, once; what died with its only holder is known.

use super::{Line, Town, by_hands, copied, record_of};
use crate::faults::{Tally, Wanted};
use crate::field::device::{Device, only, text};
use crate::field::server::command;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Stories side by side, each in a town of its own.
const HANDS: usize = 3;

type Saved = BTreeSet<String>;
type Plot = fn(&mut Story) -> Result<()>;

pub fn copies(wanted: &Wanted) -> Result<Tally> {
    let stories: [(&str, Plot); 6] = [
        ("a vault on two phones", vault_on_two_phones),
        ("a vault put back", vault_put_back),
        ("a server put back by copying its folder", server_put_back),
        ("a vault and a server put back together", both_put_back),
        ("a server restored from its backup", server_restored),
        ("a server restored and a vault put back together", both_restored),
    ];
    let done = by_hands(wanted, HANDS, &stories, |hand, mine| {
        let mut tally = Tally::default();
        for (name, story) in mine {
            let mut told = Story::begin(hand)?;
            let found = story(&mut told).and_then(|()| told.ends()).with_context(|| (*name).to_owned())?;
            tally.add(Tally { tried: 1, fired: 1, found });
        }
        Ok(tally)
    })?;
    Ok(done.into_iter().collect())
}

/// Ann and her supervisor, who reads what she writes and adds to it.
struct Story {
    town: Town,
    ann: Line,
    sam: Line,
    /// What somebody was told is saved, and still has to be somewhere.
    saved: Saved,
    doubles: Vec<Device>,
}

impl Story {
    fn begin(hand: usize) -> Result<Self> {
        let town = Town::begin(&format!("copies-{hand}"))?;
        let (ann, sam) = (town.line("ann")?, town.line("sam")?);
        let mut story = Story { town, ann, sam, saved: Saved::new(), doubles: Vec::new() };
        story.ann_saves(2)?;
        story.sam_saves(1)?;
        story.all_sync()?;
        Ok(story)
    }

    fn ann_saves(&mut self, count: usize) -> Result<Saved> {
        let made: Saved = (0..count).map(|_| self.ann.saves()).collect::<Result<_>>()?;
        self.saved.extend(made.iter().cloned());
        Ok(made)
    }

    fn sam_saves(&mut self, count: usize) -> Result<Saved> {
        let made: Saved = (0..count).map(|_| self.sam.saves()).collect::<Result<_>>()?;
        self.saved.extend(made.iter().cloned());
        Ok(made)
    }

    fn double_saves(&mut self, count: usize) -> Result<()> {
        for double in &self.doubles {
            for _ in 0..count {
                let answers = crate::demo::example(super::FORM)?;
                let words = ["create", "--form", super::FORM, "--answers", "-"];
                self.saved.insert(record_of(double.given(&words, Some(&answers))?)?);
            }
        }
        Ok(())
    }

    fn all_sync(&self) -> Result<()> {
        self.ann.catches_up()?;
        self.sam.catches_up()?;
        for double in &self.doubles {
            let report = only(double.does(&["sync", "--until-idle", "--deadline", "90"])?)?;
            ensure!(report.get("waiting") == Some(&json!(0)), "Something still waits: {report}");
        }
        Ok(())
    }

    fn backup(&self, what: &str) -> PathBuf {
        self.town.folder.join(format!("{what}-of-yesterday"))
    }

    fn copies_server(&mut self) -> Result<()> {
        self.town.shuts()?;
        copied(&self.town.data(), &self.backup("server"))?;
        self.town.opens()
    }

    fn puts_server_back(&mut self) -> Result<()> {
        self.town.shuts()?;
        copied(&self.backup("server"), &self.town.data())?;
        self.town.opens()
    }

    /// While the server serves.
    fn backs_up(&self) -> Result<()> {
        let folder = self.backup("server");
        let folder = folder.to_str().context("The folder's path is text")?;
        command(&self.town.data(), &["backup", folder]).map(|_| ())
    }

    fn restores(&mut self) -> Result<()> {
        self.town.shuts()?;
        std::fs::rename(self.town.data(), self.town.folder.join("lost"))
            .context("Could not lose a server")?;
        let folder = self.backup("server");
        command(&self.town.data(), &["restore", folder.to_str().context("The folder's path is text")?])?;
        self.town.opens()
    }

    /// Everybody has spoken and heard; then all must hold, on the server and on every device alike.
    fn ends(self) -> Result<usize> {
        for _ in 0..3 {
            self.all_sync()?;
        }
        let devices: Vec<&Device> =
            [&self.ann.device, &self.sam.device].into_iter().chain(&self.doubles).collect();
        let found = self.town.holds(&self.saved, &devices)?;
        for device in &devices {
            let listed = device.does(&["list"])?;
            let held: BTreeSet<&str> = listed.iter().filter_map(|line| text(line, "record").ok()).collect();
            ensure!(held.len() == listed.len(), "A device lists something twice");
            let all: BTreeSet<&str> = self.saved.iter().map(String::as_str).collect();
            ensure!(held == all, "{} of {} records are on {}", held.len(), all.len(), device.vault.display());
            let verified = only(device.does(&["verify"])?)?;
            let whose = |value: &Value| value.get("digest").cloned();
            let first = devices.first().context("There are devices")?;
            let theirs = only(first.does(&["verify"])?)?;
            ensure!(whose(&verified) == whose(&theirs), "Two devices hold different records");
        }
        drop((self.ann, self.sam));
        self.town.ends()?;
        Ok(found)
    }
}

/// A phone is cloned by whoever sets up phones; both go on working for days.
fn vault_on_two_phones(story: &mut Story) -> Result<()> {
    let double = story.town.folder.join("ann-double");
    story.ann_saves(1)?;
    copied(&story.ann.device.vault, &double)?;
    story.doubles.push(Device { vault: double, pin: super::PIN.to_owned() });
    for _ in 0..2 {
        story.ann_saves(1)?;
        story.double_saves(2)?;
        story.all_sync()?;
    }
    story.double_saves(1)?;
    story.ann_saves(2)?;
    story.sam_saves(1)?;
    story.all_sync()
}

fn vault_put_back(story: &mut Story) -> Result<()> {
    story.ann_saves(1)?;
    copied(&story.ann.device.vault, &story.backup("ann"))?;
    story.ann_saves(2)?;
    story.ann.catches_up()?;
    // Saved and never sent: they die with the vault that is overwritten, and nothing else may.
    let dead = story.ann_saves(2)?;
    story.saved.retain(|record| !dead.contains(record));
    copied(&story.backup("ann"), &story.ann.device.vault)?;
    story.ann_saves(3)?;
    story.all_sync()
}

/// The copy was no proper backup, so it does not know that it is one: the same epoch goes on.
fn server_put_back(story: &mut Story) -> Result<()> {
    story.copies_server()?;
    story.ann_saves(3)?;
    story.all_sync()?;
    story.sam_saves(2)?;
    story.ann_saves(1)?;
    story.all_sync()?;
    story.puts_server_back()?;
    // The one who comes first writes under the very numbers that the other has read already.
    story.ann_saves(4)?;
    story.ann.catches_up()?;
    story.sam_saves(1)?;
    story.all_sync()
}

fn both_put_back(story: &mut Story) -> Result<()> {
    story.copies_server()?;
    copied(&story.ann.device.vault, &story.backup("ann"))?;
    // On the server and in Ann's vault, which are both put back: only Sam has read them, and what he has read he cannot
    // hand in for her.
    let dead = story.ann_saves(2)?;
    story.all_sync()?;
    story.sam_saves(2)?;
    story.all_sync()?;
    story.puts_server_back()?;
    copied(&story.backup("ann"), &story.ann.device.vault)?;
    story.saved.retain(|record| !dead.contains(record));
    story.ann_saves(3)?;
    story.ann.catches_up()?;
    story.sam_saves(1)?;
    story.all_sync()
}

/// A new life: what the lost server had signed for comes back from those who wrote it, whoever comes first.
fn server_restored(story: &mut Story) -> Result<()> {
    story.backs_up()?;
    story.ann_saves(3)?;
    story.all_sync()?;
    story.sam_saves(2)?;
    story.ann_saves(1)?;
    story.all_sync()?;
    story.restores()?;
    story.ann_saves(2)?;
    story.sam.catches_up()?;
    story.sam_saves(1)?;
    story.all_sync()
}

fn both_restored(story: &mut Story) -> Result<()> {
    story.backs_up()?;
    copied(&story.ann.device.vault, &story.backup("ann"))?;
    // On the lost server and in the vault that is overwritten.
    let dead = story.ann_saves(2)?;
    story.all_sync()?;
    story.sam_saves(2)?;
    story.all_sync()?;
    story.restores()?;
    copied(&story.backup("ann"), &story.ann.device.vault)?;
    story.saved.retain(|record| !dead.contains(record));
    story.ann_saves(3)?;
    story.ann.catches_up()?;
    story.sam_saves(1)?;
    story.all_sync()
}
