//! What Entra has to be rid of: the credentials that a new key replaces, and those that an abandoned attempt may have left
//! behind. Each is a small machine of its own in the ledger and holds no slot.
//!
//! A user never loses their last working credential through us (I2): nothing is deleted before the new key was seen in the
//! list, and what this ledger enrolled and still counts is spared.

use std::collections::BTreeSet;

use crate::app::admin::{is_live, taken_for};
use crate::app::{Ports, journal};
use crate::domain::credential::{CredentialId, MethodId, RegisteredCredential};
use crate::domain::enrollment::Standing;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::time::Timestamp;
use crate::port::{Clock, Deleted, Duty, DutyOutcome, Ledger, Obligation, RelyingParty};

/// Seconds until a new key that is not in the list yet is looked for again, for the first [`LAG_LOOKS_MAX`] looks.
const LAG_SECONDS: i64 = 10;
/// Seconds between the looks after those, for an hour: a list that lags for so long may be a tenant's bad day.
const LATE_SECONDS: i64 = 300;
/// Looks of that kind.
const LATE_LOOKS_MAX: u32 = 12;
/// Seconds between all later looks: somebody may have deleted the new key. It is never given up, for nobody would be told.
const LONG_SECONDS: i64 = 3600;
/// Seconds until what the tenant refused for one user is tried again.
const REFUSED_SECONDS: i64 = 300;
/// Looks at a list that does not show the new key before a run that ends by itself no longer waits for it.
const LAG_LOOKS_MAX: u32 = 18;
/// Seconds until a credential that did not appear is looked for again: at once, after five minutes, after an hour.
const ORPHAN_SECONDS: [i64; 2] = [300, 3600];
/// Seconds. No duty is due later than so far from now.
const DUE_SECONDS_MAX: i64 = 366 * 86_400;

/// What a look needs: the two sides, and the time.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    pub ledger: &'a dyn Ledger,
    pub relying_party: &'a dyn RelyingParty,
    pub clock: &'a dyn Clock,
}

impl<'a> From<&'a Ports> for Sides<'a> {
    fn from(ports: &'a Ports) -> Self {
        Self {
            ledger: ports.ledger.as_ref(),
            relying_party: ports.relying_party.as_ref(),
            clock: ports.clock.as_ref(),
        }
    }
}

/// What came of a look before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "whoever looked wants to know"]
pub enum Found {
    /// It is not in the list.
    Nothing,
    /// It was there, and is deleted now.
    Deleted,
    /// It is not to be touched: it is in use, or nobody can tell which entry it is.
    Spared,
}

/// What came of what was due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "what was spared stays for good, and somebody has to be told"]
pub struct Worked {
    /// So many credentials were deleted.
    pub deleted: usize,
    /// So many stay for good: why, for each.
    pub spared: Vec<String>,
}

/// Settles what is due. Returns how many credentials were deleted.
///
/// # Errors
/// The first fault of the ledger or the tenant; what was settled stays settled. A fault that concerns one user alone keeps
/// that user's duties waiting, not the others'.
pub fn work(ports: &Ports, actor: &str) -> Result<usize, Fault> {
    let sides = Sides::from(ports);
    work_off(&sides, ports.ledger.obligations(ports.clock.now())?, actor).map(|done| done.deleted)
}

/// The same for these jobs alone. What a key that is not its person's any more may do goes at once, whenever it was due.
///
/// # Errors
/// As [`work`].
pub fn work_for(sides: &Sides<'_>, jobs: &BTreeSet<JobId>, actor: &str) -> Result<Worked, Fault> {
    let now = sides.clock.now();
    let mut open = sides
        .ledger
        .obligations(now.plus_seconds(DUE_SECONDS_MAX))?;
    open.retain(|one| {
        let urgent = matches!(one.duty, Duty::Retired(_));
        jobs.contains(&one.job) && (urgent || one.due <= now)
    });
    work_off(sides, open, actor)
}

