//! What the store promises, asked of SQLite and of PostgreSQL alike.

mod areas;
mod covers;
mod cut;
mod exchange;
mod features;
mod finding;
mod forms;
mod gazetteer;
mod gone;
mod ground;
mod hotspots;
mod idle;
mod office;
mod people;
mod phone;
mod photos;
mod put_back;
mod repair;
mod restoring;
mod review;
mod rotting;
mod same;
mod scope;
mod scratch;

use std::collections::BTreeMap;

use kerbside_core::exchange::Enrol;
use kerbside_core::form::{Codes, Form};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::PublicKey;
use serde_json::json;

pub(crate) use scratch::{Scratch, both};

use super::*;
use crate::values;

const NOW: i64 = 1_793_000_000_000;

fn council() -> CouncilFile {
    serde_json::from_value(json!({
        "key": "demo", "name": "Demonstration Council", "targets": {"fly_tip": 5},
        "teams": [
            {"key": "wardens-north", "name": {"en": "Wardens north", "cy": "Wardeniaid y gogledd"}, "service": "street", "forms": ["fly_tip"]},
            {"key": "parking", "name": {"en": "Parking", "cy": "Parcio"}, "service": "street", "forms": ["observation"]},
            {"key": "housing-east", "name": {"en": "Housing east", "cy": "Tai dwyrain"}, "service": "housing", "forms": ["tenancy_audit"]}
        ],
        "officers": [
            {"email": "Ann@example.gov.uk", "name": "Ann Bailey", "role": "officer", "teams": ["wardens-north"], "short_code": "W07"},
            {"email": "bob@example.gov.uk", "name": "Bob Reeve", "role": "officer", "teams": ["wardens-north"], "short_code": "W08"},
            {"email": "tom@example.gov.uk", "name": "Tom Okafor", "role": "officer", "teams": ["parking"], "short_code": "C12"},
            {"email": "jo@example.gov.uk", "name": "Jo Ali", "role": "triager", "service": "street"},
            {"email": "lee@example.gov.uk", "name": "Lee Grant", "role": "admin"},
            {"email": "val@example.gov.uk", "name": "Val Moss", "role": "auditor"}
        ]
    }))
    .unwrap()
}

/// A form of three questions, in the versions a mixed fleet meets.
fn form(version: u32) -> Form {
    let form = json!({
        "settings": {"form_id": "fly_tip", "version": version, "form_title": {"en": "Fly-tip"}, "service": "street",
            "ref_prefix": "FT"},
        "survey": [
            {"type": "text", "name": "where", "label": {"en": "Where is it?"}, "required": true},
            {"type": "text", "name": "plate", "label": {"en": "Number plate"}, "merge": "once"},
            {"type": "image", "name": "photos", "label": {"en": "Photos"}, "parameters": "max=5"}
        ]
    });
    Form::parse(&form.to_string(), &Codes::default()).unwrap()
}

fn each(promise: impl Fn(&mut Store, &Scratch)) {
    for scratch in both() {
        let mut store = scratch.place.open().unwrap();
        store.establish(NOW).unwrap();
        store.load_council(&council(), &BTreeMap::new()).unwrap();
        store.put_form(NOW, &form(1)).unwrap();
        promise(&mut store, &scratch);
    }
}

fn ann(store: &mut Store) -> Officer {
    store.officer_by_email("ann@example.gov.uk").unwrap().unwrap().0
}

fn enrol(code: &str, key: u8) -> Enrol {
    let key = PublicKey([key; 32]);
    Enrol {
        code: code.into(),
        key,
        name: "phone".into(),
        app: "0.1.0".into(),
        unlock_share: vec![7; 32],
        proof: None,
    }
}

fn code_of(fault: &anyhow::Error) -> Option<Code> {
    fault.downcast_ref::<Problem>().map(|problem| problem.code)
}

#[test]
fn a_database_keeps_its_identity_when_it_is_opened_again() {
    each(|store, scratch| {
        let first = store.identity().unwrap();
        let again = scratch.place.open().unwrap().establish(NOW + 1).unwrap();
        assert_eq!((first.server, first.epoch), (again.server, again.epoch), "{}", scratch.name);
        assert_eq!(first.signing, again.signing);
        assert!(scratch.place.migrations_due().unwrap().is_empty());
    });
}

