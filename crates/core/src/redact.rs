//! Taking words out of a record for good: what is to go, and what stays of a change when it has gone.
//!
//! Not an edit but an event of the server's log. The change keeps its dot, its hash and its place in the chain; only
//! what it said under the target is blanked, in the log and wherever its bytes or its effect are kept.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::cbor;
use crate::change::{Change, Context, Edit, PhotoFacts};
use crate::field::FieldKey;
use crate::ids::{Cid, Dot, RecordId, RowId, Sha256};
use crate::value::Value;

/// What a note or the facts of a photo say of their kind when they have gone.
pub const REDACTED: &str = "redacted";

/// What is to go. The whole record is not redacted but purged.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// Every answer given so far to one question; without a row, in every row.
    Field(FieldKey),
    /// What one change noted.
    Note(Dot),
    /// A photo: its bytes, and its facts, whoever names it.
    Photo(Sha256),
}

/// What was taken out of a record, and how it is known when it comes again.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Redaction {
    #[n(0)]
    pub record: RecordId,
    #[n(1)]
    pub target: Target,
    /// What the record held when it was done: a later answer stays.
    #[n(2)]
    pub upto: Context,
    /// The acts that were blanked, under whatever dots they come again.
    #[n(3)]
    pub acts: Vec<Cid>,
}

impl Target {
    /// Whether it may be taken out: what says whose a record is and how it stands may not.
    #[must_use]
    pub fn is_redactable(&self) -> bool {
        match self {
            Self::Field(field) => !field.is_system() && field.is_well_formed(),
            Self::Note(_) | Self::Photo(_) => true,
        }
    }

    /// Whether an answer to this question is meant.
    #[must_use]
    pub fn is_field(&self, field: &FieldKey) -> bool {
        match self {
            Self::Field(target) => {
                target.path == field.path && (target.row.is_none() || target.row == field.row)
            }
            Self::Note(_) | Self::Photo(_) => false,
        }
    }

    /// What is left of a change that is meant. None where it says nothing of the target.
    #[must_use]
    pub fn residue(&self, change: &Change) -> Option<Change> {
        let mut left = change.clone();
        let mut is_touched = false;
        for edit in &mut left.edits {
            is_touched |= self.is_in(edit) && blank(edit);
        }
        is_touched.then_some(left)
    }

    fn is_in(&self, edit: &Edit) -> bool {
        match (self, edit) {
            (Self::Field(_), Edit::Put { field, .. }) => self.is_field(field),
            (Self::Note(_), Edit::Note { .. }) => true,
            (Self::Photo(gone), Edit::Attach { photo, .. }) => gone == photo,
            _ => false,
        }
    }
}

impl Redaction {
    /// Whether a change under this dot, of this act, is meant.
    #[must_use]
    pub fn covers(&self, dot: Dot, act: Option<Cid>) -> bool {
        let is_known = act.is_some_and(|act| self.acts.contains(&act));
        match &self.target {
            Target::Photo(_) => true,
            Target::Note(noted) => is_known || *noted == dot,
            Target::Field(_) => is_known || dot.counter <= self.upto.get(dot.actor),
        }
    }

    /// What is left of a change. None where nothing of it has to go, or has gone.
    #[must_use]
    pub fn residue(&self, change: &Change) -> Option<Change> {
        if self.is_of(change) { self.target.residue(change) } else { None }
    }

    /// Whether something of a change has to go, or has gone.
    #[must_use]
    pub fn concerns(&self, change: &Change) -> bool {
        self.is_of(change) && change.edits.iter().any(|edit| self.target.is_in(edit))
    }

    fn is_of(&self, change: &Change) -> bool {
        change.record == self.record && self.covers(change.dot(), Some(change.cid))
    }
}

/// What is left of a change under all of these. None where nothing has to go.
#[must_use]
pub fn residue<'a>(redactions: impl IntoIterator<Item = &'a Redaction>, change: &Change) -> Option<Change> {
    let mut left = None;
    for redaction in redactions {
        left = redaction.residue(left.as_ref().unwrap_or(change)).or(left);
    }
    left
}

/// What is left of a change when its whole record is gone: who did something to what and when, and nothing of what.
#[must_use]
pub fn tombstone(change: &Change) -> Change {
    let nothing = Edit::Note { kind: REDACTED.to_owned(), text: String::new() };
    Change { edits: vec![nothing], form: REDACTED.to_owned(), form_version: 0, ..change.clone() }
}

/// Whether something was taken out of the change, so that its bytes are not those that were hashed.
#[must_use]
pub fn is_residue(change: &Change) -> bool {
    change.edits.iter().any(|edit| match edit {
        Edit::Put { value, .. } => *value == Value::Redacted,
        Edit::Note { kind, text } => kind == REDACTED && text.is_empty(),
        Edit::Attach { facts, .. } => facts.kind == REDACTED,
        Edit::Create
        | Edit::SetAdd { .. }
        | Edit::SetRemove { .. }
        | Edit::Seal { .. }
        | Edit::Unknown { .. } => false,
    })
}

/// The facts of a photo that has gone.
#[must_use]
pub fn no_facts() -> PhotoFacts {
    PhotoFacts { kind: REDACTED.to_owned(), ..PhotoFacts::default() }
}

