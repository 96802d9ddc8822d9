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
/// However long a server asks for: it may be mistaken, and the work is not safe before it has it.
const MOST_PATIENT_MS: i64 = 60 * 60 * 1000;
/// No wait that we ever write down is longer.
const FARTHEST_MS: i64 = MOST_PATIENT_MS * 5 / 4;

impl Vault {
    /// Whether the timer may try now. A person's own "send now" need not ask.
    pub fn is_due(&self, now: Reading) -> Result<bool> {
        let next = self.store.progress()?.next_try_ms;
        // A clock set back must not hold work for ever.
        Ok(next.is_none_or(|next| next <= now.wall_ms || now.wall_ms + FARTHEST_MS < next))
    }

    /// Whether to try now that the network changed or the officer came back. What failed for want of a line may go at
    /// once; the patience that an office asked for is kept.
    pub fn is_due_on_return(&self, now: Reading) -> Result<bool> {
        let why = Why::named(&self.store.progress()?.why);
        Ok(matches!(why, Why::NoSignal | Why::Portal) || self.is_due(now)?)
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

/// Doubles up to a quarter of an hour, give or take a quarter; never sooner than the server asks, and spread by another
/// quarter of that, because it asks the same of everyone.
fn wait_ms(failures: u32, retry_after_s: Option<u32>, jitter: u8) -> i64 {
    let spread = |wait: i64| wait * i64::from(jitter) / 1024;
    let doubled = FIRST_MS.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_MS);
    let ours = doubled * 3 / 4 + spread(doubled) * 2;
    let asked = retry_after_s.map_or(0, |seconds| (i64::from(seconds) * 1000).min(MOST_PATIENT_MS));
    ours.max(asked + spread(asked.max(4 * FIRST_MS)))
}

fn why(code: Code) -> Why {
    const WHYS: &[(Code, Why)] = &[
        (Code::NoSignal, Why::NoSignal),
        (Code::CaptivePortal, Why::Portal),
        (Code::Busy, Why::ServerBusy),
        (Code::DiskFull, Why::ServerFull),
        (Code::TooManyTries, Why::ServerBusy),
        (Code::DeviceUnknown, Why::EnrolAgain),
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
    use kerbside_core::problem::Problem;

    #[test]
    fn waits_grow_are_spread_and_never_undercut_the_server() {
        let waits: Vec<i64> = (1..14).map(|failures| wait_ms(failures, None, 128)).collect();
        assert!(waits.is_sorted());
        assert!(waits.iter().all(|wait| (1_500..=LONGEST_MS * 5 / 4).contains(wait)));
        assert_ne!(wait_ms(3, None, 0), wait_ms(3, None, 255));
        assert!((17_000..22_000).contains(&wait_ms(1, Some(17), 0)));
        assert!(20_000 < wait_ms(1, Some(17), 255));
        assert_eq!(wait_ms(1, Some(0), 0), 1_500);
    }

    #[test]
    fn a_server_that_asks_for_an_hour_gets_it_and_one_that_asks_for_a_year_an_hour() {
        let mut vault = crate::exchange::tests::vault(1, 1);
        let now = Reading::at(1_773_652_364_000);
        for asked in [3_600, 31_536_000] {
            let refused = Refused { problem: Problem::new(Code::Busy, ""), retry_after_s: Some(asked) };
            vault.note_failure(&refused, now).unwrap();
            assert!(!vault.is_due(now.later(59 * 60_000)).unwrap());
            assert!(vault.is_due(now.later(75 * 60_000)).unwrap());
        }
        assert!(!vault.is_due(now.later(60_000)).unwrap());
        assert!(vault.is_due(now.later(-2 * 24 * 3_600_000)).unwrap(), "a clock set back holds nothing up");
    }

    #[test]
    fn a_new_network_ends_the_wait_for_a_line_and_not_the_patience_an_office_asked_for() {
        let mut vault = crate::exchange::tests::vault(1, 1);
        let now = Reading::at(1_773_652_364_000);
        for (code, goes) in [(Code::NoSignal, true), (Code::CaptivePortal, true), (Code::Busy, false)] {
            vault
                .note_failure(&Refused { problem: Problem::new(code, ""), retry_after_s: None }, now)
                .unwrap();
            assert!(!vault.is_due(now).unwrap());
            assert_eq!(vault.is_due_on_return(now).unwrap(), goes, "{}", code.name());
        }
        assert!(vault.is_due_on_return(now.later(60 * 60_000)).unwrap());
    }

    #[test]
    fn three_hundred_phones_told_the_same_do_not_come_at_once() {
        let waits: std::collections::BTreeSet<i64> =
            (0..=255).map(|jitter| wait_ms(1, Some(60), jitter) / 1000).collect();
        assert!(15 <= waits.len(), "spread over {} seconds", waits.len());
    }
}
