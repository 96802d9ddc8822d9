//! Who this server is: its id, its signing key, the epoch of its database and the key of its nonces.
//!
//! All of it lies in the database, so that it is in the backup and several processes share it.

use anyhow::Result;
use kerbside_core::ids::{Epoch, ServerId};

use super::Store;
use super::connection::Connection;
use crate::values;

/// The server's name and secrets. `Debug` shows no secret.
#[derive(Clone)]
pub struct Identity {
    pub server: ServerId,
    pub epoch: Epoch,
    pub council: String,
    pub council_name: String,
    /// The Ed25519 secret with which receipts are signed.
    pub signing: [u8; 32],
    /// The key of the nonces that devices sign.
    pub nonces: [u8; 32],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity {{ server: {}, epoch: {} }}", self.server, self.epoch)
    }
}

impl Store {
    /// Gives a new database its id, epoch and keys; an old one keeps those it has.
    pub fn establish(&mut self, now_ms: i64) -> Result<Identity> {
        let chance = &mut self.chance;
        self.connection.transaction(|tx| {
            let there = tx.find("SELECT id FROM council WHERE id = 1", &[])?;
            if there.is_none() {
                let server = uuid::Builder::from_random_bytes(chance.bytes()?).into_uuid();
                let epoch = uuid::Builder::from_random_bytes(chance.bytes()?).into_uuid();
                tx.execute(
                    "INSERT INTO council (id, server, epoch) VALUES (1, $1, $2) ON CONFLICT DO NOTHING",
                    values![server.into_bytes(), epoch.into_bytes()],
                )?;
                for name in ["signing", "nonces"] {
                    tx.execute(
                        "INSERT INTO server_key (name, secret, created_at) VALUES ($1, $2, $3) \
                         ON CONFLICT DO NOTHING",
                        values![name, chance.bytes::<32>()?, now_ms],
                    )?;
                }
            }
            read(tx)
        })
    }

    pub fn identity(&mut self) -> Result<Identity> {
        read(&mut self.connection)
    }
}

pub(super) fn read(connection: &mut Connection) -> Result<Identity> {
    let row = connection.one("SELECT server, epoch, key, name FROM council WHERE id = 1", &[])?;
    Ok(Identity {
        server: ServerId(row.bytes(0)?),
        epoch: Epoch(row.bytes(1)?),
        council: row.text(2)?,
        council_name: row.text(3)?,
        signing: secret(connection, "signing")?,
        nonces: secret(connection, "nonces")?,
    })
}

fn secret(connection: &mut Connection, name: &str) -> Result<[u8; 32]> {
    connection.one("SELECT secret FROM server_key WHERE name = $1", values![name])?.bytes(0)
}
