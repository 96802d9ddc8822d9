//! What somebody typed, as far as they have come: words, numbers, a postcode, or a property's own number.

use super::postcode::{is_inward, is_outward, is_whole_inward, postcode};
use super::words::{plain, words};

/// More words than anybody types for an address.
const WORD_LIMIT: usize = 8;
/// A number of so many digits is no house's.
const ID_DIGITS: std::ops::RangeInclusive<usize> = 5..=12;
const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];
/// They say that the number after them is a unit's; no street is called so.
const UNITS: [&str; 4] = ["flat", "unit", "room", "suite"];

/// Something typed into the search, understood.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Asked {
    pub words: Vec<Word>,
    pub numbers: Vec<Wanted>,
    /// A UPRN or a USRN.
    pub id: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// In its one spelling.
    pub text: String,
    /// As it was typed, small.
    pub typed: String,
    /// More of it may follow.
    pub is_open: bool,
}

/// A house's or a flat's number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    pub number: u32,
    /// Small, or empty.
    pub letter: String,
    pub is_unit: bool,
}

impl Asked {
    #[must_use]
    pub fn of(typed: &str) -> Self {
        let tokens = plain(typed);
        let is_open = typed.chars().next_back().is_some_and(|last| !last.is_whitespace() && last != ',');
        let mut asked = Self::default();
        let mut left = tokens.as_slice();
        let mut is_unit = false;
        while let [token, rest @ ..] = left {
            let is_last = rest.is_empty() && is_open;
            let taken = asked.take(token, rest, (is_last, is_open, is_unit));
            is_unit = UNITS.contains(&words(token).first().map_or("", String::as_str));
            left = rest.get(taken..).unwrap_or_default();
        }
        asked.words.truncate(WORD_LIMIT);
        asked
    }

    /// Takes a token in, and says how many of those after it went with it.
    fn take(
        &mut self,
        token: &str,
        rest: &[String],
        (is_last, is_open, is_unit): (bool, bool, bool),
    ) -> usize {
        if let (true, Some(next)) = (is_outward(token), rest.first()) {
            let ends = rest.len() == 1;
            if is_whole_inward(next) || (ends && is_inward(next)) {
                self.word(&format!("{token}{next}"), !is_whole_inward(next));
                return 1;
            }
        }
        if postcode(token).is_some() {
            self.word(token, false);
            return 0;
        }
        let digits = token.chars().take_while(char::is_ascii_digit).count();
        let letters: String = token.chars().skip(digits).collect();
        if letters.is_empty() && ID_DIGITS.contains(&digits) {
            self.id = token.parse().ok();
            return 0;
        }
        let number = token.chars().take(digits).collect::<String>().parse();
        if let (Ok(number), true) = (number, letters.len() < 2 && digits < 5) {
            let apart = rest.first().filter(|next| {
                letters.is_empty()
                    && next.len() == 1
                    && next.chars().all(char::is_alphabetic)
                    && !(rest.len() == 1 && is_open)
            });
            let letter = apart.cloned().unwrap_or(letters);
            self.numbers.push(Wanted { number, letter, is_unit });
            return usize::from(apart.is_some());
        }
        if !UNITS.contains(&words(token).first().map_or("", String::as_str)) || is_last {
            let is_ordinal = 0 < digits && ORDINALS.contains(&letters.as_str());
            self.word(token, is_last || (is_outward(token) && !is_ordinal));
        }
        0
    }

    fn word(&mut self, typed: &str, is_open: bool) {
        let text = words(typed).concat();
        if !self.words.iter().any(|word| word.text == text) {
            self.words.push(Word { text, typed: typed.to_owned(), is_open });
        }
    }
}
