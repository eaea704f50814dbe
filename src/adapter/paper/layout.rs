//! Content to one sheet of placed marks. Nothing leaves here that overflows its box. Knows no PDF.

use super::Letterhead;
use super::desk::{Desk, Setting};
use super::letter::PageDirection;
use super::logo::Picture;
use super::profile::{Area, Profile, TextBox};
use super::qr;
use super::shape::Faces;
use super::sheet::{Ink, Mark, Part, Sheet};
use crate::domain::fault::Fault;

mod calibration;
mod companion;
mod label;
mod parts;
mod pin;
mod stamp;

pub(super) use self::calibration::calibration;
pub(super) use self::companion::{key_letter, receipt};
pub(super) use self::label::label;
pub(super) use self::pin::letter;

/// Between paragraphs, as a part of the leading.
const PARAGRAPH_GAP: f32 = 0.5;
/// The subject's size and that of the other headings, to the text's.
const SUBJECT_SCALE: f32 = 1.3;
const HEADING_SCALE: f32 = 1.15;
/// Fold marks, pt.
const HAIRLINE_PT: f32 = 0.4;

/// What every sheet is laid out with.
#[derive(Clone, Copy)]
pub(super) struct Desktop<'a> {
    pub(super) faces: &'a Faces,
    pub(super) profile: &'a Profile,
    pub(super) head: &'a Letterhead,
    pub(super) logo: Option<&'a Picture>,
    /// Whether SPECIMEN is stamped across.
    pub(super) specimen: bool,
}

/// A sheet in the making.
struct Page<'a> {
    on: Desktop<'a>,
    desk: Desk<'a>,
}

impl<'a> Page<'a> {
    /// A sheet whose lines begin where `direction` says.
    const fn new(on: Desktop<'a>, direction: PageDirection) -> Self {
        let desk = Desk {
            faces: on.faces,
            marks: Vec::new(),
            direction,
        };
        Self { on, desk }
    }

    /// The marks at the edges, the stamp of a specimen, and the last look.
    fn finish(mut self) -> Result<Sheet, Fault> {
        for edge in &self.on.profile.fold_marks {
            self.rule(edge.area(), HAIRLINE_PT);
        }
        if self.on.specimen {
            self.stamp()?;
        }
        let paper = self.on.profile.paper;
        let sheet = Sheet {
            width: paper.width,
            height: paper.height,
            marks: self.desk.marks,
        };
        sheet.guard(self.on.profile)?;
        Ok(sheet)
    }

    /// Who sends it: logo, organisation, return address.
    fn sender(&mut self) -> Result<(), Fault> {
        let boxes = &self.on.profile.boxes;
        if let (Some(area), Some(logo)) = (boxes.logo, self.on.logo) {
            self.desk.marks.push(Mark {
                part: Part::Sender,
                area: logo.placed_in(area),
                ink: Ink::Logo,
            });
        }
        if let Some(text_box) = &boxes.letterhead {
            let name = &self.on.head.organisation;
            self.largest(text_box, "the organisation's name", |page, setting| {
                let setting = setting.bold().foreign().part(Part::Sender);
                page.desk.column(text_box.area(), name, setting)
            })?;
        }
        if let (Some(text), Some(text_box)) = (&self.on.head.return_line, &boxes.return_line) {
            self.largest(text_box, "the return address", |page, setting| {
                let setting = setting.grey().foreign().part(Part::Address);
                page.desk.column(text_box.area(), text, setting)
            })?;
        }
        Ok(())
    }

    /// Whom it goes to, line by line, each with what an error calls it.
    fn address(&mut self, rows: &[(&str, &str)]) -> Result<(), Fault> {
        let text_box = self.wanted("address", &self.on.profile.boxes.address)?;
        self.largest(text_box, "the address", |page, setting| {
            let mut y = text_box.area().y;
            for (field, row) in rows {
                let setting = Setting { field, ..setting }.foreign().part(Part::Address);
                y = page.desk.flow(text_box.area(), y, row, setting)?;
            }
            Ok(())
        })
    }

    /// Labels and values, side by side.
    fn info(&mut self, rows: &[(&str, Option<&str>)]) -> Result<(), Fault> {
        let text_box = self.wanted("info", &self.on.profile.boxes.info)?;
        let area = text_box.area();
        let indent = text_box.indent;
        let (labels, values) = self.desk.columns(area, indent);
        // A gap keeps label and value apart.
        let (labels, _) = self.desk.columns(labels, indent - 1.0);
        self.largest(text_box, "the info block", |page, setting| {
            let mut y = area.y;
            for (label, value) in rows {
                let Some(value) = value else { continue };
                let field = format!("the info block's `{label}`");
                let setting = Setting {
                    field: &field,
                    ..setting.part(Part::Account)
                };
                let after_label = page.desk.flow(labels, y, label, setting.grey())?;
                y = page
                    .desk
                    .flow(values, y, value, setting.foreign())?
                    .max(after_label);
            }
            Ok(())
        })
    }

    /// The code that a scanner reads.
    fn code(&mut self, text: &str) -> Result<(), Fault> {
        let Some(area) = self.on.profile.boxes.qr else {
            return Ok(());
        };
        let runs = qr::dark_runs(text, area).ok_or_else(|| Fault::Mailer {
            what: format!(
                "the code of {} characters does not fit its box of {:.0} x {:.0} mm with modules of {} mm; give the batch a shorter name",
                text.chars().count(),
                area.width,
                area.height,
                qr::MODULE_MIN_MM
            ),
        })?;
        self.desk.marks.push(Mark {
            part: Part::Letter,
            area,
            ink: Ink::Filled { runs },
        });
        Ok(())
    }

    /// Sets with the first size of `text_box` that has room.
    fn largest(
        &mut self,
        text_box: &TextBox,
        field: &str,
        mut set: impl FnMut(&mut Self, Setting<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let before = self.desk.marks.len();
        let mut outcome = Ok(());
        for size in &text_box.sizes {
            outcome = set(self, Setting::of(text_box, field).sized(*size));
            if outcome.is_ok() {
                break;
            }
            self.desk.marks.truncate(before);
        }
        outcome
    }

    /// A box that this kind of sheet needs; profiles without it are refused when they are read.
    fn wanted(&self, key: &str, text_box: &'a Option<TextBox>) -> Result<&'a TextBox, Fault> {
        text_box.as_ref().ok_or_else(|| Fault::Mailer {
            what: format!(
                "profile `{}` has no box `{key}`, which this sheet needs",
                self.on.profile.name
            ),
        })
    }

    fn rule(&mut self, area: Area, thickness: f32) {
        self.desk.marks.push(Mark {
            part: Part::Letter,
            area,
            ink: Ink::Stroke {
                thickness,
                dashed: false,
            },
        });
    }
}
