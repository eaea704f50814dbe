//! What the placeholders of one letter say. The PIN is none of them.

use super::Letterhead;
use super::letter::Letter;
use super::words::{Field, Words};
use crate::domain::mailer::Mailer;

/// What the placeholders say on this letter.
pub(super) struct Values {
    name: String,
    key: String,
    sign_in: String,
    help: String,
    control: String,
    pub(super) envelope: String,
    pub(super) date: String,
}

impl Values {
    pub(super) fn new(letter: &Letter, head: &Letterhead, mailer: &Mailer) -> Self {
        let (day, year) = (
            mailer.date.day().to_string(),
            mailer.date.year().to_string(),
        );
        let month = usize::try_from(mailer.date.month() - 1)
            .ok()
            .and_then(|index| letter.months.get(index))
            .map_or("", String::as_str);
        Self {
            name: mailer.recipient.clone(),
            key: mailer.key_model.clone(),
            sign_in: head.sign_in.clone(),
            help: head.help.as_ref().unwrap_or(&letter.help_default).clone(),
            // Not to be broken over two lines.
            control: mailer.control.grouped().replace(' ', "\u{A0}"),
            envelope: mailer.envelope.to_string(),
            date: letter.date.fill(|field| match field {
                Field::Day => &day,
                Field::Month => month,
                Field::Year => &year,
                Field::Name
                | Field::Key
                | Field::SignIn
                | Field::Help
                | Field::Control
                | Field::Envelope
                | Field::Word => "",
            }),
        }
    }

    /// `words` with this letter's values in them.
    pub(super) fn fill(&self, words: &Words) -> String {
        words.fill(|field| match field {
            Field::Name => &self.name,
            Field::Key => &self.key,
            Field::SignIn => &self.sign_in,
            Field::Help => &self.help,
            Field::Control => &self.control,
            Field::Envelope => &self.envelope,
            // Refused when the template was read.
            Field::Day | Field::Month | Field::Year | Field::Word => "",
        })
    }
}
