//! Photos and papers: attached on a phone, sent in pieces over a line that breaks, and received when the server's
//! receipt says so.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use kerbside_core::cbor;
use kerbside_core::field::FieldKey;
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use kerbside_device::photos::PhotoFrom;
use kerbside_device::{NewPhoto, UploadRow};
use kerbside_server::store::{PhotoAsked, Upload};

use super::work::object;
use crate::ledger::Marker;
use crate::phone::markers;
use crate::world::{FIELDS, World, visible};

const PAPERS: &str = "papers";
/// More pieces than a photo has.
const MOST_PIECES: u32 = 1_000;

/// The photos that were acknowledged, by the answer that came with them.
#[derive(Debug, Default)]
pub struct PhotoActs {
    promised: BTreeMap<Marker, Sha256>,
    /// Those that a phone held that died, or a backup that was passed over: no rule could have kept them.
    mortal: BTreeSet<Sha256>,
    /// Those of backups that were passed over.
    passed_over: BTreeSet<Sha256>,
    /// The bytes that came last, for somebody else to attach as well.
    last: Vec<u8>,
}

impl PhotoActs {
    pub fn promised(&self) -> impl Iterator<Item = (&Marker, Sha256)> {
        self.promised.iter().map(|(marker, sha256)| (marker, *sha256))
    }
}

impl World {
    /// Somebody attaches a paper to a record, now and then one that somebody attached elsewhere. Whose process dies on
    /// the way tries the same again.
    pub fn attach(&mut self) -> Result<()> {
        let at = self.any_phone();
        let Some(record) = self.any_record(at)? else { return Ok(()) };
        let length = self.rng.usize(1..300);
        let fresh: Vec<u8> = (0..length).map(|_| self.rng.u8(..)).collect();
        let is_known = !self.ledger.photos.last.is_empty() && self.rng.u8(0..6) == 0;
        let bytes = if is_known { self.ledger.photos.last.clone() } else { fresh };
        self.ledger.photos.last.clone_from(&bytes);
        for _ in 0..2 {
            let marker = self.ledger.new_marker();
            let key = FieldKey::new(FIELDS[1]);
            let view = self.phones[at].vault.show(record)?;
            self.tries(&marker, Some(key.clone()), Some(record), visible(&view, &key));
            let paper =
                NewPhoto { field: Some(FieldKey::new(PAPERS)), bytes: bytes.clone(), from: PhotoFrom::File };
            let (answers, now) = (object(FIELDS[1], &marker), self.reading(at));
            let saved = self.phone_asks(at, "attaching", |world| {
                world.phones[at].vault.edit(record, &answers, &[paper], now)
            })?;
            self.acknowledges(at, &marker, saved.as_ref())?;
            if saved.is_some() {
                self.ledger.photos.promised.insert(marker, Sha256::of(&bytes));
                return Ok(());
            }
        }
        Ok(())
    }

    /// A phone sends a few pieces of what it has to send.
    pub fn send_photos(&mut self) -> Result<()> {
        let at = self.any_phone();
        self.ask_about_photos(at)?;
        for _ in 0..self.rng.u8(1..5) {
            let ready = self.phones[at].vault.photos_to_send()?;
            if ready.is_empty() {
                return Ok(());
            }
            let upload = ready[self.rng.usize(..ready.len())].clone();
            self.send_a_piece(at, &upload)?;
        }
        Ok(())
    }

    /// Everything a phone has to send, over a line that holds. True when anything went.
    pub fn send_all_photos(&mut self, at: usize) -> Result<bool> {
        self.ask_about_photos(at)?;
        let mut went = false;
        for upload in self.phones[at].vault.photos_to_send()? {
            for piece in 0.. {
                ensure!(piece < MOST_PIECES, "phone {at} sends pieces of a photo without end");
                if !self.send_a_piece(at, &upload)? {
                    break;
                }
                went = true;
                let left = self.phones[at].vault.photos_to_send()?;
                if !left.iter().any(|row| (row.record, row.sha256) == (upload.record, upload.sha256)) {
                    break;
                }
            }
        }
        Ok(went)
    }

    /// Photos that the server had before it was restored: those it lacks are sent again.
    fn ask_about_photos(&mut self, at: usize) -> Result<()> {
        let doubted = self.phones[at].vault.photos_in_doubt()?;
        if doubted.is_empty() || self.reply_is_lost() {
            return Ok(());
        }
        let missing = self.server.missing_photos(self.phones[at].device, &doubted)?;
        self.note(&format!("phone {at} asks about {} photos, {} are missing", doubted.len(), missing.len()));
        self.phone_risks(at, "settling doubts about photos", |world| {
            world.phones[at].vault.settle_photos_in_doubt(&doubted, &missing)
        })?;
        Ok(())
    }

