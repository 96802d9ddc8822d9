//! Turning one flipped bit back. Whatever is kept under a hash or a seal says by it which of its bits is wrong: each
//! is tried in turn, and the one that fits is the one, for no other could.

use std::ops::Range;

/// Beyond this many bytes the tries take too long for someone who waits.
pub const LONGEST: usize = 80 * 1024;

/// The bytes with the one bit turned back that makes them fit. None where no single bit does.
#[must_use]
pub fn turn_bit_back(bytes: &[u8], fits: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    turn_bit_back_within(bytes, 0..bytes.len(), fits)
}

/// The same, where it is known in which part of the bytes it must be.
#[must_use]
pub fn turn_bit_back_within(
    bytes: &[u8],
    part: Range<usize>,
    fits: impl Fn(&[u8]) -> bool,
) -> Option<Vec<u8>> {
    if LONGEST < bytes.len() {
        return None;
    }
    let mut tried = bytes.to_vec();
    for at in part {
        for bit in 0..8 {
            flip(&mut tried, at, bit);
            if fits(&tried) {
                return Some(tried);
            }
            flip(&mut tried, at, bit);
        }
    }
    None
}

fn flip(bytes: &mut [u8], at: usize, bit: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Sha256;

    #[test]
    fn one_bit_is_found_wherever_it_is_and_two_are_not_guessed_at() {
        let whole: Vec<u8> = (0..120).collect();
        let hash = Sha256::of(&whole);
        let fits = |bytes: &[u8]| Sha256::of(bytes) == hash;
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(turn_bit_back(&flipped, fits), Some(whole.clone()));
        }
        let mut two = whole.clone();
        two[3] ^= 1;
        two[70] ^= 128;
        assert_eq!(turn_bit_back(&two, fits), None);
    }
}
