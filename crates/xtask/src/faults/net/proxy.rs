//! Something between a device and the server that understands HTTP well enough to play tricks with it: it cuts either way
//! at a chosen byte, answers in the server's place, plays an old reply again, drips, or says nothing at all.

use crate::clock;
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub enum Trick {
    Honest,
    /// So many bytes of the reply come through.
    CutReply(usize),
    /// So many bytes of the request come through, and no reply.
    CutRequest(usize),
    /// The line breaks once so many bytes of photos have come through since the last `counts_anew`.
    CutUpload(usize),
    /// This, in the server's place.
    Says(Vec<u8>),
    /// The last good reply to the same path, once more.
    Replays,
    /// The server's own reply, a byte a second.
    Drips,
    Silent,
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Instant,
    pub path: String,
    pub tricked: bool,
}

#[derive(Debug)]
pub struct Proxy {
    near: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    far: SocketAddr,
    state: Mutex<State>,
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Each for the next request whose path begins so.
    once: VecDeque<(&'static str, Trick)>,
    always: Option<(&'static str, Trick)>,
    seen: Vec<Seen>,
    replies: Vec<(String, Vec<u8>)>,
    uploaded: usize,
}

impl Proxy {
    pub fn open(far: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("Could not bind a proxy")?;
        let near = listener.local_addr().context("A bound proxy has an address")?;
        listener.set_nonblocking(true).context("Could not set the proxy up")?;
        let shared =
            Arc::new(Shared { far, state: Mutex::new(State::default()), closed: AtomicBool::new(false) });
        let served = Arc::clone(&shared);
        let listening = std::thread::spawn(move || {
            while !served.closed.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let served = Arc::clone(&served);
                        // A device that hangs up, or a trick that does, ends the thread: there is nobody to tell.
                        std::thread::spawn(move || served.serve(stream).ok());
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            }
        });
        Ok(Proxy { near, shared, listening: Some(listening) })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.near)
    }

    /// The next request to a path that begins so gets this trick.
    pub fn plays(&self, path: &'static str, trick: Trick) {
        self.shared.state().once.push_back((path, trick));
    }

    pub fn always(&self, path: &'static str, trick: Trick) {
        self.shared.state().always = Some((path, trick));
    }

    pub fn is_honest_again(&self) {
        let mut state = self.shared.state();
        state.always = None;
        state.once.clear();
    }

    pub fn counts_anew(&self) {
        let mut state = self.shared.state();
        state.uploaded = 0;
        state.seen.clear();
    }

