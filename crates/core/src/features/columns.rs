//! Which column of a stranger's file holds the codes and which the names.

use std::collections::BTreeSet;

use crate::problem::{Code, Problem};

const WARD: &str = "WD";

/// How the columns of one meaning are called: usually, by the Office for National Statistics, and for want of others.
#[derive(Debug)]
pub struct Known {
    pub usual: &'static [&'static str],
    pub ending: Option<&'static str>,
    pub last: &'static [&'static str],
}

/// Columns that are named by whoever brings the file; where they are not, they are recognised.
#[derive(Clone, Default, Debug)]
pub struct Columns {
    pub code: Option<String>,
    pub name: Option<String>,
}

/// The column of codes, without which nothing can be brought in.
pub fn require_code(said: &BTreeSet<&str>, wanted: Option<&str>, known: &Known) -> Result<String, Problem> {
    column(said, wanted, known)?.ok_or_else(|| {
        let there = said.iter().copied().collect::<Vec<_>>().join(", ");
        Problem::new(
            Code::NotUnderstood,
            format!("no column of codes was recognised among {there}: say --code"),
        )
    })
}

/// The column that was asked for; else one of the usual names, or one as the Office for National Statistics has them, such
/// as `WD24CD`. Of several of those a ward's comes first, because a ward's file says its district too.
pub fn column(said: &BTreeSet<&str>, wanted: Option<&str>, known: &Known) -> Result<Option<String>, Problem> {
    if let Some(wanted) = wanted {
        let missing = || {
            Problem::new(
                Code::NotUnderstood,
                format!("the file has no column {wanted}, or it is empty in every row"),
            )
        };
        return said.get(wanted).map(|found| Some((*found).to_owned())).ok_or_else(missing);
    }
    let usual = |names: &[&str]| {
        names.iter().find_map(|name| said.iter().find(|said| said.eq_ignore_ascii_case(name)).copied())
    };
    let of_ons = || {
        let found =
            said.iter().copied().filter(|name| known.ending.is_some_and(|ending| is_of_ons(name, ending)));
        found.min_by_key(|name| (!name.starts_with(WARD), *name))
    };
    Ok(usual(known.usual).or_else(of_ons).or_else(|| usual(known.last)).map(str::to_owned))
}

/// Some capitals for what it is of, two figures for the year, and what it says.
fn is_of_ons(name: &str, ending: &str) -> bool {
    let Some(of) = name.strip_suffix(ending) else { return false };
    let letters = of.trim_end_matches(|sign: char| sign.is_ascii_digit());
    of.len() == letters.len() + 2
        && (2..=6).contains(&letters.len())
        && letters.bytes().all(|sign| sign.is_ascii_uppercase())
}