/// How many older credentials the new keys of these jobs still have to be rid of, whenever that is due.
///
/// # Errors
/// Those of the ledger.
pub fn waiting(
    ledger: &dyn Ledger,
    jobs: &BTreeSet<JobId>,
    now: Timestamp,
) -> Result<usize, Fault> {
    let open = ledger.obligations(now.plus_seconds(DUE_SECONDS_MAX))?;
    let waits =
        |one: &&Obligation| matches!(one.duty, Duty::Replaced(_)) && jobs.contains(&one.job);
    Ok(open.iter().filter(waits).count())
}

fn work_off(sides: &Sides<'_>, open: Vec<Obligation>, actor: &str) -> Result<Worked, Fault> {
    let (ledger, clock) = (sides.ledger, sides.clock);
    let mut done = Worked::default();
    let mut first = None;
    for obligation in open {
        let outcome = match look(sides, &obligation, actor) {
            Ok(outcome) => outcome,
            Err(fault) if concerns_one_user(&fault) => {
                first.get_or_insert(fault);
                match &obligation.duty {
                    // Not with every tick: what the tenant refuses today it refuses in five seconds as well.
                    Duty::Replaced(_) | Duty::Retired(_) => DutyOutcome::Again {
                        due: clock.now().plus_seconds(REFUSED_SECONDS),
                    },
                    // Only looks that were answered count here.
                    Duty::Orphan(_) => continue,
                }
            }
            Err(fault) => return Err(fault),
        };
        match &outcome {
            DutyOutcome::Settled { deleted: true } => done.deleted = done.deleted.saturating_add(1),
            DutyOutcome::Spared { why } => done.spared.push(why.clone()),
            DutyOutcome::Settled { deleted: false }
            | DutyOutcome::Again { .. }
            | DutyOutcome::Deleting => {}
        }
        ledger.settle(obligation.id, &outcome, actor, clock.now())?;
    }
    first.map_or(Ok(done), Err)
}

/// Looks for what abandoned attempts may have left once no job is open any more in the batch of one of `ended`, whenever the next
/// look is due: the people at the bench leave then. Returns how many credentials were deleted.
///
/// # Errors
/// As [`work`].
pub fn at_batch_end(ports: &Ports, ended: &BTreeSet<JobId>, actor: &str) -> Result<usize, Fault> {
    let ledger = ports.ledger.as_ref();
    let orphans = open_orphans(ledger, ports.clock.now())?;
    if orphans.is_empty() {
        return Ok(0);
    }
    let batch_of = |job: JobId| Ok(ledger.job(job)?.map(|record| record.job.batch));
    let mut batches = BTreeSet::new();
    for job in ended {
        batches.extend(batch_of(*job)?);
    }
    for open in ledger.open_jobs()? {
        batches.remove(&open.job.batch);
    }
    let mut deleted = 0_usize;
    let mut first = None;
    for orphan in orphans {
        if !batch_of(orphan.job)?.is_some_and(|batch| batches.contains(&batch)) {
            continue;
        }
        match hunt(&Sides::from(ports), &orphan, actor) {
            Ok(Found::Deleted) => deleted = deleted.saturating_add(1),
            Ok(Found::Nothing | Found::Spared) => {}
            Err(fault) if concerns_one_user(&fault) => drop(first.get_or_insert(fault)),
            Err(fault) => return Err(fault),
        }
    }
    first.map_or(Ok(deleted), Err)
}

/// What abandoned attempts may have left and nobody has settled yet, whenever it is due.
///
/// # Errors
/// Those of the ledger.
pub fn open_orphans(ledger: &dyn Ledger, now: Timestamp) -> Result<Vec<Obligation>, Fault> {
    let mut open = ledger.obligations(now.plus_seconds(DUE_SECONDS_MAX))?;
    open.retain(|one| matches!(one.duty, Duty::Orphan(_)));
    Ok(open)
}

