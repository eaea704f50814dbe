//! Profiles and letters as data: read, checked and closed. A template that names a box outside the paper, puts the PIN where
//! a window or an outer panel can show it, or uses a placeholder that does not exist never becomes a value.

use std::collections::BTreeMap;
use std::path::Path;

use super::letters::{Letters, broken};
use super::profile::Profile;
use crate::domain::fault::Fault;
use crate::domain::mailer::SheetKind;

mod folder;

pub(super) use super::letters::SHIPPED_LETTERS;

/// All layouts, and the letters of all languages.
pub struct Templates {
    pub(super) profiles: BTreeMap<String, Profile>,
    pub(super) letters: Letters,
}

impl Templates {
    /// The profile that is taken where none is named.
    pub const PROFILE: &str = "din5008b";

    /// What comes with keyline.
    ///
    /// # Errors
    /// [`Fault::Mailer`] when one of them is broken, with file, line and reason.
    pub fn shipped() -> Result<Self, Fault> {
        Self::parse(&SHIPPED_PROFILES, SHIPPED_LETTERS)
    }

    /// What comes with keyline, and over it the files of `folder`: `profiles/NAME.toml` and `letters/KIND/LANGUAGE.toml`. A
    /// file with the name of a shipped one takes its place.
    ///
    /// # Errors
    /// [`Fault::Mailer`], with file, line and reason: a folder that cannot be read or holds nothing of the kind, a file that
    /// is too large, no text, or breaks a rule.
    pub fn load(folder: &Path) -> Result<Self, Fault> {
        let mut templates = Self::shipped()?;
        for found in folder::read(folder)? {
            templates.add(&found.file, &found.text, &found.folder)?;
        }
        templates.agree()?;
        Ok(templates)
    }

    /// Reads profiles and letters, each with the name that an error shows: `profiles/NAME.toml`, `letters/KIND/LANGUAGE.toml`.
    ///
    /// # Errors
    /// [`Fault::Mailer`], with file, line and reason.
    pub fn parse(profiles: &[(&str, &str)], letters: &[(&str, &str)]) -> Result<Self, Fault> {
        let mut templates = Self {
            profiles: BTreeMap::new(),
            letters: Letters::default(),
        };
        for (file, text) in profiles.iter().chain(letters) {
            templates.add(file, text, Path::new(""))?;
        }
        templates.agree()?;
        Ok(templates)
    }

    /// Looks over one file of the administrator's, beside the shipped ones: a profile, or the letter of a kind. Its name says the
    /// profile's name or the letter's language, and where it is, where a profile's logo and fonts are.
    ///
    /// # Errors
    /// [`Fault::Mailer`], with file, line and reason.
    pub fn try_out(kind: Option<SheetKind>, file: &Path, text: &str) -> Result<(), Fault> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let beside = file.parent().unwrap_or(Path::new(""));
        let folder = kind.map_or_else(
            || "profiles".to_owned(),
            |kind| format!("letters/{}", kind.word()),
        );
        let mut templates = Self::shipped()?;
        templates.add(&format!("{folder}/{name}"), text, beside)?;
        templates.agree()
    }

    /// The languages that there are PIN letters for.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages_of(SheetKind::Pin)
    }

    /// The languages that there are words for on a sheet of `kind`.
    pub fn languages_of(&self, kind: SheetKind) -> impl Iterator<Item = &str> {
        self.letters.languages(kind)
    }

    /// Whether a native speaker has read the words of a sheet of `kind` in `language`; `None` when there are none.
    pub fn is_reviewed(&self, kind: SheetKind, language: &str) -> Option<bool> {
        let page = self.letters.page(kind, language);
        page.map(|page| page.reviewed)
    }

    /// The names of the profiles, and the sheets that each can lay out.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &[SheetKind])> {
        let all = self.profiles.iter();
        all.map(|(name, profile)| (name.as_str(), profile.kinds.as_slice()))
    }

    pub(super) fn profile(&self, name: &str) -> Result<&Profile, Fault> {
        self.profiles.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            Fault::Mailer {
                what: format!(
                    "there is no profile `{}`; there are {}",
                    name.escape_default(),
                    known.join(", ")
                ),
            }
        })
    }

    /// `beside`: where the file is.
    fn add(&mut self, file: &str, text: &str, beside: &Path) -> Result<(), Fault> {
        let stem = file.rsplit('/').next().unwrap_or(file);
        let stem = stem.trim_end_matches(".toml").to_owned();
        if file.contains("profiles/") {
            let profile = Profile::parse(text).map_err(|reason| broken(file, &reason))?;
            if profile.name != stem {
                let reason = format!(
                    "its `name` is \"{}\"; it is the file's name without .toml: \"{stem}\"",
                    profile.name.escape_default()
                );
                return Err(broken(file, &reason));
            }
            let profile = profile.fetch(text, beside);
            let profile = profile.map_err(|reason| broken(file, &reason))?;
            self.profiles.insert(stem, profile);
        } else {
            self.letters.add(file, text)?;
        }
        Ok(())
    }

    /// What no file can say alone: that no letter names its person in the PIN's panel of any profile.
    fn agree(&self) -> Result<(), Fault> {
        let serving = |profile: &&Profile| profile.serves(SheetKind::Pin);
        for profile in self.profiles.values().filter(serving) {
            for (language, letter) in self.letters.pins() {
                profile
                    .check_words(letter)
                    .map_err(|reason| broken(&format!("letters/pin/{language}.toml"), &reason))?;
            }
        }
        Ok(())
    }
}

macro_rules! shipped {
    ($($file:literal),+ $(,)?) => {
        [$(($file, include_str!(concat!("../../../templates/mailer/", $file)))),+]
    };
}

/// File and text of each profile that comes with keyline.
pub(super) const SHIPPED_PROFILES: [(&str, &str); 6] = shipped![
    "profiles/c5.toml",
    "profiles/din5008a.toml",
    "profiles/din5008b.toml",
    "profiles/label.toml",
    "profiles/seal-z.toml",
    "profiles/us10.toml",
];
