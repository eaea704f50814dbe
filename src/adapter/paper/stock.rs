//! Which glyphs the sheets of one kind and language have in common: found by laying out samples, so that no list of characters
//! has to be kept. Never holds a letter that somebody gets.

use super::Composer;
use super::pdf::{Glyphs, glyphs_of};
use super::shape::{Base, Style};
use super::sheet::Sheet;
use crate::domain::job::{BatchName, Envelope};
use crate::domain::mailer::{
    Companion, CompanionKind, ControlNumber, Destination, Mailer, SheetKind,
};
use crate::domain::pin::Pin;

/// What names, addresses and numbers are mostly made of in western Europe, beside the letters' own words.
const COMMON: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;-–/()&+@'’_#°\
    ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ";
/// In bold there are headings, and the organisation's name, which every sample has.
const DIGITS: &str = "0123456789";

impl Composer {
    /// The glyphs of samples of `kind` in `language`, and of what stands on most of them besides.
    pub(super) fn common(&self, kind: SheetKind, language: &str) -> Glyphs {
        let mut found = Glyphs::new();
        for forced in [false, true] {
            if let Some(sheet) = self.sample(kind, language, forced) {
                for (face, ids) in glyphs_of(&sheet) {
                    found.entry(face).or_default().extend(ids);
                }
            }
        }
        for (style, text) in [(Style::Regular, COMMON), (Style::Bold, DIGITS)] {
            let line = self.faces.line(style, 10.0, text, Base::LeftToRight);
            for glyph in line.map(|line| line.glyphs).unwrap_or_default() {
                found.entry(glyph.face).or_default().insert(glyph.id);
            }
        }
        found
    }

    /// A sheet with every digit in the place of the PIN; `None` where there is none, which is told when a real one is made.
    fn sample(&self, kind: SheetKind, language: &str, forced: bool) -> Option<Sheet> {
        let mailer = Mailer {
            language: language.to_owned(),
            recipient: "A".to_owned(),
            department: None,
            destination: Destination::Internal(None),
            key_model: "A".to_owned(),
            serial_ending: Some(DIGITS.to_owned()),
            envelope: Envelope(1),
            batch: BatchName("a".to_owned()),
            sequence: 1,
            control: ControlNumber::draw([0; 8])?,
            date: jiff::civil::Date::default(),
            force_pin_change: forced,
            pin: Pin::new(DIGITS).ok()?,
        };
        let beside = |kind| self.companion_sheet(&Companion::of(kind, &mailer), false);
        let sheet = match kind {
            SheetKind::Pin => self.sheet(&mailer, false),
            SheetKind::Key => beside(CompanionKind::Key),
            SheetKind::Receipt => beside(CompanionKind::Receipt),
            SheetKind::Label => beside(CompanionKind::Label),
        };
        sheet.ok()
    }
}
