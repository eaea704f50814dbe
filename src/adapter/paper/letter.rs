//! The words of a letter in one language, read from data. A missing or unknown message is an error, and so is a placeholder
//! where it does not belong. Never holds a PIN: there is no placeholder for it.
//!
//! # Why
//! Each kind of letter has its own type, so that the reader of the file alone says which messages there are. What every kind
//! needs of a language (dates, direction, whom to ask) is one table, [`Page`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::words::{Field, Words};

/// Where the lines of a page begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum PageDirection {
    #[serde(rename = "ltr")]
    LeftToRight,
    #[serde(rename = "rtl")]
    RightToLeft,
}

/// What every letter in one language needs beside its messages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Whether a native speaker has read the letter and found it right.
    pub(super) reviewed: bool,
    pub(super) direction: PageDirection,
    pub(super) date: Words,
    pub(super) months: [String; 12],
    pub(super) help_default: String,
}

/// The words of the PIN letter in one language. Every language has every message: a missing or unknown one is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    pub(super) page: Page,
    pub(super) subject: Words,
    pub(super) salutation: Words,
    pub(super) opening: Vec<Words>,
    pub(super) opening_keep: Words,
    pub(super) opening_change: Words,
    pub(super) pin_label: Words,
    pub(super) pin_label_change: Words,
    pub(super) pin_note: Words,
    pub(super) pin_note_letters: Words,
    pub(super) steps_heading: Words,
    pub(super) steps_keep: [Words; 3],
    pub(super) steps_change: [Words; 3],
    pub(super) change_heading: Words,
    pub(super) change: Words,
    pub(super) opened_heading: Words,
    pub(super) opened: Words,
    pub(super) help: Words,
    pub(super) info: InfoLabels,
    /// The digits from zero to nine.
    pub(super) digits: [String; 10],
    /// How a large letter is announced.
    pub(super) capital: Words,
    /// Stands between the spelled characters.
    pub(super) between: String,
    pub(super) spelling: BTreeMap<char, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InfoLabels {
    pub(super) date: String,
    pub(super) envelope: String,
    pub(super) control: String,
    pub(super) batch: String,
    pub(super) key: String,
    pub(super) serial: String,
}

/// The words of the letter in the bag of a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyLetter {
    pub(super) page: Page,
    pub(super) subject: Words,
    pub(super) salutation: Words,
    pub(super) opening: Vec<Words>,
    pub(super) steps_heading: Words,
    pub(super) steps: [Words; 3],
    pub(super) care_heading: Words,
    pub(super) care: Words,
    pub(super) opened_heading: Words,
    pub(super) opened: Words,
    pub(super) help: Words,
    pub(super) info: CompanionLabels,
}

/// The words of the slip that comes back signed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    pub(super) page: Page,
    pub(super) subject: Words,
    pub(super) opening: Words,
    /// What the person signs for.
    pub(super) statement: [Words; 3],
    /// Stand under lines for a pen.
    pub(super) received_on: String,
    pub(super) signature: String,
    pub(super) return_to: Words,
    pub(super) info: CompanionLabels,
}

/// The labels of what goes with a key: also those of the slip on its bag.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompanionLabels {
    pub(super) name: String,
    pub(super) date: String,
    pub(super) bag: String,
    pub(super) batch: String,
    pub(super) key: String,
    pub(super) serial: String,
}

impl Page {
    /// The day in the letter's words, digits as Europe writes them.
    pub(super) fn date_of(&self, date: jiff::civil::Date) -> String {
        let (day, year) = (date.day().to_string(), date.year().to_string());
        let month = usize::try_from(date.month() - 1)
            .ok()
            .and_then(|index| self.months.get(index))
            .map_or("", String::as_str);
        self.date.fill(|field| match field {
            Field::Day => &day,
            Field::Month => month,
            Field::Year => &year,
            // Refused when the template was read.
            Field::Name
            | Field::Key
            | Field::SignIn
            | Field::Help
            | Field::Control
            | Field::Envelope
            | Field::Bag
            | Field::Word => "",
        })
    }

    fn check(&self) -> Result<(), String> {
        let date = [Field::Day, Field::Month, Field::Year];
        self.date.uses_only("page.date", &date)?;
        let months = self.months.iter().map(|month| ("page.months", month));
        said(months.chain([("page.help_default", &self.help_default)]))
    }
}

