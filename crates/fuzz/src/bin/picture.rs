//! Any bytes as a photo: what they say of themselves lies on this earth, and a copy of what can be drawn can be drawn again.

#![no_main]

use kerbside_picture::{camera_facts, draw};
use libfuzzer_sys::fuzz_target;

const SIDE: u32 = 64;

fuzz_target!(|bytes: &[u8]| {
    let facts = camera_facts(bytes);
    if let Some((lat, lon)) = facts.place {
        assert!(lat.abs() <= 900_000_000 && lon.abs() <= 1_800_000_000, "{lat}, {lon}");
    }
    assert!(facts.orientation.is_none_or(|way| (1..=8).contains(&way)));
    let Ok(picture) = draw(bytes, SIDE) else { return };
    assert!(0 < picture.width && 0 < picture.height);
    let copy = picture.as_jpeg(50).expect("what was drawn can be written");
    let again = draw(&copy, SIDE).expect("a copy can be drawn");
    assert!(again.width.max(again.height) <= SIDE);
    assert_eq!(camera_facts(&copy), Default::default(), "a copy says nothing of itself");
});
