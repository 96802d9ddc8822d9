//! Words one slip apart: a letter too many, too few, wrong, or two of them swapped.

/// The word without each of its letters in turn. Two words one slip apart share one of these, or one is the other's.
#[must_use]
pub fn shortened(word: &str) -> Vec<String> {
    let mut shorter: Vec<String> = word
        .char_indices()
        .map(|(left_out, _)| {
            word.char_indices().filter(|(at, _)| *at != left_out).map(|(_, letter)| letter).collect()
        })
        .collect();
    shorter.sort_unstable();
    shorter.dedup();
    shorter
}

pub(super) fn is_one_slip_from(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let (one, other) = (one.get(same..).unwrap_or_default(), other.get(same..).unwrap_or_default());
    match (one, other) {
        ([], []) => true,
        ([a, b, one @ ..], [c, d, other @ ..]) if a == d && b == c && one == other => true,
        ([_, one @ ..], [_, other @ ..]) if one == other => true,
        ([_, one @ ..], other) if one == other => true,
        (one, [_, other @ ..]) => one == other,
        _ => false,
    }
}

/// Whether the longer begins with something one slip from the typed.
pub(super) fn is_one_slip_from_start(typed: &str, whole: &str) -> bool {
    let letters = typed.chars().count();
    (letters.saturating_sub(1)..=letters + 1)
        .any(|length| is_one_slip_from(typed, &whole.chars().take(length).collect::<String>()))
}
