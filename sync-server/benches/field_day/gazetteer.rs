//! Addresses, timed: a gazetteer brought in, fetched by a device, and searched as a thumb types, letter by letter.
//! `KERBSIDE_ADDRESSES` says how many the server has.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use kerbside_core::cbor;
use kerbside_core::exchange::{Offer, ZSTD_LEVEL};
use kerbside_core::gazetteer::source::Piece;
use kerbside_core::gazetteer::{Address, Hit, invented};
use kerbside_device::GAZETTEER_PACK;
use kerbside_server::store::gazetteer::{Bringing, Staging};
use kerbside_server::store::{Officer, Place, Store};

use crate::clock::timed;
use crate::figures::{self, percentile};
use crate::office::{Handheld, Office, email};

/// A large district, and more than any council has.
const ON_A_DEVICE: u64 = 150_000;
const AT_THE_SERVER: u64 = 2_000_000;
const SOUGHT: usize = 120;
const NEARBY: usize = 300;

pub fn gazetteer(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut rng = Rng::with_seed(20_261_126);
    on_a_device(folder, &mut rng)?;
    at_the_server(folder, &mut rng)
}

fn on_a_device(folder: &Path, rng: &mut Rng) -> Result<()> {
    let mut office = Office::open(folder, &[("warden".to_owned(), "team".to_owned())])?;
    bring(office.server(), ON_A_DEVICE)?;
    let mut handheld = office.enrol("warden", &folder.join("phone"))?;
    let officer = office.server().officer_by_email(&email("warden"))?.context("The warden is there")?.0;
    let offers = office.exchange(&mut handheld)?.applied.offers;
    let offer =
        offers.into_iter().find(|offer| offer.name.starts_with(GAZETTEER_PACK)).context("It is on offer")?;
    let (bytes, took) = timed(|| fetched(&mut office, &handheld, (&officer, &offer)));
    let bytes = bytes?;
    figures::ms("gazetteer_150k_taken_by_a_device", took, None)?;
    figures::bytes("gazetteer_150k_pack", bytes, None)?;
    let search = |typed: &str| Ok(handheld.vault.search_addresses(typed, 12)?.hits);
    let times = letter_by_letter(rng, ON_A_DEVICE, search)?;
    figures::ms("gazetteer_150k_search_p50", percentile(&times, 50)?, None)?;
    figures::ms("gazetteer_150k_search_p95", percentile(&times, 95)?, None)?;
    figures::ms("gazetteer_150k_search_most", percentile(&times, 100)?, None)?;
    let nearest = (0..NEARBY).map(|_| {
        let wanted = invented::address(rng.u64(..ON_A_DEVICE));
        let (lat, lon) = (f64::from(wanted.lat_e7 + 300) / 1e7, f64::from(wanted.lon_e7) / 1e7);
        let (near, took) = timed(|| handheld.vault.nearest_address(lat, lon));
        near?.context("Somebody lives there").map(|_| took)
    });
    let nearest: Vec<Duration> = nearest.collect::<Result<_>>()?;
    figures::ms("gazetteer_150k_nearest_p95", percentile(&nearest, 95)?, None)
}

/// Every page of it, as it would cross the line. How many bytes they came to.
fn fetched(office: &mut Office, handheld: &Handheld, (officer, offer): (&Officer, &Offer)) -> Result<usize> {
    let mut bytes = 0;
    loop {
        let path = handheld.vault.gazetteer_path(offer)?;
        let after = path.rsplit('=').next().and_then(|after| after.parse().ok()).context("A path ends so")?;
        let page = office.server().gazetteer_page(officer, ("council", offer.version), (0, after))?;
        let page = page.context("The release stands")?;
        bytes += zstd::bulk::compress(&cbor::encode(&page), ZSTD_LEVEL)?.len();
        if handheld.vault.take_gazetteer_page(offer, &page)? {
            return Ok(bytes);
        }
    }
}

fn at_the_server(folder: &Path, rng: &mut Rng) -> Result<()> {
    let asked = std::env::var("KERBSIDE_ADDRESSES").ok().and_then(|asked| asked.parse().ok());
    let addresses: u64 = asked.unwrap_or(AT_THE_SERVER);
    let mut store = Place::File(folder.join("large.db")).open()?;
    store.establish(1)?;
    let (brought, took) = timed(|| bring(&mut store, addresses));
    brought?;
    figures::count("gazetteer_server_addresses", usize::try_from(addresses)?, None)?;
    figures::ms("gazetteer_server_brought_in", took, None)?;
    let times = letter_by_letter(rng, addresses, |typed| store.search_addresses(typed, 12))?;
    figures::ms("gazetteer_server_search_p50", percentile(&times, 50)?, None)?;
    figures::ms("gazetteer_server_search_p95", percentile(&times, 95)?, None)?;
    figures::ms("gazetteer_server_search_most", percentile(&times, 100)?, None)
}

fn bring(store: &mut Store, addresses: u64) -> Result<()> {
    let mut staging = Staging::new()?;
    for number in 0..addresses {
        staging.put(number + 1, &Piece::Whole(Box::new(invented::address(number))))?;
    }
    store.bring_gazetteer(&staging, &Bringing { area: "council", source: "invented", now_ms: 1 })?;
    Ok(())
}

/// Every letter of what is typed is a search: by street, by postcode, by all of it, and with a slip of the finger.
fn letter_by_letter(
    rng: &mut Rng,
    addresses: u64,
    mut search: impl FnMut(&str) -> Result<Vec<Hit>>,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for sought in 0..SOUGHT {
        let wanted = invented::address(rng.u64(..addresses));
        let typed = typed(rng, sought, &wanted);
        for letters in 2..=typed.chars().count() {
            let so_far: String = typed.chars().take(letters).collect();
            let (hits, took) = timed(|| search(&so_far));
            hits?;
            times.push(took);
        }
    }
    Ok(times)
}

fn typed(rng: &mut Rng, sought: usize, wanted: &Address) -> String {
    let line = wanted.line().to_lowercase();
    match sought % 5 {
        0 => line,
        1 => wanted.block.street.to_lowercase(),
        2 => wanted.block.postcode.to_lowercase(),
        3 => wanted.text(),
        _ => {
            let mut letters: Vec<char> = line.chars().collect();
            let at = rng.usize(1..letters.len());
            letters.swap(at - 1, at);
            letters.into_iter().collect()
        }
    }
}
