//! What every merge must obey, on whole records and against a reckoning from the changes alone.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::change::tests::change;
use crate::change::{Edit, PhotoFacts};
use crate::ids::RowId;

const FIELDS: [&str; 3] = ["size", "waste", "phone"];
const ACTORS: u8 = 4;

/// Some officers, each with a copy, who edit what they see and now and then hear of the others.
struct Beat {
    copies: Vec<Record>,
    log: Vec<Change>,
    /// What each change's author had seen when writing it, as places in the log.
    seen: Vec<BTreeSet<usize>>,
    known: Vec<BTreeSet<usize>>,
}

impl Beat {
    fn walk(steps: &[(u8, u8, u8)]) -> Self {
        let actors = usize::from(ACTORS);
        let mut beat = Self {
            copies: vec![Record::default(); actors],
            log: Vec::new(),
            seen: Vec::new(),
            known: vec![BTreeSet::new(); actors],
        };
        for (who, what, how) in steps {
            let who = usize::from(who % ACTORS);
            if what % 3 == 0 {
                beat.hear(who, usize::from(*how));
            } else {
                beat.edit(who, *what, *how);
            }
        }
        beat
    }

    fn edit(&mut self, who: usize, what: u8, how: u8) {
        let copy = &self.copies[who];
        let field = FieldKey::new(FIELDS[usize::from(how) % 3]);
        let photo = Member::Photo(Sha256([how % 2; 32]));
        let tags = FieldKey::new("tags");
        let photos = FieldKey::new("photos");
        let mut edits = vec![Edit::Put {
            context: copy.context(&field),
            field,
            value: Value::Int(i64::from(how) * 7 + i64::from(what)),
        }];
        match what % 5 {
            0 => edits
                .push(Edit::SetAdd { field: tags, members: vec![tag(how), Member::Row(RowId([how; 8]))] }),
            1 => {
                let context = copy.member_context(&tags, &tag(how));
                edits.push(Edit::SetRemove { field: tags, context, members: vec![tag(how)] });
            }
            2 => {
                let facts = PhotoFacts { bytes: u64::from(what), ..PhotoFacts::default() };
                edits.push(Edit::Attach {
                    field: photos.clone(),
                    photo: Sha256([how % 2; 32]),
                    facts: facts.clone(),
                });
                edits.push(Edit::Attach { field: photos, photo: Sha256([9; 32]), facts });
            }
            3 => {
                let context = copy.member_context(&photos, &photo);
                edits.push(Edit::SetRemove { field: photos, context, members: vec![photo] });
            }
            _ => edits.push(Edit::Note { kind: "note".to_owned(), text: how.to_string() }),
        }
        let counter = 1 + self.log.iter().filter(|change| change.actor.0 as usize == who + 1).count() as u64;
        let written = change(u32::try_from(who + 1).unwrap(), counter, edits);
        self.seen.push(self.known[who].clone());
        self.known[who].insert(self.log.len());
        self.copies[who].apply(&written);
        self.log.push(written);
    }

    /// Takes in the first change it may: one whose author had seen nothing this copy has not.
    fn hear(&mut self, who: usize, skip: usize) {
        let ready: Vec<usize> = (0..self.log.len())
            .filter(|at| !self.known[who].contains(at) && self.seen[*at].is_subset(&self.known[who]))
            .collect();
        if let Some(at) = ready.get(skip % ready.len().max(1)) {
            self.copies[who].apply(&self.log[*at]);
            self.known[who].insert(*at);
        }
    }

    /// A copy made from nothing in some order that respects what each author had seen.
    fn replay(&self, choices: &[u8]) -> Record {
        let mut record = Record::default();
        let mut known = BTreeSet::new();
        let mut choices = choices.iter().copied().cycle();
        while known.len() < self.log.len() {
            let ready: Vec<usize> = (0..self.log.len())
                .filter(|at| !known.contains(at) && self.seen[*at].is_subset(&known))
                .collect();
            let at = ready[usize::from(choices.next().unwrap_or(0)) % ready.len()];
            record.apply(&self.log[at]);
            // Heard again: harmless.
            assert!(!record.apply(&self.log[at]));
            known.insert(at);
        }
        record
    }

