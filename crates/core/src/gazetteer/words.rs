//! Text as it is sought: small letters without accents, and one spelling for what has several.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Each is one word to us. A saint and a street share theirs, for `St` stands for both.
const SPELLINGS: &[&[&str]] = &[
    &["st", "street", "saint", "str"],
    &["rd", "road"],
    &["ave", "avenue", "av"],
    &["ln", "lane"],
    &["cl", "close"],
    &["dr", "drive", "drv"],
    &["ct", "court", "crt"],
    &["cres", "crescent", "cr"],
    &["gdns", "gardens", "gdn", "garden"],
    &["gr", "grove", "gro"],
    &["pl", "place"],
    &["sq", "square"],
    &["ter", "terrace", "terr"],
    &["pk", "park"],
    &["grn", "green"],
    &["hse", "house"],
    &["mt", "mount"],
    &["gt", "great"],
    &["lt", "little"],
    &["ltd", "limited"],
    &["way", "wy"],
    &["flat", "apartment", "apt", "flt"],
];

/// The words of a text, in their order, each in its one spelling.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    plain(text).iter().map(|word| one_spelling(word).to_owned()).collect()
}

/// Small letters and digits; what is neither parts words, but for an apostrophe.
pub(super) fn plain(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for sign in text.nfkd().filter(|sign| !is_combining_mark(*sign)).flat_map(char::to_lowercase) {
        if sign.is_alphanumeric() {
            word.push(sign);
        } else if sign == '&' {
            words.push(std::mem::take(&mut word));
            words.push("and".to_owned());
        } else if !matches!(sign, '\'' | '’' | '‘' | '.' | '`') {
            words.push(std::mem::take(&mut word));
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn one_spelling(word: &str) -> &str {
    let spelt = SPELLINGS.iter().find(|spellings| spellings.contains(&word));
    spelt.and_then(|spellings| spellings.first()).copied().unwrap_or(word)
}

/// What a word that is still being typed may be short for: `roa` for `rd`.
pub(super) fn begun(word: &str) -> impl Iterator<Item = &'static str> {
    SPELLINGS
        .iter()
        .filter(move |spellings| {
            2 <= word.len() && spellings.iter().any(|spelling| spelling.starts_with(word))
        })
        .filter_map(|spellings| spellings.first().copied())
}

/// Whether a slip of the finger in it is forgiven: it is long, and no number.
#[must_use]
pub fn is_spelt_loosely(word: &str) -> bool {
    5 <= word.chars().count() && word.chars().all(char::is_alphabetic)
}
