use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{LazyLock, Mutex};

use proptest::prelude::*;

use super::edits::{is_one_slip_from, is_one_slip_from_start};
use super::*;

/// All rows in memory.
#[derive(Default)]
struct Rows {
    addresses: BTreeMap<u64, Address>,
    blocks: BTreeMap<i64, Block>,
    words: BTreeMap<String, BTreeSet<i64>>,
}

impl Rows {
    fn of(addresses: impl IntoIterator<Item = Address>) -> Self {
        let mut rows = Self::default();
        for address in addresses {
            let id = address.block.id();
            for word in address.block.words() {
                rows.words.entry(word).or_default().insert(id);
            }
            rows.blocks.insert(id, address.block.clone());
            rows.addresses.insert(address.uprn, address);
        }
        rows
    }

    fn terms(&self, wanted: impl Fn(&str) -> bool, limit: usize) -> Vec<Term> {
        let found = self.words.iter().filter(|(word, _)| wanted(word));
        let mut terms: Vec<Term> =
            found.map(|(word, of)| Term { word: word.clone(), blocks: of.len() as u32 }).collect();
        terms.sort_by_key(|term| std::cmp::Reverse(term.blocks));
        terms.truncate(limit);
        terms
    }

    fn lines(&mut self, typed: &str) -> Vec<String> {
        let Ok(hits) = search(self, typed, 10);
        hits.iter().map(|hit| hit.line.clone()).collect()
    }

    fn first(&mut self, typed: &str) -> String {
        let Ok(hits) = search(self, typed, 10);
        hits.first().map(Hit::text).unwrap_or_default()
    }
}

impl Shelf for Rows {
    type Fault = Infallible;

    fn words_from(&mut self, start: &str, limit: usize) -> Result<Vec<Term>, Infallible> {
        Ok(self.terms(|word| word.starts_with(start), limit))
    }

    fn words_near(&mut self, near: &str, is_start: bool, limit: usize) -> Result<Vec<Term>, Infallible> {
        let is_near = |shorter: &String| if is_start { shorter.starts_with(near) } else { shorter == near };
        Ok(self.terms(|word| is_spelt_loosely(word) && shortened(word).iter().any(is_near), limit))
    }

    fn blocks(&mut self, all_of: &[Vec<String>], limit: usize) -> Result<Vec<Block>, Infallible> {
        let has = |id: &i64, set: &Vec<String>| {
            set.iter().any(|word| self.words.get(word).is_some_and(|of| of.contains(id)))
        };
        let found = self.blocks.iter().filter(|(id, _)| all_of.iter().all(|set| has(id, set)));
        Ok(found.map(|(_, block)| block.clone()).take(limit).collect())
    }

    fn addresses(
        &mut self,
        blocks: &[i64],
        numbers: &[u32],
        limit: usize,
    ) -> Result<Vec<Address>, Infallible> {
        let in_range = |address: &Address, number: u32| {
            address.range().is_some_and(|(low, high)| low <= number && number <= high)
                || address.unit_at() == Some(number)
        };
        let fits = |address: &&Address| {
            blocks.contains(&address.block.id())
                && (numbers.is_empty() || numbers.iter().any(|number| in_range(address, *number)))
        };
        Ok(self.addresses.values().filter(fits).take(limit).cloned().collect())
    }

    fn address(&mut self, uprn: u64) -> Result<Option<Address>, Infallible> {
        Ok(self.addresses.get(&uprn).cloned())
    }

    fn street(&mut self, usrn: u32, limit: usize) -> Result<Vec<Block>, Infallible> {
        Ok(self.blocks.values().filter(|block| block.usrn == Some(usrn)).take(limit).cloned().collect())
    }

    fn in_cells(&mut self, from: i64, through: i64, limit: usize) -> Result<Vec<Address>, Infallible> {
        let there = |address: &&Address| (from..=through).contains(&address.cell());
        Ok(self.addresses.values().filter(there).take(limit).cloned().collect())
    }
}