#[test]
fn a_transaction_that_fails_leaves_nothing() {
    each(|store, _| {
        let failed: Result<()> = store.connection.transaction(|tx| {
            tx.execute("UPDATE council SET seq = seq + 7 WHERE id = 1", &[])?;
            anyhow::bail!("no")
        });
        assert!(failed.is_err());
        assert_eq!(store.connection.one("SELECT seq FROM council", &[]).unwrap().int(0).unwrap(), 0);
    });
}

#[test]
fn every_kind_of_value_comes_back_as_it_went() {
    each(|store, _| {
        store.connection.batch("CREATE TABLE thing (a BIGINT, b TEXT)").unwrap();
        let row = values![i64::MIN, "Llanfairpwll £ ' %"];
        store.connection.execute("INSERT INTO thing (a, b) VALUES ($1, $2)", row).unwrap();
        store
            .connection
            .execute("INSERT INTO thing (a, b) VALUES ($1, $2)", values![None::<i64>, None::<&str>])
            .unwrap();
        let rows = store.connection.query("SELECT a, b FROM thing ORDER BY a IS NULL", &[]).unwrap();
        assert_eq!(rows[0].int(0).unwrap(), i64::MIN);
        assert_eq!(rows[0].text(1).unwrap(), "Llanfairpwll £ ' %");
        assert_eq!(rows[1].find_int(0).unwrap(), None);
    });
}

#[test]
fn two_servers_that_start_together_migrate_once() {
    for scratch in both() {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let place = scratch.place.clone();
                std::thread::spawn(move || place.open().unwrap().establish(NOW).unwrap().server)
            })
            .collect();
        let servers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(servers.windows(2).all(|pair| pair[0] == pair[1]), "{}", scratch.name);
    }
}

#[tokio::test]
async fn a_pool_serves_several_at_once_and_is_let_go_on_an_async_thread() {
    for scratch in tokio::task::spawn_blocking(both).await.unwrap() {
        let place = scratch.place.clone();
        let opened = tokio::task::spawn_blocking(move || Db::open(place, 3)).await.unwrap();
        let db = opened.unwrap();
        db.run(|store| store.establish(NOW)).await.unwrap();
        let beats: Vec<_> = (0..12)
            .map(|beat| {
                let db = db.clone();
                tokio::spawn(async move { db.run(move |store| store.beat(NOW + beat)).await })
            })
            .collect();
        for beat in beats {
            beat.await.unwrap().unwrap();
        }
        let failed: Result<()> = db.run(|_| anyhow::bail!("no")).await;
        assert!(failed.is_err());
        let panics = db.clone();
        let panicked =
            tokio::spawn(async move { panics.run(|_| -> Result<()> { panic!("on purpose") }).await });
        assert!(panicked.await.unwrap_err().is_panic());
        assert!(db.run(|store| store.beat(NOW)).await.is_ok(), "{}", scratch.name);
        drop(db);
    }
}

