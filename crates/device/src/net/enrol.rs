//! Once in a device's life: enrolment, and the online unlock.

use super::pipe::{Pipe, Refused};
use anyhow::{Context, Result, anyhow};
use kerbside_core::exchange::{Enrol, Enrolled, UnlockRequest, Unlocked};
use kerbside_core::ids::DeviceId;
use zeroize::Zeroizing;

pub(crate) fn enrol(server_url: &str, ca_pem: Option<&str>, enrol: &Enrol) -> Result<Enrolled> {
    let mut pipe = Pipe::unsigned(server_url, ca_pem)?;
    let enrolled: Result<Enrolled, Refused> = pipe.exchange("/v1/enrol", enrol, false);
    enrolled.context("Enrol with the council's server")
}

/// The server's half of the second way into the vault, for a fresh code.
pub(crate) fn unlock_share(
    server_url: &str,
    ca_pem: Option<&str>,
    code: &str,
    device: DeviceId,
) -> Result<Zeroizing<[u8; 32]>> {
    let mut pipe = Pipe::unsigned(server_url, ca_pem)?;
    let request = UnlockRequest { code: code.to_owned(), device };
    let unlocked: Unlocked =
        pipe.exchange("/v1/unlock", &request, false).context("Ask the server to unlock")?;
    let share =
        <[u8; 32]>::try_from(unlocked.unlock_share.as_slice()).map_err(|_| anyhow!("A share is 32 bytes"))?;
    Ok(Zeroizing::new(share))
}
