//! Maps from the council's server, a piece at a time, going on from the very byte where the line broke.

use super::VaultAccess;
use super::pipe::{Ask, PATIENCE, Pipe, Refused};
use crate::clock::Reading;
use crate::maps::Shelf;
use anyhow::Result;
use kerbside_core::area_pack::{AreaPack, MAP_PACK};
use kerbside_core::problem::{Code, Problem};
use reqwest::Method;
use serde::Serialize;

/// Small enough that an officer's report never waits long behind it.
const PIECE: u64 = 512 * 1024;

/// What came of fetching maps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MapsFetched {
    pub finished: u32,
    pub deleted: u32,
    pub bytes_down: u64,
    /// An officer's work came in between, or the time was up: the rest comes later.
    pub broke_off: bool,
}

/// Brings every offered map here, and takes away what is offered no longer. Meant for lines that cost nothing; it gives
/// way as soon as there is work to send.
pub fn fetch_maps<A: VaultAccess>(
    mut access: A,
    deadline_ms: Option<i64>,
    now: &dyn Fn() -> Reading,
) -> Result<MapsFetched> {
    let mut fetched =
        MapsFetched { deleted: access.with(|vault| vault.tidy_maps())?, ..MapsFetched::default() };
    let (Some(shelf), offered) = access.with(|vault| Ok((vault.shelf(), vault.council()?.maps)))? else {
        return Ok(fetched);
    };
    let mut pipe = access.with(|vault| Pipe::of(vault))?;
    pipe.patience = PATIENCE;
    let waiting = access.with(|vault| vault.waiting_to_send())?;
    for pack in offered {
        while !shelf.is_whole(&pack)? {
            let is_late = deadline_ms.is_some_and(|deadline| deadline <= now().wall_ms);
            if is_late || waiting < access.with(|vault| vault.waiting_to_send())? {
                return Ok(MapsFetched { broke_off: true, ..fetched });
            }
            match fetch_piece(&mut pipe, &shelf, &pack) {
                Ok(bytes) => fetched.bytes_down += bytes,
                // Replaced or withdrawn since the council's names were read: the next exchange says what there is.
                Err(cause) if is_gone(&cause) => break,
                Err(cause) => return Err(cause),
            }
            if shelf.is_whole(&pack)? {
                fetched.finished += 1;
            }
        }
    }
    fetched.deleted += access.with(|vault| vault.tidy_maps())?;
    Ok(fetched)
}

fn fetch_piece(pipe: &mut Pipe, shelf: &Shelf, pack: &AreaPack) -> Result<u64> {
    let held = shelf.held(pack)?;
    let mut came = 0;
    if held < pack.bytes {
        let path = format!("/v1/packs/{MAP_PACK}{}/{}", pack.key, pack.version);
        let last = (held + PIECE).min(pack.bytes) - 1;
        let headers = vec![("range", format!("bytes={held}-{last}"))];
        let answer =
            pipe.send(&Ask { method: Method::GET, path: &path, body: Vec::new(), headers, signed: true })?;
        let told = answer.header("content-range").unwrap_or_default();
        let fits = told.starts_with(&format!("bytes {held}-")) && told.ends_with(&format!("/{}", pack.bytes));
        came = answer.body.len() as u64;
        if answer.status != 206 || !fits || came == 0 || last + 1 - held < came {
            return Err(not_ours("A piece of a map is not the one that was asked for"));
        }
        shelf.add(pack, held, &answer.body)?;
    }
    if pack.bytes <= held + came && !shelf.finish(pack)? {
        return Err(not_ours("A map is not what was offered"));
    }
    Ok(came)
}

fn is_gone(cause: &anyhow::Error) -> bool {
    cause.downcast_ref::<Refused>().is_some_and(|refused| refused.problem.code == Code::NotFound)
}

fn not_ours(detail: &str) -> anyhow::Error {
    Refused { problem: Problem::new(Code::CaptivePortal, detail), retry_after_s: None }.into()
}
