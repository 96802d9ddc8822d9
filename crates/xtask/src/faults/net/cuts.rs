//! The line breaks at a chosen byte, once, and is a good one afterwards. Everything arrives, exactly once, and a photo
//! goes on from the byte it had come to.

use super::proxy::Trick;
use super::{Line, Town, by_hands, spread};
use crate::faults::{Tally, Wanted};
use crate::program::say;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;

/// Head and body of what the exchange says.
const FIRST: usize = 200;
const STEP: usize = 64 * 1024;
const PHOTO: usize = 1_100_000;
const HANDS: usize = 4;
const SYNC: &str = "/v1/sync";
const UPLOADS: &str = "/v1/uploads";

#[derive(Clone, Debug)]
enum Cut {
    Reply(usize),
    Request(usize),
    /// After so many bytes of a photo.
    Photo(usize),
    /// The reply to the n-th piece of a photo.
    PhotoReply(usize),
    /// The answer about a photo, before and after its pieces.
    PhotoAnswer(usize),
}

fn all() -> Vec<Cut> {
    let mut cuts: Vec<Cut> = (0..FIRST).flat_map(|byte| [Cut::Reply(byte), Cut::Request(byte)]).collect();
    cuts.extend((0..=PHOTO / STEP).map(|piece| Cut::Photo(piece * STEP + 1)));
    cuts.extend((0..4).map(Cut::PhotoReply));
    cuts.extend((0..2).map(Cut::PhotoAnswer));
    cuts
}

pub fn cuts(wanted: &Wanted) -> Result<Tally> {
    let all = all();
    let (exchange, photos) = all.split_at(2 * FIRST);
    let mut chosen = spread(exchange, wanted.most(exchange.len(), 21));
    chosen.extend(spread(photos, wanted.most(photos.len(), 7)));
    let town = Town::begin("cuts")?;
    let done = by_hands(wanted, HANDS, &chosen, |hand, mine| Hand::begin(&town, hand)?.survives(mine))?;
    let saved: BTreeSet<String> = done.iter().flat_map(|hand| hand.saved.iter().cloned()).collect();
    let devices: Vec<_> = done.iter().map(|hand| &hand.line.device).collect();
    let found = town.holds(&saved, &devices)?;
    let extra: usize = done.iter().map(|hand| hand.extra).sum();
    let photos: usize = done.iter().map(|hand| hand.photos).sum();
    say(format!("    cuts: {photos} photos of {PHOTO} bytes cut: {extra} bytes in all went twice"));
    let fired = done.iter().map(|hand| hand.fired).sum();
    drop(done);
    town.ends()?;
    Ok(Tally { tried: chosen.len(), fired, found })
}

struct Hand {
    line: Line,
    number: usize,
    saved: Vec<String>,
    fired: usize,
    photos: usize,
    extra: usize,
}

impl Hand {
    fn begin(town: &Town, number: usize) -> Result<Self> {
        let line = town.line("ann")?;
        Ok(Hand { line, number: number * 10_000, saved: vec![], fired: 0, photos: 0, extra: 0 })
    }

    fn survives(mut self, cuts: &mut dyn Iterator<Item = &Cut>) -> Result<Self> {
        for cut in cuts {
            self.survives_one(cut).with_context(|| format!("Cut at {cut:?}"))?;
        }
        Ok(self)
    }

    fn survives_one(&mut self, cut: &Cut) -> Result<()> {
        self.line.proxy.counts_anew();
        let plays = |path, trick| self.line.proxy.plays(path, trick);
        match cut {
            Cut::Reply(bytes) => plays(SYNC, Trick::CutReply(*bytes)),
            Cut::Request(bytes) => plays(SYNC, Trick::CutRequest(*bytes)),
            Cut::Photo(bytes) => plays(UPLOADS, Trick::CutUpload(*bytes)),
            Cut::PhotoReply(nth) => {
                (0..*nth).for_each(|_| plays(UPLOADS, Trick::Honest));
                plays(UPLOADS, Trick::CutReply(0));
            }
            Cut::PhotoAnswer(nth) => {
                (0..*nth).for_each(|_| plays("/v1/photos", Trick::Honest));
                plays("/v1/photos", Trick::CutReply(0));
            }
        }
        match cut {
            Cut::Reply(_) | Cut::Request(_) => self.saved.push(self.line.saves()?),
            Cut::Photo(_) | Cut::PhotoReply(_) | Cut::PhotoAnswer(_) => {
                self.number += 1;
                let (record, size) = self.line.saves_photo(self.number, PHOTO)?;
                self.saved.push(record);
                self.line.catches_up()?;
                let sent = self.line.proxy.uploaded();
                ensure!(size <= sent, "Only {sent} bytes of {size} went to the server");
                ensure!(sent - size <= STEP, "{} bytes of a photo went twice", sent - size);
                self.extra += sent - size;
                self.photos += 1;
            }
        }
        self.line.catches_up()?;
        self.fired += usize::from(self.line.proxy.left() == 0);
        self.line.proxy.is_honest_again();
        Ok(())
    }
}
