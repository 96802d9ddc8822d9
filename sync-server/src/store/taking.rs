//! Taking changes in: each is judged, numbered and folded into its record, whoever sends it.
//!
//! All of it happens inside one transaction of the caller, who holds the council's row: what is committed
//! gets its number in the order of commits, on both databases.

use std::collections::{BTreeSet, VecDeque};

use anyhow::{Context, Result};
use kerbside_core::change::{Change, ChangeBytes};
use kerbside_core::form::Form;
use kerbside_core::ids::{Actor, DeviceId, Dot, OfficerId, RecordId, Sha256};
use kerbside_core::planted::{self, Mutant};
use kerbside_core::problem::Code;
use kerbside_core::record::Record;
use kerbside_core::redact::REDACTED;
use kerbside_core::{cbor, chain};
use minicbor::{Decode, Encode};

use super::connection::Connection;
use super::cut;
use super::gone;
use super::judge::{self, Judged, Waits};
use super::lives;
use super::packs::FormShelf;
use super::people::{Officer, read_anyone, teams, teams_left};
use super::records::{self, Kept};
use super::review::{self, Why};
use super::value::Row;
use crate::values;

/// The verdicts as the `dot` table keeps them.
pub(super) const ACCEPTED: i64 = 0;
pub(super) const FLAGGED: i64 = 1;
pub(super) const HELD: i64 = 2;
pub(super) const DUPLICATE: i64 = 3;
pub(super) const REFUSED: i64 = 4;
/// Declared by its device: the bytes are nowhere.
pub(super) const MISSING: i64 = 5;

/// The kinds of entry in the log.
pub(super) const LOG_CHANGE: i64 = 0;
pub(super) const LOG_SCOPE: i64 = 1;
pub(super) const LOG_PHOTO: i64 = 2;
pub(super) const LOG_REDACT: i64 = 3;
pub(super) const LOG_PURGE: i64 = 4;
/// A change whose words were cut: `cut::Left` stands in its place.
pub(super) const LOG_CUT: i64 = 5;

/// Whose changes are being taken.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) actor: Actor,
    pub(super) officer: Officer,
    pub(super) last: u64,
    pub(super) chain: Sha256,
    pub(super) is_retired: bool,
    /// Why what it sends is no longer simply taken, and nothing goes down to it.
    pub(super) stopped: Option<Why>,
}

/// The log's word for a record whose keys changed: all of them before, and all of them after.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
pub(super) struct ScopeMove {
    #[n(0)]
    pub(super) from: Vec<String>,
    #[n(1)]
    pub(super) to: Vec<String>,
}

pub(super) struct Taking<'a> {
    pub(super) tx: &'a mut Connection,
    pub(super) forms: &'a mut FormShelf,
    pub(super) now_ms: i64,
    seq: i64,
    /// Up to where the log was cut.
    floor: i64,
}

impl<'a> Taking<'a> {
    /// Begins by locking the council's row, so that two takings are never under way at once.
    pub(super) fn begin(tx: &'a mut Connection, forms: &'a mut FormShelf, now_ms: i64) -> Result<Self> {
        let row = tx.one("UPDATE council SET seq = seq WHERE id = 1 RETURNING seq, floor", &[])?;
        Ok(Self { seq: row.int(0)?, floor: row.int(1)?, tx, forms, now_ms })
    }

    pub(super) fn finish(self) -> Result<()> {
        self.tx.execute("UPDATE council SET seq = $1 WHERE id = 1", values![self.seq]).map(|_| ())
    }

    /// The next number of the log.
    pub(super) fn next_seq(&mut self) -> i64 {
        self.seq += 1;
        self.seq
    }

    /// What came, or what is left of it where something in it was taken out for good.
    fn without_what_is_gone(&mut self, bytes: &[u8]) -> Result<ChangeBytes> {
        let came = ChangeBytes::received(bytes.to_vec());
        let left = match came.read() {
            Ok(change) => gone::residue_of(self.tx, &change)?,
            Err(_) => None,
        };
        Ok(left.map_or(came, |left| ChangeBytes::write(&left)))
    }

