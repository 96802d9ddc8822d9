//! Pages of a release on their way in. What they bring is seen when the last of them is here and it adds up.

use super::Gazetteers;
use anyhow::{Context, Result};
use kerbside_core::gazetteer::{Address, Block, Content, GazetteerPage, is_spelt_loosely, shortened};
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use rusqlite::{Connection, OptionalExtension};

/// The next page of a release that a device needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub since: u32,
    pub after: u64,
}

/// What is known of an area's gazetteer.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    release: u32,
    content: Content,
    coming: u32,
    coming_content: Content,
    since: u32,
    after: u64,
}

impl Gazetteers {
    /// Each area that stands, with its release and what says that it holds the same.
    pub fn held(&self) -> Result<Vec<(String, u32, Sha256)>> {
        if !self.is_begun() {
            return Ok(Vec::new());
        }
        self.open()?
            .prepare_cached("SELECT area, release, rows, sum FROM gazetteer WHERE 0 < release ORDER BY area")?
            .query_map((), |row| {
                let content = Content { rows: row.get::<_, i64>(2)?.cast_unsigned(), sum: row.get(3)? };
                Ok((row.get(0)?, row.get(1)?, content.hash()))
            })?
            .collect::<Result<_, _>>()
            .context("List the gazetteers")
    }

    /// What to ask for to come to a release; goes on where a line broke off.
    pub fn wanted(&self, area: &str, release: u32) -> Result<Wanted> {
        let standing = standing(self.open()?, area)?;
        Ok(if standing.coming == release {
            Wanted { since: standing.since, after: standing.after }
        } else {
            Wanted { since: standing.release, after: 0 }
        })
    }

    /// Takes the page that was wanted. True once the release stands; `hash` is what it was said to hold.
    pub fn take(&self, page: &GazetteerPage, hash: Sha256) -> Result<bool> {
        let sound = self.transact(|connection| {
            let mut standing = standing(connection, &page.area)?;
            if page.after == 0 {
                standing = begin(connection, standing, page)?;
            }
            if (standing.coming, standing.after, standing.since) != (page.release, page.after, page.since) {
                return Err(Problem::new(Code::CaptivePortal, "A page of another release").into());
            }
            put(connection, page, &mut standing.coming_content)?;
            standing.after = page.through.unwrap_or(u64::MAX >> 1);
            if page.through.is_none() {
                return end(connection, page, &standing, hash);
            }
            write(connection, &page.area, &standing)?;
            Ok(true)
        })?;
        if !sound {
            tracing::warn!(area = page.area, release = page.release, "A gazetteer did not add up");
            self.forget(&page.area)?;
            return Err(Problem::new(Code::CaptivePortal, "A gazetteer is not what was offered").into());
        }
        Ok(page.through.is_none())
    }

    /// Leaves nothing of an area's gazetteer.
    pub fn forget(&self, area: &str) -> Result<()> {
        self.transact(|connection| {
            for sql in [
                "DELETE FROM address WHERE area = ?1",
                "DELETE FROM leaving WHERE area = ?1",
                "DELETE FROM gazetteer WHERE area = ?1",
            ] {
                connection.execute(sql, [area]).context("Forget a gazetteer")?;
            }
            Ok(())
        })
    }
}

fn standing(connection: &Connection, area: &str) -> Result<Standing> {
    let found = connection
        .prepare_cached(
            "SELECT release, rows, sum, coming, coming_rows, coming_sum, since, after FROM gazetteer WHERE area = ?1",
        )?
        .query_row([area], |row| {
            Ok(Standing {
                release: row.get(0)?,
                content: Content { rows: row.get::<_, i64>(1)?.cast_unsigned(), sum: row.get(2)? },
                coming: row.get(3)?,
                coming_content: Content { rows: row.get::<_, i64>(4)?.cast_unsigned(), sum: row.get(5)? },
                since: row.get(6)?,
                after: row.get::<_, i64>(7)?.cast_unsigned(),
            })
        })
        .optional()
        .context("Read how far a gazetteer is")?;
    Ok(found.unwrap_or_default())
}

fn write(connection: &Connection, area: &str, standing: &Standing) -> Result<()> {
    let Standing { release, content, coming, coming_content, since, after } = *standing;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO gazetteer (area, release, rows, sum, coming, coming_rows, coming_sum, since, after) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            area,
            release,
            content.rows.cast_signed(),
            content.sum,
            coming,
            coming_content.rows.cast_signed(),
            coming_content.sum,
            since,
            after.cast_signed(),
        ))
        .context("Write how far a gazetteer is")?;
    Ok(())
}

