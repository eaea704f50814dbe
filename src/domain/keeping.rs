//! What the ledger keeps beside the work on jobs: the stock list, passkeys that an administrator has deleted at Entra, who opened a
//! PIN, which metadata of models was here, and who was let into the console. Plain data; it never says how it is kept.

use serde::{Deserialize, Serialize};

use crate::domain::account::{AccountChange, AccountName};
use crate::domain::authenticator::Serial;
use crate::domain::credential::MethodId;
use crate::domain::job::JobId;
use crate::domain::metadata::Signer;
use crate::domain::stock::StockKey;
use crate::domain::time::Timestamp;

/// Something to be written down, in one transaction with its row of the audit chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeping {
    /// These keys are ours. Those that are listed already stay as they are.
    Stock { keys: Vec<StockKey> },
    /// These are not. Those that are not listed are none.
    Unstock { serials: Vec<Serial> },
    /// A DELETE is about to be sent.
    Removing(Removal),
    /// What came of it.
    Removed { removal: i64, end: RemovalEnd },
    /// A sealed PIN of this job is about to be opened. `reason`: why, where somebody said it; `void`: although it is void.
    Opening {
        job: JobId,
        reason: Option<String>,
        void: bool,
    },
    /// This edition of the metadata of models is here.
    Metadata { signer: Signer, number: u64 },
    /// Who may use the console is about to change.
    Account {
        name: AccountName,
        change: AccountChange,
    },
    /// A job file is about to be put into the queue. `content`: HMAC-SHA256 of its bytes under the station's key, as its batch has
    /// it; its name may be a person's.
    Queued { rows: usize, content: [u8; 32] },
}

/// A passkey that an administrator wants gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    pub user: String,
    pub method: MethodId,
    /// Its name at Entra.
    pub name: String,
    pub reason: Option<String>,
}

/// What came of a DELETE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalEnd {
    Deleted,
    /// It was not there: done as well.
    WasGone,
    /// The tenant refused.
    Refused,
}

/// A removal of which nobody knows what came of it: the power went, or no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRemoval {
    pub id: i64,
    pub removal: Removal,
    pub actor: String,
    pub at: Timestamp,
}

/// What was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// So many keys came to the stock list, or went from it; the others were there already, or never.
    Stock {
        changed: usize,
    },
    /// The number of a removal that begins.
    Removing {
        removal: i64,
    },
    Noted,
}