    /// Takes the writer's next change, and whatever was held for want of it. `hash` is what it had when it was first
    /// written, whatever is left of it.
    pub(super) fn take(&mut self, writer: &mut Writer, bytes: &[u8], hash: Sha256) -> Result<Judged> {
        let change = self.without_what_is_gone(bytes)?;
        let dot = Dot { actor: writer.actor, counter: writer.last + 1 };
        writer.chain = chain::next(writer.chain, hash);
        let read = change.read();
        let (judged, act) = match &read {
            Ok(read) => (judge::judge(self, writer, dot, read)?, (read.cid.0, read.record)),
            Err(_) => (Judged::Refused(judge::unreadable(&change)), ([0; 8], RecordId::default())),
        };
        let consumes = match judged {
            Judged::Refused(_) => !planted::is(Mutant::RefusalDoesNotConsume),
            Judged::Review(_) => !planted::is(Mutant::ReviewDoesNotConsume),
            Judged::Taken(_) | Judged::Held(_) | Judged::Duplicate(_) => true,
        };
        if !consumes {
            return Ok(judged);
        }
        self.tx.execute(
            "INSERT INTO dot (actor, counter, hash, chain, cid, record, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![dot.actor, to_row(dot.counter)?, hash, writer.chain, act.0, act.1, self.now_ms],
        )?;
        if change.hash() != hash {
            gone::note_residue(self.tx, dot, change.hash())?;
        }
        writer.last = dot.counter;
        self.tx.execute(
            "UPDATE actor SET last_counter = $1, chain = $2 WHERE id = $3",
            values![to_row(writer.last)?, writer.chain, writer.actor],
        )?;
        self.settle(dot, &judged, read.as_ref().ok(), change.bytes())?;
        let arrivals = self.arrivals(dot, &judged, read.as_ref().ok())?;
        self.release(arrivals)?;
        Ok(judged)
    }

