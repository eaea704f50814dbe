//! One row of a job file: from cells as somebody typed them to a [`Draft`], or to everything that is wrong with it.
//! Never quotes a PIN, not even one that stands in the wrong column.

use serde::{Deserialize, Serialize};

use super::column::Column;
use super::{Draft, Request, Role};

mod cell;
mod checker;
use checker::Checker;

pub(in crate::domain) use cell::looks_scientific;
pub use cell::{Cell, trim};

/// Entra refuses longer names of a security key.
pub const KEY_NAME_CHARS_MAX: usize = 30;
/// Six lines fit into the address zone of DIN 5008; the first is the name.
pub const ADDRESS_LINES_MAX: usize = 5;
pub const TEXT_CHARS_MAX: usize = 256;
pub const NOTE_CHARS_MAX: usize = 1_000;
/// The longest user principal name that Entra takes.
pub const USER_CHARS_MAX: usize = 113;
pub const SERIAL_CHARS_MAX: usize = 64;

/// What a row is checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Names of the policies that exist.
    pub policies: Vec<String>,
    /// The policy of a row that names none; `None`: then every row has to.
    pub default_policy: Option<String>,
    /// Primary tags of the languages that letters can be written in, lower case.
    pub languages: Vec<String>,
}

/// What kind of thing is wrong. For scripts; people read the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    FileTooLarge,
    FileEmpty,
    NotText,
    UnknownFormat,
    FileName,
    Syntax,
    QuoteOpen,
    HeaderMissing,
    UnknownColumn,
    DuplicateColumn,
    NoRows,
    TooManyRows,
    CellCount,
    NotARow,
    UserMissing,
    UserShape,
    DuplicateUser,
    PolicyMissing,
    UnknownPolicy,
    UnknownRole,
    NotYesOrNo,
    UnknownLanguage,
    MailShape,
    AddressTooLong,
    TextTooLong,
    ControlCharacter,
    KeyNameTooLong,
    SerialShape,
    SerialRounded,
    PinUnfit,
    PinRounded,
    WrongType,
    /// The row does not have what its policy needs, or has what it must not have.
    PolicyDisagrees,
    /// The row's letter cannot be made.
    Letter,
    // The file as a thing in the folder.
    NotAFile,
    Unreadable,
    TwoNames,
}

/// One thing that is wrong in a job file. `line` is 0 when it concerns the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRow {
    /// As [`Draft::line`].
    pub line: u32,
    pub column: Option<String>,
    pub code: Code,
    /// What is wrong: a sentence.
    pub message: String,
    /// What to do about it: a sentence.
    pub hint: String,
}

impl BadRow {
    /// Something wrong with the file as a whole.
    pub fn whole(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::at(0, None, code, message, hint)
    }

    /// Something wrong at a place.
    pub fn at(
        line: u32,
        column: Option<Column>,
        code: Code,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            line,
            column: column.map(|column| column.word().to_owned()),
            code,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// A row before the check: its cells by column, each column at most once.
#[derive(Debug, Default)]
pub struct RawRow {
    /// As [`Draft::line`].
    pub line: u32,
    pub cells: Vec<(Column, Cell)>,
    /// Its form was complained of already: it is checked for whatever else is wrong, and becomes no draft.
    pub refused: bool,
}

/// Checks one row.
///
/// # Errors
/// Everything that is wrong with it, in the order of the columns.
pub fn check(row: &RawRow, rules: &Rules) -> Result<Draft, Vec<BadRow>> {
    let secrets: Vec<&str> = row
        .cells
        .iter()
        .filter(|(column, _)| column.is_secret())
        .filter_map(|(_, cell)| cell.as_text())
        .collect();
    let mut checker = Checker::new(row, rules, secrets);
    let request = Request {
        user: checker.user(),
        policy: checker.policy(),
        role: checker.role(),
        replace: checker.flag(Column::Replace),
        language: checker.language(),
        name: checker.text(Column::Name, TEXT_CHARS_MAX),
        department: checker.text(Column::Department, TEXT_CHARS_MAX),
        address: checker.address(),
        deliver_to: checker.text(Column::DeliverTo, TEXT_CHARS_MAX),
        mail: checker.mail(),
        key_name: checker.key_name(),
        serial: checker.serial(),
        note: checker.note(),
    };
    let pin = checker.pin(Column::Pin);
    let current_pin = checker.pin(Column::CurrentPin);
    let bad = checker.finish();
    if bad.is_empty() {
        let line = row.line;
        Ok(Draft {
            line,
            request,
            pin,
            current_pin,
        })
    } else {
        Err(bad)
    }
}

/// Who a row is for and in which role, before the check; `None` without a user. Entra compares user principal names without
/// regard to case.
pub(super) fn who(row: &RawRow) -> Option<(String, Role)> {
    let text = |wanted: Column| {
        let (_, cell) = row.cells.iter().find(|(column, _)| *column == wanted)?;
        cell.as_text().map(str::to_lowercase)
    };
    let user = text(Column::User).filter(|user| !user.is_empty())?;
    let role = match text(Column::Role).as_deref() {
        Some("backup") => Role::Backup,
        _ => Role::Primary,
    };
    Some((user, role))
}

#[cfg(test)]
mod tests;
