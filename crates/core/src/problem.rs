//! Why something was not done: a code that screens turn into words, and a detail for the log.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// Everything a request can be refused for. Each has its sentence in `schemas/words`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, TS)]
        #[ts(export)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as it is written in JSON and in the words files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

codes! {
    /// Our own fault: the log has the rest under a reference.
    Internal = "internal", 500;
    NotFound = "not_found", 404;
    /// The request cannot be read.
    NotUnderstood = "not_understood", 400;
    TooLarge = "too_large", 413;
    SignInNeeded = "sign_in_needed", 401;
    /// Address or password is wrong; which of them is not said.
    SignInWrong = "sign_in_wrong", 401;
    TooManyTries = "too_many_tries", 429;
    NotAllowed = "not_allowed", 403;
    /// An unsafe request that did not come from the console's own page.
    NotFromConsole = "not_from_console", 403;
    /// The nonce of a device's request is too old; a fresh one comes with the answer.
    NonceStale = "nonce_stale", 401;
    /// The signature of a device's request is missing or wrong.
    ProofWrong = "proof_wrong", 401;
    DeviceRevoked = "device_revoked", 403;
    /// The server does not know the device: it was put back to before the device was enrolled.
    DeviceUnknown = "device_unknown", 401;
    ActorNotYours = "actor_not_yours", 403;
    ActorRetired = "actor_retired", 409;
    /// The push begins after a counter that the server has not got.
    Gap = "gap", 409;
    CodeWrong = "code_wrong", 403;
    CodeUsed = "code_used", 403;
    CodeExpired = "code_expired", 403;
    /// Someone answered since; the newer answer comes with the refusal.
    NewerAnswer = "newer_answer", 409;
    /// An edit did not say which answers its writer had seen.
    SeenMissing = "seen_missing", 428;
    /// The answers break the form's rules; `faults` says which.
    Faults = "faults", 422;
    ProtocolTooOld = "protocol_too_old", 426;
    /// A hash that no change from this device names.
    PhotoNotNamed = "photo_not_named", 403;
    PhotoNotWhole = "photo_not_whole", 409;
    /// What arrived is not what its hash says.
    PhotoHashWrong = "photo_hash_wrong", 460;
    /// The original is kept, but no smaller copy can be drawn from it.
    PhotoNotDrawable = "photo_not_drawable", 422;
    UploadGone = "upload_gone", 410;
    RangeWrong = "range_wrong", 416;
    Busy = "busy", 503;
    DiskFull = "disk_full", 507;
    /// A change that is not what a change must be.
    Malformed = "malformed", 400;
    RecordUnknown = "record_unknown", 409;
    RecordExists = "record_exists", 409;
    RecordPurged = "record_purged", 410;
    /// A change names something its writer cannot have seen.
    BadContext = "bad_context", 409;
    NotYourTeam = "not_your_team", 403;
    /// It waited for the office to decide, and was not taken.
    Declined = "declined", 403;
    /// An earlier change of the same device to the same record waits as well and is decided first.
    EarlierWaits = "earlier_waits", 409;
    Sealed = "sealed", 409;
    UnknownForm = "unknown_form", 422;
    /// A form that cannot be published or tried before its problems are put right.
    FormStopped = "form_stopped", 422;
    /// A second answer to a question that is answered once and stands.
    AnsweredOnce = "answered_once", 409;
    /// The device's clock was far ahead; taken all the same.
    ClockAhead = "clock_ahead", 409;
    PhotoTooLarge = "photo_too_large", 413;
    PhotoNotAnImage = "photo_not_an_image", 422;
    NoSignal = "no_signal", 503;
    /// Something between device and server answered in its place.
    CaptivePortal = "captive_portal", 502;
    PinWrong = "pin_wrong", 401;
    PinWait = "pin_wait", 429;
    /// Too many wrong PINs: only a fresh code from the office opens the vault.
    PinOnline = "pin_online", 403;
    PinTooShort = "pin_too_short", 422;
    Locked = "locked", 401;
    NotEnrolled = "not_enrolled", 409;
    AlreadyEnrolled = "already_enrolled", 409;
    UnsentWork = "unsent_work", 409;
    VaultDamaged = "vault_damaged", 500;
    /// What opens the vault is not as it was written.
    KeysDamaged = "keys_damaged", 500;
    /// This device's disk does not do what it is told.
    StorageFault = "storage_fault", 500;
    /// Another process has this vault open.
    VaultInUse = "vault_in_use", 409;
    /// Nothing was changed, so there is nothing to save.
    NothingChanged = "nothing_changed", 409;
    NeedsNewerVersion = "needs_newer_version", 426;
    /// Its writer may no longer make it: someone in the office decides whether it is taken.
    InReview = "in_review", 403;
    /// A withdrawal does not say why.
    ReasonMissing = "reason_missing", 422;
}

/// A refusal that a person should be told of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub code: Code,
    /// For the log: never a name, an address, a registration mark or a note.
    pub detail: String,
}

impl Problem {
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code, "")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_again_by_its_name() {
        for code in Code::ALL {
            assert_eq!(Code::named(code.name()), Some(*code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
            assert!((400..600).contains(&code.status()));
        }
    }
}
