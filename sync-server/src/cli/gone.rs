//! `redact` and `purge`: taking something out for good at the command line, and `gone`, which lists what was.

use anyhow::Result;
use clap::Args;
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{Dot, RecordId, Sha256};
use kerbside_core::record::view::read_dot;
use kerbside_core::redact::Target;
use serde_json::json;

use super::{open, print};
use crate::clock::now_ms;
use crate::config::Home;
use crate::ledger::sweep_photos;
use crate::photos::Photos;
use crate::store::{Gone, Store, Wish};

#[derive(Debug, Args)]
pub struct Redacting {
    record: RecordId,
    #[command(flatten)]
    what: What,
    /// Why. It stands in the ledger: say nothing in it that has to go.
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// A question, `path` or `path@row`: every answer given to it so far.
    #[arg(long)]
    field: Option<FieldKey>,
    /// A note, by the dot that the case shows, such as 12.41.
    #[arg(long, value_parser = note_dot)]
    note: Option<Dot>,
    /// A photo, by its hash.
    #[arg(long)]
    photo: Option<Sha256>,
}

#[derive(Debug, Args)]
pub struct Purging {
    record: RecordId,
    /// Why. It stands in the ledger.
    #[arg(long)]
    reason: String,
}

fn note_dot(text: &str) -> Result<Dot, String> {
    read_dot(text).ok_or_else(|| "a note is named by its dot, such as 12.41".to_owned())
}

pub fn redact(data: &Home, asked: Redacting) -> Result<()> {
    let Redacting { record, what, reason } = asked;
    let target = match (what.field, what.note, what.photo) {
        (Some(field), ..) => Target::Field(field),
        (_, Some(note), _) => Target::Note(note),
        (_, _, Some(photo)) => Target::Photo(photo),
        (None, None, None) => anyhow::bail!("The command line asks for one of the three"),
    };
    let mut store = open(data)?;
    let ledger = data.ledger();
    let wish = Wish { by: None, reason: &reason, now_ms: now_ms() };
    let gone = store.redact(wish, record, &target, &mut |gone| ledger.add(std::slice::from_ref(gone)))?;
    sweep_photos(&mut store, &Photos::open(&data.photos()?)?)?;
    print(&line(&gone))
}

pub fn purge(data: &Home, asked: &Purging) -> Result<()> {
    let mut store = open(data)?;
    let ledger = data.ledger();
    let wish = Wish { by: None, reason: &asked.reason, now_ms: now_ms() };
    let gone = store.purge(wish, asked.record, &mut |gone| ledger.add(std::slice::from_ref(gone)))?;
    sweep_photos(&mut store, &Photos::open(&data.photos()?)?)?;
    print(&line(&gone))
}

pub fn list(store: &mut Store) -> Result<()> {
    store.gone()?.iter().map(line).try_for_each(|line| print(&line))
}

fn line(gone: &Gone) -> serde_json::Value {
    let what = match gone.redaction.as_ref().map(|redaction| &redaction.target) {
        None => json!({"purged": gone.record}),
        Some(Target::Field(field)) => json!({"record": gone.record, "field": field.to_string()}),
        Some(Target::Note(dot)) => json!({"record": gone.record, "note": dot.to_string()}),
        Some(Target::Photo(photo)) => json!({"record": gone.record, "photo": photo}),
    };
    json!({"at_ms": gone.at_ms, "by": gone.by, "reason": gone.reason, "what": what})
}
