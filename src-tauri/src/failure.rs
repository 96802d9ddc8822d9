//! The edge where a failure becomes something the page can say: a code with words, and a reference to read out.

use std::fmt;

use kerbside_core::ids::RowId;
use kerbside_core::problem::{Code, Problem};
use kerbside_device::net::Refused;
use serde::Serialize;
use ts_rs::TS;

/// What a command throws at the page.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub struct Failure {
    code: Code,
    /// Stands beside the whole story in the log.
    reference: Option<String>,
}

impl From<anyhow::Error> for Failure {
    fn from(failure: anyhow::Error) -> Self {
        if let Some(problem) = told(&failure) {
            tracing::info!("Refused: {problem}");
            return Self { code: problem.code, reference: None };
        }
        let reference = new_reference();
        tracing::error!("{reference}: {failure:#}");
        Self { code: Code::Internal, reference: Some(reference) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code.name())
    }
}

/// What the person should be told, wherever in the story it stands: our own refusal, or the office's.
fn told(failure: &anyhow::Error) -> Option<&Problem> {
    failure
        .downcast_ref::<Problem>()
        .or_else(|| failure.downcast_ref::<Refused>().map(|refused| &refused.problem))
}

fn new_reference() -> String {
    kerbside_device::random::system_bytes()
        .map_or_else(|_| "no-reference".to_owned(), |bytes| RowId(bytes).to_string())
}
