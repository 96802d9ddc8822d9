//! Whatever was cut of the server's log, the server proves that it is whole.

use anyhow::{Result, ensure};

use super::Settled;
use crate::world::World;

pub fn server_verifies(world: &mut World, _: &Settled) -> Result<()> {
    let found = world.server.verify()?;
    ensure!(found.integrity == "ok", "the server is damaged: {found:?}");
    Ok(())
}
