//! A key that came back is wiped for the next person, as soon as it is seen: by the running station in any of its slots, or by the
//! command that took it back. Wipes nothing but a key of which the journal says that it came back: known by its serial number and
//! its model, or by the passkey on it. A key that shows a passkey of anybody else's for Entra is never wiped here, and a card on a
//! reader only once somebody has agreed to it.
//!
//! # Why
//! The word of the administrator is in the journal before the key is touched, and that it was wiped stands there afterwards. Cut
//! in between, the key is wiped once more, which leaves it as it is.
//!
//! Some firmware takes a reset only as the first command after the key is plugged in, and the look at its passkey is a command. So
//! what was seen is kept in mind while the key is lifted and put back into the same place, where the reset then comes first.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::app::journal;
use crate::app::station::reading::{holder_of, passkey_on};
use crate::domain::authenticator::{Attachment, Fingerprint, Serial};
use crate::domain::credential::CredentialId;
use crate::domain::custody::Fate;
use crate::domain::enrollment::Enrollment;
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, JobId};
use crate::domain::station::signal::{CameBack, Cards};
use crate::domain::time::Timestamp;
use crate::port::{Authenticator, Clock, Ledger, Place, Repowered};

/// How long a key that was looked at may be out of its place: long enough for a hand, too short for somebody to enroll it.
const PUT_BACK_SECONDS: i64 = 60;

/// Resets a key.
///
/// # Errors
/// Those of [`Authenticator::reset`].
pub(in crate::app) fn reset(key: &mut dyn Authenticator) -> Result<(), Fault> {
    match key.reset() {
        // Some readers can take the power away and give it back, which opens the window again.
        Err(fault @ (Fault::ResetTooLate | Fault::ResetRefused)) => match key.repower()? {
            Repowered::Yes => key.reset(),
            Repowered::NotHere => Err(fault),
        },
        other => other,
    }
}

/// The keys that were looked at, could not be wiped, and are to be put back. Forgotten when the process ends: they are looked at
/// anew then.
#[derive(Debug, Default)]
pub struct Looked(Mutex<BTreeMap<Place, Look>>);

#[derive(Debug)]
struct Look {
    job: JobId,
    serial: Option<Serial>,
    fingerprint: Fingerprint,
    at: Timestamp,
}

/// The wiping of what lies at one place.
pub struct Wiping<'a> {
    pub ledger: &'a dyn Ledger,
    pub clock: &'a dyn Clock,
    pub place: &'a Place,
    pub looked: &'a Looked,
    pub cards: &'a Cards,
    pub actor: &'a str,
}

/// A key that came back, as the journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a key that came back waits to be wiped"]
pub struct Back {
    pub job: JobId,
    batch: BatchName,
    /// When it was looked at, if it was: it shows no passkey but its own.
    looked_at: Option<Timestamp>,
}

/// What became of a key that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Met {
    Wiped(JobId),
    /// It stays as it is.
    Left(CameBack),
}

