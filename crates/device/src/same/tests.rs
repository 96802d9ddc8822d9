//! Two reports of one heap, on a phone that the office has told of what it made of them.

use super::*;
use crate::clock::Reading;
use kerbside_core::change::Edit;
use kerbside_core::same::{close, open_again, take_in};
use serde_json::json;

const NOW: Reading = Reading { wall_ms: 1_773_652_364_000, monotonic_ms: 0, offset_min: 0 };

fn vault() -> Vault {
    let mut vault = crate::exchange::tests::vault(1, 1);
    let form = json!({
        "settings": {"form_id": "tip", "version": 1, "form_title": {"en": "Fly-tip"}, "service": "street", "ref_prefix": "FT"},
        "survey": [{"type": "text", "name": "what", "label": {"en": "What is it?"}}]
    });
    vault.keep_pack("form.tip", 1, form.to_string().as_bytes()).unwrap();
    vault
}

fn tip(vault: &mut Vault) -> RecordId {
    let answers = json!({"what": "Tyres"});
    vault.create("tip", answers.as_object().unwrap(), &[], NOW).unwrap().record
}

fn acts(
    vault: &mut Vault,
    record: RecordId,
    edits: impl FnOnce(&kerbside_core::record::Record) -> Vec<Edit>,
) {
    let head = vault.head(record).unwrap();
    vault.act_on(record, &head, edits(&head), NOW).unwrap();
}

#[test]
fn each_of_two_says_what_became_of_it_and_no_longer_once_it_was_taken_back() {
    let mut vault = vault();
    let (first, second) = (tip(&mut vault), tip(&mut vault));
    assert_eq!(vault.of_same(first).unwrap(), OfSame::default());
    acts(&mut vault, first, |_| take_in(second, None));
    assert_eq!(vault.of_same(first).unwrap(), OfSame::default(), "the other has not said so");
    acts(&mut vault, second, |head| close(head, first));

    let stays = SameRecord { record: first, reference: "W07-01".into() };
    let closed = SameRecord { record: second, reference: "W07-02".into() };
    let said = vault.of_same(second).unwrap().duplicate_of.unwrap();
    assert_eq!((said.officer, said.record), (OfficerId(3), Some(stays)));
    assert_eq!(vault.of_same(first).unwrap().duplicates, [closed]);

    acts(&mut vault, second, open_again);
    assert_eq!(vault.of_same(second).unwrap(), OfSame::default());
    assert_eq!(vault.of_same(first).unwrap(), OfSame::default());
}

#[test]
fn what_is_on_no_such_phone_is_said_without_its_reference() {
    let mut vault = vault();
    let record = tip(&mut vault);
    acts(&mut vault, record, |head| close(head, RecordId([9; 16])));
    assert_eq!(vault.of_same(record).unwrap().duplicate_of.unwrap().record, None);
}