#[test]
fn a_settings_file_may_be_loaded_twice_and_shows_each_person_their_teams() {
    each(|store, _| {
        store.load_council(&council(), &BTreeMap::new()).unwrap();
        let teams_of = |store: &mut Store, email: &str| {
            let (officer, _) = store.officer_by_email(email).unwrap().unwrap();
            officer.teams.into_iter().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(teams_of(store, "ANN@example.gov.uk"), "wardens-north");
        assert_eq!(teams_of(store, "jo@example.gov.uk"), "parking wardens-north");
        assert_eq!(teams_of(store, "lee@example.gov.uk"), "");
        assert_eq!(teams_of(store, "val@example.gov.uk"), "housing-east parking wardens-north");
        assert_eq!(store.people().unwrap().len(), 6);
        assert_eq!(store.settings().unwrap()["targets"]["fly_tip"], 5);
    });
}

#[test]
fn an_enrolment_code_works_once_and_for_a_quarter_of_an_hour() {
    each(|store, _| {
        let ann = ann(store);
        let code = store.make_device_code(&ann, NOW).unwrap().code;
        let wrong = store.enrol(NOW, &enrol("0000-0000-0000-0000", 1)).unwrap_err();
        assert_eq!(code_of(&wrong), Some(Code::CodeWrong));
        let first = store.enrol(NOW + 1, &enrol(&code.to_lowercase(), 1)).unwrap();
        assert_eq!(first.short_code, "W07");
        let other = store.enrol(NOW + 2, &enrol(&code, 2)).unwrap_err();
        assert_eq!(code_of(&other), Some(Code::CodeUsed));
        let repeated = store.enrol(NOW + CODE_LASTS_MS * 2, &enrol(&code, 1)).unwrap();
        assert_eq!((first.device, first.actor), (repeated.device, repeated.actor));

        let late = store.make_device_code(&ann, NOW).unwrap().code;
        let expired = store.enrol(NOW + CODE_LASTS_MS + 1, &enrol(&late, 3)).unwrap_err();
        assert_eq!(code_of(&expired), Some(Code::CodeExpired));
    });
}

#[test]
fn a_second_device_of_one_officer_gets_another_short_code_and_actor() {
    each(|store, _| {
        let ann = ann(store);
        let enrolled: Vec<_> = (1..4)
            .map(|key| {
                let code = store.make_device_code(&ann, NOW).unwrap().code;
                store.enrol(NOW, &enrol(&code, key)).unwrap()
            })
            .collect();
        let codes: Vec<_> = enrolled.iter().map(|device| device.short_code.as_str()).collect();
        assert_eq!(codes, ["W07", "W07B", "W07C"]);
        assert!(enrolled.windows(2).all(|pair| pair[0].actor < pair[1].actor));
        assert!(store.revoke_device(enrolled[0].device, NOW).unwrap());
        assert!(store.device(enrolled[0].device).unwrap().unwrap().is_revoked);
        assert_eq!(store.devices().unwrap().len(), 3);
    });
}

#[test]
fn an_administrator_or_auditor_gets_no_device() {
    each(|store, _| {
        for email in ["lee@example.gov.uk", "val@example.gov.uk"] {
            let (officer, _) = store.officer_by_email(email).unwrap().unwrap();
            let refused = store.make_device_code(&officer, NOW).unwrap_err();
            assert_eq!(code_of(&refused), Some(Code::NotAllowed));
        }
    });
}

#[test]
fn a_session_ends_when_idle_and_after_half_a_day_in_any_case() {
    let lasting = Lasting { idle_ms: 900_000, absolute_ms: 43_200_000, is_use: true };
    each(|store, _| {
        let ann = ann(store).id;
        let (token, session) = store.open_session(ann, NOW).unwrap();
        assert_eq!(store.session(&token, NOW + 899_000, lasting).unwrap().unwrap().csrf, session.csrf);
        assert!(store.session(&token, NOW + 899_000 + 900_001, lasting).unwrap().is_none());

        let (busy, _) = store.open_session(ann, NOW).unwrap();
        for minute in 0..720 {
            assert!(store.session(&busy, NOW + minute * 60_000 + 1, lasting).unwrap().is_some());
        }
        assert!(store.session(&busy, NOW + 43_200_001, lasting).unwrap().is_none());
    });
}

#[test]
fn signing_in_gets_slower_with_each_wrong_try_and_is_forgiven_by_a_right_one() {
    each(|store, _| {
        let keys = [Tried { key: "account".into(), free: 5 }, Tried { key: "address".into(), free: 50 }];
        for _ in 0..4 {
            store.count_sign_in(&keys, false, NOW).unwrap();
        }
        assert_eq!(store.sign_in_wait_ms(&keys, NOW).unwrap(), 0);
        let waits: Vec<_> = (0..12)
            .map(|_| {
                store.count_sign_in(&keys, false, NOW).unwrap();
                store.sign_in_wait_ms(&keys, NOW).unwrap() / 1000
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        store.count_sign_in(&keys, true, NOW).unwrap();
        assert_eq!(store.sign_in_wait_ms(&keys, NOW).unwrap(), 0);
    });
}

#[test]
fn a_database_in_memory_is_copied_and_put_back() {
    let mut store = Store::in_memory(1).unwrap();
    store.establish(NOW).unwrap();
    let backup = store.copy().unwrap();
    store.load_council(&council(), &BTreeMap::new()).unwrap();
    assert_eq!(store.people().unwrap().len(), 6);
    store.become_copy_of(&backup).unwrap();
    assert_eq!(store.people().unwrap().len(), 0);
    assert_eq!(Store::in_memory(1).unwrap().establish(NOW).unwrap().server, store.identity().unwrap().server);
}
