//! Two records of the same thing: one is closed as a duplicate and says of which, the other says so too; and both ways back.
//!
//! Nothing is moved from one to the other. State, link and link back are answers like any other, with who and when, and
//! those who write them at the same time both keep theirs.

use crate::change::{Context, Edit, Member};
use crate::field::{APART, DUPLICATE_OF, DUPLICATES, FOLLOWERS, FieldKey, SAME_AS, STATUS, STATUS_BEFORE};
use crate::ids::{OfficerId, RecordId};
use crate::nearby::{DUPLICATE, is_over};
use crate::record::view::text_of;
use crate::record::{Record, Stamp};
use crate::value::Value;

/// Of which record this one is a duplicate, and who said so. Of two answers the one that lists go by.
#[must_use]
pub fn duplicate_of(record: &Record) -> Option<(RecordId, Stamp)> {
    let written = record.register(&FieldKey::new(DUPLICATE_OF))?.provisional()?;
    Some((text_of(Some(written.value))?.parse().ok()?, written.stamp))
}

/// The records that were closed as duplicates of this one, by its own word.
pub fn duplicates(record: &Record) -> impl Iterator<Item = RecordId> {
    ids(record, DUPLICATES)
}

/// Whether somebody who looked at both found them to be of different things.
#[must_use]
pub fn is_apart(one: (RecordId, &Record), other: (RecordId, &Record)) -> bool {
    ids(one.1, APART).any(|id| id == other.0) || ids(other.1, APART).any(|id| id == one.0)
}

/// Whether whoever reported one of them said that it is the same as the other.
#[must_use]
pub fn is_said(one: (RecordId, &Record), other: (RecordId, &Record)) -> bool {
    ids(one.1, SAME_AS).any(|id| id == other.0) || ids(other.1, SAME_AS).any(|id| id == one.0)
}

/// Whether others may be the same as it and it may be closed as one of them: nobody has closed or withdrawn it yet.
#[must_use]
pub fn is_open(record: &Record) -> bool {
    let status = text_of(record.provisional(&FieldKey::new(STATUS)));
    !record.is_withdrawn() && !is_over(status.as_deref()) && duplicate_of(record).is_none()
}

/// Whether a state or a link has been written that a reader with this in front of them has not seen.
#[must_use]
pub fn is_newer(record: &Record, seen: &Context) -> bool {
    let written = [STATUS, DUPLICATE_OF].map(|field| record.context(&FieldKey::new(field)));
    written.iter().flat_map(Context::iter).any(|dot| seen.get(dot.actor) < dot.counter)
}

/// Whether two states stand, so that which of them to go back to would be anybody's guess.
#[must_use]
pub fn is_undecided(record: &Record) -> bool {
    1 < record.answers(&FieldKey::new(STATUS)).len()
}

/// Closes a record as a duplicate.
#[must_use]
pub fn close(record: &Record, into: RecordId) -> Vec<Edit> {
    let before = record.provisional(&FieldKey::new(STATUS)).unwrap_or(Value::Null);
    vec![
        put(record, STATUS_BEFORE, before),
        put(record, STATUS, Value::code(DUPLICATE)),
        put(record, DUPLICATE_OF, Value::code(into.to_string())),
    ]
}

/// Takes the link away, and puts the state back where it still is what closing made it.
#[must_use]
pub fn open_again(record: &Record) -> Vec<Edit> {
    let is_as_left = record.answers(&FieldKey::new(STATUS)) == [Value::code(DUPLICATE)];
    let before = record.provisional(&FieldKey::new(STATUS_BEFORE)).unwrap_or(Value::Null);
    let state = is_as_left.then(|| put(record, STATUS, before));
    [put(record, DUPLICATE_OF, Value::Null)].into_iter().chain(state).collect()
}

/// Says on the record that stays what was closed, and lets whoever reported that see what becomes of this.
#[must_use]
pub fn take_in(closed: RecordId, follower: Option<OfficerId>) -> Vec<Edit> {
    let follows = |officer: OfficerId| add(FOLLOWERS, person(officer));
    [add(DUPLICATES, named(closed))].into_iter().chain(follower.map(follows)).collect()
}

/// Takes that back. Whoever reported the other goes on following where something else made them.
#[must_use]
pub fn let_go(record: &Record, closed: RecordId, reporter: Option<OfficerId>) -> Vec<Edit> {
    let taken_in = FieldKey::new(DUPLICATES);
    let context = record.member_context(&taken_in, &named(closed));
    let followers = FieldKey::new(FOLLOWERS);
    let follower = reporter.map(person).filter(|follower| {
        let follows = record.member_context(&followers, follower);
        follows != Context::default() && follows == context
    });
    let unfollows = follower.map(|follower| Edit::SetRemove {
        field: followers.clone(),
        context: record.member_context(&followers, &follower),
        members: vec![follower],
    });
    let lets_go = Edit::SetRemove { field: taken_in, context, members: vec![named(closed)] };
    [lets_go].into_iter().chain(unfollows).collect()
}

/// Says that somebody looked at both and found different things.
#[must_use]
pub fn keep_apart(other: RecordId) -> Edit {
    add(APART, named(other))
}

/// Takes back what this one of two says of that. None where it says nothing.
#[must_use]
pub fn ask_again(record: &Record, other: RecordId) -> Option<Edit> {
    let (field, member) = (FieldKey::new(APART), named(other));
    let says = ids(record, APART).any(|id| id == other);
    let context = record.member_context(&field, &member);
    says.then(|| Edit::SetRemove { field, context, members: vec![member] })
}

