//! Orders drawn from a seed: the same seed gives the same order on every device.

const MODULUS: i64 = 2_147_483_647;

/// The order ODK's clients draw: Fisher and Yates from the inside out, with Park and Miller's generator, so that a
/// form shuffles here as it does there.
pub fn shuffle<T>(items: &mut [T], seed: i64) {
    let mut state = seed % MODULUS;
    if state <= 0 {
        state += MODULUS - 1;
    }
    for place in 0..items.len() {
        state = state * 16_807 % MODULUS;
        let span = i64::try_from(place + 1).unwrap_or(MODULUS);
        let drawn = usize::try_from((state - 1) * span / (MODULUS - 1)).unwrap_or(0);
        items.swap(place, drawn.min(place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_order_and_another_one_another() {
        let shuffled = |seed| {
            let mut items: Vec<u32> = (0..20).collect();
            shuffle(&mut items, seed);
            items
        };
        assert_eq!(shuffled(42), shuffled(42));
        assert_ne!(shuffled(42), shuffled(43));
        let mut sorted = shuffled(-1);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_is_the_one_odks_clients_draw() {
        for (seed, wanted) in [(42, "AFCBDE"), (-42, "EDAFBC"), (1, "BFEACD"), (11_111_111, "ACDBFE")] {
            let mut letters: Vec<char> = "ABCDEF".chars().collect();
            shuffle(&mut letters, seed);
            assert_eq!(letters.iter().collect::<String>(), wanted, "{seed}");
        }
        let mut numbers: Vec<u8> = (0..10).collect();
        shuffle(&mut numbers, 33);
        assert_eq!(numbers, [3, 5, 4, 8, 2, 0, 1, 6, 9, 7]);
    }
}
