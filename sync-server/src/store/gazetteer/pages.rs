//! What a device is sent of a gazetteer: that there is one, and page by page what changed since the release it holds.

use anyhow::Result;
use kerbside_core::exchange::Offer;
use kerbside_core::gazetteer::{Content, GazetteerPage, PAGE_ROWS};

use super::super::Store;
use super::super::connection::Connection;
use super::super::people::Officer;
use super::{ADDRESS, AFTER_ADDRESS, EVERYWHERE, address_of};
use crate::values;

/// What a gazetteer's pack is called: `gazetteer.council`.
pub const PACK: &str = "gazetteer.";
/// What an address comes to on the way, about.
const BYTES_A_ROW: u64 = 24;

impl Store {
    /// The page after a UPRN, on the way from the release a device holds to the one that stands. None where that release
    /// stands no longer, or is not this officer's.
    pub fn gazetteer_page(
        &mut self,
        officer: &Officer,
        (area, release): (&str, u32),
        (since, after): (u32, u64),
    ) -> Result<Option<GazetteerPage>> {
        self.connection.snapshot(|tx| {
            let standing = tx.find("SELECT release, oldest FROM gazetteer WHERE area = $1", values![area])?;
            let Some(standing) = standing.filter(|_| is_for(officer, area)) else { return Ok(None) };
            if standing.u32(0)? != release {
                return Ok(None);
            }
            let since = if standing.u32(1)? <= since && since <= release { since } else { 0 };
            page(tx, (area, release), (since, after)).map(Some)
        })
    }
}

fn is_for(officer: &Officer, area: &str) -> bool {
    area == EVERYWHERE || officer.areas.is_empty() || officer.areas.contains(area)
}

pub(in super::super) fn offers(tx: &mut Connection, officer: &Officer) -> Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for row in tx.query("SELECT area, release, rows, sum FROM gazetteer ORDER BY area", &[])? {
        let area = row.text(0)?;
        if is_for(officer, &area) {
            let content = Content { rows: u64::try_from(row.int(2)?)?, sum: row.int(3)? };
            offers.push(Offer {
                name: format!("{PACK}{area}"),
                version: row.u32(1)?,
                sha256: content.hash(),
                bytes: content.rows.saturating_mul(BYTES_A_ROW),
            });
        }
    }
    Ok(offers)
}

fn page(
    tx: &mut Connection,
    (area, release): (&str, u32),
    (since, after): (u32, u64),
) -> Result<GazetteerPage> {
    let sql = format!(
        "SELECT {ADDRESS}, a.since FROM gazetteer_address a JOIN gazetteer_block b ON b.id = a.block \
         WHERE a.uprn > $1 AND a.area = $2 AND \
         ((a.since > $3 AND a.since <= $4 AND (a.until IS NULL OR a.until > $4)) \
         OR (a.since <= $3 AND a.until > $3 AND a.until <= $4)) ORDER BY a.uprn, a.since LIMIT $5"
    );
    let limit = i64::try_from(PAGE_ROWS + 1)?;
    let mut rows = tx.query(&sql, values![i64::try_from(after)?, area, since, release, limit])?;
    let mut through = None;
    if PAGE_ROWS < rows.len()
        && let Some(last) = rows.pop()
    {
        // Both rows of a property that changed belong on one page.
        let next = last.int(0)?;
        while rows.last().is_some_and(|row| row.int(0).is_ok_and(|uprn| uprn == next)) {
            rows.pop();
        }
        through = Some(u64::try_from(next)?.saturating_sub(1));
    }
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for row in &rows {
        if row.u32(AFTER_ADDRESS)? <= since {
            removed.push(u64::try_from(row.int(0)?)?);
        } else {
            added.push(address_of(row)?);
        }
    }
    Ok(GazetteerPage { area: area.to_owned(), release, since, after, through, removed, added })
}
