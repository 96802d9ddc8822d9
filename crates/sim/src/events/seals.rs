//! A record is sealed: what it held is settled, and afterwards only photos that it names may still come.

use anyhow::Result;
use kerbside_core::change::Edit;
use kerbside_core::ids::Sha256;

use crate::world::World;

impl World {
    pub fn seal(&mut self) -> Result<()> {
        let at = self.any_phone();
        let Some(record) = self.any_record(at)? else { return Ok(()) };
        let manifest = Sha256::of(&self.rng.u64(..).to_be_bytes());
        let seal = Edit::Seal { manifest, signature: vec![7; 64] };
        let marker = self.ledger.new_marker();
        self.save_edits(at, record, &marker, vec![seal])
    }
}
