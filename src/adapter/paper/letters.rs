//! All letters by kind and language: the shipped ones, and those of the administrator over them. Never holds one that is
//! broken.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::letter::{KeyLetter, Letter, Page, Receipt};
use crate::domain::fault::Fault;
use crate::domain::mailer::SheetKind;

/// The letters of every kind, by language.
#[derive(Default)]
pub(super) struct Letters {
    pin: BTreeMap<String, Letter>,
    key: BTreeMap<String, KeyLetter>,
    receipt: BTreeMap<String, Receipt>,
}

impl Letters {
    /// Reads one letter, in the place of another of its kind and language. `file` is what errors call it, and its end says
    /// what it is: `letters/KIND/LANGUAGE.toml`.
    ///
    /// # Errors
    /// [`Fault::Mailer`], with file, line and reason.
    pub(super) fn add(&mut self, file: &str, text: &str) -> Result<(), Fault> {
        let mut parts = file.rsplit('/');
        let language = parts.next().unwrap_or(file).trim_end_matches(".toml");
        let folder = parts.next().unwrap_or("");
        if !is_language(language) {
            let reason = format!(
                "its name `{}` is no language; name it as `de.toml` or `pt-br.toml`",
                language.escape_default()
            );
            return Err(broken(file, &reason));
        }
        let language = language.to_owned();
        let kind = SheetKind::ALL
            .into_iter()
            .find(|kind| kind.word() == folder);
        match kind {
            Some(SheetKind::Pin) => {
                self.pin.insert(language, read(file, text, Letter::check)?);
            }
            Some(SheetKind::Key) => {
                self.key
                    .insert(language, read(file, text, KeyLetter::check)?);
            }
            Some(SheetKind::Receipt) => {
                self.receipt
                    .insert(language, read(file, text, Receipt::check)?);
            }
            // A label has the words of the key's letter.
            Some(SheetKind::Label) | None => {
                return Err(broken(file, &"letters are those of pin, key and receipt"));
            }
        }
        Ok(())
    }

    /// The PIN letter in `language`.
    ///
    /// # Errors
    /// [`Fault::Mailer`], with the languages there are and how one is added.
    pub(super) fn pin(&self, language: &str) -> Result<&Letter, Fault> {
        let letter = self.pin.get(language);
        letter.ok_or_else(|| self.unknown(SheetKind::Pin, language))
    }

    /// The letter for a key's bag, as [`Letters::pin`].
    pub(super) fn key(&self, language: &str) -> Result<&KeyLetter, Fault> {
        let letter = self.key.get(language);
        letter.ok_or_else(|| self.unknown(SheetKind::Key, language))
    }

    /// The receipt, as [`Letters::pin`].
    pub(super) fn receipt(&self, language: &str) -> Result<&Receipt, Fault> {
        let letter = self.receipt.get(language);
        letter.ok_or_else(|| self.unknown(SheetKind::Receipt, language))
    }

    /// Every PIN letter with its language.
    pub(super) fn pins(&self) -> impl Iterator<Item = (&str, &Letter)> {
        let all = self.pin.iter();
        all.map(|(language, letter)| (language.as_str(), letter))
    }

    /// The languages that there are words for on a sheet of `kind`.
    pub(super) fn languages(&self, kind: SheetKind) -> Box<dyn Iterator<Item = &str> + '_> {
        match kind {
            SheetKind::Pin => Box::new(self.pin.keys().map(String::as_str)),
            SheetKind::Key | SheetKind::Label => Box::new(self.key.keys().map(String::as_str)),
            SheetKind::Receipt => Box::new(self.receipt.keys().map(String::as_str)),
        }
    }

    /// What a letter's language needs; `None` when there is no such letter.
    pub(super) fn page(&self, kind: SheetKind, language: &str) -> Option<&Page> {
        match kind {
            SheetKind::Pin => self.pin.get(language).map(|letter| &letter.page),
            SheetKind::Key | SheetKind::Label => self.key.get(language).map(|letter| &letter.page),
            SheetKind::Receipt => self.receipt.get(language).map(|letter| &letter.page),
        }
    }

    fn unknown(&self, kind: SheetKind, language: &str) -> Fault {
        let known: Vec<&str> = self.languages(kind).collect();
        let folder = match kind {
            SheetKind::Pin | SheetKind::Key | SheetKind::Receipt => kind.word(),
            SheetKind::Label => SheetKind::Key.word(),
        };
        let language = language.escape_default();
        Fault::Mailer {
            what: format!(
                "there is no {folder} letter in the language `{language}`; there are {}. To add one, copy \
                 letters/{folder}/en.toml into the folder that `paper.templates` names, as letters/{folder}/{language}.toml, \
                 and translate it",
                known.join(", ")
            ),
        }
    }
}

/// Small letters in parts joined by hyphens, such as `de` or `pt-br` (BCP 47, in small letters as job files are read).
fn is_language(name: &str) -> bool {
    let is_part = |part: &str| {
        (2..=8).contains(&part.len())
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.split('-').all(is_part)
}

/// Reads a letter and looks it over.
fn read<T: DeserializeOwned>(
    file: &str,
    text: &str,
    check: fn(&T) -> Result<(), String>,
) -> Result<T, Fault> {
    let letter: T =
        toml::from_str(text).map_err(|error| broken(file, &in_one_line(text, &error)))?;
    check(&letter).map_err(|reason| broken(file, &reason))?;
    Ok(letter)
}

/// A fault of the file that errors call `file`.
pub(super) fn broken(file: &str, reason: &impl ToString) -> Fault {
    Fault::Mailer {
        what: format!("the template {file} is broken: {}", reason.to_string()),
    }
}

/// A mistake in a TOML text, with its place: the parser's own words take several lines, which no table and no journal shows.
pub(super) fn in_one_line(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message;
    };
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}: {message}")
}

macro_rules! shipped {
    ($($kind:literal: $($language:literal)*;)*) => {
        &[$($(
            (
                concat!("letters/", $kind, "/", $language, ".toml"),
                include_str!(concat!(
                    "../../../templates/mailer/letters/", $kind, "/", $language, ".toml"
                )),
            ),
        )*)*]
    };
}

/// File and text of the letters that come with keyline.
pub(super) const SHIPPED_LETTERS: &[(&str, &str)] = shipped! {
    "pin": "ar" "de" "en" "es" "fr" "he" "it" "ja" "nl" "pl" "pt" "sv";
    "key": "ar" "de" "en" "es" "fr" "he" "it" "ja" "nl" "pl" "pt" "sv";
    "receipt": "ar" "de" "en" "es" "fr" "he" "it" "ja" "nl" "pl" "pt" "sv";
};
