//! Photos travel by themselves: named to the server, sent in pieces from
//! wherever the last try stopped (tus 1.0), and counted as received only by the
//! server's signed receipt for exactly these bytes.

use super::VaultAccess;
use super::answer::Answer;
use super::pace::Pace;
use super::pipe::{Ask, Pipe, Refused};
use crate::clock::Reading;
use crate::store::{UploadRow, UploadState};
use crate::vault::Vault;
use anyhow::Result;
use data_encoding::BASE64URL_NOPAD;
use kerbside_core::exchange::{HASH_LIMIT, PhotoReceipt, PhotoState};
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, Signed};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

/// What the server says about a photo named to it.
#[derive(Debug, Deserialize)]
struct Named {
    /// Where to send it.
    #[serde(alias = "url")]
    upload: Option<String>,
    /// How much of it has come.
    offset: Option<usize>,
    receipt: Option<String>,
}

/// Sends one photo as far as the line allows. True when it was received.
pub(super) fn send_photo<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    upload: &UploadRow,
    (pace, now): (&mut Pace, &dyn Fn() -> Reading),
) -> Result<bool> {
    let named = name_photo(pipe, upload)?;
    if settle(access, upload, &named, now())? {
        return Ok(true);
    }
    let Some(url) = named.upload.clone().or_else(|| upload.url.clone()) else {
        tracing::debug!(?named, "An answer about a photo");
        return Err(not_ours("No place to send a photo to").into());
    };
    let path = path_of(&url);
    access.with(|vault| vault.photo_goes_to(upload, &path))?;
    let mut offset = match named.offset {
        Some(offset) => offset,
        None => offset_at(pipe, &path)?,
    };
    while (offset as u64) < upload.bytes {
        let piece = access.with(|vault| vault.photo_piece(upload.sha256, offset, pace.piece()))?;
        let began_ms = now().monotonic_ms;
        let sent = send_piece(pipe, &path, offset, &piece);
        pace.took(now().monotonic_ms.saturating_sub(began_ms));
        let went = (piece.len(), sent.as_ref().ok().copied());
        access.with(|vault| vault.photo_piece_went(upload, went, now()))?;
        offset = sent?;
    }
    let named = name_photo(pipe, upload)?;
    settle(access, upload, &named, now())
}

#[derive(Debug, Deserialize)]
struct Lacking {
    missing: Vec<Sha256>,
}

/// After a restore of the server: whether it still has what it once received.
pub(super) fn ask_after_photos<A: VaultAccess>(access: &mut A, pipe: &mut Pipe) -> Result<()> {
    let doubted = access.with(|vault| vault.photos_in_doubt())?;
    for asked in doubted.chunks(HASH_LIMIT) {
        let answer = pipe.send(&Ask {
            method: Method::POST,
            path: "/v1/photos/have",
            body: json!({ "hashes": asked }).to_string().into_bytes(),
            headers: vec![("content-type", "application/json".to_owned())],
            signed: true,
        })?;
        let lacking: Lacking = serde_json::from_slice(&answer.body)
            .map_err(|_| not_ours("The answer about photos is not ours"))?;
        access.with(|vault| vault.settle_photos_in_doubt(asked, &lacking.missing))?;
    }
    Ok(())
}

fn name_photo(pipe: &mut Pipe, upload: &UploadRow) -> Result<Named, Refused> {
    let body = json!({ "record": upload.record, "sha256": upload.sha256, "bytes": upload.bytes }).to_string();
    let answer = pipe.send(&Ask {
        method: Method::POST,
        path: "/v1/photos",
        body: body.into_bytes(),
        headers: vec![("content-type", "application/json".to_owned())],
        signed: true,
    })?;
    serde_json::from_slice(&answer.body).map_err(|_| not_ours("The answer about a photo is not ours"))
}

fn settle<A: VaultAccess>(access: &mut A, upload: &UploadRow, named: &Named, now: Reading) -> Result<bool> {
    let Some(receipt) = &named.receipt else { return Ok(false) };
    let bytes = BASE64URL_NOPAD
        .decode(receipt.as_bytes())
        .map_err(|_| not_ours("A photo's receipt cannot be read"))?;
    access.with(|vault| vault.take_photo_receipt(upload, &bytes, now))
}

/// Whether the office has lost its half of a photo, which then goes from its first byte.
pub(super) fn begins_anew(code: Code) -> bool {
    const ANEW: [Code; 5] =
        [Code::UploadGone, Code::NotFound, Code::RangeWrong, Code::PhotoHashWrong, Code::PhotoNotWhole];
    ANEW.contains(&code)
}

impl Vault {
    /// The photo counts as received by nothing but this.
    pub fn take_photo_receipt(&mut self, upload: &UploadRow, bytes: &[u8], now: Reading) -> Result<bool> {
        let wrong = || Problem::new(Code::CaptivePortal, "No receipt of the council's server");
        let signed: Signed = kerbside_core::cbor::decode(bytes).map_err(|_| wrong())?;
        let receipt: PhotoReceipt = signed.open(Label::Photo, &self.server_key()).map_err(|_| wrong())?;
        let fits = receipt.server == self.identity.server
            && receipt.council == self.identity.council
            && receipt.device == self.identity.device
            && receipt.record == upload.record
            && receipt.sha256 == upload.sha256
            && receipt.bytes == upload.bytes;
        if !fits {
            return Err(wrong().into());
        }
        // What a server held before it was restored says nothing of what it holds now. The next exchange tells of the restore.
        if receipt.epoch != self.store.progress()?.epoch {
            return Err(Problem::new(Code::Busy, "A receipt from the other side of a restore").into());
        }
        let state = match receipt.state {
            PhotoState::Refused => {
                self.store.transact(|store| {
                    store.refuse_upload(upload.record, upload.sha256, Code::PhotoNotAnImage.name())
                })?;
                return Ok(false);
            }
            PhotoState::Complete | PhotoState::Purged if receipt.backed_up => UploadState::Safe,
            PhotoState::Complete | PhotoState::Purged => UploadState::Received,
        };
        self.store.transact(|store| {
            store.settle_upload((upload.record, upload.sha256), state, bytes, now.wall_ms)
        })?;
        Ok(true)
    }

