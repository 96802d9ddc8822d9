//! A clock that is wrong by days misleads nobody but its own phone, and that one only until it next hears the time.

use anyhow::{Result, ensure};
use kerbside_core::change::ChangeBytes;
use kerbside_core::time::TRUSTED_AHEAD_MS;

use super::Settled;
use crate::world::World;

/// No change is stamped further ahead than its own phone ever believed it was, and what may be taken from others.
pub fn clocks_are_sane(world: &mut World, settled: &Settled) -> Result<()> {
    let trusted_ms = i64::try_from(TRUSTED_AHEAD_MS)?;
    for (phone, (at, own)) in world.phones.iter().zip(settled.own.iter().enumerate()) {
        let most_ms = phone.skews_ms.1 - phone.skews_ms.0;
        for own in own {
            let really = own.markers.first().and_then(|marker| world.ledger.really_at_ms(marker));
            let read = ChangeBytes::received(own.change.bytes.clone()).read();
            if let (Some(really_ms), Ok(change)) = (really, read) {
                let (dot, ahead_ms) = (change.dot(), i64::try_from(change.at.hlc.ms())? - really_ms);
                ensure!(
                    ahead_ms <= most_ms + trusted_ms,
                    "{dot} of phone {at} is stamped {ahead_ms} ms ahead, and its clock never erred by more than {most_ms}"
                );
            }
        }
    }
    Ok(())
}
