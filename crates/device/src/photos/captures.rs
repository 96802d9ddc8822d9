//! Photos that a camera took and that never reached their draft, because the app was ended meanwhile. The system's camera
//! leaves them in the pictures' folder: what is newer there than the camera that was opened is offered to its draft. Nothing
//! is deleted but what the vault holds byte for byte, and what a person decided to leave out.

use super::PhotoFrom;
use super::picture::MOST_BYTES;
use crate::PhotoLine;
use crate::clock::Reading;
use crate::store::PendingCapture;
use crate::vault::Vault;
use anyhow::{Context, Result};
use kerbside_core::field::FieldKey;
use kerbside_core::form::Localised;
use kerbside_core::ids::{RowId, Sha256};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::UNIX_EPOCH;
use ts_rs::TS;

/// Some file systems count in steps of two seconds.
const COARSE_MS: i64 = 2_000;
/// A camera that took nothing for so long took nothing.
const WAITS_MS: i64 = 24 * 60 * 60 * 1000;
const THUMB_SIDE: u32 = 320;
const THUMB_QUALITY: u8 = 75;

/// A photo that was taken for a draft and not added to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct Orphan {
    /// The name of its file in the pictures' folder.
    pub name: String,
    pub draft: RowId,
    pub field: FieldKey,
    /// The form's title; none where the draft was saved or discarded since.
    pub title: Option<Localised>,
    #[ts(type = "number")]
    pub taken_ms: i64,
    #[ts(type = "number")]
    pub bytes: u64,
}

/// A file that a camera may have left.
struct Left {
    path: PathBuf,
    name: String,
    at_ms: i64,
    bytes: u64,
}

impl Vault {
    /// What stands in the vault before any camera opens.
    pub fn camera_opens(
        &mut self,
        draft: RowId,
        field: &FieldKey,
        way: PhotoFrom,
        now: Reading,
    ) -> Result<()> {
        self.draft(draft, now)?;
        let capture =
            PendingCapture { draft, field: field.to_string(), way: way.number(), since_ms: now.wall_ms };
        self.store.transact(|store| store.insert_capture(&capture))
    }

    /// The camera is shut, and what it took is in the draft. What it took before, and nobody has decided on, stays.
    pub fn camera_shut(
        &mut self,
        draft: RowId,
        field: &FieldKey,
        pictures: Option<&Path>,
        now: Reading,
    ) -> Result<()> {
        let orphans = self.orphans(pictures, None, now)?;
        if orphans.iter().any(|orphan| orphan.draft == draft && orphan.field == *field) {
            return Ok(());
        }
        self.store.transact(|store| store.delete_capture(draft, &field.to_string()))
    }

    /// What cameras took for drafts and is in none of them. `open` is the camera that is open now: what it takes is on its way.
    pub fn orphans(
        &mut self,
        pictures: Option<&Path>,
        open: Option<(RowId, &FieldKey)>,
        now: Reading,
    ) -> Result<Vec<Orphan>> {
        let left = pictures.map_or(Ok(Vec::new()), |folder| self.left_by_cameras(folder))?;
        let captures = self.store.captures()?;
        let mut orphans = Vec::new();
        for file in &left {
            if let Some(orphan) = self.offered(file, &captures)? {
                orphans.push(orphan);
            }
        }
        for PendingCapture { draft, field, since_ms, .. } in &captures {
            let has_some =
                orphans.iter().any(|orphan| orphan.draft == *draft && orphan.field.to_string() == *field);
            let is_over =
                self.store.draft(*draft)?.is_none() || WAITS_MS < now.wall_ms.saturating_sub(*since_ms);
            if !has_some && is_over {
                self.store.transact(|store| store.delete_capture(*draft, field))?;
            }
        }
        orphans.retain(|orphan| {
            open.is_none_or(|(draft, field)| orphan.draft != draft || orphan.field != *field)
        });
        Ok(orphans)
    }

    /// A small picture of it, so that a person can decide.
    pub fn orphan_picture(&mut self, pictures: &Path, name: &str, now: Reading) -> Result<Vec<u8>> {
        let (_, file) = self.orphan(pictures, name, now)?;
        Ok(kerbside_picture::draw(&read(&file)?, THUMB_SIDE)?.as_jpeg(THUMB_QUALITY)?)
    }

    /// Into its draft, under its question; then the open copy goes.
    pub fn add_orphan(&mut self, pictures: &Path, name: &str, now: Reading) -> Result<PhotoLine> {
        let (orphan, file) = self.orphan(pictures, name, now)?;
        let line =
            self.photograph(orphan.draft, &orphan.field, &read(&file)?, &PhotoFrom::Camera.into(), now)?;
        self.camera_shut(orphan.draft, &orphan.field, Some(pictures), now)?;
        Ok(line)
    }