fn written(uprn: u64, parts: [&str; 8]) -> Address {
    let [unit, unit_number, name, number, street, locality, town, code] = parts.map(str::to_owned);
    Address {
        uprn,
        unit,
        unit_number,
        number,
        block: Block {
            usrn: (uprn < 4).then_some(90_000_001),
            name,
            street,
            locality,
            town,
            postcode: code,
            ..Block::default()
        },
        class: "RD04".into(),
        standing: Standing::Approved,
        lat_e7: 526_285_000 + (uprn % 1_000) as i32 * 1_000,
        lon_e7: 12_920_000,
    }
}

fn town() -> Rows {
    Rows::of([
        written(1, ["", "", "", "12", "Larkspur Way", "", "Norwich", "NR41 1AA"]),
        written(2, ["", "", "", "12A", "Larkspur Way", "", "Norwich", "NR41 1AA"]),
        written(3, ["", "", "", "112", "Larkspur Way", "", "Norwich", "NR41 1AB"]),
        written(4, ["Flat 3", "", "Rose House", "12-14", "Mill Lane", "Eaton", "Norwich", "NR4 6AB"]),
        written(5, ["Flat 12", "", "Rose House", "12-14", "Mill Lane", "Eaton", "Norwich", "NR4 6AB"]),
        written(6, ["", "", "", "3", "St John’s Street", "", "Norwich", "NR1 1AA"]),
        written(7, ["", "", "", "3", "Old Mill Lane", "", "Acle", "NR13 3AA"]),
        written(8, ["", "", "The Old Barn", "", "Church Road", "", "Acle", "NR13 3AB"]),
        written(9, ["", "", "", "1", "1st Avenue", "", "Norwich", "NR2 1AA"]),
        written(100_012_345, ["", "", "", "9", "Mill Lane", "", "Norwich", "NR3 1AA"]),
    ])
}

#[test]
fn an_address_is_written_as_the_convention_has_it() {
    for (parts, text) in [
        (["", "", "", "12A", "HIGH STREET", "", "NORWICH", "NR1 1AA"], "12A HIGH STREET, NORWICH, NR1 1AA"),
        (
            ["FLAT 3", "", "ROSE HOUSE", "12-14", "MILL LANE", "EATON", "NORWICH", "NR4 6AB"],
            "FLAT 3, ROSE HOUSE, 12-14 MILL LANE, EATON, NORWICH, NR4 6AB",
        ),
        (["", "3", "ROSE HOUSE", "", "MILL LANE", "", "NORWICH", ""], "3 ROSE HOUSE, MILL LANE, NORWICH"),
        (["", "", "THE OLD BARN", "", "CHURCH ROAD", "", "ACLE", ""], "THE OLD BARN, CHURCH ROAD, ACLE"),
        (["", "", "", "", "CHURCH ROAD", "ACLE", "ACLE", ""], "CHURCH ROAD, ACLE"),
    ] {
        assert_eq!(written(1, parts).text(), text);
    }
    let numbered =
        Numbered { start: "12".into(), end: "14".into(), start_suffix: "A".into(), ..Numbered::default() };
    assert_eq!(numbered.text(), "12A-14");
    assert_eq!(in_words("ST JOHN'S  STREET"), "St John's Street");
    assert_eq!(in_words("1ST AVENUE"), "1st Avenue");
    assert_eq!(in_words("McKenzie Road"), "McKenzie Road");
}

#[test]
fn a_postcode_gets_its_space_or_is_none() {
    for typed in ["nr11aa", "NR1 1AA", " nr1  1aa "] {
        assert_eq!(postcode(typed).as_deref(), Some("NR1 1AA"));
    }
    assert_eq!(postcode("sw1a2aa").as_deref(), Some("SW1A 2AA"));
    for none in ["", "NR1", "NR1 1A", "12 Elm Road", "NR1 1AC", "NR1-1AA", "ÅÅ1 1AA"] {
        assert_eq!(postcode(none), None, "{none}");
    }
}

