//! One request at a time to the council's server: signed, answered, and never
//! taken for a success because something in between said 200.

use super::answer::{Answer, inflate, judge, read};
use super::client::build_client;
use crate::vault::Vault;
use anyhow::{Context, Result};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use kerbside_core::exchange::{DEVICE_HEADER, NONCE_HEADER, PROTOCOL, RequestProof, SIGNATURE_HEADER};
use kerbside_core::ids::{DeviceId, ServerId, Sha256};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, Signed};
use reqwest::Method;
use reqwest::blocking::Client;
use std::time::Duration;

/// A line that brings nothing for so long is no line.
pub const PATIENCE: Duration = Duration::from_secs(60);
const CBOR: &str = "application/vnd.kerbside+cbor";

/// Why a request came to nothing, and how long the server asks us to wait.
#[derive(Debug, Clone)]
pub struct Refused {
    pub problem: Problem,
    pub retry_after_s: Option<u32>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem.fmt(out)
    }
}

impl std::error::Error for Refused {}

impl Refused {
    pub(super) fn of(code: Code, detail: impl Into<String>) -> Self {
        Self { problem: Problem::new(code, detail), retry_after_s: None }
    }
}

#[derive(Debug)]
pub struct Ask<'a> {
    pub method: Method,
    /// From the root, with query.
    pub path: &'a str,
    pub body: Vec<u8>,
    pub headers: Vec<(&'static str, String)>,
    pub signed: bool,
}

struct Signer {
    server: ServerId,
    council: String,
    device: DeviceId,
    key: SigningKey,
}

/// The way to one server.
pub struct Pipe {
    client: Client,
    base: String,
    signer: Option<Signer>,
    nonce: Vec<u8>,
    /// How long one answer may keep us waiting.
    pub patience: Duration,
    pub bytes_up: u64,
    pub bytes_down: u64,
}

impl std::fmt::Debug for Pipe {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Pipe to {}", self.base)
    }
}

impl Pipe {
    /// To a server this device does not know yet.
    pub fn unsigned(base: &str, ca_pem: Option<&str>) -> Result<Self> {
        require_safe(base)?;
        Ok(Self {
            client: build_client(ca_pem)?,
            base: base.trim_end_matches('/').to_owned(),
            signer: None,
            nonce: Vec::new(),
            patience: PATIENCE,
            bytes_up: 0,
            bytes_down: 0,
        })
    }

    pub fn of(vault: &Vault) -> Result<Self> {
        let identity = vault.identity();
        let mut pipe = Self::unsigned(&identity.server_url, identity.ca_pem.as_deref())?;
        pipe.nonce = match &vault.heard {
            Some(heard) => heard.nonce.clone(),
            None => vault.store.progress()?.nonce.unwrap_or_default(),
        };
        pipe.signer = Some(Signer {
            server: identity.server,
            council: identity.council.clone(),
            device: identity.device,
            key: vault.signing.clone(),
        });
        Ok(pipe)
    }

    /// CBOR in zstd both ways.
    pub fn exchange<Q: minicbor::Encode<()>, A>(
        &mut self,
        path: &str,
        message: &Q,
        signed: bool,
    ) -> Result<A, Refused>
    where
        A: for<'b> minicbor::Decode<'b, ()>,
    {
        let plain = kerbside_core::cbor::encode(message);
        let body = zstd::bulk::compress(&plain, kerbside_core::exchange::ZSTD_LEVEL)
            .map_err(|cause| Refused::of(Code::Internal, cause.to_string()))?;
        let headers = vec![("content-type", CBOR.to_owned()), ("content-encoding", "zstd".to_owned())];
        let answer = self.send(&Ask { method: Method::POST, path, body, headers, signed })?;
        if !answer.is_kind(CBOR) {
            return Err(Refused::of(Code::CaptivePortal, "The answer is of another kind"));
        }
        let plain = inflate(&answer)?;
        kerbside_core::cbor::decode(&plain)
            .map_err(|cause| Refused::of(Code::CaptivePortal, format!("The answer is not ours: {cause}")))
    }

