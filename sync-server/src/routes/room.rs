//! How much is let in at once. Whoever would wait too long, or bring more than there is room for, is asked to come again
//! in a few seconds; each in other seconds than the next, because at nine o'clock they all come together.

use std::sync::Arc;
use std::time::Duration;

use kerbside_core::problem::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{App, Failure};

/// Bodies up to this size need no room of their own: a thousand of them are 64 MiB.
const SMALL: usize = 64 * 1024;
/// For all larger bodies together, in KiB.
const ROOM_KIB: usize = 48 * 1024;
/// Pieces of photos that are taken in at the same time; each may hold half a megabyte.
const PIECES: usize = 32;
const PATIENCE: Duration = Duration::from_millis(800);
/// The most seconds that anyone is asked to stay away.
const LONGEST_S: u64 = 5;

#[derive(Debug, Clone)]
pub struct Room {
    bodies: Arc<Semaphore>,
    pieces: Arc<Semaphore>,
}

impl Default for Room {
    fn default() -> Self {
        Self { bodies: Arc::new(Semaphore::new(ROOM_KIB)), pieces: Arc::new(Semaphore::new(PIECES)) }
    }
}

impl Room {
    /// Room for a body of so many bytes, which it keeps for as long as what is given back.
    pub async fn for_body(&self, bytes: usize) -> Result<Option<OwnedSemaphorePermit>, Failure> {
        if bytes <= SMALL {
            return Ok(None);
        }
        let kib = u32::try_from(bytes.div_ceil(1024).min(ROOM_KIB)).unwrap_or(u32::MAX);
        within(Arc::clone(&self.bodies).acquire_many_owned(kib)).await.map(Some)
    }

    pub async fn for_piece(&self) -> Result<OwnedSemaphorePermit, Failure> {
        within(Arc::clone(&self.pieces).acquire_owned()).await
    }
}

async fn within(
    permit: impl Future<Output = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>>,
) -> Result<OwnedSemaphorePermit, Failure> {
    match tokio::time::timeout(PATIENCE, permit).await {
        Ok(permit) => Ok(permit?),
        Err(_) => Err(come_again("no room for more")),
    }
}

/// Turns away what can come again later while too many wait already.
pub fn only_if_quick(app: &App) -> Result<(), Failure> {
    if app.db.is_crowded() { Err(come_again("too many wait")) } else { Ok(()) }
}

fn come_again(why: &str) -> Failure {
    let mut random = [0];
    // Without chance everybody is asked to come in the same second, which is still better than nothing.
    let drawn = getrandom::fill(&mut random).map_or(0, |()| u64::from(u8::from_be_bytes(random)));
    Failure::of(Code::Busy, why).retry_after(1 + drawn % LONGEST_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn small_bodies_always_find_room_and_large_ones_only_while_there_is_some() {
        let room = Room::default();
        let held = room.for_body(ROOM_KIB * 1024).await.unwrap();
        assert!(held.is_some());
        assert!(room.for_body(SMALL).await.unwrap().is_none());
        assert_eq!(room.for_body(SMALL + 1).await.unwrap_err().code(), Code::Busy);
        drop(held);
        assert!(room.for_body(SMALL + 1).await.unwrap().is_some());
    }
}
