//! Places: distances, areas, fences. What is no place has no distance and no area, and is in no fence.
//!
//! The earth is ODK's: a ball with the radius of the equator, and flat within one area, so that a form measures the
//! same here as in ODK. Good to about half a per cent; not for a survey of land.

use super::{Function, MANY, pure, text, texts};
use crate::form::expr::value::Outcome;

const EARTH_RADIUS_M: f64 = 6_378_100.0;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    lat: f64,
    lon: f64,
}

pub static FUNCTIONS: &[Function] = &[
    pure("area", 1, MANY, |given, _| Outcome::Number(points(given).map_or(f64::NAN, |points| area(&points)))),
    pure("distance", 1, MANY, |given, _| {
        Outcome::Number(points(given).map_or(f64::NAN, |points| {
            points.iter().zip(points.iter().skip(1)).map(|(a, b)| distance(*a, *b)).sum::<f64>()
        }))
    }),
    pure("geofence", 2, 2, |given, _| {
        let fence = line(&text(given, 1)).unwrap_or_default();
        let point = line(&text(given, 0)).and_then(|points| points.first().copied());
        Outcome::Truth(point.is_some_and(|point| is_inside(point, &fence)))
    }),
    pure("intersects", 1, 1, |given, _| Outcome::Truth(line(&text(given, 0)).is_some_and(crosses_itself))),
];

/// All points of all arguments in their order: of places in a repeat, of a line, of a shape. Blank answers are left
/// out.
fn points(given: &[Outcome]) -> Option<Vec<Point>> {
    let mut points = Vec::new();
    for text in texts(given).filter(|text| !text.trim().is_empty()) {
        points.append(&mut line(&text)?);
    }
    if points.is_empty() { None } else { Some(points) }
}

/// `lat lon alt acc;lat lon alt acc`, as XForms writes a point, a line or a shape.
fn line(text: &str) -> Option<Vec<Point>> {
    let corners = text.split(';').map(str::trim).filter(|corner| !corner.is_empty());
    corners.map(point).collect()
}

fn point(text: &str) -> Option<Point> {
    let mut numbers =
        text.split_whitespace().map(|number| number.parse::<f64>().ok().filter(|n| n.is_finite()));
    let (lat, lon) = (numbers.next()??, numbers.next()??);
    let more = numbers.collect::<Option<Vec<_>>>()?;
    let on_globe = lat.abs() <= 90.0 && lon.abs() <= 180.0;
    if on_globe && more.len() <= 2 { Some(Point { lat, lon }) } else { None }
}

fn distance(a: Point, b: Point) -> f64 {
    let half_sine = |degrees: f64| libm::sin(degrees.to_radians() / 2.0);
    let (north, east) = (half_sine(b.lat - a.lat), half_sine(b.lon - a.lon));
    let shrunk = libm::cos(a.lat.to_radians()) * libm::cos(b.lat.to_radians());
    let chord = (north * north + shrunk * east * east).sqrt();
    2.0 * EARTH_RADIUS_M * libm::asin(chord.min(1.0))
}

/// Metres east and north of the first corner, and the area of the flat shape they make.
fn area(points: &[Point]) -> f64 {
    let Some(origin) = points.first() else {
        return 0.0;
    };
    let flat = points.iter().map(|point| {
        let east = (point.lon - origin.lon).to_radians() * libm::cos(point.lat.to_radians());
        let north = (point.lat - origin.lat).to_radians();
        (east * EARTH_RADIUS_M, north * EARTH_RADIUS_M)
    });
    let flat: Vec<_> = flat.collect();
    let twice: f64 = flat.iter().zip(flat.iter().skip(1)).map(|((x1, y1), (x2, y2))| x1 * y2 - x2 * y1).sum();
    (twice / 2.0).abs()
}

/// Whether a ray eastwards from the point leaves the fence an odd number of times.
fn is_inside(point: Point, fence: &[Point]) -> bool {
    let crossed = fence.iter().zip(fence.iter().cycle().skip(1)).filter(|(from, to)| {
        let passes = (point.lat < from.lat) != (point.lat < to.lat);
        let at = from.lon + (to.lon - from.lon) * (point.lat - from.lat) / (to.lat - from.lat);
        passes && point.lon < at
    });
    crossed.count() % 2 == 1
}

/// Whether two sides of a line or shape meet other than at the corner they share.
fn crosses_itself(mut corners: Vec<Point>) -> bool {
    corners.dedup();
    let sides: Vec<_> = corners.iter().copied().zip(corners.iter().copied().skip(1)).collect();
    let closed = 2 < sides.len() && corners.first() == corners.last();
    sides.iter().enumerate().any(|(at, one)| {
        sides.iter().enumerate().skip(at + 1).any(|(other_at, other)| {
            if other_at == at + 1 {
                folds_back(*one, *other)
            } else if closed && at == 0 && other_at + 1 == sides.len() {
                folds_back(*other, *one)
            } else {
                meet(*one, *other)
            }
        })
    })
}

type Side = (Point, Point);

/// Whether a side runs back over the side before it.
fn folds_back((from, corner): Side, (_, to): Side) -> bool {
    turn(from, corner, to) == 0.0 && (is_between(from, (corner, to)) || is_between(to, (from, corner)))
}

fn meet(one: Side, other: Side) -> bool {
    let turns = [
        (turn(one.0, one.1, other.0), other.0, one),
        (turn(one.0, one.1, other.1), other.1, one),
        (turn(other.0, other.1, one.0), one.0, other),
        (turn(other.0, other.1, one.1), one.1, other),
    ];
    let touch = turns.iter().any(|(turn, end, side)| *turn == 0.0 && is_between(*end, *side));
    let [(a, ..), (b, ..), (c, ..), (d, ..)] = turns;
    touch || (a * b < 0.0 && c * d < 0.0)
}

/// Above 0 for a turn to the left at `b`, below for one to the right, 0 straight on.
fn turn(a: Point, b: Point, c: Point) -> f64 {
    (b.lon - a.lon) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lon - a.lon)
}

fn is_between(point: Point, (a, b): Side) -> bool {
    let within = |value: f64, a: f64, b: f64| a.min(b) <= value && value <= a.max(b);
    within(point.lat, a.lat, b.lat) && within(point.lon, a.lon, b.lon)
}
