//! The search itself: which words to look for, and which of what is found is meant.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::Serialize;
use ts_rs::TS;

use super::asked::{Asked, Wanted, Word};
use super::edits::{is_one_slip_from, is_one_slip_from_start, shortened};
use super::words::{begun, is_spelt_loosely, words};
use super::{Address, Block, Standing, written};

/// So many words may one typed word stand for.
const TERMS: usize = 24;
/// Blocks that are looked at, and those whose addresses are read: all of them where a number tells addresses apart.
const BLOCKS: usize = 300;
const BLOCKS_READ: usize = 24;
const ADDRESSES: usize = 400;
const STREETS: usize = 3;

/// A word that stands in blocks, and in about how many.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Term {
    pub word: String,
    pub blocks: u32,
}

/// Where the rows lie. Whoever implements it looks up; what is meant is decided here.
pub trait Shelf {
    type Fault;
    /// Words that begin so, the most used first.
    fn words_from(&mut self, start: &str, limit: usize) -> Result<Vec<Term>, Self::Fault>;
    /// Words that, one letter shorter, are this; with `is_start`, begin with this.
    fn words_near(&mut self, shortened: &str, is_start: bool, limit: usize)
    -> Result<Vec<Term>, Self::Fault>;
    /// Blocks that have a word of each of the sets, sought by the first.
    fn blocks(&mut self, all_of: &[Vec<String>], limit: usize) -> Result<Vec<Block>, Self::Fault>;
    /// Addresses that stand now, of these blocks; with numbers, those of one of them.
    fn addresses(
        &mut self,
        blocks: &[i64],
        numbers: &[u32],
        limit: usize,
    ) -> Result<Vec<Address>, Self::Fault>;
    fn address(&mut self, uprn: u64) -> Result<Option<Address>, Self::Fault>;
    fn street(&mut self, usrn: u32, limit: usize) -> Result<Vec<Block>, Self::Fault>;
    /// Addresses that stand now, in the cells from the one to the other.
    fn in_cells(&mut self, from: i64, through: i64, limit: usize) -> Result<Vec<Address>, Self::Fault>;
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct AddressesFound {
    /// Whether any gazetteer is here; without one nothing is ever found.
    pub is_here: bool,
    pub hits: Vec<Hit>,
}

/// An address or a street that was found.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct Hit {
    /// None for a street.
    pub uprn: Option<String>,
    pub usrn: Option<String>,
    /// `12 Larkspur Way`.
    pub line: String,
    /// `Norwich, NR41 2AB`.
    pub around: String,
    pub lat: f64,
    pub lon: f64,
    pub standing: Standing,
}

impl Hit {
    #[must_use]
    pub fn of(address: &Address) -> Self {
        let block = &address.block;
        Self {
            uprn: Some(address.uprn.to_string()),
            usrn: block.usrn.map(|usrn| usrn.to_string()),
            line: address.line(),
            around: block.around(),
            lat: f64::from(address.lat_e7) / 1e7,
            lon: f64::from(address.lon_e7) / 1e7,
            standing: address.standing,
        }
    }

    /// The street of an address, placed where the address is.
    #[must_use]
    pub fn street(address: &Address) -> Self {
        let around = Block { postcode: String::new(), ..address.block.clone() }.around();
        Self { uprn: None, line: address.block.street.clone(), around, ..Self::of(address) }
    }

    /// In one line, as an answer keeps it.
    #[must_use]
    pub fn text(&self) -> String {
        if self.around.is_empty() { self.line.clone() } else { format!("{}, {}", self.line, self.around) }
    }
}

/// The best of what was typed, best first.
pub fn search<S: Shelf>(shelf: &mut S, typed: &str, limit: usize) -> Result<Vec<Hit>, S::Fault> {
    let asked = Asked::of(typed);
    if let Some(hits) = by_number(shelf, &asked, limit)? {
        return Ok(hits);
    }
    let mut blocks: Vec<(i32, Block)> =
        candidates(shelf, &asked)?.into_iter().map(|block| (fit(&asked.words, &block), block)).collect();
    blocks.sort_by(|one, other| (Reverse(one.0), &one.1).cmp(&(Reverse(other.0), &other.1)));
    let numbered = if asked.numbers.is_empty() { Vec::new() } else { with_number(shelf, &asked, &blocks)? };
    let found = if numbered.is_empty() { any_number(shelf, &blocks)? } else { numbered };
    let mut hits = if asked.numbers.is_empty() { streets(&asked.words, &found) } else { Vec::new() };
    hits.extend(found.iter().map(|(_, address)| Hit::of(address)));
    hits.truncate(limit);
    Ok(hits)
}

