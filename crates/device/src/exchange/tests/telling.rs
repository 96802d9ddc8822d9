//! What an officer is told of things that nobody did in front of them.

use super::*;
use crate::ways::{Notice, NoticeKind};

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
