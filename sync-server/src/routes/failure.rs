//! The one edge where an error becomes an answer: problem+json with a code, and our own faults under a reference.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use kerbside_core::form::Fault;
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;
use ts_rs::TS;

use crate::store::{Faulty, is_disk_failing, is_disk_full};

/// A refusal as RFC 9457 has it.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub struct ProblemBody {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub code: Code,
    /// For our own faults: what the log has the rest under, to be read out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reference: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// Whatever a handler could not do.
#[derive(Debug)]
pub struct Failure {
    error: anyhow::Error,
    retry_after: Option<u64>,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), retry_after: None }
    }
}

impl Failure {
    pub fn of(code: Code, detail: impl Into<String>) -> Self {
        Problem::new(code, detail).into()
    }

    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub fn code(&self) -> Code {
        if self.error.is::<Faulty>() {
            return Code::Faults;
        }
        match self.error.downcast_ref::<Problem>() {
            Some(problem) => problem.code,
            None if is_disk_full(&self.error) => Code::DiskFull,
            None if is_disk_failing(&self.error) => Code::Busy,
            None => Code::Internal,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let code = self.code();
        let is_ours = code.status() == 500 || code == Code::DiskFull || is_disk_failing(&self.error);
        let reference = is_ours.then(|| log(&self.error));
        let faults = match self.error.downcast::<Faulty>() {
            Ok(Faulty(faults)) => faults,
            Err(_) => Vec::new(),
        };
        let mut response = problem(code, reference, faults);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A refusal without more to say.
pub fn refusal(code: Code) -> Response {
    problem(code, None, Vec::new())
}

/// What the router itself refused, in our own terms: a path, a method or a body that it could not read.
pub fn refusal_by_router(status: StatusCode) -> Response {
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        _ => Code::NotUnderstood,
    };
    let mut response = refusal(code);
    *response.status_mut() = status;
    response
}

fn problem(code: Code, reference: Option<String>, faults: Vec<Fault>) -> Response {
    let body = ProblemBody {
        kind: "about:blank".to_owned(),
        title: code.name().replace('_', " "),
        status: code.status(),
        code,
        reference,
        faults,
    };
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response.extensions_mut().insert(code);
    response
}

/// Writes the whole fault to the log under a short reference that can be said over a telephone.
fn log(error: &anyhow::Error) -> String {
    let mut random = [0; 10];
    let drawn = getrandom::fill(&mut random);
    let reference: String = crate::auth::code::spell(random).chars().take(9).collect();
    tracing::error!(reference, drawn = drawn.is_ok(), "{error:#}");
    reference
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_disk_that_fails_is_no_fault_of_the_program() {
        let of = |kind| Failure::from(Err::<(), _>(Error::from(kind)).context("Writing").unwrap_err()).code();
        assert_eq!(of(ErrorKind::StorageFull), Code::DiskFull);
        assert_eq!(of(ErrorKind::Other), Code::Busy);
        assert_eq!(Failure::from(anyhow::anyhow!("a bug")).code(), Code::Internal);
    }
}
