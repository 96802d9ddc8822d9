//! A clock that is wrong by days misleads nobody but its own phone, and that one only until it next hears the time.

use anyhow::{Result, ensure};
use kerbside_core::change::ChangeBytes;
use kerbside_core::time::TRUSTED_AHEAD_MS;

use super::Settled;
use crate::world::World;

/// No change is stamped further ahead than its own phone ever believed it was, and what may be taken from others.
pub fn clocks_are_sane(world: &mut World, settled: &Settled) -> Result<()> {
    let trusted_ms = i64::try_from(TRUSTED_AHEAD_MS)?;
    for (at, own) in settled.own.iter().enumerate() {
        let mut stamps = Vec::new();
        for own in own {
            let really = own.markers.first().and_then(|marker| world.ledger.really_at_ms(marker));
            let read = ChangeBytes::received(own.change.bytes.clone()).read();
            if let (Some(really_ms), Ok(change)) = (really, read) {
                let believed_ahead_ms = change.at.corrected_ms() - really_ms;
                let stamped_ahead_ms = i64::try_from(change.at.hlc.ms())? - really_ms;
                stamps.push((change.dot(), believed_ahead_ms, stamped_ahead_ms));
            }
        }
        let most_ms = stamps.iter().map(|(_, believed_ms, _)| *believed_ms).max().unwrap_or(0).max(0);
        for (dot, _, ahead_ms) in stamps {
            ensure!(
                ahead_ms <= most_ms + trusted_ms,
                "{dot} of phone {at} is stamped {ahead_ms} ms ahead, and it never believed more than {most_ms}"
            );
        }
    }
    Ok(())
}
