//! Everything that can happen, one line each: how often, what it is called, and what does it.
//!
//! A round is one event. A file of this folder holds the events of one subject as methods of the world; what they
//! did that the checks must know, they say to the ledger.

pub mod desk;
pub mod line;
mod mishaps;
mod replays;
mod work;

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
    event(200, "a phone sends", World::send),
    event(340, "a letter arrives", World::deliver),
    event(40, "a letter is lost", World::lose),
    event(20, "a letter comes twice", World::repeat),
    event(60, "the office answers", World::desk),
    event(10, "a record changes teams", World::move_record),
    event(10, "an officer changes teams", World::move_officer),
    event(20, "a phone dies", World::die),
    event(10, "a phone is backed up", World::back_up),
    event(10, "a phone is put back", World::put_back),
    event(10, "a phone is cloned", World::clone_phone),
    event(10, "a phone arrives", World::arrive),
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
