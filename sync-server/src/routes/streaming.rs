//! Answers that are sent while they are written, by whoever writes them on a thread of their own.

use std::io::{Error, ErrorKind, Write};
use std::time::Duration;

use anyhow::Result;
use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Sender, channel};

const PIECE: usize = 64 * 1024;
/// How long whoever takes an answer may take nothing of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `write` writes, as fast as it is taken. `what` names it in the log where it breaks off.
pub fn body(what: &'static str, write: impl FnOnce(&mut dyn Write) -> Result<()> + Send + 'static) -> Body {
    let (sender, receiver) = channel(4);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut out = Sending { sender: sender.clone(), runtime: runtime.clone(), gathered: Vec::new() };
        if let Err(cause) = write(&mut out).and_then(|()| Ok(out.flush()?)) {
            tracing::warn!("{what} broke off: {cause:#}");
            // Whoever takes it is told by an end that is none.
            drop(runtime.block_on(sender.send(Err(Error::from(ErrorKind::Other)))));
        }
    });
    Body::from_stream(stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver))))
}

struct Sending {
    sender: Sender<Result<Bytes, Error>>,
    runtime: Handle,
    gathered: Vec<u8>,
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.gathered.extend_from_slice(bytes);
        if PIECE <= self.gathered.len() {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.gathered));
        let sent = tokio::time::timeout(PATIENCE, self.sender.send(Ok(piece)));
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Error::from(ErrorKind::BrokenPipe)),
            Err(_) => Err(Error::from(ErrorKind::TimedOut)),
        }
    }
}