    /// Sends once, and once more with a fresh nonce where only that was wrong.
    pub fn send(&mut self, ask: &Ask<'_>) -> Result<Answer, Refused> {
        match self.try_send(ask) {
            Err(refused) if refused.problem.code == Code::NonceStale => self.try_send(ask),
            other => other,
        }
    }

    fn try_send(&mut self, ask: &Ask<'_>) -> Result<Answer, Refused> {
        let url = format!("{}{}", self.base, ask.path);
        let mut request = self
            .client
            .request(ask.method.clone(), url)
            .timeout(self.patience)
            .header("kerbside-protocol", PROTOCOL.to_string())
            .body(ask.body.clone());
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let (true, Some(signer)) = (ask.signed, &self.signer) {
            let proof = RequestProof {
                server: signer.server,
                council: signer.council.clone(),
                device: signer.device,
                method: ask.method.as_str().to_owned(),
                path: ask.path.to_owned(),
                body: Sha256::of(&ask.body),
                nonce: self.nonce.clone(),
            };
            let signature = Signed::new(Label::Request, &proof, &signer.key).signature;
            request = request
                .header(DEVICE_HEADER, signer.device.to_string())
                .header(NONCE_HEADER, BASE64URL_NOPAD.encode(&self.nonce))
                .header(SIGNATURE_HEADER, BASE64URL_NOPAD.encode(&signature));
        }
        self.bytes_up += ask.body.len() as u64;
        let response = request.send().map_err(|cause| unsent(&cause))?;
        let answer = read(response, self.patience)?;
        self.bytes_down += answer.body.len() as u64;
        if let Some(nonce) =
            answer.header(NONCE_HEADER).and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
        {
            self.nonce = nonce;
        }
        judge(answer)
    }
}

/// Plain HTTP reaches no further than this machine.
fn require_safe(base: &str) -> Result<()> {
    let url = reqwest::Url::parse(base).context("Understand the server's address")?;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && loopback) {
        return Ok(());
    }
    Err(Problem::new(Code::NotAllowed, "Only https leads to a council's server").into())
}

/// Says what failed without the address it was for. Whoever answers a council's address without its certificate is
/// somebody in between.
fn unsent(cause: &reqwest::Error) -> Refused {
    if is_of_tls(cause) {
        Refused::of(Code::CaptivePortal, "Another certificate than the council's, or none")
    } else if cause.is_timeout() {
        Refused::of(Code::NoSignal, "Timed out")
    } else if cause.is_connect() {
        Refused::of(Code::NoSignal, "No connection")
    } else {
        Refused::of(Code::NoSignal, "The connection broke")
    }
}

