//! Whether a record is open or withdrawn. A withdrawal covers what its writer had seen of the record and nothing else:
//! an edit it did not cover asks a person whether the record stays, and blocks nobody meanwhile.

use super::{Record, Register, Stamp, Written};
use crate::change::Context;
use crate::field::{FieldKey, LIFECYCLE};
use crate::ids::{Dot, OfficerId};
use crate::planted::{self, Mutant};
use crate::value::Value;

/// The value of `@lifecycle` that withdraws a record.
pub const WITHDRAWN: &str = "deleted";
/// The value that keeps it open, or opens it again.
pub const OPEN: &str = "open";
/// The kind of a note that says why a record was withdrawn.
pub const REASON: &str = "withdrawn";

/// Where a record stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lifecycle {
    Open,
    /// Withdrawn by someone who had seen all there is.
    Withdrawn(Stamp),
    /// Withdrawn by someone who had not seen what another did, or withdrawn and kept open at once.
    Asked(Stamp),
}

impl Record {
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        let values = self.lifecycle_values();
        let Some(withdrawn) = values.iter().find(|written| written.value == Value::code(WITHDRAWN)) else {
            return Lifecycle::Open;
        };
        let kept_open = values.iter().any(|written| written.value != Value::code(WITHDRAWN));
        if kept_open || self.edited_past_withdrawal().is_some() {
            Lifecycle::Asked(withdrawn.stamp)
        } else {
            Lifecycle::Withdrawn(withdrawn.stamp)
        }
    }

    /// Withdrawn, and nobody has to be asked: lists leave it out.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        matches!(self.lifecycle(), Lifecycle::Withdrawn(_))
    }

    /// Why it was withdrawn, in the words of whoever did.
    #[must_use]
    pub fn withdrawal_reason(&self, withdrawn: Stamp) -> Option<&str> {
        let said = self.notes().find(|note| note.stamp.dot == withdrawn.dot && note.kind == REASON);
        said.map(|note| note.text.as_str())
    }

    /// An edit that no standing withdrawal had seen counts as an answer to keep the record.
    pub(super) fn implied_answer(&self) -> Option<(Value, Stamp)> {
        let values = self.lifecycle_values();
        let only_withdrawn = values.iter().all(|written| written.value == Value::code(WITHDRAWN));
        let edit = self.edited_past_withdrawal().filter(|_| only_withdrawn)?;
        Some((Value::code(OPEN), edit))
    }

    /// What a choice about the record as a whole covers: everything in it, and what was chosen over before. Of that the
    /// record may hold nothing any more where a restored server heard of it under other dots.
    pub(super) fn whole_context(&self) -> Context {
        let chosen_over = self.register(&FieldKey::new(LIFECYCLE)).map(Register::context).unwrap_or_default();
        Context::new(self.held().iter().chain(chosen_over.iter()))
    }

    fn lifecycle_values(&self) -> Vec<Written> {
        self.register(&FieldKey::new(LIFECYCLE)).map(Register::values).unwrap_or_default()
    }

    /// The newest thing in the record that no standing withdrawal had seen.
    fn edited_past_withdrawal(&self) -> Option<Stamp> {
        if planted::is(Mutant::WithdrawalCoversUnseen) {
            return None;
        }
        let values = self.lifecycle_values();
        let withdrawn = values.iter().find(|written| written.value == Value::code(WITHDRAWN))?.stamp;
        let seen = self.register(&FieldKey::new(LIFECYCLE)).map(Register::context).unwrap_or_default();
        let unseen = |dot: Dot| seen.get(dot.actor) < dot.counter;
        let past = self.held().iter().find(|dot| unseen(*dot))?;
        let newest = self.stamps().filter(|stamp| unseen(stamp.dot)).max();
        // What was only taken out again has left no stamp: somebody did something, and the record asks all the same.
        Some(newest.unwrap_or(Stamp { dot: past, officer: OfficerId(0), ..withdrawn }))
    }

    fn stamps(&self) -> impl Iterator<Item = Stamp> {
        let answers = self
            .registers()
            .filter(|(field, _)| field.path != LIFECYCLE)
            .flat_map(|(_, register)| register.values())
            .map(|written| written.stamp);
        let photos = self.photos.values().map(|(stamp, _)| *stamp);
        let notes = self.notes().map(|note| note.stamp);
        let seals = self.seals().map(|seal| seal.stamp);
        answers.chain(photos).chain(notes).chain(seals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::change;
    use crate::change::{Change, Edit};
    use crate::ids::Actor;

    fn put(record: &Record, field: &str, value: Value) -> Edit {
        let field = FieldKey::new(field);
        Edit::Put { context: record.context(&field), field, value }
    }

    fn begun() -> Record {
        let mut record = Record::default();
        record.apply(&change(
            1,
            1,
            vec![Edit::Create, put(&record.clone(), "size", Value::code("small_van"))],
        ));
        record
    }

    fn withdraw(record: &Record, actor: u32, counter: u64) -> Change {
        let reason = Edit::Note { kind: REASON.to_owned(), text: "Reported twice".to_owned() };
        change(actor, counter, vec![put(record, LIFECYCLE, Value::code(WITHDRAWN)), reason])
    }

    #[test]
    fn a_withdrawal_that_saw_everything_withdraws_and_says_why() {
        let mut record = begun();
        record.apply(&withdraw(&record.clone(), 2, 1));
        let Lifecycle::Withdrawn(stamp) = record.lifecycle() else { panic!("{:?}", record.lifecycle()) };
        assert_eq!(record.withdrawal_reason(stamp), Some("Reported twice"));
        assert_eq!(record.two_answers(), 0);
        assert_eq!(record.answers(&FieldKey::new(LIFECYCLE)), [Value::code(WITHDRAWN)]);
    }

    #[test]
    fn an_edit_made_without_knowing_of_the_withdrawal_asks_in_either_order_of_arrival() {
        let before = begun();
        let withdrawal = withdraw(&before, 2, 1);
        let edit = change(1, 2, vec![put(&before, "size", Value::code("car_boot"))]);
        for order in [[&withdrawal, &edit], [&edit, &withdrawal]] {
            let mut record = before.clone();
            for step in order {
                record.apply(step);
            }
            assert!(matches!(record.lifecycle(), Lifecycle::Asked(_)));
            let answers = record.answers(&FieldKey::new(LIFECYCLE));
            assert_eq!(answers.len(), 2);
            assert!(answers.contains(&Value::code(OPEN)) && answers.contains(&Value::code(WITHDRAWN)));
            assert_eq!(record.two_answers(), 1);
        }
    }

    #[test]
    fn whoever_is_asked_settles_it_either_way() {
        for (answer, withdrawn) in [(OPEN, false), (WITHDRAWN, true)] {
            let mut record = begun();
            let withdrawal = withdraw(&record, 2, 1);
            record.apply(&change(1, 2, vec![Edit::Note { kind: "note".into(), text: "Gate locked".into() }]));
            record.apply(&withdrawal);
            record.apply(&change(1, 3, vec![put(&record.clone(), LIFECYCLE, Value::code(answer))]));
            assert_eq!(record.is_withdrawn(), withdrawn);
            assert_eq!(record.two_answers(), 0);
        }
    }

    #[test]
    fn two_who_withdraw_at_once_agree() {
        let before = begun();
        let mut record = before.clone();
        record.apply(&withdraw(&before, 2, 1));
        record.apply(&withdraw(&before, 3, 1));
        assert!(record.is_withdrawn());
    }

    #[test]
    fn withdrawn_by_one_and_opened_again_by_another_at_once_is_a_question() {
        let mut before = begun();
        before.apply(&withdraw(&before.clone(), 2, 1));
        let mut record = before.clone();
        record.apply(&change(1, 2, vec![put(&before, LIFECYCLE, Value::code(OPEN))]));
        assert_eq!(record.lifecycle(), Lifecycle::Open);
        record.apply(&withdraw(&before, 2, 2));
        assert!(matches!(record.lifecycle(), Lifecycle::Asked(_)));
    }

    #[test]
    fn who_withdraws_over_an_answer_that_names_a_lost_dot_is_not_asked_again() {
        let mut record = begun();
        let lost = Dot { actor: Actor(9), counter: 4 };
        let seen = Context::new(record.whole_context().iter().chain([lost]));
        let opens = Edit::Put { field: FieldKey::new(LIFECYCLE), context: seen, value: Value::code(OPEN) };
        record.apply(&change(1, 2, vec![opens]));
        record.apply(&withdraw(&record.clone(), 2, 1));
        assert!(record.is_withdrawn());
    }

    #[test]
    fn what_was_only_taken_out_asks_too() {
        let before = begun();
        let mut record = before.clone();
        record.apply(&withdraw(&before, 2, 1));
        let removal = Edit::SetRemove {
            field: FieldKey::new("tags"),
            context: Context::default(),
            members: vec![crate::change::Member::Text("urgent".into())],
        };
        record.apply(&change(3, 1, vec![removal]));
        assert!(matches!(record.lifecycle(), Lifecycle::Asked(_)));
    }
}
