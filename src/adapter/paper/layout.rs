//! One mailer to one sheet of placed marks. Nothing leaves here that overflows its box. Knows no PDF.

use super::Letterhead;
use super::desk::{Desk, Setting};
use super::letter::Letter;
use super::profile::{Area, Profile};
use super::shape::{Faces, MM_PER_PT, Style};
use super::sheet::{Ink, Mark, Part, Sheet};
use super::spelling::spell;
use super::values::Values;
use crate::domain::fault::Fault;
use crate::domain::mailer::Mailer;

/// Between paragraphs, as a part of the leading.
const PARAGRAPH_GAP: f32 = 0.5;
/// The subject's size and that of the other headings, to the text's.
const SUBJECT_SCALE: f32 = 1.3;
const HEADING_SCALE: f32 = 1.15;
/// From the number of a step to its words, mm.
const STEP_INDENT_MM: f32 = 6.0;
/// Between the digits and their spelling, as a part of the latter's leading.
const DIGITS_GAP: f32 = 0.45;
/// Free space around the PIN in its frame, mm.
const PIN_PADDING_MM: f32 = 2.5;

/// Sets the whole letter.
pub(super) fn compose(
    faces: &Faces,
    profile: &Profile,
    letter: &Letter,
    head: &Letterhead,
    mailer: &Mailer,
) -> Result<Sheet, Fault> {
    let mut layout = Layout {
        desk: Desk {
            faces,
            marks: Vec::new(),
        },
        profile,
        letter,
        mailer,
        values: Values::new(letter, head, mailer),
    };
    layout.panel_one(head)?;
    layout.panel_two()?;
    layout.panel_three()?;
    layout.edges();
    let sheet = Sheet {
        width: profile.paper.width,
        height: profile.paper.height,
        marks: layout.desk.marks,
    };
    sheet.guard(&profile.window_zone, &profile.pin.area())?;
    Ok(sheet)
}

struct Layout<'a> {
    desk: Desk<'a>,
    profile: &'a Profile,
    letter: &'a Letter,
    mailer: &'a Mailer,
    values: Values,
}

