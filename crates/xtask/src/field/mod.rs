//! A council in small: the real server and real devices as separate processes, joined by lines that can be cut.

pub mod device;
pub mod office;
pub mod relay;
pub mod server;

use anyhow::{Context, Result, bail};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Below those that a kernel gives to whoever asks for any port.
const OWN_PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A folder that is gone when the run ends well and stays to be looked at when it does not.
pub fn fresh_folder(name: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("kerbside-{name}-{}", std::process::id()));
    empty(&folder)?;
    Ok(folder)
}

/// The same in memory where there is such a place: for what is written thousands of times and never waits for a disk.
pub fn quick_folder(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    place.join(format!("kerbside-{name}-{}", std::process::id()))
}

/// An address for a server that goes down and comes back at the same: nobody who asks for any port is given it meanwhile.
pub fn own_address() -> Result<SocketAddr> {
    static ASKED: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() * 64;
    for _ in OWN_PORTS {
        let place = first.wrapping_add(ASKED.fetch_add(1, Ordering::SeqCst).into()) % OWN_PORTS.len() as u32;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, OWN_PORTS.start + u16::try_from(place)?));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("No port is free")
}

/// An address of one's own, once whoever came by it has gone: some kernels give any port to whoever asks for any.
pub fn bound(address: SocketAddr) -> Result<TcpListener> {
    let mut tries_left = 400_u32;
    loop {
        match TcpListener::bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && tries_left > 0 => {
                tries_left -= 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            bound => return bound.with_context(|| format!("{address} is not to be had")),
        }
    }
}

pub fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("Could not empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("Could not make {}", folder.display()))
}
