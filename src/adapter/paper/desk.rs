//! Where text becomes marks: lines set into an area from its top, or centred on a baseline. What does not fit or has no glyph
//! is an error that names the field.

use super::profile::{Area, TextBox};
use super::shape::{Faces, Line, MM_PER_PT, Missing, Style};
use super::sheet::{Ink, Mark, Part};
use crate::domain::fault::Fault;

/// Grey of labels and other lesser text.
const QUIET_GREY: f32 = 0.35;

/// How one run of text is set.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) part: Part,
    pub(super) style: Style,
    pub(super) size: f32,
    /// mm
    pub(super) leading: f32,
    pub(super) grey: f32,
    /// What an error calls this text.
    pub(super) field: &'a str,
}

impl<'a> Setting<'a> {
    pub(super) fn of(text_box: &TextBox, field: &'a str) -> Self {
        Self {
            part: Part::Letter,
            style: Style::Regular,
            size: text_box.size(),
            leading: text_box.leading * MM_PER_PT,
            grey: 0.0,
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

    pub(super) const fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }
}

/// The sheet in the making.
pub(super) struct Desk<'a> {
    pub(super) faces: &'a Faces,
    pub(super) marks: Vec<Mark>,
}

impl Desk<'_> {
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
            .wrap(style, size, text, area.width)
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
            self.marks.push(Mark {
                part: setting.part,
                area: Area {
                    x: area.x,
                    y: top,
                    width: line.width,
                    height: leading,
                },
                ink: Ink::Text {
                    style,
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
                style,
                size,
                baseline,
                grey: 0.0,
                line,
            },
        });
    }
}

fn no_glyph(missing: &Missing, field: &str) -> Fault {
    let character = missing.0;
    Fault::Mailer {
        what: format!(
            "{field} holds “{character}” (U+{:04X}), which the letter's fonts do not have; write it in Latin, Greek or Cyrillic letters",
            u32::from(character)
        ),
    }
}
