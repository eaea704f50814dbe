//! What the placeholders of one letter say. The PIN is none of them.

use super::Letterhead;
use super::letter::{Page, PageDirection};
use super::words::{Field, Words};
use crate::domain::mailer::{Companion, Mailer};

/// What the placeholders say on this letter.
pub(super) struct Values {
    name: String,
    key: String,
    sign_in: String,
    help: String,
    control: String,
    pub(super) envelope: String,
    bag: String,
    pub(super) date: String,
}

/// The marks that hold a piece of text together in its own direction (Unicode Standard Annex 9, section 2.4): left to right, as
/// its first letter says, and their end.
const LEFT_TO_RIGHT: char = '\u{2066}';
pub(super) const FIRST_LETTER: char = '\u{2068}';
pub(super) const END: char = '\u{2069}';

impl Values {
    pub(super) fn new(page: &Page, head: &Letterhead, mailer: &Mailer) -> Self {
        let help = head.help.as_ref().unwrap_or(&page.help_default);
        let held = Held(page.direction);
        Self {
            name: held.text(&mailer.recipient),
            key: held.text(&mailer.key_model),
            sign_in: held.left_to_right(&head.sign_in),
            help: held.text(&numbers_held(help)),
            // Not to be broken over two lines.
            control: held.left_to_right(&mailer.control.grouped().replace(' ', "\u{A0}")),
            envelope: mailer.envelope.to_string(),
            // No bag: it travels alone.
            bag: String::new(),
            date: page.date_of(mailer.date),
        }
    }

    /// For a sheet that goes with a key. It knows neither the control number nor the number of the PIN's letter.
    pub(super) fn beside_key(page: &Page, head: &Letterhead, slip: &Companion) -> Self {
        let help = head.help.as_ref().unwrap_or(&page.help_default);
        let held = Held(page.direction);
        Self {
            name: held.text(slip.recipient.as_deref().unwrap_or("")),
            key: held.text(slip.key_model.as_deref().unwrap_or("")),
            sign_in: held.left_to_right(&head.sign_in),
            help: held.text(&numbers_held(help)),
            control: String::new(),
            envelope: String::new(),
            bag: held.left_to_right(&slip.bag()),
            date: page.date_of(slip.date),
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
            Field::Bag => &self.bag,
            // Refused when the template was read.
            Field::Day | Field::Month | Field::Year | Field::Word => "",
        })
    }
}

/// Holds values together where the text around them, or they themselves, run from right to left; elsewhere they stay bare.
struct Held(PageDirection);

impl Held {
    fn text(&self, value: &str) -> String {
        self.between(FIRST_LETTER, value)
    }

    fn left_to_right(&self, value: &str) -> String {
        self.between(LEFT_TO_RIGHT, value)
    }

    fn between(&self, begin: char, value: &str) -> String {
        let needed = self.0 == PageDirection::RightToLeft
            || unicode_bidi::get_base_direction(value) != unicode_bidi::Direction::Ltr;
        if needed {
            format!("{begin}{value}{END}")
        } else {
            value.to_owned()
        }
    }
}

/// `text` with each telephone number in it held together, as it would otherwise be read group by group from the right beside
/// Arabic or Hebrew words.
pub(super) fn numbers_held(text: &str) -> String {
    let mut held = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit() || c == '+') {
        let (before, from) = rest.split_at(start);
        let is_part = |c: char| {
            c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '.' | '/' | '(' | ')' | '\u{A0}')
        };
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        let solid = number.trim_end_matches(|c: char| !c.is_ascii_digit());
        let (number, blank) = number.split_at(solid.len());
        held.push_str(before);
        if number.is_empty() {
            held.push_str(blank);
        } else {
            held.push(LEFT_TO_RIGHT);
            held.push_str(number);
            held.push(END);
            held.push_str(blank);
        }
        rest = after;
    }
    held.push_str(rest);
    held
}