/// Looks for what an abandoned attempt may have left, before the look is due, and deletes it if it is there. A look in vain
/// changes nothing: those that are due come all the same.
///
/// # Errors
/// As [`work`].
pub fn hunt(sides: &Sides<'_>, orphan: &Obligation, actor: &str) -> Result<Found, Fault> {
    let Duty::Orphan(credential) = &orphan.duty else {
        return Ok(Found::Nothing);
    };
    let outcome = match sight(sides, &orphan.user, credential)? {
        Sight::Absent => return Ok(Found::Nothing),
        Sight::Spared(why) => DutyOutcome::Spared {
            why: why.to_owned(),
        },
        Sight::There(method) => delete(sides, orphan, &method, actor)?,
    };
    let now = sides.clock.now();
    sides.ledger.settle(orphan.id, &outcome, actor, now)?;
    Ok(match outcome {
        DutyOutcome::Settled { .. } => Found::Deleted,
        DutyOutcome::Spared { .. } | DutyOutcome::Again { .. } | DutyOutcome::Deleting => {
            Found::Spared
        }
    })
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
        .any(|one| !matches!(one.duty, Duty::Orphan(_)) && one.looks < LAG_LOOKS_MAX))
}

/// Whether a fault says nothing about other users.
pub(crate) fn concerns_one_user(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::UserUnknown { .. } | Fault::Refused { .. } | Fault::AnswerUnusable { .. }
    )
}

fn look(sides: &Sides<'_>, obligation: &Obligation, actor: &str) -> Result<DutyOutcome, Fault> {
    match &obligation.duty {
        Duty::Replaced(method) => replaced(sides, obligation, method, actor),
        Duty::Orphan(credential) => orphan(sides, obligation, credential, actor),
        Duty::Retired(method) => retired(sides, obligation, method, actor),
    }
}

/// The key is gone or back, so its method goes whatever the list says: the list may not show yet what was registered a minute
/// ago. What is not there is asked for again some time later, for the same reason.
fn retired(
    sides: &Sides<'_>,
    obligation: &Obligation,
    method: &MethodId,
    actor: &str,
) -> Result<DutyOutcome, Fault> {
    let outcome = delete(sides, obligation, method, actor)?;
    Ok(if outcome == (DutyOutcome::Settled { deleted: false }) {
        absent(sides, obligation)
    } else {
        outcome
    })
}

/// What to do about something that is not there now, and may turn up.
fn absent(sides: &Sides<'_>, obligation: &Obligation) -> DutyOutcome {
    let pause = usize::try_from(obligation.looks)
        .ok()
        .and_then(|looks| ORPHAN_SECONDS.get(looks));
    match pause {
        Some(seconds) => DutyOutcome::Again {
            due: sides.clock.now().plus_seconds(*seconds),
        },
        None => DutyOutcome::Settled { deleted: false },
    }
}

fn replaced(
    sides: &Sides<'_>,
    obligation: &Obligation,
    method: &MethodId,
    actor: &str,
) -> Result<DutyOutcome, Fault> {
    let spare = |why: &str| {
        Ok(DutyOutcome::Spared {
            why: why.to_owned(),
        })
    };
    if let Some(why) = in_vain(sides.ledger, obligation.job)? {
        return spare(why);
    }
    let (listed, live) = listed(sides, &obligation.user)?;
    let there = |wanted: &MethodId| listed.iter().any(|entry| entry.method == *wanted);
    let new_key_is_there = obligation.keeps.as_ref().is_some_and(there);
    if live.contains(method) {
        return spare("this ledger enrolled it, and it is in use");
    }
    if !new_key_is_there {
        // What it was replaced with decides by its own policy.
        if !is_live(
            sides.ledger,
            &journal::replay(sides.ledger, obligation.job)?,
        )? {
            return spare("the key that was to replace it was replaced itself");
        }
        return Ok(not_listed(sides, obligation));
    }
    if !there(method) {
        return Ok(DutyOutcome::Settled { deleted: false });
    }
    delete(sides, obligation, method, actor)
}

