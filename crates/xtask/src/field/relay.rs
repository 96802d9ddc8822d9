//! A line between a device and the server that can really be cut: while it is, the port refuses.

use super::{bound, own_address};
use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

#[derive(Debug)]
pub struct Relay {
    near: SocketAddr,
    far: SocketAddr,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    cut: Arc<AtomicBool>,
    // Shared, because the thread that accepts adds to what the one that cuts must end.
    streams: Arc<Mutex<Vec<TcpStream>>>,
    listening: JoinHandle<()>,
}

impl Relay {
    pub fn open(far: SocketAddr) -> Result<Self> {
        let near = own_address()?;
        let listener = bound(near).context("Could not bind a relay")?;
        let mut relay = Relay { near, far, open: None };
        relay.carry(listener)?;
        Ok(relay)
    }

    pub fn near(&self) -> SocketAddr {
        self.near
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.near)
    }

    /// Ends every connection and closes the port.
    pub fn cut(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        open.cut.store(true, Ordering::SeqCst);
        open.listening.join().ok().context("The relay's thread ends by itself")?;
        for stream in open.streams.lock().ok().context("No thread of the relay panics")?.drain(..) {
            close(&stream);
        }
        Ok(())
    }

    pub fn mend(&mut self) -> Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        let listener = bound(self.near).context("Could not open the relay's port again")?;
        self.carry(listener)
    }

    fn carry(&mut self, listener: TcpListener) -> Result<()> {
        listener.set_nonblocking(true).context("Could not set the relay up")?;
        let cut = Arc::new(AtomicBool::new(false));
        let streams = Arc::new(Mutex::new(Vec::new()));
        let (is_cut, joined, far) = (Arc::clone(&cut), Arc::clone(&streams), self.far);
        let listening = std::thread::spawn(move || {
            while !is_cut.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((near, _)) => join(near, far, &joined),
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        self.open = Some(Open { cut, streams, listening });
        Ok(())
    }
}

/// A server that is down shows as a connection that closes at once, as behind any router.
fn join(near: TcpStream, far: SocketAddr, joined: &Mutex<Vec<TcpStream>>) {
    let Ok(far) = TcpStream::connect(far) else { return close(&near) };
    let ends = [near.try_clone(), far.try_clone(), near.try_clone(), far.try_clone()];
    let [Ok(near_in), Ok(far_in), Ok(near_out), Ok(far_out)] = ends else { return close(&near) };
    if near.set_nonblocking(false).is_err() {
        return close(&near);
    }
    if let Ok(mut streams) = joined.lock() {
        streams.extend([near, far]);
    }
    std::thread::spawn(move || pump(near_in, far_out));
    std::thread::spawn(move || pump(far_in, near_out));
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let mut piece = [0_u8; 16 * 1024];
    while let Ok(size) = from.read(&mut piece) {
        let Some(bytes) = piece.get(..size).filter(|bytes| !bytes.is_empty()) else { break };
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    close(&from);
    close(&to);
}

fn close(stream: &TcpStream) {
    // The other end may have closed it already, which is what is wanted.
    stream.shutdown(Shutdown::Both).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_line_refuses_and_a_mended_one_carries() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut relay = Relay::open(server.local_addr().unwrap()).unwrap();
        let mut device = TcpStream::connect(relay.near).unwrap();
        device.write_all(b"hello").unwrap();
        let (mut arrived, _) = server.accept().unwrap();
        let mut said = [0; 5];
        arrived.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"hello");

        relay.cut().unwrap();
        assert_eq!(device.read(&mut said).unwrap(), 0, "the connection was ended");
        assert!(TcpStream::connect(relay.near).is_err(), "the port is closed");

        relay.mend().unwrap();
        assert!(TcpStream::connect(relay.near).is_ok());
    }
}
