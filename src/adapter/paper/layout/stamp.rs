//! The word across a sheet that is no real one. In words, because a grey may be lost on paper.

use super::super::shape::{Base, Style};
use super::super::sheet::{Ink, Mark, Part};
use super::Page;
use crate::domain::fault::Fault;

const WORD: &str = "SPECIMEN";
const GREY: f32 = 0.84;
/// Of the sheet's width, how much the word takes along its slant.
const SPAN: f32 = 0.8;
const DEGREES: f32 = 35.0;

impl Page<'_> {
    /// Once on each panel, under the other marks, so that no cut and no fold leaves a part that looks real.
    pub(super) fn stamp(&mut self) -> Result<(), Fault> {
        const TRIAL_PT: f32 = 10.0;
        let faces = self.on.faces;
        let unsettable = || Fault::Mailer {
            what: format!("the letter's fonts cannot set {WORD}"),
        };
        let width = |size: f32| {
            let line = faces.line(Style::Bold, size, WORD, Base::LeftToRight);
            line.map(|line| line.width).map_err(|_| unsettable())
        };
        for panel in self.on.profile.panels() {
            let area = panel.inset(self.on.profile.margin);
            // As long as the slanted word fits both ways.
            let (sine, cosine) = DEGREES.to_radians().sin_cos();
            let room = (area.width * SPAN / cosine)
                .min(area.height / sine)
                .min(area.width);
            let size = TRIAL_PT * room / width(TRIAL_PT)?;
            let line = faces
                .line(Style::Bold, size, WORD, Base::LeftToRight)
                .map_err(|_| unsettable())?;
            let mark = Mark {
                part: Part::Stamp,
                area,
                ink: Ink::Turned {
                    size,
                    grey: GREY,
                    degrees: DEGREES,
                    line,
                },
            };
            // Beneath everything else.
            self.desk.marks.insert(0, mark);
        }
        Ok(())
    }
}
