//! What happens around every request: counting, catching panics, and the headers that keep browsers in bounds.

use std::any::Any;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use kerbside_core::problem::Code;
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};

use super::App;
use super::failure::{refusal, refusal_by_router};
use crate::clock::tick;
use crate::metrics::Metrics;

/// As security.md has it: nothing from elsewhere, nothing inline.
macro_rules! policy {
    ($frames:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; ",
            "worker-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; ",
            $frames
        )
    };
}

pub const POLICY: &str = policy!("frame-ancestors 'none'");

/// The console tries a form in a frame that holds the console's own page; nobody else's page may hold it.
pub const PAGE_POLICY: &str = policy!("frame-src 'self'; frame-ancestors 'self'");

pub async fn security_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if app.tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("cache-control", "no-store"),
    ] {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

pub async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    app.metrics.count_request();
    let method = request.method().clone();
    // The table's own line and not the address: that may hold an upload's secret.
    let line = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let began = tick();
    let mut response = next.run(request).await;
    if line.as_deref() == Some("/v1/sync") {
        app.metrics.count_exchange(began.elapsed());
    }
    tracing::debug!(%method, line, status = response.status().as_u16(), "answered");
    let is_ours = response.extensions().get::<Code>().is_some();
    if response.status().is_client_error() && !is_ours {
        response = refusal_by_router(response.status());
    }
    if let Some(code) = response.extensions().get::<Code>() {
        app.metrics.count_refusal(*code);
    }
    response
}

pub fn catch_panics(metrics: Arc<Metrics>) -> CatchPanicLayer<Panicked> {
    CatchPanicLayer::custom(Panicked(metrics))
}

/// Answers for a handler that panicked; the hook in `serve` has written where.
#[derive(Debug, Clone)]
pub struct Panicked(Arc<Metrics>);

impl ResponseForPanic for Panicked {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, _payload: Box<dyn Any + Send + 'static>) -> Response {
        self.0.count_panic();
        refusal(Code::Internal)
    }
}
