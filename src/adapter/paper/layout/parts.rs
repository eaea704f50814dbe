//! What several kinds of sheets have in common: headings, steps, advice, and the line on where to ask.

use super::super::desk::Setting;
use super::super::profile::Area;
use super::super::sheet::Part;
use super::super::values::Values;
use super::super::words::{Field, Words};
use super::{HEADING_SCALE, PARAGRAPH_GAP, Page};
use crate::domain::fault::Fault;

impl Page<'_> {
    pub(super) fn heading(
        &mut self,
        area: Area,
        y: f32,
        words: &Words,
        values: &Values,
        setting: Setting<'_>,
    ) -> Result<f32, Fault> {
        let bold = setting
            .bold()
            .sized(setting.size * HEADING_SCALE)
            .part(part_of(words));
        let gap = setting.leading * PARAGRAPH_GAP / 2.0;
        Ok(self.desk.flow(area, y, &values.fill(words), bold)? + gap)
    }

    /// Three numbered steps under their heading.
    pub(super) fn steps(
        &mut self,
        field: &str,
        (title, steps): (&Words, &[Words; 3]),
        values: &Values,
    ) -> Result<(), Fault> {
        let text_box = self.wanted("steps", &self.on.profile.boxes.steps)?;
        let area = text_box.area();
        let (_, indented) = self.desk.columns(area, text_box.indent);
        self.largest(text_box, field, |page, setting| {
            let gap = setting.leading * PARAGRAPH_GAP;
            let mut y = page.heading(area, area.y, title, values, setting)?;
            for (number, words) in (1..).zip(steps) {
                page.desk
                    .flow(area, y, &format!("{number}"), setting.bold())?;
                let setting = setting.part(part_of(words));
                y = page.desk.flow(indented, y, &values.fill(words), setting)? + gap;
            }
            Ok(())
        })
    }

    /// Pieces of advice, each under its heading, beside the steps.
    pub(super) fn aside(
        &mut self,
        advice: &[(&Words, &Words)],
        values: &Values,
    ) -> Result<(), Fault> {
        let text_box = self.wanted("aside", &self.on.profile.boxes.aside)?;
        let area = text_box.area();
        self.largest(text_box, "the advice beside the steps", |page, setting| {
            let gap = setting.leading * PARAGRAPH_GAP * 2.0;
            let mut y = area.y;
            for (title, words) in advice {
                y = page.heading(area, y, title, values, setting)?;
                let setting = setting.part(part_of(words));
                y = page.desk.flow(area, y, &values.fill(words), setting)? + gap;
            }
            Ok(())
        })
    }

    /// Where to ask.
    pub(super) fn footer(&mut self, words: &Words, values: &Values) -> Result<(), Fault> {
        let text_box = self.wanted("footer", &self.on.profile.boxes.footer)?;
        let text = values.fill(words);
        self.largest(text_box, "the line on where to ask", |page, setting| {
            page.desk
                .column(text_box.area(), &text, setting.part(part_of(words)))
        })
    }
}

/// Text that names the person or the key belongs to the account.
pub(super) fn part_of(words: &Words) -> Part {
    if words.uses(Field::Name) || words.uses(Field::Key) {
        Part::Account
    } else {
        Part::Letter
    }
}
