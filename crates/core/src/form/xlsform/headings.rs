//! What a heading means: XLSForm's own columns with the other spellings in use, ours, and the languages.

/// The two languages a form has words in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Language {
    En,
    Cy,
}

/// What stands below a heading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meaning {
    Field(&'static str, Language),
    /// A column of choices that a `choice_filter` may read.
    Extra,
    /// Known, and of no use here.
    NotKept,
    OtherLanguage(String),
    /// With the heading it was probably meant to be.
    Unknown(Option<String>),
}

/// One column: its name here, other spellings, and whether it has words in two languages.
pub struct Field {
    pub name: &'static str,
    aliases: &'static [&'static str],
    translated: bool,
}

/// The columns a sheet may have.
pub struct Vocabulary {
    pub fields: &'static [Field],
    /// Exact headings, or beginnings where they end in `::` or `_`.
    not_kept: &'static [&'static str],
    /// Whether any other column may stand there.
    open: bool,
}

const fn plain(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field { name, aliases, translated: false }
}

const fn words(name: &'static str, aliases: &'static [&'static str]) -> Field {
    Field { name, aliases, translated: true }
}

pub static SURVEY: Vocabulary = Vocabulary {
    fields: &[
        plain("type", &["command"]),
        plain("name", &["tag"]),
        words("label", &["caption"]),
        words("hint", &[]),
        words("guidance_hint", &[]),
        words("thing", &[]),
        plain("required", &["bind::required"]),
        words("required_message", &["requiredMsg", "required_msg", "bind::jr:requiredMsg"]),
        plain("relevant", &["relevance", "bind::relevant"]),
        plain("constraint", &["bind::constraint"]),
        words(
            "constraint_message",
            &["constraint-msg", "constraint_msg", "constraining message", "bind::jr:constraintMsg"],
        ),
        plain("choice_filter", &[]),
        plain("calculation", &["calculate", "bind::calculate"]),
        plain("trigger", &[]),
        plain("default", &[]),
        plain("read_only", &["readonly", "bind::readonly"]),
        plain("repeat_count", &["count", "jr:count", "control::jr:count"]),
        plain("appearance", &["control::appearance", "body::appearance"]),
        plain("parameters", &[]),
        plain("own_parameters", &[]),
        words("image", &["media::image"]),
        words("audio", &["media::audio"]),
        words("video", &["media::video"]),
        plain("save_to", &[]),
        plain("call", &[]),
        plain("merge", &[]),
        plain("once", &[]),
        plain("pii", &[]),
        plain("max", &[]),
        plain("office", &[]),
        plain("disabled", &[]),
    ],
    not_kept: &[
        "bind::",
        "body::",
        "control::",
        "instance::",
        "media::",
        "sms_",
        "big-image",
        "big-image::",
        "autoplay",
        "rows",
        "intent",
        "noAppErrorString",
        "no_app_error_string",
        "note",
        "notes",
        "comment",
        "comments",
    ],
    open: false,
};

pub static CHOICES: Vocabulary = Vocabulary {
    fields: &[
        plain("list_name", &["list name"]),
        plain("name", &["value"]),
        words("label", &["caption"]),
        words("image", &["media::image"]),
        words("audio", &["media::audio"]),
        words("video", &["media::video"]),
    ],
    not_kept: &["media::", "big-image", "big-image::"],
    open: true,
};

pub static SETTINGS: Vocabulary = Vocabulary {
    fields: &[
        words("form_title", &["title", "set form title"]),
        plain("form_title_cy", &[]),
        plain("form_id", &["id_string", "set form id"]),
        plain("version", &[]),
        plain("version_text", &[]),
        plain("instance_name", &[]),
        plain("default_language", &[]),
        plain("service", &[]),
        plain("ref_prefix", &[]),
        plain("lgsl", &[]),
        plain("nearby_m", &[]),
        plain("public_key", &[]),
        plain("submission_url", &[]),
        plain("auto_send", &[]),
        plain("auto_delete", &[]),
        plain("style", &[]),
        plain("client_editable", &[]),
        plain("allow_choice_duplicates", &[]),
        plain("name", &[]),
        plain("namespaces", &[]),
        plain("instance_xmlns", &[]),
        plain("omit_instanceID", &[]),
        plain("clean_text_values", &[]),
    ],
    not_kept: &["attribute::", "sms_", "prefix", "delimiter"],
    open: false,
};

pub static ENTITIES: Vocabulary = Vocabulary {
    fields: &[
        plain("list_name", &["dataset"]),
        plain("label", &[]),
        plain("entity_id", &[]),
        plain("create_if", &[]),
        plain("update_if", &[]),
        plain("repeat", &[]),
    ],
    not_kept: &[],
    open: false,
};

impl Vocabulary {
    /// What a heading means, where headings without a language are in this one.
    pub fn meaning(&self, heading: &str, usual: Language) -> Meaning {
        for field in self.fields {
            for spelling in std::iter::once(&field.name).chain(field.aliases) {
                match heading.strip_prefix(spelling) {
                    Some("") => return Meaning::Field(field.name, usual),
                    Some(rest) if field.translated => {
                        if let Some(language) = rest.strip_prefix("::") {
                            return spoken(language).map_or_else(
                                || Meaning::OtherLanguage(language.to_owned()),
                                |language| Meaning::Field(field.name, language),
                            );
                        }
                    }
                    Some(_) | None => {}
                }
            }
        }
        let known = |each: &&str| {
            *each == heading || (each.ends_with("::") || each.ends_with('_')) && heading.starts_with(*each)
        };
        if self.not_kept.iter().any(known) {
            return Meaning::NotKept;
        }
        match self.nearest(heading) {
            None if self.open => Meaning::Extra,
            // Only capitals and spaces make a slip where any other column may stand.
            Some((_, distance)) if self.open && 0 < distance => Meaning::Extra,
            nearest => Meaning::Unknown(nearest.map(|(name, _)| name)),
        }
    }

    /// The known heading that this one is probably a slip of, and by how many letters.
    fn nearest(&self, heading: &str) -> Option<(String, usize)> {
        let (base, language) = match heading.split_once("::") {
            Some((base, language)) => (base, format!("::{}", language.trim())),
            None => (heading, String::new()),
        };
        let plain = simple(base);
        let spellings =
            self.fields.iter().flat_map(|field| std::iter::once(&field.name).chain(field.aliases));
        let ranked = spellings.map(|spelling| (distance(&plain, &simple(spelling)), spelling));
        let (distance, spelling) = ranked.min()?;
        let near = distance == 0 || distance <= 2 && 5 <= plain.len() && distance * 3 <= plain.len();
        near.then(|| (format!("{spelling}{language}"), distance))
    }
}

fn simple(heading: &str) -> String {
    heading.trim().to_lowercase().replace([' ', '-'], "_")
}

/// The language a heading names: `Cymraeg (cy)`, `Welsh`, `cy`.
pub fn spoken(name: &str) -> Option<Language> {
    let name = name.trim().to_lowercase();
    let code = name.rsplit_once('(').map_or(name.as_str(), |(_, code)| code.trim_end_matches(')').trim());
    match code.split(['-', '_']).next().unwrap_or_default() {
        "en" | "english" | "default" => Some(Language::En),
        "cy" | "cymraeg" | "welsh" => Some(Language::Cy),
        _ => None,
    }
}

/// Levenshtein's: how many letters to put in, take out or change.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in (1..).zip(left.chars()) {
        let mut line = vec![row];
        for (at, other) in right.iter().enumerate() {
            let diagonal = above.get(at).copied().unwrap_or(row) + usize::from(letter != *other);
            let up = above.get(at + 1).copied().unwrap_or(row) + 1;
            let before = line.last().copied().unwrap_or(row) + 1;
            line.push(diagonal.min(up).min(before));
        }
        above = line;
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_in_use_is_known() {
        for (heading, name) in [
            ("readonly", "read_only"),
            ("calculate", "calculation"),
            ("relevance", "relevant"),
            ("constraint-msg", "constraint_message"),
            ("bind::relevant", "relevant"),
            ("media::image", "image"),
        ] {
            assert_eq!(
                SURVEY.meaning(heading, Language::En),
                Meaning::Field(name, Language::En),
                "{heading}"
            );
        }
        assert_eq!(CHOICES.meaning("list name", Language::En), Meaning::Field("list_name", Language::En));
    }

    #[test]
    fn a_heading_says_its_language() {
        for heading in ["label::Cymraeg (cy)", "label::Welsh", "label::cy", "label::Cymraeg(cy)"] {
            assert_eq!(
                SURVEY.meaning(heading, Language::En),
                Meaning::Field("label", Language::Cy),
                "{heading}"
            );
        }
        assert_eq!(SURVEY.meaning("label", Language::Cy), Meaning::Field("label", Language::Cy));
        assert_eq!(
            SURVEY.meaning("media::image::English (en-GB)", Language::Cy),
            Meaning::Field("image", Language::En)
        );
        assert_eq!(
            SURVEY.meaning("hint::Polski (pl)", Language::En),
            Meaning::OtherLanguage("Polski (pl)".into())
        );
    }

    #[test]
    fn a_slip_is_told_what_it_was_probably_meant_to_be() {
        for (heading, meant) in [
            ("Label", Some("label")),
            ("Constraint Message", Some("constraint_message")),
            ("relevent", Some("relevant")),
            ("Label::Cymraeg (cy)", Some("label::Cymraeg (cy)")),
            ("colour", None),
        ] {
            let meaning = SURVEY.meaning(heading, Language::En);
            assert_eq!(meaning, Meaning::Unknown(meant.map(str::to_owned)), "{heading}");
        }
        assert_eq!(CHOICES.meaning("labels", Language::En), Meaning::Extra);
        assert_eq!(CHOICES.meaning("Name", Language::En), Meaning::Unknown(Some("name".into())));
    }
}
