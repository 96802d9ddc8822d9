//! Any bytes as a workbook, and any texts as its cells: a form comes of it or problems that say why, and what came of it
//! can be written, read and evaluated.

#![no_main]

#[path = "../../../../sync-server/src/workbook/mod.rs"]
#[allow(dead_code, reason = "the server's own module, of which a part is tried here")]
mod workbook;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Once;

use kerbside_core::form::xlsform::{Sheets, Usual, read, write};
use kerbside_core::form::{Answers, Codes, Form, Now, evaluate};
use libfuzzer_sys::fuzz_target;

const NOW: Now = Now { ms: 1_773_652_364_000, offset_min: 60, seed: 7 };

/// Sheets begin with a line `#name`, rows are lines, cells stand apart by tabs.
fn sheets(text: &str) -> Sheets {
    let mut sheets: Vec<(String, Vec<Vec<String>>)> = Vec::new();
    for line in text.lines().take(2_000) {
        match (line.strip_prefix('#'), sheets.last_mut()) {
            (Some(name), _) => sheets.push((name.to_owned(), Vec::new())),
            (None, Some((_, rows))) => rows.push(line.split('\t').take(60).map(str::to_owned).collect()),
            (None, None) => {}
        }
    }
    Sheets(sheets)
}

/// libFuzzer stops at every panic, also at one that is caught as it should be. Those that nobody catches still end it.
static CAUGHT_ONES_PASS: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    CAUGHT_ONES_PASS.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let text = String::from_utf8_lossy(bytes);
    let sheets = if bytes.starts_with(b"PK") {
        match workbook::open(bytes) {
            Ok(sheets) => sheets,
            Err(_) => return,
        }
    } else {
        sheets(&text)
    };
    let usual = Usual { service: Some("street".to_owned()), ref_prefix: Some("FT".to_owned()), version: 1 };
    let files = BTreeMap::from([("places.csv".to_owned(), text.chars().take(2_000).collect::<String>())]);
    let imported = read(&sheets, &files, &usual);
    let (Some(document), Some(json)) = (&imported.document, imported.json()) else {
        assert!(!imported.problems.is_empty(), "no form, and nobody says why");
        return;
    };
    match Form::parse(&json, &Codes::default()) {
        Ok(form) => {
            black_box(evaluate(&form, &Answers::default(), NOW));
            let (again, _) = write(document);
            assert!(!again.0.is_empty());
        }
        Err(faults) => assert!(!imported.retell(&faults).is_empty()),
    }
});