#[test]
fn a_street_is_found_while_it_is_typed_and_however_it_is_spelt() {
    let mut town = town();
    for typed in [
        "lark",
        "Larkspur W",
        "larkspur wy",
        "LARKSPUR WAY NORWICH",
        "larkspru way",
        "larkspr",
        "larcspur way",
    ] {
        assert_eq!(town.first(typed), "Larkspur Way, Norwich", "{typed}");
    }
    for typed in ["st johns street", "Saint John's St", "st john’s str", "st johns"] {
        assert_eq!(town.first(typed), "St John’s Street, Norwich", "{typed}");
    }
    assert_eq!(town.first("church rd acle"), "Church Road, Acle");
    assert_eq!(town.first("churhc road"), "Church Road, Acle");
    assert_eq!(town.first("1st ave"), "1st Avenue, Norwich");
    assert_eq!(town.first("mill lane"), "Mill Lane, Norwich", "the street itself before a longer name");
    assert!(town.lines("mill lane").contains(&"Old Mill Lane".to_owned()));
}

#[test]
fn a_number_picks_the_house_and_the_flat() {
    let mut town = town();
    assert_eq!(town.lines("12 larkspur way")[..2], ["12 Larkspur Way", "12A Larkspur Way"]);
    assert_eq!(town.lines("12a larkspur")[0], "12A Larkspur Way");
    assert_eq!(town.lines("12 a larkspur")[0], "12A Larkspur Way");
    assert_eq!(town.lines("larkspur way 112")[0], "112 Larkspur Way");
    assert_eq!(town.lines("flat 3 rose house")[0], "Flat 3, Rose House, 12-14 Mill Lane");
    assert_eq!(town.lines("flat 12, 13 mill lane")[0], "Flat 12, Rose House, 12-14 Mill Lane");
    assert_eq!(town.lines("9 mill lane")[0], "9 Mill Lane");
    assert_eq!(
        town.lines("77 larkspur way")[0],
        "12 Larkspur Way",
        "a number that is not there hides nothing"
    );
}

#[test]
fn a_postcode_is_found_whole_or_in_part_with_or_without_its_space() {
    let mut town = town();
    for typed in ["nr41 1aa", "NR411AA", "12 nr411aa"] {
        assert!(town.lines(typed).contains(&"12 Larkspur Way".to_owned()), "{typed}");
        assert!(!town.lines(typed).contains(&"112 Larkspur Way".to_owned()), "{typed}");
    }
    for typed in ["nr41", "nr41 1", "nr41 1a", "nr411"] {
        assert!(town.lines(typed).contains(&"112 Larkspur Way".to_owned()), "{typed}");
    }
}

#[test]
fn a_number_of_its_own_finds_a_property_or_a_street() {
    let mut town = town();
    assert_eq!(town.lines("100012345"), ["9 Mill Lane"]);
    assert_eq!(town.lines("000100012345"), ["9 Mill Lane"]);
    assert_eq!(town.lines("90000001")[0], "Larkspur Way");
    assert!(town.lines("77777777").is_empty());
}

#[test]
fn what_is_gone_is_hidden_unless_its_own_number_is_typed() {
    let mut gone = written(70_000, ["", "", "", "5", "Larkspur Way", "", "Norwich", "NR41 1AA"]);
    gone.standing = Standing::Historic;
    let mut rows = Rows::of([gone]);
    assert!(rows.lines("5 larkspur way").is_empty());
    let Ok(hits) = search(&mut rows, "70000", 5);
    assert_eq!(hits[0].standing, Standing::Historic);
}

#[test]
fn the_nearest_address_is_named_with_how_far_it_is() {
    let mut town = town();
    let Ok(near) = nearest(&mut town, 526_286_000 + 1_260, 12_920_000);
    let near = near.unwrap();
    assert_eq!((near.hit.line.as_str(), near.metres), ("12A Larkspur Way", 3));
    assert_eq!(near.street.as_deref(), Some("Larkspur Way"));
    let Ok(nothing) = nearest(&mut town, 0, 0);
    assert_eq!(nothing, None);
}

