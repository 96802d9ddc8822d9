//! Every message ever sent has an example in `schemas/wire/v1`, which must read for ever and may never change.

mod addresses;
mod gone;

use std::path::PathBuf;

use ed25519_dalek::SigningKey;
use minicbor::{Decode, Encode};

use super::*;
use crate::cbor;
use crate::change::tests::change;
use crate::change::{Change, ChangeBytes, Context, Edit, Member, PhotoFacts};
use crate::field::FieldKey;
use crate::gazetteer::GazetteerPage;
use crate::ids::{Actor, DeviceId, Dot, Epoch, OfficerId, RecordId, RowId, ServerId, Sha256};
use crate::record::{Entry, Packed, Record, join_page, pack_page};
use crate::sign::{Label, PublicKey, Signed};
use crate::value::{Place, PlaceSource, Point, Value};
use gone::{blanked_push, reply_to_one_stopped, reply_with_redactions};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas/wire/v1")
}

fn rewrite<T: Encode<()> + for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Vec<u8> {
    cbor::encode(&cbor::decode::<T>(bytes).expect("an old message must be readable for ever"))
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn full_change() -> Change {
    let put = |field: &str, value| Edit::Put {
        field: FieldKey::new(field),
        context: Context::new([Dot { actor: Actor(2), counter: 300 }]),
        value,
    };
    let place = Place {
        lat_e7: 526_285_000,
        lon_e7: 12_920_000,
        altitude_cm: Some(2_300),
        accuracy_cm: None,
        fixed_at: 1_773_652_360_000,
        source: PlaceSource::Pin,
    };
    let corner = Point { lat_e7: 526_285_000, lon_e7: 12_920_000 };
    let mut change = change(
        1,
        41,
        vec![
            Edit::Create,
            put("@team", Value::code("wardens-north")),
            put("size", Value::code("small_van")),
            put("also", Value::Codes(["tyres".to_owned(), "green".to_owned()].into())),
            put("notes", Value::text("Behind the flats")),
            put("cleared", Value::Null),
            put("hazard", Value::Bool(true)),
            put("count", Value::Int(-3)),
            put("volume", Value::decimal(125, 2)),
            put("on", Value::Date { year: 2026, month: 3, day: 16 }),
            put("time", Value::Time { seconds: 33_120 }),
            put("seen_at", Value::Instant { ms: 1_773_652_364_000, offset_min: 60 }),
            put("where", Value::Place(place)),
            put("path", Value::Path(vec![corner])),
            put("shape", Value::Shape(vec![corner, corner, corner])),
            put("newer", Value::Opaque { tag: 90, bytes: vec![0x01] }),
            Edit::SetAdd { field: FieldKey::new("household"), members: vec![Member::Row(RowId([4; 8]))] },
            Edit::Put {
                field: FieldKey::in_row("household/name", RowId([4; 8])),
                context: Context::default(),
                value: Value::text("Example"),
            },
            Edit::SetRemove {
                field: FieldKey::new("tags"),
                context: Context::new([Dot { actor: Actor(1), counter: 4 }]),
                members: vec![Member::Text("urgent".to_owned())],
            },
            Edit::Attach {
                field: FieldKey::new("photos"),
                photo: Sha256([8; 32]),
                facts: PhotoFacts {
                    bytes: 234_567,
                    kind: "image/jpeg".to_owned(),
                    width: Some(1_600),
                    height: Some(1_200),
                    taken_at: Some(1_773_652_361_000),
                    lat_e7: Some(526_285_000),
                    lon_e7: Some(12_920_000),
                    accuracy_cm: Some(600),
                    source: 1,
                    orientation: Some(6),
                    camera: Some("Example 1".to_owned()),
                    name: None,
                },
            },
            Edit::Note { kind: "note".to_owned(), text: "Gate locked".to_owned() },
            Edit::Seal { manifest: Sha256([9; 32]), signature: vec![1; 64] },
            Edit::Unknown { tag: 44, bytes: vec![0xa1, 0x00, 0xf6] },
        ],
    );
    change.at.server_offset_ms = Some(-1_500);
    change.was = Some(Dot { actor: Actor(9), counter: 2 });
    change
}

fn receipt() -> Receipt {
    Receipt {
        server: ServerId([1; 16]),
        council: "demo".to_owned(),
        device: DeviceId([2; 16]),
        actor: Actor(1),
        through: 41,
        chain: Sha256([3; 32]),
        verdicts: vec![
            (38, Verdict::Flagged("unknown_form".to_owned())),
            (39, Verdict::Held),
            (40, Verdict::Duplicate(Dot { actor: Actor(9), counter: 2 })),
            (41, Verdict::Refused("not_your_team".to_owned())),
        ],
        epoch: Epoch([4; 16]),
        marks: vec![Mark { actor: Actor(1), through: 41, backed_up_through: 12 }],
        checkpoint: Vec::new(),
        answers: None,
        backup_ms: None,
        safe_photos: Vec::new(),
        settled: Vec::new(),
        said: Vec::new(),
    }
}

fn push() -> Push {
    let head = Head {
        server: ServerId([1; 16]),
        council: "demo".to_owned(),
        device: DeviceId([2; 16]),
        actor: Actor(1),
        counter: 41,
        chain: Sha256([3; 32]),
    };
    Push {
        actor: Actor(1),
        first: 41,
        changes: vec![ChangeBytes::write(&full_change()).into_bytes()],
        cursor: vec![1, 2, 3],
        epoch: Epoch([4; 16]),
        acked: 37,
        wants: Wants { items: 500, bytes: 1 << 20, records: vec![RecordId([7; 16])] },
        clock: ClockReading { wall_ms: 1_773_652_364_000, monotonic_ms: 5_000, boot: 3 },
        app: "0.1.0".to_owned(),
        capabilities: vec!["page/1".to_owned()],
        head: Signed::new(Label::Head, &head, &key()),
        lost: Vec::new(),
        asks: None,
        proof: None,
        oldest_unsent_ms: None,
        unsent: None,
        known: Vec::new(),
    }
}

/// What a device says to a server that was put back to a backup.
fn returning_push() -> Push {
    Push {
        changes: vec![Vec::new(), ChangeBytes::write(&full_change()).into_bytes()],
        lost: vec![Lost { counter: 41, hash: Sha256([3; 32]) }],
        asks: Some(Asks { photos: vec![Sha256([8; 32])], held: vec![Dot { actor: Actor(9), counter: 2 }] }),
        proof: Some(Signed::new(Label::Receipt, &receipt(), &key())),
        ..push()
    }
}

/// What a server says that makes backups and heard such a device.
fn safe_receipt() -> Receipt {
    Receipt {
        verdicts: vec![(41, Verdict::Missing)],
        backup_ms: Some(1_773_652_300_000),
        safe_photos: vec![Sha256([8; 32])],
        settled: vec![
            Settled { dot: Dot { actor: Actor(9), counter: 2 }, verdict: None },
            Settled {
                dot: Dot { actor: Actor(9), counter: 3 },
                verdict: Some(Verdict::Refused("sealed".to_owned())),
            },
        ],
        ..receipt()
    }
}

/// What a colleague declined, and why.
fn declining_receipt() -> Receipt {
    Receipt {
        verdicts: vec![(41, Verdict::Refused("declined".to_owned()))],
        said: vec![(41, "The tenant had moved out".to_owned())],
        ..receipt()
    }
}

/// Nothing new: what both sides hold is shown, not sent.
fn push_when_idle() -> Push {
    Push { changes: Vec::new(), head: Signed::known(&[3; 16]), known: vec![4; 16], ..push() }
}

fn reply_when_idle() -> Reply {
    Reply {
        receipt: Signed::known(&[5; 16]),
        items: Vec::new(),
        cursor: Vec::new(),
        more: false,
        paging: Paging::Log,
        offers: Vec::new(),
        ..reply()
    }
}

fn page() -> Vec<u8> {
    let mut state = Record::default();
    state.apply(&full_change());
    pack_page([Entry {
        record: Some(RecordId([7; 16])),
        reference: Some("FT-000123"),
        received_ms: Some(1_773_652_400_000),
        state: &state,
    }])
}

/// Enough changes that they are laid out by column.
fn push_of_many() -> Push {
    let numbered = |counter: u64| ChangeBytes::write(&Change { counter, ..full_change() }).into_bytes();
    Push { changes: (41..=48).map(numbered).collect(), ..push() }
}

fn page_of_many() -> Vec<u8> {
    let mut state = Record::default();
    state.apply(&full_change());
    let state = state.pack();
    let packed = (0..8).map(|at| Packed {
        record: RecordId([at; 16]),
        reference: "FT-000123",
        received_ms: 1_773_652_400_000,
        state: &state,
    });
    join_page(packed).expect("a sound state")
}

fn reply_of_many() -> Reply {
    let bytes = |counter: u64| ChangeBytes::write(&Change { counter, ..full_change() }).into_bytes();
    let change = |seq: u64| Item::Change { seq, received_ms: 5, bytes: bytes(seq), reference: None };
    let mut items: Vec<Item> = (41..=48).map(change).collect();
    items.extend(reply().items);
    Reply { items, ..reply() }
}

fn reply() -> Reply {
    let reference = Some("FT-000123".to_owned());
    Reply {
        receipt: Signed::new(Label::Receipt, &receipt(), &key()),
        hwm: 41,
        fork: false,
        items: vec![
            Item::Change { seq: 1, received_ms: 5, bytes: vec![0xa0], reference: reference.clone() },
            Item::Echo { seq: 2, received_ms: 6, dot: Dot { actor: Actor(1), counter: 41 }, reference },
            Item::Enter { seq: 3, page: page() },
            Item::Leave { seq: 4, record: RecordId([7; 16]) },
            Item::Purge { seq: 5, record: RecordId([7; 16]) },
        ],
        cursor: vec![9],
        more: true,
        paging: Paging::Middle,
        offers: vec![Offer {
            name: "form/fly_tip".to_owned(),
            version: 1,
            sha256: Sha256([5; 32]),
            bytes: 9_000,
        }],
        minimum_app: "0.1.0".to_owned(),
        nonce: vec![6; 40],
        now_ms: 1_773_652_401_000,
        stopped: None,
    }
}

fn enrolled() -> Enrolled {
    Enrolled {
        device: DeviceId([2; 16]),
        officer: OfficerId(3),
        actor: Actor(1),
        council: "demo".to_owned(),
        server: ServerId([1; 16]),
        server_key: PublicKey::of(&key()),
        epoch: Epoch([4; 16]),
        short_code: "W07".to_owned(),
        nonce: vec![6; 40],
        officer_name: "Ann Bailey".to_owned(),
        now_ms: 1_773_652_401_000,
    }
}

fn photo_receipt() -> PhotoReceipt {
    PhotoReceipt {
        server: ServerId([1; 16]),
        council: "demo".to_owned(),
        device: DeviceId([2; 16]),
        record: RecordId([7; 16]),
        sha256: Sha256([8; 32]),
        bytes: 234_567,
        state: PhotoState::Complete,
        epoch: Epoch([4; 16]),
        backed_up: false,
    }
}

fn proof() -> RequestProof {
    RequestProof {
        server: ServerId([1; 16]),
        council: "demo".to_owned(),
        device: DeviceId([2; 16]),
        method: "POST".to_owned(),
        path: "/v1/sync".to_owned(),
        body: Sha256([5; 32]),
        nonce: vec![6; 40],
    }
}

/// The rule of the grammar and the file it is kept in, the example's bytes, and a reading and writing of any bytes.
type Example = (&'static str, Vec<u8>, fn(&[u8]) -> Vec<u8>);

/// What is laid out by column, and what is shown because both sides hold it.
fn examples_of_many() -> Vec<Example> {
    vec![
        ("receipt-with-reasons", cbor::encode(&declining_receipt()), rewrite::<Receipt>),
        ("gazetteer-page", cbor::encode(&addresses::page()), rewrite::<GazetteerPage>),
        ("push-when-idle", cbor::encode(&push_when_idle()), rewrite::<Push>),
        ("reply-when-idle", cbor::encode(&reply_when_idle()), rewrite::<Reply>),
        ("push-of-many", cbor::encode(&push_of_many()), rewrite::<Push>),
        ("reply-of-many", cbor::encode(&reply_of_many()), rewrite::<Reply>),
        ("page-of-many", page_of_many(), |bytes| {
            let entered = crate::record::unpack_page(bytes).expect("an old page must be readable for ever");
            let states: Vec<Vec<u8>> = entered.iter().map(|one| one.state.pack()).collect();
            join_page(entered.iter().zip(&states).map(|(one, state)| Packed {
                record: one.record.unwrap_or_default(),
                reference: one.reference.as_deref().unwrap_or_default(),
                received_ms: one.received_ms.unwrap_or_default(),
                state,
            }))
            .expect("a sound page")
        }),
    ]
}

fn examples() -> Vec<Example> {
    let enrol = Enrol {
        code: "7K3M-9QXT-2B8F-VC".to_owned(),
        key: PublicKey::of(&key()),
        name: "Handheld 7".to_owned(),
        app: "0.1.0".to_owned(),
        unlock_share: vec![1; 32],
        proof: None,
    };
    let again = Enrol { proof: Some(Signed::new(Label::Receipt, &receipt(), &key())), ..enrol.clone() };
    let retire = Retire { actor: Actor(1), offered: vec![Offered { counter: 41, hash: Sha256([3; 32]) }] };
    let head: Head = push().head.open(Label::Head, &PublicKey::of(&key())).expect("our own signature");
    vec![
        ("change", cbor::encode(&full_change()), rewrite::<Change>),
        ("head", cbor::encode(&head), rewrite::<Head>),
        ("receipt", cbor::encode(&receipt()), rewrite::<Receipt>),
        (
            "receipt-with-answers",
            cbor::encode(&Receipt { answers: Some(push().tag()), ..receipt() }),
            rewrite::<Receipt>,
        ),
        ("photo-receipt", cbor::encode(&photo_receipt()), rewrite::<PhotoReceipt>),
        ("request-proof", cbor::encode(&proof()), rewrite::<RequestProof>),
        ("push", cbor::encode(&push()), rewrite::<Push>),
        (
            "push-with-unsent",
            cbor::encode(&Push { oldest_unsent_ms: Some(1_773_650_000_000), unsent: Some(3), ..push() }),
            rewrite::<Push>,
        ),
        ("reply", cbor::encode(&reply()), rewrite::<Reply>),
        ("reply-with-redactions", cbor::encode(&reply_with_redactions()), rewrite::<Reply>),
        ("push-with-residue", cbor::encode(&blanked_push()), rewrite::<Push>),
        ("reply-with-stopped", cbor::encode(&reply_to_one_stopped()), rewrite::<Reply>),
        ("page", page(), |bytes| {
            let entered = crate::record::unpack_page(bytes).expect("an old page must be readable for ever");
            pack_page(entered.iter().map(|one| Entry {
                record: one.record,
                reference: one.reference.as_deref(),
                received_ms: one.received_ms,
                state: &one.state,
            }))
        }),
        ("push-to-a-restored-server", cbor::encode(&returning_push()), rewrite::<Push>),
        ("receipt-with-backup", cbor::encode(&safe_receipt()), rewrite::<Receipt>),
        ("enrol-again", cbor::encode(&again), rewrite::<Enrol>),
        ("enrol", cbor::encode(&enrol), rewrite::<Enrol>),
        ("enrolled", cbor::encode(&enrolled()), rewrite::<Enrolled>),
        ("allotted", cbor::encode(&Allotted { actor: Actor(5), epoch: Epoch([4; 16]) }), rewrite::<Allotted>),
        ("retire", cbor::encode(&retire), rewrite::<Retire>),
        (
            "retired",
            cbor::encode(&Retired { actor: Actor(6), held: vec![40], verdicts: Vec::new(), receipt: None }),
            rewrite::<Retired>,
        ),
        (
            "retired-with-verdicts",
            cbor::encode(&Retired {
                actor: Actor(6),
                held: vec![40, 41],
                verdicts: vec![(41, Verdict::Refused("not_your_team".to_owned()))],
                receipt: None,
            }),
            rewrite::<Retired>,
        ),
        (
            "retired-with-receipt",
            cbor::encode(&Retired {
                actor: Actor(6),
                held: vec![40, 41],
                verdicts: Vec::new(),
                receipt: Some(Signed::new(Label::Receipt, &receipt(), &key())),
            }),
            rewrite::<Retired>,
        ),
        (
            "unlock-request",
            cbor::encode(&UnlockRequest { code: "7K3M-9QXT-2B8F-VC".to_owned(), device: DeviceId([2; 16]) }),
            rewrite::<UnlockRequest>,
        ),
        ("unlocked", cbor::encode(&Unlocked { unlock_share: vec![1; 32] }), rewrite::<Unlocked>),
    ]
}

#[test]
fn every_message_is_written_as_it_was_when_it_was_first_sent() {
    for (rule, bytes, _) in examples().into_iter().chain(examples_of_many()) {
        let (cbor_file, json_file) =
            (folder().join(format!("{rule}.cbor")), folder().join(format!("{rule}.json")));
        let json =
            serde_json::to_string_pretty(&cbor::to_json(&bytes).expect("canonical")).expect("JSON") + "\n";
        if !cbor_file.exists() {
            std::fs::write(&cbor_file, &bytes).expect("a new example is written");
            std::fs::write(&json_file, &json).expect("its JSON is written");
        }
        assert_eq!(
            std::fs::read(&cbor_file).expect("an example"),
            bytes,
            "{rule} is written differently than before"
        );
        assert_eq!(std::fs::read_to_string(&json_file).expect("its JSON"), json, "{rule} reads differently");
    }
}

#[test]
fn every_message_ever_sent_can_be_read_and_written_again() {
    for (rule, _, rewrite) in examples().into_iter().chain(examples_of_many()) {
        let bytes = std::fs::read(folder().join(format!("{rule}.cbor"))).expect("an example");
        assert_eq!(rewrite(&bytes), bytes, "{rule}");
    }
}

#[test]
fn the_grammar_describes_every_message_and_refuses_a_damaged_one() {
    let grammar = std::fs::read_to_string(folder().join("kerbside.cddl")).expect("the grammar");
    for (rule, bytes, _) in examples().into_iter().chain(examples_of_many()) {
        let root = ["-with-", "-to-", "-again", "-of-many", "-when-idle"]
            .iter()
            .find_map(|tail| Some(rule.split_once(tail)?.0));
        let rooted = format!("root = {}\n{grammar}", root.unwrap_or(rule));
        let fits = |bytes: &[u8]| cddl::validate_cbor_from_slice(&rooted, bytes, None);
        fits(&bytes).unwrap_or_else(|fault| panic!("{rule} does not fit its grammar: {fault}"));
        assert!(fits(&cbor::encode(&42u32)).is_err(), "{rule} takes anything");
    }
}

#[test]
fn a_message_cut_short_or_twisted_never_panics() {
    for (_, bytes, _) in examples().into_iter().chain(examples_of_many()) {
        for at in 0..bytes.len() {
            let mut twisted = bytes.clone();
            twisted[at] ^= 0x21;
            for part in [&bytes[..at], &twisted] {
                let read: [bool; 3] = [
                    cbor::decode::<Push>(part).is_ok(),
                    cbor::decode::<Reply>(part).is_ok(),
                    ChangeBytes::received(part.to_vec()).read().is_ok(),
                ];
                assert!(read.iter().filter(|read| **read).count() <= 1);
            }
        }
    }
}
