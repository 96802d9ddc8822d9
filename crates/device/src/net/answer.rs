//! What came back: read no further and for no longer than makes sense, and told apart from what somebody in between says.

use super::pipe::Refused;
use crate::clock;
use kerbside_core::exchange::INFLATED_LIMIT;
use kerbside_core::problem::{Code, Problem};
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use std::io::Read;
use std::time::Duration;
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const ANSWER_LIMIT: usize = 8 * 1024 * 1024;
/// Beyond the first wait, an answer may take as long as the slowest line worth having needs for it.
const SLOWEST_BYTES_A_MS: u64 = 1;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn is_kind(&self, kind: &str) -> bool {
        self.header(CONTENT_TYPE.as_str()).is_some_and(|found| found.starts_with(kind))
    }
}

pub(super) fn read(mut response: Response, patience: Duration) -> Result<Answer, Refused> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let began_ms = clock::now().monotonic_ms;
    let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
    let mut body = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        let size =
            response.read(&mut piece).map_err(|cause| Refused::of(Code::NoSignal, cause.to_string()))?;
        let Some(bytes) = piece.get(..size).filter(|bytes| !bytes.is_empty()) else { break };
        body.extend_from_slice(bytes);
        if ANSWER_LIMIT < body.len() {
            return Err(Refused::of(Code::CaptivePortal, "The answer is too large"));
        }
        let allowed_ms = patience_ms.saturating_add(body.len() as u64 / SLOWEST_BYTES_A_MS);
        if began_ms.saturating_add(allowed_ms) < clock::now().monotonic_ms {
            return Err(Refused::of(Code::NoSignal, "The answer only drips"));
        }
    }
    Ok(Answer { status, headers, body })
}

/// Only an answer in our own terms is an answer: a page of HTML is somebody in between.
pub(super) fn judge(answer: Answer) -> Result<Answer, Refused> {
    if (200..300).contains(&answer.status) {
        return if answer.is_kind("text/html") {
            Err(Refused::of(Code::CaptivePortal, "A page instead of an answer"))
        } else {
            Ok(answer)
        };
    }
    let said = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    let code = said.as_ref().and_then(|said| said.get("code")?.as_str()).and_then(Code::named);
    let problem = match (code, answer.status) {
        (Some(code), status) if answer.is_kind("application/problem+json") => {
            Problem::new(code, format!("HTTP {status}"))
        }
        (_, 511) => Problem::new(Code::CaptivePortal, "HTTP 511"),
        (_, 507) => Problem::new(Code::DiskFull, "HTTP 507"),
        (_, 404 | 410) => Problem::new(Code::NotFound, format!("HTTP {}", answer.status)),
        (_, status @ (429 | 500..)) => Problem::new(Code::Busy, format!("HTTP {status}")),
        (_, status) => Problem::new(Code::CaptivePortal, format!("HTTP {status} not in our terms")),
    };
    Err(Refused { problem, retry_after_s: retry_after_s(&answer) })
}

/// Seconds, or a date: read against the server's own clock, because ours may be days off.
fn retry_after_s(answer: &Answer) -> Option<u32> {
    let text = answer.header(RETRY_AFTER.as_str())?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(u32::try_from(seconds).unwrap_or(u32::MAX));
    }
    let until = http_date(text)? - http_date(answer.header(DATE.as_str())?)?;
    Some(u32::try_from(until.whole_seconds().max(0)).unwrap_or(u32::MAX))
}

fn http_date(text: &str) -> Option<PrimitiveDateTime> {
    const IMF: &[BorrowedFormatItem<'_>] = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    PrimitiveDateTime::parse(text.trim(), IMF).ok()
}

pub(super) fn inflate(answer: &Answer) -> Result<Vec<u8>, Refused> {
    if answer.header("content-encoding") != Some("zstd") {
        return Ok(answer.body.clone());
    }
    let broken = |cause: std::io::Error| Refused::of(Code::CaptivePortal, cause.to_string());
    let mut plain = Vec::new();
    let most = INFLATED_LIMIT as u64;
    zstd::Decoder::new(answer.body.as_slice())
        .map_err(broken)?
        .take(most + 1)
        .read_to_end(&mut plain)
        .map_err(broken)?;
    if most < plain.len() as u64 {
        return Err(Refused::of(Code::TooLarge, "The answer inflates too far"));
    }
    Ok(plain)
}
