//! A laid-out sheet, and the last look at it: whatever profile and words said, it shows no secret to the window, and the PIN
//! stands in its box, away from whom it belongs to.

use super::profile::{Area, Profile};
use super::shape::Line;
use crate::domain::fault::Fault;

/// What a mark belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Who sends it.
    Sender,
    /// May stand in the window.
    Address,
    /// Whose key it is, and which.
    Account,
    Letter,
    /// The digits and their spelling.
    Pin,
    PinFrame,
    /// Says that the sheet is no real one; lies over everything.
    Stamp,
}

/// What is put on the paper.
pub(super) enum Ink {
    /// Text from `x` on its baseline (mm from the top); `grey` from 0, black.
    Text {
        size: f32,
        baseline: f32,
        grey: f32,
        line: Line,
    },
    /// Text through the middle of the mark's area, turned by degrees against the clock.
    Turned {
        size: f32,
        grey: f32,
        degrees: f32,
        line: Line,
    },
    /// The outline of the mark's area, or a line where it has no height or no width. Thickness in pt.
    Stroke { thickness: f32, dashed: bool },
    /// Black rectangles, all in the mark's area.
    Filled { runs: Vec<Area> },
    /// The sender's logo, filling the mark's area.
    Logo,
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
    /// Whether every mark stands where its part may: strangers see the address alone, and the sender where there is no window;
    /// the PIN lies in its frame and nothing of the account in its panel.
    pub(super) fn guard(&self, profile: &Profile) -> Result<(), Fault> {
        let shown = profile.shown();
        let has_pin = self.marks.iter().any(|mark| mark.part == Part::Pin);
        let frame = profile.boxes.pin.as_ref().filter(|_| has_pin);
        let frame = frame.map(|text_box| text_box.area());
        let panel = profile.pin_panel().filter(|_| has_pin);
        for mark in &self.marks {
            let is_in = |area: &Option<Area>| area.is_some_and(|area| area.touches(&mark.area));
            let is_shown = shown.iter().any(|area| area.touches(&mark.area));
            let wrong = match mark.part {
                Part::Address => is_in(&panel),
                Part::Account => is_shown || is_in(&panel),
                Part::Sender => is_in(&frame) || is_shown && profile.window.is_some(),
                Part::Letter => is_shown || is_in(&frame),
                Part::Pin | Part::PinFrame => {
                    is_shown || !frame.is_some_and(|frame| frame.holds(&mark.area))
                }
                Part::Stamp => false,
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
