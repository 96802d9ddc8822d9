//! Where random bytes come from: the operating system, or a seed that makes a simulated server repeat itself.

use anyhow::{Result, anyhow};
use sha2::{Digest, Sha256};

#[derive(Debug, Clone)]
pub enum Chance {
    System,
    Seeded { seed: u64, drawn: u64 },
}

impl Chance {
    pub fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0_u8; N];
        match self {
            Self::System => {
                getrandom::fill(&mut out).map_err(|fault| anyhow!("No random bytes: {fault}"))?;
            }
            Self::Seeded { seed, drawn } => {
                for chunk in out.chunks_mut(32) {
                    *drawn += 1;
                    let mut hash = Sha256::new();
                    hash.update(seed.to_be_bytes());
                    hash.update(drawn.to_be_bytes());
                    for (to, from) in chunk.iter_mut().zip(hash.finalize()) {
                        *to = from;
                    }
                }
            }
        }
        Ok(out)
    }
}