#[test]
fn a_page_reads_back_and_the_sum_of_a_gazetteer_follows_its_rows() {
    let page = GazetteerPage {
        area: "council".into(),
        release: 3,
        since: 2,
        after: 10,
        through: Some(12),
        removed: vec![11],
        added: vec![invented::address(12)],
    };
    assert_eq!(cbor::decode::<GazetteerPage>(&cbor::encode(&page)).unwrap(), page);
    let mut content = Content::default();
    let marks: Vec<i64> = (0..50).map(|number| invented::address(number).mark()).collect();
    marks.iter().for_each(|mark| content.add(*mark));
    let all = content;
    content.take(marks[7]);
    assert_ne!(content.hash(), all.hash());
    content.add(marks[7]);
    assert_eq!(content, all);
}

static INVENTED: LazyLock<Mutex<Rows>> =
    LazyLock::new(|| Mutex::new(Rows::of((0..2_000).map(invented::address))));

fn slips(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            table[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let same = usize::from(one[i - 1] != other[j - 1]);
                let mut least =
                    (table[i - 1][j] + 1).min(table[i][j - 1] + 1).min(table[i - 1][j - 1] + same);
                if 1 < i && 1 < j && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                    least = least.min(table[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    table[one.len()][other.len()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_slip_is_what_counting_says(one in "[abé]{0,6}", other in "[abé]{0,6}") {
        prop_assert_eq!(is_one_slip_from(&one, &other), slips(&one, &other) < 2);
    }

    #[test]
    fn a_start_with_one_slip_is_known_for_one(word in "[a-e]{5,9}", cut in 5_usize..9, at in 0_usize..9, letter in "[a-e]") {
        let start: Vec<char> = word.chars().take(cut).collect();
        let slipped: String = start.iter().enumerate()
            .map(|(place, kept)| if place == at { letter.chars().next().unwrap() } else { *kept }).collect();
        prop_assert!(is_one_slip_from_start(&slipped, &word));
    }

    /// Which is what the lookup of slips rests on.
    #[test]
    fn words_one_slip_apart_meet_where_each_is_shortened(one in "[a-c]{2,6}", other in "[a-c]{2,6}") {
        let (mut ones, mut others) = (shortened(&one), shortened(&other));
        ones.push(one.clone());
        others.push(other.clone());
        if is_one_slip_from(&one, &other) {
            prop_assert!(ones.iter().any(|shorter| others.contains(shorter)));
        }
    }

    #[test]
    fn whatever_is_typed_is_answered(typed in "\\PC{0,40}") {
        let Ok(hits) = search(&mut town(), &typed, 10);
        prop_assert!(hits.len() <= 10);
        let joined = words(&typed).join(" ");
        prop_assert_eq!(words(&joined).len(), words(&joined).iter().filter(|word| !word.is_empty()).count());
    }

    #[test]
    fn every_address_is_found_by_what_is_written_on_its_letters(number in 0_u64..2_000) {
        let mut rows = INVENTED.lock().unwrap();
        let wanted = invented::address(number);
        let Ok(hits) = search(&mut *rows, &wanted.text(), 10);
        prop_assert_eq!(hits.first().and_then(|hit| hit.uprn.clone()), Some(wanted.uprn.to_string()), "{}", wanted.text());
    }

    #[test]
    fn the_nearest_is_the_nearest_of_all(number in 0_u64..2_000, north in -900_i32..900, east in -900_i32..900) {
        let mut rows = INVENTED.lock().unwrap();
        let from = invented::address(number);
        let here = (from.lat_e7 + north, from.lon_e7 + east);
        let far = |address: &Address| {
            let north = f64::from(address.lat_e7 - here.0);
            let east = f64::from(address.lon_e7 - here.1) * 0.607;
            north.hypot(east)
        };
        let least = rows.addresses.values().map(far).min_by(f64::total_cmp).unwrap();
        let Ok(near) = nearest(&mut *rows, here.0, here.1);
        let found = near.unwrap().hit.uprn.unwrap().parse::<u64>().unwrap();
        prop_assert!(far(&rows.addresses[&found]) < least + 5.0);
    }
}
