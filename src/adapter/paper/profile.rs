//! A layout as data: the sheet, how it is folded, what its envelope can show, and where everything stands. A profile is
//! proved when it is read: one that could show a PIN, or set it beside the account it belongs to, never becomes a value.
//!
//! # Why
//! A PIN letter is safe by geometry alone: the PIN lies in a panel that folding hides, where no window reaches however the
//! sheet slides, and nothing in that panel says whose it is. So a salutation has a box of its own, outside the PIN's panel,
//! and the text beside the PIN may name neither person nor key ([`Profile::check_words`]).
//!
//! All lengths are mm from the top left corner of the sheet, all type sizes and leadings pt.

use std::path::PathBuf;

use serde::Deserialize;

use super::letter::Letter;
use super::letters::in_one_line;
use crate::domain::mailer::SheetKind;

mod area;
mod mirror;
mod own;
mod proof;
#[cfg(test)]
mod tests;

pub(super) use self::area::{Area, EdgeMark, Paper, TextBox, TypeSize};
use self::own::Own;
use self::proof::Flaw;

/// Where everything stands on the sheet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) name: String,
    /// The sheets that it can lay out.
    pub(super) kinds: Vec<SheetKind>,
    pub(super) paper: Paper,
    /// How the sheet is folded.
    pub(super) fold: Fold,
    /// Where, from the top.
    #[serde(default)]
    pub(super) folds: Vec<f32>,
    /// Which panels of the printed side lie outside when it is folded; the topmost is 1.
    #[serde(default)]
    pub(super) outer: Vec<u8>,
    #[serde(default)]
    pub(super) window: Option<Window>,
    /// Around the sheet, free of toner.
    pub(super) margin: f32,
    /// Whether the end of the key's serial is told.
    pub(super) serial: bool,
    /// Whether the rulers of its calibration page count inches as well.
    #[serde(default)]
    pub(super) inches: bool,
    #[serde(default)]
    pub(super) fold_marks: Vec<EdgeMark>,
    /// Size of the spelled-out PIN under its digits.
    #[serde(default)]
    pub(super) spelled: Option<TypeSize>,
    /// A PNG instead of the station's.
    #[serde(default)]
    logo: Option<PathBuf>,
    /// Font files instead of the station's.
    #[serde(default)]
    fonts: Option<Vec<PathBuf>>,
    pub(super) boxes: Boxes,
    /// What of these was read.
    #[serde(skip)]
    pub(super) own: Own,
}

/// How a sheet is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fold {
    /// Not at all.
    None,
    /// Once.
    Half,
    /// Twice, to and fro.
    Z,
    /// Twice, round the middle panel.
    Wrap,
}

impl Fold {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Half => "half",
            Self::Z => "z",
            Self::Wrap => "wrap",
        }
    }
}

/// What an envelope shows of the folded sheet.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    /// The window over a sheet that lies in the middle of its envelope.
    pub(super) opening: Area,
    /// All that can come behind it when the sheet slides, with tolerance.
    pub(super) slides: Area,
}

/// Every box there is; each kind of sheet needs some of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Boxes {
    pub(super) logo: Option<Area>,
    pub(super) letterhead: Option<TextBox>,
    pub(super) return_line: Option<TextBox>,
    pub(super) address: Option<TextBox>,
    pub(super) info: Option<TextBox>,
    pub(super) qr: Option<Area>,
    pub(super) salutation: Option<TextBox>,
    pub(super) opening: Option<TextBox>,
    pub(super) pin_label: Option<TextBox>,
    pub(super) pin: Option<TextBox>,
    pub(super) pin_note: Option<TextBox>,
    pub(super) steps: Option<TextBox>,
    pub(super) aside: Option<TextBox>,
    pub(super) footer: Option<TextBox>,
    /// The text of a sheet without a PIN.
    pub(super) body: Option<TextBox>,
    /// Lines for a pen.
    pub(super) sign: Option<TextBox>,
    /// The number of the key's bag.
    pub(super) bag: Option<TextBox>,
}

impl Profile {
    /// Reads a profile and proves it.
    ///
    /// # Errors
    /// The line, where it is known, and the reason.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let profile: Self = toml::from_str(text).map_err(|error| in_one_line(text, &error))?;
        profile.prove().map_err(|flaw| flaw.told(text))?;
        Ok(profile)
    }

    /// The same sheet for words from right to left: logo and letterhead change sides, and so do steps and advice, with
    /// all that stands in columns with them. Where that would break a rule they stay: a window wants the address.
    pub(super) fn mirrored(&self) -> Self {
        self.with_first(&[Boxes::turn_head, Boxes::turn_head_and_return_line])
            .with_first(&[Boxes::turn_steps, Boxes::turn_panel_of_steps])
    }

    /// This profile with the first of `changes` with which it can still be proved.
    fn with_first(&self, changes: &[fn(&mut Boxes)]) -> Self {
        let changed = changes.iter().map(|change| {
            let mut other = self.clone();
            change(&mut other.boxes);
            other
        });
        let mut proved = changed.filter(|other| other.prove().is_ok());
        proved.next().unwrap_or_else(|| self.clone())
    }

    fn prove(&self) -> Result<(), Flaw> {
        proof::prove(self)
    }

    pub(super) fn serves(&self, kind: SheetKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// The panels from the top, as wide as the sheet.
    pub(super) fn panels(&self) -> Vec<Area> {
        let ends = self.folds.iter().copied().chain([self.paper.height]);
        let mut y = 0.0;
        ends.map(|end| {
            let panel = Area {
                x: 0.0,
                y,
                width: self.paper.width,
                height: end - y,
            };
            y = end;
            panel
        })
        .collect()
    }

    /// The panel of the PIN's box, where this profile has one.
    pub(super) fn pin_panel(&self) -> Option<Area> {
        let pin = self.boxes.pin.as_ref()?.area();
        let mut panels = self.panels().into_iter();
        panels.find(|panel| panel.touches(&pin))
    }

    /// What a stranger sees of a closed letter: all that can come behind its window, or its outer panels where it is its own
    /// envelope.
    pub(super) fn shown(&self) -> Vec<Area> {
        match (&self.window, self.fold) {
            (Some(window), _) => vec![window.slides],
            // A sheet that is not folded hides nothing and lies in a bag that shows nothing.
            (None, Fold::None) => Vec::new(),
            (None, Fold::Half | Fold::Z | Fold::Wrap) => (1..)
                .zip(self.panels())
                .filter(|(number, _)| self.outer.contains(number))
                .map(|(_, panel)| panel)
                .collect(),
        }
    }

    /// That no message of `letter` which stands in the PIN's panel names the person or the key.
    ///
    /// # Errors
    /// The message, and what to do.
    pub(super) fn check_words(&self, letter: &Letter) -> Result<(), String> {
        proof::prove_words(self, letter)
    }
}
