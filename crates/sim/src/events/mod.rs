//! Everything that can happen, one line each: how often, what it is called, and what does it.
//!
//! A round is one event. A file of this folder holds the events of one subject as methods of the world; what they
//! did that the checks must know, they say to the ledger.

pub mod cut;
pub mod desk;
pub mod gone;
pub mod line;
mod mishaps;
pub mod photos;
mod replays;
pub mod restoring;
pub mod reviewing;
mod risk;
#[cfg(kerbside_sim)]
mod rotting;
mod scoping;
mod seals;
pub mod sets;
pub mod upgrades;
mod withdrawals;
pub mod work;

use anyhow::Result;
use fastrand::Rng;

use crate::world::World;

/// One thing that can happen.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// How often, against the sum of all weights.
    weight: u32,
    pub name: &'static str,
    pub act: fn(&mut World) -> Result<()>,
}

const fn event(weight: u32, name: &'static str, act: fn(&mut World) -> Result<()>) -> Event {
    Event { weight, name, act }
}

pub const EVENTS: &[Event] = &[
    event(260, "an officer saves", World::edit),
    event(30, "a form is left open", World::draft),
    event(40, "a set changes", World::change_set),
    event(2, "a set changes before a loss", World::a_set_changes_before_a_loss),
    event(4, "a record is sealed", World::seal),
    event(4, "a newer app writes", World::newer_app_writes),
    event(5, "a form gets a version", World::publish),
    event(25, "a paper is attached", World::attach),
    event(60, "photos are sent", World::send_photos),
    event(200, "a phone sends", World::send),
    event(340, "a letter arrives", World::deliver),
    event(40, "a letter is lost", World::lose),
    event(20, "a letter comes twice", World::repeat),
    event(4, "a line holds", World::line_holds),
    event(60, "the office answers", World::desk),
    event(10, "a record changes teams", World::move_record),
    event(10, "an officer withdraws a record", World::withdraw),
    event(5, "the office withdraws a record", World::withdraw_at_desk),
    event(6, "the office takes something out for good", World::redact),
    event(3, "the office removes a record for good", World::purge),
    event(10, "an officer changes teams", World::move_officer),
    event(12, "a job is given out or taken back", World::give_job),
    event(8, "a record is said to be somewhere", World::place_record),
    event(6, "an officer is given areas", World::give_areas),
    event(3, "a device is revoked", World::revoke_device),
    event(6, "an officer leaves or comes back", World::leave_or_come_back),
    event(4, "weeks go by", World::weeks_go_by),
    event(20, "someone decides over what is in review", World::decide),
    event(20, "a phone dies", World::die),
    event(8, "a clock jumps", World::clock_jumps),
    event(3, "a phone drowns", World::drown),
    event(10, "a phone is backed up", World::back_up),
    event(10, "a phone is put back", World::put_back),
    event(10, "a phone is cloned", World::clone_phone),
    event(10, "a phone arrives", World::arrive),
    event(10, "the server is backed up", World::back_up_server),
    event(6, "the server is restored", World::restore_server),
    event(8, "the server's log is cut", World::cut_log),
    event(2, "server and phone are put back", World::restore_both),
    #[cfg(kerbside_sim)]
    event(2, "a bit flips on a phone", World::rot_phone),
    #[cfg(kerbside_sim)]
    event(1, "a bit flips on the server", World::rot_server),
];

const TOTAL: u32 = {
    let mut total = 0;
    let mut at = 0;
    while at < EVENTS.len() {
        total += EVENTS[at].weight;
        at += 1;
    }
    total
};

/// One of them, each as often as its weight says.
pub fn any(rng: &mut Rng) -> Event {
    let mut left = rng.u32(..TOTAL);
    for event in EVENTS {
        if left < event.weight {
            return *event;
        }
        left -= event.weight;
    }
    EVENTS[0]
}