    /// Somebody has looked at it and does not want it.
    pub fn leave_out_orphan(&mut self, pictures: &Path, name: &str, now: Reading) -> Result<()> {
        let (orphan, file) = self.orphan(pictures, name, now)?;
        fs::remove_file(file).context("Delete a photo that was left out")?;
        self.camera_shut(orphan.draft, &orphan.field, Some(pictures), now)
    }

    fn orphan(&mut self, pictures: &Path, name: &str, now: Reading) -> Result<(Orphan, PathBuf)> {
        let orphans = self.orphans(Some(pictures), None, now)?;
        let orphan = orphans.into_iter().find(|orphan| orphan.name == name);
        let orphan =
            orphan.ok_or_else(|| Problem::new(Code::NotFound, "No photo was left under that name"))?;
        let file = pictures.join(&orphan.name);
        Ok((orphan, file))
    }

    /// The newest camera that was open by then is the one that took it.
    fn offered(&self, file: &Left, captures: &[PendingCapture]) -> Result<Option<Orphan>> {
        let took = |capture: &&PendingCapture| capture.since_ms <= file.at_ms.saturating_add(COARSE_MS);
        let Some(capture) = captures.iter().find(took) else { return Ok(None) };
        let title = match self.store.draft(capture.draft)? {
            Some(draft) => Some(self.form_for(&draft.form, draft.form_version)?.title().clone()),
            None => None,
        };
        Ok(Some(Orphan {
            name: file.name.clone(),
            draft: capture.draft,
            field: FieldKey::from_str(&capture.field).context("Read which question a camera was open for")?,
            title,
            taken_ms: file.at_ms,
            bytes: file.bytes,
        }))
    }

    /// Photos in the pictures' folder, oldest first. Those whose very bytes lie sealed in the vault are taken away.
    fn left_by_cameras(&self, folder: &Path) -> Result<Vec<Left>> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(cause).context("Look into the pictures' folder"),
        };
        let mut left = Vec::new();
        for entry in entries {
            let entry = entry.context("Look into the pictures' folder")?;
            let (path, about) = (entry.path(), entry.metadata().context("Look at a picture")?);
            // A camera makes its file before it has taken anything.
            if !is_picture(&path) || !about.is_file() || about.len() == 0 {
                continue;
            }
            if self.holds_sealed(&path, &about)? {
                fs::remove_file(&path).context("Take away a photo that the vault holds")?;
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            left.push(Left { path, name, at_ms: written_ms(&about), bytes: about.len() });
        }
        left.sort_by(|one, other| (one.at_ms, &one.path).cmp(&(other.at_ms, &other.path)));
        Ok(left)
    }

    fn holds_sealed(&self, path: &Path, about: &Metadata) -> Result<bool> {
        if (MOST_BYTES as u64) < about.len() {
            return Ok(false);
        }
        let bytes = fs::read(path).context("Read a picture")?;
        let Some(row) = self.store.photo(Sha256::of(&bytes))? else { return Ok(false) };
        Ok(self.check_photo(&row).is_empty())
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let length = fs::metadata(file).context("Look at a picture")?.len();
    if (MOST_BYTES as u64) < length {
        return Err(Problem::new(Code::PhotoTooLarge, format!("{length} bytes")).into());
    }
    fs::read(file).context("Read a picture")
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ending == "jpg" || ending == "jpeg")
}

