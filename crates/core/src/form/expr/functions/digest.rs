//! Bytes: digests of a text, and Base64 read back.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Function, pure, text, written};

pub static FUNCTIONS: &[Function] = &[
    pure("base64-decode", 1, 1, |given, _| {
        let mut coded: String = text(given, 0).split_whitespace().collect();
        coded.truncate(coded.trim_end_matches('=').len());
        let bytes = BASE64_NOPAD.decode(coded.as_bytes()).unwrap_or_default();
        written(String::from_utf8_lossy(&bytes).into_owned())
    }),
    pure("digest", 2, 3, |given, _| {
        let encoding = if given.len() == 3 { text(given, 2) } else { "base64".to_owned() };
        written(digest(&text(given, 0), &text(given, 1), &encoding).unwrap_or_default())
    }),
];

/// MD5 and SHA-1 are here because forms ask for them. Nothing of ours trusts them.
fn digest(text: &str, algorithm: &str, encoding: &str) -> Option<String> {
    let bytes = match algorithm.to_ascii_uppercase().replace('-', "").as_str() {
        "MD5" => Md5::digest(text).to_vec(),
        "SHA1" => Sha1::digest(text).to_vec(),
        "SHA256" => Sha256::digest(text).to_vec(),
        "SHA384" => Sha384::digest(text).to_vec(),
        "SHA512" => Sha512::digest(text).to_vec(),
        _ => return None,
    };
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => Some(BASE64.encode(&bytes)),
        "hex" => Some(HEXLOWER.encode(&bytes)),
        _ => None,
    }
}
