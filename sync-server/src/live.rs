//! Tells open screens that something is new. It reads the log's number, so what another process commits is told too.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast, watch};

use crate::store::{Db, Officer, Poke};

/// How often the log is looked at when nobody nudges.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct Live {
    pokes: broadcast::Sender<Arc<Poke>>,
    nudge: Arc<Notify>,
    closing: watch::Sender<bool>,
}

impl Live {
    /// Starts looking. It stops when `close` is called.
    pub fn start(db: Db) -> Self {
        let live = Self {
            pokes: broadcast::Sender::new(1_024),
            nudge: Arc::new(Notify::new()),
            closing: watch::Sender::new(false),
        };
        tokio::spawn(live.clone().look(db));
        live
    }

    /// Something was committed here: look at once.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    pub fn is_closed(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    pub fn listen(&self) -> broadcast::Receiver<Arc<Poke>> {
        self.pokes.subscribe()
    }

    async fn look(self, db: Db) {
        let mut closing = self.closing.subscribe();
        let mut last = None;
        while !*closing.borrow_and_update() {
            tokio::select! {
                () = self.nudge.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = closing.changed() => return,
            }
            if let Err(fault) = self.tell(&db, &mut last).await {
                tracing::error!("Reading what is new failed: {fault:#}");
            }
        }
    }

    async fn tell(&self, db: &Db, last: &mut Option<i64>) -> anyhow::Result<()> {
        let Some(seq) = *last else {
            *last = Some(db.run(|store| store.newest_seq()).await?);
            return Ok(());
        };
        for poke in db.run(move |store| store.pokes_since(seq)).await? {
            *last = Some(poke.seq.max(last.unwrap_or(0)));
            // Nobody listening is no fault.
            self.pokes.send(Arc::new(poke)).ok();
        }
        Ok(())
    }
}

/// Whether a poke concerns this officer.
pub fn concerns(poke: &Poke, officer: &Officer) -> bool {
    officer.reaches_any(&poke.keys)
}
