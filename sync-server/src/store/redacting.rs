//! Taking something out for good, and a whole record: in one transaction with every place that repeats it, and in the
//! ledger before it is committed. A restored server does it all again from the ledger before it serves.

use std::collections::BTreeSet;

use anyhow::Result;
use kerbside_core::cbor;
use kerbside_core::change::{Change, ChangeBytes, Edit};
use kerbside_core::ids::{Actor, Dot, RecordId, Sha256};
use kerbside_core::mend::turn_bit_back;
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::redact::{Redaction, Target};
use kerbside_core::value::TEXT_LIMIT;

use super::connection::Connection;
use super::cut;
use super::gone::{self, Gone};
use super::taking::{LOG_CHANGE, LOG_PURGE, LOG_REDACT, Taking, to_row};
use super::value::Row;
use super::{Store, dialect, purging, records, review};
use crate::auth::{Action, Target as Of, authorise};
use crate::store::Officer;
use crate::values;

/// Who wants something gone, and why. At the command line nobody is asked for leave.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub by: Option<&'a Officer>,
    pub reason: &'a str,
    pub now_ms: i64,
}

/// Writes a line into the ledger, durably.
pub type Keep<'a> = &'a mut dyn FnMut(&Gone) -> Result<()>;

impl Wish<'_> {
    fn require(&self, action: Action) -> Result<(), Problem> {
        if self.by.is_some_and(|by| !authorise(by, action, Of::Council).is_allowed()) {
            return Err(Problem::new(Code::NotAllowed, "this role takes nothing out for good"));
        }
        if self.reason.trim().is_empty() || TEXT_LIMIT < self.reason.len() {
            return Err(Problem::new(Code::ReasonMissing, "nothing goes for good without a reason"));
        }
        Ok(())
    }

    fn gone(&self, record: RecordId, redaction: Option<Redaction>) -> Gone {
        Gone {
            at_ms: self.now_ms,
            by: self.by.map(|by| by.id.0),
            reason: self.reason.trim().to_owned(),
            record,
            redaction,
        }
    }
}

impl Store {
    /// Takes an answer, a note or a photo out of a record, wherever it is repeated.
    pub fn redact(
        &mut self,
        wish: Wish<'_>,
        record: RecordId,
        target: &Target,
        keep: Keep<'_>,
    ) -> Result<Gone> {
        wish.require(Action::RedactRecord)?;
        if !target.is_redactable() {
            return Err(Problem::new(Code::Malformed, "this cannot be taken out").into());
        }
        self.let_go(wish.now_ms, keep, |tx| {
            let redaction = redaction(tx, record, target)?;
            Ok(wish.gone(record, Some(redaction)))
        })
    }

    /// Removes a whole record for good.
    pub fn purge(&mut self, wish: Wish<'_>, record: RecordId, keep: Keep<'_>) -> Result<Gone> {
        wish.require(Action::PurgeRecord)?;
        self.let_go(wish.now_ms, keep, |tx| {
            purging::require_known(tx, record)?;
            Ok(wish.gone(record, None))
        })
    }

    /// Does again what the ledger says and this database does not know. Returns how much that was.
    pub fn replay(&mut self, now_ms: i64, ledger: &[Gone]) -> Result<usize> {
        if planted::is(Mutant::RedactionNotReplayed) {
            return Ok(0);
        }
        let forms = &mut self.forms;
        let mut done = 0;
        self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            for gone in ledger {
                if !gone::is_noted(taking.tx, gone.id())? {
                    apply(&mut taking, gone)?;
                    done += 1;
                }
            }
            taking.finish()
        })?;
        if 0 < done {
            self.wipe();
        }
        Ok(done)
    }

    fn let_go(
        &mut self,
        now_ms: i64,
        keep: Keep<'_>,
        what: impl FnOnce(&mut Connection) -> Result<Gone>,
    ) -> Result<Gone> {
        let forms = &mut self.forms;
        let gone = self.connection.transaction(|tx| {
            let mut taking = Taking::begin(tx, forms, now_ms)?;
            let gone = what(taking.tx)?;
            apply(&mut taking, &gone)?;
            taking.finish()?;
            // What stands in the ledger counts, whether or not the commit comes about: it is done again at the next start.
            keep(&gone)?;
            Ok(gone)
        })?;
        self.wipe();
        Ok(gone)
    }

    /// Leaves nothing of what is gone in the database's own files beside its rows. It is done all the same where that
    /// fails: the database writes over it in its own time.
    fn wipe(&mut self) {
        if let Err(cause) = dialect::wipe(&mut self.connection) {
            tracing::warn!("What was written over stays in the database's files for a while: {cause:#}");
        }
    }
}

