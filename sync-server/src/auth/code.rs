//! One-time enrolment codes: 80 random bits that can be read out over a telephone.

use kerbside_core::ids::Sha256;

const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP: usize = 4;

/// A code as it is said aloud: four groups of four, Crockford's letters.
pub fn spell(random: [u8; 10]) -> String {
    let mut text = String::with_capacity(19);
    for (written, at) in (0..80_usize).step_by(5).enumerate() {
        if 0 < written && written % GROUP == 0 {
            text.push('-');
        }
        let letter = (0..5).fold(0_usize, |sum, bit| (sum << 1) | bit_at(&random, at + bit));
        text.push(LETTERS.get(letter).copied().map_or('0', char::from));
    }
    text
}

fn bit_at(bytes: &[u8], bit: usize) -> usize {
    bytes.get(bit / 8).map_or(0, |byte| usize::from(byte >> (7 - bit % 8)) & 1)
}

/// What is stored of a code: the hash of what was meant, however it was typed.
pub fn hash(typed: &str) -> Sha256 {
    let meant: String = typed
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    Sha256::of(meant.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_sixteen_letters_that_are_hard_to_mishear() {
        let code = spell([0xff, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0]);
        assert_eq!(code.len(), 19);
        assert!(code.chars().all(|letter| letter == '-' || LETTERS.contains(&(letter as u8))));
        assert_ne!(code, spell([0xff, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf1]));
    }

    #[test]
    fn a_code_may_be_typed_in_small_letters_with_spaces_and_look_alikes() {
        assert_eq!(hash("0B1C-2D3E-4F5G-6H7J"), hash(" obic 2d3e4f5g 6h7j"));
        assert_ne!(hash("0B1C-2D3E-4F5G-6H7J"), hash("0B1C-2D3E-4F5G-6H7K"));
    }
}
