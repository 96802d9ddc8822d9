//! Faults the simulator plants: crashes between two writes, and mutants that a good simulator must catch.
//!
//! Only in a build with `--cfg kerbside_sim`; in every other build `is` is a constant and a crash cannot happen.

/// Rules that can be broken on purpose, one at a time, to see whether the simulator notices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutant {
    /// The device takes its next counter in a transaction of its own.
    CounterOutsideTransaction,
    /// The device moves its cursor before it applies the page.
    CursorBeforePage,
    /// A page is applied though the server has not proven the device's own dots.
    PageBeforeProof,
    /// A refused change does not consume its counter.
    RefusalDoesNotConsume,
    /// The log is read from where paging ended, not from where it began.
    SnapshotWithoutTail,
    /// A refused change stays in the record's head.
    NoRebuildOnRefusal,
    /// Other bytes under a known dot are taken for a repeat.
    NoForkCheck,
    /// A context names the dots of the visible values, not their clocks.
    ContextOfVisibleDotsOnly,
    /// Re-dotted contexts keep what the double wrote.
    RedotToHwm,
    /// A change leaves the outbox when it is sent.
    OutboxClearedOnSend,
    /// The same act under another dot is taken for another.
    NoCid,
    /// A change that is put into review does not consume its counter.
    ReviewDoesNotConsume,
    /// What is approved is written over all that stands, not over what its writer had seen.
    ApprovalOverNewer,
    /// A record that leaves takes along what was saved in it and not sent.
    LeaveBeforeSent,
    /// Whoever is given a job whose team they are not in is not told of it.
    AssignmentNotTold,
    /// A comparison of digests compares nothing.
    DigestOfNothing,
    /// What is entered anew is merged into what was held instead of replacing it.
    RepairMerges,
    /// A record entered anew forgets what was pending in it.
    RepairDropsPending,
    /// A restored server allots from where its backup stood.
    RestoreWithoutRaise,
    /// A restored server goes on in the epoch of its backup.
    RestoreInOldEpoch,
    /// Marks say what the live store holds, not what the backup does.
    MarksOfLiveStore,
    /// The archive is cleared of what is received, in a backup or not.
    ClearedOnReceived,
    /// What was held is not judged again when what it waits for arrives.
    HeldForEver,
    /// What builds on dots that did not come back is taken at once.
    NothingHeld,
    /// After a restore only the newest actor's work comes back.
    OldActorsForgotten,
    /// A withdrawal is taken to have seen what its writer had not.
    WithdrawalCoversUnseen,
    /// A reply to an earlier push is taken for the answer to this one.
    AnyOldReply,
    /// The server answers a push before it has committed it.
    ReplyBeforeCommit,
    /// A remote clock is adopted however far ahead it is.
    ClockWithoutBound,
    /// What comes after a seal is taken like anything else.
    SealNotEnforced,
    /// A head is folded onto the head before it instead of onto the base.
    HeadOnOldHead,
    /// What only a newer app understands is not kept.
    UnknownEditsStripped,
    /// A removal takes out what its writer never saw as well.
    RemovalOfUnseen,
    /// The server goes on with a cursor of teams the officer has no more.
    AnyScopeCursor,
    /// The row that names a photo is written before its file.
    PhotoRowBeforeFile,
    /// A photo that any device has sent counts as sent by every one that names it.
    PhotoOfAnother,
    /// A restored server does not do again what its ledger says.
    RedactionNotReplayed,
    /// What comes again is taken with what was taken out of it.
    ReofferBringsBack,
    /// A phone blanks what it shows and not what it keeps to send again.
    OutboxKeepsRedacted,
    /// A phone blanks what was declined and not what the office said of it.
    SaidOutlivesWords,
    /// What comes to a record that is gone begins it again.
    PurgeResurrected,
    /// Of a change that was cut nothing is kept by which the same act is known again.
    CutForgetsHashes,
}

