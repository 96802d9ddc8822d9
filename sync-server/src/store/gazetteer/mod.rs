//! Gazetteers at rest: brought in release by release, searched, and sent on as what changed between two releases.

mod bringing;
mod missing;
mod pages;
mod search;
mod staging;

use anyhow::{Context, Result};
use kerbside_core::gazetteer::{Address, Block, Standing};

use super::value::{Row, Sql};

pub use bringing::{Bringing, Brought};
pub use missing::MissingAddress;
pub use pages::PACK;
pub(super) use pages::offers;
pub use staging::Staging;

/// The gazetteer of the whole council, which every officer's devices hold.
pub const EVERYWHERE: &str = "council";

const ADDRESS: &str = "a.uprn, a.unit, a.unit_number, a.number, a.class, a.standing, a.lat, a.lon, \
     b.usrn, b.organisation, b.name, b.street, b.locality, b.town, b.postcode";
/// Where the columns of an address end and others may follow.
const AFTER_ADDRESS: usize = 15;
const BLOCK: &str = "b.usrn, b.organisation, b.name, b.street, b.locality, b.town, b.postcode";

fn address_of(row: &Row) -> Result<Address> {
    Ok(Address {
        uprn: u64::try_from(row.int(0)?)?,
        unit: row.text(1)?,
        unit_number: row.text(2)?,
        number: row.text(3)?,
        class: row.text(4)?,
        standing: Standing::of(u8::try_from(row.int(5)?)?).context("A standing nobody knows")?,
        lat_e7: i32::try_from(row.int(6)?)?,
        lon_e7: i32::try_from(row.int(7)?)?,
        block: block_of(row, 8)?,
    })
}

fn block_of(row: &Row, from: usize) -> Result<Block> {
    Ok(Block {
        usrn: row.find_int(from)?.map(u32::try_from).transpose()?,
        organisation: row.text(from + 1)?,
        name: row.text(from + 2)?,
        street: row.text(from + 3)?,
        locality: row.text(from + 4)?,
        town: row.text(from + 5)?,
        postcode: row.text(from + 6)?,
    })
}

/// `$3, $4, …` for so many values that come after `before` others. Of few lengths, so that few statements are prepared:
/// whoever binds them says the last value again.
fn places(before: usize, values: usize) -> String {
    let places: Vec<String> = (1..=padded(values)).map(|place| format!("${}", before + place)).collect();
    places.join(", ")
}

fn padded(values: usize) -> usize {
    values.next_power_of_two()
}

fn bind_all<T: Into<Sql> + Clone>(to: &mut Vec<Sql>, values: &[T]) {
    let padding = values.last().into_iter().cycle().take(padded(values.len()) - values.len());
    to.extend(values.iter().chain(padding).cloned().map(Into::into));
}
