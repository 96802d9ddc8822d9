//! A telephone number of the council's, as a form's `call` names it by its key.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::form::Localised;

/// Whom to ring, and where.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Phone {
    pub name: Localised,
    /// As it is read out and dialled.
    pub number: String,
}
