//! The sentences of the words files, for a person at a terminal.

use kerbside_core::form::{Fault, Localised, fault_key};
use serde_json::Value as Json;
use std::collections::BTreeMap;

const ENGLISH: &str = include_str!("../../../../schemas/words/en.json");
const WELSH: &str = include_str!("../../../../schemas/words/cy.json");

#[derive(Debug)]
pub struct Words {
    language: &'static str,
    sentences: BTreeMap<String, String>,
    english: BTreeMap<String, String>,
}

impl Words {
    /// In Welsh where the terminal asks for it.
    pub fn of_this_person() -> Self {
        let asked = ["KERBSIDE_LANG", "LC_ALL", "LANG"].iter().find_map(|name| std::env::var(name).ok());
        let is_welsh = asked.is_some_and(|language| language.starts_with("cy"));
        let (language, text) = if is_welsh { ("cy", WELSH) } else { ("en", ENGLISH) };
        Self { language, sentences: read(text), english: read(ENGLISH) }
    }

    /// A sentence with its places filled in. A key without a sentence shows as itself.
    pub fn say(&self, key: &str, places: &[(&str, &str)]) -> String {
        let sentence = self.sentences.get(key).or_else(|| self.english.get(key)).map_or(key, String::as_str);
        places
            .iter()
            .fold(sentence.to_owned(), |text, (place, value)| text.replace(&format!("{{{place}}}"), value))
    }

    pub fn local<'a>(&self, text: &'a Localised) -> &'a str {
        text.get(self.language)
    }

    pub fn fault(&self, fault: &Fault) -> String {
        if let Some(message) = &fault.message {
            return self.local(message).to_owned();
        }
        let thing = fault.thing.as_ref().map(|thing| self.local(thing).to_owned());
        let thing = thing.unwrap_or_else(|| fault.field.to_string());
        let start = self.capital(&thing);
        let max = fault.max.map(|max| max.to_string()).unwrap_or_default();
        let min = fault.min.map(|min| min.to_string()).unwrap_or_default();
        self.say(fault_key(fault), &[("thing", &thing), ("Thing", &start), ("max", &max), ("min", &min)])
    }

    fn capital(&self, text: &str) -> String {
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }
}

fn read(text: &str) -> BTreeMap<String, String> {
    let Ok(Json::Object(all)) = serde_json::from_str(text) else { return BTreeMap::new() };
    all.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kerbside_core::problem::Code;

    #[test]
    fn every_refusal_has_its_sentence_in_both_languages() {
        let (english, welsh) = (read(ENGLISH), read(WELSH));
        for code in Code::ALL {
            let key = format!("code.{}", code.name());
            assert!(english.contains_key(&key), "{key} is not in en.json");
            assert!(welsh.contains_key(&key), "{key} is not in cy.json");
        }
    }

    #[test]
    fn every_repair_has_its_sentence_in_both_languages() {
        for words in [read(ENGLISH), read(WELSH)] {
            for (_, name) in kerbside_device::RepairKind::ALL {
                assert!(words.contains_key(&format!("device.repair.{name}")), "{name}");
            }
        }
    }

    #[test]
    fn every_sentence_this_command_says_is_there() {
        let english = read(ENGLISH);
        for source in [include_str!("commands.rs"), include_str!("out.rs"), include_str!("mending.rs")] {
            for key in source.split('"').filter(|text| text.starts_with("cli.")) {
                assert!(english.contains_key(key), "{key} is not in en.json");
            }
        }
    }
}
