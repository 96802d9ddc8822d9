//! What neither this server nor a device has any more, with the receipt that proves it was here.

use anyhow::{Context as _, Result};
use data_encoding::BASE64;
use kerbside_core::cbor;
use kerbside_core::exchange::Receipt;
use kerbside_core::record::view::read_dot;
use kerbside_core::sign::Signed;

use super::connection::Connection;
use super::taking::to_row;
use super::trust::{LossReceipt, TrustLine};
use crate::values;

/// Puts to each line of what is missing the receipt that its device held, where it declared the loss.
pub(super) fn prove(tx: &mut Connection, lines: &mut [TrustLine]) -> Result<()> {
    for line in lines {
        let Some(dot) = line.dot.as_deref().and_then(read_dot) else { continue };
        let counter = to_row(dot.counter)?;
        let found = tx.find(
            "SELECT proof FROM loss WHERE actor = $1 AND from_counter <= $2 AND to_counter >= $2",
            values![dot.actor, counter],
        )?;
        line.receipt = found.map(|row| receipt(&row.blob(0)?)).transpose()?;
    }
    Ok(())
}

fn receipt(signed: &[u8]) -> Result<LossReceipt> {
    let whole: Signed = cbor::decode(signed).context("Reading the proof of a loss")?;
    let receipt: Receipt = cbor::decode(&whole.payload).context("Reading what the proof of a loss says")?;
    let Receipt { through, chain, epoch, .. } = receipt;
    Ok(LossReceipt { through, chain, epoch, signed: BASE64.encode(signed) })
}
