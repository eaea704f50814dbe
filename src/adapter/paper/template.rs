//! Profiles and letters as data: read, checked and closed. A template that names a box outside the paper, puts the PIN where
//! a window or an outer panel can show it, or uses a placeholder that does not exist never becomes a value.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::words::{Field, Words};
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

/// A rectangle, mm from the top left corner of the sheet.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Area {
    pub(super) fn right(&self) -> f32 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// Whether `inner` lies in here, give or take a hundredth of a millimetre.
    pub(super) fn holds(&self, inner: &Self) -> bool {
        const SLACK_MM: f32 = 0.01;
        inner.x >= self.x - SLACK_MM
            && inner.y >= self.y - SLACK_MM
            && inner.right() <= self.right() + SLACK_MM
            && inner.bottom() <= self.bottom() + SLACK_MM
    }

    pub(super) fn touches(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// An area for text: type size and leading in pt.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextBox {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    pub(super) size: f32,
    pub(super) leading: f32,
}

impl TextBox {
    pub(super) const fn area(&self) -> Area {
        Area {
            x: self.x,
            y: self.y,
            width: self.width,
            height: self.height,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paper {
    pub(super) width: f32,
    pub(super) height: f32,
}

/// A short horizontal line at the edge, for folding or punching.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EdgeMark {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) length: f32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeSize {
    pub(super) size: f32,
    pub(super) leading: f32,
}

/// Where everything stands on the sheet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    name: String,
    pub(super) paper: Paper,
    folds: Vec<f32>,
    pub(super) fold_marks: Vec<EdgeMark>,
    pub(super) window_zone: Area,
    pub(super) letterhead: TextBox,
    pub(super) return_line: TextBox,
    pub(super) address: TextBox,
    pub(super) info: TextBox,
    pub(super) opening: TextBox,
    pub(super) pin_label: TextBox,
    pub(super) pin: TextBox,
    pub(super) pin_note: TextBox,
    pub(super) steps: TextBox,
    pub(super) aside: TextBox,
    pub(super) footer: TextBox,
    pub(super) info_indent: f32,
    pub(super) spelled: TypeSize,
    pub(super) pin_sizes: Vec<f32>,
    pub(super) address_sizes: Vec<f32>,
    pub(super) opening_sizes: Vec<f32>,
}

impl Profile {
    /// Smallest distance of text from the edge, mm: what printers cannot reach.
    const EDGE_MM: f32 = 5.0;
    /// Smallest distance of the PIN from a fold, mm: folds are not exact.
    const PIN_FROM_FOLD_MM: f32 = 5.0;

    fn check(&self) -> Result<(), String> {
        let printable = Area {
            x: Self::EDGE_MM,
            y: Self::EDGE_MM,
            width: self.paper.width - 2.0 * Self::EDGE_MM,
            height: self.paper.height - 2.0 * Self::EDGE_MM,
        };
        for (name, text_box) in self.boxes() {
            if !printable.holds(&text_box.area()) {
                return Err(format!(
                    "the box `{name}` leaves the printable part of the paper"
                ));
            }
            if text_box.size <= 0.0 || text_box.leading < text_box.size {
                return Err(format!(
                    "the box `{name}` needs a size above 0 and a leading no smaller than it"
                ));
            }
            let in_window = self.window_zone.touches(&text_box.area());
            if in_window && !matches!(name, "address" | "return_line") {
                return Err(format!(
                    "the box `{name}` lies where the envelope's window can show it"
                ));
            }
        }
        self.check_pin_panel()?;
        let lists = [&self.pin_sizes, &self.address_sizes, &self.opening_sizes];
        if lists.iter().any(|sizes| sizes.is_empty()) {
            return Err(
                "`pin_sizes`, `address_sizes` and `opening_sizes` each need a size".to_owned(),
            );
        }
        Ok(())
    }

    /// With the address outermost a sheet folded to and fro hides every panel but the first and the last.
    fn check_pin_panel(&self) -> Result<(), String> {
        let [first, .., last] = self.folds.as_slice() else {
            return Err("the PIN needs a panel between two `folds`".to_owned());
        };
        let pin = self.pin.area();
        let hidden = pin.y >= first + Self::PIN_FROM_FOLD_MM
            && pin.bottom() <= last - Self::PIN_FROM_FOLD_MM;
        let crossed = self
            .folds
            .iter()
            .any(|fold| pin.y < *fold && *fold < pin.bottom());
        if hidden && !crossed {
            Ok(())
        } else {
            Err("the box `pin` does not lie in an inner panel, clear of the folds".to_owned())
        }
    }

    pub(super) const fn boxes(&self) -> [(&'static str, &TextBox); 11] {
        [
            ("letterhead", &self.letterhead),
            ("return_line", &self.return_line),
            ("address", &self.address),
            ("info", &self.info),
            ("opening", &self.opening),
            ("pin_label", &self.pin_label),
            ("pin", &self.pin),
            ("pin_note", &self.pin_note),
            ("steps", &self.steps),
            ("aside", &self.aside),
            ("footer", &self.footer),
        ]
    }
}

/// The words of the PIN letter in one language. Every language has every message: a missing or unknown one is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    pub(super) date: Words,
    pub(super) months: [String; 12],
    pub(super) digits: [String; 10],
    pub(super) capital: Words,
    pub(super) help_default: String,
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

impl Letter {
    fn check(&self) -> Result<(), String> {
        if let Some(letter) = ('a'..='z').find(|letter| !self.spelling.contains_key(letter)) {
            return Err(format!("[spelling] lacks the letter `{letter}`"));
        }
        let date = [Field::Day, Field::Month, Field::Year];
        self.date.uses_only("date", &date)?;
        self.capital.uses_only("capital", &[Field::Word])?;
        let body = [
            Field::Name,
            Field::Key,
            Field::SignIn,
            Field::Help,
            Field::Control,
            Field::Envelope,
        ];
        let singles = [
            &self.subject,
            &self.salutation,
            &self.opening_keep,
            &self.opening_change,
            &self.pin_label,
            &self.pin_label_change,
            &self.pin_note,
            &self.pin_note_letters,
            &self.steps_heading,
            &self.change_heading,
            &self.change,
            &self.opened_heading,
            &self.opened,
            &self.help,
        ];
        singles
            .into_iter()
            .chain(&self.opening)
            .chain(&self.steps_keep)
            .chain(&self.steps_change)
            .try_for_each(|words| words.uses_only("the letter's text", &body))
    }
}