    /// A value stands unless some other answer to the field was written with it in view.
    fn standing(&self, field: &FieldKey) -> BTreeSet<Dot> {
        let puts: Vec<(Dot, &Context)> = self
            .log
            .iter()
            .flat_map(|change| change.edits.iter().map(move |edit| (change.dot(), edit)))
            .filter_map(|(dot, edit)| {
                let Edit::Put { field: other, context, .. } = edit else { return None };
                (other == field).then_some((dot, context))
            })
            .collect();
        let covered = |dot: Dot| puts.iter().any(|(_, context)| dot.counter <= context.get(dot.actor));
        puts.iter().map(|(dot, _)| *dot).filter(|dot| !covered(*dot)).collect()
    }
}

fn tag(how: u8) -> Member {
    Member::Text(format!("tag-{}", how % 2))
}

fn steps() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_that_respects_what_was_seen_ends_the_same(
        steps in steps(), one in prop::collection::vec(any::<u8>(), 1..20), other in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let beat = Beat::walk(&steps);
        prop_assert_eq!(beat.replay(&one).pack(), beat.replay(&other).pack());
    }

    #[test]
    fn merging_copies_in_any_order_is_folding_the_log(steps in steps(), start in 0usize..4) {
        let beat = Beat::walk(&steps);
        let folded = beat.replay(&[0]);
        let mut merged = Record::default();
        let mut backwards = Record::default();
        for turn in 0..4 {
            merged.merge(beat.copies[(start + turn) % 4].clone());
            backwards.merge(beat.copies[(start + 3 - turn) % 4].clone());
            backwards.merge(beat.copies[(start + 3 - turn) % 4].clone());
        }
        prop_assert_eq!(merged.pack(), folded.pack());
        prop_assert_eq!(backwards.pack(), folded.pack());
    }

    #[test]
    fn merge_associates(steps in steps()) {
        let [a, b, c, _]: [Record; 4] = Beat::walk(&steps).copies.try_into().unwrap();
        let mut left = a.clone();
        left.merge(b.clone());
        left.merge(c.clone());
        let mut right = b;
        right.merge(c);
        let mut joined = a;
        joined.merge(right);
        prop_assert_eq!(left.pack(), joined.pack());
    }

    #[test]
    fn exactly_the_answers_nobody_wrote_over_stand(steps in steps()) {
        let beat = Beat::walk(&steps);
        let record = beat.replay(&[3, 1]);
        for field in FIELDS.map(FieldKey::new) {
            let standing: BTreeSet<Dot> = record
                .register(&field).map(Register::values).unwrap_or_default()
                .into_iter().map(|written| written.stamp.dot).collect();
            prop_assert_eq!(standing, beat.standing(&field));
        }
    }

    #[test]
    fn no_removal_waits_and_every_copy_reads_back_from_its_bytes(steps in steps()) {
        for copy in Beat::walk(&steps).copies {
            prop_assert!(!copy.has_deferred());
            let bytes = copy.pack();
            let read = Record::unpack(&bytes).unwrap();
            prop_assert_eq!(read.pack(), bytes);
            prop_assert_eq!(read.two_answers(), copy.two_answers());
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), steps in steps(), at in any::<prop::sample::Index>()) {
        prop_assert!(Record::unpack(&bytes).is_err());
        bytes = Beat::walk(&steps).copies[0].pack();
        let place = at.index(bytes.len());
        bytes[place] ^= 0x15;
        if let Ok(read) = Record::unpack(&bytes) {
            prop_assert!(!read.pack().is_empty());
        }
    }
}

#[test]
fn two_wardens_who_disagree_both_keep_their_answer_until_one_is_chosen() {
    let field = FieldKey::new("phone");
    let put =
        |context, number: &str| vec![Edit::Put { field: field.clone(), context, value: Value::text(number) }];
    let mut ann = Record::default();
    ann.apply(&change(1, 1, vec![Edit::Create]));
    let mut office = ann.clone();
    let hers = change(1, 2, put(Context::default(), "07700 900123"));
    let theirs = change(2, 1, put(Context::default(), "07700 900456"));
    ann.apply(&hers);
    office.apply(&theirs);
    ann.apply(&theirs);
    office.apply(&hers);
    assert_eq!(ann.two_answers(), 1);
    assert_eq!(ann, office);
    let chosen = change(1, 3, put(ann.context(&field), "07700 900123"));
    ann.apply(&chosen);
    office.apply(&chosen);
    assert_eq!((ann.two_answers(), office.answers(&field)), (0, vec![Value::text("07700 900123")]));
}