impl Mutant {
    /// Those that are not caught within the first sixty worlds, if at all: the check cannot wait for them.
    pub const LATE: &[Self] = &[
        Self::SnapshotWithoutTail,
        Self::MarksOfLiveStore,
        Self::ClearedOnReceived,
        Self::NothingHeld,
        Self::PhotoRowBeforeFile,
    ];

    pub const ALL: &[Self] = &[
        Self::CounterOutsideTransaction,
        Self::CursorBeforePage,
        Self::PageBeforeProof,
        Self::RefusalDoesNotConsume,
        Self::SnapshotWithoutTail,
        Self::NoRebuildOnRefusal,
        Self::NoForkCheck,
        Self::ContextOfVisibleDotsOnly,
        Self::RedotToHwm,
        Self::OutboxClearedOnSend,
        Self::NoCid,
        Self::ReviewDoesNotConsume,
        Self::ApprovalOverNewer,
        Self::LeaveBeforeSent,
        Self::AssignmentNotTold,
        Self::DigestOfNothing,
        Self::RepairMerges,
        Self::RepairDropsPending,
        Self::RestoreWithoutRaise,
        Self::RestoreInOldEpoch,
        Self::MarksOfLiveStore,
        Self::ClearedOnReceived,
        Self::HeldForEver,
        Self::NothingHeld,
        Self::OldActorsForgotten,
        Self::WithdrawalCoversUnseen,
        Self::AnyOldReply,
        Self::ReplyBeforeCommit,
        Self::ClockWithoutBound,
        Self::SealNotEnforced,
        Self::HeadOnOldHead,
        Self::UnknownEditsStripped,
        Self::RemovalOfUnseen,
        Self::AnyScopeCursor,
        Self::PhotoRowBeforeFile,
        Self::PhotoOfAnother,
        Self::RedactionNotReplayed,
        Self::ReofferBringsBack,
        Self::OutboxKeepsRedacted,
        Self::SaidOutlivesWords,
        Self::PurgeResurrected,
        Self::CutForgetsHashes,
    ];
}

#[cfg(not(kerbside_sim))]
mod absent {
    use super::Mutant;

    /// Whether this rule is broken on purpose: never, in this build.
    #[inline]
    #[must_use]
    pub const fn is(_: Mutant) -> bool {
        false
    }

    /// Whether the process dies here: never, in this build.
    #[inline]
    #[must_use]
    pub const fn crashes_here() -> bool {
        false
    }
}

#[cfg(kerbside_sim)]
mod planted {
    use std::cell::Cell;

    use super::Mutant;

    thread_local! {
        static MUTANT: Cell<Option<Mutant>> = const { Cell::new(None) };
        static WRITES_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// Breaks one rule, or none, on this thread.
    pub fn plant(mutant: Option<Mutant>) {
        MUTANT.set(mutant);
    }

    /// Lets this many places between writes pass, then crashes at the next, and whoever died stays dead until this is
    /// called again. None: no crash.
    pub fn crash_after(writes: Option<u32>) {
        WRITES_LEFT.set(writes);
    }

    /// Whether this rule is broken on purpose.
    #[must_use]
    pub fn is(mutant: Mutant) -> bool {
        MUTANT.get() == Some(mutant)
    }

    /// A write that cannot be stopped here is counted all the same: who dies at it finds out when it commits.
    pub fn count_write() {
        if let Some(left) = WRITES_LEFT.get() {
            WRITES_LEFT.set(Some(left.saturating_sub(1)));
        }
    }

    /// Whether the process has died: what it goes on to do must come to nothing.
    #[must_use]
    pub fn is_dead() -> bool {
        WRITES_LEFT.get() == Some(0)
    }

    /// Whether the process dies here.
    #[must_use]
    pub fn crashes_here() -> bool {
        match WRITES_LEFT.get() {
            Some(0) => true,
            Some(left) => {
                WRITES_LEFT.set(Some(left - 1));
                false
            }
            None => false,
        }
    }
}

#[cfg(not(kerbside_sim))]
pub use absent::{crashes_here, is};
#[cfg(kerbside_sim)]
pub use planted::{count_write, crash_after, crashes_here, is, is_dead, plant};
