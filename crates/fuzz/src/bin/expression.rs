//! Any text as an expression of a form: it is refused with a reason or it is evaluated, wherever expressions may stand.

#![no_main]

use std::hint::black_box;
use std::sync::LazyLock;

use kerbside_core::form::{Answers, Codes, Form, Now, answers_from_json, evaluate, to_save};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const NOW: Now = Now { ms: 1_773_652_364_000, offset_min: 60, seed: 7 };

/// A form with a question of each kind, and `source` in every column that holds an expression.
fn form(source: &str) -> Value {
    json!({
        "settings": {"form_id": "town", "version": 1, "form_title": {"en": "T"}, "service": "s", "ref_prefix": "TT"},
        "survey": [
            {"type": "text", "name": "word"},
            {"type": "integer", "name": "count"},
            {"type": "date", "name": "born"},
            {"type": "geopoint", "name": "where"},
            {"type": "geoshape", "name": "patch"},
            {"type": "select_one colour", "name": "colour"},
            {"type": "select_multiple colour", "name": "colours"},
            {"type": "begin_repeat", "name": "row", "max": 5},
            {"type": "integer", "name": "size"},
            {"type": "select_one colour", "name": "shade", "choice_filter": source},
            {"type": "calculate", "name": "inner", "calculation": source},
            {"type": "end_repeat"},
            {"type": "calculate", "name": "outer", "calculation": source},
            {"type": "text", "name": "asked", "relevant": source, "required": source, "constraint": source, "read_only": source},
            {"type": "text", "name": "last"}
        ],
        "choices": [
            {"list_name": "colour", "name": "black", "label": {"en": "Black"}, "dark": "yes", "code": "1"},
            {"list_name": "colour", "name": "red", "label": {"en": "Red", "cy": "Coch"}, "dark": "no", "code": "2"}
        ]
    })
}

static GIVEN: LazyLock<Value> = LazyLock::new(|| {
    let rows = ["1111111111111111", "2222222222222222", "3333333333333333"];
    json!({
        "word": "b a", "count": 4, "born": "1980-05-01", "colour": "red", "colours": ["black", "red"],
        "where": {"lat": 52.6285, "lon": 1.292, "altitude_m": null, "accuracy_m": 6.2, "fixed_at": "2026-03-16T09:12:40Z", "source": "gnss"},
        "patch": [[52.0, 1.0], [52.0, 1.01], [52.01, 1.01], [52.0, 1.0]],
        "row": rows, "@order/row": [rows[2], rows[0], rows[1]],
        "row/size@1111111111111111": 1, "row/size@2222222222222222": 2, "row/shade@3333333333333333": "red", "asked": "x"
    })
});

fuzz_target!(|source: &str| {
    let Ok(form) = Form::parse(&form(source).to_string(), &Codes::default()) else { return };
    let (answers, _): (Answers, _) = answers_from_json(&form, GIVEN.as_object().expect("an object"));
    let evaluation = evaluate(&form, &answers, NOW);
    assert_eq!(evaluation, evaluate(&form, &answers, NOW), "the same answers came to something else");
    black_box((to_save(&form, &answers, NOW), form.summary(&answers, "cy", NOW)));
});