#[test]
fn the_same_answer_given_twice_is_one_answer() {
    let field = FieldKey::new("size");
    let put = || {
        vec![Edit::Put { field: field.clone(), context: Context::default(), value: Value::code("car_boot") }]
    };
    let mut record = Record::default();
    record.apply(&change(1, 1, put()));
    record.apply(&change(2, 1, put()));
    assert_eq!((record.two_answers(), record.answers(&field).len()), (0, 1));
}

/// Five ordinary steps and no removal: `crdts::Map` over `MVReg` brings back an answer that was written over.
/// This is why a record is not built on it.
#[test]
fn a_crdts_map_diverges_where_a_record_does_not() {
    use crdts::{CvRDT, MVReg, Map};
    type Answers = Map<u8, MVReg<&'static str, u8>, u8>;
    fn write(map: &mut Answers, actor: u8, field: u8, answer: &'static str) {
        let context = map.get(&field).derive_add_ctx(actor);
        let context = crdts::ctx::AddCtx {
            dot: map.read_ctx().derive_add_ctx(actor).dot,
            clock: {
                let mut clock = map.read_ctx().add_clock;
                clock.apply(context.dot);
                clock.apply(map.read_ctx().derive_add_ctx(actor).dot);
                clock
            },
        };
        let op = map.update(field, context, |register, context| register.write(answer, context));
        map.apply(op);
    }
    let (mut ann, mut bob, mut cat) = (Answers::new(), Answers::new(), Answers::new());
    write(&mut bob, 2, 1, "B");
    cat.merge(bob.clone());
    write(&mut cat, 3, 0, "C2");
    ann.merge(cat.clone());
    write(&mut ann, 1, 0, "A3");
    let mut one = ann.clone();
    one.merge(bob.clone());
    one.merge(cat.clone());
    let mut other = cat;
    other.merge(bob);
    other.merge(ann);
    let read = |map: &Answers| {
        let mut answers = map.get(&0).val.map(|register| register.read().val).unwrap_or_default();
        answers.sort_unstable();
        answers
    };
    assert_ne!(read(&one), read(&other), "crdts::Map has been mended: the note in mod.rs may go");

    let field = |number: u8| FieldKey::new(format!("f{number}"));
    let put = |record: &Record, number: u8, answer: &str| {
        vec![Edit::Put {
            field: field(number),
            context: record.context(&field(number)),
            value: Value::text(answer),
        }]
    };
    let (mut ann, mut bob, mut cat) = (Record::default(), Record::default(), Record::default());
    bob.apply(&change(2, 1, put(&bob, 1, "B")));
    cat.merge(bob.clone());
    cat.apply(&change(3, 1, put(&cat, 0, "C2")));
    ann.merge(cat.clone());
    ann.apply(&change(1, 1, put(&ann, 0, "A3")));
    let mut one = ann.clone();
    one.merge(bob.clone());
    one.merge(cat.clone());
    let mut other = cat;
    other.merge(bob);
    other.merge(ann);
    assert_eq!(one, other);
    assert_eq!(one.answers(&field(0)), vec![Value::text("A3")]);
}

#[test]
fn a_poisoned_remove_waits_for_nothing() {
    let tags = FieldKey::new("tags");
    let mut record = Record::default();
    record.apply(&change(1, 1, vec![Edit::SetAdd { field: tags.clone(), members: vec![tag(0)] }]));
    let context = Context::new([Dot { actor: Actor(9), counter: 1 << 40 }]);
    record.apply(&change(
        2,
        1,
        vec![Edit::SetRemove { field: tags.clone(), context, members: vec![tag(0)] }],
    ));
    assert!(!record.has_deferred());
    assert!(record.set(&tags).is_some_and(|set| set.contains(&tag(0))));
}

#[test]
fn a_page_of_records_reads_back_whole() {
    let beats: Vec<Record> =
        (0..5u8).map(|seed| Beat::walk(&[(seed, 1, 2), (1, 2, seed), (2, 4, 1)]).replay(&[0])).collect();
    let page = pack_page(beats.iter().enumerate().map(|(at, state)| Entry {
        record: Some(crate::ids::RecordId([u8::try_from(at).unwrap(); 16])),
        reference: Some("FT-000123"),
        received_ms: Some(5),
        state,
    }));
    let read = unpack_page(&page).unwrap();
    assert_eq!(
        read.iter().map(|entered| entered.state.pack()).collect::<Vec<_>>(),
        beats.iter().map(Record::pack).collect::<Vec<_>>()
    );
    assert!(unpack_page(&page[..page.len() - 1]).is_err());
}
