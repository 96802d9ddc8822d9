//! Somebody at a desk: the console's HTTP API over a plain socket, with its cookie and its proof against forgery.

use super::device::text;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

#[derive(Debug)]
pub struct Office {
    server: SocketAddr,
    cookie: String,
    csrf: String,
    people: Value,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("Not JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

impl Office {
    /// Somebody who is not signed in.
    pub fn nobody(server: SocketAddr) -> Self {
        Office { server, cookie: String::new(), csrf: String::new(), people: Value::Null }
    }

    pub fn sign_in(server: SocketAddr, email: &str, password: &str) -> Result<Self> {
        let answer = Self::nobody(server).ask(
            "POST",
            "/api/v1/session",
            Some(&json!({ "email": email, "password": password })),
        )?;
        if !(200..300).contains(&answer.status) {
            bail!("{email} could not sign in: {}", String::from_utf8_lossy(&answer.body));
        }
        let cookie = answer
            .headers
            .iter()
            .find(|(name, _)| name == "set-cookie")
            .context("Signing in sets a cookie")?;
        let cookie = cookie.1.split(';').next().unwrap_or_default().to_owned();
        let mut session = answer.json()?;
        let people = session.get_mut("people").map(Value::take).unwrap_or_default();
        Ok(Office { server, cookie, csrf: text(&session, "csrf")?.to_owned(), people })
    }

    pub fn name_of(&self, officer: u64) -> &str {
        self.people.get(officer.to_string()).and_then(Value::as_str).unwrap_or("somebody")
    }

    pub fn reads(&self, path: &str) -> Result<Value> {
        self.succeeds("GET", path, None)
    }

    pub fn sends(&self, path: &str, body: &Value) -> Result<Value> {
        self.succeeds("POST", path, Some(body))
    }

    fn succeeds(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.ask(method, path, body)?;
        if !(200..300).contains(&answer.status) {
            bail!(
                "{method} {path} was answered {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
        }
        answer.json()
    }

    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut stream = TcpStream::connect(self.server).context("Could not reach the server")?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).context("Could not set a time limit")?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let server = self.server;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {server}\r\nOrigin: http://{server}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nCookie: {}\r\nKerbside-Csrf: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len(),
            self.cookie,
            self.csrf,
        );
        stream.write_all(request.as_bytes()).context("Could not send the request")?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).context("Could not read the answer")?;
        understand(&bytes)
    }
}

fn understand(bytes: &[u8]) -> Result<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("The answer has no head")?;
    let (head, rest) = bytes.split_at(end);
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = rest.get(4..).unwrap_or_default();
    let body = if chunked { joined(body)? } else { body.to_vec() };
    Ok(Answer { status: status.context("The answer has no status")?, headers, body })
}

fn joined(mut pieces: &[u8]) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = pieces.windows(2).position(|two| two == b"\r\n").context("A piece has no size")?;
        let size = pieces.get(..end).map(String::from_utf8_lossy).unwrap_or_default();
        let size = usize::from_str_radix(size.trim(), 16).context("A piece has no size")?;
        if size == 0 {
            return Ok(whole);
        }
        let from = end + 2;
        whole.extend(pieces.get(from..from + size).context("A piece is cut short")?);
        pieces = pieces.get(from + size + 2..).context("A piece is cut short")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_in_pieces_is_joined() {
        let answer = understand(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        );
        assert_eq!(answer.unwrap().body, b"abcde");
    }

    #[test]
    fn a_cookie_is_found_whatever_its_case() {
        let answer = understand(b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b; Path=/\r\n\r\n").unwrap();
        assert_eq!((answer.status, answer.headers), (204, vec![("set-cookie".into(), "a=b; Path=/".into())]));
    }
}
