//! The server is backed up, loses its disk and is restored from a backup; marks let phones clear their archive.
//!
//! What is lost for good with the server is what it alone held: the office's own work, and what phones that were put
//! back had brought. Whatever a phone still has, or cleared because it was safe in the backup that is restored, is not.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use kerbside_core::ids::RecordId;
use kerbside_core::problem::{Code, Problem};
use kerbside_device::{ChangeState, Vault};
use kerbside_server::store::Store;

use crate::disk::Disk;
use crate::events::cut::CutLog;
use crate::events::line::Letter;
use crate::ledger::{Marker, markers_in, markers_on_server};
use crate::world::World;

/// A month of the archive in a world whose days are minutes.
pub const ARCHIVE_MS: i64 = 20 * 60 * 1000;

/// A backup of the server that was read back.
#[derive(Debug)]
pub struct ServerBackup {
    store: Store,
    made_ms: i64,
    /// The photos are copied after the database, so whatever it lists is there.
    disk: Disk,
    holds: BTreeSet<Marker>,
    cut: CutLog,
}

impl World {
    /// The server is backed up while it serves: what it takes between the copy and the marks is in no backup.
    pub fn back_up_server(&mut self) -> Result<()> {
        let mut store = self.server.copy()?;
        let (made_ms, cut) = (self.now_ms, self.cut.clone());
        let mut holds = markers_on_server(&mut store, &self.cut, &self.ledger.gone)?;
        // What waits in review is in the backup as well, and a phone may clear it once it was taken.
        holds.extend(store.set_aside_changes()?.iter().flat_map(|kept| markers_in(&kept.bytes)));
        for _ in 0..self.rng.u8(0..4) {
            self.deliver()?;
        }
        let dies = self.plan_crash();
        let marked = self.server.mark_backup(&mut store, &format!("b{made_ms}"), made_ms);
        self.end_crash();
        if let Err(cause) = marked {
            if !dies {
                return Err(cause.context("Marking a backup"));
            }
            self.server.open_again();
        }
        self.note(&format!("server backed up, {} acts", holds.len()));
        let disk = self.disk.clone();
        self.backups.push(ServerBackup { store, made_ms, disk, holds, cut });
        if 3 < self.backups.len() {
            self.backups.remove(0);
        }
        Ok(())
    }

    /// The server's disk is gone, and a backup of it serves instead: the newest, or now and then an older one.
    pub fn restore_server(&mut self) -> Result<()> {
        if self.backups.is_empty() {
            return Ok(());
        }
        let newest = self.backups.len() - 1;
        let at = if self.rng.u8(0..4) == 0 { self.rng.usize(..=newest) } else { newest };
        let before = markers_on_server(&mut self.server, &self.cut, &self.ledger.gone)?;
        // A backup newer than the one that is restored may be why a phone cleared its archive.
        let cleared: BTreeSet<Marker> =
            self.backups.iter().skip(at + 1).flat_map(|backup| backup.holds.clone()).collect();
        let passed_over: BTreeSet<_> =
            self.backups.iter().skip(at + 1).flat_map(|backup| backup.disk.held()).collect();
        let backup = &self.backups[at];
        self.server.become_copy_of(&backup.store)?;
        self.disk = backup.disk.clone();
        self.cut = backup.cut.clone();
        self.form_version = self.server.newest_version("sighting")?.unwrap_or(1);
        self.raised = self.server.begin_new_life(self.now_ms, backup.made_ms, self.raised)?;
        self.replay_ledger()?;
        self.backups.truncate(at + 1);
        self.tabs.clear();
        self.restores += 1;
        self.note(&format!("server restored from backup {at}"));
        let mut kept = markers_on_server(&mut self.server, &self.cut, &self.ledger.gone)?;
        // One of two doubles may have cleared what the other still has, and declare it lost before the other speaks.
        cleared.difference(&kept).for_each(|marker| self.ledger.died(marker));
        before.difference(&kept).for_each(|marker| self.ledger.goes_with_server(marker));
        for phone in &self.phones {
            kept.extend(still_to_send(&phone.vault)?);
        }
        for marker in before.difference(&kept) {
            if self.ledger.is_on_server_alone(marker) {
                self.ledger.died(marker);
            }
        }
        self.photos_passed_over(&passed_over)
    }

    /// A phone is put back in the hour in which the server is restored.
    pub fn restore_both(&mut self) -> Result<()> {
        self.put_back()?;
        self.restore_server()
    }

    /// A phone that the restored server does not know is enrolled again, and keeps its vault.
    pub fn enrol_again(&mut self, at: usize) -> Result<()> {
        let email = self.phones[at].email.clone();
        // Whoever has left is let in again to hand their work over.
        self.server.set_disabled(&email, None)?;
        let officer = self.officer(&email)?;
        let code = self.server.make_device_code(&officer, self.now_ms)?.code;
        let enrol = self.phones[at].vault.enrol_again(&code, &[0; 32])?;
        let enrolled = self.server.enrol_device(self.now_ms, &enrol)?;
        self.phones[at].vault.enrolled_again(&enrolled, None)?;
        self.phones[at].device = enrolled.device;
        // What it sent under its old name the server takes from nobody.
        self.letters.retain(|letter| match letter {
            Letter::Push { phone, .. } | Letter::Reply { phone, .. } => *phone != at,
        });
        self.note(&format!("phone {at} enrolled again"));
        Ok(())
    }
}

/// What a phone can still bring. A change that was given another dot goes under that one, if it was not cleared.
fn still_to_send(vault: &Vault) -> Result<BTreeSet<Marker>> {
    let own = vault.own_changes()?.into_iter().filter(|own| own.state != ChangeState::Redotted);
    Ok(own.flat_map(|own| markers_in(&own.bytes)).collect())
}

/// Whether the server says that it does not know the device.
pub fn is_unknown_device(cause: &anyhow::Error) -> bool {
    cause.downcast_ref::<Problem>().is_some_and(|problem| problem.code == Code::DeviceUnknown)
}

/// What still waits when all have spoken is let go by an administrator. True when anything was.
pub fn release_held(world: &mut World) -> Result<bool> {
    let held = world.server.held()?.len();
    if 0 < held {
        waits_for_what_is_not_here(world)?;
        world.server.give_up_all(world.now_ms)?;
        world.note(&format!("{held} held changes let go"));
    }
    Ok(0 < held)
}

/// What builds on a dot, or a record, that has come is not kept waiting for an administrator.
fn waits_for_what_is_not_here(world: &mut World) -> Result<()> {
    let log = world.server.log_changes()?;
    let here: BTreeSet<String> = log.iter().map(|entry| entry.dot.to_string()).collect();
    let records: BTreeSet<RecordId> = world.server.states()?.into_iter().map(|state| state.record).collect();
    for held in world.server.held()? {
        let has_come = match &held.waits_for {
            Some(dot) => here.contains(dot),
            None => records.contains(&held.record),
        };
        ensure!(!has_come, "{} waits for {:?} of {}, which has come", held.dot, held.waits_for, held.record);
    }
    Ok(())
}