type Scored = (i32, Address);

fn by_number<S: Shelf>(shelf: &mut S, asked: &Asked, limit: usize) -> Result<Option<Vec<Hit>>, S::Fault> {
    let Some(id) = asked.id else { return Ok(None) };
    if let Some(address) = shelf.address(id)? {
        return Ok(Some(vec![Hit::of(&address)]));
    }
    let Ok(usrn) = u32::try_from(id) else { return Ok(None) };
    let blocks: Vec<i64> = shelf.street(usrn, BLOCKS_READ)?.iter().map(Block::id).collect();
    let mut found = if blocks.is_empty() { Vec::new() } else { shelf.addresses(&blocks, &[], ADDRESSES)? };
    found.retain(|address| address.standing != Standing::Historic);
    found.sort_by_cached_key(order);
    let Some(first) = found.first() else { return Ok(None) };
    let mut hits = vec![Hit::street(first)];
    hits.extend(found.iter().map(Hit::of).take(limit.saturating_sub(1)));
    Ok(Some(hits))
}

/// First what was typed, then with a slip in it forgiven, then without one of the words.
fn candidates<S: Shelf>(shelf: &mut S, asked: &Asked) -> Result<Vec<Block>, S::Fault> {
    let mut sets = Vec::new();
    for forgiving in [false, true] {
        sets = sets_of(shelf, &asked.words, forgiving)?;
        if !sets.is_empty() && sets.len() == sought(&asked.words) {
            let found = shelf.blocks(&without_counts(&sets), BLOCKS)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    if !sets.is_empty() && sets.len() < sought(&asked.words) {
        let found = shelf.blocks(&without_counts(&sets), BLOCKS)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    // The most used word says least.
    while 1 < sets.len() {
        sets.pop();
        let found = shelf.blocks(&without_counts(&sets), BLOCKS)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// One letter of a word that has only begun says nothing beside others.
fn is_sought(word: &Word, of: usize) -> bool {
    of == 1 || 1 < word.typed.len() || !word.is_open
}

fn sought(asked: &[Word]) -> usize {
    asked.iter().filter(|word| is_sought(word, asked.len())).count()
}

/// For each typed word those it may stand for, the rarest first; nothing for a word that is not there at all.
fn sets_of<S: Shelf>(shelf: &mut S, asked: &[Word], forgiving: bool) -> Result<Vec<Vec<Term>>, S::Fault> {
    let mut sets = Vec::new();
    for word in asked.iter().filter(|word| is_sought(word, asked.len())) {
        let mut terms = terms_of(shelf, word)?;
        if forgiving || terms.is_empty() {
            terms.extend(slips_of(shelf, word)?);
        }
        terms.sort_unstable();
        terms.dedup();
        if !terms.is_empty() {
            sets.push(terms);
        }
    }
    sets.sort_by_key(|terms| terms.iter().map(|term| u64::from(term.blocks)).sum::<u64>());
    Ok(sets)
}

fn without_counts(sets: &[Vec<Term>]) -> Vec<Vec<String>> {
    sets.iter().map(|terms| terms.iter().map(|term| term.word.clone()).collect()).collect()
}

fn terms_of<S: Shelf>(shelf: &mut S, word: &Word) -> Result<Vec<Term>, S::Fault> {
    let start = if word.is_open { &word.typed } else { &word.text };
    let mut terms = shelf.words_from(start, TERMS)?;
    if !word.is_open && terms.iter().any(|term| term.word == word.text) {
        terms.retain(|term| term.word == word.text);
    }
    for short in begun(&word.typed).filter(|_| word.is_open) {
        terms.extend(shelf.words_from(short, TERMS)?.into_iter().filter(|term| term.word == short));
    }
    Ok(terms)
}

fn slips_of<S: Shelf>(shelf: &mut S, word: &Word) -> Result<Vec<Term>, S::Fault> {
    if !is_spelt_loosely(&word.typed) {
        return Ok(Vec::new());
    }
    let mut terms = shelf.words_near(&word.typed, word.is_open, TERMS)?;
    for shorter in shortened(&word.typed) {
        terms.extend(shelf.words_near(&shorter, word.is_open, TERMS)?);
        let longer = shelf.words_from(&shorter, TERMS)?;
        terms.extend(longer.into_iter().filter(|term| word.is_open || term.word == shorter));
    }
    terms.retain(|term| is_slip(word, &term.word));
    Ok(terms)
}

fn is_slip(word: &Word, term: &str) -> bool {
    is_spelt_loosely(&word.typed)
        && (is_one_slip_from(&word.typed, term)
            || (word.is_open && is_one_slip_from_start(&word.typed, term)))
}

/// How well a block's words are those that were typed.
fn fit(asked: &[Word], block: &Block) -> i32 {
    let [named, street, around] = [
        [&block.organisation, &block.name].map(|part| words(part)).concat(),
        words(&block.street),
        [&block.locality, &block.town].map(|part| words(part)).concat(),
    ];
    let postcode: Vec<String> = super::postcode::packed(&block.postcode).into_iter().collect();
    let mut fit = 0;
    let mut used = 0;
    for word in asked {
        let (street_fit, named_fit) = (best(word, &street), best(word, &named));
        used += i32::from(0 < street_fit);
        let fits = [street_fit * 4, named_fit * 4, best(word, &around) * 2, best(word, &postcode) * 5];
        fit += fits.into_iter().max().filter(|fit| 0 < *fit).unwrap_or(-6);
    }
    let begins = |words: &[String]| {
        asked.first().is_some_and(|first| 0 < best(first, words.get(..1).unwrap_or_default()))
    };
    fit += i32::from(begins(&street) || begins(&named)) * 3;
    if 0 < used {
        fit -= i32::try_from(street.len()).unwrap_or(i32::MAX).saturating_sub(used).clamp(0, 4);
    }
    // A house's own name is not meant by whoever typed nothing of it.
    fit - i32::from(!named.is_empty() && asked.iter().all(|word| best(word, &named) == 0))
}

fn best(word: &Word, among: &[String]) -> i32 {
    among.iter().map(|known| likeness(word, known)).max().unwrap_or(0)
}

fn likeness(word: &Word, known: &str) -> i32 {
    if word.text == *known {
        4
    } else if word.is_open
        && (known.starts_with(&word.typed) || begun(&word.typed).any(|short| short == known))
    {
        3
    } else if known.starts_with(&word.text) {
        2
    } else {
        i32::from(is_slip(word, known))
    }
}

fn with_number<S: Shelf>(
    shelf: &mut S,
    asked: &Asked,
    blocks: &[(i32, Block)],
) -> Result<Vec<Scored>, S::Fault> {
    let numbers: Vec<u32> = asked.numbers.iter().map(|wanted| wanted.number).collect();
    let mut found = read(shelf, blocks, &numbers)?;
    for (fit, address) in &mut found {
        *fit += asked.numbers.iter().map(|wanted| number_fit(wanted, address)).sum::<i32>();
    }
    sort(&mut found);
    Ok(found)
}

fn number_fit(wanted: &Wanted, address: &Address) -> i32 {
    let is_it = |text: &str| written::numbers(text).any(|number| number == wanted.number);
    let is_lettered =
        |text: &str| text.to_lowercase().ends_with(&format!("{}{}", wanted.number, wanted.letter));
    let in_street = match address.range() {
        Some((low, high)) if low <= wanted.number && wanted.number <= high => {
            12 + i32::from(is_it(&address.number)) * 4 + i32::from(is_lettered(&address.number)) * 4
        }
        Some(_) | None => 0,
    };
    let unit = if address.unit_number.is_empty() { &address.unit } else { &address.unit_number };
    let of_unit = if is_it(unit) { 10 + i32::from(is_lettered(unit)) * 4 } else { 0 };
    if wanted.is_unit {
        of_unit * 2
    } else {
        in_street.max(of_unit) - i32::from(!unit.is_empty() && of_unit == 0)
    }
}

fn any_number<S: Shelf>(shelf: &mut S, blocks: &[(i32, Block)]) -> Result<Vec<Scored>, S::Fault> {
    let mut found = read(shelf, blocks.get(..BLOCKS_READ).unwrap_or(blocks), &[])?;
    sort(&mut found);
    Ok(found)
}

fn read<S: Shelf>(shelf: &mut S, blocks: &[(i32, Block)], numbers: &[u32]) -> Result<Vec<Scored>, S::Fault> {
    if blocks.is_empty() {
        return Ok(Vec::new());
    }
    let ids: std::collections::BTreeMap<i64, i32> =
        blocks.iter().map(|(fit, block)| (block.id(), *fit)).collect();
    let keys: Vec<i64> = ids.keys().copied().collect();
    let found = shelf.addresses(&keys, numbers, ADDRESSES)?;
    let stands = found.into_iter().filter(|address| address.standing != Standing::Historic);
    Ok(stands.map(|address| (ids.get(&address.block.id()).copied().unwrap_or(0), address)).collect())
}

fn sort(found: &mut [Scored]) {
    found.sort_by_cached_key(|(fit, address)| (Reverse(*fit), order(address)));
}

/// As somebody walks along: the street, its numbers, the flats in them.
fn order(address: &Address) -> (String, Option<(u32, u32)>, String, Option<u32>, u64) {
    let block = &address.block;
    (block.street.clone(), address.range(), address.number.clone(), address.unit_at(), address.uprn)
}

fn streets(asked: &[Word], found: &[Scored]) -> Vec<Hit> {
    let mut seen = BTreeSet::new();
    let mut hits = Vec::new();
    for (_, address) in found {
        let block = &address.block;
        let street = words(&block.street);
        if STREETS <= hits.len() || !asked.iter().any(|word| 0 < best(word, &street)) {
            continue;
        }
        if seen.insert((block.usrn, block.street.clone(), block.town.clone())) {
            hits.push(Hit::street(address));
        }
    }
    hits
}

/// What lies nearest to a position, and how far.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[ts(export)]
pub struct Near {
    pub hit: Hit,
    pub metres: u32,
    /// The nearest street that has a name.
    pub street: Option<String>,
}

const CELL_LAT_E7: i64 = 20_000;
const CELL_LON_E7: i64 = 30_000;
const ROW: i64 = 1_000_000;
const NEAR_LIMIT: usize = 5_000;

/// The square of some 200 metres a position lies in; neighbours in a row are neighbours in number.
pub(super) fn cell(lat_e7: i32, lon_e7: i32) -> i64 {
    (i64::from(lat_e7) + 900_000_000) / CELL_LAT_E7 * ROW + (i64::from(lon_e7) + 1_800_000_000) / CELL_LON_E7
}

/// The nearest address within some 200 metres.
pub fn nearest<S: Shelf>(shelf: &mut S, lat_e7: i32, lon_e7: i32) -> Result<Option<Near>, S::Fault> {
    let here = cell(lat_e7, lon_e7);
    let mut around = Vec::new();
    for row in [here - ROW, here, here + ROW] {
        around.extend(shelf.in_cells(row - 1, row + 1, NEAR_LIMIT)?);
    }
    around.retain(|address| address.standing != Standing::Historic);
    let far = |address: &Address| metres((lat_e7, lon_e7), (address.lat_e7, address.lon_e7));
    let by_way =
        |one: &&Address, other: &&Address| far(one).total_cmp(&far(other)).then(one.uprn.cmp(&other.uprn));
    let street = around.iter().filter(|address| !address.block.street.is_empty()).min_by(by_way);
    Ok(around.iter().min_by(by_way).map(|address| Near {
        hit: Hit::of(address),
        metres: whole(far(address)),
        street: street.map(|address| address.block.street.clone()),
    }))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a distance on the Earth in metres fits"
)]
fn whole(metres: f64) -> u32 {
    metres.round().clamp(0.0, 4e7) as u32
}

/// Over a few streets the Earth is flat.
fn metres(from: (i32, i32), to: (i32, i32)) -> f64 {
    const PER_DEGREE: f64 = 111_195.0;
    let north = (f64::from(to.0) - f64::from(from.0)) / 1e7;
    let east =
        (f64::from(to.1) - f64::from(from.1)) / 1e7 * libm::cos((f64::from(from.0) / 1e7).to_radians());
    libm::sqrt(north * north + east * east) * PER_DEGREE
}
