//! A laid-out sheet, and the last look at it: whatever the templates said, it shows no secret to the window, and the PIN stands
//! in its box and nowhere else.

use super::profile::Area;
use super::shape::{Line, Style};
use crate::domain::fault::Fault;

/// What a mark belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// May stand in the window.
    Address,
    Letter,
    /// The digits and their spelling.
    Pin,
    PinFrame,
}

/// What is put on the paper.
pub(super) enum Ink {
    /// Text from `x` on its baseline (mm from the top); `grey` from 0, black.
    Text {
        style: Style,
        size: f32,
        baseline: f32,
        grey: f32,
        line: Line,
    },
    /// The outline of the mark's area, or a line where the area has no height. Thickness in pt.
    Stroke { thickness: f32 },
}

pub(super) struct Mark {
    pub(super) part: Part,
    pub(super) area: Area,
    pub(super) ink: Ink,
}

/// A sheet that may be printed.
pub(super) struct Sheet {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) marks: Vec<Mark>,
}

impl Sheet {
    /// Whether every mark stands where its part may: only the address touches `window`, only the PIN lies in `frame`.
    pub(super) fn guard(&self, window: &Area, frame: &Area) -> Result<(), Fault> {
        for mark in &self.marks {
            let wrong = match mark.part {
                Part::Address => mark.area.touches(frame),
                Part::Letter => mark.area.touches(window) || mark.area.touches(frame),
                Part::Pin | Part::PinFrame => !frame.holds(&mark.area) || mark.area.touches(window),
            };
            if wrong {
                return Err(Fault::Mailer {
                    what: format!(
                        "the letter would set {:?} at x {:.1}, y {:.1} mm, where it must not stand; correct the profile",
                        mark.part, mark.area.x, mark.area.y
                    ),
                });
            }
        }
        Ok(())
    }
}
