//! The console's cookie, and the checks that a request which changes something really comes from the console.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HOST, ORIGIN};
use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

/// Signed out after this long without a request.
pub const IDLE_MS: i64 = 15 * 60 * 1000;
/// Signed out after this long whatever happens.
pub const ABSOLUTE_MS: i64 = 12 * 60 * 60 * 1000;
/// The header in which an unsafe request carries the session's secret.
pub const CSRF_HEADER: &str = "kerbside-csrf";

/// `__Host-` binds the cookie to this origin; browsers accept it over TLS only.
pub fn cookie_name(tls: bool) -> &'static str {
    if tls { "__Host-kerbside" } else { "kerbside" }
}

/// The `Set-Cookie` that signs a browser in.
pub fn set_cookie(token: &[u8; 32], tls: bool) -> String {
    let (name, secure) = (cookie_name(tls), if tls { "; Secure" } else { "" });
    let token = BASE64URL_NOPAD.encode(token);
    let seconds = ABSOLUTE_MS / 1000;
    format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

/// The `Set-Cookie` that signs it out.
pub fn clear_cookie(tls: bool) -> String {
    let (name, secure) = (cookie_name(tls), if tls { "; Secure" } else { "" });
    format!("{name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{secure}")
}

/// The token a request carries, if it carries one of the right shape.
pub fn token(headers: &HeaderMap, tls: bool) -> Option<[u8; 32]> {
    let name = cookie_name(tls);
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    BASE64URL_NOPAD.decode(value.as_bytes()).ok()?.try_into().ok()
}

/// Whether an unsafe request was sent by a page of this very origin that knows the session's secret.
pub fn is_from_console(headers: &HeaderMap, csrf: &str) -> bool {
    let given = headers.get(CSRF_HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    bool::from(given.ct_eq(csrf.as_bytes())) && is_same_origin(headers)
}

/// Browsers say where a request comes from; one that says another origin, or says nothing, is refused.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let (Some(origin), Some(host)) = (text(ORIGIN.as_str()), text(HOST.as_str())) else { return false };
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_cookie_comes_back_as_it_was_set() {
        let token_bytes = [7; 32];
        for tls in [false, true] {
            let set = set_cookie(&token_bytes, tls);
            let pair = set.split(';').next().unwrap();
            let found = token(&headers(&[("cookie", &format!("theme=dark; {pair}"))]), tls);
            assert_eq!(found, Some(token_bytes));
            assert_eq!(set.contains("__Host-") && set.contains("Secure"), tls);
        }
    }

    #[test]
    fn only_our_own_page_with_the_sessions_secret_may_change_anything() {
        let own = [("origin", "https://desk.example"), ("host", "desk.example"), ("kerbside-csrf", "s3cret")];
        assert!(is_from_console(&headers(&own), "s3cret"));
        let fetched = [("sec-fetch-site", "same-origin"), ("kerbside-csrf", "s3cret")];
        assert!(is_from_console(&headers(&fetched), "s3cret"));
        for refused in [
            vec![("origin", "https://evil.example"), ("host", "desk.example"), ("kerbside-csrf", "s3cret")],
            vec![("sec-fetch-site", "cross-site"), ("kerbside-csrf", "s3cret")],
            vec![("sec-fetch-site", "same-origin"), ("kerbside-csrf", "other")],
            vec![("sec-fetch-site", "same-origin")],
            vec![("kerbside-csrf", "s3cret")],
        ] {
            assert!(!is_from_console(&headers(&refused), "s3cret"), "{refused:?}");
        }
    }
}
