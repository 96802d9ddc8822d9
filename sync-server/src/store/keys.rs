//! Keys with which other systems ask: each acts as one of the council's people. Only its hash is kept.

use anyhow::Result;
use kerbside_core::ids::{OfficerId, Sha256};
use kerbside_core::problem::{Code, Problem};
use serde::Serialize;

use super::Store;
use super::people::{Officer, read_officer};
use crate::clock::rfc3339;
use crate::values;

/// What a key begins with, so that one that got out is known for what it is.
const MARK: &str = "kbs_";

/// A key as a list shows it. `id` is the beginning of its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyLine {
    pub id: String,
    pub name: String,
    pub officer: OfficerId,
    pub created: String,
    pub revoked: bool,
}

impl Store {
    /// Makes a key for a system that acts as this person, and gives it: it is nowhere stored.
    pub fn make_key(&mut self, officer: OfficerId, name: &str, now_ms: i64) -> Result<(String, KeyLine)> {
        let secret: [u8; 32] = self.chance.bytes()?;
        let key = format!("{MARK}{}", data_encoding::BASE64URL_NOPAD.encode(&secret));
        let hash = Sha256::of(key.as_bytes());
        self.connection.transaction(|tx| {
            tx.execute(
                "INSERT INTO api_key (hash, officer, name, created_at) VALUES ($1, $2, $3, $4)",
                values![hash, officer, name, now_ms],
            )
        })?;
        let created = rfc3339(now_ms);
        Ok((key, KeyLine { id: id_of(hash), name: name.to_owned(), officer, created, revoked: false }))
    }

    /// Whom a key acts as: none where it is unknown or revoked, or where that person may sign in no more.
    pub fn officer_of_key(&mut self, key: &str) -> Result<Option<Officer>> {
        let hash = Sha256::of(key.as_bytes());
        let found = self
            .connection
            .find("SELECT officer FROM api_key WHERE hash = $1 AND revoked_at IS NULL", values![hash])?;
        found.map_or(Ok(None), |row| read_officer(&mut self.connection, OfficerId(row.u32(0)?)))
    }

    pub fn keys(&mut self) -> Result<Vec<KeyLine>> {
        let rows = self.connection.query(
            "SELECT hash, name, officer, created_at, revoked_at FROM api_key ORDER BY created_at, hash",
            &[],
        )?;
        let line = |row: &super::Row| {
            Ok(KeyLine {
                id: id_of(Sha256(row.bytes(0)?)),
                name: row.text(1)?,
                officer: OfficerId(row.u32(2)?),
                created: rfc3339(row.int(3)?),
                revoked: row.find_int(4)?.is_some(),
            })
        };
        rows.iter().map(line).collect()
    }

    /// From now on the key opens nothing.
    pub fn revoke_key(&mut self, id: &str, now_ms: i64) -> Result<()> {
        self.connection.transaction(|tx| {
            let rows = tx.query("SELECT hash FROM api_key WHERE revoked_at IS NULL ORDER BY hash", &[])?;
            let hashes = rows.iter().map(|row| Ok(Sha256(row.bytes(0)?))).collect::<Result<Vec<_>>>()?;
            let mut meant = hashes.into_iter().filter(|hash| id_of(*hash) == id);
            let hash = meant.next().ok_or_else(|| Problem::new(Code::NotFound, "no such key"))?;
            tx.execute("UPDATE api_key SET revoked_at = $1 WHERE hash = $2", values![now_ms, hash])
                .map(|_| ())
        })
    }
}

fn id_of(hash: Sha256) -> String {
    hash.to_string().chars().take(12).collect()
}
