//! Profiles and letters as data: read, checked and closed. A template that names a box outside the paper, puts the PIN where
//! a window or an outer panel can show it, or uses a placeholder that does not exist never becomes a value.

use std::collections::BTreeMap;

use super::letter::Letter;
use super::profile::Profile;
use crate::domain::fault::Fault;

/// One layout and the letters of all languages.
pub struct Templates {
    pub(super) profile: Profile,
    pub(super) letters: BTreeMap<String, Letter>,
}

impl Templates {
    /// What comes with keyline: profile `din5008b`; letters in de, en, es, fr.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when one of them is broken, with file, line and reason.
    pub fn shipped() -> Result<Self, Fault> {
        Self::parse(
            (
                "profiles/din5008b.toml",
                include_str!("../../../templates/mailer/profiles/din5008b.toml"),
            ),
            &SHIPPED_LETTERS,
        )
    }

    /// Reads one profile and some letters, each with the name that an error shows. A letter's language is its file's name.
    ///
    /// # Errors
    /// [`Fault::Mailer`], with file, line and reason.
    pub fn parse(profile: (&str, &str), letters: &[(&str, &str)]) -> Result<Self, Fault> {
        let (file, text) = profile;
        let profile: Profile = toml::from_str(text).map_err(|error| broken(file, &error))?;
        profile
            .check()
            .map_err(|reason| broken(&format!("{file} (profile `{}`)", profile.name), &reason))?;
        let mut all = BTreeMap::new();
        for (file, text) in letters {
            let letter: Letter = toml::from_str(text).map_err(|error| broken(file, &error))?;
            letter.check().map_err(|reason| broken(file, &reason))?;
            let stem = file.rsplit('/').next().unwrap_or(file);
            all.insert(stem.trim_end_matches(".toml").to_owned(), letter);
        }
        Ok(Self {
            profile,
            letters: all,
        })
    }

    /// The languages that there are letters for.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.letters.keys().map(String::as_str)
    }
}

pub(super) const SHIPPED_LETTERS: [(&str, &str); 4] = [
    (
        "letters/pin/de.toml",
        include_str!("../../../templates/mailer/letters/pin/de.toml"),
    ),
    (
        "letters/pin/en.toml",
        include_str!("../../../templates/mailer/letters/pin/en.toml"),
    ),
    (
        "letters/pin/es.toml",
        include_str!("../../../templates/mailer/letters/pin/es.toml"),
    ),
    (
        "letters/pin/fr.toml",
        include_str!("../../../templates/mailer/letters/pin/fr.toml"),
    ),
];

fn broken(file: &str, reason: &impl ToString) -> Fault {
    Fault::Mailer {
        what: format!("the template {file} is broken: {}", reason.to_string()),
    }
}
