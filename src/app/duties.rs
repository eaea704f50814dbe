//! What Entra has to be rid of: the credentials that a new key replaces, and those that an abandoned attempt may have left
//! behind. Each is a small machine of its own in the ledger and holds no slot.
//!
//! A user never loses their last working credential through us (I2): nothing is deleted before the new key was seen in the
//! list, and what this ledger enrolled and still counts is spared.

use crate::app::Ports;
use crate::domain::credential::{CredentialId, MethodId, RegisteredCredential};
use crate::domain::fault::Fault;
use crate::port::{Deleted, Duty, DutyOutcome, Obligation};

/// Seconds until a new key that is not in the list yet is looked for again.
const LAG_SECONDS: i64 = 10;
/// Seconds until what the tenant refused for one user is tried again.
const REFUSED_SECONDS: i64 = 300;
/// Looks at a list that does not show the new key before a run that ends by itself no longer waits for it.
const LAG_LOOKS_MAX: u32 = 18;
/// Seconds until a credential that did not appear is looked for again: at once, after five minutes, after an hour.
const ORPHAN_SECONDS: [i64; 2] = [300, 3600];

/// Settles what is due. Returns how many credentials were deleted.
///
/// # Errors
/// The first fault of the ledger or the tenant; what was settled stays settled. A fault that concerns one user alone keeps
/// that user's duties waiting, not the others'.
pub fn work(ports: &Ports, actor: &str) -> Result<usize, Fault> {
    let mut deleted = 0_usize;
    let mut first = None;
    for obligation in ports.ledger.obligations(ports.clock.now())? {
        let outcome = match look(ports, &obligation, actor) {
            Ok(outcome) => outcome,
            Err(fault) if concerns_one_user(&fault) => {
                first.get_or_insert(fault);
                match &obligation.duty {
                    // Not with every tick: what the tenant refuses today it refuses in five seconds as well.
                    Duty::Replaced(_) => DutyOutcome::Again {
                        due: ports.clock.now().plus_seconds(REFUSED_SECONDS),
                    },
                    // Only looks that were answered count here.
                    Duty::Orphan(_) => continue,
                }
            }
            Err(fault) => return Err(fault),
        };
        if matches!(outcome, DutyOutcome::Settled { deleted: true }) {
            deleted = deleted.saturating_add(1);
        }
        ports
            .ledger
            .settle(obligation.id, &outcome, actor, ports.clock.now())?;
    }
    first.map_or(Ok(deleted), Err)
}

/// Whether older credentials are still to be deleted, and that within a moment: whoever ends when nothing is left to do waits
/// for them. What was looked for in vain for so long is left to the next run.
///
/// # Errors
/// Those of the ledger.
pub fn are_near(ports: &Ports) -> Result<bool, Fault> {
    let soon = ports.clock.now().plus_seconds(LAG_SECONDS);
    let near = ports.ledger.obligations(soon)?;
    Ok(near
        .iter()
        .any(|one| matches!(one.duty, Duty::Replaced(_)) && one.looks < LAG_LOOKS_MAX))
}

fn concerns_one_user(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::UserUnknown { .. } | Fault::Refused { .. } | Fault::AnswerUnusable { .. }
    )
}

fn look(ports: &Ports, obligation: &Obligation, actor: &str) -> Result<DutyOutcome, Fault> {
    let listed = ports.relying_party.credentials(&obligation.user)?;
    let methods: Vec<MethodId> = listed.iter().map(|entry| entry.method.clone()).collect();
    let live = ports.ledger.live_among(&methods)?;
    match &obligation.duty {
        Duty::Replaced(method) => replaced(ports, obligation, method, &listed, &live, actor),
        Duty::Orphan(credential) => orphan(ports, obligation, credential, &listed, &live, actor),
    }
}

fn replaced(
    ports: &Ports,
    obligation: &Obligation,
    method: &MethodId,
    listed: &[RegisteredCredential],
    live: &[MethodId],
    actor: &str,
) -> Result<DutyOutcome, Fault> {
    let there = |wanted: &MethodId| listed.iter().any(|entry| entry.method == *wanted);
    let new_key_is_there = obligation.keeps.as_ref().is_some_and(there);
    if live.contains(method) {
        return Ok(DutyOutcome::Spared {
            why: "this ledger enrolled it, and it is in use".to_owned(),
        });
    }
    if !new_key_is_there {
        return Ok(DutyOutcome::Again {
            due: ports.clock.now().plus_seconds(LAG_SECONDS),
        });
    }
    if !there(method) {
        return Ok(DutyOutcome::Settled { deleted: false });
    }
    delete(ports, obligation, method, actor)
}

fn orphan(
    ports: &Ports,
    obligation: &Obligation,
    credential: &CredentialId,
    listed: &[RegisteredCredential],
    live: &[MethodId],
    actor: &str,
) -> Result<DutyOutcome, Fault> {
    let Some(entry) = listed
        .iter()
        .find(|entry| entry.may_be.contains(credential))
    else {
        let pause = usize::try_from(obligation.looks)
            .ok()
            .and_then(|looks| ORPHAN_SECONDS.get(looks));
        return Ok(match pause {
            Some(seconds) => DutyOutcome::Again {
                due: ports.clock.now().plus_seconds(*seconds),
            },
            None => DutyOutcome::Settled { deleted: false },
        });
    };
    if live.contains(&entry.method) {
        return Ok(DutyOutcome::Spared {
            why: "it turned out to be the key that is in use".to_owned(),
        });
    }
    delete(ports, obligation, &entry.method, actor)
}

/// The intent is in the ledger before the DELETE; a repeated DELETE finds nothing, which is done as well.
fn delete(
    ports: &Ports,
    obligation: &Obligation,
    method: &MethodId,
    actor: &str,
) -> Result<DutyOutcome, Fault> {
    ports.ledger.settle(
        obligation.id,
        &DutyOutcome::Deleting,
        actor,
        ports.clock.now(),
    )?;
    let deleted = ports.relying_party.delete(&obligation.user, method)?;
    Ok(DutyOutcome::Settled {
        deleted: deleted == Deleted::Now,
    })
}
