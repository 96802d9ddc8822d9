//! The British National Grid (EPSG:27700) of a position in WGS 84, and back, by the seven-parameter shift: within five
//! metres everywhere in Great Britain, which is what a phone's receiver gives. The position itself is what is kept.

use libm::{atan2, cos, floor, hypot, sin, sqrt, tan};

use crate::value::{Place, Point};

/// Metres east and north of the grid's origin south-west of the Isles of Scilly.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GridPoint {
    pub easting: f64,
    pub northing: f64,
}

const MOST_EASTING: f64 = 700_000.0;
const MOST_NORTHING: f64 = 1_300_000.0;

/// A hundred kilometres: the side of a lettered square, and a metre: the finest a reference says.
const SQUARE: f64 = 100_000.0;
const FINEST: u8 = 5;

/// Ten metres.
const FIGURES_SHOWN: u8 = 4;

struct Ellipsoid {
    /// The half axes, in metres.
    long: f64,
    short: f64,
}

const WGS84: Ellipsoid = Ellipsoid { long: 6_378_137.0, short: 6_356_752.314_2 };
const AIRY1830: Ellipsoid = Ellipsoid { long: 6_377_563.396, short: 6_356_256.909 };

/// From WGS 84 to OSGB36: metres, arc seconds and parts per million.
const SHIFT: [f64; 3] = [-446.448, 125.157, -542.06];
const TURN: [f64; 3] = [-0.1502, -0.2470, -0.8421];
const GROWTH: f64 = 20.489_4e-6;

/// The projection's scale on its meridian, and its true and false origins.
const SCALE: f64 = 0.999_601_271_7;
const ORIGIN_LAT: f64 = 49.0;
const ORIGIN_LON: f64 = -2.0;
const FALSE_EASTING: f64 = 400_000.0;
const FALSE_NORTHING: f64 = -100_000.0;

/// Radians.
#[derive(Clone, Copy)]
struct Geodetic {
    lat: f64,
    lon: f64,
}

/// Where a position is on the grid. None outside it.
#[must_use]
pub fn to_grid(position: Point) -> Option<GridPoint> {
    let at = Geodetic {
        lat: (f64::from(position.lat_e7) / 1e7).to_radians(),
        lon: (f64::from(position.lon_e7) / 1e7).to_radians(),
    };
    let shifted = shift(cartesian(at, &WGS84), 1.0);
    Some(project(geodetic(shifted, &AIRY1830))).filter(|point| is_on_grid(*point))
}

/// The reference of a place as records show it, to ten metres: no finer than what the seven parameters are good for.
#[must_use]
pub fn reference_of(place: Place) -> Option<String> {
    to_grid(Point { lat_e7: place.lat_e7, lon_e7: place.lon_e7 })?.reference(FIGURES_SHOWN)
}

/// The position of a point of the grid. None outside it.
#[must_use]
pub fn from_grid(point: GridPoint) -> Option<Point> {
    if !is_on_grid(point) {
        return None;
    }
    let shifted = shift(cartesian(unproject(point), &AIRY1830), -1.0);
    let at = geodetic(shifted, &WGS84);
    #[expect(clippy::cast_possible_truncation, reason = "a point of the grid is within 10 degrees of 55, -3")]
    let e7 = |radians: f64| libm::round(radians.to_degrees() * 1e7) as i32;
    Some(Point { lat_e7: e7(at.lat), lon_e7: e7(at.lon) })
}

fn is_on_grid(point: GridPoint) -> bool {
    (0.0..MOST_EASTING).contains(&point.easting) && (0.0..MOST_NORTHING).contains(&point.northing)
}

fn cartesian(at: Geodetic, on: &Ellipsoid) -> [f64; 3] {
    let flat = on.flatness();
    let normal = on.long / sqrt(1.0 - flat * sin(at.lat) * sin(at.lat));
    [
        normal * cos(at.lat) * cos(at.lon),
        normal * cos(at.lat) * sin(at.lon),
        normal * (1.0 - flat) * sin(at.lat),
    ]
}

fn geodetic([x, y, z]: [f64; 3], on: &Ellipsoid) -> Geodetic {
    let flat = on.flatness();
    let out = hypot(x, y);
    let mut lat = atan2(z, out * (1.0 - flat));
    // Each turn leaves less than a hundredth of what was wrong before.
    for _ in 0..6 {
        let normal = on.long / sqrt(1.0 - flat * sin(lat) * sin(lat));
        lat = atan2(z + flat * normal * sin(lat), out);
    }
    Geodetic { lat, lon: atan2(y, x) }
}