fn is_of_tls(cause: &(dyn std::error::Error + 'static)) -> bool {
    let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    cause.is::<rustls::Error>()
        || wrapped.is_some_and(|inner| is_of_tls(inner))
        || cause.source().is_some_and(is_of_tls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// A socket that says exactly this to whoever asks.
    fn saying(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut heard = [0; 4096];
                let heard = stream.read(&mut heard).unwrap();
                assert!(0 < heard);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        format!("http://{address}")
    }

    fn asking(answer: &'static str) -> Refused {
        let mut pipe = Pipe::unsigned(&saying(answer), None).unwrap();
        pipe.exchange::<u32, u32>("/v1/sync", &1, false).unwrap_err()
    }

    #[test]
    fn a_captive_portal_that_says_200_is_no_success() {
        let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 20\r\nconnection: close\r\n\r\n<html>sign in</html>";
        assert_eq!(asking(page).problem.code, Code::CaptivePortal);
        let elsewhere = "HTTP/1.1 302 Found\r\nlocation: http://portal/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        assert_eq!(asking(elsewhere).problem.code, Code::CaptivePortal);
        let nonsense = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.kerbside+cbor\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
        assert_eq!(asking(nonsense).problem.code, Code::CaptivePortal);
    }

    #[test]
    fn a_busy_server_says_how_long_to_wait() {
        let busy = "HTTP/1.1 503 Busy\r\nretry-after: 17\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let refused = asking(busy);
        assert_eq!((refused.problem.code, refused.retry_after_s), (Code::Busy, Some(17)));
        let full = "HTTP/1.1 507 Full\r\ncontent-type: application/problem+json\r\ncontent-length: 20\r\nconnection: close\r\n\r\n{\"code\":\"disk_full\"}";
        assert_eq!(asking(full).problem.code, Code::DiskFull);
    }

    #[test]
    fn a_date_to_come_back_at_is_read_by_the_servers_own_clock() {
        let later = "HTTP/1.1 503 Busy\r\ndate: Mon, 16 Mar 2026 09:00:00 GMT\r\nretry-after: Mon, 16 Mar 2026 09:02:30 GMT\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        assert_eq!(asking(later).retry_after_s, Some(150));
        let gone_by = "HTTP/1.1 503 Busy\r\ndate: Mon, 16 Mar 2026 09:00:00 GMT\r\nretry-after: Mon, 16 Mar 2026 08:00:00 GMT\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        assert_eq!(asking(gone_by).retry_after_s, Some(0));
        let nonsense =
            "HTTP/1.1 429 Slow\r\nretry-after: soon\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        assert_eq!(asking(nonsense).retry_after_s, None);
    }

    /// Says the head of an answer, and then a byte at a time.
    fn dripping() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.kerbside+cbor\r\ncontent-length: 5000\r\n\r\n").unwrap();
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        format!("http://{address}")
    }

    #[test]
    fn an_answer_that_drips_is_given_up() {
        let mut pipe = Pipe::unsigned(&dripping(), None).unwrap();
        pipe.patience = Duration::from_millis(400);
        let refused = pipe.exchange::<u32, u32>("/v1/sync", &1, false).unwrap_err();
        assert_eq!(refused.problem.code, Code::NoSignal);
    }

    #[test]
    fn whoever_answers_tls_with_a_page_is_somebody_in_between() {
        let portal = saying("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n<html>sign in</html>");
        let mut pipe =
            Pipe::unsigned(&portal.replace("http://127.0.0.1", "https://localhost"), None).unwrap();
        let refused = pipe.exchange::<u32, u32>("/v1/sync", &1, false).unwrap_err();
        assert_eq!(refused.problem.code, Code::CaptivePortal);
    }

    #[test]
    fn nobody_there_is_no_signal_and_plain_http_stays_on_this_machine() {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut pipe = Pipe::unsigned(&format!("http://{gone}"), None).unwrap();
        let refused = pipe.exchange::<u32, u32>("/v1/sync", &1, false).unwrap_err();
        assert_eq!(refused.problem.code, Code::NoSignal);
        assert!(Pipe::unsigned("http://council.example", None).is_err());
        assert!(Pipe::unsigned("https://council.example", None).is_ok());
    }

    /// Answers in turn, and hands back what it heard.
    fn in_turn(answers: &'static [&'static str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hearing = std::thread::spawn(move || {
            let mut heard = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut bytes = [0; 4096];
                let length = stream.read(&mut bytes).unwrap();
                heard.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
                stream.write_all(answer.as_bytes()).unwrap();
            }
            heard
        });
        (format!("http://{address}"), hearing)
    }

    #[test]
    fn a_stale_nonce_is_asked_again_once_with_the_fresh_one() {
        let (url, hearing) = in_turn(&[
            "HTTP/1.1 401 No\r\nkerbside-nonce: ZnJlc2g\r\ncontent-type: application/problem+json\r\ncontent-length: 22\r\nconnection: close\r\n\r\n{\"code\":\"nonce_stale\"}",
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
        ]);
        let mut vault = crate::exchange::tests::vault(1, 1);
        vault.identity.server_url = url;
        let mut pipe = Pipe::of(&vault).unwrap();
        let ask =
            Ask { method: Method::GET, path: "/v1/x", body: Vec::new(), headers: Vec::new(), signed: true };
        assert_eq!(pipe.send(&ask).unwrap().status, 200);
        let heard = hearing.join().unwrap();
        assert!(!heard[0].contains("kerbside-nonce: ZnJlc2g"));
        assert!(heard[1].contains("kerbside-nonce: ZnJlc2g"));
    }
}
