//! Who shall get a key, and under which policy. A [`Draft`] is one checked row of a job file; a [`Job`] is a draft that the
//! ledger has admitted. Names, addresses and mail are personal data: the ledger keeps them outside the audit chain.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::authenticator::Serial;
use crate::domain::pin::Pin;

pub mod column;
pub mod proposal;
pub mod reason;
pub mod row;
pub mod sheet;

/// The number of a job in this ledger, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The name of a batch: the job file's name without its ending, or its `batch` field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BatchName(pub String);

/// The number that goes with a job from admission to the envelope, from 1, without gaps in this ledger. Shown with at
/// least four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Envelope(pub u32);

impl fmt::Display for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

/// Stands where a person was erased.
pub const ERASED_PERSON: &str = "a person who was erased";

/// Whether this is the person's first key or their second. Each has its own job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Primary,
    Backup,
}

impl Role {
    /// The word that job files use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Backup => "backup",
        }
    }
}

/// What a job says of a person, apart from secrets. All text is trimmed and in NFC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// User principal name or object id.
    pub user: String,
    /// Name of a policy that exists.
    pub policy: String,
    pub role: Role,
    /// The key in hand may hold an Entra passkey or belong to this person already: it is enrolled anew all the same.
    pub replace: bool,
    /// BCP 47 primary tag of the letter, lower case, such as `de`; `None`: the configuration's default.
    pub language: Option<String>,
    pub name: Option<String>,
    pub department: Option<String>,
    /// Lines of the postal address, without the name.
    pub address: Vec<String>,
    /// A person or place that the letter goes to instead, for internal mail.
    pub deliver_to: Option<String>,
    pub mail: Option<String>,
    /// Overrides the policy's `key_name` template.
    pub key_name: Option<String>,
    /// Only the key with this serial will do.
    pub serial: Option<Serial>,
    pub note: Option<String>,
}

/// One row of a job file that passed every check but is not in the ledger yet.
#[derive(Debug)]
pub struct Draft {
    /// The line in a CSV file (the header is line 1), or the number of the entry, from 1, in TOML and JSON.
    pub line: u32,
    pub request: Request,
    /// The PIN that the policy's `reset = "specified"` sets.
    pub pin: Option<Pin>,
    /// The PIN that the key has now, for `reset = "keep"`.
    pub current_pin: Option<Pin>,
}

/// An admitted job. The secrets of its row lie sealed in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    pub batch: BatchName,
    /// Place in the batch, from 1, without gaps.
    pub sequence: u32,
    pub envelope: Envelope,
    pub request: Request,
    pub has_specified_pin: bool,
    pub has_current_pin: bool,
}
