//! What the administrator does to a job by hand: hold it, let it go on, give it up, start it anew with another key, have its
//! letter made anew with another PIN.
//!
//! Nothing in here may run while the job is in work: a running station does it in its own loop
//! ([`Handle::change`](crate::app::station::Handle::change)), and without a station the ledger's lock keeps one from
//! starting.

mod custody;
mod opening;
mod void_pin;

pub use self::custody::may_hand_over;
pub(in crate::app) use self::custody::{is_live, taken_for};
pub use self::opening::{Certainty, NoPin, Opening, Origin, opening};
pub use self::void_pin::{VoidPin, WhyVoid, void_pin};

use serde::{Deserialize, Serialize};

use crate::app::Policies;
use crate::app::journal::{append, replay};
use crate::app::station::reading::holder_of;
use crate::domain::custody::{Fate, NotHandedOver};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Happening, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::job::{Envelope, JobId};
use crate::domain::mailer::ControlNumber;
use crate::domain::time::Timestamp;
use crate::port::{Ledger, Press};

/// What shall become of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It neither starts nor goes on until it is released.
    Hold { reason: String },
    /// It goes on where it was.
    Release,
    /// It is given up for good.
    Cancel,
    /// It starts anew with another key.
    Retry,
    /// Its letter is void: the same key gets a new PIN and the person a new letter.
    Reissue { reason: String },
    /// The person has the key and its PIN.
    HandOver,
    /// The person does not have the key any more, or never will.
    Retire { fate: Fate, reason: String },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "the administrator wants to know"]
pub enum Changed {
    Held,
    Released,
    /// `begun`: a key was bound, and may hold what the job put on it.
    Cancelled {
        begun: bool,
        /// As in [`Changed::Reissued`].
        void: Option<String>,
    },
    /// `begun`: the key that the job had begun with was given up; `reissue`: and with it the new PIN that it should get.
    Retried {
        begun: bool,
        reissue: bool,
        /// As in [`Changed::Reissued`].
        void: Option<String>,
    },
    /// `void`: the control number of the letter that may exist and is not to be trusted any more.
    Reissued {
        void: Option<String>,
    },
    /// `older`: so many older methods of the person go now.
    HandedOver {
        older: usize,
    },
    /// `void`: the control number of the letter that is void now, `kept`: older methods that stay because of it.
    Retired {
        fate: Fate,
        void: Option<String>,
        kept: u32,
    },
}

impl Changed {
    /// The control number of the letter that the change made void, if one may exist.
    pub fn void(&self) -> Option<&str> {
        match self {
            // A letter for a key that is taken back was confirmed long ago: it is in no printer any more.
            Self::Held | Self::Released | Self::HandedOver { .. } | Self::Retired { .. } => None,
            Self::Cancelled { void, .. } | Self::Retried { void, .. } | Self::Reissued { void } => {
                void.as_deref()
            }
        }
    }

