//! How one keyline asks another: while a station runs it alone writes the ledger, and commands reach it through a socket in its
//! run folder. One line of JSON in, one line out, for the station's own user alone.
//!
//! # Why
//! SQLite would let a second process write, but a run in progress holds its job's state in memory. So the station makes the
//! change in its own loop, and refuses in words when the job is in work.

mod socket;

pub use socket::{Server, ask, serve};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::app::admin::{self, Change};
use crate::app::station::Handle;
use crate::domain::credential::CredentialId;
use crate::domain::time::Timestamp;
use crate::face::report::{find_one, name};
use crate::face::say::{self, Complaint, ExitCode};
use crate::port::Ledger;

/// What is asked of whoever may write the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// `job` as it was typed: number, user, envelope, control number or serial.
    Change {
        job: String,
        change: Change,
        actor: String,
    },
    /// Forget a person.
    Erase { user: String, actor: String },
    /// Look for an abandoned credential once more, and delete it if it is at Entra.
    Reopen {
        credential: CredentialId,
        actor: String,
    },
}

/// What came of it, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Done {
        message: String,
    },
    Refused {
        exit: u8,
        message: String,
        hint: String,
    },
}

impl Answer {
    /// The sentence, or the complaint.
    ///
    /// # Errors
    /// The complaint of whoever was asked.
    pub fn into_result(self) -> Result<String, Complaint> {
        match self {
            Self::Done { message } => Ok(message),
            Self::Refused {
                exit,
                message,
                hint,
            } => Err(Complaint::new(
                ExitCode::from_number(exit).unwrap_or(ExitCode::Bug),
                message,
                hint,
            )),
        }
    }
}

impl From<Result<String, Complaint>> for Answer {
    fn from(result: Result<String, Complaint>) -> Self {
        match result {
            Ok(message) => Self::Done { message },
            Err(complaint) => Self::Refused {
                exit: complaint.exit.number(),
                message: complaint.message,
                hint: complaint.hint,
            },
        }
    }
}

/// Erases a person from the ledger: user and actor in, a sentence out.
pub type Erase = Arc<dyn Fn(&str, &str) -> Result<String, Complaint> + Send + Sync>;

/// Answers on behalf of a running station, whose loop makes the changes.
pub fn over_station(
    ledger: Arc<dyn Ledger>,
    station: Handle,
    erase: Erase,
) -> impl Fn(&Ask) -> Answer + Send + Sync + 'static {
    move |asked| {
        let result = match asked {
            Ask::Change { job, change, actor } => {
                find_one(ledger.as_ref(), job).and_then(|record| {
                    match station.change(record.job.id, change.clone(), actor.clone()) {
                        Some(Ok(changed)) => Ok(say::admin::done(&changed, &name(&record))),
                        Some(Err(why)) => Err(say::admin::refused(&why, &name(&record))),
                        None => Err(ended()),
                    }
                })
            }
            Ask::Erase { user, actor } => erase(user, actor),
            Ask::Reopen { credential, actor } => require_given_up(ledger.as_ref(), credential)
                .and_then(
                    |()| match station.reopen(credential.clone(), actor.clone()) {
                        Some(Ok(())) => Ok(say::reconcile::reopened(credential)),
                        Some(Err(fault)) => Err(Complaint::from(fault)),
                        None => Err(ended()),
                    },
                ),
        };
        Answer::from(result)
    }
}

/// Does it without a station: the caller has the ledger open, with its lock.
///
/// # Errors
/// Why nothing was changed.
pub fn by_ourselves(
    ledger: &dyn Ledger,
    asked: &Ask,
    erase: &dyn Fn(&str, &str) -> Result<String, Complaint>,
    now: Timestamp,
) -> Result<String, Complaint> {
    match asked {
        Ask::Change { job, change, actor } => {
            let record = find_one(ledger, job)?;
            admin::change(ledger, record.job.id, change, actor, now)
                .map(|changed| say::admin::done(&changed, &name(&record)))
                .map_err(|why| say::admin::refused(&why, &name(&record)))
        }
        Ask::Erase { user, actor } => erase(user, actor),
        Ask::Reopen { credential, actor } => {
            require_given_up(ledger, credential)?;
            ledger.reopen(credential, actor, now)?;
            Ok(say::reconcile::reopened(credential))
        }
    }
}

/// Whoever writes to the socket may name anything.
fn require_given_up(ledger: &dyn Ledger, credential: &CredentialId) -> Result<(), Complaint> {
    match ledger.passkey(credential)? {
        Some(passkey) if passkey.given_up => Ok(()),
        Some(_) | None => Err(say::reconcile::never_given_up(credential)),
    }
}

fn ended() -> Complaint {
    Complaint::new(
        ExitCode::Waiting,
        "The station is ending just now, so nothing was changed.",
        "Try again in a moment.",
    )
}

#[cfg(test)]
mod tests;
