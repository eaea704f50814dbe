//! The proof on the live tenant before any key is wiped: a passkey in software is registered for a named test user, looked for in
//! the list, and deleted again.
//!
//! It is written down before it is sent. Whatever is cut (a lost reply, Ctrl-C, a kill, the power), [`settle`] finds what may have
//! been left, at the next trial and in `reconcile`. It touches no other passkey: what it deletes has the credential id, or the
//! drawn name, that was written down.

use std::time::Duration;

use crate::domain::credential::{Attestation, CreationOptions, MethodId, RegisteredCredential};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::{CancelFlag, Clock, Deleted, Entropy, RelyingParty, Trial, TrialBook, TrialEnd};

/// How long the list may lag behind a registration, in seconds.
pub const LAG_SECONDS_MAX: u32 = 60;
/// Between two looks at the list, in seconds.
const LOOK_SECONDS: u32 = 2;
/// From this age on, in seconds, what is not in the list was never registered: no request is under way so long, and no list lags so
/// long.
pub const NEVER_AFTER_SECONDS: i64 = 600;
/// How the name of a test passkey begins at Entra; eight drawn digits follow.
const NAME: &str = "keyline test";

/// What a trial needs.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    pub relying_party: &'a dyn RelyingParty,
    pub book: &'a dyn TrialBook,
    pub clock: &'a dyn Clock,
    pub entropy: &'a dyn Entropy,
    /// Makes the passkey.
    pub attest: &'a dyn Fn(&CreationOptions) -> Result<Attestation, Fault>,
    /// Ends the waits. What was registered is deleted all the same.
    pub cancel: &'a CancelFlag,
    pub actor: &'a str,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Asking,
    Registering,
    /// The list is looked at, since so many seconds.
    Looking {
        seconds: u32,
    },
    Deleting,
}

/// Where Entra said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It hands out no creation options.
    Options,
    /// It does not take the passkey.
    Registration,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Registered and deleted again.
    Passed {
        /// After how many seconds the list showed it; `None`: not within [`LAG_SECONDS_MAX`], or not waited for.
        listed_after: Option<u32>,
        /// The reply to the registration was lost, and the list has shown what became of it.
        reply_lost: bool,
    },
    /// Entra refused, and nothing is left.
    Refused { stage: Stage, fault: Fault },
    /// Something may be at Entra still. It stands in the ledger, and the next look takes care of it.
    Open { fault: Option<Fault> },
}

/// What came of a look at what an earlier trial may have left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// There was nothing.
    Nothing,
    /// It was at Entra, and is deleted.
    Deleted(Trial),
    /// It is not there, and so long after it never will be.
    NeverAppeared(Trial),
    /// It is not there yet, and may still appear; from this moment on it will not.
    NotYet { trial: Trial, certain: Timestamp },
}

/// Registers a test passkey for `user`, looks for it, deletes it.
///
/// # Errors
/// Those of the ledger, and of what an earlier trial left; nothing was registered then. What Entra says to this passkey is in
/// the [`Outcome`].
pub fn run(
    tools: &Tools<'_>,
    user: &str,
    progress: &mut dyn FnMut(Progress),
) -> Result<Outcome, Fault> {
    progress(Progress::Asking);
    let refused = |stage| move |fault| Outcome::Refused { stage, fault };
    let options = match tools.relying_party.creation_options(user) {
        Ok(options) => options,
        Err(fault) => return Ok(refused(Stage::Options)(fault)),
    };
    let attestation = (tools.attest)(&options)?;
    let trial = Trial {
        user: user.to_owned(),
        credential: attestation.credential_id.clone(),
        display_name: draw_name(tools.entropy)?,
        begun: tools.clock.now(),
    };
    if tools.cancel.is_cancelled() {
        return Err(Fault::Cancelled);
    }
    tools.book.begin_trial(&trial, tools.actor)?;
    progress(Progress::Registering);
    let name = &trial.display_name;
    let sent = tools.relying_party.register(user, name, &attestation);
    let told = match sent {
        Ok(method) => Some(method),
        // Whether it was registered, only the list can tell.
        Err(fault) if fault.leaves_doubt() => {
            tracing::warn!(fault = %fault.brief(), "whether the test passkey was registered is not known; the list will tell");
            None
        }
        Err(fault) => {
            end(tools, TrialEnd::Refused)?;
            return Ok(refused(Stage::Registration)(fault));
        }
    };
    match look(tools, &trial, told.as_ref(), progress) {
        Ok(seen) => delete(tools, told, seen, progress),
        Err(fault) => match told {
            // The list fails, but what to delete is known.
            Some(method) => delete(tools, Some(method), None, progress),
            None => Ok(Outcome::Open { fault: Some(fault) }),
        },
    }
}

