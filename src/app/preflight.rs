//! Everything that a line needs, looked at before the first key is touched: what each finding means, and whether it stops the
//! work. It judges facts that were gathered elsewhere; [`ask`] alone asks, and changes nothing.

mod facts;
mod local;
mod permissions;
mod tenant;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::app::enrol_test;
use crate::domain::fault::Fault;
use crate::domain::metadata::Proof;
use crate::domain::passkey_policy::Audience;
use crate::domain::person::Grants;
use crate::domain::time::Timestamp;
use crate::port::{Directory, Trial};

pub use facts::{
    DiskFacts, LedgerHealth, Models, ReaderFacts, StationFacts, TenantFacts, UsbFacts,
};
pub use permissions::{Need, PERMISSIONS, Permission};
pub use tenant::{ProfileInUse, Restriction};

/// From so many bytes on downwards there is little room on a disk; a batch of 2,000 letters has about 200 MB.
pub const LITTLE_ROOM_BYTES: u64 = 500 << 20;
/// With less no work begins.
pub const NO_ROOM_BYTES: u64 = 50 << 20;
/// A clock that is off by more is worth a word, in seconds.
pub const CLOCK_NOTABLE_SECONDS: u64 = 30;
/// A clock that is off by more stops the work, in seconds: challenges and tokens live for minutes.
pub const CLOCK_WRONG_SECONDS: u64 = 300;

/// What a finding means for the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    Ok,
    /// Work can begin, but somebody should look at it.
    Warning,
    /// No key should be touched before it is mended.
    Stop,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Configuration,
    Policies,
    SignIn,
    Clock,
    Permission,
    TenantPolicy,
    Models,
    Printer,
    UsbKeys,
    Readers,
    Disk,
    Ledger,
    EnrolTest,
}

/// One line of the preflight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub topic: Topic,
    pub grade: Grade,
    pub finding: Finding,
}

/// What was found. Words are the face's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// In words already.
    Told(String),
    /// Nothing is wrong with the configuration; so many policies can be used.
    Configured {
        policies: usize,
    },
    SignedIn {
        grants: Option<Grants>,
    },
    NotSignedIn(Fault),
    /// How far this computer's clock is ahead, in seconds; `None`: the service gave no time.
    Clock {
        ahead_seconds: Option<i64>,
    },
    Granted {
        permission: Permission,
        by: String,
    },
    NotGranted {
        permission: Permission,
        delegated: bool,
    },
    /// The token does not say what it allows.
    GrantsUnknown,
    PolicyUnread(Fault),
    PolicyDisabled,
    SelfServiceOff,
    PolicyOpen,
    /// A profile and whom it is for.
    Profile(ProfileInUse),
    /// A target that names no profile which is there.
    ProfileMissing {
        audience: String,
    },
    Excluded {
        groups: Vec<String>,
    },
    /// The policy is for nobody.
    NoTarget,
    /// No profile in use takes any security key.
    NoSecurityKeys,
    /// What the tenant says to the models that a policy of this station lists.
    Models {
        policy: String,
        taken: usize,
        refused: Vec<String>,
        unclear: Vec<String>,
    },
    NoPrinter,
    UsbOff,
    UsbKeys {
        reachable: usize,
    },
    UsbKeyClosed {
        node: String,
    },
    UsbUnseen(Fault),
    UsbRule {
        path: String,
    },
    UsbRuleMissing,
    ReadersOff,
    ReadersAway {
        why: String,
    },
    Readers {
        used: Vec<String>,
        others: usize,
    },
    Disk {
        places: Vec<&'static str>,
        free_bytes: u64,
    },
    DiskUnread {
        place: String,
        why: String,
    },
    Ledger(LedgerHealth),
    LedgerFailed(Fault),
    /// An earlier test passkey may be at Entra still.
    TrialOpen(Trial),
    /// The user of the test has jobs here.
    TrialUserHasJobs {
        user: String,
        jobs: usize,
    },
    /// What an earlier one had left is settled: it was deleted, or never appeared.
    TrialSettled {
        user: String,
        deleted: bool,
    },
    Trial(TrialResult),
    /// It was asked for, and something has to be mended first.
    TrialNotTried,
    TrialFailed(Fault),
}

