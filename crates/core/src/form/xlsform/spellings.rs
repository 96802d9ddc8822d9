//! The names of question types: the spellings in use, and the one a form is kept with.

/// The longest spellings first, since a shorter one may begin a longer one.
const CHOOSING: &[(&str, &str)] = &[
    ("add select multiple prompt using", "select_multiple"),
    ("add select one prompt using", "select_one"),
    ("select_multiple_from_file", "select_multiple_from_file"),
    ("select multiple from file", "select_multiple_from_file"),
    ("select all that apply from", "select_multiple"),
    ("select_one_from_file", "select_one_from_file"),
    ("select one from file", "select_one_from_file"),
    ("select all that apply", "select_multiple"),
    ("select one from", "select_one"),
    ("select_multiple", "select_multiple"),
    ("select multiple", "select_multiple"),
    ("select_one", "select_one"),
    ("select one", "select_one"),
    ("select1", "select_one"),
    ("rank", "rank"),
];

const OTHERS: &[&str] = &["or_other", "or specify other", "or other"];

const SINGLE: &[(&str, &str)] = &[
    ("begin group", "begin_group"),
    ("end group", "end_group"),
    ("begin repeat", "begin_repeat"),
    ("end repeat", "end_repeat"),
    ("begin lgroup", "begin_repeat"),
    ("end lgroup", "end_repeat"),
    ("begin looped group", "begin_repeat"),
    ("end looped group", "end_repeat"),
    ("int", "integer"),
    ("string", "text"),
    ("photo", "image"),
    ("datetime", "dateTime"),
    ("date time", "dateTime"),
    ("gps", "geopoint"),
    ("location", "geopoint"),
    ("imei", "deviceid"),
    ("device id", "deviceid"),
    ("phone number", "phonenumber"),
    ("start time", "start"),
    ("end time", "end"),
    ("add image prompt", "image"),
    ("add photo prompt", "image"),
    ("add audio prompt", "audio"),
    ("add video prompt", "video"),
    ("add file prompt", "file"),
];

/// Types that are kept as they are, but whose capitals people vary.
const KEPT: &[&str] = &[
    "acknowledge",
    "audio",
    "audit",
    "background-audio",
    "barcode",
    "begin_group",
    "begin_repeat",
    "calculate",
    "csv-external",
    "date",
    "decimal",
    "deviceid",
    "email",
    "end",
    "end_group",
    "end_repeat",
    "file",
    "geopoint",
    "geoshape",
    "geotrace",
    "hidden",
    "image",
    "integer",
    "note",
    "phonenumber",
    "range",
    "start",
    "text",
    "time",
    "today",
    "trigger",
    "username",
    "video",
    "xml-external",
];

/// Reads a type. One that is not known comes back as it is, and is refused by name when the form is checked.
pub fn kind(written: &str) -> String {
    let words: Vec<&str> = written.split_whitespace().collect();
    let spaced = words.join(" ");
    let lower = spaced.to_lowercase();
    for (spelling, name) in CHOOSING {
        // Lower case may be longer or shorter than what was written; then it is no type of ours.
        let rest = lower.strip_prefix(spelling).filter(|rest| rest.starts_with(' '));
        let Some(list) = rest.and_then(|_| spaced.get(spelling.len()..)) else { continue };
        let list = list.trim();
        let other = OTHERS.iter().find_map(|other| list.strip_suffix(other)?.strip_suffix(' '));
        return match other {
            Some(list) => format!("{name} {list} or_other"),
            None => format!("{name} {list}"),
        };
    }
    let single = SINGLE.iter().find(|(spelling, _)| *spelling == lower).map(|(_, name)| *name);
    single.or_else(|| KEPT.iter().find(|kept| **kept == lower).copied()).unwrap_or(&spaced).to_owned()
}

/// The file whose rows a type needs: `f.csv` of `select_one_from_file f.csv`, and of `csv-external` named `f`.
pub fn file(kind: &str, name: &str) -> Option<String> {
    match kind.split_once(' ') {
        Some(("select_one_from_file" | "select_multiple_from_file", file)) => Some(file.to_owned()),
        Some(("rank", list)) if is_file(list) => Some(list.to_owned()),
        None if kind == "csv-external" => Some(format!("{name}.csv")),
        None if kind == "xml-external" => Some(format!("{name}.xml")),
        Some(_) | None => None,
    }
}

/// Whether a list is one that came as a file.
pub fn is_file(list: &str) -> bool {
    [".csv", ".geojson", ".xml"].iter().any(|ending| list.to_lowercase().ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_kept_as_one() {
        for (written, name) in [
            ("begin group", "begin_group"),
            ("Begin Repeat", "begin_repeat"),
            ("end_group", "end_group"),
            ("select one size", "select_one size"),
            ("select_one  size ", "select_one size"),
            ("select1 Size", "select_one Size"),
            ("select all that apply from hazards", "select_multiple hazards"),
            ("select_one_from_file streets.csv", "select_one_from_file streets.csv"),
            ("rank needs", "rank needs"),
            ("int", "integer"),
            ("photo", "image"),
            ("dateTime", "dateTime"),
            ("Text", "text"),
            ("csv-external", "csv-external"),
            ("smell", "smell"),
            ("select_one size or specify other", "select_one size or_other"),
            ("select_one", "select_one"),
        ] {
            assert_eq!(kind(written), name, "{written}");
        }
    }

    #[test]
    fn a_type_says_which_file_it_needs() {
        assert_eq!(file("select_one_from_file a.geojson", "x"), Some("a.geojson".into()));
        assert_eq!(file("csv-external", "streets"), Some("streets.csv".into()));
        assert_eq!(file("select_one size", "x"), None);
    }
}
