//! What a request for items asks. What it does not know it refuses, as Part 1 has it.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use kerbside_core::ids::RecordId;
use kerbside_core::problem::{Code, Problem};

use super::{CRS84, GRID};
use crate::clock::ms_of_rfc3339;
use crate::open::Crs;
use crate::store::{FeatureWish, Within};

const USUAL: u32 = 10;
const MOST: u32 = 10_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug)]
pub(super) struct Asked {
    pub(super) wish: FeatureWish,
    pub(super) after: Option<RecordId>,
    pub(super) limit: u32,
    pub(super) crs: Crs,
}

impl Asked {
    pub(super) fn read(query: &str) -> Result<Self, Problem> {
        let mut given = parameters(query)?;
        let mut take = |name: &str| given.remove(name);
        let limit = match take("limit") {
            None => USUAL,
            // More than the most is no error: it is the most.
            Some(text) => {
                text.parse::<u32>().ok().filter(|limit| 0 < *limit).ok_or_else(|| wrong("limit"))?.min(MOST)
            }
        };
        let crs = take("crs").map_or(Ok(Crs::Degrees), |text| crs(&text))?;
        let of_box = take("bbox-crs").map_or(Ok(Crs::Degrees), |text| self::crs(&text))?;
        let within = take("bbox").map(|text| within(&text, of_box)).transpose()?;
        let (from_ms, to_ms) = take("datetime").map_or(Ok((None, None)), |text| period(&text))?;
        let after = take("after").map(|text| text.parse().map_err(|_| wrong("after"))).transpose()?;
        let wish = FeatureWish {
            record: None,
            form: take("service_code"),
            status: take("status"),
            area: take("ward_cd"),
            team: None,
            within,
            from_ms,
            to_ms,
        };
        require_json(take("f").as_deref())?;
        match given.keys().next() {
            Some(unknown) => Err(wrong(unknown)),
            None => Ok(Self { wish, after, limit, crs }),
        }
    }
}

/// The system of coordinates that one case is asked for in.
pub(super) fn crs_of_one(query: &str) -> Result<Crs, Problem> {
    let mut given = parameters(query)?;
    let asked = given.remove("crs").map_or(Ok(Crs::Degrees), |text| crs(&text))?;
    require_json(given.remove("f").as_deref())?;
    given.keys().next().map_or(Ok(asked), |unknown| Err(wrong(unknown)))
}

/// The query of the page that follows.
pub(super) fn going_on(query: &str, next: RecordId) -> String {
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.push(format!("after={next}"));
    pairs.join("&")
}

fn wrong(what: &str) -> Problem {
    Problem::new(Code::Malformed, format!("not a parameter of this page, or not as it should be: {what}"))
}

fn parameters(query: &str) -> Result<BTreeMap<String, String>, Problem> {
    let unreadable = || Problem::new(Code::Malformed, "a query that cannot be read");
    let uri: Uri = format!("/?{query}").parse().map_err(|_| unreadable())?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| unreadable())?;
    let mut given = BTreeMap::new();
    for (name, value) in pairs {
        if given.insert(name.clone(), value).is_some() {
            return Err(wrong(&name));
        }
    }
    Ok(given)
}

fn require_json(format: Option<&str>) -> Result<(), Problem> {
    match format {
        None | Some("json" | "geojson") => Ok(()),
        Some(_) => Err(wrong("f")),
    }
}

fn crs(text: &str) -> Result<Crs, Problem> {
    match text {
        CRS84 => Ok(Crs::Degrees),
        GRID => Ok(Crs::Grid),
        _ => Err(wrong("crs")),
    }
}

/// Four numbers, or six of which the heights mean nothing here.
pub(super) fn within(text: &str, crs: Crs) -> Result<Within, Problem> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let [west, south, east, north] = match numbers.as_deref() {
        Some([west, south, east, north] | [west, south, _, east, north, _]) => [*west, *south, *east, *north],
        Some(_) | None => return Err(wrong("bbox")),
    };
    let is_on_globe = [west, east].iter().all(|lon| (-180.0..=180.0).contains(lon));
    let is_right = match crs {
        Crs::Degrees => is_on_globe && -90.0 <= south && north <= 90.0,
        Crs::Grid => west <= east && [west, south, east, north].iter().all(|number| number.abs() < 1e9),
    };
    // What is no number is neither.
    let is_upright = south <= north;
    if !is_right || !is_upright {
        return Err(wrong("bbox"));
    }
    let units = match crs {
        Crs::Degrees => 1e7,
        Crs::Grid => 100.0,
    };
    // A float lies a little beside what it was written as: a hundredth of the smallest unit is no place.
    let least = |number: f64| whole((number * units - 0.01).ceil());
    let most = |number: f64| whole((number * units + 0.01).floor());
    let sides = [least(west), least(south), most(east), most(north)];
    Ok(match crs {
        Crs::Degrees => Within::Degrees(sides),
        Crs::Grid => Within::Grid(sides),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "within the globe or the grid, as was looked at before")]