    /// What may be sent: photos whose record the server holds, oldest first.
    pub fn photos_to_send(&self) -> Result<Vec<UploadRow>> {
        let mut ready = Vec::new();
        for upload in self.store.uploads()? {
            let waiting =
                matches!(upload.state, UploadState::Saved | UploadState::Sending) && !upload.doubted;
            if waiting && self.server_names(&upload)? {
                ready.push(upload);
            }
        }
        Ok(ready)
    }

    /// Photos that a server had before it was restored, and whose record it has again.
    pub fn photos_in_doubt(&self) -> Result<Vec<Sha256>> {
        let mut doubted = std::collections::BTreeSet::new();
        for upload in self.store.uploads()? {
            if upload.doubted && self.server_names(&upload)? {
                doubted.insert(upload.sha256);
            }
        }
        Ok(doubted.into_iter().collect())
    }

    /// Which of the photos asked about a restored server lacks: those are sent again.
    pub fn settle_photos_in_doubt(&mut self, asked: &[Sha256], missing: &[Sha256]) -> Result<()> {
        self.store.transact(|store| {
            asked.iter().try_for_each(|sha256| store.settle_doubt(*sha256, !missing.contains(sha256)))
        })
    }

    /// Whether the server took a change that names the photo. One that was cleared, because a backup had it, may have;
    /// but only where no change that is still here does.
    fn server_names(&self, upload: &UploadRow) -> Result<bool> {
        use crate::store::ChangeState;
        let (mut is_named, mut is_taken, mut is_cleared) = (false, false, false);
        for own in self.store.changes_of(upload.record)? {
            // What is in review may yet be taken, and its photos are received all the same.
            let taken = matches!(own.state, ChangeState::Received | ChangeState::Duplicate)
                || own.reason.as_deref() == Some(Code::InReview.name());
            if own.bytes.is_empty() {
                is_cleared |= taken;
                continue;
            }
            let read = kerbside_core::change::ChangeBytes::received(own.bytes).read();
            if read.is_ok_and(|change| change.photos().any(|(_, photo, _)| photo == upload.sha256)) {
                is_named = true;
                is_taken |= taken;
            }
        }
        Ok(if is_named { is_taken } else { is_cleared })
    }

    /// Where a try went wrong the next begins anew. True when it will never go.
    pub fn start_photo_again(&mut self, upload: &UploadRow, code: Code) -> Result<bool> {
        // "Not named" is not among them: only what the server took is offered, so a server that knows nothing of it was
        // restored, and the next exchange says so.
        const NEVER: [Code; 4] =
            [Code::PhotoTooLarge, Code::PhotoNotAnImage, Code::NotYourTeam, Code::NotAllowed];
        if begins_anew(code) {
            self.store.transact(|store| {
                store.set_upload_url(upload.record, upload.sha256, None)?;
                store.set_upload_sent(upload.record, upload.sha256, 0)
            })?;
            Ok(false)
        } else if NEVER.contains(&code) {
            self.store.transact(|store| store.refuse_upload(upload.record, upload.sha256, code.name()))?;
            Ok(true)
        } else {
            Ok(false)
        }
    }
}

fn offset_at(pipe: &mut Pipe, path: &str) -> Result<usize, Refused> {
    let answer =
        pipe.send(&Ask { method: Method::HEAD, path, body: Vec::new(), headers: tus(), signed: false })?;
    offset_of(&answer)
}

fn send_piece(pipe: &mut Pipe, path: &str, offset: usize, piece: &[u8]) -> Result<usize, Refused> {
    let mut headers = tus();
    headers.push(("upload-offset", offset.to_string()));
    headers.push(("content-type", "application/offset+octet-stream".to_owned()));
    let answer =
        pipe.send(&Ask { method: Method::PATCH, path, body: piece.to_vec(), headers, signed: false })?;
    let reached = offset_of(&answer)?;
    if reached <= offset {
        return Err(not_ours("The server took nothing"));
    }
    Ok(reached)
}

fn tus() -> Vec<(&'static str, String)> {
    vec![("tus-resumable", "1.0.0".to_owned())]
}

fn offset_of(answer: &Answer) -> Result<usize, Refused> {
    answer
        .header("upload-offset")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| not_ours("No offset where one belongs"))
}

/// Always on the server we know, whatever host an address names.
fn path_of(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(parsed) => match parsed.query() {
            Some(query) => format!("{}?{query}", parsed.path()),
            None => parsed.path().to_owned(),
        },
        Err(_) => url.to_owned(),
    }
}

fn not_ours(detail: &str) -> Refused {
    Refused { problem: Problem::new(Code::CaptivePortal, detail), retry_after_s: None }
}
