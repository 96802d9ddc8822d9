//! Towns that do not exist, street after street, for demonstrations and measurements. The same number gives the same address.

use super::{Address, Block, Standing};

const STEMS: [&str; 48] = [
    "Larkspur",
    "Tansy",
    "Bramble",
    "Curlew",
    "Plover",
    "Teasel",
    "Yarrow",
    "Sorrel",
    "Marram",
    "Samphire",
    "Wherry",
    "Reedcutter",
    "Staithe",
    "Dyke",
    "Mardle",
    "Bittern",
    "Avocet",
    "Lapwing",
    "Dunlin",
    "Sedge",
    "Harebell",
    "Campion",
    "Foxglove",
    "Meadowsweet",
    "Chandler",
    "Weaver",
    "Dyer",
    "Fuller",
    "Cooper",
    "Wheelwright",
    "Thatcher",
    "Saddler",
    "Tanner",
    "Glover",
    "Mercer",
    "Flint",
    "Pantile",
    "Gable",
    "Orchard",
    "Medlar",
    "Quince",
    "Damson",
    "Hornbeam",
    "Spindle",
    "Alder",
    "Rowan",
    "St Withburga’s",
    "St Walstan’s",
];
const BEFORE: [&str; 12] =
    ["", "", "", "", "Old", "Upper", "Lower", "Little", "Great", "North", "South", "Far"];
const SUFFIXES: [&str; 14] = [
    "Way", "Road", "Street", "Lane", "Close", "Avenue", "Drive", "Gardens", "Terrace", "Row", "Place",
    "Court", "Hill", "Green",
];
const LOCALITIES: [&str; 24] = [
    "Fenmarket",
    "Upwick",
    "Hallowby",
    "Marlingstoke",
    "Aldersea",
    "Thurnwick",
    "Caskby",
    "Eelham",
    "Rusheye",
    "Broadwick",
    "Saltby",
    "Hempnell St Anne",
    "Costwick",
    "Lingmere",
    "Swafton",
    "Kettleby",
    "Otterham",
    "Pulwick",
    "Ranmarsh",
    "Stalby",
    "Tunmere",
    "Wexby",
    "Yelham",
    "Acremarsh",
];
const TRADES: [&str; 8] =
    ["Bakery", "Cycles", "Books", "Launderette", "Dental Practice", "Fish Bar", "Pharmacy", "Motors"];
const IN_A_STREET: u64 = 40;
const HOUSES: u64 = 32;
/// Streets that stand before a locality is full.
const IN_A_LOCALITY: u64 = 160;
const FIRST_UPRN: u64 = 990_000_000_001;

/// The address of this number.
#[must_use]
pub fn address(number: u64) -> Address {
    let (street, slot) = (number / IN_A_STREET, number % IN_A_STREET);
    let (lat_e7, lon_e7) = place(street, slot);
    let is_flat = HOUSES <= slot;
    let shop = slot == 4 && street % 3 == 0;
    let mut block = block(street, slot);
    if shop {
        block.organisation = format!("{} {}", pick(&STEMS, street / 5), pick(&TRADES, street));
    }
    if is_flat {
        block.name = format!("{} House", pick(&STEMS, street / 7 + 11));
    }
    Address {
        uprn: FIRST_UPRN + number,
        unit: if is_flat { format!("Flat {}", slot - HOUSES + 1) } else { String::new() },
        unit_number: String::new(),
        number: house(slot, is_flat),
        block,
        class: if shop {
            "CR08"
        } else if is_flat {
            "RD06"
        } else {
            "RD04"
        }
        .to_owned(),
        standing: Standing::Approved,
        lat_e7,
        lon_e7,
    }
}

fn house(slot: u64, is_flat: bool) -> String {
    match slot {
        7 => "8A".to_owned(),
        _ if is_flat => format!("{}-{}", HOUSES + 1, HOUSES + 3),
        _ => (slot + 1).to_string(),
    }
}

fn block(street: u64, slot: u64) -> Block {
    let locality = street / IN_A_LOCALITY;
    // A prime step, so that neighbouring streets are not namesakes.
    let named = street.wrapping_mul(1_009).wrapping_add(street / 8_064);
    let before = pick(&BEFORE, named / 672);
    let name = format!("{before} {} {}", pick(&STEMS, named), pick(&SUFFIXES, named / 48));
    let area = 40 + locality % 59;
    let unit = street % IN_A_LOCALITY * 2 + slot / 20;
    let letters: String = [unit / 20 % 20, unit % 20].into_iter().filter_map(letter).collect();
    Block {
        usrn: u32::try_from(90_000_000 + street % 9_999_999).ok(),
        street: name.trim().to_owned(),
        locality: pick(&LOCALITIES, locality).to_owned(),
        town: "Norwich".to_owned(),
        postcode: format!("NR{area} {}{letters}", locality / 59 % 10),
        ..Block::default()
    }
}

/// The letters that may end a postcode.
fn letter(number: u64) -> Option<char> {
    "ABDEFGHJLNPQRSTUWXYZ".chars().nth(usize::try_from(number).ok()?)
}

/// About Norwich's City Hall. Streets lie side by side from west to east, 90 metres apart; houses along them, 14 metres apart.
fn place(street: u64, slot: u64) -> (i32, i32) {
    let (row, column) = (street / 60, street % 60);
    let north = 526_255_000 + i64::try_from(row % 300 * 60_000 + slot * 1_260).unwrap_or(0);
    let east = 12_654_000 + i64::try_from(column * 13_300).unwrap_or(0);
    (i32::try_from(north).unwrap_or(0), i32::try_from(east).unwrap_or(0))
}

fn pick<'a>(from: &[&'a str], number: u64) -> &'a str {
    let count = u64::try_from(from.len()).unwrap_or(1).max(1);
    usize::try_from(number % count).ok().and_then(|at| from.get(at)).copied().unwrap_or_default()
}
