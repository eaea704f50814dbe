//! The check of one row, column by column. Each takes a cell, gives the value, and notes what is wrong on the way.

use zeroize::Zeroizing;

use super::cell::{self, Cell, Quoter, looks_scientific, trim};
use super::{
    ADDRESS_LINES_MAX, BadRow, Code, KEY_NAME_CHARS_MAX, NOTE_CHARS_MAX, RawRow, Rules,
    SERIAL_CHARS_MAX, TEXT_CHARS_MAX, USER_CHARS_MAX,
};
use crate::domain::authenticator::Serial;
use crate::domain::job::Role;
use crate::domain::job::column::{Column, nearest};
use crate::domain::mailer::piles_marks;
use crate::domain::pin::{Pin, PinUnfit};

pub(super) struct Checker<'a> {
    row: &'a RawRow,
    rules: &'a Rules,
    quoter: Quoter<'a>,
    bad: Vec<BadRow>,
}

impl<'a> Checker<'a> {
    /// `secrets` are the texts of the row's PIN columns.
    pub(super) fn new(row: &'a RawRow, rules: &'a Rules, secrets: Vec<&'a str>) -> Self {
        Self {
            row,
            rules,
            quoter: Quoter::new(secrets),
            bad: Vec::new(),
        }
    }

    /// Everything that was wrong.
    pub(super) fn finish(self) -> Vec<BadRow> {
        self.bad
    }

    fn refuse(&mut self, column: Column, code: Code, message: String, hint: impl Into<String>) {
        let line = self.row.line;
        self.bad
            .push(BadRow::at(line, Some(column), code, message, hint));
    }

    /// The trimmed text of a cell, `None` when it is empty or absent. Complains of a cell that cannot be text.
    fn raw(&mut self, column: Column) -> Option<Zeroizing<String>> {
        let (_, cell) = self.row.cells.iter().find(|(c, _)| *c == column)?;
        let text = match cell {
            Cell::Text(text) => text.clone(),
            Cell::Flag(flag) => Zeroizing::new(if *flag { "true" } else { "false" }.to_owned()),
            // A number has lost its leading zeros already, which would make another PIN of it.
            Cell::Number(_) if column.is_secret() => {
                self.refuse(
                    column,
                    Code::WrongType,
                    "The PIN is written as a number.".to_owned(),
                    "Put it in quotation marks, so that no leading zero is lost.",
                );
                return None;
            }
            Cell::Number(number) => number.clone(),
            Cell::Lines(lines) if column == Column::Address => Zeroizing::new(lines.join("|")),
            Cell::Lines(_) | Cell::Other => {
                self.refuse(
                    column,
                    Code::WrongType,
                    "This is not a text.".to_owned(),
                    if column == Column::Address {
                        "Write it as a list of lines, or as one text with | between the lines."
                    } else {
                        "Write one text in quotation marks."
                    },
                );
                return None;
            }
        };
        let text = trim(&text);
        (!text.is_empty()).then(|| Zeroizing::new(text.to_owned()))
    }

    /// A cell as text in NFC, at most `chars_max` long, in one line.
    pub(super) fn text(&mut self, column: Column, chars_max: usize) -> Option<String> {
        let raw = self.raw(column)?;
        let text = cell::composed(&raw);
        if text.chars().any(|c| matches!(c, '\n' | '\r')) {
            self.refuse(
                column,
                Code::ControlCharacter,
                "There is a line break in it.".to_owned(),
                "Write it in one line. Only address and note may have several.",
            );
            return None;
        }
        self.fits(column, text, chars_max)
    }

    fn fits(&mut self, column: Column, text: String, chars_max: usize) -> Option<String> {
        let count = text.chars().count();
        if count > chars_max {
            self.refuse(
                column,
                Code::TextTooLong,
                format!("It has {count} characters; {chars_max} are the most."),
                "Shorten it.",
            );
            return None;
        }
        if text.chars().any(char::is_control) {
            self.refuse(
                column,
                Code::ControlCharacter,
                "There is an invisible control character in it.".to_owned(),
                "Type the text anew instead of pasting it.",
            );
            return None;
        }
        if piles_marks(&text) {
            self.refuse(
                column,
                Code::ControlCharacter,
                "Accents or other marks are piled up on one letter of it.".to_owned(),
                "Type the text anew, without them.",
            );
            return None;
        }
        Some(text)
    }

