//! Names that could be anywhere, and are nobody's.

const FIRST: [&str; 64] = [
    "Elm",
    "Heron",
    "Mill",
    "Orchard",
    "Quarry",
    "Larch",
    "Barley",
    "Kestrel",
    "Willow",
    "Chapel",
    "Weaver",
    "Rowan",
    "Saddler",
    "Linnet",
    "Hazel",
    "Cooper",
    "Meadow",
    "Plover",
    "Thatcher",
    "Bramble",
    "Foundry",
    "Maple",
    "Osier",
    "Tanner",
    "Wren",
    "Juniper",
    "Granary",
    "Lapwing",
    "Cherry",
    "Fuller",
    "Sorrel",
    "Dyer",
    "Alder",
    "Curlew",
    "Hop",
    "Mallard",
    "Nettle",
    "Poplar",
    "Ropemaker",
    "Sedge",
    "Teasel",
    "Wheelwright",
    "Yarrow",
    "Aspen",
    "Chandler",
    "Dovecote",
    "Fern",
    "Glover",
    "Hawthorn",
    "Ironmonger",
    "Jackdaw",
    "Kiln",
    "Lavender",
    "Mercer",
    "Oatfield",
    "Pippin",
    "Rushes",
    "Skylark",
    "Thistle",
    "Vetch",
    "Whinchat",
    "Bittern",
    "Clover",
    "Damson",
];
const LAST: [&str; 12] = [
    "Road", "Street", "Close", "Lane", "Avenue", "Way", "Drive", "Gardens", "Walk", "Crescent", "Rise", "Row",
];

const BEFORE: [&str; 4] = ["", "Old ", "Upper ", "Little "];
const PLAIN: usize = FIRST.len() * LAST.len();

/// The name of the street with this number; after some three thousand streets they begin again.
pub fn street(number: usize) -> String {
    let before = BEFORE.get(number / PLAIN % BEFORE.len()).copied().unwrap_or_default();
    let first = FIRST.get(number % FIRST.len()).copied().unwrap_or("Elm");
    let last = LAST.get((number / FIRST.len() + number) % LAST.len()).copied().unwrap_or("Road");
    format!("{before}{first} {last}")
}

pub fn park(number: usize) -> String {
    let kind = ["Park", "Common", "Green", "Wood"].get(number % 4).copied().unwrap_or("Park");
    format!("{} {kind}", FIRST.get((number * 7 + 3) % FIRST.len()).copied().unwrap_or("Elm"))
}

pub const RADIALS: [&str; 9] = [
    "Great Eastern Road",
    "Harbour Road",
    "Market Road",
    "Priory Road",
    "Windmill Road",
    "Racecourse Road",
    "Old Coach Road",
    "Union Road",
    "Beacon Road",
];
pub const RIVER: &str = "River Wend";

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_streets_of_the_first_three_thousand_share_a_name() {
        let names: std::collections::BTreeSet<_> = (0..3072).map(super::street).collect();
        assert_eq!(names.len(), 3072);
    }
}
