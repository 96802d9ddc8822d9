//! What an edit costs beside its answer, in a council that five hundred devices have ever written in.

use anyhow::{Context, Result};
use fastrand::Rng;
use kerbside_core::cbor;
use kerbside_core::change::{Change, ChangeBytes, Edit};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{Actor, Cid, OfficerId, RecordId};
use kerbside_core::record::Record;
use kerbside_core::time::{Hlc, Moment, TimeSource};
use kerbside_core::value::Value;
use kerbside_device::clock::Reading;
use serde_json::json;

use crate::figures;
use crate::office::{Handheld, Office};
use crate::reports;

const DEVICES: u32 = 500;
const EDITS: usize = 100;
const GOAL: usize = 64;
const FIELD: &str = "bags";

pub fn metadata(folder: &std::path::Path, rng: &mut Rng) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut names: Vec<String> = (0..DEVICES).map(|at| format!("device{at}")).collect();
    names.push("reader".to_owned());
    let officers: Vec<_> = names.iter().map(|name| (name.clone(), "north".to_owned())).collect();
    let mut office = Office::open(folder, &officers)?;
    for name in names.iter().take(DEVICES as usize) {
        let mut handheld = office.enrol_in_memory(name)?;
        for report in reports::many(rng, 1) {
            office.save(&mut handheld, &report)?;
        }
        office.exchange(&mut handheld)?;
    }
    let mut reader = office.enrol_in_memory("reader")?;
    office.talk(&mut reader)?;
    let idle = office.exchange(&mut reader)?.up;
    let mut held = reader.vault.states()?.into_keys();
    let mut edit = |office: &mut Office, reader: &mut Handheld, answer: usize| -> Result<()> {
        let record = held.next().context("There are records enough")?;
        let answers = [(FIELD.to_owned(), json!(answer))].into_iter().collect();
        reader.vault.edit(record, &answers, &[], Reading::at(office.later()))?;
        Ok(())
    };
    edit(&mut office, &mut reader, 99)?;
    let one = reader.vault.own_changes()?.pop().context("There is an edit")?;
    let answer = answer_bytes(&one.bytes)?;
    let alone = one.bytes.len() - answer;
    let sent = office.exchange(&mut reader)?.up.saturating_sub(idle + answer);
    office.talk(&mut reader)?;
    for at in 0..EDITS {
        edit(&mut office, &mut reader, 100 + at)?;
    }
    let batch = office.exchange(&mut reader)?.up;
    let each = batch.saturating_sub(idle) / EDITS;
    figures::bytes("edit_500_devices.answer_and_metadata_in_a_batch_of_100", each, Some(GOAL))?;
    figures::bytes("edit_500_devices.push_of_one_over_idle", sent, None)?;
    figures::bytes("edit_500_devices.metadata_uncompressed", alone, Some(GOAL))?;
    figures::bytes("edit_500_devices.metadata_same_answer_by_all", by_all()?, Some(GOAL))
}

/// The answer and the name of its question: what any way of sending it would carry.
fn answer_bytes(bytes: &[u8]) -> Result<usize> {
    let change = ChangeBytes::received(bytes.to_vec()).read().context("Read a change")?;
    let size = |edit: &Edit| {
        let Edit::Put { field, value, .. } = edit else { return 0 };
        field.path.len() + cbor::encode(value).len()
    };
    Ok(change.edits.iter().map(size).sum())
}

/// The worst there can be: one answer that each of them has answered over in turn.
fn by_all() -> Result<usize> {
    let mut record = Record::default();
    let mut size = 0;
    for at in 1..=DEVICES {
        let context = record.context(&FieldKey::new(FIELD));
        let value = Value::Int(i64::from(at));
        let put = Edit::Put { field: FieldKey::new(FIELD), context, value };
        let change = change(at, if at == 1 { vec![Edit::Create, put] } else { vec![put] });
        record.apply(&change);
        let bytes = ChangeBytes::write(&change).into_bytes();
        size = bytes.len() - answer_bytes(&bytes)?;
    }
    Ok(size)
}

fn change(actor: u32, edits: Vec<Edit>) -> Change {
    let ms = 1_773_652_364_000 + u64::from(actor);
    Change {
        version: kerbside_core::change::VERSION,
        cid: Cid([7; 8]),
        record: RecordId([7; 16]),
        actor: Actor(actor),
        counter: 40,
        officer: OfficerId(actor),
        at: Moment {
            hlc: Hlc::at(ms),
            wall_ms: ms.cast_signed(),
            monotonic_ms: 5_000_000,
            boot: 3,
            server_offset_ms: None,
            source: TimeSource::Device,
        },
        form: "inspection".to_owned(),
        form_version: 1,
        edits,
        was: None,
    }
}
