//! What the administrator says of a key whose job is done: the person has it; it came back, is lost, or is scrapped. Deletes
//! nothing itself: what follows at Entra is a duty from that moment on.

use crate::app::admin::{Change, Changed, Unchanged};
use crate::app::journal::append;
use crate::app::station::reading::holder_of;
use crate::domain::custody::{Fate, NotHandedOver};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::Happening;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::time::Timestamp;
use crate::port::{JobRecord, Ledger, PasskeyState};

/// Why the key of this job cannot be called handed over, if anything speaks against it.
///
/// # Errors
/// Those of the ledger, and what speaks against it.
pub fn may_hand_over(
    ledger: &dyn Ledger,
    record: &JobRecord,
    enrollment: &Enrollment,
) -> Result<(), Unchanged> {
    enrollment
        .may_hand_over()
        .map_err(|why| match (why, enrollment.standing()) {
            (NotHandedOver::NotDone, Standing::Cancelled) => Unchanged::Cancelled,
            (why, _) => Unchanged::NotHandedOver(why),
        })?;
    if !is_live(ledger, enrollment)? {
        return Err(Unchanged::NotHandedOver(NotHandedOver::Replaced));
    }
    // Wiped for another job, it signs its person in no more: what they had before stays until that job's key is with them.
    match taken_for(ledger, record, enrollment)? {
        Some(other) => Err(Unchanged::KeyElsewhere(other)),
        None => Ok(()),
    }
}

/// The job for which the key of this one was taken since, and perhaps wiped, whatever has become of that job. A key without a
/// serial cannot be told from others, so there any later job counts that is to replace this one and has begun.
pub(in crate::app) fn taken_for(
    ledger: &dyn Ledger,
    record: &JobRecord,
    enrollment: &Enrollment,
) -> Result<Option<JobId>, Fault> {
    let job = record.job.id;
    let binding = enrollment.binding();
    if let Some(serial) = binding.and_then(|binding| binding.serial.as_ref()) {
        let holders = ledger.holders_of_serial(serial)?;
        let last = holders.first().map(|holder| holder.job);
        return Ok(last.filter(|last| *last != job));
    }
    let request = &record.job.request;
    let later = ledger
        .jobs_of_user(&request.user)?
        .into_iter()
        .find(|other| {
            let replaces = other.job.request.replace && other.job.request.role == request.role;
            other.job.id > job && replaces && other.standing != Standing::Waiting
        });
    Ok(later.map(|other| other.job.id))
}

pub(super) fn change(
    ledger: &dyn Ledger,
    record: &JobRecord,
    enrollment: Enrollment,
    change: &Change,
    actor: &str,
    at: Timestamp,
) -> Result<Changed, Unchanged> {
    let job = record.job.id;
    match change {
        Change::HandOver => {
            may_hand_over(ledger, record, &enrollment)?;
            let older = enrollment.pending().len();
            // Nobody could be found at Entra whose methods they are.
            if older > 0 && !is_known(ledger, record)? {
                return Err(Unchanged::Erased);
            }
            append(ledger, job, enrollment, Happening::HandedOver, actor, at)?;
            Ok(Changed::HandedOver { older })
        }
        Change::Retire { fate, reason } => {
            may_retire(ledger, record, &enrollment, *fate)?;
            let custody = enrollment.custody();
            let void = enrollment.delivered().filter(|_| custody.retired.is_none());
            let changed = Changed::Retired {
                fate: *fate,
                void: void.map(str::to_owned),
                kept: custody.pending,
            };
            let retired = Happening::Retired {
                fate: *fate,
                reason: reason.clone(),
            };
            append(ledger, job, enrollment, retired, actor, at)?;
            Ok(changed)
        }
        Change::Hold { .. }
        | Change::Release
        | Change::Cancel
        | Change::Retry
        | Change::Reissue { .. } => Err(Unchanged::Done),
    }
}

fn may_retire(
    ledger: &dyn Ledger,
    record: &JobRecord,
    enrollment: &Enrollment,
    fate: Fate,
) -> Result<(), Unchanged> {
    match enrollment.standing() {
        Standing::Done => {}
        Standing::Cancelled => return Err(Unchanged::Cancelled),
        Standing::Waiting | Standing::UnderWay | Standing::Held => return Err(Unchanged::NoKeyYet),
    }
    let before = enrollment.custody().retired;
    if !enrollment.may_retire(fate) {
        return Err(Unchanged::RetiredAlready(before.unwrap_or(fate)));
    }
    // What is said of it now is said of another person's key.
    if before.is_some()
        && let Some(other) = elsewhere(ledger, record.job.id, enrollment)?
    {
        return Err(Unchanged::KeyElsewhere(other));
    }
    Ok(())
}

/// Why the key of a job that is done gets no new PIN from here.
pub(super) fn no_reissue(
    ledger: &dyn Ledger,
    job: JobId,
    enrollment: &Enrollment,
) -> Result<Unchanged, Fault> {
    if let Some(fate) = enrollment.custody().retired {
        return Ok(Unchanged::KeyRetired(fate));
    }
    let other = elsewhere(ledger, job, enrollment)?;
    Ok(other.map_or(Unchanged::HandedOver, Unchanged::KeyElsewhere))
}

/// The job that the key was bound to since, where the key tells its serial.
fn elsewhere(
    ledger: &dyn Ledger,
    job: JobId,
    enrollment: &Enrollment,
) -> Result<Option<JobId>, Fault> {
    let binding = enrollment.binding();
    let Some(serial) = binding.and_then(|binding| binding.serial.as_ref()) else {
        return Ok(None);
    };
    let holder = holder_of(ledger, serial)?;
    Ok(holder
        .map(|holder| holder.job)
        .filter(|other| *other != job))
}

/// Whether the passkey that the job registered still counts. What waits for its hand-over goes with the key that replaced it.
pub(in crate::app) fn is_live(ledger: &dyn Ledger, enrollment: &Enrollment) -> Result<bool, Fault> {
    let Some(made) = enrollment.made() else {
        return Ok(false);
    };
    let passkey = ledger.passkey(&made.credential)?;
    Ok(passkey.is_some_and(|passkey| passkey.state == PasskeyState::Registered))
}

/// Whether the ledger still knows whose key it is.
fn is_known(ledger: &dyn Ledger, record: &JobRecord) -> Result<bool, Fault> {
    let known = ledger.jobs_of_user(&record.job.request.user)?;
    Ok(known.iter().any(|one| one.job.id == record.job.id))
}

#[cfg(test)]
mod tests;
