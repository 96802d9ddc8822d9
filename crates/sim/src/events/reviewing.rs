//! Devices are revoked, officers leave and come back, weeks go by; and someone decides over what came too late.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use kerbside_core::change::{ChangeBytes, Edit};
use kerbside_core::ids::{Dot, RecordId};
use kerbside_core::problem::Problem;
use kerbside_core::record::Record;

use crate::ledger::markers_in;
use crate::world::World;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl World {
    pub fn revoke_device(&mut self) -> Result<()> {
        let at = self.any_phone();
        let device = self.phones[at].device;
        // A restored server may not know it yet.
        if self.server.revoke_device(device, self.now_ms)? {
            self.note(&format!("the device of phone {at} is revoked"));
        }
        Ok(())
    }

    pub fn leave_or_come_back(&mut self) -> Result<()> {
        let at = self.any_phone();
        let email = self.phones[at].email.clone();
        let is_here = self.server.officer_by_email(&email)?.is_some();
        let left_at = is_here.then_some(self.now_ms);
        ensure!(self.server.set_disabled(&email, left_at)?, "an officer nobody knows");
        self.note(&format!("{email} {}", if is_here { "leaves" } else { "is back" }));
        Ok(())
    }

    /// Long enough that what was written before may be no longer taken.
    pub fn weeks_go_by(&mut self) -> Result<()> {
        self.now_ms += DAY_MS * self.rng.i64(20..90);
        self.note("weeks go by");
        Ok(())
    }

    pub fn decide(&mut self) -> Result<()> {
        let jo = self.officer("jo@example.gov.uk")?;
        let waiting = self.server.review(&jo)?.items;
        if waiting.is_empty() {
            return Ok(());
        }
        let item = &waiting[self.rng.usize(..waiting.len())];
        let dot = Dot { actor: item.actor, counter: item.counter };
        let takes = self.rng.u8(0..3) != 0;
        let kept = self.server.set_aside_changes()?.into_iter().find(|kept| kept.dot == dot);
        let says = kept.map(|kept| markers_in(&kept.bytes)).unwrap_or_default();
        // Whoever declines repeats what was written.
        let reason = format!("not ours: {}", says.join(" "));
        if takes {
            // It comes under the dot of whoever approves it: who saw it before, on its own phone or in an earlier life of the
            // server, has answered over another dot.
            self.ledger.arrives_twice(says);
        }
        let dies = self.plan_crash();
        let decided = if takes {
            self.server.approve(self.now_ms, &jo, dot).map(|taken| format!("{dot} is taken as {taken}"))
        } else {
            self.server.decline(self.now_ms, &jo, dot, &reason).map(|()| format!("{dot} is declined"))
        };
        self.end_crash();
        match decided {
            Ok(said) => self.note(&said),
            Err(cause) => {
                let is_refused = cause.downcast_ref::<Problem>().is_some();
                if !is_refused && !dies {
                    return Err(cause.context("Deciding over a change in review"));
                }
                self.note(&format!("{dot} is not decided"));
            }
        }
        Ok(())
    }
}

/// What waits, and what was declined, is on the server's disk and in nobody's record. What was approved has to be, but for
/// answers that somebody who saw them has answered over since: the newer one stands, and the older is kept where it was.
pub fn note_reviews(world: &mut World, folded: &BTreeMap<RecordId, Record>) -> Result<()> {
    let outcomes: BTreeMap<Dot, String> = world.server.reviews()?.into_iter().collect();
    for kept in world.server.set_aside_changes()? {
        let Some(outcome) = outcomes.get(&kept.dot) else { continue };
        if outcome != "approved" || is_answered_over(&kept.bytes, folded) {
            for marker in markers_in(&kept.bytes) {
                world.ledger.waits_for_review(&marker);
            }
        }
    }
    Ok(())
}

fn is_answered_over(bytes: &[u8], folded: &BTreeMap<RecordId, Record>) -> bool {
    let Ok(change) = ChangeBytes::received(bytes.to_vec()).read() else { return false };
    let Some(record) = folded.get(&change.record) else { return false };
    change.edits.iter().any(|edit| {
        let Edit::Put { field, .. } = edit else { return false };
        change.counter <= record.context(field).get(change.actor)
    })
}

/// Whether the office has stopped this phone: then it holds nothing of anyone.
pub fn is_stopped(world: &mut World, at: usize) -> Result<bool> {
    let (device, email) = (world.phones[at].device, world.phones[at].email.clone());
    let is_revoked = world.server.device(device)?.is_some_and(|device| device.is_revoked);
    Ok(is_revoked || world.server.officer_by_email(&email)?.is_none())
}
