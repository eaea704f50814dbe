//! Creation options fetched ahead of time, so that no operator waits for the network with a key in hand. A key is wiped
//! only when its job's options are in here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::credential::CreationOptions;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::time::Timestamp;
use crate::port::RelyingParty;

/// Seconds. Options with less time left are fetched anew before the passkey is made.
pub const LIFETIME_MIN_SECONDS: i64 = 180;

/// The options at hand, by job.
#[derive(Default)]
pub struct Provisions(Mutex<HashMap<JobId, CreationOptions>>);

impl Provisions {
    /// Fetches the options of a job, unless good ones are at hand.
    ///
    /// # Errors
    /// As [`RelyingParty::ready`] and [`RelyingParty::creation_options`].
    pub fn provide(
        &self,
        relying_party: &dyn RelyingParty,
        job: JobId,
        user: &str,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if self.is_fresh(job, now) {
            return Ok(());
        }
        relying_party.ready()?;
        let options = relying_party.creation_options(user)?;
        self.lock().insert(job, options);
        Ok(())
    }

    /// Whether options with enough time left are at hand.
    pub fn is_fresh(&self, job: JobId, now: Timestamp) -> bool {
        self.lock()
            .get(&job)
            .is_some_and(|options| is_fresh(options, now))
    }

    /// Takes the options out for the ceremony: each challenge is used once.
    ///
    /// # Errors
    /// As [`Provisions::provide`], when they have to be fetched anew.
    pub fn take(
        &self,
        relying_party: &dyn RelyingParty,
        job: JobId,
        user: &str,
        now: Timestamp,
    ) -> Result<CreationOptions, Fault> {
        let at_hand = self
            .lock()
            .remove(&job)
            .filter(|options| is_fresh(options, now));
        match at_hand {
            Some(options) => Ok(options),
            None => relying_party.creation_options(user),
        }
    }

    /// Drops what has become too old and says whose it was.
    pub fn expire(&self, now: Timestamp) -> Vec<JobId> {
        let mut held = self.lock();
        let old: Vec<JobId> = held
            .iter()
            .filter(|(_, options)| !is_fresh(options, now))
            .map(|(job, _)| *job)
            .collect();
        for job in &old {
            held.remove(job);
        }
        old
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, CreationOptions>> {
        // A panicked holder leaves a whole map behind: each change is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(options: &CreationOptions, now: Timestamp) -> bool {
    now.seconds_until(options.expires) >= LIFETIME_MIN_SECONDS
}