    /// Takes the word of the writer's device that the next change's bytes are nowhere: only its hash goes on.
    pub(super) fn take_lost(&mut self, writer: &mut Writer, hash: Sha256) -> Result<()> {
        let dot = Dot { actor: writer.actor, counter: writer.last + 1 };
        writer.chain = chain::next(writer.chain, hash);
        writer.last = dot.counter;
        self.tx.execute(
            "INSERT INTO dot (actor, counter, hash, chain, cid, record, verdict, received_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            values![
                dot.actor,
                to_row(dot.counter)?,
                hash,
                writer.chain,
                [0; 8],
                RecordId::default(),
                MISSING,
                self.now_ms
            ],
        )?;
        self.tx.execute(
            "UPDATE actor SET last_counter = $1, chain = $2 WHERE id = $3",
            values![to_row(writer.last)?, writer.chain, writer.actor],
        )?;
        self.release(vec![Waits::Dot(dot)])
    }

    /// What a settled change brings with it that others may wait for.
    fn arrivals(&mut self, dot: Dot, judged: &Judged, change: Option<&Change>) -> Result<Vec<Waits>> {
        if matches!(judged, Judged::Held(_)) {
            return Ok(vec![]);
        }
        let mut arrivals = vec![Waits::Dot(dot)];
        let Some(change) = change else { return Ok(arrivals) };
        if change.creates() {
            if matches!(judged, Judged::Refused(_)) && !records::exists(self.tx, change.record)? {
                lives::give_up_record(self.tx, self.now_ms, change.record)?;
            }
            arrivals.push(Waits::Record(change.record));
        }
        // What was given another dot will not come under the one it had.
        if let Some(was) = change.was
            && is_elsewhere(self.tx, was)?
        {
            lives::give_up(self.tx, self.now_ms, was)?;
            arrivals.push(Waits::Dot(was));
        }
        Ok(arrivals)
    }

    /// Writes down what became of a change, and folds it in if it was taken.
    fn settle(&mut self, dot: Dot, judged: &Judged, change: Option<&Change>, bytes: &[u8]) -> Result<()> {
        let waits = if let Judged::Held(Waits::Dot(waits)) = judged { Some(*waits) } else { None };
        let (verdict, code, other) = match judged {
            Judged::Taken(None) => (ACCEPTED, "", None),
            Judged::Taken(Some(flag)) => (FLAGGED, flag.name(), None),
            Judged::Held(_) => (HELD, "", waits),
            Judged::Duplicate(same) => (DUPLICATE, "", Some(*same)),
            Judged::Refused(code) => (REFUSED, code.name(), None),
            Judged::Review(_) => (REFUSED, Code::InReview.name(), None),
        };
        let seq = match (judged, change) {
            (Judged::Taken(_), Some(change)) => {
                review::close_taken(self.tx, self.now_ms, change)?;
                Some(self.fold(change, bytes)?)
            }
            _ => None,
        };
        self.tx.execute(
            "UPDATE dot SET verdict = $1, code = $2, other_actor = $3, other_counter = $4, seq = $5 \
             WHERE actor = $6 AND counter = $7",
            values![
                verdict,
                code,
                other.map(|other| other.actor.0),
                other.map(|other| to_row(other.counter)).transpose()?,
                seq,
                dot.actor,
                to_row(dot.counter)?,
            ],
        )?;
        if let (Judged::Duplicate(_), Some(change)) = (judged, change) {
            // Another device may have brought the words, and this one alone have the photo.
            self.name_photos(change, 0)?;
        }
        // Nothing is kept of what a record was that is gone.
        let goes = Judged::Refused(Code::RecordPurged);
        if matches!(judged, Judged::Taken(_) | Judged::Duplicate(_)) || *judged == goes {
            return self
                .tx
                .execute(
                    "DELETE FROM set_aside WHERE actor = $1 AND counter = $2",
                    values![dot.actor, to_row(dot.counter)?],
                )
                .map(|_| ());
        }
        let waits_record =
            if let Judged::Held(Waits::Record(record)) = judged { Some(*record) } else { None };
        self.tx
            .execute(
                "INSERT INTO set_aside (actor, counter, waits_actor, waits_counter, waits_record, body) \
                 VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (actor, counter) DO UPDATE SET waits_actor = excluded.waits_actor, \
                 waits_counter = excluded.waits_counter, waits_record = excluded.waits_record",
                values![
                    dot.actor,
                    to_row(dot.counter)?,
                    waits.map(|waits| waits.actor.0),
                    waits.map(|waits| to_row(waits.counter)).transpose()?,
                    waits_record,
                    bytes,
                ],
            )
            .map(|_| ())?;
        match (judged, change) {
            (Judged::Review(why), Some(change)) => review::keep(self, *why, change),
            _ => Ok(()),
        }
    }

    /// Judges again what waited for these, and what waited for those in turn.
    fn release(&mut self, arrived: Vec<Waits>) -> Result<()> {
        if planted::is(Mutant::HeldForEver) {
            return Ok(());
        }
        self.judge_all_again(arrived).map(|_| ())
    }

    /// The same for what nobody waits for any longer: how many changes were let go.
    pub(super) fn judge_again(&mut self, given_up: Waits) -> Result<usize> {
        self.judge_all_again(vec![given_up])
    }

    fn judge_all_again(&mut self, arrived: Vec<Waits>) -> Result<usize> {
        let mut arrivals = VecDeque::from(arrived);
        let mut released = 0;
        while let Some(arrived) = arrivals.pop_front() {
            for row in self.waiting_for(arrived)? {
                let dot = Dot { actor: Actor(row.u32(0)?), counter: u64::try_from(row.int(1)?)? };
                let bytes = row.blob(2)?;
                let change = ChangeBytes::received(bytes.clone()).read().context("Reading a held change")?;
                let writer = writer(self.tx, dot.actor)?;
                let judged = judge::judge(self, &writer, dot, &change)?;
                self.settle(dot, &judged, Some(&change), &bytes)?;
                released += usize::from(!matches!(judged, Judged::Held(_)));
                arrivals.extend(self.arrivals(dot, &judged, Some(&change))?);
            }
        }
        Ok(released)
    }

    fn waiting_for(&mut self, arrived: Waits) -> Result<Vec<Row>> {
        match arrived {
            Waits::Dot(dot) => self.tx.query(
                "SELECT actor, counter, body FROM set_aside WHERE waits_actor = $1 AND waits_counter <= $2 \
                 ORDER BY actor, counter",
                values![dot.actor, to_row(dot.counter)?],
            ),
            Waits::Record(record) => self.tx.query(
                "SELECT actor, counter, body FROM set_aside WHERE waits_record = $1 ORDER BY actor, counter",
                values![record],
            ),
        }
    }

    /// Gives the change its number and folds it into its record.
    fn fold(&mut self, change: &Change, bytes: &[u8]) -> Result<i64> {
        let seq = self.next_seq();
        self.tx.execute(
            "INSERT INTO log (seq, kind, record, actor, counter, received_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            values![seq, LOG_CHANGE, change.record, change.actor, to_row(change.counter)?, self.now_ms, bytes],
        )?;
        let form = self.forms.nearest(self.tx, &change.form, change.form_version)?;
        let before = records::load(self.tx, change.record)?;
        let is_new = before.is_none();
        let mut kept = match before {
            Some(kept) => kept,
            None => self.begin_record(form.as_deref(), seq)?,
        };
        if 0 < self.floor {
            cut::keep_state(self.tx, change.record)?;
        }
        kept.state.apply(change);
        records::save(self.tx, change.record, &kept, seq, form.as_deref())?;
        self.name_photos(change, seq)?;
        self.move_scope(change, &kept.state, is_new, seq)?;
        Ok(seq)
    }

    /// Lets the device that wrote the change send the photos it names. An approval names what its first writer sends.
    pub(super) fn name_photos(&mut self, change: &Change, seq: i64) -> Result<()> {
        for (_, photo, facts) in change.photos().filter(|(.., facts)| facts.kind != REDACTED) {
            self.tx.execute(
                "INSERT INTO photo_named (record, sha256, actor, bytes, named_seq) \
                 SELECT $1, $2, $3, $4, $5 FROM actor WHERE id = $3 AND device IS NOT NULL \
                 ON CONFLICT (record, sha256, actor) DO NOTHING",
                values![change.record, photo, change.actor, to_row(facts.bytes)?, seq],
            )?;
        }
        Ok(())
    }

    fn begin_record(&mut self, form: Option<&Form>, seq: i64) -> Result<Kept> {
        let prefix = form.map_or("R", |form| form.settings().ref_prefix.as_str());
        let office_reference = records::next_reference(self.tx, prefix)?;
        Ok(Kept { state: Record::default(), office_reference, first_seq: seq, received_at: self.now_ms })
    }

    /// Keeps the scope in step with what the record says of itself. One without a team goes to its creator's team.
    fn move_scope(&mut self, change: &Change, state: &Record, is_new: bool, seq: i64) -> Result<()> {
        let before = records::keys_now(self.tx, change.record)?;
        let stays = if is_new { None } else { Some(records::teams_now(self.tx, change.record)?) };
        let now = self.keys_of(state, change.officer, stays)?;
        if now == before {
            return Ok(());
        }
        let since = if is_new { seq } else { self.log_move(change.record, &before, &now)? };
        for key in before.difference(&now) {
            let (team, area) = key.split_once('/').unwrap_or((key, ""));
            self.tx.execute(
                "UPDATE record_team SET until_seq = $1, until_at = $2 \
                 WHERE record = $3 AND team = $4 AND area = $5 AND until_seq IS NULL",
                values![since, self.now_ms, change.record, team, area],
            )?;
        }
        for key in now.difference(&before) {
            let (team, area) = key.split_once('/').unwrap_or((key, ""));
            self.tx.execute(
                "INSERT INTO record_team (record, team, area, since_seq) VALUES ($1, $2, $3, $4)",
                values![change.record, team, area, since],
            )?;
        }
        Ok(())
    }

    /// Every key under which the record is found: its teams in each of its areas, and the people it is given to.
    /// `stays` are the teams of a record that names none.
    pub(super) fn keys_of(
        &mut self,
        state: &Record,
        writer: OfficerId,
        stays: Option<BTreeSet<String>>,
    ) -> Result<BTreeSet<String>> {
        let teams = match stays {
            Some(stays) if state.teams().is_empty() => stays,
            _ => self.teams_of(state, writer)?,
        };
        let areas = records::areas_of(state);
        let mut keys = records::people_of(state);
        for team in &teams {
            if areas.is_empty() {
                keys.insert(team.clone());
            }
            keys.extend(areas.iter().map(|area| records::key(team, area)));
        }
        Ok(keys)
    }

    fn log_move(&mut self, record: RecordId, from: &BTreeSet<String>, to: &BTreeSet<String>) -> Result<i64> {
        self.seq += 1;
        let moved = ScopeMove { from: from.iter().cloned().collect(), to: to.iter().cloned().collect() };
        self.tx.execute(
            "INSERT INTO log (seq, kind, record, received_at, body) VALUES ($1, $2, $3, $4, $5)",
            values![self.seq, LOG_SCOPE, record, self.now_ms, cbor::encode(&moved)],
        )?;
        Ok(self.seq)
    }

    /// The teams whose record it is: those it names, or else the first of its creator's teams with this form.
    pub(super) fn teams_of(&mut self, state: &Record, writer: OfficerId) -> Result<BTreeSet<String>> {
        let named: BTreeSet<String> = state.teams().into_iter().collect();
        if !named.is_empty() {
            return Ok(named);
        }
        let creator = state.created().map_or(writer, |stamp| stamp.officer);
        let Some((mut creator, _)) = read_anyone(self.tx, creator)? else { return Ok(BTreeSet::new()) };
        if creator.teams.is_empty() {
            creator.teams.extend(teams_left(self.tx, creator.id, 0)?.into_iter().take(1));
        }
        let own: Vec<_> =
            teams(self.tx)?.into_iter().filter(|team| creator.teams.contains(&team.key)).collect();
        let with_form = own.iter().find(|team| team.forms.iter().any(|form| form == state.form()));
        Ok(with_form.or(own.first()).map(|team| team.key.clone()).into_iter().collect())
    }
}