fn apply(taking: &mut Taking<'_>, gone: &Gone) -> Result<()> {
    let (kind, body) = match &gone.redaction {
        Some(redaction) => {
            blank(taking, redaction)?;
            (LOG_REDACT, cbor::encode(redaction))
        }
        None => {
            purging::remove(taking.tx, gone.record)?;
            (LOG_PURGE, Vec::new())
        }
    };
    let seq = taking.next_seq();
    taking.tx.execute(
        "INSERT INTO log (seq, kind, record, received_at, body) VALUES ($1, $2, $3, $4, $5)",
        values![seq, kind, gone.record, taking.now_ms, body],
    )?;
    taking
        .tx
        .execute(
            "INSERT INTO gone (id, record, is_purge, seq, entry) VALUES ($1, $2, $3, $4, $5)",
            values![gone.id(), gone.record, gone.redaction.is_none(), seq, cbor::encode(gone)],
        )
        .map(|_| ())
}

/// What has to go of a record, and the acts it is in.
fn redaction(tx: &mut Connection, record: RecordId, target: &Target) -> Result<Redaction> {
    let state = records::load(tx, record)?.map(|kept| kept.state);
    let upto = state.map(|state| state.held()).unwrap_or_default();
    let mut redaction = Redaction { record, target: target.clone(), upto, acts: Vec::new() };
    let changes: Vec<Change> = bodies_of(tx, record)?.iter().filter_map(Body::change).collect();
    let said_as = match target {
        Target::Note(dot) => {
            let mut saying: Vec<Saying> = changes.iter().map(Saying::of).collect();
            saying.extend(cut::notes_left(tx, record)?);
            Some(said_under(*dot, &saying))
        }
        Target::Field(_) | Target::Photo(_) => None,
    };
    for change in &changes {
        let is_meant = said_as.as_ref().is_none_or(|dots| dots.contains(&change.dot()));
        if is_meant && target.residue(change).is_some() {
            redaction.acts.push(change.cid);
        }
    }
    redaction.acts.extend(cut::acts_with(tx, &redaction, said_as.as_ref())?);
    redaction.acts.sort_unstable();
    redaction.acts.dedup();
    if redaction.acts.is_empty() {
        return Err(Problem::new(Code::NothingChanged, "there is nothing of it to take out").into());
    }
    Ok(redaction)
}

/// What a change notes, kind and text, and the dot it was made of.
pub(super) struct Saying {
    pub(super) dot: Dot,
    pub(super) was: Option<Dot>,
    pub(super) notes: Vec<(String, String)>,
}

impl Saying {
    fn of(change: &Change) -> Self {
        let notes = change.edits.iter().filter_map(|edit| {
            if let Edit::Note { kind, text } = edit { Some((kind.clone(), text.clone())) } else { None }
        });
        Self { dot: change.dot(), was: change.was, notes: notes.collect() }
    }
}

/// Every dot under which the same was noted: what was approved out of review is another act than what it was made of.
/// What only stood under the same dot on a double says something else.
fn said_under(dot: Dot, saying: &[Saying]) -> BTreeSet<Dot> {
    let noted =
        saying.iter().find(|said| said.dot == dot).map(|said| said.notes.as_slice()).unwrap_or_default();
    let saying: Vec<&Saying> =
        saying.iter().filter(|said| said.notes.iter().any(|note| noted.contains(note))).collect();
    let made_of = saying.iter().filter_map(|said| Some((said.dot, said.was?)));
    let pairs: Vec<(Dot, Dot)> =
        made_of.filter(|(_, was)| saying.iter().any(|said| said.dot == *was)).collect();
    let mut dots = BTreeSet::from([dot]);
    while let Some((one, other)) =
        pairs.iter().find(|(one, other)| dots.contains(one) != dots.contains(other))
    {
        dots.extend([*one, *other]);
    }
    dots
}