fn written_ms(about: &Metadata) -> i64 {
    let since = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::tests::vault;
    use crate::photos::tests::two_halves;
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    const MINUTE: i64 = 60_000;
    const NOON: i64 = 1_773_662_400_000;

    fn at(minutes: i64) -> Reading {
        Reading::at(NOON + minutes * MINUTE)
    }

    /// What the system's camera leaves behind at a minute after noon.
    fn camera_leaves(folder: &Path, name: &str, minutes: i64, bytes: &[u8]) {
        fs::write(folder.join(name), bytes).unwrap();
        let when = Duration::from_millis(u64::try_from(NOON + minutes * MINUTE).unwrap());
        File::options()
            .append(true)
            .open(folder.join(name))
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH + when)
            .unwrap();
    }

    fn names(orphans: &[Orphan]) -> Vec<&str> {
        orphans.iter().map(|orphan| orphan.name.as_str()).collect()
    }

    #[test]
    fn what_a_camera_took_before_the_app_was_ended_is_offered_to_its_draft_and_added() {
        let (folder, mut ann) = (tempfile::tempdir().unwrap(), vault(1, 1));
        let (pictures, field) = (folder.path(), FieldKey::new("photos"));
        let draft = ann.start_draft("sighting", at(0)).unwrap().id;
        camera_leaves(pictures, "older.jpg", -5, &two_halves(90, 60));
        ann.camera_opens(draft, &field, PhotoFrom::Camera, at(1)).unwrap();
        camera_leaves(pictures, "JPEG_1.jpg", 2, &two_halves(80, 60));
        camera_leaves(pictures, "empty.jpg", 2, b"");
        camera_leaves(pictures, "notes.txt", 2, b"no photo");
        // The process ends here; what is in the vault is all there is.
        ann.open_again(2);
        let orphans = ann.orphans(Some(pictures), None, at(10)).unwrap();
        assert_eq!(names(&orphans), ["JPEG_1.jpg"]);
        assert_eq!((orphans[0].draft, &orphans[0].field), (draft, &field));
        assert!(orphans[0].title.is_some());
        assert!(ann.orphan_picture(pictures, "JPEG_1.jpg", at(10)).unwrap().starts_with(&[0xff, 0xd8]));
        ann.add_orphan(pictures, "JPEG_1.jpg", at(11)).unwrap();
        assert_eq!(ann.draft(draft, at(12)).unwrap().photos.len(), 1);
        assert!(!pictures.join("JPEG_1.jpg").exists(), "the open copy is gone");
        assert!(pictures.join("older.jpg").exists() && pictures.join("empty.jpg").exists());
        assert_eq!(ann.orphans(Some(pictures), None, at(12)).unwrap(), []);
        assert_eq!(ann.store.captures().unwrap(), []);
    }

    #[test]
    fn nothing_goes_that_nobody_decided_on_and_what_was_left_out_does() {
        let (folder, mut ann) = (tempfile::tempdir().unwrap(), vault(1, 1));
        let (pictures, field) = (folder.path(), FieldKey::new("photos"));
        let draft = ann.start_draft("sighting", at(0)).unwrap().id;
        ann.camera_opens(draft, &field, PhotoFrom::Camera, at(1)).unwrap();
        for (name, width) in [("a.jpg", 40), ("b.jpg", 48)] {
            camera_leaves(pictures, name, 2, &two_halves(width, 40));
        }
        ann.leave_out_orphan(pictures, "a.jpg", at(3)).unwrap();
        assert!(!pictures.join("a.jpg").exists());
        // Another camera for the same question, shut again: the first one's photo is still asked about.
        ann.camera_opens(draft, &field, PhotoFrom::Camera, at(5)).unwrap();
        ann.camera_shut(draft, &field, Some(pictures), at(6)).unwrap();
        assert_eq!(names(&ann.orphans(Some(pictures), None, at(7)).unwrap()), ["b.jpg"]);
        ann.discard_draft(draft).unwrap();
        let orphans = ann.orphans(Some(pictures), None, at(30 * 60 * 24)).unwrap();
        assert_eq!((names(&orphans), &orphans[0].title), (vec!["b.jpg"], &None));
        assert!(ann.add_orphan(pictures, "b.jpg", at(8)).is_err());
        assert!(pictures.join("b.jpg").exists());
        ann.leave_out_orphan(pictures, "b.jpg", at(9)).unwrap();
        assert_eq!(ann.store.captures().unwrap(), []);
        assert!(ann.leave_out_orphan(pictures, "../elsewhere.jpg", at(9)).is_err());
    }

    #[test]
    fn a_photo_on_its_way_is_not_offered_and_one_that_came_is_swept() {
        let (folder, mut ann) = (tempfile::tempdir().unwrap(), vault(1, 1));
        let (pictures, field) = (folder.path(), FieldKey::new("photos"));
        let draft = ann.start_draft("sighting", at(0)).unwrap().id;
        ann.camera_opens(draft, &field, PhotoFrom::Camera, at(1)).unwrap();
        let photo = two_halves(80, 60);
        camera_leaves(pictures, "JPEG_1.jpg", 2, &photo);
        assert_eq!(ann.orphans(Some(pictures), Some((draft, &field)), at(2)).unwrap(), []);
        ann.photograph(draft, &field, &photo, &PhotoFrom::Camera.into(), at(2)).unwrap();
        ann.camera_shut(draft, &field, Some(pictures), at(2)).unwrap();
        assert!(!pictures.join("JPEG_1.jpg").exists());
        assert_eq!(ann.store.captures().unwrap(), []);
    }

    #[test]
    fn two_questions_each_get_what_their_own_camera_took() {
        let (folder, mut ann) = (tempfile::tempdir().unwrap(), vault(1, 1));
        let (pictures, near, far) = (folder.path(), FieldKey::new("photos"), FieldKey::new("far"));
        let draft = ann.start_draft("sighting", at(0)).unwrap().id;
        ann.camera_opens(draft, &near, PhotoFrom::Camera, at(1)).unwrap();
        camera_leaves(pictures, "near.jpg", 2, &two_halves(80, 60));
        ann.camera_opens(draft, &far, PhotoFrom::Viewfinder, at(4)).unwrap();
        camera_leaves(pictures, "far.jpg", 5, &two_halves(60, 60));
        let orphans = ann.orphans(Some(pictures), None, at(6)).unwrap();
        let fields: Vec<&FieldKey> = orphans.iter().map(|orphan| &orphan.field).collect();
        assert_eq!((names(&orphans), fields), (vec!["near.jpg", "far.jpg"], vec![&near, &far]));
    }
}
