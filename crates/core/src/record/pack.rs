//! Records at rest and in a snapshot page: canonical, and every dot's stamp written once.
//!
//! Version 1. A page holds any number of records; a record in the vault is a page of one.

use std::collections::BTreeMap;

use super::columns::{Reader, Writer};
use super::register::{Register, Written};
use super::set::Members;
use super::{Note, Record, Seal, Stamp, clock_of, context_of};
use crate::change::{Context, Member, PhotoFacts};
use crate::field::FieldKey;
use crate::ids::{Dot, OfficerId, RecordId, Sha256};
use crate::time::Hlc;
use crate::value::Value;

pub(super) const VERSION: u32 = 1;
/// The version of pages that travel: the same streams, each laid out by column.
pub(super) const JOINED: u32 = 2;

/// Bytes that are no page of ours: damaged, or of a newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the page cannot be read")
    }
}

impl std::error::Error for Unreadable {}

impl From<minicbor::decode::Error> for Unreadable {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}

/// One record going into a page.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub record: Option<RecordId>,
    /// The reference the office gave it.
    pub reference: Option<&'a str>,
    /// When the server received its first change.
    pub received_ms: Option<i64>,
    pub state: &'a Record,
}

/// One record out of a page.
#[derive(Debug, Clone)]
pub struct Entered {
    pub record: Option<RecordId>,
    pub reference: Option<String>,
    pub received_ms: Option<i64>,
    pub state: Record,
}

/// Writes records by column.
#[must_use]
pub fn pack_page<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Vec<u8> {
    let mut writer = Writer::default();
    let mut count = 0u64;
    for entry in entries {
        writer.put("id", &entry.record);
        writer.put("ref", &entry.reference);
        writer.put("got", &entry.received_ms);
        write_record(&mut writer, entry.state);
        count += 1;
    }
    writer.put("v", &VERSION);
    writer.put("n", &count);
    writer.finish()
}

/// Reads a page.
pub fn unpack_page(bytes: &[u8]) -> Result<Vec<Entered>, Unreadable> {
    let plain = super::page::plain_page(bytes)?;
    let mut reader = Reader::open(&plain)?;
    if reader.take::<u32>("v")? != VERSION {
        return Err(Unreadable);
    }
    let count: u64 = reader.take("n")?;
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(Entered {
            record: reader.take("id")?,
            reference: reader.take("ref")?,
            received_ms: reader.take("got")?,
            state: read_record(&mut reader)?,
        });
    }
    reader.finish()?;
    Ok(entries)
}

/// The stamps of a record, each dot once, in order; everything else names them by place in this table.
#[derive(Default)]
struct Stamps(BTreeMap<Dot, Stamp>);

impl Stamps {
    fn of(record: &Record, registers: &[(&FieldKey, Vec<Written>)]) -> Self {
        let mut stamps = BTreeMap::new();
        let mut see = |stamp: Stamp| {
            stamps.insert(stamp.dot, stamp);
        };
        record.created.into_iter().for_each(&mut see);
        registers.iter().flat_map(|(_, values)| values).for_each(|written| see(written.stamp));
        record.photos.values().for_each(|(stamp, _)| see(*stamp));
        record.notes.values().for_each(|note| see(note.stamp));
        record.seals.values().for_each(|seal| see(seal.stamp));
        Self(stamps)
    }

    fn place(&self, dot: Dot) -> u64 {
        self.0.range(..dot).count() as u64
    }

