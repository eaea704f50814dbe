//! How one keyline asks another: while a station runs it alone writes the ledger, and commands reach it through a socket in its
//! run folder. One line of JSON in, one line out, for the station's own user alone.
//!
//! # Why
//! SQLite would let a second process write, but a run in progress holds its job's state in memory. So the station makes the
//! change in its own loop, and refuses in words when the job is in work.

mod bench;
mod socket;
mod trail;
mod void;

pub use socket::{Server, ask, look, serve};
pub use trail::{Hands, Part};

use self::void::Lazy;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::Policies;
use crate::app::admin::{self, Change};
use crate::app::board::{Board, News};
use crate::app::station::Handle;
use crate::app::station::offers::Offered;
use crate::app::trail::{Deed, Desk, act, subject};
use crate::domain::credential::CredentialId;
use crate::domain::time::Timestamp;
use crate::face::report::{find_one, name};
use crate::face::say::{self, Complaint, ExitCode};
use crate::port::{Keeping, Kept, Ledger, Press};

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
    /// Write down what belongs to no job: stock, and passkeys that an administrator deletes.
    Keep { keeping: Keeping, actor: String },
    /// How does the printer stand, as far as the running station has seen? Changes nothing.
    Printer,
    /// Write down what hands did to paper and bags.
    Hands { hands: Hands, actor: String },
    /// Do what the bench of the running station offers, if it still does.
    AtBench { offered: Offered, actor: String },
}

/// What came of it, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Done {
        message: String,
        /// The same for scripts.
        #[serde(default)]
        facts: Value,
    },
    /// Something was scanned or spoiled: in words, in one word for scripts, and what it is about, such as `L-0042`. `note`: what is
    /// still to be looked after.
    Acted {
        message: String,
        result: String,
        item: String,
        #[serde(default)]
        note: Option<String>,
    },
    /// Something that belongs to no job was written down.
    Kept { kept: Kept },
    /// A part of a batch that leaves.
    Part { part: Part },
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
            Self::Done { message, .. } | Self::Acted { message, .. } => Ok(message),
            Self::Part { .. } | Self::Kept { .. } => Ok(String::new()),
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

/// What was done: in words, and as data for scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub message: String,
    pub facts: Value,
}

impl From<String> for Told {
    fn from(message: String) -> Self {
        let facts = Value::Null;
        Self { message, facts }
    }
}

impl From<Result<Told, Complaint>> for Answer {
    fn from(result: Result<Told, Complaint>) -> Self {
        result
            .map(|Told { message, facts }| Self::Done { message, facts })
            .into()
    }
}

impl From<Result<Self, Complaint>> for Answer {
    fn from(result: Result<Self, Complaint>) -> Self {
        match result {
            Ok(answer) => answer,
            Err(complaint) => Self::Refused {
                exit: complaint.exit.number(),
                message: complaint.message,
                hint: complaint.hint,
            },
        }
    }
}

/// Erases a person from the ledger: user and actor in, what came of it out.
pub type Erase = Arc<dyn Fn(&str, &str) -> Result<Told, Complaint> + Send + Sync>;

/// Answers on behalf of a running station, whose loop makes the changes.
pub fn over_station(
    ledger: Arc<dyn Ledger>,
    station: Handle,
    press: Arc<dyn Press>,
    board: Arc<Board>,
    erase: Erase,
) -> impl Fn(&Ask) -> Answer + Send + Sync + 'static {
    move |asked| {
        let result = match asked {
            Ask::Hands { hands, actor } => {
                let act = |deed| match station.trail(deed, actor.clone()) {
                    Some(acted) => acted.map_err(trail::Act::Refused),
                    None => Err(trail::Act::Complaint(ended())),
                };
                return trail::done(ledger.as_ref(), hands, None, &act).into();
            }
            Ask::Change { job, change, actor } => {
                find_one(ledger.as_ref(), job).and_then(|record| {
                    match station.change(record.job.id, change.clone(), actor.clone()) {
                        Some(Ok(changed)) => {
                            let press = || Ok(Arc::clone(&press));
                            Ok(void::told(ledger.as_ref(), changed, &record, &press))
                        }
                        Some(Err(why)) => Err(say::admin::refused(&why, &name(&record))),
                        None => Err(ended()),
                    }
                })
            }
            Ask::AtBench { offered, actor } => {
                return bench::done(ledger.as_ref(), &station, &press, offered, actor).into();
            }
            Ask::Erase { user, actor } => erase(user, actor),
            Ask::Keep { keeping, actor } => {
                return match station.keep(keeping.clone(), actor.clone()) {
                    Some(Ok(kept)) => Answer::Kept { kept },
                    Some(Err(fault)) => Err::<Answer, _>(Complaint::from(fault)).into(),
                    None => Err::<Answer, _>(ended()).into(),
                };
            }
            Ask::Printer => {
                let standstill = board.view().standstill;
                let told = standstill.map(|why| say::news::line(&News::Printer(why)));
                Ok(told.unwrap_or_default().into())
            }
            Ask::Reopen { credential, actor } => require_given_up(ledger.as_ref(), credential)
                .and_then(
                    |()| match station.reopen(credential.clone(), actor.clone()) {
                        Some(Ok(())) => Ok(say::reconcile::reopened(credential).into()),
                        Some(Err(fault)) => Err(Complaint::from(fault)),
                        None => Err(ended()),
                    },
                ),
        };
        Answer::from(result)
    }
}

