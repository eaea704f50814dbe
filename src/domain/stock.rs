//! The stock: the keys that a vendor's list says we bought, by their serial numbers. It says what a list is and what it comes
//! to, never where one is kept.

use serde::{Deserialize, Serialize};

use crate::domain::authenticator::{Aaguid, Attachment, Serial};
use crate::domain::job::row::{BadRow, Code, SERIAL_CHARS_MAX, looks_scientific, trim};
use crate::domain::model;

/// One line of a vendor's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockKey {
    pub serial: Serial,
    /// In the vendor's words.
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub aaguid: Option<Aaguid>,
}

/// A line of a vendor's list that names a key once more. The line before it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    pub line: u32,
    pub serial: Serial,
    /// The line that named it first.
    pub first: u32,
    /// The model that this line names and the model of the first one, where they are two.
    pub models: Option<(String, String)>,
}

/// What becomes of a key in a slot that the stock list does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlisted {
    /// It goes to the red tray: nothing is done to it.
    #[default]
    Stop,
    /// It is told, and the key is taken.
    Warn,
}

/// What the stock list says of a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// No list was ever imported: every key will do.
    NoList,
    Listed,
    Unlisted,
}

/// How many keys of one model there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelStock {
    /// `None`: the lists did not say.
    pub model: Option<String>,
    pub listed: usize,
    /// Listed keys that a job of this ledger has, or had when it was done.
    pub used: usize,
}

impl ModelStock {
    /// Keys that may be taken.
    pub const fn spare(&self) -> usize {
        self.listed.saturating_sub(self.used)
    }
}

/// The spare keys of all models; `None` where no list was imported.
pub fn spare(stock: &[ModelStock]) -> Option<usize> {
    (!stock.is_empty()).then(|| {
        stock
            .iter()
            .map(ModelStock::spare)
            .fold(0, usize::saturating_add)
    })
}

/// Characters of a model's name in a list; the rest is cut off.
const MODEL_CHARS_MAX: usize = 60;

/// One line of a vendor's list, as its cells say it. `None`: it names no key.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn read_line(
    line: u32,
    serial: &str,
    model: &str,
    aaguid: &str,
) -> Result<Option<StockKey>, BadRow> {
    let refuse =
        |code: Code, message: String, hint: &str| BadRow::at(line, None, code, message, hint);
    // A spreadsheet that shall not compute writes ="0012", and one that shall not round writes '0012.
    let bare = trim(serial)
        .trim_start_matches(['=', '\''])
        .trim_matches('"');
    let bare = trim(bare);
    let shown: String = bare.chars().take(SERIAL_CHARS_MAX).collect();
    if looks_scientific(bare) {
        return Err(refuse(
            Code::SerialRounded,
            format!(
                "The serial \"{shown}\" was rounded by the spreadsheet; its last digits are lost."
            ),
            "Import the vendor's own file, or format the column as text before it is opened there.",
        ));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    if bare.chars().count() > SERIAL_CHARS_MAX || !bare.chars().all(fits) {
        return Err(refuse(
            Code::SerialShape,
            format!("\"{shown}\" is not a serial number."),
            "Write it as it is printed on the key: letters, digits and - . _ : alone.",
        ));
    }
    let Some(serial) = Serial::new(bare) else {
        return Ok(None);
    };
    let aaguid = match trim(aaguid) {
        "" => None,
        text => Some(Aaguid::try_from(text).map_err(|wrong| {
            refuse(
                Code::WrongType,
                format!("The line of the key {serial}: {wrong}."),
                "Leave the cell empty, or write the model's AAGUID.",
            )
        })?),
    };
    let told: String = trim(model).chars().take(MODEL_CHARS_MAX).collect();
    let model = match aaguid {
        _ if !told.is_empty() => Some(told),
        Some(aaguid) => Some(model::name(aaguid, Attachment::Pcsc, "")),
        None => None,
    };
    Ok(Some(StockKey {
        serial,
        model,
        aaguid,
    }))
}
