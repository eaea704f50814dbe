//! The letter in the bag of a key, and the slip that is signed for it. Neither has a PIN, nor the number of a PIN's letter.

use super::super::letter::{CompanionLabels, KeyLetter, Receipt};
use super::super::profile::Area;
use super::super::sheet::Sheet;
use super::super::values::Values;
use super::super::words::Words;
use super::parts::part_of;
use super::{Desktop, HAIRLINE_PT, PARAGRAPH_GAP, Page, SUBJECT_SCALE};
use crate::domain::fault::Fault;
use crate::domain::mailer::Companion;

/// Room for a pen above a line, mm.
const PEN_MM: f32 = 16.0;
/// From the line to what stands under it, mm.
const UNDER_LINE_MM: f32 = 1.0;
/// Of the width, what the date takes; the signature has the rest.
const DATE_PART: f32 = 0.35;
/// Between the two lines, mm.
const BETWEEN_LINES_MM: f32 = 8.0;

/// Sets the letter that travels with the key.
pub(in crate::adapter::paper) fn key_letter(
    on: Desktop<'_>,
    words: &KeyLetter,
    slip: &Companion,
) -> Result<Sheet, Fault> {
    let mut page = Page::new(on, words.page.direction);
    let values = Values::beside_key(&words.page, on.head, slip);
    page.sender()?;
    page.whom(slip)?;
    page.which(&words.info, slip, &values)?;
    let text = [&words.salutation].into_iter().chain(&words.opening);
    page.body(&words.subject, text, &values)?;
    let field = "the steps for the key";
    page.steps(field, (&words.steps_heading, &words.steps), &values)?;
    let care = (&words.care_heading, &words.care);
    let opened = (&words.opened_heading, &words.opened);
    page.aside(&[care, opened], &values)?;
    page.footer(&words.help, &values)?;
    page.finish()
}

/// Sets the slip, with lines for date and signature.
pub(in crate::adapter::paper) fn receipt(
    on: Desktop<'_>,
    words: &Receipt,
    slip: &Companion,
) -> Result<Sheet, Fault> {
    let mut page = Page::new(on, words.page.direction);
    let values = Values::beside_key(&words.page, on.head, slip);
    page.sender()?;
    page.whom(slip)?;
    page.which(&words.info, slip, &values)?;
    let text = [&words.opening].into_iter().chain(&words.statement);
    page.body(&words.subject, text, &values)?;
    page.pen_lines(&words.received_on, &words.signature)?;
    page.footer(&words.return_to, &values)?;
    page.finish()
}

impl Page<'_> {
    fn whom(&mut self, slip: &Companion) -> Result<(), Fault> {
        let name = slip
            .recipient
            .iter()
            .map(|row| ("the recipient's name", row.as_str()));
        let department = slip
            .department
            .iter()
            .map(|row| ("the department", row.as_str()));
        let lines = slip.destination.lines().iter();
        let lines = lines.map(|row| ("the address", row.as_str()));
        let rows: Vec<(&str, &str)> = name.chain(department).chain(lines).collect();
        self.address(&rows)
    }

    /// Which bag and which key.
    fn which(
        &mut self,
        labels: &CompanionLabels,
        slip: &Companion,
        values: &Values,
    ) -> Result<(), Fault> {
        let batch = format!("{} / {}", slip.batch.0, slip.sequence);
        let serial = slip
            .serial_ending
            .as_deref()
            .filter(|_| self.on.profile.serial);
        self.info(&[
            (&labels.date, Some(&values.date)),
            (&labels.name, slip.recipient.as_deref()),
            (&labels.bag, Some(&slip.bag())),
            (&labels.batch, Some(&batch)),
            (&labels.key, slip.key_model.as_deref()),
            (&labels.serial, serial),
        ])
    }

    /// A subject and its paragraphs.
    fn body<'w>(
        &mut self,
        subject: &Words,
        paragraphs: impl Iterator<Item = &'w Words> + Clone,
        values: &Values,
    ) -> Result<(), Fault> {
        let text_box = self.wanted("body", &self.on.profile.boxes.body)?;
        let area = text_box.area();
        self.largest(text_box, "the letter's text", |page, setting| {
            let gap = setting.leading * PARAGRAPH_GAP;
            let title = setting
                .bold()
                .sized(setting.size * SUBJECT_SCALE)
                .part(part_of(subject));
            let mut y = page.desk.flow(area, area.y, &values.fill(subject), title)? + gap;
            for words in paragraphs.clone() {
                let setting = setting.part(part_of(words));
                y = page.desk.flow(area, y, &values.fill(words), setting)? + gap;
            }
            Ok(())
        })
    }

    /// Two lines to write on, and under them what belongs there.
    fn pen_lines(&mut self, date: &str, signature: &str) -> Result<(), Fault> {
        let text_box = self.wanted("sign", &self.on.profile.boxes.sign)?;
        let area = text_box.area();
        let (first, rest) = self.desk.columns(area, area.width * DATE_PART);
        let (_, second) = self.desk.columns(rest, BETWEEN_LINES_MM);
        self.largest(text_box, "the lines for a pen", |page, setting| {
            for (column, label) in [(first, date), (second, signature)] {
                let line = Area {
                    y: area.y + PEN_MM,
                    height: 0.0,
                    ..column
                };
                page.rule(line, HAIRLINE_PT);
                let under = area.y + PEN_MM + UNDER_LINE_MM;
                page.desk.flow(column, under, label, setting.grey())?;
            }
            Ok(())
        })
    }
}