    /// Bytes of photos that went on to the server.
    pub fn uploaded(&self) -> usize {
        self.shared.state().uploaded
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// How many tricks nobody has met yet.
    pub fn left(&self) -> usize {
        self.shared.state().once.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        if let Some(listening) = self.listening.take() {
            // It ends by itself within a few milliseconds, and frees the port.
            listening.join().ok();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut near: TcpStream) -> Result<()> {
        near.set_nonblocking(false)?;
        near.set_read_timeout(Some(Duration::from_secs(90)))?;
        while let Some(request) = read_message(&mut near, false)? {
            if !self.answers(&mut near, &request)? || self.closed.load(Ordering::SeqCst) {
                near.shutdown(Shutdown::Both).ok();
                break;
            }
        }
        Ok(())
    }

    fn trick_for(&self, path: &str) -> Trick {
        let mut state = self.state();
        let trick = match state.once.iter().position(|(begins, _)| path.starts_with(begins)) {
            Some(at) => state.once.remove(at).map(|(_, trick)| trick),
            None => {
                state.always.clone().filter(|(begins, _)| path.starts_with(begins)).map(|(_, trick)| trick)
            }
        };
        let trick = trick.unwrap_or(Trick::Honest);
        let tricked = !matches!(trick, Trick::Honest);
        state.seen.push(Seen { at: clock::now(), path: path.to_owned(), tricked });
        trick
    }

    /// False when the line is to be cut.
    fn answers(&self, near: &mut TcpStream, request: &Message) -> Result<bool> {
        let (method, path) = request.asks();
        let is_piece = method == "PATCH";
        let trick = self.trick_for(&path);
        match trick {
            Trick::Says(answer) => {
                near.write_all(&answer)?;
                Ok(false)
            }
            Trick::Silent => {
                while !self.closed.load(Ordering::SeqCst)
                    && near.read(&mut [0; 64]).is_ok_and(|size| 0 < size)
                {
                    std::hint::spin_loop();
                }
                Ok(false)
            }
            Trick::Replays => {
                let old = self.state().replies.iter().find(|(of, _)| *of == path).map(|(_, old)| old.clone());
                near.write_all(&old.unwrap_or_default())?;
                Ok(true)
            }
            Trick::CutRequest(bytes) => {
                self.forward(request, bytes.min(request.whole.len().saturating_sub(1)), is_piece)?;
                Ok(false)
            }
            Trick::CutUpload(bytes) => {
                let left = bytes.saturating_sub(self.uploaded_so_far());
                if request.body() < left {
                    // Not yet: this piece goes through, and the trick waits for the next.
                    self.state().once.push_front(("/v1/uploads", Trick::CutUpload(bytes)));
                    return self.passes(near, request, is_piece);
                }
                self.forward(request, request.head + left, is_piece)?;
                Ok(false)
            }
            Trick::CutReply(bytes) => {
                let reply = self.asks_server(request, is_piece)?;
                near.write_all(reply.whole.get(..bytes).unwrap_or(&reply.whole))?;
                Ok(false)
            }
            Trick::Drips => {
                for byte in self.asks_server(request, is_piece)?.whole {
                    near.write_all(&[byte])?;
                    std::thread::sleep(Duration::from_secs(1));
                }
                Ok(true)
            }
            Trick::Honest => self.passes(near, request, is_piece),
        }
    }

    fn uploaded_so_far(&self) -> usize {
        self.state().uploaded
    }

    fn passes(&self, near: &mut TcpStream, request: &Message, is_piece: bool) -> Result<bool> {
        let reply = self.asks_server(request, is_piece)?;
        near.write_all(&reply.whole)?;
        let (_, path) = request.asks();
        let mut state = self.state();
        if !is_piece
            && reply.whole.starts_with(b"HTTP/1.1 200")
            && !state.replies.iter().any(|(of, _)| *of == path)
        {
            state.replies.push((path, reply.whole));
        }
        Ok(true)
    }

    fn forward(&self, request: &Message, bytes: usize, is_piece: bool) -> Result<TcpStream> {
        let mut far = TcpStream::connect(self.far)?;
        far.set_read_timeout(Some(Duration::from_secs(90)))?;
        far.write_all(request.whole.get(..bytes).unwrap_or(&request.whole))?;
        if is_piece {
            self.state().uploaded += bytes.saturating_sub(request.head);
        }
        Ok(far)
    }

    fn asks_server(&self, request: &Message, is_piece: bool) -> Result<Message> {
        let mut far = self.forward(request, request.whole.len(), is_piece)?;
        let (method, _) = request.asks();
        read_message(&mut far, method == "HEAD")?.context("The server said nothing")
    }
}

/// A request or a reply as its bytes, and where its head ends.
#[derive(Debug)]
struct Message {
    whole: Vec<u8>,
    head: usize,
}

impl Message {
    fn asks(&self) -> (String, String) {
        let head = String::from_utf8_lossy(self.whole.get(..self.head).unwrap_or_default()).into_owned();
        let mut words = head.lines().next().unwrap_or_default().split(' ').map(str::to_owned);
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    fn body(&self) -> usize {
        self.whole.len() - self.head
    }
}

/// None when the other end has nothing more to say.
fn read_message(stream: &mut TcpStream, has_no_body: bool) -> Result<Option<Message>> {
    let mut whole = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        if let Some(at) = whole.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = at + 4;
            let length = if has_no_body { 0 } else { declared(whole.get(..head).unwrap_or_default()) };
            if head + length <= whole.len() {
                return Ok(Some(Message { whole, head }));
            }
        }
        let size = stream.read(&mut piece)?;
        if size == 0 {
            return Ok(None);
        }
        whole.extend_from_slice(piece.get(..size).unwrap_or_default());
    }
}

fn declared(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    length.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trick_meets_the_next_request_of_its_kind_and_then_all_is_honest() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = server.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in server.incoming() {
                let mut stream = stream.unwrap();
                read_message(&mut stream, false).unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
            }
        });
        let proxy = Proxy::open(far).unwrap();
        proxy.plays("/v1/sync", Trick::CutReply(10));
        let ask = |path: &str| {
            let mut stream = TcpStream::connect(proxy.near).unwrap();
            stream.write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
            let mut heard = vec![0; 64];
            let size = stream.read(&mut heard).unwrap();
            String::from_utf8_lossy(&heard[..size]).into_owned()
        };
        assert!(ask("/healthz").ends_with("hi"));
        assert_eq!(ask("/v1/sync"), "HTTP/1.1 2");
        assert!(ask("/v1/sync").ends_with("hi"));
        let tricked: Vec<bool> = proxy.seen().iter().map(|seen| seen.tricked).collect();
        assert_eq!(tricked, [false, true, false]);
    }
}
