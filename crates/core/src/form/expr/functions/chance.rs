//! Chance, drawn from `Now::seed` and the arguments: the same call over the same seed draws the same.
//!
//! So a draft does not change under its officer while it is open, and the simulator can repeat it. Whoever evaluates
//! gives each question and row a seed of its own, and settles what was drawn by keeping it as the answer.

use sha2::{Digest, Sha256};

use super::{Function, drawn, texts, whole, written};
use crate::form::expr::eval::Scope;
use crate::form::expr::value::Outcome;
use crate::value::TEXT_LIMIT;

/// 2^-53: as many numbers below 1 as a float can tell apart.
const UNIT: f64 = f64::EPSILON / 2.0;

pub static FUNCTIONS: &[Function] = &[
    drawn("random", 0, |given, scope| {
        let bytes = draw("random", given, scope, 0).first_chunk().copied().unwrap_or_default();
        Outcome::Number((u64::from_le_bytes(bytes) >> 11) as f64 * UNIT)
    }),
    drawn("uuid", 1, |given, scope| match given {
        [] => {
            let bytes = draw("uuid", given, scope, 0).first_chunk().copied().unwrap_or_default();
            written(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
        }
        [..] => written(letters(usize::try_from(whole(given, 0, scope)).unwrap_or(0), given, scope)),
    }),
];

fn draw(name: &str, given: &[Outcome], scope: &Scope<'_>, block: u64) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(name);
    digest.update(scope.now.seed.to_le_bytes());
    digest.update(block.to_le_bytes());
    for text in texts(given) {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    }
    digest.finalize().into()
}

/// Of 36 letters and digits, each as likely as another: bytes past the last multiple of 36 are drawn again.
fn letters(length: usize, given: &[Outcome], scope: &Scope<'_>) -> String {
    let fair = (0..).flat_map(|block| draw("uuid", given, scope, block)).filter(|byte| *byte < 252);
    fair.take(length.min(TEXT_LIMIT))
        .filter_map(|byte| char::from_digit(u32::from(byte % 36), 36))
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}
