//! Sessions of the console, known by the hash of their token, and the tries that failed.

use anyhow::Result;
use kerbside_core::ids::{OfficerId, Sha256};

use super::Store;
use crate::values;

/// A browser that is signed in.
#[derive(Debug, Clone)]
pub struct Session {
    pub officer: OfficerId,
    pub csrf: String,
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub struct Lasting {
    pub idle_ms: i64,
    pub absolute_ms: i64,
    /// Whether this use keeps it alive. A screen that only listens does not.
    pub is_use: bool,
}

/// What tries are counted under, and how many are free; after those each costs twice the wait of the one before,
/// up to a quarter of an hour.
#[derive(Debug, Clone)]
pub struct Tried {
    pub key: String,
    pub free: i64,
}

const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;
const FORGOTTEN_AFTER_MS: i64 = 24 * 60 * 60 * 1000;

impl Store {
    /// Opens a session and gives its token, which is nowhere stored.
    pub fn open_session(&mut self, officer: OfficerId, now_ms: i64) -> Result<([u8; 32], Session)> {
        let token: [u8; 32] = self.chance.bytes()?;
        let csrf = data_encoding::BASE64URL_NOPAD.encode(&self.chance.bytes::<32>()?);
        self.connection.transaction(|tx| {
            tx.execute("DELETE FROM session WHERE created_at < $1", values![now_ms - FORGOTTEN_AFTER_MS])?;
            tx.execute(
                "INSERT INTO session (token, officer, csrf, created_at, seen_at) VALUES ($1, $2, $3, $4, $4)",
                values![Sha256::of(&token).0, officer.0, &csrf, now_ms],
            )
        })?;
        Ok((token, Session { officer, csrf }))
    }

    /// The session of a token, kept alive by being used; none when it has expired.
    pub fn session(&mut self, token: &[u8; 32], now_ms: i64, lasting: Lasting) -> Result<Option<Session>> {
        let hash = Sha256::of(token).0;
        let found = self
            .connection
            .find("SELECT officer, csrf, created_at, seen_at FROM session WHERE token = $1", values![hash])?;
        let Some(row) = found else { return Ok(None) };
        let (created, seen) = (row.int(2)?, row.int(3)?);
        if created + lasting.absolute_ms < now_ms || seen + lasting.idle_ms < now_ms {
            self.close_session(token)?;
            return Ok(None);
        }
        // Once a minute is enough, and spares a commit for every request of a busy screen.
        if lasting.is_use && seen + 60_000 < now_ms {
            self.connection.transaction(|tx| {
                tx.execute("UPDATE session SET seen_at = $1 WHERE token = $2", values![now_ms, hash])
            })?;
        }
        Ok(Some(Session { officer: OfficerId(row.u32(0)?), csrf: row.text(1)? }))
    }

    pub fn close_session(&mut self, token: &[u8; 32]) -> Result<()> {
        let hash = Sha256::of(token).0;
        self.connection
            .transaction(|tx| tx.execute("DELETE FROM session WHERE token = $1", values![hash]).map(|_| ()))
    }

    /// How long anyone must wait before trying again under any of these keys (an account, an address).
    pub fn sign_in_wait_ms(&mut self, tried: &[Tried], now_ms: i64) -> Result<i64> {
        let mut longest = 0;
        for Tried { key, free } in tried {
            let found = self
                .connection
                .find("SELECT tries, last_at FROM sign_in_try WHERE key = $1", values![hidden(key)])?;
            if let Some(row) = found {
                let until = row.int(1)? + wait_after(row.int(0)? - free);
                longest = longest.max(until - now_ms);
            }
        }
        Ok(longest)
    }

    pub fn count_sign_in(&mut self, tried: &[Tried], succeeded: bool, now_ms: i64) -> Result<()> {
        self.connection.transaction(|tx| {
            tx.execute("DELETE FROM sign_in_try WHERE last_at < $1", values![now_ms - FORGOTTEN_AFTER_MS])?;
            for Tried { key, .. } in tried {
                if succeeded {
                    tx.execute("DELETE FROM sign_in_try WHERE key = $1", values![hidden(key)])?;
                } else {
                    tx.execute(
                        "INSERT INTO sign_in_try (key, tries, last_at) VALUES ($1, 1, $2) \
                         ON CONFLICT (key) DO UPDATE SET tries = sign_in_try.tries + 1, last_at = excluded.last_at",
                        values![hidden(key), now_ms],
                    )?;
                }
            }
            Ok(())
        })
    }
}

fn wait_after(over: i64) -> i64 {
    if over < 0 {
        return 0;
    }
    (1_000_i64 << over.min(20)).min(LONGEST_WAIT_MS)
}

/// Addresses and mail addresses are personal data: only their hashes are kept.
fn hidden(key: &str) -> String {
    Sha256::of(key.as_bytes()).to_string()
}
