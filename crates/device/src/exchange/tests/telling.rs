//! What an officer is told of things that nobody did in front of them.

use super::*;
use crate::ways::{Notice, NoticeKind};
use kerbside_core::change::Context;
use kerbside_core::redact::{Redaction, Target};

fn told(vault: &Vault, kind: NoticeKind) -> Option<Notice> {
    vault.waiting().unwrap().notices.into_iter().find(|notice| notice.kind == kind)
}

#[test]
fn what_a_restored_server_lacks_and_this_phone_too_is_told_once_until_it_is_read() {
    let mut ann = vault(1, 1);
    saves(&mut ann, "one");
    saves(&mut ann, "two");
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let reply = Office { safe: 2, ..Office::taking(&push) }.reply(&push);
    ann.incoming(&push, &reply, NOW).unwrap();
    // Long safe in a backup, so that only hash and chain are kept here.
    ann.store.clear_safe_changes(Actor(1), 2, NOW.wall_ms + 1).unwrap();
    let first = ann.store.change_at(Actor(1), 1).unwrap().unwrap();
    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    let restored = Office { through: 1, chain: first.chain, epoch: Epoch([6; 16]), ..Office::taking(&push) };
    ann.incoming(&push, &restored.reply(&push), NOW).unwrap();
    assert_eq!(told(&ann, NoticeKind::Lost), None);

    let push = ann.outgoing(Budget::default(), NOW).unwrap();
    assert_eq!(push.lost.iter().map(|lost| lost.counter).collect::<Vec<_>>(), [2]);
    let chain = ann.store.change_at(Actor(1), 2).unwrap().unwrap().chain;
    let back = Office {
        chain,
        epoch: Epoch([6; 16]),
        verdicts: vec![(2, Verdict::Missing)],
        ..Office::taking(&push)
    };
    ann.incoming(&push, &back.reply(&push), NOW.later(5)).unwrap();
    let notice = told(&ann, NoticeKind::Lost).unwrap();
    assert_eq!((notice.n, notice.at_ms), (1, Some(NOW.later(5).wall_ms)));
    ann.put_away_notices(NOW.later(6)).unwrap();
    assert_eq!(told(&ann, NoticeKind::Lost), None);
}

/// The whole record as it stands somewhere else.
fn enter(record: RecordId, state: &Record) -> Item {
    let page = pack_page([Entry { record: Some(record), reference: None, received_ms: Some(1), state }]);
    Item::Enter { seq: 9, page }
}

fn hears(vault: &mut Vault, items: Vec<Item>) {
    let push = vault.outgoing(Budget::default(), NOW).unwrap();
    let chain = vault.store.change_at(push.actor, push.last()).unwrap().map_or(chain::START, |own| own.chain);
    let office = Office { items, chain, paging: Paging::Log, ..Office::taking(&push) };
    vault.incoming(&push, &office.reply(&push), NOW).unwrap();
}

#[test]
fn who_was_not_chosen_is_told_so_where_the_record_comes_back_whole() {
    let (mut ann, mut tom) = (vault(1, 1), vault(2, 2));
    let record = saves(&mut ann, "a fridge").record;
    hears(&mut ann, vec![echo("1.1")]);
    hears(&mut tom, vec![enter(record, &ann.head(record).unwrap())]);
    tom.identity.officer = OfficerId(4);
    tom.edit(record, &answers("a freezer"), &[], NOW.later(5_000)).unwrap();
    ann.edit(record, &answers("a white fridge"), &[], NOW.later(9_000)).unwrap();
    let mut both = ann.head(record).unwrap();
    both.merge(tom.head(record).unwrap());
    hears(&mut ann, vec![enter(record, &both)]);
    assert_eq!(state(&ann, record), WorkState::NeedsYou);
    assert_eq!(ann.outcomes(record).unwrap(), []);

    hears(&mut tom, vec![enter(record, &both)]);
    let what = FieldKey::new("what");
    tom.resolve(record, &what, &Choice::Answer(json!("a freezer")), NOW.later(20_000)).unwrap();
    let settled = tom.head(record).unwrap();
    hears(&mut ann, vec![enter(record, &settled)]);
    let outcomes = ann.outcomes(record).unwrap();
    let [outcome] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!((&outcome.mine, &outcome.kept), (&json!("a white fridge"), &json!("a freezer")));
    assert_eq!(outcome.officer, OfficerId(4));
    ann.outcomes_seen(record).unwrap();
    hears(&mut ann, vec![enter(record, &settled)]);
    assert_eq!(ann.outcomes(record).unwrap(), [], "once it was seen it is not said again");
}

