//! Every language has the same keys with the same placeholders, and every key that a page or the code names has a text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

#[test]
fn every_language_has_every_word_and_every_placeholder() {
    let [english, german] = ["en", "de"].map(|language| &BOOK[language].texts);
    let keys = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(english), keys(german));
    assert!(english.len() > 40, "only {} words", english.len());
    for (key, text) in english {
        assert_eq!(placeholders(text), placeholders(&german[key]), "{key}");
        assert!(
            !text.trim().is_empty() && !german[key].trim().is_empty(),
            "{key}"
        );
    }
}

#[test]
fn every_key_that_a_page_names_has_a_text() {
    let english = &BOOK[FALLBACK].texts;
    let sections: BTreeSet<&str> = english
        .keys()
        .filter_map(|key| key.split('.').next())
        .collect();
    let mut seen = BTreeSet::new();
    for file in files() {
        let text = fs::read_to_string(&file).expect("a file");
        // Every second part stands between quotation marks, or between two that do; a key is one either way.
        for word in text.split('"').filter(|word| is_key(word, &sections)) {
            let plural = ["one", "other"].map(|form| format!("{word}.{form}"));
            let known =
                english.contains_key(word) || plural.iter().all(|form| english.contains_key(form));
            assert!(known, "{}: {word}", file.display());
            seen.insert(word.to_owned());
        }
    }
    assert!(seen.len() > 40, "only {} keys were found", seen.len());
}

/// `section.word`, and no file's name.
fn is_key(word: &str, sections: &BTreeSet<&str>) -> bool {
    let (first, rest) = word.split_once('.').unwrap_or((word, ""));
    let file = ["html", "css", "js", "svg", "toml"].contains(&rest);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c);
    sections.contains(first) && !rest.is_empty() && rest.chars().all(plain) && !file
}

#[test]
fn a_browser_gets_the_best_of_its_wishes() {
    let accepted = |header: &str| Words::accepted(header).map(Words::language);
    assert_eq!(
        accepted("fr-FR, fr;q=0.9, de-AT;q=0.8, en;q=0.7"),
        Some("de")
    );
    assert_eq!(accepted("en;q=0.5,de"), Some("de"));
    assert_eq!(accepted("de;q=0, en;q=0.1"), Some("en"));
    assert_eq!(accepted("fr, *;q=0.5"), None);
    assert_eq!(accepted(""), None);
    // A weight that is none is no wish.
    for weight in ["2", "1.001", "0.1234", "-1", "1e0", "NaN", ".5", ""] {
        assert_eq!(accepted(&format!("de;q={weight}")), None, "{weight}");
    }
}

#[test]
fn nobody_is_read_a_whole_library_of_wishes() {
    let accepted = |header: &str| Words::accepted(header).map(Words::language);
    assert_eq!(
        accepted(&format!("{}de", "fr,".repeat(WISHES_MAX - 1))),
        Some("de")
    );
    assert_eq!(accepted(&format!("{}de", "fr,".repeat(WISHES_MAX))), None);
}

#[test]
fn placeholders_are_filled_once() {
    let words = Words::get("en");
    assert_eq!(words.language(), "en");
    let told = words.fill("lock.about", &[("name", "{name} and {other}")]);
    assert!(
        told.starts_with("{name} and {other} is signed in"),
        "{told}"
    );
    assert!(words.count("sign_in.wait", 1).ends_with("1 second."));
    assert!(words.count("sign_in.wait", 2).ends_with("2 seconds."));
    assert_eq!(words.say("no.such.key"), "no.such.key");
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .collect()
}

/// Every template and every file of the console's code but its tests.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![
        PathBuf::from("templates/console"),
        PathBuf::from("src/face/console"),
    ];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let is = |ending: &str| path.extension().is_some_and(|known| known == ending);
            if path.is_dir() {
                folders.push(path);
            } else if (is("html") || is("rs"))
                && path.file_name() != Path::new("tests.rs").file_name()
            {
                files.push(path);
            }
        }
    }
    files
}
