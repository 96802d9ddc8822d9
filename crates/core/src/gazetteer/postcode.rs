//! Postcodes: with one space where there is one at all, however they were typed.

/// A whole postcode as Royal Mail writes it, `NR1 1AA`.
#[must_use]
pub fn postcode(typed: &str) -> Option<String> {
    let packed: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    let rest = typed.chars().filter(|sign| !sign.is_ascii_alphanumeric());
    if rest.into_iter().any(|sign| !sign.is_whitespace()) {
        return None;
    }
    let packed = packed.to_ascii_uppercase();
    let (outward, inward) = packed.split_at_checked(packed.len().checked_sub(3)?)?;
    (is_outward(outward) && is_whole_inward(inward)).then(|| format!("{outward} {inward}"))
}

/// A postcode as it is sought: small letters in one piece.
pub(super) fn packed(postcode: &str) -> Option<String> {
    let packed: String = postcode.chars().filter(|sign| !sign.is_whitespace()).collect();
    (!packed.is_empty()).then(|| packed.to_ascii_lowercase())
}

/// Whether it can be the first half of one: `NR1`, `SW1A`, `EC1`.
pub(super) fn is_outward(text: &str) -> bool {
    let letters = text.chars().take_while(char::is_ascii_alphabetic).count();
    let rest: Vec<char> = text.chars().skip(letters).collect();
    let shape = match rest.as_slice() {
        [digit] => digit.is_ascii_digit(),
        [digit, last] => digit.is_ascii_digit() && last.is_ascii_alphanumeric(),
        _ => false,
    };
    shape && (letters == 1 || letters == 2)
}

/// Whether it can be the second half, as far as it was typed.
pub(super) fn is_inward(text: &str) -> bool {
    let mut signs = text.chars();
    signs.next().is_some_and(|first| first.is_ascii_digit())
        && text.len() <= 3
        && signs.all(|sign| sign.is_ascii_alphabetic() && !"CIKMOVcikmov".contains(sign))
}

pub(super) fn is_whole_inward(text: &str) -> bool {
    text.len() == 3 && is_inward(text)
}
