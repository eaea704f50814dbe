//! Where text becomes marks: lines set into an area from its top, or centred on a baseline. What does not fit or has no glyph
//! is an error that names the field.

use super::letter::PageDirection;
use super::profile::{Area, TextBox};
use super::shape::{Base, Faces, Line, MM_PER_PT, Missing, Style};
use super::sheet::{Ink, Mark, Part};
use crate::domain::fault::Fault;

/// Grey of labels and other lesser text.
const QUIET_GREY: f32 = 0.35;
/// How far ink may reach out of its line on either side, as a part of the leading: the marks of a script do, a pile of them
/// does more.
const OUT_OF_LINE: f32 = 0.35;

/// How one run of text is set.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) part: Part,
    pub(super) style: Style,
    pub(super) size: f32,
    /// mm
    pub(super) leading: f32,
    pub(super) grey: f32,
    /// Whether the text is in the letter's own words, or a name or address that begins where its first letter does.
    pub(super) words: WordsOf,
    /// What an error calls this text.
    pub(super) field: &'a str,
}

/// Whose words a text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordsOf {
    Letter,
    Others,
}

impl<'a> Setting<'a> {
    pub(super) fn of(text_box: &TextBox, field: &'a str) -> Self {
        Self {
            part: Part::Letter,
            style: Style::Regular,
            size: text_box.size(),
            leading: text_box.leading * MM_PER_PT,
            grey: 0.0,
            words: WordsOf::Letter,
            field,
        }
    }

    pub(super) const fn bold(self) -> Self {
        Self {
            style: Style::Bold,
            ..self
        }
    }

    /// In another size, with the leading that goes with it.
    pub(super) fn sized(self, size: f32) -> Self {
        Self {
            size,
            leading: self.leading * size / self.size,
            ..self
        }
    }

    pub(super) const fn grey(self) -> Self {
        Self {
            grey: QUIET_GREY,
            ..self
        }
    }

    /// A name, an address, a number: not in the letter's own words.
    pub(super) const fn foreign(self) -> Self {
        Self {
            words: WordsOf::Others,
            ..self
        }
    }

    pub(super) const fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }
}

/// The sheet in the making.
pub(super) struct Desk<'a> {
    pub(super) faces: &'a Faces,
    pub(super) marks: Vec<Mark>,
    /// Where lines begin.
    pub(super) direction: PageDirection,
}

impl Desk<'_> {
    const fn base(&self, setting: Setting<'_>) -> Base {
        match setting.words {
            WordsOf::Others => Base::FirstLetter,
            WordsOf::Letter => self.letter_base(),
        }
    }

    /// How the letter's own words run.
    pub(super) const fn letter_base(&self) -> Base {
        match self.direction {
            PageDirection::LeftToRight => Base::LeftToRight,
            PageDirection::RightToLeft => Base::RightToLeft,
        }
    }

    /// Where a line of `width` has its left end: all lines of a page are flush on the side where it begins, whatever their
    /// own direction.
    fn begin(&self, area: Area, width: f32) -> f32 {
        match self.direction {
            PageDirection::LeftToRight => area.x,
            PageDirection::RightToLeft => area.right() - width,
        }
    }

    /// `area` in two columns, the first of `width` mm on the side where the page begins.
    pub(super) fn columns(&self, area: Area, width: f32) -> (Area, Area) {
        let rest = area.width - width;
        let at = |x: f32, width: f32| Area { x, width, ..area };
        match self.direction {
            PageDirection::LeftToRight => (at(area.x, width), at(area.x + width, rest)),
            PageDirection::RightToLeft => (at(area.right() - width, width), at(area.x, rest)),
        }
    }

    /// Fills `area` from its top.
    pub(super) fn column(
        &mut self,
        area: Area,
        text: &str,
        setting: Setting<'_>,
    ) -> Result<(), Fault> {
        self.flow(area, area.y, text, setting).map(|_| ())
    }

    /// Sets `text` in `area` from `y` on and returns where the next line may begin.
    pub(super) fn flow(
        &mut self,
        area: Area,
        y: f32,
        text: &str,
        setting: Setting<'_>,
    ) -> Result<f32, Fault> {
        let Setting {
            style,
            size,
            leading,
            field,
            ..
        } = setting;
        let lines = self
            .faces
            .wrap(style, size, text, area.width, self.base(setting))
            .map_err(|missing| no_glyph(&missing, field))?;
        let (ascent, descent) = self.faces.extent(style, size);
        let mut top = y;
        for line in lines {
            // The face's own height stands in the middle of its leading.
            let baseline = top + (leading - ascent - descent) / 2.0 + ascent;
            if top + leading > area.bottom() + 0.01 {
                return Err(Fault::Mailer {
                    what: format!(
                        "{field} is too long for the letter: the box of {:.0} x {:.0} mm is full; shorten it",
                        area.width, area.height
                    ),
                });
            }
            let above = line.rise - (baseline - top);
            let below = line.sink - (top + leading - baseline);
            if above.max(below) > leading * OUT_OF_LINE {
                return Err(Fault::Mailer {
                    what: format!(
                        "{field} is too high for the letter: its marks reach out of their line of {leading:.1} mm; write it without them"
                    ),
                });
            }
            self.marks.push(Mark {
                part: setting.part,
                area: Area {
                    x: self.begin(area, line.width),
                    y: top,
                    width: line.width,
                    height: leading,
                },
                ink: Ink::Text {
                    size,
                    baseline,
                    grey: setting.grey,
                    line,
                },
            });
            top += leading;
        }
        Ok(top)
    }

    /// Sets one line of the PIN in the middle of `area`.
    pub(super) fn centred(
        &mut self,
        area: Area,
        baseline: f32,
        style: Style,
        size: f32,
        line: Line,
        cap: f32,
    ) {
        let (_, descent) = self.faces.extent(style, size);
        self.marks.push(Mark {
            part: Part::Pin,
            area: Area {
                x: area.x + (area.width - line.width) / 2.0,
                y: baseline - cap,
                width: line.width,
                height: cap + descent,
            },
            ink: Ink::Text {
                size,
                baseline,
                grey: 0.0,
                line,
            },
        });
    }
}

fn no_glyph(missing: &Missing, field: &str) -> Fault {
    Fault::Mailer {
        what: format!("{field} holds {}", missing.told()),
    }
}
