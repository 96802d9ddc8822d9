//! What both sides hold is shown and not sent again, on both databases.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kerbside_core::exchange::{Push, Receipt, offers_mark};
use kerbside_core::sign::Signed;

use super::each;
use super::phone::Phone;
use crate::store::Store;

const ANN: &str = "ann@example.gov.uk";
const NOW: i64 = super::NOW + 2_000;

/// A phone that has said all it has, and what it says when it has nothing to say.
fn idle(store: &mut Store) -> (Phone, Push, Receipt) {
    let mut ann = Phone::enrols(store, ANN, 1);
    ann.reports("Mile Cross Road");
    ann.reports("Aylsham Road");
    ann.exchanges(store);
    let full = ann.push(store, 3);
    let reply = store.take(NOW, ann.device, &full).unwrap();
    let receipt = ann.receipt(store, &reply);
    let chain = receipt.chain;
    let offers = reply.offers.iter().map(|offer| (offer.name.as_str(), offer.version));
    let known = [&receipt.mark().0[..8], &offers_mark(offers)].concat();
    let push = Push { head: Signed::known(&chain.0[..16]), known, ..full };
    (ann, push, receipt)
}

#[test]
fn an_exchange_without_news_sends_neither_receipt_nor_offers_nor_cursor() {
    each(|store, _| {
        let (ann, push, receipt) = idle(store);
        let reply = store.take(NOW, ann.device, &push).unwrap();
        assert_eq!(reply.receipt.shown(), Some(receipt.shown(&push).as_slice()));
        assert!(!reply.fork && reply.items.is_empty() && reply.offers.is_empty() && reply.cursor.is_empty());
    });
}

#[test]
fn a_receipt_that_says_more_than_the_one_held_is_sent_whole() {
    each(|store, _| {
        let (mut ann, push, _) = idle(store);
        ann.reports("Dereham Road");
        ann.exchanges(store);
        let reply = store.take(NOW, ann.device, &push).unwrap();
        let receipt: Receipt = ann.receipt(store, &reply);
        assert_eq!(receipt.through, 3);
    });
}

#[test]
fn a_chain_that_is_shown_and_is_not_the_servers_is_a_fork() {
    each(|store, _| {
        let (ann, push, _) = idle(store);
        let other = Push { head: Signed::known(&[9; 16]), ..push.clone() };
        assert!(store.take(NOW, ann.device, &other).unwrap().fork);
        let short = Push { head: Signed::known(&[]), ..push.clone() };
        assert!(store.take(NOW, ann.device, &short).is_err());
        let unsigned = Push { first: 1, changes: ann.push(store, 1).changes, ..push };
        assert!(store.take(NOW, ann.device, &unsigned).is_err());
    });
}

#[test]
fn a_sign_of_life_waits_for_no_disk_and_what_is_taken_after_it_does() {
    each(|store, _| {
        let (mut ann, push, _) = idle(store);
        let later = NOW + 61_000;
        store.take(later, ann.device, &push).unwrap();
        let seen = store.devices().unwrap();
        assert!(seen.iter().any(|one| one.id == ann.device && one.last_seen_at_ms == later));
        assert!(super::super::dialect::waits_for_disk(&mut store.connection).unwrap());
        let inside = store.connection.jotting(super::super::dialect::waits_for_disk).unwrap();
        assert!(!inside, "a jotting waits");
        assert!(store.connection.jotting(|_| anyhow::bail!("not this time") as anyhow::Result<()>).is_err());
        assert!(super::super::dialect::waits_for_disk(&mut store.connection).unwrap());
        let broken = catch_unwind(AssertUnwindSafe(|| {
            store.connection.jotting(|tx| -> anyhow::Result<()> {
                tx.execute("UPDATE heartbeat SET at = 7 WHERE id = 1", &[])?;
                panic!("half way")
            })
        }));
        assert!(broken.is_err());
        assert!(super::super::dialect::waits_for_disk(&mut store.connection).unwrap());
        let beat = store.connection.one("SELECT at FROM heartbeat WHERE id = 1", &[]).unwrap();
        assert_ne!(beat.int(0).unwrap(), 7, "what broke off is taken back");
        assert!(store.is_sound());
        ann.reports("Dereham Road");
        ann.exchanges(store);
    });
}
