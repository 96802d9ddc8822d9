//! An actor's changes in one chain, so that one signed head proves them all: `c₀ = 0`, `cₙ = SHA-256(cₙ₋₁ ‖ hashₙ)`.

use crate::ids::Sha256;

/// The value before any change.
pub const START: Sha256 = Sha256([0; 32]);

/// The next value of the chain.
#[must_use]
pub fn next(last: Sha256, change: Sha256) -> Sha256 {
    let mut both = [0; 64];
    for (to, from) in both.iter_mut().zip(last.0.into_iter().chain(change.0)) {
        *to = from;
    }
    Sha256::of(&both)
}

/// The chain value after all these changes.
#[must_use]
pub fn through(start: Sha256, changes: impl IntoIterator<Item = Sha256>) -> Sha256 {
    changes.into_iter().fold(start, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_order_is_another_chain() {
        let (one, two) = (Sha256([1; 32]), Sha256([2; 32]));
        assert_ne!(through(START, [one, two]), through(START, [two, one]));
        assert_eq!(next(next(START, one), two), through(START, [one, two]));
    }
}
