//! Where the device's random bytes come from: the operating system on a real
//! handheld, or a seed when the simulator needs the same run twice.

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};

#[derive(Debug, Clone)]
pub enum Randomness {
    System,
    Seeded { seed: u64, drawn: u64 },
}

impl Randomness {
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded { seed, drawn: 0 }
    }

    pub fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self {
            Self::System => system_bytes(),
            Self::Seeded { seed, drawn } => {
                let mut out = [0; N];
                for piece in out.chunks_mut(32) {
                    let block = Sha256::new()
                        .chain_update(seed.to_be_bytes())
                        .chain_update(drawn.to_be_bytes())
                        .finalize();
                    *drawn += 1;
                    for (to, from) in piece.iter_mut().zip(block) {
                        *to = from;
                    }
                }
                Ok(out)
            }
        }
    }
}

pub fn system_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|cause| anyhow!(cause)).context("Ask the system for random bytes")?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bytes_again_and_never_repeats_itself() {
        let mut one = Randomness::seeded(7);
        let mut two = Randomness::seeded(7);
        let first: [u8; 40] = one.bytes().unwrap();
        assert_eq!(first, two.bytes::<40>().unwrap());
        assert_ne!(first, one.bytes::<40>().unwrap());
    }
}
