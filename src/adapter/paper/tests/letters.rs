//! The words of all letters, compared with each other, and what is refused of them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::letters::SHIPPED_LETTERS;
use super::super::template::SHIPPED_PROFILES;
use super::*;
use crate::domain::mailer::SheetKind;

/// The languages that letters come in.
pub(super) const ALL_LANGUAGES: [&str; 12] = [
    "ar", "de", "en", "es", "fr", "he", "it", "ja", "nl", "pl", "pt", "sv",
];
const KINDS: [SheetKind; 3] = [SheetKind::Pin, SheetKind::Key, SheetKind::Receipt];

/// Every message of a file by its path, such as `steps_keep.0`.
fn messages(text: &str) -> BTreeMap<String, String> {
    fn collect(value: &toml::Value, path: &str, found: &mut BTreeMap<String, String>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    collect(value, &format!("{path}.{key}"), found);
                }
            }
            toml::Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    collect(value, &format!("{path}.{index}"), found);
                }
            }
            value => {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                found.insert(path.trim_start_matches('.').to_owned(), text);
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(&toml::Value::Table(text.parse().unwrap()), "", &mut found);
    found
}

fn shipped(kind: SheetKind, language: &str) -> BTreeMap<String, String> {
    let name = format!("letters/{}/{language}.toml", kind.word());
    let found = SHIPPED_LETTERS.iter().find(|(file, _)| *file == name);
    messages(found.unwrap_or_else(|| panic!("there is no {name}")).1)
}

/// The placeholders of a message.
fn placeholders(message: &str) -> BTreeSet<&str> {
    let begun = message.split('{').skip(1);
    begun.map(|rest| rest.split_once('}').unwrap().0).collect()
}

#[test]
fn every_language_has_every_message_with_the_same_placeholders() {
    assert_eq!(SHIPPED_LETTERS.len(), KINDS.len() * ALL_LANGUAGES.len());
    let templates = Templates::shipped().unwrap();
    for kind in KINDS {
        let known: Vec<&str> = templates.languages_of(kind).collect();
        assert_eq!(known, ALL_LANGUAGES, "{kind:?}");
        let english = shipped(kind, "en");
        for language in ALL_LANGUAGES {
            let letter = shipped(kind, language);
            let paths: Vec<&String> = letter.keys().collect();
            assert_eq!(
                paths,
                english.keys().collect::<Vec<_>>(),
                "{kind:?} {language}"
            );
            for (path, message) in &letter {
                let told = format!("{kind:?} {language} {path}");
                assert_eq!(
                    placeholders(message),
                    placeholders(&english[path]),
                    "{told}"
                );
                let is_gap = path == "between";
                assert!(is_gap || !message.trim().is_empty(), "{told} is empty");
                assert!(
                    is_gap || message.trim() == message,
                    "{told} has blanks around it"
                );
                assert!(!message.contains("  "), "{told} has two blanks");
            }
        }
    }
}

#[test]
fn no_english_is_left_in_another_language() {
    /// Words of English letters that none of the other languages has.
    const ENGLISH: [&str; 12] = [
        "the", "your", "you", "this", "with", "when", "please", "will", "number", "and", "report",
        "nobody",
    ];
    for kind in KINDS {
        let english = shipped(kind, "en");
        for language in ALL_LANGUAGES
            .into_iter()
            .filter(|language| *language != "en")
        {
            for (path, message) in shipped(kind, language) {
                let told = format!("{kind:?} {language} {path}: {message}");
                let lower = message.to_lowercase();
                let mut words = lower.split(|c: char| !c.is_alphabetic());
                assert!(!words.any(|word| ENGLISH.contains(&word)), "{told}");
                // Languages share short words; a sentence that is the same was forgotten.
                let is_sentence = message.split_whitespace().count() > 3;
                assert!(!is_sentence || message != english[&path], "{told}");
            }
        }
    }
}

