//! Where a job stands, for lists and for the ledger's index.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a job stands, as far as lists care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No key was bound yet.
    Waiting,
    UnderWay,
    Held,
    Done,
    Cancelled,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::UnderWay => "under way",
            Self::Held => "held",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        })
    }
}
