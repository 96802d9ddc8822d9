//! Any bytes as a council's file of addresses: each line is read or refused with a reason, whatever came of it can be
//! written, sought and read back, and a line that is broken takes none after it along.

#![no_main]

use std::hint::black_box;

use kerbside_core::cbor;
use kerbside_core::gazetteer::source::{Piece, Profile, Source};
use kerbside_core::gazetteer::{Address, words};
use libfuzzer_sys::fuzz_target;

/// Reads as it should whatever came before it.
const SOUND: &[u8] = b"21,I,1,7,1,2,,,,,52.6285,1.2920,1,2625,E,,,,,D,NR1 1AA,0\n";

fuzz_target!(|bytes: &[u8]| {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for profile in [Profile::AddressbasePremium, Profile::Dtf, Profile::OpenUprn, Profile::Csv] {
        let mut source = Source::new(profile);
        for line in &lines {
            match source.read(line) {
                Ok(Some(Piece::Whole(address))) => sound(&address),
                Ok(_) => {}
                Err(why) => assert!(!why.is_empty(), "refused, and nobody says why"),
            }
        }
        if profile == Profile::AddressbasePremium && !bytes.windows(6).any(|seen| seen.eq_ignore_ascii_case(b"RECORD")) {
            assert!(matches!(source.read(SOUND), Ok(Some(Piece::Property(_)))));
        }
    }
});

fn sound(address: &Address) {
    assert!((1..=999_999_999_999).contains(&address.uprn));
    let text = address.text();
    assert!(text.chars().count() < 1_500);
    assert!(words(&text).iter().all(|word| !word.is_empty()));
    let again: Address = cbor::decode(&cbor::encode(address)).expect("what was written is read");
    assert_eq!(&again, address);
    black_box((address.cell(), address.range(), address.unit_at()));
}
