//! The promise, checked on everything at once when all has settled: one line a check, one file a subject.

mod answers;
mod clocks;
mod cut;
mod gone;
mod log;
mod lost;
mod phones;
mod photos;
mod seals;
mod sets;
mod withdrawals;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use kerbside_core::change::{Change, ChangeBytes};
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use kerbside_device::{ChangeState, OwnChange};
use kerbside_server::store::Period;

use crate::events::reviewing::note_reviews;
use crate::ledger::{Marker, markers_of};
use crate::world::World;

/// What has to hold of a settled world.
#[derive(Debug, Clone, Copy)]
struct Check {
    name: &'static str,
    holds: fn(&mut World, &Settled) -> Result<()>,
}

const fn check(name: &'static str, holds: fn(&mut World, &Settled) -> Result<()>) -> Check {
    Check { name, holds }
}

const CHECKS: &[Check] = &[
    check("the log is the state", log::log_is_state),
    check("nothing is lost", lost::nothing_lost),
    check("nothing is made up", lost::nothing_made_up),
    check("the right answers stand", answers::right_answers_stand),
    check("the right members stand", sets::right_members_stand),
    check("seals hold", seals::seals_hold),
    check("clocks are sane", clocks::clocks_are_sane),
    check("photos have come", photos::photos_have_come),
    check("no photo waits", photos::no_photo_waits),
    check("a withdrawal hides nothing unseen", withdrawals::withdrawals_hide_nothing),
    check("what was taken out is nowhere", gone::nothing_is_said_again),
    check("what was purged stays gone", gone::purged_stay_gone),
    check("no queue is stuck", phones::no_queue_is_stuck),
    check("each phone holds its scope", phones::scope_is_held),
    check("every vault verifies", phones::vaults_verify),
    check("the server verifies", cut::server_verifies),
];

/// A settled world, read once for all checks.
#[derive(Debug, Default)]
pub struct Settled {
    /// The changes in the server's log, in its order.
    pub log: Vec<Change>,
    /// The log, folded.
    pub folded: BTreeMap<RecordId, Record>,
    /// Every act in the server's log.
    pub taken: BTreeSet<Marker>,
    pub taken_in: BTreeMap<RecordId, BTreeSet<Marker>>,
    /// What each phone wrote, and is still kept there.
    pub own: Vec<Vec<Own>>,
}

#[derive(Debug)]
pub struct Own {
    pub change: OwnChange,
    pub markers: Vec<Marker>,
}

/// Checks everything and returns how many changes were refused.
pub fn check_all(world: &mut World) -> Result<u32> {
    let settled = Settled::read(world)?;
    note_reviews(world, &settled.folded)?;
    note_second_copies(world, &settled)?;
    for check in CHECKS {
        (check.holds)(world, &settled).with_context(|| format!("it does not hold that {}", check.name))?;
    }
    let refused = settled.own.iter().flatten().filter(|own| own.change.state == ChangeState::Refused);
    Ok(u32::try_from(refused.count())?)
}

/// What was held for its twin was told to be a second copy only later. A phone may clear its copy in the very exchange
/// that tells it so, and then says no more of it: so the server is asked as well.
fn note_second_copies(world: &mut World, settled: &Settled) -> Result<()> {
    for own in settled.own.iter().flatten().filter(|own| own.change.state == ChangeState::Duplicate) {
        world.ledger.arrives_twice(own.markers.clone());
    }
    let copied = copied_dots(world)?;
    for change in settled.log.iter().filter(|change| copied.contains(&change.dot().to_string())) {
        world.ledger.arrives_twice(markers_of(change));
    }
    Ok(())
}

/// The dots in the log whose act came under another dot as well, by the server's own count.
fn copied_dots(world: &mut World) -> Result<BTreeSet<String>> {
    let lee = world.officer("lee@example.gov.uk")?;
    let (mut copied, mut after) = (BTreeSet::new(), Some(0));
    while let Some(from) = after {
        let page = world.server.trust_lines(&lee, "duplicates", Period::ALL, from)?;
        copied.extend(page.lines.into_iter().filter_map(|line| line.same_as));
        after = page.next;
    }
    Ok(copied)
}

impl Settled {
    /// No act may be in the log twice, under whatever dots.
    fn read(world: &mut World) -> Result<Self> {
        let mut settled = Self::default();
        for change in world.log()? {
            settled.fold(&change)?;
            // What was taken out of it lies over what it lay over all the same.
            let blanked = world.ledger.gone.redacted_in(&change);
            settled.taken_in.entry(change.record).or_default().extend(blanked);
            settled.log.push(change);
        }
        for phone in &world.phones {
            let own = phone.vault.own_changes()?.into_iter().map(Own::of);
            settled.own.push(own.collect());
        }
        Ok(settled)
    }

    fn fold(&mut self, change: &Change) -> Result<()> {
        let is_new = self.folded.entry(change.record).or_default().apply(change);
        ensure!(is_new, "{} is in the log twice", change.dot());
        for marker in markers_of(change) {
            ensure!(self.taken.insert(marker.clone()), "{marker} arrived twice");
            self.taken_in.entry(change.record).or_default().insert(marker);
        }
        Ok(())
    }
}

impl Own {
    fn of(change: OwnChange) -> Self {
        let read = ChangeBytes::received(change.bytes.clone()).read();
        Self { markers: read.map(|read| markers_of(&read)).unwrap_or_default(), change }
    }
}