/// How the trial with a test passkey went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialResult {
    pub user: String,
    pub outcome: enrol_test::Outcome,
    /// Why the tenant's policy refuses a passkey without attestation and without a model, where it does.
    pub foretold: Option<String>,
    pub seconds: u64,
}

/// Asks the tenant what the preflight wants to know. `reached`: whether Graph answers, and the time there.
pub fn ask(directory: &dyn Directory, reached: Result<Option<i64>, Fault>) -> TenantFacts {
    // Where nothing answers, every call would only say the same again.
    let grants = match &reached {
        Ok(_) => directory.grants(),
        Err(fault) => Err(fault.clone()),
    };
    if let Err(fault) = &grants {
        let fault = fault.clone();
        return TenantFacts {
            reached,
            grants,
            policy: Err(fault),
            groups: BTreeMap::new(),
        };
    }
    let policy = directory.passkey_policy();
    let mut groups = BTreeMap::new();
    if let Ok(policy) = &policy {
        let included = policy
            .include
            .iter()
            .filter_map(|target| match &target.audience {
                Audience::Group(id) => Some(id),
                Audience::AllUsers => None,
            });
        for id in included.chain(&policy.exclude) {
            // A group that may not be read goes by its id.
            if let Ok(group) = directory.group(id) {
                groups.insert(id.clone(), group.display_name);
            }
        }
    }
    TenantFacts {
        reached,
        grants,
        policy,
        groups,
    }
}

/// All rows, in the order in which they are mended best.
pub fn assemble(
    station: &StationFacts,
    tenant: &TenantFacts,
    models: &Models,
    now: Timestamp,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let told = |topic: Topic, rows: &mut Vec<Row>| {
        let said = station.told.iter().filter(|(about, ..)| *about == topic);
        rows.extend(said.map(|(_, grade, text)| row(topic, *grade, Finding::Told(text.clone()))));
    };
    told(Topic::Configuration, &mut rows);
    told(Topic::Policies, &mut rows);
    if !rows.iter().any(|row| row.grade == Grade::Stop) {
        let policies = station.usable_policies;
        let finding = Finding::Configured { policies };
        rows.insert(0, row(Topic::Configuration, Grade::Ok, finding));
    }
    let proof = |model| Proof::of(station.shelf.as_deref(), model, now.utc_day());
    rows.extend(tenant::rows(tenant, models, &proof));
    told(Topic::Printer, &mut rows);
    rows.extend(local::printer(station));
    rows.extend(local::usb(&station.usb));
    rows.push(local::readers(&station.readers));
    rows.extend(station.disks.iter().map(local::disk));
    told(Topic::Ledger, &mut rows);
    rows.extend(
        station
            .ledger
            .as_ref()
            .map(|health| local::ledger(health, now)),
    );
    rows.extend(
        station
            .open_trial
            .clone()
            .map(|trial| row(Topic::EnrolTest, Grade::Warning, Finding::TrialOpen(trial))),
    );
    rows
}

/// The row of a trial that was made.
pub fn trial(result: TrialResult) -> Row {
    use enrol_test::Outcome;
    let grade = match &result.outcome {
        Outcome::Passed {
            listed_after: Some(_),
            ..
        } => Grade::Ok,
        Outcome::Passed {
            listed_after: None, ..
        } => Grade::Warning,
        // A key with attestation may pass where this one does not.
        Outcome::Refused { .. } if result.foretold.is_some() => Grade::Warning,
        Outcome::Refused { .. } | Outcome::Open { .. } => Grade::Stop,
    };
    row(Topic::EnrolTest, grade, Finding::Trial(result))
}

const fn row(topic: Topic, grade: Grade, finding: Finding) -> Row {
    Row {
        topic,
        grade,
        finding,
    }
}