fn put(record: &Record, field: &str, value: Value) -> Edit {
    let field = FieldKey::new(field);
    Edit::Put { context: record.context(&field), field, value }
}

fn add(field: &str, member: Member) -> Edit {
    Edit::SetAdd { field: FieldKey::new(field), members: vec![member] }
}

fn named(record: RecordId) -> Member {
    Member::Text(record.to_string())
}

fn person(officer: OfficerId) -> Member {
    Member::Text(officer.0.to_string())
}

fn ids(record: &Record, field: &str) -> impl Iterator<Item = RecordId> {
    let members = record.set(&FieldKey::new(field)).map(|set| set.members()).unwrap_or_default();
    members.into_iter().filter_map(|member| match member {
        Member::Text(text) => text.parse().ok(),
        Member::Row(_) | Member::Photo(_) | Member::Opaque { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::change;
    use crate::ids::Actor;

    const CLOSED: RecordId = RecordId([1; 16]);
    const STAYS: RecordId = RecordId([2; 16]);
    const BOB: OfficerId = OfficerId(7);

    fn begun(status: Option<&str>) -> Record {
        let mut record = Record::default();
        let state = status.map(|status| put(&record, STATUS, Value::code(status)));
        record.apply(&change(1, 1, [Edit::Create].into_iter().chain(state).collect()));
        record
    }

    fn status(record: &Record) -> Vec<Value> {
        record.answers(&FieldKey::new(STATUS))
    }

    #[test]
    fn closing_and_opening_again_puts_back_the_state_there_was() {
        for before in [None, Some("investigating")] {
            let mut record = begun(before);
            assert!(is_open(&record));
            record.apply(&change(2, 1, close(&record, STAYS)));
            assert_eq!(
                duplicate_of(&record).map(|(into, stamp)| (into, stamp.dot.actor)),
                Some((STAYS, Actor(2)))
            );
            assert_eq!(status(&record), [Value::code(DUPLICATE)]);
            assert!(!is_open(&record));
            record.apply(&change(2, 2, open_again(&record)));
            assert_eq!(duplicate_of(&record), None);
            assert_eq!(status(&record), [before.map_or(Value::Null, Value::code)]);
            assert!(is_open(&record));
        }
    }

    #[test]
    fn a_state_that_somebody_gave_it_since_is_theirs() {
        let mut record = begun(Some("confirmed"));
        record.apply(&change(2, 1, close(&record, STAYS)));
        record.apply(&change(1, 2, vec![put(&record.clone(), STATUS, Value::code("fixed"))]));
        record.apply(&change(2, 2, open_again(&record)));
        assert_eq!((duplicate_of(&record), status(&record)), (None, vec![Value::code("fixed")]));
    }

    #[test]
    fn whoever_gave_a_state_at_the_same_time_keeps_theirs() {
        let before = begun(Some("confirmed"));
        let mut record = before.clone();
        record.apply(&change(2, 1, close(&before, STAYS)));
        assert!(is_newer(&record, &before.held()) && !is_newer(&record, &record.held()));
        record.apply(&change(1, 2, vec![put(&before, STATUS, Value::code("fixed"))]));
        assert_eq!(status(&record).len(), 2);
        assert!(is_undecided(&record));
        record.apply(&change(2, 2, open_again(&record)));
        assert_eq!((duplicate_of(&record), status(&record).len()), (None, 2));
    }

    #[test]
    fn the_one_that_stays_takes_it_in_and_lets_it_go() {
        let mut record = begun(None);
        record.apply(&change(2, 1, take_in(CLOSED, Some(BOB))));
        assert_eq!(duplicates(&record).collect::<Vec<_>>(), [CLOSED]);
        let followers = FieldKey::new(FOLLOWERS);
        assert!(record.set(&followers).unwrap().contains(&person(BOB)));
        record.apply(&change(2, 2, let_go(&record, CLOSED, Some(BOB))));
        assert_eq!(duplicates(&record).count(), 0);
        assert!(!record.set(&followers).unwrap().contains(&person(BOB)));
    }

    #[test]
    fn whoever_followed_it_before_goes_on_following() {
        let mut record = begun(None);
        record.apply(&change(1, 2, vec![add(FOLLOWERS, person(BOB))]));
        record.apply(&change(2, 1, take_in(CLOSED, None)));
        record.apply(&change(2, 2, let_go(&record, CLOSED, Some(BOB))));
        assert!(record.set(&FieldKey::new(FOLLOWERS)).unwrap().contains(&person(BOB)));
    }

    #[test]
    fn either_of_two_says_that_they_are_apart() {
        let (one, mut other) = (begun(None), begun(None));
        assert!(!is_apart((CLOSED, &one), (STAYS, &other)));
        other.apply(&change(2, 1, vec![keep_apart(CLOSED)]));
        assert!(is_apart((CLOSED, &one), (STAYS, &other)) && is_apart((STAYS, &other), (CLOSED, &one)));
        assert_eq!(ask_again(&one, STAYS), None);
        other.apply(&change(2, 2, vec![ask_again(&other, CLOSED).unwrap()]));
        assert!(!is_apart((CLOSED, &one), (STAYS, &other)));
    }
}