impl Letter {
    pub(super) fn check(&self) -> Result<(), String> {
        self.page.check()?;
        if let Some(letter) = ('a'..='z').find(|letter| !self.spelling.contains_key(letter)) {
            return Err(format!("[spelling] lacks the letter `{letter}`"));
        }
        self.check_spelling()?;
        let singles = [
            ("subject", &self.subject),
            ("salutation", &self.salutation),
            ("opening_keep", &self.opening_keep),
            ("opening_change", &self.opening_change),
            ("pin_label", &self.pin_label),
            ("pin_label_change", &self.pin_label_change),
            ("pin_note", &self.pin_note),
            ("pin_note_letters", &self.pin_note_letters),
            ("steps_heading", &self.steps_heading),
            ("change_heading", &self.change_heading),
            ("change", &self.change),
            ("opened_heading", &self.opened_heading),
            ("opened", &self.opened),
            ("help", &self.help),
        ];
        singles
            .into_iter()
            .chain(named("opening", &self.opening))
            .chain(named("steps_keep", &self.steps_keep))
            .chain(named("steps_change", &self.steps_change))
            .try_for_each(|(message, words)| words.uses_only(message, &PIN_LETTER_FIELDS))?;
        let InfoLabels {
            date,
            envelope,
            control,
            batch,
            key,
            serial,
        } = &self.info;
        said([
            ("info.date", date),
            ("info.envelope", envelope),
            ("info.control", control),
            ("info.batch", batch),
            ("info.key", key),
            ("info.serial", serial),
        ])
    }

    /// Each digit and letter of a PIN has a word of its own, which is read as no other and holds no digit itself.
    fn check_spelling(&self) -> Result<(), String> {
        let capital = &self.capital;
        capital.uses_only("capital", &[Field::Word])?;
        if !capital.uses(Field::Word) || !has_letter(&capital.fixed()) {
            return Err(
                "`capital` says a word beside {word}, such as \"capital {word}\"".to_owned(),
            );
        }
        no_digit("capital", &capital.fixed())?;
        if self.between.chars().any(char::is_alphanumeric) || self.between.is_empty() {
            return Err(
                "`between` stands between two words of the PIN; use a blank or a comma".to_owned(),
            );
        }
        let digits = self.digits.iter().map(|word| ("digits", word));
        let letters = self.spelling.values().map(|word| ("[spelling]", word));
        let mut known = BTreeSet::new();
        for (message, word) in digits.chain(letters) {
            if !has_letter(word) {
                return Err(format!("`{message}` has a word without a letter in it"));
            }
            no_digit(message, word)?;
            if !known.insert(word.trim().to_lowercase()) {
                return Err(format!(
                    "`{message}` has the word `{}`, which stands for something else already",
                    word.escape_debug()
                ));
            }
        }
        Ok(())
    }
}

fn has_letter(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// What stands beside the PIN holds no digit that could be taken for one of it.
pub(super) fn no_digit(message: &str, text: &str) -> Result<(), String> {
    if text.chars().any(char::is_numeric) {
        return Err(format!(
            "`{message}` holds a digit and stands beside the PIN, where it could be taken for a part of it; write it in words"
        ));
    }
    Ok(())
}

/// Refuses a label that says nothing.
fn said<'a>(labels: impl IntoIterator<Item = (&'a str, &'a String)>) -> Result<(), String> {
    let mut labels = labels.into_iter();
    match labels.find(|(_, text)| text.trim().is_empty()) {
        Some((label, _)) => Err(format!("`{label}` is empty")),
        None => Ok(()),
    }
}

impl CompanionLabels {
    fn check(&self) -> Result<(), String> {
        said([
            ("info.name", &self.name),
            ("info.date", &self.date),
            ("info.bag", &self.bag),
            ("info.batch", &self.batch),
            ("info.key", &self.key),
            ("info.serial", &self.serial),
        ])
    }
}

/// What the PIN letter may leave open; a profile says in addition what may not stand beside the PIN.
const PIN_LETTER_FIELDS: [Field; 6] = [
    Field::Name,
    Field::Key,
    Field::SignIn,
    Field::Help,
    Field::Control,
    Field::Envelope,
];

/// What the papers beside a key may leave open.
const COMPANION_FIELDS: [Field; 5] = [
    Field::Name,
    Field::Key,
    Field::SignIn,
    Field::Help,
    Field::Bag,
];

impl KeyLetter {
    pub(super) fn check(&self) -> Result<(), String> {
        self.page.check()?;
        self.info.check()?;
        let singles = [
            ("subject", &self.subject),
            ("salutation", &self.salutation),
            ("steps_heading", &self.steps_heading),
            ("care_heading", &self.care_heading),
            ("care", &self.care),
            ("opened_heading", &self.opened_heading),
            ("opened", &self.opened),
            ("help", &self.help),
        ];
        singles
            .into_iter()
            .chain(named("opening", &self.opening))
            .chain(named("steps", &self.steps))
            .try_for_each(|(message, words)| words.uses_only(message, &COMPANION_FIELDS))
    }
}

impl Receipt {
    pub(super) fn check(&self) -> Result<(), String> {
        self.page.check()?;
        self.info.check()?;
        said([
            ("received_on", &self.received_on),
            ("signature", &self.signature),
        ])?;
        let singles = [
            ("subject", &self.subject),
            ("opening", &self.opening),
            ("return_to", &self.return_to),
        ];
        singles
            .into_iter()
            .chain(named("statement", &self.statement))
            .try_for_each(|(message, words)| words.uses_only(message, &COMPANION_FIELDS))
    }
}

fn named<'a>(
    message: &'a str,
    list: &'a [Words],
) -> impl Iterator<Item = (&'a str, &'a Words)> + 'a {
    list.iter().map(move |words| (message, words))
}
