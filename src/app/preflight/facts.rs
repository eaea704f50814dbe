//! What the preflight is handed: answers of the tenant, and what this computer has. Plain data; whoever has the adapters gathers it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Grade, Topic};
use crate::domain::authenticator::Aaguid;
use crate::domain::fault::Fault;
use crate::domain::metadata::Shelf;
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::person::{Grants, ObjectId};
use crate::domain::time::Timestamp;
use crate::port::Trial;

/// What was asked of the tenant.
#[derive(Clone, Debug)]
pub struct TenantFacts {
    /// Whether Graph answers to our token, and how far our clock is ahead of its own, in seconds.
    pub reached: Result<Option<i64>, Fault>,
    pub grants: Result<Option<Grants>, Fault>,
    pub policy: Result<PasskeyPolicy, Fault>,
    /// Names of the groups in the policy, as far as they may be read.
    pub groups: BTreeMap<ObjectId, String>,
}

/// What this computer has.
#[derive(Clone, Debug)]
pub struct StationFacts {
    /// What the offline check said, in words.
    pub told: Vec<(Topic, Grade, String)>,
    pub usable_policies: usize,
    /// The configured printer, in words; `None`: letters become files.
    pub printer: Option<String>,
    pub prints: bool,
    pub usb: UsbFacts,
    pub readers: ReaderFacts,
    pub disks: Vec<DiskFacts>,
    pub ledger: Option<Result<LedgerHealth, Fault>>,
    pub open_trial: Option<Trial>,
    /// What the metadata says of models; `None` where none was imported.
    pub shelf: Option<Arc<Shelf>>,
}

/// USB keys.
#[derive(Clone, Debug)]
pub struct UsbFacts {
    pub watched: bool,
    /// The nodes of FIDO keys that are plugged in now, and whether this user may open them.
    pub nodes: Result<Vec<(String, bool)>, Fault>,
    /// Where the udev rule of this station is installed.
    pub rule: Option<String>,
    /// This user may open every node.
    pub all_powerful: bool,
}

/// Smart-card and NFC readers.
#[derive(Clone, Debug)]
pub struct ReaderFacts {
    pub watched: bool,
    /// Nothing else is watched.
    pub alone: bool,
    /// Those that the configuration admits, and how many others there are; or why there is no service.
    pub found: Result<(Vec<String>, usize), String>,
}

/// One disk, and what of the station lies on it.
#[derive(Clone, Debug)]
pub struct DiskFacts {
    pub places: Vec<&'static str>,
    pub free_bytes: Result<u64, String>,
}

/// The models that a policy of this station lists; empty ones take any.
pub type Models = BTreeMap<String, Vec<Aaguid>>;

/// How the ledger stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerHealth {
    pub jobs: usize,
    pub rows: i64,
    /// The last row that is signed, and when that was.
    pub signed: Option<(i64, Timestamp)>,
    /// A process works on it just now.
    pub in_use: bool,
}
