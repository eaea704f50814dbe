//! The sheets that go with a key and never carry a PIN: the letter in its bag, the receipt, the bag's label.

use std::fmt;

use serde::Deserialize;

use super::{Destination, Mailer, MailerUnfit, check_fields};
use crate::domain::job::{BatchName, Envelope};

/// Every kind of sheet that a profile can lay out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SheetKind {
    /// The letter with the PIN.
    Pin,
    /// The letter that travels with the key.
    Key,
    /// What the person signs and sends back.
    Receipt,
    /// The slip for the key's bag.
    Label,
}

impl SheetKind {
    pub const ALL: [Self; 4] = [Self::Pin, Self::Key, Self::Receipt, Self::Label];

    /// As profiles and folders of letters name it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Key => "key",
            Self::Receipt => "receipt",
            Self::Label => "label",
        }
    }
}

/// Which sheet without a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompanionKind {
    Key,
    Receipt,
    Label,
}

impl From<CompanionKind> for SheetKind {
    fn from(kind: CompanionKind) -> Self {
        match kind {
            CompanionKind::Key => Self::Key,
            CompanionKind::Receipt => Self::Receipt,
            CompanionKind::Label => Self::Label,
        }
    }
}

/// The content of one sheet without a PIN.
pub struct Companion {
    pub kind: CompanionKind,
    /// BCP 47 primary tag of its words, such as `de`.
    pub language: String,
    /// The name of the person; a label may go without.
    pub recipient: Option<String>,
    pub department: Option<String>,
    pub destination: Destination,
    /// The model, as people call it; a label may be made before the bag has a key.
    pub key_model: Option<String>,
    /// The last characters of the serial, where the key has one (see `Serial::ending`).
    pub serial_ending: Option<String>,
    /// The bag is `B-` and this number.
    pub envelope: Envelope,
    pub batch: BatchName,
    /// Place in the batch, from 1.
    pub sequence: u32,
    /// The day on the sheet, in the station's time zone.
    pub date: jiff::civil::Date,
}

impl fmt::Debug for Companion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Companion({:?}, {})", self.kind, self.envelope)
    }
}

impl Companion {
    /// The sheet of `kind` that goes with `mailer`: all that it says but the PIN and the control number.
    pub fn of(kind: CompanionKind, mailer: &Mailer) -> Self {
        Self {
            kind,
            language: mailer.language.clone(),
            recipient: Some(mailer.recipient.clone()),
            department: mailer.department.clone(),
            destination: mailer.destination.clone(),
            key_model: Some(mailer.key_model.clone()),
            serial_ending: mailer.serial_ending.clone(),
            envelope: mailer.envelope,
            batch: mailer.batch.clone(),
            sequence: mailer.sequence,
            date: mailer.date,
        }
    }

    /// What stands on the key's bag, and what its code says: `B-0042`.
    pub fn bag(&self) -> String {
        format!("B-{}", self.envelope)
    }

    /// Refuses what paper cannot show truly, as [`Mailer::check`] does.
    ///
    /// # Errors
    /// [`MailerUnfit`], naming the field.
    pub fn check(&self) -> Result<(), MailerUnfit> {
        let named = [
            ("the recipient's name", self.recipient.as_deref()),
            ("the department", self.department.as_deref()),
            ("the key model", self.key_model.as_deref()),
            ("the serial", self.serial_ending.as_deref()),
            ("the batch name", Some(self.batch.0.as_str())),
        ];
        let lines = self.destination.lines().iter();
        check_fields(
            named
                .into_iter()
                .filter_map(|(field, text)| text.map(|text| (field, text)))
                .chain(lines.map(|line| ("the address", line.as_str()))),
        )
    }
}
