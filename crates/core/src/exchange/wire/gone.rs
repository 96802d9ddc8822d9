//! What was taken out for good, as it is told.

use super::*;
use crate::redact::{Redaction, Target};

pub(super) fn redactions() -> Vec<Redaction> {
    let targets = [
        Target::Field(FieldKey::in_row("household/name", RowId([4; 8]))),
        Target::Note(Dot { actor: Actor(1), counter: 41 }),
        Target::Photo(Sha256([8; 32])),
    ];
    let redaction = |target| Redaction {
        record: RecordId([7; 16]),
        target,
        upto: Context::new([Dot { actor: Actor(1), counter: 41 }]),
        acts: vec![full_change().cid],
    };
    targets.into_iter().map(redaction).collect()
}

/// What the office took out of a record.
pub(super) fn reply_with_redactions() -> Reply {
    let items = redactions().into_iter().map(|redaction| Item::Redact { seq: 6, redaction });
    Reply { items: items.collect(), ..reply() }
}

/// What a device says of a change in which something was taken out: what is left, and the hash it had.
pub(super) fn blanked_push() -> Push {
    let mut left = full_change();
    for redaction in redactions() {
        left = redaction.residue(&left).expect("each takes something out");
    }
    Push {
        changes: vec![ChangeBytes::write(&left).into_bytes()],
        lost: vec![Lost { counter: 41, hash: ChangeBytes::write(&full_change()).hash() }],
        ..push()
    }
}

/// To a device that was stopped: a receipt and the word, and nothing else.
pub(super) fn reply_to_one_stopped() -> Reply {
    Reply {
        items: Vec::new(),
        offers: Vec::new(),
        more: false,
        stopped: Some("device_revoked".to_owned()),
        ..reply()
    }
}