/// The new key is not in the list: the older the news, the seldomer the look.
fn not_listed(sides: &Sides<'_>, obligation: &Obligation) -> DutyOutcome {
    let looks = obligation.looks;
    let seconds = if looks < LAG_LOOKS_MAX {
        LAG_SECONDS
    } else if looks < LAG_LOOKS_MAX.saturating_add(LATE_LOOKS_MAX) {
        LATE_SECONDS
    } else {
        LONG_SECONDS
    };
    // Each time that the pace changes, not with every look.
    if looks == LAG_LOOKS_MAX || looks == LAG_LOOKS_MAX.saturating_add(LATE_LOOKS_MAX) {
        tracing::warn!(
            job = obligation.job.0,
            looks,
            "the new key is still not in the person's list at Entra, so their older passkeys stay; if somebody deleted it there, enroll it anew"
        );
    }
    DutyOutcome::Again {
        due: sides.clock.now().plus_seconds(seconds),
    }
}

/// Why the key that this job enrolled is not what its person signs in with: what they had before is all that they have then.
fn in_vain(ledger: &dyn Ledger, job: JobId) -> Result<Option<&'static str>, Fault> {
    let Some(record) = ledger.job(job)? else {
        return Ok(None);
    };
    if record.standing == Standing::Cancelled {
        return Ok(Some("the job whose key was to replace it was given up"));
    }
    if record.custody.retired.is_some() {
        return Ok(Some(
            "the person does not have the key that was to replace it any more",
        ));
    }
    let taken = taken_for(ledger, &record, &journal::replay(ledger, job)?)?;
    Ok(taken.map(|_| "the key that was to replace it was taken for another job since"))
}

fn orphan(
    sides: &Sides<'_>,
    obligation: &Obligation,
    credential: &CredentialId,
    actor: &str,
) -> Result<DutyOutcome, Fault> {
    match sight(sides, &obligation.user, credential)? {
        Sight::Absent => Ok(absent(sides, obligation)),
        Sight::Spared(why) => Ok(DutyOutcome::Spared {
            why: why.to_owned(),
        }),
        Sight::There(method) => delete(sides, obligation, &method, actor),
    }
}

/// What a user's list shows of an abandoned credential.
enum Sight {
    Absent,
    There(MethodId),
    Spared(&'static str),
}

fn sight(sides: &Sides<'_>, user: &str, credential: &CredentialId) -> Result<Sight, Fault> {
    let (listed, live) = listed(sides, user)?;
    // Where an answer has told Entra's id, that counts, whether it is an encoding of the credential id or not.
    let told = sides
        .ledger
        .passkey(credential)?
        .and_then(|passkey| passkey.method);
    let mut could_be = listed
        .into_iter()
        .filter(|entry| told.as_ref() == Some(&entry.method) || entry.may_be.contains(credential));
    Ok(match (could_be.next(), could_be.next()) {
        (None, _) => Sight::Absent,
        (Some(entry), None) if live.contains(&entry.method) => {
            Sight::Spared("it turned out to be the key that is in use")
        }
        (Some(entry), None) => Sight::There(entry.method),
        // One text may stand for two ids, so one of them may be somebody's working key.
        (Some(_), Some(_)) => Sight::Spared("several entries of the list could be it"),
    })
}

/// A user's list, and those of its entries that this ledger enrolled and still counts.
fn listed(
    sides: &Sides<'_>,
    user: &str,
) -> Result<(Vec<RegisteredCredential>, Vec<MethodId>), Fault> {
    let listed = sides.relying_party.credentials(user)?;
    let methods: Vec<MethodId> = listed.iter().map(|entry| entry.method.clone()).collect();
    let live = sides.ledger.live_among(&methods)?;
    Ok((listed, live))
}

/// The intent is in the ledger before the DELETE; a repeated DELETE finds nothing, which is done as well.
fn delete(
    sides: &Sides<'_>,
    obligation: &Obligation,
    method: &MethodId,
    actor: &str,
) -> Result<DutyOutcome, Fault> {
    sides.ledger.settle(
        obligation.id,
        &DutyOutcome::Deleting,
        actor,
        sides.clock.now(),
    )?;
    let deleted = sides.relying_party.delete(&obligation.user, method)?;
    Ok(DutyOutcome::Settled {
        deleted: deleted == Deleted::Now,
    })
}