/// What is needed without a station: the caller has the ledger open, with its lock.
pub struct Alone<'a> {
    pub ledger: Arc<dyn Ledger>,
    /// Read only where they are needed, so that a slip in one of them is in nobody's way.
    pub policies: &'a dyn Fn() -> Result<Policies, Complaint>,
    /// Where letters go, opened only for what concerns one.
    pub press: &'a dyn Fn() -> Result<Arc<dyn Press>, Complaint>,
    pub erase: &'a dyn Fn(&str, &str) -> Result<Told, Complaint>,
    pub now: Timestamp,
}

/// Does it without a station.
pub fn by_ourselves(alone: &Alone<'_>, asked: &Ask) -> Answer {
    let ledger = alone.ledger.as_ref();
    let result = match asked {
        Ask::Hands { hands, actor } => return hands_by_ourselves(alone, hands, actor).into(),
        Ask::Change { job, change, actor } => find_one(ledger, job).and_then(|record| {
            // Whatever else is changed asks no policy.
            let policies = match change {
                Change::Reissue { .. } => (alone.policies)()?,
                Change::Hold { .. }
                | Change::Release
                | Change::Cancel
                | Change::Retry
                | Change::HandOver
                | Change::Retire { .. } => Policies::default(),
            };
            let (job, press) = (record.job.id, Lazy::new(alone.press));
            let told = admin::change(ledger, &policies, job, change, actor, alone.now)
                .map(|changed| void::told(ledger, changed, &record, &|| press.get()))
                .map_err(|why| say::admin::refused(&why, &name(&record)));
            // Also after a refusal: whoever repeats a command that was cut down hears that it is done.
            if void::may_make_void(change) {
                void::cancel_others(alone, job, actor, &press);
            }
            told
        }),
        Ask::Erase { user, actor } => (alone.erase)(user, actor),
        Ask::Keep { keeping, actor } => {
            let kept = ledger.keep(keeping, actor, alone.now);
            return kept
                .map(|kept| Answer::Kept { kept })
                .map_err(Complaint::from)
                .into();
        }
        // Nobody prints.
        Ask::Printer => Ok(Told::default()),
        Ask::AtBench { .. } => Err(bench::nobody_works()),
        Ask::Reopen { credential, actor } => require_given_up(ledger, credential)
            .and_then(|()| Ok(ledger.reopen(credential, actor, alone.now)?))
            .map(|()| say::reconcile::reopened(credential).into()),
    };
    Answer::from(result)
}

fn hands_by_ourselves(alone: &Alone<'_>, hands: &Hands, actor: &str) -> Result<Answer, Complaint> {
    let policies = (alone.policies)()?;
    let (ledger, lazy) = (alone.ledger.as_ref(), Lazy::new(alone.press));
    // A letter in hand is taken although nobody can tell its press of it.
    let (press, unasked) = match hands {
        Hands::Scanned { .. } | Hands::Spoiled { .. } => match lazy.get() {
            Ok(press) => (Some(press), None),
            Err(complaint) => (None, Some(complaint)),
        },
        Hands::Dispatched { .. } => (None, None),
    };
    let desk = Desk {
        ledger,
        press: press.as_deref(),
        policies: &policies,
        actor,
        now: alone.now,
    };
    let act = |deed| {
        let record = subject(ledger, &deed).map_err(trail::Act::Refused)?;
        let acted = act(&desk, &record, &deed).map_err(trail::Act::Refused);
        if matches!(deed, Deed::Spoiled { .. }) {
            void::cancel_others(alone, record.job.id, actor, &lazy);
        }
        acted
    };
    trail::done(ledger, hands, unasked.as_ref(), &act)
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