/// Whether there is nothing under this dot here, nor will be.
fn is_elsewhere(tx: &mut Connection, was: Dot) -> Result<bool> {
    let here = tx.find(
        "SELECT verdict FROM dot WHERE actor = $1 AND counter = $2",
        values![was.actor, to_row(was.counter)?],
    )?;
    Ok(here.is_none())
}

/// The actor and the officer who writes through it.
pub(super) fn writer(tx: &mut Connection, actor: Actor) -> Result<Writer> {
    find_writer(tx, actor)?.with_context(|| format!("Nobody writes as actor {actor}"))
}

pub(super) fn find_writer(tx: &mut Connection, actor: Actor) -> Result<Option<Writer>> {
    let found = tx.find(
        "SELECT a.officer, a.last_counter, a.chain, a.retired_at, d.revoked_at, a.device FROM actor a \
         LEFT JOIN device d ON d.id = a.device WHERE a.id = $1",
        values![actor],
    )?;
    let Some(row) = found else { return Ok(None) };
    let Some((officer, has_left)) = read_anyone(tx, OfficerId(row.u32(0)?))? else { return Ok(None) };
    let is_revoked = row.find_int(4)?.is_some();
    // A desk is no device: what its officer may do there is asked of each change.
    let is_desk = row.find_blob(5)?.is_none();
    let stopped = if is_desk {
        has_left.then_some(Why::OfficerLeft)
    } else {
        Why::stopping(is_revoked, has_left, &officer)
    };
    Ok(Some(Writer {
        stopped,
        actor,
        officer,
        last: u64::try_from(row.int(1)?)?,
        chain: Sha256(row.bytes(2)?),
        is_retired: row.find_int(3)?.is_some(),
    }))
}

/// The actor, if it numbers changes on this device.
pub(super) fn find_device_writer(
    tx: &mut Connection,
    device: DeviceId,
    actor: Actor,
) -> Result<Option<Writer>> {
    let own = tx.find("SELECT id FROM actor WHERE id = $1 AND device = $2", values![actor, device])?;
    if own.is_none() { Ok(None) } else { find_writer(tx, actor) }
}

/// Counters stay below 2^53 by the protocol's own rule.
pub(super) fn to_row(counter: u64) -> Result<i64> {
    Ok(i64::try_from(counter)?)
}