    /// Takes the letter that the change made void back, where it waits in a printer: out of there it would come minutes later, with a
    /// PIN that the key may still have. A letter that is a file stays for whoever looks after the key, until the next one is made.
    /// It may take as long as a printer may take to answer.
    ///
    /// # Errors
    /// Those of [`Press::take_back`]: it may still come out.
    pub fn take_void_back(&self, press: &dyn Press, envelope: Envelope) -> Result<(), Fault> {
        match self.void().map(ControlNumber::parse) {
            Some(Ok(control)) if press.prints() => press.take_back(&control, envelope),
            // What is no number no press ever had.
            Some(Ok(_) | Err(_)) | None => Ok(()),
        }
    }
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[must_use = "the administrator wants to know"]
pub enum Unchanged {
    #[error("there is no job {0}")]
    NoSuchJob(JobId),
    #[error("the job is done")]
    Done,
    #[error("the job was cancelled")]
    Cancelled,
    #[error("the job is held already")]
    HeldAlready(Fault),
    #[error("the job is not held")]
    NotHeld,
    #[error("the job has not begun yet")]
    NotBegun,
    #[error("the station works on the job just now")]
    InWork,
    #[error("the letter is made")]
    HandedOver,
    #[error("there is no letter yet that could be made anew")]
    NoLetter,
    #[error("the letter is made anew already")]
    ReissuedAlready,
    #[error("the letter was made anew {most} times, and the policy allows no more")]
    ReissuedTooOften { most: u32 },
    #[error("the letter is void, and a release makes it no better")]
    LetterVoid,
    #[error("the station no longer has the PIN of the key")]
    PinForgotten,
    #[error("the key cannot be called handed over")]
    NotHandedOver(NotHandedOver),
    #[error("the key is enrolled for job {0} by now")]
    KeyElsewhere(JobId),
    #[error("the job has no key that could be taken back")]
    NoKeyYet,
    #[error("the key is {} already", .0.word())]
    RetiredAlready(Fate),
    #[error("the key is {}", .0.word())]
    KeyRetired(Fate),
    #[error("the person was erased")]
    Erased,
    #[error("the bench does not offer that")]
    NotOffered,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Begins the reason of an attempt that was given up by [`Change::Retry`] alone: the job was not on hold.
pub const STARTED_ANEW: &str = "started anew by the administrator";

/// Makes the change, durable when this returns.
///
/// # Errors
/// What speaks against it; nothing was changed then, or, when the ledger failed half-way, the same change can be made again.
pub fn change(
    ledger: &dyn Ledger,
    policies: &Policies,
    job: JobId,
    change: &Change,
    actor: &str,
    at: Timestamp,
) -> Result<Changed, Unchanged> {
    let Some(record) = ledger.job(job)? else {
        return Err(Unchanged::NoSuchJob(job));
    };
    let enrollment = replay(ledger, job)?;
    if let Change::HandOver | Change::Retire { .. } = change {
        return custody::change(ledger, &record, enrollment, change, actor, at);
    }
    match enrollment.standing() {
        Standing::Done if matches!(change, Change::Reissue { .. }) => {
            return Err(custody::no_reissue(ledger, job, &enrollment)?);
        }
        Standing::Done => return Err(Unchanged::Done),
        Standing::Cancelled => return Err(Unchanged::Cancelled),
        Standing::Waiting | Standing::UnderWay | Standing::Held => {}
    }
    let begun = enrollment.attempt() != Attempt(0);
    let held = enrollment.held().cloned();
    let write = |before, happening| append(ledger, job, before, happening, actor, at);
    match (change, held) {
        (Change::Hold { .. }, Some(fault)) => Err(Unchanged::HeldAlready(fault)),
        (Change::Hold { reason }, None) => {
            let fault = Fault::OnHold {
                why: reason.clone(),
            };
            write(enrollment, Happening::Held { fault })?;
            Ok(Changed::Held)
        }
        (Change::Release, None) => Err(Unchanged::NotHeld),
        (Change::Release, Some(_)) if enrollment.is_void() => Err(Unchanged::LetterVoid),
        (Change::Release, Some(_)) => {
            let enrollment = without_lost_key(ledger, job, enrollment, &write)?;
            write(enrollment, Happening::Released)?;
            Ok(Changed::Released)
        }
        (Change::Cancel, _) => {
            let credential = enrollment.left_behind();
            let void = enrollment.unconfirmed().map(str::to_owned);
            write(enrollment, Happening::Cancelled { credential })?;
            Ok(Changed::Cancelled { begun, void })
        }
        (Change::Retry, None) if !begun => Err(Unchanged::NotBegun),
        (Change::Retry, held) => {
            let reissue = enrollment.is_reissue();
            let void = enrollment.unconfirmed().map(str::to_owned);
            let (enrollment, given_up) = give_up(enrollment, held.as_ref(), &write)?;
            // The key is given up first: cut in between, the job stays held and a second retry finishes the change.
            if held.is_some() {
                write(enrollment, Happening::Released)?;
            }
            Ok(Changed::Retried {
                begun: given_up,
                reissue: given_up && reissue,
                void: void.filter(|_| given_up),
            })
        }
        (Change::Reissue { reason }, _) => {
            let void = may_reissue(ledger, job, &enrollment)?;
            let policy = policies.get(&record.job.request.policy)?;
            may_once_more(ledger, job, policy.reissues_max)?;
            let reissued = Happening::Reissued {
                reason: reason.clone(),
                void: void.clone(),
            };
            write(enrollment, reissued)?;
            Ok(Changed::Reissued { void })
        }
        // They concern jobs that are done.
        (Change::HandOver | Change::Retire { .. }, _) => Err(Unchanged::Done),
    }
}

/// The control number of the letter that becomes void, if one may exist.
fn may_reissue(
    ledger: &dyn Ledger,
    job: JobId,
    enrollment: &Enrollment,
) -> Result<Option<String>, Unchanged> {
    if !enrollment.may_reissue() {
        return Err(if enrollment.delivered().is_some() {
            // Held on top of it, but its letter is made all the same.
            Unchanged::HandedOver
        } else if enrollment.is_reissue() {
            Unchanged::ReissuedAlready
        } else {
            Unchanged::NoLetter
        });
    }
    // Without the old PIN the key takes no new one.
    let attempt = enrollment.pin_of().ok_or(Unchanged::PinForgotten)?;
    match ledger.pin_in_flight(job, attempt) {
        Ok(_) => {}
        Err(Fault::Unsealable { .. }) => return Err(Unchanged::PinForgotten),
        Err(fault) => return Err(fault.into()),
    }
    Ok(match enrollment.intent() {
        Some(Intent::Deliver { control, .. }) => Some(control.clone()),
        Some(Intent::Plain | Intent::Register { .. }) | None => None,
    })
}

/// Whether the policy allows one more letter.
fn may_once_more(ledger: &dyn Ledger, job: JobId, most: u32) -> Result<(), Unchanged> {
    let journal = ledger.journal(job)?;
    let reissues = journal
        .iter()
        .filter(|row| matches!(row.event.happening, Happening::Reissued { .. }))
        .count();
    if u32::try_from(reissues).is_ok_and(|reissues| reissues < most) {
        Ok(())
    } else {
        Err(Unchanged::ReissuedTooOften { most })
    }
}

/// While the job was held, its key may have been bound to another job: then the attempt is over, and another key will do.
/// Cut in between, the job stays held, and the next release finds nothing to give up.
fn without_lost_key(
    ledger: &dyn Ledger,
    job: JobId,
    enrollment: Enrollment,
    write: &dyn Fn(Enrollment, Happening) -> Result<Enrollment, Fault>,
) -> Result<Enrollment, Fault> {
    let serial = enrollment
        .binding()
        .and_then(|binding| binding.serial.as_ref());
    let holder = match serial {
        Some(serial) => holder_of(ledger, serial)?,
        None => None,
    };
    match holder {
        Some(holder) if holder.job != job => {
            Ok(give_up(enrollment, Some(&holder.objection()), write)?.0)
        }
        Some(_) | None => Ok(enrollment),
    }
}

/// Ends the attempt under way, if a key is bound to it.
fn give_up(
    enrollment: Enrollment,
    held: Option<&Fault>,
    write: &dyn Fn(Enrollment, Happening) -> Result<Enrollment, Fault>,
) -> Result<(Enrollment, bool), Fault> {
    if enrollment.binding().is_none() {
        return Ok((enrollment, false));
    }
    let dropped = if enrollment.is_reissue() {
        "; the reissue is dropped with the key"
    } else {
        ""
    };
    let reason = held.cloned().unwrap_or_else(|| Fault::OnHold {
        why: format!("{STARTED_ANEW}{dropped}"),
    });
    let happening = Happening::Abandoned {
        reason,
        credential: enrollment.left_behind(),
        restart: Step::Reset,
    };
    Ok((write(enrollment, happening)?, true))
}

#[cfg(test)]
mod tests;