#[test]
fn nobody_is_told_of_an_answer_of_theirs_that_the_same_reply_takes_out() {
    let (mut ann, mut tom) = (vault(1, 1), vault(2, 2));
    let record = saves(&mut ann, "a fridge").record;
    hears(&mut ann, vec![echo("1.1")]);
    hears(&mut tom, vec![enter(record, &ann.head(record).unwrap())]);
    tom.identity.officer = OfficerId(4);
    tom.edit(record, &answers("a freezer"), &[], NOW.later(5_000)).unwrap();
    ann.edit(record, &answers("a white fridge"), &[], NOW.later(9_000)).unwrap();
    let mut both = ann.head(record).unwrap();
    both.merge(tom.head(record).unwrap());
    hears(&mut ann, vec![enter(record, &both)]);
    hears(&mut tom, vec![enter(record, &both)]);
    ann.resolve(record, &FieldKey::new("what"), &Choice::Answer(json!("a white fridge")), NOW.later(10_000))
        .unwrap();

    let upto = Context::new([Dot { actor: Actor(1), counter: 2 }, Dot { actor: Actor(2), counter: 1 }]);
    let target = Target::Field(FieldKey::new("what"));
    let redaction = Redaction { record, target, upto, acts: Vec::new() };
    let mut chosen = ann.head(record).unwrap();
    chosen.redact(&redaction);
    hears(&mut tom, vec![Item::Redact { seq: 8, redaction }, enter(record, &chosen)]);
    assert_eq!(tom.outcomes(record).unwrap(), []);
}

#[test]
fn what_waited_for_the_office_says_so_and_then_what_was_decided() {
    let mut ann = vault(1, 1);
    let record = saves(&mut ann, "a fridge").record;
    saves(&mut ann, "a sofa");
    let answer = |ann: &mut Vault, verdicts: Vec<(u64, Verdict)>| {
        let push = ann.outgoing(Budget::default(), NOW).unwrap();
        let chain = ann.store.change_at(Actor(1), 2).unwrap().unwrap().chain;
        let office = Office { through: 2, chain, verdicts, ..Office::taking(&push) };
        ann.incoming(&push, &office.reply(&push), NOW).unwrap();
    };
    let in_review = || Verdict::Refused("in_review".into());
    answer(&mut ann, vec![(1, in_review()), (2, in_review())]);
    let waiting = ann.waiting().unwrap();
    assert_eq!(waiting.strip.needs_you, 0, "there is nothing to do for their officer");
    let codes: Vec<_> = waiting.items.iter().filter_map(|item| item.reason_code.as_deref()).collect();
    assert_eq!(codes, ["in_review", "in_review"]);

    let taken = Verdict::Duplicate(Dot { actor: Actor(9), counter: 1 });
    answer(&mut ann, vec![(1, taken), (2, Verdict::Refused("declined".into()))]);
    let notice = told(&ann, NoticeKind::Taken).unwrap();
    assert_eq!(notice.n, 1);
    let waiting = ann.waiting().unwrap();
    let left: Vec<_> = waiting.items.iter().filter(|item| item.reason_code.is_some()).collect();
    assert_eq!(
        (left.len(), left[0].reason_code.as_deref(), left[0].state),
        (1, Some("declined"), WorkState::NeedsYou)
    );
    assert_ne!(left[0].record, Some(record));
    ann.put_away_notices(NOW.later(1)).unwrap();
    assert_eq!(told(&ann, NoticeKind::Taken), None);
}

#[test]
fn what_was_refused_in_a_record_that_left_can_be_put_away_or_begun_again() {
    let mut ann = vault(1, 1);
    let record = saves(&mut ann, "a fridge").record;
    let answer = |ann: &mut Vault, code: &str, items: Vec<Item>| {
        let push = ann.outgoing(Budget::default(), NOW).unwrap();
        let chain = ann.store.change_at(Actor(1), 1).unwrap().unwrap().chain;
        let verdicts = vec![(1, Verdict::Refused(code.to_owned()))];
        let office = Office { through: 1, chain, verdicts, items, ..Office::taking(&push) };
        ann.incoming(&push, &office.reply(&push), NOW).unwrap();
    };
    answer(&mut ann, "in_review", vec![Item::Leave { seq: 2, record }]);
    assert!(ann.store.record(record).unwrap().is_none());
    let waiting = ann.waiting().unwrap();
    assert_eq!((waiting.items[0].state, waiting.items[0].ways.len()), (WorkState::Received, 0));
    assert_eq!(waiting.strip.needs_you, 0);

    answer(&mut ann, "declined", Vec::new());
    let waiting = ann.waiting().unwrap();
    assert_eq!(waiting.items[0].ways, [Way::AnswerAgain, Way::LeaveToOffice]);
    assert_eq!(waiting.strip.needs_you, 1);
    let draft = ann.answer_again(record, NOW).unwrap();
    assert_eq!((draft.record, draft.answers["what"].as_str()), (None, Some("a fridge")));
    assert!(ann.waiting().unwrap().items.iter().all(|item| item.reason_code.is_none()));
}
