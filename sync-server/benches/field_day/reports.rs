//! Reports as a day brings them: twenty questions, about 640 bytes of JSON, words and places that differ.

use fastrand::Rng;
use serde_json::{Value as Json, json};

use crate::store::Answers;

/// The twenty questions.
pub const FORM: &str = include_str!("inspection.json");

const WORDS: [&str; 32] = [
    "mattress",
    "beside",
    "the",
    "garages",
    "black",
    "bags",
    "left",
    "overnight",
    "near",
    "school",
    "gate",
    "broken",
    "fridge",
    "tyres",
    "on",
    "verge",
    "blocking",
    "path",
    "neighbour",
    "saw",
    "white",
    "van",
    "again",
    "since",
    "Tuesday",
    "rubble",
    "and",
    "garden",
    "waste",
    "behind",
    "shops",
    "corner",
];
const STREETS: [&str; 12] = [
    "Magdalen Street",
    "Unthank Road",
    "Dereham Road",
    "Ber Street",
    "Aylsham Road",
    "Heigham Street",
    "Silver Road",
    "Plumstead Road",
    "Colman Road",
    "Drayton Road",
    "Oak Street",
    "King Street",
];

pub fn many(rng: &mut Rng, count: usize) -> Vec<Answers> {
    (0..count).map(|_| one(rng)).collect()
}

fn one(rng: &mut Rng) -> Answers {
    let day = format!("2026-{:02}-{:02}", rng.u8(1..=12), rng.u8(1..=28));
    let mut answers = Answers::new();
    let mut put = |name: &str, answer: Json| answers.insert(name.to_owned(), answer);
    put("where", place(rng, &day));
    put("street", json!(of(rng, &STREETS)));
    put("house", json!(rng.u16(1..400)));
    put("uprn", json!(format!("1000{:08}", rng.u32(..100_000_000))));
    put("kind", json!(of(rng, &["black_bags", "white_goods", "construction", "garden", "tyres"])));
    put("size", json!(of(rng, &["single_bag", "car_boot", "small_van", "transit_van", "tipper"])));
    put("land", json!(of(rng, &["highway", "verge", "alley", "council_land", "private"])));
    put("hazards", json!([of(rng, &["none", "asbestos", "needles", "chemicals"])]));
    put("seen_on", json!(day));
    put("since", json!(format!("2026-{:02}-{:02}", rng.u8(1..=12), rng.u8(1..=28))));
    put("bags", json!(rng.u8(0..40)));
    put("metres", json!(rng.u16(1..500)));
    put("evidence", json!(of(rng, &["yes", "no"])));
    put("blocks_path", json!(of(rng, &["yes", "no"])));
    put("reported_by", json!(of(rng, &["warden", "resident", "crew", "shop"])));
    put("vehicle", json!(format!("{}{:02} {}", letters(rng, 2), rng.u8(1..75), letters(rng, 3))));
    put("crew", json!(of(rng, &["north", "south", "east", "west"])));
    put("priority", json!(of(rng, &["low", "normal", "high"])));
    put("what", json!(sentence(rng, 14)));
    put("next", json!(sentence(rng, 6)));
    answers
}

fn place(rng: &mut Rng, day: &str) -> Json {
    json!({
        "lat": f64::from(rng.u32(526_000_000..526_700_000)) / 1e7,
        "lon": f64::from(rng.u32(12_400_000..13_300_000)) / 1e7,
        "accuracy_m": f64::from(rng.u16(30..250)) / 10.0,
        "altitude_m": null,
        "fixed_at": format!("{day}T{:02}:{:02}:{:02}Z", rng.u8(7..18), rng.u8(..60), rng.u8(..60)),
        "source": "gnss",
    })
}

fn of<'a>(rng: &mut Rng, from: &[&'a str]) -> &'a str {
    rng.choice(from).copied().unwrap_or_default()
}

fn letters(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| rng.uppercase()).collect()
}

fn sentence(rng: &mut Rng, words: usize) -> String {
    (0..words).map(|_| of(rng, &WORDS)).collect::<Vec<_>>().join(" ")
}
