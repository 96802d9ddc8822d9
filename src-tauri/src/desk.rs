//! Where the vault lies while it is open. Commands take it up for a moment on a background thread, so that the window never
//! waits for a disk; an exchange takes it up between its requests, so that an officer can go on typing.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use kerbside_core::problem::{Code, Problem};
use kerbside_device::clock::{self, Reading};
use kerbside_device::{Device, Network, Status, Vault};

use crate::failure::Failure;

#[derive(Debug, Clone)]
pub struct Desk {
    // Shared, because a command and an exchange both need the one vault there can be; each holds it for one act.
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    folder: PathBuf,
    vault: Mutex<Option<Vault>>,
    /// Minutes east of Greenwich on the officer's watch, which only the page knows.
    offset_min: AtomicI16,
    /// What the page last said of the network; a vault that is opened anew is told again.
    network: Mutex<Network>,
    /// Whether the officer lets maps come over a line that costs money as well.
    maps_over_any_line: AtomicBool,
}

impl Desk {
    pub fn at(folder: PathBuf) -> Self {
        let (vault, network) = (Mutex::new(None), Mutex::default());
        let (offset_min, maps_over_any_line) = (AtomicI16::new(0), AtomicBool::new(false));
        Self { held: Arc::new(Held { folder, vault, offset_min, network, maps_over_any_line }) }
    }

    pub fn folder(&self) -> &Path {
        &self.held.folder
    }

    /// The vault as an exchange takes it up.
    pub fn vault(&self) -> &Mutex<Option<Vault>> {
        &self.held.vault
    }

    pub fn now(&self) -> Reading {
        Reading { offset_min: self.held.offset_min.load(Ordering::Relaxed), ..clock::now() }
    }

    pub fn keep_offset(&self, minutes: i16) {
        self.held.offset_min.store(minutes, Ordering::Relaxed);
    }

    pub fn keep_network(&self, network: Network) {
        *self.held.network.lock().unwrap_or_else(PoisonError::into_inner) = network;
    }

    pub fn keep_maps_over_any_line(&self, chosen: bool) {
        self.held.maps_over_any_line.store(chosen, Ordering::Relaxed);
    }

    pub fn lets_maps_come(&self) -> bool {
        let network = *self.held.network.lock().unwrap_or_else(PoisonError::into_inner);
        self.held.maps_over_any_line.load(Ordering::Relaxed) || costs_nothing(network, cfg!(mobile))
    }

    pub fn status(&self) -> Result<Status> {
        let name = self.read(|vault| vault.as_ref().map(|vault| Ok(vault.council()?.name)).transpose())?;
        let mut status = Device::status(self.folder(), name.is_some(), self.now())?;
        // Outside the vault only the council's key is known; its name is among what the vault holds.
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            status.council = Some(name);
        }
        Ok(status)
    }

    /// Opens the desk to its officer, or shuts it.
    pub fn lay(&self, vault: Option<Vault>) -> Result<Status> {
        self.read(|held| {
            *held = vault;
            Ok(())
        })?;
        self.status()
    }

    /// Shuts the vault and lays what `act` opens in its place, whether or not all went well; whoever asks meanwhile waits.
    pub fn open_anew(&self, act: impl FnOnce(&Path) -> (Option<Vault>, Result<()>)) -> Result<Status> {
        self.read(|held| {
            *held = None;
            let (opened, done) = act(self.folder());
            *held = opened;
            done
        })?;
        self.status()
    }

    /// Something about the open vault, on the thread that asks. While it is shut, nothing can be done.
    pub fn with<T>(&self, act: impl FnOnce(&mut Vault, Reading) -> Result<T>) -> Result<T> {
        let now = self.now();
        let network = *self.held.network.lock().unwrap_or_else(PoisonError::into_inner);
        self.read(|vault| {
            let vault = vault.as_mut().ok_or_else(|| Problem::from(Code::Locked))?;
            vault.network_is(network);
            act(vault, now)
        })
    }

    /// The same on a background thread.
    pub async fn work<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vault, Reading) -> Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        self.aside(move |desk| desk.with(act)).await
    }

    /// Anything that may take a moment, on a background thread.
    pub async fn aside<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let desk = self.clone();
        let done = tauri::async_runtime::spawn_blocking(move || act(&desk)).await;
        Ok(done.context("A piece of work broke off")??)
    }

    fn read<T>(&self, act: impl FnOnce(&mut Option<Vault>) -> Result<T>) -> Result<T> {
        // A panic leaves the vault as its last transaction left it: whole.
        act(&mut self.held.vault.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A phone whose web view does not say may be on a line that somebody pays for by the megabyte; a desk is not.
fn costs_nothing(network: Network, is_phone: bool) -> bool {
    match network {
        Network::Free => true,
        Network::Metered => false,
        Network::Unknown => !is_phone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_come_to_a_phone_over_wifi_only_unless_its_officer_says_otherwise() {
        assert!(costs_nothing(Network::Free, true) && costs_nothing(Network::Unknown, false));
        assert!(!costs_nothing(Network::Unknown, true) && !costs_nothing(Network::Metered, false));
        let desk = Desk::at(PathBuf::new());
        desk.keep_network(Network::Metered);
        assert!(!desk.lets_maps_come());
        desk.keep_maps_over_any_line(true);
        assert!(desk.lets_maps_come());
    }
}