/// Looks for what an earlier trial may have left, and deletes it.
///
/// # Errors
/// Those of ledger and tenant; it stays written down then.
pub fn settle(tools: &Tools<'_>) -> Result<Settled, Fault> {
    let Some(trial) = tools.book.open_trial()? else {
        return Ok(Settled::Nothing);
    };
    let listed = match tools.relying_party.credentials(&trial.user) {
        Ok(listed) => listed,
        // With the user everything of the user's is gone.
        Err(Fault::UserUnknown { .. }) => Vec::new(),
        Err(fault) => return Err(fault),
    };
    if let Some(entry) = listed.iter().find(|entry| is_it(entry, &trial, None)) {
        // The one that is deleted was seen, so a 404 means that it is gone.
        let _either = tools.relying_party.delete(&trial.user, &entry.method)?;
        end(tools, TrialEnd::Deleted)?;
        return Ok(Settled::Deleted(trial));
    }
    let age = trial.begun.seconds_until(tools.clock.now());
    if age < NEVER_AFTER_SECONDS {
        let certain = trial.begun.plus_seconds(NEVER_AFTER_SECONDS);
        return Ok(Settled::NotYet { trial, certain });
    }
    end(tools, TrialEnd::NeverAppeared)?;
    Ok(Settled::NeverAppeared(trial))
}

/// The test passkey in the list.
struct Seen {
    method: MethodId,
    after_seconds: u32,
}

/// Looks at the list until it shows the passkey, or lags for too long, or the wait is cancelled.
fn look(
    tools: &Tools<'_>,
    trial: &Trial,
    told: Option<&MethodId>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Option<Seen>, Fault> {
    let mut waited = 0;
    loop {
        progress(Progress::Looking { seconds: waited });
        let listed = tools.relying_party.credentials(&trial.user)?;
        if let Some(entry) = listed.iter().find(|entry| is_it(entry, trial, told)) {
            return Ok(Some(Seen {
                method: entry.method.clone(),
                after_seconds: waited,
            }));
        }
        let pause = Duration::from_secs(LOOK_SECONDS.into());
        if waited >= LAG_SECONDS_MAX || !tools.clock.wait(pause, tools.cancel) {
            return Ok(None);
        }
        waited = waited.saturating_add(LOOK_SECONDS);
    }
}

fn delete(
    tools: &Tools<'_>,
    told: Option<MethodId>,
    seen: Option<Seen>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Outcome, Fault> {
    let reply_lost = told.is_none();
    let listed_after = seen.as_ref().map(|seen| seen.after_seconds);
    let Some(method) = seen.map(|seen| seen.method).or(told) else {
        return Ok(Outcome::Open { fault: None });
    };
    let Some(trial) = tools.book.open_trial()? else {
        return Err(Fault::Internal {
            what: "the trial that is under way is not in the ledger".to_owned(),
        });
    };
    progress(Progress::Deleting);
    match tools.relying_party.delete(&trial.user, &method) {
        Ok(Deleted::Now) => {}
        Ok(Deleted::WasGone) if listed_after.is_some() => {}
        // Never seen, and not found: it may appear yet.
        Ok(Deleted::WasGone) => return Ok(Outcome::Open { fault: None }),
        Err(fault) => return Ok(Outcome::Open { fault: Some(fault) }),
    }
    end(tools, TrialEnd::Deleted)?;
    Ok(Outcome::Passed {
        listed_after,
        reply_lost,
    })
}

fn end(tools: &Tools<'_>, end: TrialEnd) -> Result<(), Fault> {
    tools.book.end_trial(end, tools.actor, tools.clock.now())
}

/// Whether an entry of the list is the test passkey: by Entra's id where we were told it, by the credential id, or by its name.
fn is_it(entry: &RegisteredCredential, trial: &Trial, told: Option<&MethodId>) -> bool {
    told == Some(&entry.method)
        || entry.may_be.contains(&trial.credential)
        || entry.display_name == trial.display_name
}

/// A name that no other passkey has.
fn draw_name(entropy: &dyn Entropy) -> Result<String, Fault> {
    let mut drawn = [0_u8; 4];
    entropy.fill(&mut drawn)?;
    Ok(format!("{NAME} {:08x}", u32::from_be_bytes(drawn)))
}

#[cfg(test)]
mod tests;
