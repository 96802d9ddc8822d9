//! How much to send and ask for at once: as much as the line carries in a few seconds, so that on the thinnest of lines
//! every exchange still ends before anybody loses patience with it.

use crate::exchange::Budget;

const LEAST: usize = 16 * 1024;
/// A piece of a photo: what a broken connection may cost.
const PIECE: usize = 256 * 1024;
const QUICK_MS: u64 = 5_000;
const SLOW_MS: u64 = 20_000;

#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    bytes: usize,
}

impl Pace {
    /// Each failure in a row may have been too much for the line.
    pub fn after(failures: u32) -> Self {
        let most = Budget::default().bytes;
        Self { bytes: most.checked_shr(failures.min(8) * 2).unwrap_or(0).max(LEAST) }
    }

    pub fn took(&mut self, ms: u64) {
        let most = Budget::default().bytes;
        if ms < QUICK_MS {
            self.bytes = self.bytes.saturating_mul(2).min(most);
        } else if SLOW_MS < ms {
            self.bytes = (self.bytes / 2).max(LEAST);
        }
    }

    pub fn budget(self) -> Budget {
        Budget { bytes: self.bytes, ..Budget::default() }
    }

    /// How much of a photo goes in one piece.
    pub fn piece(self) -> usize {
        self.bytes.min(PIECE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thin_line_gets_less_and_a_good_one_everything_again() {
        let most = Budget::default().bytes;
        assert_eq!(Pace::after(0).budget().bytes, most);
        let starts: Vec<usize> = (0..12).map(|failures| Pace::after(failures).budget().bytes).collect();
        assert!(starts.is_sorted_by(|a, b| b <= a));
        assert_eq!(starts.last(), Some(&LEAST));
        let mut pace = Pace::after(20);
        pace.took(60_000);
        assert_eq!(pace.piece(), LEAST);
        for _ in 0..20 {
            pace.took(100);
        }
        assert_eq!((pace.budget().bytes, pace.piece()), (most, PIECE));
    }
}
