//! A key that came back is wiped for the next person, as soon as it is seen: by the running station in any of its slots, or by the
//! command that took it back. Wipes nothing but a key that is known by its serial number, or by the passkey on it, and of which
//! the journal says that it came back.
//!
//! # Why
//! The word of the administrator is in the journal before the key is touched, and that it was wiped stands there afterwards. Cut
//! in between, the key is wiped once more, which leaves it as it is.

use crate::app::journal;
use crate::app::station::reading::{holder_of, passkey_on};
use crate::domain::custody::Fate;
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::port::{Authenticator, Clock, Ledger, Repowered};

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

/// The job whose key this is, if the key came back and was not wiped since. Asks a key for its passkey only when it tells no
/// serial: some firmware takes a reset only as one of the first commands.
///
/// # Errors
/// Those of the transport, and of the ledger.
pub fn came_back(ledger: &dyn Ledger, key: &mut dyn Authenticator) -> Result<Option<JobId>, Fault> {
    let (job, fate) = match key.serial()? {
        Some(serial) => match holder_of(ledger, &serial)? {
            Some(holder) => (holder.job, holder.fate),
            None => return Ok(None),
        },
        None if !key.capabilities()?.has_pin() => return Ok(None),
        None => {
            let Some(shown) = passkey_on(key)? else {
                return Ok(None);
            };
            match ledger.holder_of_credential(&shown)? {
                Some(holder) => (holder.job, holder.custody.retired),
                None => return Ok(None),
            }
        }
    };
    let waits = fate == Some(Fate::Returned) && journal::replay(ledger, job)?.awaits_wiping();
    Ok(waits.then_some(job))
}

/// Wipes the key if it came back, and says so in the journal of the job that it was enrolled for. Returns that job.
///
/// # Errors
/// Those of the transport, and of the ledger; the key then is wiped the next time it is seen.
pub fn wipe_what_came_back(
    ledger: &dyn Ledger,
    clock: &dyn Clock,
    key: &mut dyn Authenticator,
    actor: &str,
) -> Result<Option<JobId>, Fault> {
    let Some(job) = came_back(ledger, key)? else {
        return Ok(None);
    };
    // A blank key has nothing of anybody's on it; whoever wiped it elsewhere saved the touch.
    if key.capabilities()?.has_pin() {
        reset(key)?;
    }
    let state = journal::replay(ledger, job)?;
    journal::append(ledger, job, state, Happening::Wiped, actor, clock.now())?;
    Ok(Some(job))
}

#[cfg(test)]
mod tests;
