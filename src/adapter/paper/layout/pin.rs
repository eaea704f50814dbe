//! The letter with the PIN. In the PIN's panel nothing says whose it is.

use super::super::letter::Letter;
use super::super::profile::TypeSize;
use super::super::qr::letter_code;
use super::super::shape::{Base, MM_PER_PT, Style};
use super::super::sheet::{Ink, Mark, Part, Sheet};
use super::super::spelling::spell;
use super::super::values::Values;
use super::super::words::Words;
use super::parts::part_of;
use super::{Desktop, PARAGRAPH_GAP, Page, SUBJECT_SCALE};
use crate::domain::fault::Fault;
use crate::domain::mailer::Mailer;

/// Between the digits and their spelling, as a part of the latter's leading.
const DIGITS_GAP: f32 = 0.45;
/// Free space around the PIN in its frame, mm.
const PIN_PADDING_MM: f32 = 2.5;
const FRAME_PT: f32 = 0.75;

/// Sets the whole letter.
pub(in crate::adapter::paper) fn letter(
    on: Desktop<'_>,
    words: &Letter,
    mailer: &Mailer,
) -> Result<Sheet, Fault> {
    let mut pin = PinPage {
        page: Page::new(on, words.page.direction),
        letter: words,
        mailer,
        values: Values::new(&words.page, on.head, mailer),
    };
    pin.page.sender()?;
    pin.address()?;
    pin.info()?;
    pin.page.code(&letter_code(mailer))?;
    pin.opening()?;
    pin.secret()?;
    pin.advice()?;
    pin.page.finish()
}

struct PinPage<'a> {
    page: Page<'a>,
    letter: &'a Letter,
    mailer: &'a Mailer,
    values: Values,
}