#[test]
fn each_language_writes_as_it_is_written() {
    for kind in KINDS {
        for language in ALL_LANGUAGES {
            for (path, message) in shipped(kind, language) {
                let told = format!("{kind:?} {language} {path}: {message}");
                assert!(
                    !message.contains(['"', '\'']),
                    "typewriter's quotes in {told}"
                );
                assert!(!message.contains(" - "), "a hyphen for a dash in {told}");
                let quotes = match language {
                    "fr" | "es" | "it" | "pt" | "ar" => "“”„‘",
                    "de" => "”«»‘",
                    "pl" => "“«»‘",
                    "nl" | "en" => "„«»",
                    "sv" => "“„«»‘",
                    "he" => "“„«»‘",
                    _ => "“”„«»‘’",
                };
                assert!(
                    !message.contains(|c| quotes.contains(c)),
                    "foreign quotes in {told}"
                );
                if language == "fr" {
                    for sign in [';', ':', '?', '!', '»'] {
                        assert!(
                            !message.contains(&format!(" {sign}")),
                            "a blank that breaks in {told}"
                        );
                    }
                    assert!(!message.contains("« "), "a blank that breaks in {told}");
                }
                if language == "ar" {
                    assert!(
                        !message.contains([',', ';', '?']),
                        "Latin punctuation in {told}"
                    );
                }
                if language == "ja" && path != "between" {
                    assert!(!message.contains([',', '?']), "Latin punctuation in {told}");
                }
            }
        }
    }
}

#[test]
fn only_what_a_native_speaker_has_read_counts_as_reviewed() {
    let templates = Templates::shipped().unwrap();
    for kind in KINDS {
        for language in ALL_LANGUAGES {
            let expected = language == "en";
            assert_eq!(
                templates.is_reviewed(kind, language),
                Some(expected),
                "{kind:?} {language}"
            );
        }
        assert_eq!(templates.is_reviewed(kind, "tlh"), None);
    }
}

#[test]
fn whom_to_ask_stands_as_a_sentence_in_every_language() {
    for kind in KINDS {
        for language in ALL_LANGUAGES {
            let help = &shipped(kind, language)["page.help_default"];
            assert!(!help.starts_with(char::is_lowercase), "{language}: {help}");
        }
    }
}

/// What is said of the English letter of `kind` when `from` in it becomes `to`.
fn said_of_broken(kind: &str, from: &str, to: &str) -> String {
    let file = format!("letters/{kind}/en.toml");
    let found = SHIPPED_LETTERS.iter().find(|(name, _)| *name == file);
    let (_, text) = found.unwrap();
    assert!(text.contains(from), "{from}");
    let text = text.replace(from, to);
    let parsed = Templates::parse(&SHIPPED_PROFILES, &[(&file, &text)]);
    let said = parsed.err().unwrap_or_else(|| panic!("{to} was taken"));
    let said = said.to_string();
    assert!(said.contains(&file), "{said}");
    said
}

