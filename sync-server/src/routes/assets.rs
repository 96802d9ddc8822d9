//! The console's own files, embedded in the program.

use std::borrow::Cow;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use axum::response::{IntoResponse, Redirect, Response};
use kerbside_core::problem::Code;
use rust_embed::Embed;

use super::failure::refusal;
use super::layers::PAGE_POLICY;

#[derive(Embed)]
#[folder = "../ui/dist/console"]
struct Console;

pub async fn home() -> Redirect {
    Redirect::temporary("/console/")
}

pub async fn index() -> Response {
    let (kind, page) = match Console::get("index.html") {
        Some(page) => ("text/html; charset=utf-8", page.data),
        None => (
            "text/plain; charset=utf-8",
            Cow::from(b"This kerbside-server was built without the console.\n".as_slice()),
        ),
    };
    let bounds = [(CONTENT_SECURITY_POLICY, PAGE_POLICY), (X_FRAME_OPTIONS, "SAMEORIGIN")];
    ([(CONTENT_TYPE, kind)], bounds, page).into_response()
}

/// A file, or the console's page for an address that only the page understands.
pub async fn asset(Path(path): Path<String>) -> Response {
    let Some(file) = Console::get(&path) else {
        let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
        return if is_file { refusal(Code::NotFound) } else { index().await };
    };
    // The build puts a hash in the names under assets/: such a file never changes.
    let kept = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-store" };
    ([(CONTENT_TYPE, kind(&path)), (CACHE_CONTROL, kept)], file.data).into_response()
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

pub async fn nothing_here() -> Response {
    refusal(Code::NotFound)
}