    pub(super) fn user(&mut self) -> String {
        let column = Column::User;
        let complaints = self.bad.len();
        let Some(user) = self.text(column, USER_CHARS_MAX) else {
            if self.bad.len() == complaints {
                self.refuse(
                    column,
                    Code::UserMissing,
                    "There is no user in this row.".to_owned(),
                    "Write the user principal name, such as anna.lang@contoso.com, or the object id.",
                );
            }
            return String::new();
        };
        if cell::is_object_id(&user) {
            return user.to_lowercase();
        }
        if let Err(why) = cell::check_upn(&user) {
            let quoted = self.quoter.quote(&user);
            self.refuse(
                column,
                Code::UserShape,
                format!("{quoted} is not a user principal name: {why}."),
                "Write it as in Entra, such as anna.lang@contoso.com, or write the object id \
                 (8-4-4-4-12 hexadecimal digits).",
            );
        }
        user
    }

    pub(super) fn policy(&mut self) -> String {
        let column = Column::Policy;
        let complaints = self.bad.len();
        let Some(policy) = self.text(column, TEXT_CHARS_MAX) else {
            if let Some(policy) = &self.rules.default_policy {
                return policy.clone();
            }
            if self.bad.len() == complaints {
                let hint = format!("Write one of these: {}.", self.rules.policies.join(", "));
                self.refuse(
                    column,
                    Code::PolicyMissing,
                    "There is no policy in this row, and no default policy is set.".to_owned(),
                    hint,
                );
            }
            return String::new();
        };
        if !self.rules.policies.contains(&policy) {
            let quoted = self.quoter.quote(&policy);
            let hint = suggest(&policy, &self.rules.policies, "policies");
            self.refuse(
                column,
                Code::UnknownPolicy,
                format!("There is no policy {quoted}."),
                hint,
            );
        }
        policy
    }

    pub(super) fn role(&mut self) -> Role {
        let Some(text) = self.text(Column::Role, TEXT_CHARS_MAX) else {
            return Role::default();
        };
        match text.to_lowercase().as_str() {
            "primary" => Role::Primary,
            "backup" => Role::Backup,
            _ => {
                let quoted = self.quoter.quote(&text);
                let known = ["primary".to_owned(), "backup".to_owned()];
                self.refuse(
                    Column::Role,
                    Code::UnknownRole,
                    format!("{quoted} is not a role."),
                    suggest(&text, &known, "roles"),
                );
                Role::default()
            }
        }
    }

    pub(super) fn flag(&mut self, column: Column) -> bool {
        let Some(text) = self.text(column, TEXT_CHARS_MAX) else {
            return false;
        };
        cell::read_flag(&text).unwrap_or_else(|| {
            let quoted = self.quoter.quote(&text);
            self.refuse(
                column,
                Code::NotYesOrNo,
                format!("{quoted} is neither yes nor no."),
                "Write yes or no; an empty cell means no.",
            );
            false
        })
    }

    pub(super) fn language(&mut self) -> Option<String> {
        let text = self.text(Column::Language, TEXT_CHARS_MAX)?;
        // BCP 47: the primary tag is all that letters are kept by; de-AT and de_CH are read as de.
        let lower = text.to_lowercase();
        let primary = lower.split(['-', '_']).next().unwrap_or(&lower);
        if self.rules.languages.iter().any(|known| known == primary) {
            return Some(primary.to_owned());
        }
        let quoted = self.quoter.quote(&text);
        let hint = suggest(&text, &self.rules.languages, "languages");
        self.refuse(
            Column::Language,
            Code::UnknownLanguage,
            format!("There are no letters in the language {quoted}."),
            hint,
        );
        None
    }

    pub(super) fn address(&mut self) -> Vec<String> {
        let column = Column::Address;
        let Some(raw) = self.raw(column) else {
            return Vec::new();
        };
        let lines: Vec<String> = raw
            .split(['|', '\n', '\r'])
            .map(|line| cell::composed(trim(line)))
            .filter(|line| !line.is_empty())
            .collect();
        if lines.len() > ADDRESS_LINES_MAX {
            self.refuse(
                column,
                Code::AddressTooLong,
                format!(
                    "The address has {} lines; {ADDRESS_LINES_MAX} fit under the name in the window.",
                    lines.len()
                ),
                "Join lines, or use deliver_to for internal mail.",
            );
            return Vec::new();
        }
        let complaints = self.bad.len();
        let lines: Vec<String> = lines
            .into_iter()
            .filter_map(|line| self.fits(column, line, TEXT_CHARS_MAX))
            .collect();
        self.bad.truncate(complaints + 1);
        lines
    }

