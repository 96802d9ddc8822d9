//! When to try again: kept in the vault, so that a restart neither forgets a
//! busy server nor hammers it. Jittered, because three hundred phones start at nine.

use super::pipe::Refused;
use crate::clock::Reading;
use crate::vault::Vault;
use crate::waiting::Why;
use anyhow::Result;
use kerbside_core::problem::Code;

const FIRST_MS: i64 = 2_000;
const LONGEST_MS: i64 = 15 * 60 * 1000;

impl Vault {
    /// Whether the timer may try now. A person's own "send now" need not ask.
    pub fn is_due(&self, now: Reading) -> Result<bool> {
        let next = self.store.progress()?.next_try_ms;
        // A clock set back must not hold work for ever.
        Ok(next.is_none_or(|next| next <= now.wall_ms || now.wall_ms + LONGEST_MS * 2 < next))
    }

    pub(crate) fn note_failure(&mut self, refused: &Refused, now: Reading) -> Result<()> {
        let mut progress = self.store.progress()?;
        progress.failures = progress.failures.saturating_add(1);
        let [jitter]: [u8; 1] = self.random.bytes()?;
        let wait = wait_ms(progress.failures, refused.retry_after_s, jitter);
        progress.next_try_ms = Some(now.wall_ms.saturating_add(wait));
        progress.why = why(refused.problem.code).name().to_owned();
        if refused.problem.code == Code::ActorRetired {
            progress.forked = true;
        }
        self.store.transact(|store| store.put_progress(&progress))
    }
}

/// Doubles up to a quarter of an hour, give or take a quarter; never sooner than the server asks.
fn wait_ms(failures: u32, retry_after_s: Option<u32>, jitter: u8) -> i64 {
    let doubled = FIRST_MS.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_MS);
    let jittered = doubled * 3 / 4 + doubled * i64::from(jitter) / 512;
    jittered.max(retry_after_s.map_or(0, |seconds| i64::from(seconds) * 1000 + i64::from(jitter) * 8))
}

fn why(code: Code) -> Why {
    const WHYS: [(Code, Why); 8] = [
        (Code::NoSignal, Why::NoSignal),
        (Code::Busy, Why::ServerBusy),
        (Code::DiskFull, Why::ServerBusy),
        (Code::TooManyTries, Why::ServerBusy),
        (Code::DeviceRevoked, Why::DeviceRevoked),
        (Code::ProtocolTooOld, Why::ProtocolTooOld),
        (Code::ProofWrong, Why::SignIn),
        (Code::SignInNeeded, Why::SignIn),
    ];
    WHYS.iter().find(|(known, _)| *known == code).map_or(Why::TryAgain, |(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_spread_and_never_undercut_the_server() {
        let waits: Vec<i64> = (1..14).map(|failures| wait_ms(failures, None, 128)).collect();
        assert!(waits.is_sorted());
        assert!(waits.iter().all(|wait| (1_500..=LONGEST_MS * 5 / 4).contains(wait)));
        assert_ne!(wait_ms(3, None, 0), wait_ms(3, None, 255));
        assert!(17_000 <= wait_ms(1, Some(17), 0));
    }
}
