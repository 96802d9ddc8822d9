//! A day apart: every device edits what all of them hold, and afterwards they agree, with nothing lost.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use kerbside_core::cbor;
use kerbside_core::change::{ChangeBytes, Edit};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::RecordId;
use kerbside_core::record::Record;
use kerbside_core::value::Value;
use kerbside_device::clock::Reading;

use crate::figures;
use crate::office::{Handheld, Office, Talk};
use crate::reports;
use crate::store::Answers;

const DEVICES: usize = 10;
const REPORTS_EACH: usize = 200;
const EDITED: usize = 100;
const FIELDS: usize = 3;
/// What an inspection looks at again. So few that two officers meet in some 240 answers.
const LOOKED_AT: [&str; 7] = ["bags", "metres", "house", "size", "kind", "what", "next"];

/// What was written by whoever wrote it: every value of a cell is to stand until somebody chooses.
type Cells = BTreeMap<(RecordId, FieldKey), BTreeSet<Vec<u8>>>;

pub fn day(folder: &std::path::Path, rng: &mut Rng) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let officers: Vec<_> = (0..DEVICES).map(|at| (format!("warden{at}"), "north".to_owned())).collect();
    let mut office = Office::open(folder, &officers)?;
    let mut handhelds = Vec::new();
    for (name, _) in &officers {
        let mut handheld = office.enrol_in_memory(name)?;
        for report in reports::many(rng, REPORTS_EACH) {
            office.save(&mut handheld, &report)?;
        }
        office.talk(&mut handheld)?;
        handhelds.push(handheld);
    }
    settle(&mut office, &mut handhelds)?;
    let mut cells = Cells::new();
    for handheld in &mut handhelds {
        edit(&mut office, handheld, rng, &mut cells)?;
    }
    let talk = settle(&mut office, &mut handhelds)?;
    let open: BTreeSet<_> =
        cells.iter().filter(|(_, values)| 1 < values.len()).map(|(cell, _)| cell).collect();
    for handheld in &handhelds {
        compare(handheld, &cells, open.len())?;
    }
    let written: usize = cells.values().map(BTreeSet::len).sum();
    figures::count("day_of_edits.values_kept_everywhere", written, Some(written))?;
    figures::count("day_of_edits.answers_in_conflict_listed", open.len(), Some(open.len()))?;
    figures::bytes("day_of_edits.bytes", talk.up + talk.down, Some(600_000))?;
    figures::bytes("day_of_edits.bytes_up", talk.up, None)?;
    figures::ms("day_of_edits.time_on_server", talk.on_server, None)?;
    figures::ms("day_of_edits.time_on_devices", talk.on_device, None)
}

/// Twice round: the first hear the last on the second.
fn settle(office: &mut Office, handhelds: &mut [Handheld]) -> Result<Talk> {
    let mut whole = Talk::default();
    for handheld in handhelds.iter_mut() {
        whole.add(office.talk(handheld)?);
    }
    let last = handhelds.len().saturating_sub(1);
    for handheld in handhelds.iter_mut().take(last) {
        whole.add(office.talk(handheld)?);
    }
    Ok(whole)
}

fn edit(office: &mut Office, handheld: &mut Handheld, rng: &mut Rng, cells: &mut Cells) -> Result<()> {
    let mut held: Vec<RecordId> = handheld.vault.states()?.into_keys().collect();
    rng.shuffle(&mut held);
    let before = handheld.vault.own_changes()?.len();
    for record in held.into_iter().take(EDITED) {
        let mut fields = LOOKED_AT;
        rng.shuffle(&mut fields);
        let fresh = reports::many(rng, 1).pop().context("A report")?;
        let answers: Answers = fields
            .iter()
            .take(FIELDS)
            .filter_map(|field| Some(((*field).to_owned(), fresh.get(*field)?.clone())))
            .collect();
        let now = Reading::at(office.later());
        // An answer that is what it was is no edit; where all three are, there is none.
        if let Err(cause) = handheld.vault.edit(record, &answers, &[], now) {
            ensure!(cause.to_string().contains("nothing"), cause);
        }
    }
    for own in handheld.vault.own_changes()?.into_iter().skip(before) {
        let change = ChangeBytes::received(own.bytes).read().context("Read an own change")?;
        for edit in change.edits {
            if let Edit::Put { field, value, .. } = edit {
                cells.entry((change.record, field)).or_default().insert(cbor::encode(&value));
            }
        }
    }
    Ok(())
}

fn compare(handheld: &Handheld, cells: &Cells, open: usize) -> Result<()> {
    let mut two_answers = 0;
    let states = handheld.vault.states()?;
    let mut heads = BTreeMap::new();
    for (record, (_, head)) in &states {
        let head = Record::unpack(head).context("Read a record")?;
        two_answers += usize::try_from(head.two_answers())?;
        heads.insert(*record, head);
    }
    for ((record, field), written) in cells {
        let head = heads.get(record).context("A record that was edited is there")?;
        let shown: BTreeSet<Vec<u8>> =
            head.answers(field).iter().map(|value: &Value| cbor::encode(value)).collect();
        ensure!(shown == *written, "An answer to {field} of {record} was lost");
    }
    ensure!(two_answers == open, "{two_answers} conflicts are listed of {open}");
    Ok(())
}
