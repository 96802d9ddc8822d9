//! Photos: their bytes cross as bytes, never as JSON.

use std::str::FromStr;

use anyhow::Context;
use kerbside_core::field::FieldKey;
use kerbside_core::form::place_from_json;
use kerbside_core::ids::{RowId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_device::PhotoLine;
use kerbside_device::photos::{Origin, PhotoSize};
use tauri::ipc::{InvokeBody, Request, Response};
use tauri::{State, command};

use super::Answer;
use crate::desk::Desk;

/// The body is the photo; what it belongs to stands in the headers.
#[command]
pub async fn photograph(desk: State<'_, Desk>, request: Request<'_>) -> Answer<PhotoLine> {
    let photo = Taken::read(&request)?;
    desk.work(move |vault, now| vault.photograph(photo.draft, &photo.field, &photo.bytes, &photo.origin, now))
        .await
}

#[command]
pub async fn remove_photo(desk: State<'_, Desk>, draft: RowId, sha256: Sha256) -> Answer<()> {
    desk.work(move |vault, now| vault.remove_photo(draft, sha256, now)).await
}

#[command]
pub async fn photo_bytes(desk: State<'_, Desk>, sha256: Sha256, size: PhotoSize) -> Answer<Response> {
    desk.work(move |vault, _| vault.photo_bytes(sha256, size))
        .await
        .map(|bytes| Response::new(bytes.to_vec()))
}

#[derive(Debug)]
struct Taken {
    draft: RowId,
    field: FieldKey,
    origin: Origin,
    bytes: Vec<u8>,
}

impl Taken {
    fn read(request: &Request<'_>) -> anyhow::Result<Self> {
        let header = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let InvokeBody::Raw(bytes) = request.body() else {
            return Err(Problem::new(Code::Malformed, "A photo comes as bytes").into());
        };
        let from = serde_json::Value::from(header("from"));
        let fix = header("fix");
        let name = percent_decoded(header("name"));
        Ok(Self {
            draft: RowId::from_str(header("draft")).context("Read which draft a photo is for")?,
            field: FieldKey::from_str(header("field")).context("Read which question a photo is for")?,
            origin: Origin {
                from: serde_json::from_value(from).context("Read where a photo came from")?,
                fix: if fix.is_empty() {
                    None
                } else {
                    place_from_json(&serde_json::from_str(fix).context("Read a fix")?)
                },
                name: (!name.is_empty()).then_some(name),
            },
            bytes: bytes.clone(),
        })
    }
}

/// A header holds no letter outside ASCII, so a file's name comes percent-encoded.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match byte {
            b'%' => {
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                bytes.extend(high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok()));
            }
            plain => bytes.push(plain),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_crosses_with_all_its_letters() {
        assert_eq!(percent_decoded("Caff%C3%A8%20notes.pdf"), "Caffè notes.pdf");
        assert_eq!(percent_decoded("100%"), "100");
        assert_eq!(percent_decoded(""), "");
    }
}
