//! What the site makes of what the directory says of a person before their key is wiped.

use serde::{Deserialize, Serialize};

/// What to do for a person whose account is disabled: on leave, not there yet, or gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisabledUsers {
    /// No key is wiped for them. The account is looked at again, and the job goes on once it is enabled.
    #[default]
    Hold,
    /// Their key is made all the same, and the bench is told.
    Warn,
}