fn blank(taking: &mut Taking<'_>, redaction: &Redaction) -> Result<()> {
    let record = redaction.record;
    for kept in bodies_of(taking.tx, record)? {
        match kept.change() {
            Some(change) => {
                let Some(left) = redaction.residue(&change) else { continue };
                kept.put(taking.tx, &ChangeBytes::write(&left))?;
            }
            None => kept.ask_again(taking.tx, taking.now_ms)?,
        }
        review::forget_reason(taking.tx, kept.dot)?;
    }
    if let Target::Photo(photo) = &redaction.target {
        purging::remove_photo(taking.tx, record, *photo)?;
    }
    cut::redact(taking.tx, redaction)?;
    let Some(mut kept) = records::load(taking.tx, record)? else { return Ok(()) };
    if kept.state.redact(redaction) {
        let form = taking.forms.nearest(taking.tx, kept.state.form(), kept.state.form_version())?;
        let last = taking.tx.one("SELECT last_seq FROM record WHERE id = $1", values![record])?.int(0)?;
        records::save(taking.tx, record, &kept, last, form.as_deref())?;
    }
    Ok(())
}

/// The bytes of one change, in the log or set aside.
struct Body {
    dot: Dot,
    seq: Option<i64>,
    hash: Sha256,
    bytes: Vec<u8>,
}

fn bodies_of(tx: &mut Connection, record: RecordId) -> Result<Vec<Body>> {
    let in_log = tx.query(
        "SELECT l.actor, l.counter, l.seq, COALESCE(r.hash, d.hash), l.body FROM log l \
         JOIN dot d ON d.actor = l.actor AND d.counter = l.counter \
         LEFT JOIN residue r ON r.actor = d.actor AND r.counter = d.counter \
         WHERE l.record = $1 AND l.kind = $2 ORDER BY l.seq",
        values![record, LOG_CHANGE],
    )?;
    let aside = tx.query(
        "SELECT s.actor, s.counter, NULL, COALESCE(r.hash, d.hash), s.body FROM set_aside s \
         JOIN dot d ON d.actor = s.actor AND d.counter = s.counter \
         LEFT JOIN residue r ON r.actor = d.actor AND r.counter = d.counter \
         WHERE d.record = $1 ORDER BY s.actor, s.counter",
        values![record],
    )?;
    in_log.iter().chain(&aside).map(Body::of).collect()
}

impl Body {
    fn of(row: &Row) -> Result<Self> {
        Ok(Self {
            dot: Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? },
            seq: row.find_int(2)?,
            hash: Sha256(row.bytes(3)?),
            bytes: row.blob(4)?,
        })
    }

    /// The change, of bytes that went bad too where one bit turned back makes them whole.
    fn change(&self) -> Option<Change> {
        let fits = |tried: &[u8]| Sha256::of(tried) == self.hash;
        let whole =
            if fits(&self.bytes) { Some(self.bytes.clone()) } else { turn_bit_back(&self.bytes, fits) };
        ChangeBytes::received(whole?).read().ok()
    }

    fn put(&self, tx: &mut Connection, left: &ChangeBytes) -> Result<()> {
        gone::note_residue(tx, self.dot, left.hash())?;
        self.write(tx, left.bytes())
    }

    /// Bytes that cannot be read may say what has to go: they are emptied, and asked of their device.
    fn ask_again(&self, tx: &mut Connection, now_ms: i64) -> Result<()> {
        tx.execute(
            "INSERT INTO body_missing (actor, counter, noticed_at) VALUES ($1, $2, $3) \
             ON CONFLICT (actor, counter) DO NOTHING",
            values![self.dot.actor, to_row(self.dot.counter)?, now_ms],
        )?;
        self.write(tx, &[])
    }

    fn write(&self, tx: &mut Connection, bytes: &[u8]) -> Result<()> {
        match self.seq {
            Some(seq) => tx.execute("UPDATE log SET body = $1 WHERE seq = $2", values![bytes, seq])?,
            None => tx.execute(
                "UPDATE set_aside SET body = $1 WHERE actor = $2 AND counter = $3",
                values![bytes, self.dot.actor, to_row(self.dot.counter)?],
            )?,
        };
        Ok(())
    }
}
