//! A pack of photos as a zip that is written while it is sent: the files as they are, then a manifest for programs and
//! one for people. A file whose bytes are not what its hash says ends the pack, so that it cannot be opened.

use std::fs::File;
use std::io::{Read, Write};

use anyhow::{Context, Result, ensure};
use kerbside_core::ids::Sha256;
use sha2::Digest;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Photos;
use crate::store::{PackedPhoto, PhotoPack};

const BLOCK: usize = 64 * 1024;
/// As the sheet's first row has them.
const COLUMNS: [&str; 19] = [
    "file",
    "file_sha256",
    "sha256",
    "bytes",
    "kind",
    "name",
    "question",
    "label",
    "officer",
    "saved_at",
    "taken_at",
    "source",
    "camera",
    "lat",
    "lon",
    "accuracy_m",
    "covered",
    "covered_by",
    "covered_at",
];

/// Writes the whole pack.
pub fn write(photos: &Photos, pack: &PhotoPack, to: impl Write) -> Result<()> {
    let mut zip = ZipWriter::new_stream(to);
    // A photo is compressed already.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for photo in &pack.photos {
        let Some(sha256) = photo.file_sha256 else { continue };
        zip.start_file(photo.file.as_str(), stored)?;
        copy(photos, sha256, &mut zip)?;
    }
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file("manifest.json", packed)?;
    zip.write_all(&serde_json::to_vec_pretty(pack)?)?;
    zip.start_file("manifest.csv", packed)?;
    zip.write_all(sheet(pack).as_bytes())?;
    zip.finish()?.into_inner().flush()?;
    Ok(())
}

fn copy(photos: &Photos, sha256: Sha256, to: &mut impl Write) -> Result<()> {
    let mut file = File::open(photos.path(sha256)).context("Opening a photo")?;
    let mut hash = sha2::Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        let read = file.read(&mut block).context("Reading a photo")?;
        let bytes = block.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        hash.update(bytes);
        to.write_all(bytes)?;
    }
    ensure!(Sha256(hash.finalize().into()) == sha256, "The photo {sha256} is not what its hash says");
    Ok(())
}

/// RFC 4180, for a spreadsheet: with a mark of its encoding, and nothing that it would take for a formula.
fn sheet(pack: &PhotoPack) -> String {
    let mut lines = format!("\u{feff}{}\r\n", COLUMNS.join(","));
    for photo in &pack.photos {
        let cells: Vec<String> = cells(photo).iter().map(|cell| quoted(cell)).collect();
        lines.push_str(&cells.join(","));
        lines.push_str("\r\n");
    }
    lines
}

fn cells(photo: &PackedPhoto) -> [String; 19] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        photo.file.clone(),
        photo.file_sha256.map(|hash| hash.to_string()).unwrap_or_default(),
        photo.sha256.to_string(),
        photo.bytes.to_string(),
        photo.kind.clone(),
        text(&photo.name),
        photo.question.clone(),
        text(&photo.label),
        photo.officer.clone(),
        photo.saved_at.clone(),
        text(&photo.taken_at),
        photo.source.clone(),
        text(&photo.camera),
        number(photo.lat),
        number(photo.lon),
        number(photo.accuracy_m),
        photo.covered.to_string(),
        text(&photo.covered_by),
        text(&photo.covered_at),
    ]
}

fn quoted(cell: &str) -> String {
    let is_number = cell.parse::<f64>().is_ok();
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_calculate_is_text_and_a_position_stays_a_number() {
        assert_eq!(quoted("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(quoted("-1.25"), "\"-1.25\"");
        assert_eq!(quoted("By the \"old\" gate"), "\"By the \"\"old\"\" gate\"");
    }
}
