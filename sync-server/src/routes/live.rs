//! Server-sent pokes: something about this record is new, read it again. No content, so nothing to keep secret.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;

use super::body::{device_of, with_nonce};
use super::desk::signed_in;
use super::photos::reader;
use super::{App, Failure};
use crate::live::concerns;
use crate::store::Officer;

/// A line is closed after this long; whoever still may, opens another.
const LASTS: Duration = Duration::from_secs(600);

pub async fn live(State(app): State<App>, request: Request) -> Response {
    let headers = request.headers().clone();
    let outcome = listener(&app, request).await.map(|officer| {
        let events = events(&app, officer);
        let alive = KeepAlive::new().interval(Duration::from_secs(15));
        Sse::new(events).keep_alive(alive).into_response()
    });
    with_nonce(&app, &headers, outcome).await
}

async fn listener(app: &App, request: Request) -> Result<Officer, Failure> {
    if device_of(request.headers()).is_some() {
        return Ok(reader(app, request).await?.0);
    }
    Ok(signed_in(app, request.headers(), false).await?.officer)
}

fn events(app: &App, officer: Officer) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let mut closing = app.live.is_closed();
    let ended = async move {
        // A sender that is gone means the same as a server that closes.
        tokio::select! {
            closed = closing.wait_for(|closed| *closed) => drop(closed),
            () = tokio::time::sleep(LASTS) => {}
        }
    };
    let heard = stream::unfold(app.live.listen(), move |mut pokes| {
        let officer = officer.clone();
        async move {
            loop {
                match pokes.recv().await {
                    Ok(poke) if concerns(&poke, &officer) => {
                        let event = Event::default().event("poke").id(poke.seq.to_string()).json_data(&*poke);
                        return Some((
                            event.unwrap_or_else(|_| Event::default().comment("unreadable")),
                            pokes,
                        ));
                    }
                    Ok(_) => {}
                    // Too many to follow: a fresh line makes the screen read everything again.
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
                }
            }
        }
    });
    heard.map(Ok).take_until(ended)
}