/// The seven-parameter shift; `way` is -1 from OSGB36 to WGS 84.
fn shift([x, y, z]: [f64; 3], way: f64) -> [f64; 3] {
    let [tx, ty, tz] = SHIFT.map(|metres| way * metres);
    let [rx, ry, rz] = TURN.map(|seconds| (way * seconds / 3_600.0).to_radians());
    let grown = 1.0 + way * GROWTH;
    [tx + x * grown - y * rz + z * ry, ty + x * rz + y * grown - z * rx, tz - x * ry + y * rx + z * grown]
}

impl Ellipsoid {
    /// The square of the eccentricity.
    fn flatness(&self) -> f64 {
        1.0 - (self.short * self.short) / (self.long * self.long)
    }

    /// The radii of curvature at a latitude, scaled: along the parallel, along the meridian, and what the first is more.
    fn radii(&self, lat: f64) -> (f64, f64, f64) {
        let flat = self.flatness();
        let bent = 1.0 - flat * sin(lat) * sin(lat);
        let across = self.long * SCALE / sqrt(bent);
        let along = across * (1.0 - flat) / bent;
        (across, along, across / along - 1.0)
    }

    /// Metres along the meridian from the true origin.
    fn arc(&self, lat: f64) -> f64 {
        let n = (self.long - self.short) / (self.long + self.short);
        let (n2, n3) = (n * n, n * n * n);
        let origin = ORIGIN_LAT.to_radians();
        let (less, more) = (lat - origin, lat + origin);
        let terms = (1.0 + n + 1.25 * n2 + 1.25 * n3) * less
            - (3.0 * n + 3.0 * n2 + 2.625 * n3) * sin(less) * cos(more)
            + 1.875 * (n2 + n3) * sin(2.0 * less) * cos(2.0 * more)
            - 35.0 / 24.0 * n3 * sin(3.0 * less) * cos(3.0 * more);
        self.short * SCALE * terms
    }
}

fn project(at: Geodetic) -> GridPoint {
    let (across, along, bulge) = AIRY1830.radii(at.lat);
    let (sine, cosine, slope) = (sin(at.lat), cos(at.lat), tan(at.lat) * tan(at.lat));
    let east = (at.lon - ORIGIN_LON.to_radians()) * cosine;
    let east2 = east * east;
    let northing = AIRY1830.arc(at.lat)
        + FALSE_NORTHING
        + across * sine / cosine
            * east2
            * (0.5
                + east2 / 24.0 * (5.0 - slope + 9.0 * bulge)
                + east2 * east2 / 720.0 * (61.0 - 58.0 * slope + slope * slope));
    let easting = FALSE_EASTING
        + across
            * east
            * (1.0
                + east2 / 6.0 * (across / along - slope)
                + east2 * east2 / 120.0
                    * (5.0 - 18.0 * slope + slope * slope + 14.0 * bulge - 58.0 * slope * bulge));
    GridPoint { easting, northing }
}

fn unproject(point: GridPoint) -> Geodetic {
    let north = point.northing - FALSE_NORTHING;
    let mut lat = ORIGIN_LAT.to_radians();
    for _ in 0..8 {
        lat += (north - AIRY1830.arc(lat)) / (AIRY1830.long * SCALE);
    }
    let (across, along, bulge) = AIRY1830.radii(lat);
    let slope = tan(lat);
    let slope2 = slope * slope;
    let east = (point.easting - FALSE_EASTING) / across;
    let east2 = east * east;
    let down = slope * across / along
        * east2
        * (0.5 - east2 / 24.0 * (5.0 + 3.0 * slope2 + bulge - 9.0 * slope2 * bulge)
            + east2 * east2 / 720.0 * (61.0 + 90.0 * slope2 + 45.0 * slope2 * slope2));
    let turned = east / cos(lat)
        * (1.0 - east2 / 6.0 * (across / along + 2.0 * slope2)
            + east2 * east2 / 120.0 * (5.0 + 28.0 * slope2 + 24.0 * slope2 * slope2)
            - east2 * east2 * east2 / 5_040.0
                * (61.0 + 662.0 * slope2 + 1_320.0 * slope2 * slope2 + 720.0 * slope2 * slope2 * slope2));
    Geodetic { lat: lat - down, lon: ORIGIN_LON.to_radians() + turned }
}

impl GridPoint {
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a float holds far more centimetres than the grid has")]
    pub fn of_centimetres(easting: i64, northing: i64) -> Self {
        Self { easting: easting as f64 / 100.0, northing: northing as f64 / 100.0 }
    }

