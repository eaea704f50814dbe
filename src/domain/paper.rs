//! The way of one printed sheet, and of the key's bag: what a printer tells, what a person confirms, what leaves the house.
//!
//! # Why
//! No protocol tells that a sheet lies in the tray: a printer that says "completed" may have handed its bytes to nobody, and a
//! record that vanished may belong to a sheet that is there. So a printer's word is kept as what it is, a sheet is printed at
//! most once, and a person who has scanned it decides.

pub mod outlet;
pub mod printer;

pub use self::outlet::{Astray, Outlet, job_name};

use serde::{Deserialize, Serialize};

/// What a printer knows a sheet by. A job's number alone is no key: after a restart a print server may give it to another job.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// The printer's URI, without user and password.
    pub printer: String,
    /// `job-id` (RFC 8011 §5.3.2).
    pub job: i32,
    /// `job-uuid` (PWG 5100.3), where the printer gives one.
    pub uuid: Option<String>,
    /// The opaque `job-name` that we gave, which no other job has.
    pub name: String,
}

impl Ticket {
    /// Where it was given. Of a copy a printer knows nothing.
    pub fn outlet(&self) -> Outlet {
        Outlet::Printer {
            uri: self.printer.clone(),
            spool: None,
        }
    }

    /// Why nobody can tell what became of the sheet when the station prints at another printer, or at none, by now.
    pub fn elsewhere(&self) -> String {
        format!(
            "it was sent to {} as {} (job {}), and the station does not print there any more: look for it there, and cancel it there if it still waits",
            self.printer, self.name, self.job
        )
    }
}

/// What a printer says of a sheet that it accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Printing {
    /// It is not done; `waits_for` names what only a person can mend, such as "paper in tray 2".
    Underway { waits_for: Option<String> },
    /// As far as the device can tell the sheet is on paper.
    OnPaper,
    /// Nobody can tell: aborted, cancelled, its record vanished, or another job has its number.
    Unknown { why: String },
}

/// Where a sheet stands that was handed to a printer, from the journal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sheet {
    /// The printer has it.
    Accepted { ticket: Ticket },
    /// The device says that it is printed: a person has to confirm it.
    OnPaper,
    /// There may be a sheet. It is never printed again: somebody finds and scans it, or it is made anew with another PIN.
    Unknown { why: String },
}

/// How a printed letter is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// The code on the sheet is scanned, or its number typed.
    Scan,
    /// One key is pressed by whoever holds the sheet.
    Key,
    /// The printer's word is enough.
    Device,
}

/// How it is confirmed that the key lies in its bag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bagging {
    /// The bag's label is scanned, or its number typed: `B-0042`.
    Scan,
    /// One key is pressed.
    Key,
    /// Keys go into no bags.
    None,
}

/// What left the bench, in the order in which it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// The confirmed letter lies in its envelope.
    LetterEnveloped,
    /// The bag with the key left the house.
    BagDispatched,
    /// The letter left the house, days after its bag.
    LetterDispatched,
}
