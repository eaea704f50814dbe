//! What keyline does with its ports: takes jobs in, runs them on keys, keeps the bench, clears up behind itself.
//!
//! Everything in here is written against [`crate::port`] and can be run without any hardware.

pub mod admin;
pub mod board;
pub mod duties;
pub mod eligibility;
pub mod enrol_test;
#[cfg(test)]
mod enumerator;
pub mod forecast;
pub mod intake;
pub mod journal;
pub mod keys;
pub mod papers;
pub mod people;
pub mod preflight;
pub mod provisions;
pub mod reconcile;
pub mod restock;
pub mod runner;
pub mod spooled;
pub mod station;
pub mod tenant_policy;
pub mod tenant_setup;
pub mod trail;
pub mod void;
#[cfg(test)]
pub(crate) mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::fault::Fault;
use crate::domain::policy::Policy;
use crate::port::{
    AttestationCheck, Clock, Directory, Entropy, Keys, Ledger, Models, Operator, Press,
    RelyingParty,
};

/// The outside, as the station was wired.
#[derive(Clone)]
pub struct Ports {
    pub keys: Arc<dyn Keys>,
    pub relying_party: Arc<dyn RelyingParty>,
    pub directory: Arc<dyn Directory>,
    pub ledger: Arc<dyn Ledger>,
    pub press: Arc<dyn Press>,
    pub attestation_check: Arc<dyn AttestationCheck>,
    pub models: Arc<dyn Models>,
    pub operator: Arc<dyn Operator>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// The site's policies by name. Every job names one that was there when it was admitted.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    pub by_name: BTreeMap<String, Policy>,
    /// The policy of a job file that names none.
    pub default_name: String,
    /// BCP 47 primary tag of letters for people whose language no job file gives.
    pub default_language: String,
}

impl Policies {
    /// The same at a station whose letters come out of a printer, or do not: what the files leave open about letters and bags
    /// is decided then.
    #[must_use]
    pub fn at_a_station_that_prints(mut self, prints: bool) -> Self {
        for policy in self.by_name.values_mut() {
            *policy = std::mem::take(policy).at_a_station_that_prints(prints);
        }
        self
    }

    /// The policy of that name.
    ///
    /// # Errors
    /// When its file was removed after the job was admitted: the administrator puts it back, or cancels the job.
    pub fn get(&self, name: &str) -> Result<&Policy, Fault> {
        self.by_name.get(name).ok_or_else(|| Fault::PolicyMissing {
            policy: name.to_owned(),
        })
    }
}