    /// Centimetres east and north, in whole numbers that no database rounds.
    #[must_use]
    pub fn centimetres(self) -> (i64, i64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast saturates, and the grid is 130 million tall"
        )]
        let whole = |metres: f64| libm::round(metres * 100.0) as i64;
        (whole(self.easting), whole(self.northing))
    }

    /// As people say it: `TG 2291 0853`, with this many figures for each way, five of them to the metre.
    #[must_use]
    pub fn reference(self, figures: u8) -> Option<String> {
        if !is_on_grid(self) {
            return None;
        }
        let figures = figures.clamp(1, FINEST);
        let (east, north) = (floor(self.easting / SQUARE), floor(self.northing / SQUARE));
        let step = libm::pow(10.0, f64::from(FINEST - figures));
        let within = |metres: f64, square: f64| floor((metres - square * SQUARE) / step);
        let (east_within, north_within) = (within(self.easting, east), within(self.northing, north));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "squares of the grid count to 13"
        )]
        let (column, row) = (east as u8, north as u8);
        // The first letter counts squares of 500 km from a false origin, the second those of 100 km; both from the north.
        let large = letter((3 - row / 5) * 5 + 2 + column / 5)?;
        let small = letter((4 - row % 5) * 5 + column % 5)?;
        let width = usize::from(figures);
        Some(format!("{large}{small} {east_within:0width$.0} {north_within:0width$.0}"))
    }
}

/// The letters of the squares, which leave out I.
fn letter(place: u8) -> Option<char> {
    let place = if place < 8 { place } else { place + 1 };
    (place < 26).then(|| char::from(b'A' + place))
}

/// The point that a reference such as `TG 2291 0853` or `TG22910853` names: the south-west corner of what it covers.
#[must_use]
pub fn read_reference(text: &str) -> Option<GridPoint> {
    let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let mut letters = text.chars();
    let (large, small) = (place_of(letters.next()?)?, place_of(letters.next()?)?);
    let digits: Vec<f64> =
        letters.map(|digit| digit.to_digit(10).map(f64::from)).collect::<Option<Vec<f64>>>()?;
    let (half, odd) = (digits.len() / 2, digits.len() % 2);
    if odd != 0 || half == 0 || usize::from(FINEST) < half {
        return None;
    }
    let (easts, norths) = digits.split_at_checked(half)?;
    let metres = |digits: &[f64]| {
        digits.iter().fold((0.0, SQUARE), |(sum, side), digit| (sum + digit * side / 10.0, side / 10.0)).0
    };
    let column = (large % 5).checked_sub(2)? * 5 + small % 5;
    let row = 3_u8.checked_sub(large / 5)? * 5 + 4 - small / 5;
    let point = GridPoint {
        easting: f64::from(column) * SQUARE + metres(easts),
        northing: f64::from(row) * SQUARE + metres(norths),
    };
    Some(point).filter(|point| is_on_grid(*point))
}

