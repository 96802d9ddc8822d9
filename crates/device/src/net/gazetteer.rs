//! Fetching gazetteers, page by page: a line that breaks off loses one page, and an officer types on meanwhile.

use super::answer::inflate;
use super::pipe::{Ask, Pipe};
use super::sync::VaultAccess;
use anyhow::Result;
use kerbside_core::cbor;
use kerbside_core::exchange::Offer;
use kerbside_core::gazetteer::GazetteerPage;
use kerbside_core::problem::{Code, Problem};
use kerbside_core::sign::{Label, Signed};
use reqwest::Method;

/// Fetches one gazetteer as far as `goes_on` lets it.
pub(super) fn fetch<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    offer: &Offer,
    goes_on: &dyn Fn() -> bool,
) -> Result<()> {
    while goes_on() {
        let path = access.with(|vault| vault.gazetteer_path(offer))?;
        let ask =
            Ask { method: Method::GET, path: &path, body: Vec::new(), headers: Vec::new(), signed: true };
        let body = inflate(&pipe.send(&ask)?)?;
        let not_ours = |why: &str| Problem::new(Code::CaptivePortal, format!("A page of addresses: {why}"));
        let signed: Signed = cbor::decode(&body).map_err(|_| not_ours("not our server’s"))?;
        let key = access.with(|vault| Ok(vault.server_key()))?;
        let page: GazetteerPage =
            signed.open(Label::Gazetteer, &key).map_err(|_| not_ours("not signed by our server"))?;
        if access.with(|vault| vault.take_gazetteer_page(offer, &page))? {
            tracing::info!(name = offer.name, version = offer.version, "A gazetteer stands");
            return Ok(());
        }
    }
    Ok(())
}