/// Blanks what an edit says. False where nothing was there to blank.
fn blank(edit: &mut Edit) -> bool {
    match edit {
        Edit::Put { value, .. } if *value != Value::Redacted => {
            *value = Value::Redacted;
            true
        }
        Edit::Note { kind, text } if kind != REDACTED || !text.is_empty() => {
            REDACTED.clone_into(kind);
            text.clear();
            true
        }
        Edit::Attach { facts, .. } if facts.kind != REDACTED => {
            *facts = no_facts();
            true
        }
        Edit::Create
        | Edit::Put { .. }
        | Edit::SetAdd { .. }
        | Edit::SetRemove { .. }
        | Edit::Attach { .. }
        | Edit::Note { .. }
        | Edit::Seal { .. }
        | Edit::Unknown { .. } => false,
    }
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct FieldBody {
    #[n(0)]
    field: String,
    #[n(1)]
    row: Option<RowId>,
}

impl<C> Encode<C> for Target {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.array(2)?;
        match self.clone() {
            Self::Field(FieldKey { path: field, row }) => {
                e.u8(0)?;
                FieldBody { field, row }.encode(e, c)
            }
            Self::Note(dot) => {
                e.u8(1)?;
                dot.encode(e, c)
            }
            Self::Photo(photo) => {
                e.u8(2)?;
                photo.encode(e, c)
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for Target {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(match cbor::open_pair(d)? {
            0 => {
                let FieldBody { field, row } = d.decode()?;
                Self::Field(FieldKey { path: field, row })
            }
            1 => Self::Note(d.decode()?),
            2 => Self::Photo(d.decode()?),
            _ => return Err(DecodeError::message("a target of a newer kind")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::change;
    use crate::ids::Actor;
    use crate::record::Record;

    fn put(record: &Record, text: &str) -> Edit {
        let field = FieldKey::new("notes");
        Edit::Put { context: record.context(&field), field, value: Value::text(text) }
    }

    fn history() -> Vec<Change> {
        let mut record = Record::default();
        let attach = Edit::Attach {
            field: FieldKey::new("photos"),
            photo: Sha256([8; 32]),
            facts: PhotoFacts { bytes: 9, kind: "image/jpeg".to_owned(), ..PhotoFacts::default() },
        };
        let note = Edit::Note { kind: "note".to_owned(), text: "Says he is ill".to_owned() };
        let first = change(1, 1, vec![Edit::Create, put(&record, "first"), attach]);
        record.apply(&first);
        let second = change(2, 1, vec![put(&record, "second"), note]);
        let third = change(3, 1, vec![put(&record, "third")]);
        vec![first, second, third]
    }

    fn folded(changes: &[Change]) -> Record {
        let mut record = Record::default();
        changes.iter().for_each(|change| {
            record.apply(change);
        });
        record
    }

    fn redaction(target: Target, record: &Record) -> Redaction {
        Redaction {
            record: RecordId([7; 16]),
            target,
            upto: record.context(&FieldKey::new(crate::field::LIFECYCLE)),
            acts: Vec::new(),
        }
    }

    #[test]
    fn folding_what_is_left_is_blanking_what_was_folded() {
        let changes = history();
        let whole = folded(&changes);
        for target in [
            Target::Field(FieldKey::new("notes")),
            Target::Note(Dot { actor: Actor(2), counter: 1 }),
            Target::Photo(Sha256([8; 32])),
        ] {
            let redaction = redaction(target, &whole);
            let left: Vec<Change> = changes
                .iter()
                .map(|change| redaction.residue(change).unwrap_or_else(|| change.clone()))
                .collect();
            assert_ne!(left, changes);
            let mut blanked = whole.clone();
            assert!(blanked.redact(&redaction));
            assert_eq!(blanked.pack(), folded(&left).pack());
            assert!(!blanked.redact(&redaction), "blanked twice");
            assert_eq!(Record::unpack(&blanked.pack()).unwrap().pack(), blanked.pack());
        }
    }

    #[test]
    fn what_was_answered_since_stays_and_is_the_only_answer() {
        let mut changes = history();
        let redaction = redaction(Target::Field(FieldKey::new("notes")), &folded(&changes));
        changes.push(change(4, 1, vec![put(&Record::default(), "fourth")]));
        let left = changes.iter().map(|one| redaction.residue(one).unwrap_or_else(|| one.clone()));
        let record = folded(&left.collect::<Vec<_>>());
        assert_eq!(record.answers(&FieldKey::new("notes")), [Value::text("fourth")]);
        assert_eq!(record.two_answers(), 0);
    }

    #[test]
    fn an_act_is_known_again_under_another_dot() {
        let change = history().remove(1);
        let mut redaction = redaction(Target::Field(FieldKey::new("notes")), &Record::default());
        assert_eq!(redaction.residue(&change), None);
        redaction.acts.push(change.cid);
        let moved = Change { actor: Actor(9), counter: 4, ..change };
        let left = redaction.residue(&moved).expect("the same act");
        assert!(is_residue(&left));
        assert_eq!(left.edits.get(1), moved.edits.get(1), "its note is not meant");
        assert_eq!(redaction.residue(&left), None);
    }

    #[test]
    fn nothing_of_what_was_said_stays_in_a_tombstone() {
        for change in history() {
            let left = tombstone(&change);
            assert!(left.is_well_formed() && is_residue(&left));
            assert_eq!((left.dot(), left.cid, left.at), (change.dot(), change.cid, change.at));
            let said = cbor::encode(&left);
            for word in ["first", "second", "third", "ill", "fly_tip"] {
                assert!(!said.windows(word.len()).any(|part| part == word.as_bytes()));
            }
        }
    }
}