impl PinPage<'_> {
    fn address(&mut self) -> Result<(), Fault> {
        let mailer = self.mailer;
        let name = [("the recipient's name", mailer.recipient.as_str())];
        let department = mailer.department.iter();
        let lines = mailer.destination.lines().iter();
        let rows: Vec<(&str, &str)> = name
            .into_iter()
            .chain(department.map(|row| ("the department", row.as_str())))
            .chain(lines.map(|row| ("the address", row.as_str())))
            .collect();
        self.page.address(&rows)
    }

    fn info(&mut self) -> Result<(), Fault> {
        let labels = &self.letter.info;
        let mailer = self.mailer;
        let batch = format!("{} / {}", mailer.batch.0, mailer.sequence);
        let control = mailer.control.grouped();
        let serial = mailer.serial_ending.as_deref();
        self.page.info(&[
            (&labels.date, Some(&self.values.date)),
            (&labels.envelope, Some(&self.values.envelope)),
            (&labels.control, Some(&control)),
            (&labels.batch, Some(&batch)),
            (&labels.key, Some(&mailer.key_model)),
            (
                &labels.serial,
                serial.filter(|_| self.page.on.profile.serial),
            ),
        ])
    }

    /// Subject and what this letter is about, beside the PIN.
    fn opening(&mut self) -> Result<(), Fault> {
        let letter = self.letter;
        let text_box = self
            .page
            .wanted("opening", &self.page.on.profile.boxes.opening)?;
        let area = text_box.area();
        let values = &self.values;
        let last = if self.mailer.force_pin_change {
            &letter.opening_change
        } else {
            &letter.opening_keep
        };
        self.page
            .largest(text_box, "the letter's opening", |page, setting| {
                let subject = setting.bold().sized(setting.size * SUBJECT_SCALE);
                let gap = setting.leading * PARAGRAPH_GAP;
                let part = part_of(&letter.subject);
                let text = values.fill(&letter.subject);
                let mut y = page.desk.flow(area, area.y, &text, subject.part(part))? + gap;
                for words in letter.opening.iter().chain([last]) {
                    let setting = setting.part(part_of(words));
                    y = page.desk.flow(area, y, &values.fill(words), setting)? + gap;
                }
                Ok(())
            })
    }

    fn secret(&mut self) -> Result<(), Fault> {
        let letter = self.letter;
        let label = if self.mailer.force_pin_change {
            &letter.pin_label_change
        } else {
            &letter.pin_label
        };
        let boxes = &self.page.on.profile.boxes;
        let text_box = self.page.wanted("pin_label", &boxes.pin_label)?;
        let text = self.values.fill(label);
        self.page
            .largest(text_box, "the PIN's label", |page, setting| {
                let setting = setting.bold().part(part_of(label));
                page.desk.column(text_box.area(), &text, setting)
            })?;
        self.pin()?;
        let has_letters = self.mailer.pin.reveal().chars().any(char::is_alphabetic);
        let note = if has_letters {
            &letter.pin_note_letters
        } else {
            &letter.pin_note
        };
        let text_box = self.page.wanted("pin_note", &boxes.pin_note)?;
        let text = self.values.fill(note);
        self.page
            .largest(text_box, "the note under the PIN", |page, setting| {
                let setting = setting.grey().part(part_of(note));
                page.desk.column(text_box.area(), &text, setting)
            })
    }

    /// The digits in groups, centred in their frame, spelled out beneath.
    fn pin(&mut self) -> Result<(), Fault> {
        let profile = self.page.on.profile;
        let text_box = self.page.wanted("pin", &profile.boxes.pin)?;
        let type_size = profile.spelled.unwrap_or(TypeSize {
            size: text_box.size(),
            leading: text_box.leading,
        });
        let desk = &mut self.page.desk;
        let frame = text_box.area();
        desk.marks.push(Mark {
            part: Part::PinFrame,
            area: frame,
            ink: Ink::Stroke {
                thickness: FRAME_PT,
                dashed: false,
            },
        });
        let inner = frame.inset(PIN_PADDING_MM);
        let (digits, spelled) = spell(self.letter, self.mailer);
        let leading = type_size.leading * MM_PER_PT;
        let words = desk
            .faces
            .wrap(
                Style::Regular,
                type_size.size,
                &spelled,
                inner.width,
                desk.letter_base(),
            )
            .map_err(|_| pin_unsettable())?;
        let (_, descent) = desk.faces.extent(Style::Regular, type_size.size);
        for size in &text_box.sizes {
            let line = desk
                .faces
                .line(Style::Mono, *size, &digits, Base::LeftToRight)
                .map_err(|_| pin_unsettable())?;
            let cap = desk.faces.cap_height(Style::Mono, *size);
            let count = words.iter().fold(0.0, |count, _| count + 1.0);
            // From the digits' tops to the descenders of the last spelled line.
            let height = cap + leading * (count + DIGITS_GAP) + descent;
            if line.width > inner.width || height > inner.height {
                continue;
            }
            // Marks stay in the padding above, and clear of the spelling below.
            if line.rise > cap + PIN_PADDING_MM || line.sink > leading * (DIGITS_GAP + 0.5) {
                return Err(pin_unsettable());
            }
            let mut baseline = inner.y + (inner.height - height) / 2.0 + cap;
            desk.centred(inner, baseline, Style::Mono, *size, line, cap);
            baseline += leading * DIGITS_GAP;
            let cap = desk.faces.cap_height(Style::Regular, type_size.size);
            for line in words {
                baseline += leading;
                if line.rise > leading * 1.5 || line.sink > PIN_PADDING_MM {
                    return Err(pin_unsettable());
                }
                desk.centred(inner, baseline, Style::Regular, type_size.size, line, cap);
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

    /// Salutation, the steps of the first sign-in, what else to know, and where to ask.
    fn advice(&mut self) -> Result<(), Fault> {
        let letter = self.letter;
        let boxes = &self.page.on.profile.boxes;
        let values = &self.values;
        let text_box = self.page.wanted("salutation", &boxes.salutation)?;
        let text = values.fill(&letter.salutation);
        self.page
            .largest(text_box, "the salutation", |page, setting| {
                page.desk
                    .column(text_box.area(), &text, setting.part(Part::Account))
            })?;

        let steps = if self.mailer.force_pin_change {
            &letter.steps_change
        } else {
            &letter.steps_keep
        };
        let field = "the steps of the first sign-in";
        self.page
            .steps(field, (&letter.steps_heading, steps), values)?;
        let change = (&letter.change_heading, &letter.change);
        let opened = (&letter.opened_heading, &letter.opened);
        let first = self.mailer.force_pin_change.then_some(change);
        let advice: Vec<(&Words, &Words)> = first.into_iter().chain([opened]).collect();
        self.page.aside(&advice, values)?;
        self.page.footer(&letter.help, values)
    }
}

/// Says nothing about which character it is.
fn pin_unsettable() -> Fault {
    Fault::Mailer {
        what: "the PIN holds a character that the letter's fonts do not have, or cannot set in its box; use digits and Latin letters"
            .to_owned(),
    }
}
