//! What the server counts of itself, as `/metrics` prints it. No label ever names a person or a place.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kerbside_core::problem::Code;

use crate::store::Counts;

#[derive(Debug, Default)]
pub struct Metrics {
    panics: AtomicU64,
    requests: AtomicU64,
    /// A few dozen codes, counted now and then: a lock is enough.
    refusals: Mutex<BTreeMap<Code, u64>>,
    exchanges: Exchanges,
}

/// How long exchanges took, from the request's head to the reply: those within each bound, and all.
#[derive(Debug, Default)]
struct Exchanges {
    within: [AtomicU64; BOUNDS_MS.len()],
    all: AtomicU64,
    ms: AtomicU64,
}

const BOUNDS_MS: [u64; 7] = [25, 50, 100, 250, 500, 1_000, 2_500];

impl Metrics {
    pub fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_refusal(&self, code: Code) {
        *self.refusals.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    pub fn count_exchange(&self, took: Duration) {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        for (within, _) in self.exchanges.within.iter().zip(BOUNDS_MS).filter(|(_, bound)| ms <= *bound) {
            within.fetch_add(1, Ordering::Relaxed);
        }
        self.exchanges.all.fetch_add(1, Ordering::Relaxed);
        self.exchanges.ms.fetch_add(ms, Ordering::Relaxed);
    }

    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Prometheus' text form.
    pub fn page(&self, counts: &Counts, now_ms: i64) -> String {
        let mut page = String::new();
        let single = [
            ("kerbside_panics_total", "counter", self.panics()),
            ("kerbside_requests_total", "counter", self.requests.load(Ordering::Relaxed)),
            ("kerbside_changes_received_total", "counter", counts.changes),
            ("kerbside_changes_held", "gauge", counts.held),
            ("kerbside_photos_received_total", "counter", counts.photos),
            ("kerbside_photos_waiting", "gauge", counts.photos_waiting),
            ("kerbside_records", "gauge", counts.records),
            ("kerbside_devices", "gauge", counts.devices),
            ("kerbside_receipts_issued_total", "counter", counts.trust.receipts_issued.into()),
            ("kerbside_receipts_confirmed_total", "counter", counts.trust.receipts_confirmed.into()),
            ("kerbside_changes_missing_total", "counter", counts.trust.missing.into()),
            ("kerbside_duplicates_refused_total", "counter", counts.trust.duplicates_refused.into()),
            ("kerbside_conflicts_open", "gauge", counts.trust.conflicts_open.into()),
            ("kerbside_changes_in_review", "gauge", counts.trust.in_review.into()),
        ];
        for (name, kind, value) in single {
            line(&mut page, name, kind, "", value);
        }
        self.exchanges.print(&mut page);
        let age = age_s(now_ms, counts.last_commit_at);
        line(&mut page, "kerbside_last_commit_age_seconds", "gauge", "", age);
        if let Some(backup_ms) = counts.trust.backup_ms {
            line(&mut page, "kerbside_last_backup_age_seconds", "gauge", "", age_s(now_ms, backup_ms));
        }
        for device in counts.trust.devices.iter().filter(|device| !device.revoked) {
            let label = format!("{{device=\"{}\"}}", device.short_code);
            let oldest = device.oldest_unsent_ms.map_or(0, |oldest| age_s(now_ms, oldest));
            line(&mut page, "kerbside_oldest_unsent_age_seconds", "gauge", &label, oldest);
        }
        for (code, count) in &counts.refused {
            line(
                &mut page,
                "kerbside_changes_refused_total",
                "counter",
                &format!("{{code=\"{code}\"}}"),
                *count,
            );
        }
        for (code, count) in self.refusals.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let label = format!("{{code=\"{}\"}}", code.name());
            line(&mut page, "kerbside_requests_refused_total", "counter", &label, *count);
        }
        page
    }
}

impl Exchanges {
    fn print(&self, page: &mut String) {
        let name = "kerbside_exchange_seconds";
        let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
        writeln!(page, "# TYPE {name} histogram").ok();
        for (within, bound) in self.within.iter().zip(BOUNDS_MS) {
            let within = within.load(Ordering::Relaxed);
            writeln!(page, "{name}_bucket{{le=\"{}\"}} {within}", seconds(bound)).ok();
        }
        let all = self.all.load(Ordering::Relaxed);
        writeln!(page, "{name}_bucket{{le=\"+Inf\"}} {all}").ok();
        writeln!(page, "{name}_sum {}", seconds(self.ms.load(Ordering::Relaxed))).ok();
        writeln!(page, "{name}_count {all}").ok();
    }
}

fn age_s(now_ms: i64, then_ms: i64) -> u64 {
    u64::try_from((now_ms - then_ms).max(0) / 1000).unwrap_or(0)
}

fn line(page: &mut String, name: &str, kind: &str, label: &str, value: u64) {
    if !page.contains(&format!("# TYPE {name} ")) {
        writeln!(page, "# TYPE {name} {kind}").ok();
    }
    writeln!(page, "{name}{label} {value}").ok();
}