#[test]
fn a_placeholder_where_it_does_not_belong_is_refused() {
    for (kind, from, to, reason) in [
        ("pin", "Dear {name}", "Dear {pin}", "{pin} stands in a text"),
        ("key", "Dear {name}", "Dear {pin}", "{pin} stands in a text"),
        ("receipt", "{bag}", "{pin}", "{pin} stands in a text"),
        (
            "pin",
            "Dear {name}",
            "Dear {who}",
            "there is no placeholder {who}",
        ),
        ("pin", "Dear {name}", "Dear {name", "no closing brace"),
        (
            "pin",
            "Dear {name}",
            "Dear {year}",
            "`salutation` cannot use the placeholder {year}",
        ),
        (
            "pin",
            "{control}",
            "{bag}",
            "`opened` cannot use the placeholder {bag}",
        ),
        (
            "key",
            "{bag}",
            "{control}",
            "cannot use the placeholder {control}",
        ),
        (
            "pin",
            "{month}",
            "{name}",
            "`page.date` cannot use the placeholder {name}",
        ),
    ] {
        let said = said_of_broken(kind, from, to);
        assert!(said.contains(reason), "{reason} is not in: {said}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one of each, and no logic")]
fn a_broken_letter_is_refused_with_file_line_and_reason() {
    for (kind, from, to, reason) in [
        ("pin", "Dear {name}", "Dear {pin}", "line 3"),
        (
            "pin",
            "steps_heading",
            "steps_haeding",
            "unknown field `steps_haeding`",
        ),
        ("key", "care =", "", "is broken: line "),
        (
            "receipt",
            "signature = \"Signature\"",
            "",
            "missing field `signature`",
        ),
        (
            "receipt",
            "signature =",
            "pin = \"\"\nsignature =",
            "unknown field `pin`",
        ),
        ("pin", "reviewed = true", "", "missing field `reviewed`"),
        (
            "pin",
            "direction = \"ltr\"",
            "direction = \"up\"",
            "unknown variant `up`",
        ),
        ("pin", "z = \"Zulu\"", "", "[spelling] lacks the letter `z`"),
        ("pin", ", \"December\"]", "]", "invalid length 11"),
        (
            "pin",
            "\"zero\"",
            "\" \"",
            "`digits` has a word without a letter",
        ),
        (
            "pin",
            "\"zero\"",
            "\"7\"",
            "`digits` has a word without a letter",
        ),
        ("pin", "\"zero\"", "\"zero 7\"", "`digits` holds a digit"),
        (
            "pin",
            "\"zero\"",
            "\"One \"",
            "the word `one`, which stands for something else",
        ),
        (
            "pin",
            "\"Zulu\"",
            "\"Alfa\"",
            "which stands for something else",
        ),
        (
            "pin",
            "\"Zulu\"",
            "\"\"",
            "`[spelling]` has a word without a letter",
        ),
        (
            "pin",
            "capital {word}",
            "{word}",
            "`capital` says a word beside {word}",
        ),
        (
            "pin",
            "capital {word}",
            "capital",
            "`capital` says a word beside {word}",
        ),
        (
            "pin",
            "between = \" \"",
            "between = \"9\"",
            "`between` stands between",
        ),
        (
            "pin",
            "pin_label = \"Your PIN\"",
            "pin_label = \"\"",
            "`pin_label` is empty",
        ),
        (
            "pin",
            "\"Your PIN\"",
            "\"Your PIN 9999 8888\"",
            "`pin_label` holds a digit and stands beside the PIN",
        ),
        (
            "pin",
            "The gap is only",
            "9999 8888: the gap is only",
            "`pin_note` holds a digit",
        ),
        (
            "pin",
            "Keep the PIN",
            "٧ Keep the PIN",
            "`opening` holds a digit",
        ),
        ("pin", "\"January\"", "\"\"", "`page.months` is empty"),
        (
            "receipt",
            "signature = \"Signature\"",
            "signature = \"\"",
            "`signature` is empty",
        ),
    ] {
        let said = said_of_broken(kind, from, to);
        assert!(said.contains(reason), "{reason} is not in: {said}");
    }
    let strange = Templates::parse(&SHIPPED_PROFILES, &[("letters/pin/Deutsch 2.toml", "")]);
    let said = strange.err().unwrap().to_string();
    assert!(said.contains("is no language"), "{said}");
}

#[test]
fn an_unknown_language_is_refused_with_those_there_are_and_how_one_is_added() {
    let said = refusal(&mailer("tlh", "73094186"));
    assert!(
        said.contains("no pin letter in the language `tlh`; there are ar, de, en, es, fr, he, it, ja, nl, pl, pt, sv"),
        "{said}"
    );
    assert!(
        said.contains("as letters/pin/tlh.toml, and translate it"),
        "{said}"
    );
}

#[test]
fn a_language_is_added_by_a_file() {
    let home = tempfile::tempdir().unwrap();
    for kind in ["pin", "key"] {
        let folder = home.path().join("letters").join(kind);
        std::fs::create_dir_all(&folder).unwrap();
        let file = format!("letters/{kind}/en.toml");
        let text = SHIPPED_LETTERS
            .iter()
            .find(|(name, _)| *name == file)
            .unwrap()
            .1;
        let text = text
            .replace("Dear {name},", "Saluton, {name}!")
            .replace("reviewed = true", "reviewed = false");
        std::fs::write(folder.join("eo.toml"), text).unwrap();
    }
    let templates = Templates::load(home.path()).unwrap();
    assert_eq!(templates.languages().count(), ALL_LANGUAGES.len() + 1);
    assert_eq!(templates.is_reviewed(SheetKind::Key, "eo"), Some(false));
    assert_eq!(templates.is_reviewed(SheetKind::Receipt, "eo"), None);
    let composer = Composer::new(
        templates,
        Letterhead::of("Contoso Ltd"),
        Stationery::default(),
    );
    let pdf = composer.unwrap().render(&mailer("eo", "73094186")).unwrap();
    if let Some(text) = read_back(&pdf, &[]) {
        assert!(text.contains("Saluton, Zoë"), "{text}");
    }
}