    /// False when the photo was refused, or the answer about it.
    fn send_a_piece(&mut self, at: usize, row: &UploadRow) -> Result<bool> {
        let (device, now_ms) = (self.phones[at].device, self.now_ms);
        let (record, sha256, bytes) = (row.record, row.sha256, row.bytes);
        let asked = self.server_risks("answering about a photo", |world| {
            let mut asked = world.server.ask_photo(now_ms, device, record, sha256, bytes);
            if let Ok(PhotoAsked::Wanted(upload)) = &asked
                && world.disk.offset(upload) == upload.bytes
            {
                // A server that stopped between the last byte and the hash left the whole of it.
                world.finish_photo(upload)?;
                asked = world.server.ask_photo(now_ms, device, record, sha256, bytes);
            }
            worded(asked)
        })?;
        let Some(asked) = asked.filter(|_| !self.reply_is_lost()) else { return Ok(true) };
        match asked {
            Err(code) => self.photo_refused(at, row, code),
            Ok(PhotoAsked::Complete(receipt)) => {
                let (bytes, now) = (cbor::encode(&receipt), self.reading(at));
                ensure!(
                    self.disk.was_sent_by(device, sha256),
                    "a receipt for {sha256} that {device} never sent"
                );
                self.note(&format!("phone {at} has a receipt for {sha256}"));
                let taken = self.phone_asks(at, "taking a photo's receipt", |world| {
                    world.phones[at].vault.take_photo_receipt(row, &bytes, now)
                })?;
                // One from the other side of a restore is asked for again when the two have exchanged.
                Ok(taken.is_some())
            }
            Ok(PhotoAsked::Wanted(upload)) => self.send_to(at, row, &upload),
        }
    }

    fn send_to(&mut self, at: usize, row: &UploadRow, upload: &Upload) -> Result<bool> {
        let path = format!("/v1/uploads/{}", data_of(upload));
        self.phone_risks(at, "noting where a photo goes", |world| {
            world.phones[at].vault.photo_goes_to(row, &path)
        })?;
        let offset = self.disk.offset(upload);
        let most = self.rng.usize(1..200);
        let piece = self.phones[at].vault.photo_piece(row.sha256, usize::try_from(offset)?, most)?;
        // What a line that breaks has brought is kept.
        let brought = if self.reply_is_lost() { self.rng.usize(0..=piece.len()) } else { piece.len() };
        let now_ms = self.now_ms;
        let reached = self.server_risks("taking a piece of a photo", |world| {
            let Some(known) = world.server.upload(now_ms, upload.capability)? else {
                return Ok(Err(Code::UploadGone));
            };
            world.disk.add(&known, &piece[..brought]);
            let reached = world.disk.offset(&known);
            if reached == known.bytes && !world.finish_photo(&known)? {
                return Ok(Err(Code::PhotoHashWrong));
            }
            Ok(Ok(reached))
        })?;
        match reached.filter(|_| brought == piece.len() && !self.reply_is_lost()) {
            None => Ok(true),
            Some(Err(code)) => self.photo_refused(at, row, code),
            Some(Ok(reached)) => {
                self.note(&format!("phone {at} sent {reached} of {} of {}", row.bytes, row.sha256));
                self.phone_risks(at, "noting how far a photo is", |world| {
                    world.phones[at].vault.photo_reached(row, reached)
                })?;
                Ok(true)
            }
        }
    }

    /// False when the bytes were others than the hash says.
    fn finish_photo(&mut self, upload: &Upload) -> Result<bool> {
        if self.disk.finish(upload) {
            self.server.complete_photo(self.now_ms, upload)?;
            return Ok(true);
        }
        self.server.drop_upload(upload)?;
        Ok(false)
    }

    fn photo_refused(&mut self, at: usize, row: &UploadRow, code: Code) -> Result<bool> {
        self.note(&format!("a photo of phone {at} is refused: {}", code.name()));
        self.phone_risks(at, "starting a photo again", |world| {
            world.phones[at].vault.start_photo_again(row, code)
        })?;
        Ok(false)
    }

    fn reply_is_lost(&mut self) -> bool {
        !self.is_healed && self.rng.u8(0..8) == 0
    }

    /// A photo whose bytes nobody has any more, or nobody who would send them, died with its holder: with a phone, or with
    /// a backup that said it was safe. Of any other that is missing the promise stands.
    pub fn photos_died(&mut self, with: impl IntoIterator<Item = Sha256>) -> Result<()> {
        self.ledger.photos.mortal.extend(with);
        self.release_photos(&self.ledger.photos.mortal.clone())
    }

    /// The same of a backup that an older one was restored instead of.
    pub fn photos_passed_over(&mut self, with: &BTreeSet<Sha256>) -> Result<()> {
        self.ledger.photos.passed_over.extend(with);
        self.photos_died(with.iter().copied())
    }

    /// A letter from before a restore may tell a phone only afterwards that the backup which was passed over holds a photo.
    pub fn photos_cleared_late(&mut self) -> Result<()> {
        self.release_photos(&self.ledger.photos.passed_over.clone())
    }

    /// Of these nothing is promised any more where nobody has them.
    fn release_photos(&mut self, dead: &BTreeSet<Sha256>) -> Result<()> {
        let mut holders = Vec::new();
        for phone in &self.phones {
            holders.push((markers(&phone.vault)?, phone.vault.photos_held()?));
        }
        let is_held = |marker: &Marker, sha256: &Sha256| {
            holders.iter().any(|(acts, photos)| acts.contains(marker) && photos.contains(sha256))
        };
        // Bytes that no row names had no receipt: the server died between the two, and whoever was to send them again died.
        let listed: BTreeSet<Sha256> = self.server.photos()?.into_iter().map(|(sha256, _)| sha256).collect();
        self.ledger.photos.promised.retain(|marker, sha256| {
            listed.contains(sha256) || is_held(marker, sha256) || !dead.contains(sha256)
        });
        Ok(())
    }
}

fn data_of(upload: &Upload) -> String {
    upload.capability.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A refusal in words is an answer like any other.
fn worded<T>(answer: Result<T>) -> Result<Result<T, Code>> {
    match answer {
        Ok(done) => Ok(Ok(done)),
        Err(cause) => {
            let code = cause.downcast_ref::<Problem>().map(|problem| problem.code);
            code.map(Err).ok_or(cause).context("Asking about a photo")
        }
    }
}
