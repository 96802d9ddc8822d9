//! What the server counts of itself, as `/metrics` prints it. No label ever names a person or a place.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use kerbside_core::problem::Code;

use crate::store::Counts;

#[derive(Debug, Default)]
pub struct Metrics {
    panics: AtomicU64,
    requests: AtomicU64,
    /// A few dozen codes, counted now and then: a lock is enough.
    refusals: Mutex<BTreeMap<Code, u64>>,
}

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
        ];
        for (name, kind, value) in single {
            line(&mut page, name, kind, "", value);
        }
        let age = u64::try_from((now_ms - counts.last_commit_at).max(0) / 1000).unwrap_or(0);
        line(&mut page, "kerbside_last_commit_age_seconds", "gauge", "", age);
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

fn line(page: &mut String, name: &str, kind: &str, label: &str, value: u64) {
    if !page.contains(&format!("# TYPE {name} ")) {
        writeln!(page, "# TYPE {name} {kind}").ok();
    }
    writeln!(page, "{name}{label} {value}").ok();
}