/// Takes away what an earlier way has left, and begins at what stands, or at nothing.
fn begin(connection: &Connection, was: Standing, page: &GazetteerPage) -> Result<Standing> {
    // A server that was put back counts on from further back.
    if page.release <= was.release {
        connection.execute("DELETE FROM address WHERE area = ?1", [&page.area])?;
    }
    let was = if page.release <= was.release { Standing::default() } else { was };
    connection.execute("DELETE FROM address WHERE area = ?1 AND ?2 < release", (&page.area, was.release))?;
    connection.execute("DELETE FROM leaving WHERE area = ?1", [&page.area])?;
    let coming_content = match page.since {
        0 => Content::default(),
        since if since == was.release => was.content,
        _ => return Err(Problem::new(Code::CaptivePortal, "A page since another release").into()),
    };
    Ok(Standing { coming: page.release, coming_content, since: page.since, after: 0, ..was })
}

fn put(connection: &Connection, page: &GazetteerPage, content: &mut Content) -> Result<()> {
    let mut leave =
        connection.prepare_cached("INSERT OR IGNORE INTO leaving (area, uprn) VALUES (?1, ?2)")?;
    let mut mark_of = connection
        .prepare_cached("SELECT mark FROM address WHERE uprn = ?1 AND area = ?2 ORDER BY release LIMIT 1")?;
    for uprn in &page.removed {
        let uprn = uprn.cast_signed();
        let mark = mark_of.query_row((uprn, &page.area), |row| row.get(0)).optional()?;
        mark.into_iter().for_each(|mark| content.take(mark));
        leave.execute((&page.area, uprn))?;
    }
    for address in &page.added {
        put_block(connection, &address.block)?;
        put_address(connection, page, address)?;
        content.add(address.mark());
    }
    Ok(())
}

fn put_address(connection: &Connection, page: &GazetteerPage, address: &Address) -> Result<()> {
    let (low, high) = address.range().unzip();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO address (uprn, area, release, block, unit, unit_number, number, low, high, unit_at, class, \
             standing, lat, lon, cell, mark) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(rusqlite::params![
            address.uprn.cast_signed(),
            page.area,
            page.release,
            address.block.id(),
            address.unit,
            address.unit_number,
            address.number,
            low,
            high,
            address.unit_at(),
            address.class,
            address.standing.number(),
            address.lat_e7,
            address.lon_e7,
            address.cell(),
            address.mark(),
        ])
        .context("Keep an address")?;
    Ok(())
}

/// With the words it is found by, where it is new.
fn put_block(connection: &Connection, block: &Block) -> Result<()> {
    let id = block.id();
    let put = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO block (id, usrn, organisation, name, street, locality, town, postcode) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            id,
            block.usrn,
            &block.organisation,
            &block.name,
            &block.street,
            &block.locality,
            &block.town,
            &block.postcode,
        ))
        .context("Keep a street")?;
    if put == 0 {
        return Ok(());
    }
    for word in block.words() {
        connection.prepare_cached("INSERT INTO word (word, block) VALUES (?1, ?2)")?.execute((&word, id))?;
        let blocks: u32 = connection
            .prepare_cached(
                "INSERT INTO term (word, blocks) VALUES (?1, 1) ON CONFLICT DO UPDATE SET blocks = blocks + 1 \
                 RETURNING blocks",
            )?
            .query_row([&word], |row| row.get(0))?;
        if blocks == 1 && is_spelt_loosely(&word) {
            let mut put =
                connection.prepare_cached("INSERT OR IGNORE INTO slip (shortened, word) VALUES (?1, ?2)")?;
            for shorter in shortened(&word) {
                put.execute((shorter, &word))?;
            }
        }
    }
    Ok(())
}

/// Makes the coming release the one that stands, where it holds what it was said to hold.
fn end(connection: &Connection, page: &GazetteerPage, standing: &Standing, hash: Sha256) -> Result<bool> {
    if standing.coming_content.hash() != hash {
        return Ok(false);
    }
    let old = (&page.area, page.release);
    if page.since == 0 {
        connection.execute("DELETE FROM address WHERE area = ?1 AND release < ?2", old)?;
    } else {
        connection.execute(
            "DELETE FROM address WHERE area = ?1 AND release < ?2 AND uprn IN (SELECT uprn FROM leaving WHERE area = ?1)",
            old,
        )?;
    }
    connection.execute("DELETE FROM leaving WHERE area = ?1", [&page.area])?;
    let stands = Standing { release: page.release, content: standing.coming_content, ..Standing::default() };
    write(connection, &page.area, &stands)?;
    Ok(true)
}
