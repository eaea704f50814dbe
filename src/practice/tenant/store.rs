//! The part of the practice tenant that outlives the process, as one JSON file. It holds no secret: challenges by their
//! hash, public keys, no tokens.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::state::TenantCredential;

/// To whom a challenge was issued, and until when it counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Challenge {
    pub(super) user: String,
    pub(super) expires: Timestamp,
}

/// The part that outlives the process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Durable {
    /// By object id.
    pub(super) credentials: BTreeMap<String, Vec<TenantCredential>>,
    /// By the base64url SHA-256 of the challenge's text.
    pub(super) challenges: BTreeMap<String, Challenge>,
}

/// Reads the state file.
pub(super) fn load(path: &Path) -> Result<Durable, Fault> {
    let unreadable = |why: String| Fault::Internal {
        what: format!(
            "the practice tenant's state {} cannot be read ({why}); move it away to begin anew",
            path.display()
        ),
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
}

/// A new file beside the old one, then renamed over it: a cut leaves the one or the other.
pub(super) fn store(path: &Path, durable: &Durable) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec_pretty(durable)?)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
