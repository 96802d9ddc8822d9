//! Comparing with the server, sans-I/O: the question, and what to do with the answer. What differs is asked for anew
//! and replaces what was confirmed; what is pending stays pending.

use crate::clock::Reading;
use crate::store::{RepairKind, RepairRow};
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::exchange::{
    Bucket, Buckets, Compared, DIGEST_VERSION, Difference, Differences, LIST_LIMIT, Question,
};
use kerbside_core::ids::{Dot, RecordId, Sha256};
use kerbside_core::planted::{self, Mutant};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How often a device compares by itself.
const EVERY_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Comparison {
    /// False when device and server did not stand at the same number, or speak different versions.
    pub compared: bool,
    pub records: u64,
    pub differed: u32,
    pub lacking: u32,
    pub extra: u32,
    /// Here and not known to the server at all: kept, and somebody should look.
    pub unknown: u32,
}

impl Comparison {
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differed + self.lacking + self.extra + self.unknown == 0
    }
}

impl Vault {
    /// Whether a week has passed since the last comparison. A clock set back does not put it off.
    pub fn comparison_is_due(&self, now: Reading) -> Result<bool> {
        let last = self.store.compared_ms()?;
        Ok(now.wall_ms < last || last.saturating_add(EVERY_MS) <= now.wall_ms)
    }

    /// The question, or none while anything is on its way that would differ for a good reason.
    pub fn question(&self) -> Result<Option<Question>> {
        let progress = self.store.progress()?;
        let settled = progress.received == progress.counter
            && !progress.forked
            && self.store.wanted_records()?.is_empty()
            && self.store.unconfirmed_records()?.is_empty()
            && self.store.unechoed_changes()?.is_empty();
        Ok(progress.cursor.filter(|_| settled).map(|cursor| Question {
            version: DIGEST_VERSION,
            cursor,
            ..Question::default()
        }))
    }

    /// Records that the next exchange asks for anew.
    pub(crate) fn waiting_to_be_asked(&self) -> Result<usize> {
        Ok(self.store.wanted_records()?.len())
    }

    /// Digests of what the server has confirmed here.
    pub fn base_digest(&self) -> Result<Buckets> {
        let mut buckets = Buckets::default();
        self.store.each_base(|record, base| buckets.add(record, Sha256::of(base)))?;
        Ok(buckets)
    }

    /// The same question with the parts in which the two differ. None where it need not be asked again.
    pub fn narrowed(&self, question: &Question, answer: &Compared) -> Result<Option<Question>> {
        let looks_away = planted::is(Mutant::DigestOfNothing);
        if !answer.same_moment || answer.version != DIGEST_VERSION || looks_away {
            return Ok(None);
        }
        let list = self.base_digest()?.unequal(&answer.buckets);
        Ok((!list.is_empty()).then(|| Question { list, ..question.clone() }))
    }

    /// Record by record.
    pub fn differences(&self, list: &BTreeSet<Bucket>, answer: &Compared) -> Result<Differences> {
        let mut ours = BTreeMap::new();
        self.store.each_base(|record, base| {
            if list.contains(&Bucket::of(record)) {
                ours.insert(record, Sha256::of(base));
            }
        })?;
        Ok(Difference::between(&ours, &answer.listed))
    }

    /// Those records about which the server is to say whether it knows them at all.
    #[must_use]
    pub fn doubtful(question: &Question, differences: &Differences) -> Question {
        let extra = differences.iter().filter(|(_, how)| **how == Difference::Extra);
        let known = extra.map(|(record, _)| *record).take(LIST_LIMIT).collect();
        Question { known, list: BTreeSet::new(), ..question.clone() }
    }

    /// Notes what has to be asked for anew; the next exchange asks. Nothing, if the vault has read on meanwhile.
    pub fn take_differences(
        &mut self,
        question: &Question,
        differences: &Differences,
        unknown: &BTreeSet<RecordId>,
        now: Reading,
    ) -> Result<Comparison> {
        if self.question()?.is_none_or(|present| present.cursor != question.cursor) {
            return Ok(Comparison::default());
        }
        let mut comparison =
            Comparison { compared: true, records: self.base_digest()?.records(), ..Comparison::default() };
        self.store.transact(|store| {
            for (record, how) in differences.iter().take(LIST_LIMIT) {
                let (count, kind) = match how {
                    Difference::Differs => (&mut comparison.differed, RepairKind::RecordDiffered),
                    Difference::Lacking => (&mut comparison.lacking, RepairKind::RecordLacking),
                    Difference::Extra if unknown.contains(record) => {
                        comparison.unknown += 1;
                        if !store.has_noted(RepairKind::RecordUnknown, *record)? {
                            store.note_repair(RepairKind::RecordUnknown, *record, now.wall_ms)?;
                        }
                        continue;
                    }
                    Difference::Extra => (&mut comparison.extra, RepairKind::RecordExtra),
                };
                *count += 1;
                store.ask_repair(kind, *record, now.wall_ms)?;
            }
            if differences.len() <= LIST_LIMIT {
                store.set_compared(now.wall_ms)?;
            }
            if !differences.is_empty() {
                let said = format!("{} records differ from the server's", differences.len());
                store.note_in_journal(now.wall_ms, "compared", &said)?;
            }
            Ok(())
        })?;
        Ok(comparison)
    }

    /// The bytes of own changes that went bad on the server, as far as they are here and whole.
    pub fn bodies_of(&self, dots: &[Dot]) -> Result<Vec<Vec<u8>>> {
        let mut bodies = Vec::new();
        for dot in dots {
            if let Some(own) = self.store.change_at(dot.actor, dot.counter)?
                && own.is_whole()
            {
                bodies.push(own.bytes);
            }
        }
        Ok(bodies)
    }

    /// What was put right here, newest first.
    pub fn repairs(&self) -> Result<Vec<RepairRow>> {
        self.store.repairs()
    }

    pub fn untold_repairs(&self) -> Result<Vec<RepairRow>> {
        self.store.untold_repairs()
    }

    pub fn repairs_are_told(&mut self, told: &[RepairRow]) -> Result<()> {
        let numbers: Vec<i64> = told.iter().map(|repair| repair.number).collect();
        self.store.transact(|store| store.mark_repairs_told(&numbers))
    }

    /// Photos whose receipt we hold, to be asked about.
    pub(crate) fn photos_received(&self) -> Result<BTreeSet<Sha256>> {
        let uploads = self.store.uploads()?;
        Ok(uploads.iter().filter(|upload| upload.state.arrived()).map(|upload| upload.sha256).collect())
    }

    /// The server lost these: they are sent again, as if they had never been.
    pub(crate) fn send_photos_again(&mut self, missing: &[Sha256], now: Reading) -> Result<()> {
        self.store.transact(|store| {
            for photo in missing {
                store.unsettle_upload(*photo)?;
                store.note_repair(RepairKind::PhotoSentAgain, *photo, now.wall_ms)?;
            }
            Ok(())
        })
    }

    /// Own changes that went bad on the server were taken back by it.
    pub(crate) fn note_given_back(&mut self, dots: &[Dot], now: Reading) -> Result<()> {
        self.store.transact(|store| {
            let mut records = BTreeSet::new();
            for dot in dots {
                records.extend(store.change_at(dot.actor, dot.counter)?.map(|own| own.record));
            }
            records
                .into_iter()
                .try_for_each(|record| store.note_repair(RepairKind::ChangesGivenBack, record, now.wall_ms))
        })
    }
}
