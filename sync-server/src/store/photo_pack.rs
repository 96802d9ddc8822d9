//! The photos of one record to be taken away: which files, under which names, and what is known of each. Covered copies
//! stand in for their originals unless somebody who may see these asks for them.

use std::collections::BTreeMap;

use anyhow::Result;
use kerbside_core::ids::{OfficerId, RecordId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::view::{PhotoView, RecordView};
use serde::Serialize;

use super::Store;
use super::cases::{Case, PhotoFact};
use super::covers::Cover;
use super::people::Officer;
use crate::clock::rfc3339;

/// A record's photos as they are packed.
#[derive(Debug, Clone, Serialize)]
pub struct PhotoPack {
    pub record: RecordId,
    pub reference: String,
    pub made_at: String,
    pub made_by: String,
    /// Whether originals were asked for where something is covered.
    pub originals: bool,
    pub photos: Vec<PackedPhoto>,
}

/// One photo of a pack and what is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct PackedPhoto {
    /// Its name in the pack; empty where its bytes have not come yet.
    pub file: String,
    /// Of the file in the pack: the original's own hash, or its covered copy's.
    pub file_sha256: Option<Sha256>,
    pub sha256: Sha256,
    pub bytes: u64,
    pub kind: String,
    pub name: Option<String>,
    pub question: String,
    pub label: Option<String>,
    pub officer: String,
    pub saved_at: String,
    pub taken_at: Option<String>,
    pub source: String,
    pub camera: Option<String>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub accuracy_m: Option<f64>,
    pub covered: bool,
    pub covered_by: Option<String>,
    pub covered_at: Option<String>,
}

impl PhotoPack {
    pub fn photos_name(&self) -> String {
        format!("{}-photos.zip", plain(&self.reference))
    }
}

impl Store {
    /// What this officer may take away of a record, noted as taken.
    pub fn photo_pack(
        &mut self,
        now_ms: i64,
        officer: &Officer,
        record: RecordId,
        originals: bool,
    ) -> Result<PhotoPack> {
        let case = self.case(officer, record)?;
        let people = self.people()?;
        let covers = standing(&case.covers);
        if originals && !case.may_uncover && !covers.is_empty() {
            return Err(Problem::new(Code::NotAllowed, "this role sees no covered originals").into());
        }
        let telling = Telling { case: &case, people: &people, covers: &covers, originals };
        let reference = reference_of(&case.view);
        let photos: Vec<PackedPhoto> = case
            .view
            .photos
            .iter()
            .enumerate()
            .map(|(index, photo)| telling.packed(index + 1, &reference, photo))
            .collect();
        let packed = photos.iter().filter(|photo| photo.file_sha256.is_some());
        let uncovered =
            packed.clone().filter(|photo| !photo.covered && covers.contains_key(&photo.sha256)).count();
        let counts = (u32::try_from(packed.count())?, u32::try_from(uncovered)?);
        self.note_pack(now_ms, officer, record, counts)?;
        Ok(PhotoPack {
            record,
            reference,
            made_at: rfc3339(now_ms),
            made_by: officer.name.clone(),
            originals,
            photos,
        })
    }
}

/// The drawing that counts of each photo on which something is covered.
fn standing(covers: &[Cover]) -> BTreeMap<Sha256, &Cover> {
    let newest: BTreeMap<Sha256, &Cover> = covers.iter().map(|cover| (cover.sha256, cover)).collect();
    newest.into_iter().filter(|(_, cover)| cover.covered.is_some()).collect()
}

fn reference_of(view: &RecordView) -> String {
    view.office_reference.clone().or_else(|| view.reference.clone()).unwrap_or_else(|| view.id.to_string())
}

struct Telling<'a> {
    case: &'a Case,
    people: &'a BTreeMap<u32, String>,
    covers: &'a BTreeMap<Sha256, &'a Cover>,
    originals: bool,
}

impl Telling<'_> {
    fn packed(&self, position: usize, reference: &str, photo: &PhotoView) -> PackedPhoto {
        let cover = self.covers.get(&photo.sha256).filter(|_| !self.originals);
        let file_sha256 = match cover.and_then(|cover| cover.covered) {
            Some(covered) => Some(covered),
            None => (photo.received == Some(true)).then_some(photo.sha256),
        };
        let ending = if cover.is_some() { "jpg" } else { ending_of(&photo.kind) };
        let short: String = photo.sha256.to_string().chars().take(8).collect();
        let fact = self.case.photo_facts.iter().find(|fact| fact.sha256 == photo.sha256);
        PackedPhoto {
            file: file_sha256
                .map(|_| format!("photos/{position:02}-{}-{short}.{ending}", plain(reference)))
                .unwrap_or_default(),
            file_sha256,
            sha256: photo.sha256,
            bytes: photo.bytes,
            kind: photo.kind.clone(),
            name: photo.name.clone(),
            question: photo.field.path.clone(),
            label: self.label_of(photo),
            officer: self.name_of(photo.officer),
            saved_at: rfc3339(photo.at_ms),
            taken_at: photo.taken_at_ms.map(rfc3339),
            source: fact.map(|fact| fact.source.name().to_owned()).unwrap_or_default(),
            camera: fact.and_then(|fact| fact.camera.clone()),
            lat: fact.and_then(|fact: &PhotoFact| fact.lat),
            lon: fact.and_then(|fact| fact.lon),
            accuracy_m: fact.and_then(|fact| fact.accuracy_m),
            covered: cover.is_some(),
            covered_by: cover.map(|cover| self.name_of(cover.officer)),
            covered_at: cover.map(|cover| rfc3339(cover.at_ms)),
        }
    }

    fn name_of(&self, officer: OfficerId) -> String {
        self.people.get(&officer.0).cloned().unwrap_or_else(|| officer.0.to_string())
    }

    fn label_of(&self, photo: &PhotoView) -> Option<String> {
        let form = self.case.form.as_ref()?;
        let question = form.questions.iter().find(|question| question.path == photo.field.path)?;
        question.label.as_ref().map(|label| label.get("en").to_owned())
    }
}

fn ending_of(kind: &str) -> &'static str {
    match kind {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "application/pdf" => "pdf",
        _ => "bin",
    }
}

/// Letters, digits and dashes may stand in a file's name anywhere.
fn plain(reference: &str) -> String {
    reference.chars().map(|each| if each.is_ascii_alphanumeric() { each } else { '-' }).collect()
}
