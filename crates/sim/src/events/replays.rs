//! Something between phone and server plays an old reply again: the phone must not take it for the answer to what it
//! asks now.

use anyhow::{Result, bail};
use kerbside_core::exchange::{Push, Reply};
use kerbside_device::Budget;

use crate::world::World;

impl World {
    /// Now and then the reply to an earlier push is what the next push gets.
    pub fn old_reply_is_no_answer(&mut self, phone: usize, old: &Push, reply: &Reply) -> Result<()> {
        if self.rng.u8(0..16) != 0 {
            return Ok(());
        }
        let now = self.reading(phone);
        let push = self.phones[phone].vault.outgoing(Budget::default(), now)?;
        if push.tag() == old.tag() {
            return Ok(());
        }
        self.note(&format!("phone {phone} asks anew and hears an old reply"));
        match self.phones[phone].vault.incoming(&push, reply, now) {
            // One that shows a receipt which is here no more is known for what it is before it is opened.
            Ok(applied) if applied.stale => Ok(()),
            Ok(applied) => bail!("An old reply passed for a new one: {applied:?}"),
            Err(_) => Ok(()),
        }
    }
}