fn whole(number: f64) -> i64 {
    number as i64
}

/// A moment, or two of which either may be open; both of them belong to it.
fn period(text: &str) -> Result<(Option<i64>, Option<i64>), Problem> {
    let (from, to) = match text.split_once('/') {
        Some((from, to)) => (bound(from, false)?, bound(to, true)?),
        None => (Some(moment(text, false)?), Some(moment(text, true)?)),
    };
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        return Err(wrong("datetime"));
    }
    Ok((from, to))
}

fn bound(text: &str, is_end: bool) -> Result<Option<i64>, Problem> {
    if text.is_empty() || text == ".." { Ok(None) } else { moment(text, is_end).map(Some) }
}

/// The moment itself, or the first one after it. A date without a time is all of that day.
fn moment(text: &str, is_end: bool) -> Result<i64, Problem> {
    let is_date = !text.contains(['T', 't']);
    let whole = if is_date { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let ms = ms_of_rfc3339(&whole).map_err(|_| wrong("datetime"))?;
    Ok(match (is_end, is_date) {
        (false, _) => ms,
        (true, false) => ms + 1,
        (true, true) => ms + DAY_MS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> bool {
        Asked::read(query).is_err_and(|problem| problem.code == Code::Malformed)
    }

    #[test]
    fn ten_are_given_where_nobody_says_and_no_more_than_the_most() {
        let limit = |query| Asked::read(query).unwrap().limit;
        assert_eq!((limit(""), limit("limit=1"), limit("limit=999999")), (10, 1, 10_000));
        assert!(refused("limit=0") && refused("limit=-1") && refused("limit=ten") && refused("limit="));
    }

    #[test]
    fn what_is_not_known_or_said_twice_is_refused() {
        assert!(
            refused("colour=red")
                && refused("limit=1&limit=2")
                && refused("f=html")
                && refused("crs=EPSG:4326")
        );
        assert!(crs_of_one("bbox=1,2,3,4").is_err());
        assert_eq!(crs_of_one(&format!("crs={GRID}")), Ok(Crs::Grid));
    }

    #[test]
    fn a_box_is_in_degrees_or_on_the_grid_and_holds_its_own_corners() {
        let within = |query: &str| Asked::read(query).unwrap().wish.within;
        assert_eq!(
            within("bbox=1.292,52.6285,1.3,52.7"),
            Some(Within::Degrees([12_920_000, 526_285_000, 13_000_000, 527_000_000]))
        );
        let grid = format!("bbox=622890.43,308503.97,0,622890.43,308503.97,9&bbox-crs={GRID}");
        assert_eq!(within(&grid), Some(Within::Grid([62_289_043, 30_850_397, 62_289_043, 30_850_397])));
        assert_eq!(
            within("bbox=170,0,-170,1"),
            Some(Within::Degrees([1_700_000_000, 0, -1_700_000_000, 10_000_000]))
        );
        for query in ["bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,3,2,2", "bbox=NaN,1,2,3", "bbox=1,2,300,4"] {
            assert!(refused(query), "{query}");
        }
    }

    #[test]
    fn both_ends_of_a_period_belong_to_it_and_either_may_be_open() {
        let period = |query: &str| {
            let wish = Asked::read(query).unwrap().wish;
            (wish.from_ms, wish.to_ms)
        };
        let day = 1_772_323_200_000;
        assert_eq!(period("datetime=2026-03-01T00:00:00Z"), (Some(day), Some(day + 1)));
        assert_eq!(period("datetime=2026-03-01"), (Some(day), Some(day + DAY_MS)));
        assert_eq!(period("datetime=2026-03-01T00:00:00Z/.."), (Some(day), None));
        assert_eq!(period("datetime=/2026-03-01T01:00:00%2B01:00"), (None, Some(day + 1)));
        assert!(refused("datetime=yesterday") && refused("datetime=2026-03-02/2026-03-01"));
    }

    #[test]
    fn the_next_page_asks_the_same_and_goes_on_behind_the_last() {
        let next = RecordId([7; 16]);
        assert_eq!(going_on("", next), format!("after={next}"));
        assert_eq!(
            going_on("limit=2&after=x&status=fixed", next),
            format!("limit=2&status=fixed&after={next}")
        );
    }
}
