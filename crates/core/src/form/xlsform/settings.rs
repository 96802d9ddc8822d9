//! The settings sheet: XLSForm's own, with what Kerbside has to know besides, made up where it can be.

use std::collections::BTreeMap;

use super::Usual;
use super::problem::FormProblem;
use super::survey::has_curly_quotes;
use super::table::{Record, Table};
use crate::form::{FormFaultCode, Localised, Settings};
use crate::nearby::SETTING as NEARBY;

const KEY_LIMIT: usize = 64;
const VERSION_TEXT_LIMIT: usize = 249;

/// Kept for export alone.
const OTHERS: &[&str] = &[
    "public_key",
    "submission_url",
    "auto_send",
    "auto_delete",
    "style",
    "client_editable",
    "allow_choice_duplicates",
    "name",
    "namespaces",
    "instance_xmlns",
    "omit_instanceID",
    "clean_text_values",
];

pub fn read(table: &Table, usual: &Usual, problems: &mut Vec<FormProblem>) -> Option<Settings> {
    let mut records = table.records.iter();
    let blank;
    let record = match records.next() {
        Some(record) => record,
        None => {
            blank = Record::blank(2);
            &blank
        }
    };
    for more in records {
        problems.push(table.problem(more.number, "", FormFaultCode::SecondSettings, "").noted());
    }
    let tell = |field: &str, code, what: &str| table.problem(record.number, field, code, what);
    let text = |field: &str| table.text(record, field);

    let title = table.words(record, "form_title", problems);
    let written = text("form_id");
    let form_title = title.or_else(|| written.map(|id| Localised { en: id.to_owned(), cy: None }));
    let welsh = text("form_title_cy").map(str::to_owned);
    let with_welsh = |title: Localised| Localised { cy: title.cy.or(welsh), ..title };
    let Some(form_title) = form_title.map(with_welsh) else {
        problems.push(tell("form_title", FormFaultCode::MissingColumn, "form_title"));
        return None;
    };
    let form_id = key_of(written.unwrap_or(&form_title.en));
    if written != Some(form_id.as_str()) {
        problems.push(tell("form_id", FormFaultCode::FormIdChanged, &form_id).noted());
    }
    let (version, version_text) = version(table, record, usual, problems);

    let service = text("service").map(str::to_owned).or_else(|| usual.service.clone()).unwrap_or_default();
    if !is_key(&service) {
        let code = if service.is_empty() { FormFaultCode::NoService } else { FormFaultCode::BadService };
        problems.push(tell("service", code, &service));
    }
    let ref_prefix = text("ref_prefix").map(str::to_owned).or_else(|| usual.ref_prefix.clone());
    let ref_prefix = ref_prefix.unwrap_or_else(|| {
        let made = prefix_of(&form_title.en);
        problems.push(tell("ref_prefix", FormFaultCode::PrefixMade, &made).noted());
        made
    });
    if !(2..=4).contains(&ref_prefix.len()) || !ref_prefix.chars().all(|each| each.is_ascii_uppercase()) {
        problems.push(tell("ref_prefix", FormFaultCode::BadPrefix, &ref_prefix));
    }
    let lgsl = text("lgsl").and_then(|lgsl| {
        let number = lgsl.parse().ok();
        if number.is_none() {
            problems.push(tell("lgsl", FormFaultCode::WrongShape, lgsl));
        }
        number
    });
    let instance_name = text("instance_name").map(str::to_owned);
    if let Some(curly) = instance_name.as_deref().filter(|text| has_curly_quotes(text)) {
        problems.push(tell("instance_name", FormFaultCode::CurlyQuotes, curly));
    }
    let other = others(table, record, problems);
    Some(Settings {
        form_id,
        version,
        form_title,
        service,
        ref_prefix,
        lgsl,
        instance_name,
        version_text,
        other,
    })
}

fn others(table: &Table, record: &Record, problems: &mut Vec<FormProblem>) -> BTreeMap<String, String> {
    let mut other = BTreeMap::new();
    if let Some(metres) = table.text(record, NEARBY) {
        if metres.parse::<u32>().is_err() {
            problems.push(table.problem(record.number, NEARBY, FormFaultCode::WrongShape, metres));
        }
        other.insert(NEARBY.to_owned(), metres.to_owned());
    }
    for name in OTHERS {
        if let Some(text) = table.text(record, name) {
            problems.push(table.problem(record.number, name, FormFaultCode::KeptOnly, name).noted());
            other.insert((*name).to_owned(), text.to_owned());
        }
    }
    other
}

/// A whole number is the version; anything else is what the designer calls the next one.
fn version(
    table: &Table,
    record: &Record,
    usual: &Usual,
    problems: &mut Vec<FormProblem>,
) -> (u32, Option<String>) {
    let said = table.text(record, "version_text").map(str::to_owned);
    let Some(written) = table.text(record, "version") else { return (usual.version, said) };
    if let Some(number) = written.parse::<u32>().ok().filter(|number| 0 < *number) {
        return (number, said);
    }
    let what = usual.version.to_string();
    problems.push(table.problem(record.number, "version", FormFaultCode::VersionNumbered, &what).noted());
    let called: String = written.chars().take(VERSION_TEXT_LIMIT).collect();
    (usual.version, said.or(Some(called)))
}

/// `kerbside:Fly-tipping` is `kerbside_fly-tipping` here.
fn key_of(written: &str) -> String {
    let lower = written.to_lowercase();
    let replaced = lower.chars().map(|each| match each {
        'a'..='z' | '0'..='9' | '_' | '-' => each,
        _ => '_',
    });
    let key: String = replaced.skip_while(|each| !each.is_ascii_lowercase()).take(KEY_LIMIT).collect();
    let key = key.trim_end_matches('_');
    if key.is_empty() { "form".to_owned() } else { key.to_owned() }
}

fn is_key(text: &str) -> bool {
    let letters = text.chars().all(|each| matches!(each, 'a'..='z' | '0'..='9' | '_' | '-'));
    text.starts_with(|first: char| first.is_ascii_lowercase()) && letters && text.len() <= KEY_LIMIT
}

/// The first letters of the first words: `FT` of “Fly-tipping”.
fn prefix_of(title: &str) -> String {
    let words = title.split(|each: char| !each.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let letters: String = words.filter_map(|word| word.chars().next()).take(4).collect();
    let letters = letters.to_ascii_uppercase();
    if letters.len() < 2 { "FO".to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_id_becomes_a_key() {
        for (written, key) in [
            ("fly_tip", "fly_tip"),
            ("kerbside:fly-tipping", "kerbside_fly-tipping"),
            ("2026 Tenancy audit!", "tenancy_audit"),
            ("Gŵyl", "g_yl"),
            ("???", "form"),
        ] {
            assert_eq!(key_of(written), key);
        }
    }

    #[test]
    fn a_prefix_is_made_of_first_letters() {
        assert_eq!(prefix_of("Fly-tipping report"), "FTR");
        assert_eq!(prefix_of("Trees"), "FO");
    }
}