    fn write(&self, writer: &mut Writer) {
        writer.put("sn", &(self.0.len() as u64));
        for Stamp { hlc, dot, officer, at_ms } in self.0.values() {
            writer.put("sa", &dot.actor);
            writer.put("sc", &dot.counter);
            writer.put("sh", hlc);
            writer.put("so", officer);
            // The corrected time is nearly always the clock's own: the difference is a small number or nought.
            writer.put("st", &at_ms.wrapping_sub_unsigned(hlc.ms()));
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Vec<Stamp>, Unreadable> {
        let count: u64 = reader.take("sn")?;
        let mut stamps = Vec::new();
        for _ in 0..count {
            let dot = Dot { actor: reader.take("sa")?, counter: reader.take("sc")? };
            let hlc: Hlc = reader.take("sh")?;
            let officer: OfficerId = reader.take("so")?;
            let at_ms = reader.take::<i64>("st")?.wrapping_add_unsigned(hlc.ms());
            stamps.push(Stamp { hlc, dot, officer, at_ms });
        }
        Ok(stamps)
    }
}

fn write_record(writer: &mut Writer, record: &Record) {
    let Record { clock, form, form_version, created, registers, sets, photos, notes, seals, unknown } =
        record;
    // Reading a register copies what is in it, so it is read once.
    let registers: Vec<_> = registers.iter().map(|(field, register)| (field, register.values())).collect();
    let stamps = Stamps::of(record, &registers);
    writer.put("f", form);
    writer.put("fv", form_version);
    writer.put("c", &context_of(clock));
    stamps.write(writer);
    writer.put("cr", &created.map(|stamp| stamps.place(stamp.dot)));
    writer.put("rn", &(registers.len() as u64));
    for (field, values) in registers {
        write_register(writer, field, values, &stamps);
    }
    writer.put("mn", &(sets.len() as u64));
    for (field, set) in sets {
        write_set(writer, field, set);
    }
    writer.put("pn", &(photos.len() as u64));
    for ((field, photo, dot), (_, facts)) in photos {
        writer.put("pf", field);
        writer.put("ph", photo);
        writer.put("ps", &stamps.place(*dot));
        writer.put("px", facts);
    }
    writer.put("nn", &(notes.len() as u64));
    for ((_, dot, index), Note { kind, text, stamp: _ }) in notes {
        writer.put("ns", &stamps.place(*dot));
        writer.put("ni", index);
        writer.put("nk", kind);
        writer.put("nt", text);
    }
    writer.put("ln", &(seals.len() as u64));
    for (dot, Seal { manifest, signature, stamp: _ }) in seals {
        writer.put("ls", &stamps.place(*dot));
        writer.put("lm", manifest);
        writer.put("lg", &minicbor::bytes::ByteVec::from(signature.clone()));
    }
    writer.put("un", &(unknown.len() as u64));
    for ((dot, index), (tag, bytes)) in unknown {
        writer.put("ud", dot);
        writer.put("ui", index);
        writer.put("ut", tag);
        writer.put("ub", &minicbor::bytes::ByteVec::from(bytes.clone()));
    }
}

fn write_register(writer: &mut Writer, field: &FieldKey, mut values: Vec<Written>, stamps: &Stamps) {
    values.sort_by_key(|written| written.stamp.dot);
    writer.put("rk", field);
    writer.put("rv", &(values.len() as u64));
    let stream = format!("={}", field.path);
    for written in values {
        writer.put("rs", &stamps.place(written.stamp.dot));
        writer.put("rc", &written.context());
        writer.put(&stream, &written.value);
    }
}

fn write_set(writer: &mut Writer, field: &FieldKey, set: &Members) {
    let (members, clock) = set.parts();
    writer.put("mk", field);
    writer.put("mc", &clock);
    writer.put("me", &(members.len() as u64));
    for (member, seen) in members {
        writer.put("mm", &member);
        writer.put("ms", &seen);
    }
}

fn read_record(reader: &mut Reader<'_>) -> Result<Record, Unreadable> {
    let mut record = Record {
        form: reader.take("f")?,
        form_version: reader.take("fv")?,
        clock: clock_of(&reader.take::<Context>("c")?),
        ..Record::default()
    };
    let stamps = Stamps::read(reader)?;
    let stamp_at = |place: u64| {
        usize::try_from(place).ok().and_then(|place| stamps.get(place)).copied().ok_or(Unreadable)
    };
    record.created = reader.take::<Option<u64>>("cr")?.map(stamp_at).transpose()?;
    for _ in 0..reader.take::<u64>("rn")? {
        let field: FieldKey = reader.take("rk")?;
        let stream = format!("={}", field.path);
        let mut register = Register::default();
        for _ in 0..reader.take::<u64>("rv")? {
            let stamp = stamp_at(reader.take("rs")?)?;
            let context: Context = reader.take("rc")?;
            register.put(stamp, &context, reader.take::<Value>(&stream)?);
        }
        record.registers.insert(field, register);
    }
    for _ in 0..reader.take::<u64>("mn")? {
        let (field, set) = read_set(reader)?;
        record.sets.insert(field, set);
    }
    for _ in 0..reader.take::<u64>("pn")? {
        let field: FieldKey = reader.take("pf")?;
        let photo: Sha256 = reader.take("ph")?;
        let stamp = stamp_at(reader.take("ps")?)?;
        record.photos.insert((field, photo, stamp.dot), (stamp, reader.take::<PhotoFacts>("px")?));
    }
    for _ in 0..reader.take::<u64>("nn")? {
        let stamp = stamp_at(reader.take("ns")?)?;
        let index: u64 = reader.take("ni")?;
        let note = Note { stamp, kind: reader.take("nk")?, text: reader.take("nt")? };
        record.notes.insert((stamp.hlc, stamp.dot, index), note);
    }
    for _ in 0..reader.take::<u64>("ln")? {
        let stamp = stamp_at(reader.take("ls")?)?;
        let manifest = reader.take("lm")?;
        let signature = reader.take::<minicbor::bytes::ByteVec>("lg")?.into();
        record.seals.insert(stamp.dot, Seal { stamp, manifest, signature });
    }
    for _ in 0..reader.take::<u64>("un")? {
        let key = (reader.take("ud")?, reader.take("ui")?);
        let kept = (reader.take("ut")?, reader.take::<minicbor::bytes::ByteVec>("ub")?.into());
        record.unknown.insert(key, kept);
    }
    Ok(record)
}

fn read_set(reader: &mut Reader<'_>) -> Result<(FieldKey, Members), Unreadable> {
    let field: FieldKey = reader.take("mk")?;
    let clock: Context = reader.take("mc")?;
    let mut members = BTreeMap::new();
    for _ in 0..reader.take::<u64>("me")? {
        members.insert(reader.take::<Member>("mm")?, reader.take::<Context>("ms")?);
    }
    Ok((field, Members::from_parts(&members, &clock)))
}
