//! The drop folder in the words of the domain: what was claimed, what becomes of it, and what can go wrong with the folder
//! itself. What can be wrong with a file's content is [`BadRow`]'s matter.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::job::row::BadRow;
use crate::domain::job::sheet::{JobFile, Unit, Unusable};

/// The name of one claim, unique for ever: 32 hexadecimal digits. Admission is repeatable by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClaimId(pub String);

impl fmt::Display for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file that this station has taken out of `new/`. It lies in `work/` until it is finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub id: ClaimId,
    /// The name it was dropped under, made printable where it was not.
    pub name: String,
}

/// HMAC-SHA256 of a file's bytes under the station's key: recognises known content, and tells nobody else anything about the
/// PINs in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentHash(")?;
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// A claimed file, read.
#[derive(Debug)]
pub struct Delivery {
    /// `None` when its bytes could not be read or must not be (a link, a pipe, too large).
    pub content: Option<ContentHash>,
    pub parsed: Result<JobFile, Unusable>,
}

/// What becomes of a claimed file.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Its good rows are in the ledger. `report` is any JSON object; rows that were not admitted are told of beside it.
    Done {
        report: serde_json::Value,
        unit: Unit,
        bad_rows: Vec<BadRow>,
    },
    /// Nothing of it was admitted.
    Rejected { unit: Unit, reasons: Vec<BadRow> },
    /// Nothing is wrong with it, but a person has to decide; for example its content is known already.
    Held { reason: String, hint: String },
}

/// Where a finished file lies now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// Relative to the queue, such as `done/onboarding.csv`.
    pub place: String,
    pub pins: PinsLeft,
}

/// What the archived file still says of PINs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinsLeft {
    /// There was none: the file is kept as it came.
    NoneThere,
    /// Each was overwritten with `***`.
    Wiped,
    /// The file could not be understood well enough to be sure. It is kept as it came, for the owner alone.
    Unknown,
}

/// What lies in the folder and is nobody's job yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lying {
    /// Names of files that were not taken in yet.
    pub new: Vec<String>,
    /// Files that wait for a decision.
    pub hold: Vec<HeldFile>,
}

/// A file that waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFile {
    pub name: String,
    /// `None` where none was written beside it.
    pub reason: Option<String>,
}

/// What is wrong with the folder. The files in it stay where they are, and the next look tries again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxFault {
    #[error("another station holds the queue {queue} ({holder})")]
    HeldByAnother { queue: String, holder: String },
    #[error("the disk that holds {place} is full: make room, the file waits where it is")]
    NoSpace { place: String },
    #[error("this station may not {act} in {place}: check the owner and the mode of the folder")]
    Denied { act: String, place: String },
    #[error("{place} is a folder of another file system: a queue has to lie on one")]
    AcrossFileSystems { place: String },
    #[error("{place} is not a folder of its own (a link or a file is there): remove it")]
    NotAFolder { place: String },
    #[error("could not {act} in {place}: {what}")]
    Failed {
        act: String,
        place: String,
        what: String,
    },
}

/// A file that nobody took as it was, with what was said of it beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Relative to the queue, such as `rejected/onboarding.csv`.
    pub place: String,
    pub fate: SetAsideFate,
    /// When its reasons were written.
    pub at: crate::domain::time::Timestamp,
    /// The reasons, in words, as they lie beside it. May be cut.
    pub reasons: String,
}

/// What became of a file that was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetAsideFate {
    /// Nothing of it was admitted.
    Rejected,
    /// A person has to decide.
    Held,
    /// Some of its rows were not admitted.
    InPart,
}