impl Layout<'_> {
    fn panel_one(&mut self, head: &Letterhead) -> Result<(), Fault> {
        let top = &self.profile.letterhead;
        let setting = Setting::of(top, "the organisation's name").bold();
        self.desk.column(top.area(), &head.organisation, setting)?;
        if let Some(text) = &head.return_line {
            let line = &self.profile.return_line;
            let setting = Setting::of(line, "the return address")
                .grey()
                .part(Part::Address);
            self.desk.column(line.area(), text, setting)?;
        }
        self.address()?;
        self.info()
    }

    /// The name and where it goes, in the largest size that has room.
    fn address(&mut self) -> Result<(), Fault> {
        let text_box = self.profile.address;
        let mailer = self.mailer;
        let name = [("the recipient's name", mailer.recipient.as_str())];
        let department = mailer.department.iter();
        let lines = mailer.destination.lines().iter();
        let rows: Vec<(&str, &str)> = name
            .into_iter()
            .chain(department.map(|row| ("the department", row.as_str())))
            .chain(lines.map(|row| ("the address", row.as_str())))
            .collect();
        self.largest(&self.profile.address_sizes, |layout, size| {
            let mut y = text_box.area().y;
            for (field, row) in &rows {
                let setting = Setting::of(&text_box, field)
                    .part(Part::Address)
                    .sized(size);
                y = layout.desk.flow(text_box.area(), y, row, setting)?;
            }
            Ok(())
        })
    }

    /// Sets with the first of `sizes` that has room.
    fn largest(
        &mut self,
        sizes: &[f32],
        mut set: impl FnMut(&mut Self, f32) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let before = self.desk.marks.len();
        let mut outcome = Ok(());
        for size in sizes {
            outcome = set(self, *size);
            if outcome.is_ok() {
                break;
            }
            self.desk.marks.truncate(before);
        }
        outcome
    }

    fn info(&mut self) -> Result<(), Fault> {
        let text_box = self.profile.info;
        let labels = &self.letter.info;
        let mailer = self.mailer;
        let batch = format!("{} / {}", mailer.batch.0, mailer.sequence);
        let (envelope, control) = (self.values.envelope.clone(), mailer.control.grouped());
        let date = self.values.date.clone();
        let rows = [
            (&labels.date, Some(date.as_str())),
            (&labels.envelope, Some(envelope.as_str())),
            (&labels.control, Some(control.as_str())),
            (&labels.batch, Some(batch.as_str())),
            (&labels.key, Some(mailer.key_model.as_str())),
            (&labels.serial, mailer.serial_ending.as_deref()),
        ];
        let area = text_box.area();
        let indent = self.profile.info_indent;
        let values = Area {
            x: area.x + indent,
            width: area.width - indent,
            ..area
        };
        let labels = Area {
            // A gap keeps label and value apart.
            width: indent - 1.0,
            ..area
        };
        let mut y = area.y;
        for (label, value) in rows {
            let Some(value) = value else { continue };
            let field = format!("the info block's `{label}`");
            let setting = Setting::of(&text_box, &field);
            let after_label = self.desk.flow(labels, y, label, setting.grey())?;
            y = self.desk.flow(values, y, value, setting)?.max(after_label);
        }
        Ok(())
    }

    fn panel_two(&mut self) -> Result<(), Fault> {
        let letter = self.letter;
        self.largest(&self.profile.opening_sizes, Self::opening)?;
        let label = if self.mailer.force_pin_change {
            &letter.pin_label_change
        } else {
            &letter.pin_label
        };
        let text_box = self.profile.pin_label;
        let setting = Setting::of(&text_box, "the PIN's label").bold();
        self.desk
            .column(text_box.area(), &self.values.fill(label), setting)?;
        self.pin()?;
        let has_letters = self.mailer.pin.reveal().chars().any(char::is_alphabetic);
        let note = if has_letters {
            &letter.pin_note_letters
        } else {
            &letter.pin_note
        };
        let text_box = self.profile.pin_note;
        let setting = Setting::of(&text_box, "the note under the PIN").grey();
        self.desk
            .column(text_box.area(), &self.values.fill(note), setting)
    }

    /// Subject, salutation, and what this letter is about.
    fn opening(&mut self, size: f32) -> Result<(), Fault> {
        let letter = self.letter;
        let text_box = self.profile.opening;
        let setting = Setting::of(&text_box, "the letter's opening").sized(size);
        let subject = setting.bold().sized(size * SUBJECT_SCALE);
        let gap = setting.leading * PARAGRAPH_GAP;
        let area = text_box.area();
        let mut y = self
            .desk
            .flow(area, area.y, &self.values.fill(&letter.subject), subject)?
            + gap;
        let last = if self.mailer.force_pin_change {
            &letter.opening_change
        } else {
            &letter.opening_keep
        };
        let paragraphs = [&letter.salutation]
            .into_iter()
            .chain(&letter.opening)
            .chain([last]);
        for words in paragraphs {
            y = self.desk.flow(area, y, &self.values.fill(words), setting)? + gap;
        }
        Ok(())
    }

    /// The digits in groups, centred in their frame, spelled out beneath.
    fn pin(&mut self) -> Result<(), Fault> {
        let frame = self.profile.pin.area();
        self.desk.marks.push(Mark {
            part: Part::PinFrame,
            area: frame,
            ink: Ink::Stroke { thickness: 0.75 },
        });
        let inner = Area {
            x: frame.x + PIN_PADDING_MM,
            y: frame.y + PIN_PADDING_MM,
            width: frame.width - 2.0 * PIN_PADDING_MM,
            height: frame.height - 2.0 * PIN_PADDING_MM,
        };
        let (digits, spelled) = spell(self.letter, self.mailer);
        let type_size = self.profile.spelled;
        let leading = type_size.leading * MM_PER_PT;
        let words = self
            .desk
            .faces
            .wrap(Style::Regular, type_size.size, &spelled, inner.width)
            .map_err(|_| pin_unsettable())?;
        let (_, descent) = self.desk.faces.extent(Style::Regular, type_size.size);
        for size in &self.profile.pin_sizes {
            let line = self
                .desk
                .faces
                .line(Style::Mono, *size, &digits)
                .map_err(|_| pin_unsettable())?;
            let cap = self.desk.faces.cap_height(Style::Mono, *size);
            let count = words.iter().fold(0.0, |count, _| count + 1.0);
            // From the digits' tops to the descenders of the last spelled line.
            let height = cap + leading * (count + DIGITS_GAP) + descent;
            if line.width > inner.width || height > inner.height {
                continue;
            }
            let mut baseline = inner.y + (inner.height - height) / 2.0 + cap;
            self.desk
                .centred(inner, baseline, Style::Mono, *size, line, cap);
            baseline += leading * DIGITS_GAP;
            for line in words {
                baseline += leading;
                let cap = self.desk.faces.cap_height(Style::Regular, type_size.size);
                self.desk
                    .centred(inner, baseline, Style::Regular, type_size.size, line, cap);
            }
            return Ok(());
        }
        Err(Fault::Mailer {
            what: format!(
                "a PIN of {} characters does not fit its box; let the policy draw a shorter one",
                self.mailer.pin.code_points()
            ),
        })
    }

    fn panel_three(&mut self) -> Result<(), Fault> {
        let letter = self.letter;
        let text_box = self.profile.steps;
        let area = text_box.area();
        let setting = Setting::of(&text_box, "the steps of the first sign-in");
        let heading = setting.bold().sized(setting.size * HEADING_SCALE);
        let gap = setting.leading * PARAGRAPH_GAP;
        let words = self.values.fill(&letter.steps_heading);
        let mut y = self.desk.flow(area, area.y, &words, heading)? + gap;
        let steps = if self.mailer.force_pin_change {
            &letter.steps_change
        } else {
            &letter.steps_keep
        };
        let indented = Area {
            x: area.x + STEP_INDENT_MM,
            width: area.width - STEP_INDENT_MM,
            ..area
        };
        for (number, words) in (1..).zip(steps) {
            self.desk
                .flow(area, y, &format!("{number}"), setting.bold())?;
            y = self
                .desk
                .flow(indented, y, &self.values.fill(words), setting)?
                + gap;
        }

        let text_box = self.profile.aside;
        let area = text_box.area();
        let setting = Setting::of(&text_box, "the advice beside the steps");
        let heading = setting.bold().sized(setting.size * HEADING_SCALE);
        let mut y = area.y;
        let change = (&letter.change_heading, &letter.change);
        let opened = (&letter.opened_heading, &letter.opened);
        let first = self.mailer.force_pin_change.then_some(change);
        for (title, words) in first.into_iter().chain([opened]) {
            y = self.desk.flow(area, y, &self.values.fill(title), heading)? + gap / 2.0;
            y = self.desk.flow(area, y, &self.values.fill(words), setting)? + gap * 2.0;
        }

        let text_box = self.profile.footer;
        let setting = Setting::of(&text_box, "the line on where to ask");
        self.desk
            .column(text_box.area(), &self.values.fill(&letter.help), setting)
    }

    fn edges(&mut self) {
        for edge in &self.profile.fold_marks {
            self.desk.marks.push(Mark {
                part: Part::Letter,
                area: Area {
                    x: edge.x,
                    y: edge.y,
                    width: edge.length,
                    height: 0.0,
                },
                ink: Ink::Stroke { thickness: 0.4 },
            });
        }
    }
}

/// Says nothing about which character it is.
fn pin_unsettable() -> Fault {
    Fault::Mailer {
        what: "the PIN holds a character that the letter's fonts do not have; use digits and Latin letters"
            .to_owned(),
    }
}