    pub(super) fn mail(&mut self) -> Option<String> {
        let mail = self.text(Column::Mail, TEXT_CHARS_MAX)?;
        if !cell::is_mail(&mail) {
            let quoted = self.quoter.quote(&mail);
            self.refuse(
                Column::Mail,
                Code::MailShape,
                format!("{quoted} is not a mail address."),
                "Write one address, such as anna.lang@contoso.com, without a name around it.",
            );
        }
        Some(mail)
    }

    pub(super) fn key_name(&mut self) -> Option<String> {
        let name = self.text(Column::KeyName, TEXT_CHARS_MAX)?;
        let count = name.chars().count();
        if count > KEY_NAME_CHARS_MAX {
            self.refuse(
                Column::KeyName,
                Code::KeyNameTooLong,
                format!(
                    "The key name has {count} characters; Entra takes {KEY_NAME_CHARS_MAX} at most."
                ),
                "Shorten it, or leave it empty: then the policy names the key.",
            );
        }
        Some(name)
    }

    pub(super) fn serial(&mut self) -> Option<Serial> {
        let column = Column::Serial;
        let text = self.text(column, SERIAL_CHARS_MAX)?;
        if looks_scientific(&text) {
            let quoted = self.quoter.quote_number(&text);
            self.refuse(
                column,
                Code::SerialRounded,
                format!(
                    "The serial {quoted} was rounded by the spreadsheet; its last digits are lost."
                ),
                "Format the column as text, type the serial again, and save.",
            );
            return None;
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
        if !text.chars().all(fits) {
            let quoted = self.quoter.quote_number(&text);
            self.refuse(
                column,
                Code::SerialShape,
                format!("{quoted} is not a serial number."),
                "Write it as it is printed on the key, without formulas, spaces or quotation marks.",
            );
            return None;
        }
        Serial::new(&text)
    }

    pub(super) fn note(&mut self) -> Option<String> {
        let raw = self.raw(Column::Note)?;
        let lines: Vec<&str> = raw
            .lines()
            .map(trim)
            .filter(|line| !line.is_empty())
            .collect();
        let text = cell::composed(&lines.join(" / "));
        self.fits(Column::Note, text, NOTE_CHARS_MAX)
    }

    pub(super) fn pin(&mut self, column: Column) -> Option<Pin> {
        let text = self.raw(column)?;
        if looks_scientific(&text) {
            self.refuse(
                column,
                Code::PinRounded,
                "The PIN looks like a number that a spreadsheet rounded; its last digits are lost."
                    .to_owned(),
                "Format the column as text, type the PIN again, and save.",
            );
            return None;
        }
        match Pin::new(&text) {
            Ok(pin) => Some(pin),
            Err(unfit) => {
                self.refuse(
                    column,
                    Code::PinUnfit,
                    cell::sentence(&unfit.to_string()),
                    pin_hint(&unfit),
                );
                None
            }
        }
    }
}

fn pin_hint(unfit: &PinUnfit) -> &'static str {
    match unfit {
        PinUnfit::TooShort { .. } => {
            "A PIN has 4 characters or more. Did the spreadsheet drop a leading zero? Then format the column as text."
        }
        PinUnfit::TooLong => {
            "A PIN has at most 63 bytes: 63 plain letters and digits, fewer with accents."
        }
        PinUnfit::ControlCharacter => "Type the PIN anew instead of pasting it.",
        PinUnfit::Guessable(_) | PinUnfit::LengthOutOfRange { .. } => "Choose another PIN.",
    }
}

fn suggest(text: &str, known: &[String], what: &str) -> String {
    let guess = nearest(&text.to_lowercase(), known.iter().map(String::as_str))
        .map(|nearest| format!("Did you mean {nearest}? "))
        .unwrap_or_default();
    format!("{guess}The {what} are: {}.", known.join(", "))
}