impl Wiping<'_> {
    /// Wipes the key if it came back, and says so in the journal of the job that it was enrolled for. `None` for any other key.
    ///
    /// # Errors
    /// Those of the transport, and of the ledger; the key then is wiped the next time it is seen.
    pub fn wipe_what_came_back(&self, key: &mut dyn Authenticator) -> Result<Option<Met>, Fault> {
        match self.came_back(key)? {
            Some(back) => self.wipe(key, &back).map(Some),
            None => Ok(None),
        }
    }

    /// Which key this is, if it came back and was not wiped since. Asks a key for its passkey only when it tells no serial, and
    /// was not looked at just now.
    ///
    /// # Errors
    /// Those of the transport, and of the ledger.
    pub fn came_back(&self, key: &mut dyn Authenticator) -> Result<Option<Back>, Fault> {
        let serial = key.serial()?;
        let info = key.capabilities()?;
        let fingerprint = Fingerprint::from(&info);
        let now = self.clock.now();
        // Whatever comes to a place first after a look uses it up: only one hand's way is trusted.
        let look = self.looked.take(self.place).filter(|look| {
            // A blank key that tells no serial may be any other one.
            look.serial == serial
                && (serial.is_some() || info.has_pin())
                && look.fingerprint == fingerprint
                && now <= look.at.plus_seconds(PUT_BACK_SECONDS)
        });
        let (job, looked_at) = match (look, &serial) {
            (Some(look), _) => (look.job, Some(look.at)),
            (None, Some(serial)) => match holder_of(self.ledger, serial)? {
                Some(holder) => (holder.job, None),
                None => return Ok(None),
            },
            (None, None) if !info.has_pin() => return Ok(None),
            (None, None) => {
                let Some(shown) = passkey_on(key)? else {
                    return Ok(None);
                };
                match self.ledger.holder_of_credential(&shown)? {
                    Some(holder) => (holder.job, Some(now)),
                    None => return Ok(None),
                }
            }
        };
        let Some(record) = self.ledger.job(job)? else {
            return Ok(None);
        };
        let state = journal::replay(self.ledger, job)?;
        // Serial numbers are unique within one maker's range at best.
        let fits = state
            .binding()
            .is_none_or(|binding| binding.fingerprint.aaguid == fingerprint.aaguid);
        let waits = record.custody.retired == Some(Fate::Returned) && state.awaits_wiping();
        Ok((fits && waits).then_some(Back {
            job,
            batch: record.job.batch,
            looked_at,
        }))
    }

    /// Wipes what [`Wiping::came_back`] has found, and says so in its journal.
    ///
    /// # Errors
    /// As [`Wiping::wipe_what_came_back`]. After [`Fault::ResetTooLate`] the key is to be put back into this place.
    pub fn wipe(&self, key: &mut dyn Authenticator, back: &Back) -> Result<Met, Fault> {
        let job = back.job;
        let info = key.capabilities()?;
        let state = journal::replay(self.ledger, job)?;
        // A blank key has nothing of anybody's on it; whoever wiped it elsewhere saved the touch.
        if info.has_pin() {
            if key.attachment() == Attachment::Pcsc && !self.cards.are_taken_for(&back.batch) {
                let batch = back.batch.clone();
                return Ok(Met::Left(CameBack::Unconfirmed { job, batch }));
            }
            let looked_at = match back.looked_at {
                Some(at) => at,
                None => match passkey_on(key)? {
                    Some(shown) if !self.is_own(&state, job, &shown)? => {
                        return Ok(Met::Left(CameBack::Foreign));
                    }
                    Some(_) | None => self.clock.now(),
                },
            };
            let serial = key.serial()?;
            reset(key).inspect_err(|fault| {
                let look = Look {
                    job,
                    serial,
                    fingerprint: Fingerprint::from(&info),
                    at: looked_at,
                };
                // After any other failure it can be looked at again.
                if matches!(fault, Fault::ResetTooLate | Fault::ResetRefused) {
                    self.looked.remember(self.place, look);
                }
            })?;
        }
        let now = self.clock.now();
        journal::append(self.ledger, job, state, Happening::Wiped, self.actor, now)?;
        Ok(Met::Wiped(job))
    }

    /// Whether this job made the passkey, in whichever of its attempts.
    fn is_own(&self, state: &Enrollment, job: JobId, shown: &CredentialId) -> Result<bool, Fault> {
        if state.made().is_some_and(|made| made.credential == *shown) {
            return Ok(true);
        }
        let known = self.ledger.passkey(shown)?;
        Ok(known.is_some_and(|passkey| passkey.job == job))
    }
}

impl Looked {
    fn take(&self, place: &Place) -> Option<Look> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.remove(place)
    }

    fn remember(&self, place: &Place, look: Look) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.insert(place.clone(), look);
    }
}

#[cfg(test)]
mod tests;