fn place_of(letter: char) -> Option<u8> {
    let letter = u8::try_from(letter.to_ascii_uppercase()).ok()?;
    match letter {
        b'A'..=b'H' => Some(letter - b'A'),
        b'J'..=b'Z' => Some(letter - b'B'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Latitude, longitude, and easting and northing by the Ordnance Survey's own OSTN15.
    const KNOWN: [(f64, f64, f64, f64, &str); 8] = [
        (52.658_007_833, 1.716_073_973, 651_409.8, 313_177.45, "TG 51"),
        (52.6287, 1.2923, 622_908.28, 308_524.32, "TG 22"),
        (51.7895, 1.153, 617_544.24, 214_794.98, "TM 17"),
        (53.757, -2.7075, 353_450.34, 429_190.64, "SD 53"),
        (54.8951, -2.9382, 339_925.63, 555_998.71, "NY 39"),
        (50.1188, -5.5376, 147_216.98, 30_297.72, "SW 47"),
        (51.5158, -0.0919, 532_493.89, 181_378.31, "TQ 32"),
        (54.9783, -1.6178, 424_561.57, 564_920.72, "NZ 24"),
    ];

    /// The same by an independent program with the same seven parameters.
    const BY_SHIFT: [(f64, f64); 8] = [
        (651_411.22, 313_180.6),
        (622_909.71, 308_527.13),
        (617_546.39, 214_796.3),
        (353_450.55, 429_192.41),
        (339_925.39, 555_999.43),
        (147_213.04, 30_296.82),
        (532_495.67, 181_378.54),
        (424_560.68, 564_921.47),
    ];

    #[expect(clippy::cast_possible_truncation, reason = "degrees of Great Britain")]
    fn position(lat: f64, lon: f64) -> Point {
        Point { lat_e7: (lat * 1e7).round() as i32, lon_e7: (lon * 1e7).round() as i32 }
    }

    #[test]
    fn known_places_are_where_the_ordnance_survey_has_them_within_five_metres() {
        for ((lat, lon, east, north, square), (shifted_east, shifted_north)) in
            KNOWN.into_iter().zip(BY_SHIFT)
        {
            let found = to_grid(position(lat, lon)).unwrap();
            assert!((found.easting - east).hypot(found.northing - north) < 5.0, "{lat} {lon}: {found:?}");
            assert!((found.easting - shifted_east).hypot(found.northing - shifted_north) < 0.02, "{found:?}");
            assert!(found.reference(4).unwrap().starts_with(square), "{:?}", found.reference(4));
        }
    }

    #[test]
    fn a_reference_is_written_as_people_say_it_and_read_in_any_of_its_spellings() {
        let city_hall = GridPoint { easting: 622_908.28, northing: 308_524.32 };
        assert_eq!(city_hall.reference(5).unwrap(), "TG 22908 08524");
        assert_eq!(city_hall.reference(4).unwrap(), "TG 2290 0852");
        assert_eq!(city_hall.reference(3).unwrap(), "TG 229 085");
        let read = |text| read_reference(text).map(|point| (point.easting, point.northing));
        for spelling in ["TG2290808524", "tg 22908 08524", " TG 22908 08524 "] {
            assert_eq!(read(spelling), Some((622_908.0, 308_524.0)), "{spelling}");
        }
        assert_eq!(read("TG 22 08"), Some((622_000.0, 308_000.0)));
        for wrong in [
            "",
            "TG",
            "TG 1",
            "TG 123",
            "TG 123456 123456",
            "TI 12 12",
            "AA 12 12",
            "12 34",
            "TG 12 1x",
            "ŁG 12 12",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_is_said_of_places_off_the_grid() {
        for (lat, lon) in
            [(48.8566, 2.3522), (62.0, -7.0), (0.0, 0.0), (-52.0, 1.0), (90.0, 180.0), (52.0, -178.0)]
        {
            assert_eq!(to_grid(position(lat, lon)), None, "{lat} {lon}");
        }
        for (easting, northing) in [(-1.0, 0.0), (0.0, MOST_NORTHING), (f64::NAN, 5.0), (f64::INFINITY, 5.0)]
        {
            let point = GridPoint { easting, northing };
            assert_eq!((from_grid(point), point.reference(5)), (None, None));
        }
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_place_to_a_few_centimetres(
            easting in 0.0..MOST_EASTING,
            northing in 0.0..MOST_NORTHING,
        ) {
            let back = to_grid(from_grid(GridPoint { easting, northing }).unwrap());
            // The shift is turned round by its signs alone, which leaves centimetres; at the edge that may be off the grid.
            if let Some(back) = back {
                prop_assert!((back.easting - easting).hypot(back.northing - northing) < 0.1);
            } else {
                prop_assert!(easting < 1.0 || northing < 1.0 || MOST_EASTING - 1.0 < easting || MOST_NORTHING - 1.0 < northing);
            }
        }

        #[test]
        fn a_reference_to_the_metre_names_the_point_it_was_made_of(
            easting in 0..700_000_i32,
            northing in 0..1_300_000_i32,
        ) {
            let point = GridPoint { easting: f64::from(easting), northing: f64::from(northing) };
            prop_assert_eq!(read_reference(&point.reference(5).unwrap()), Some(point));
        }

        #[test]
        fn a_hundred_metres_on_the_ground_are_a_hundred_on_the_grid(
            lat in 50.0..58.0_f64,
            lon in -6.0..1.7_f64,
        ) {
            let (here, there) = (to_grid(position(lat, lon)), to_grid(position(lat + 0.0009, lon)));
            if let (Some(here), Some(there)) = (here, there) {
                let apart = (here.easting - there.easting).hypot(here.northing - there.northing);
                prop_assert!((99.9..100.4).contains(&apart), "{}", apart);
            }
        }

        #[test]
        fn any_text_is_read_or_not_and_nothing_worse(text in ".{0,24}") {
            let read = read_reference(&text);
            prop_assert!(read.is_none_or(is_on_grid));
        }
    }
}
