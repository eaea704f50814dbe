//! What the station hears and says, and where a slot can stand. Plain data.

use std::collections::BTreeSet;

use crate::domain::authenticator::{Binding, Identity, Serial, Slot};
use crate::domain::credential::CredentialId;
use crate::domain::custody::Fate;
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, JobId, Role};
use crate::domain::policy::{ResetMode, UsedKeys};

/// What the station must know of a job to hand it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub job: JobId,
    pub batch: BatchName,
    pub user: String,
    pub role: Role,
    /// Only this key will do.
    pub serial: Option<Serial>,
    pub replace: bool,
    pub reset: ResetMode,
    pub used_keys: UsedKeys,
    /// The key that the job has begun with, when it can only go on with that one.
    pub wants: Option<Binding>,
    /// The passkey that the job has made on its key.
    pub made: Option<CredentialId>,
    /// The job has begun, and goes on without a key.
    pub keyless: bool,
    /// What is left of such a job is the printer's: one sheet after the other.
    pub prints: Prints,
    /// The job waits until somebody confirms that its key lies in its bag, at this slot.
    pub bag: Option<Slot>,
}

impl Candidate {
    /// Whether the job waits for its first key.
    pub fn is_waiting(&self) -> bool {
        self.wants.is_none() && !self.keyless && self.bag.is_none()
    }

    /// Whether something of the job's is left to do at the bench: a sheet in the printer is none of its concern.
    pub fn is_on_the_bench(&self) -> bool {
        !self.is_waiting() && self.prints == Prints::No
    }
}

/// Whether the next thing to be done for a job is the printer's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prints {
    #[default]
    No,
    /// The sheet is to be handed over.
    Due,
    /// It may lie in the printer already: it comes before every other one.
    InFlight,
}

/// What lies in a slot whose last key has to go into its bag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InSlot {
    /// That very key.
    Own,
    Nothing,
    /// Something that was put in too early, or that lay there when the station began.
    Next,
}

/// What reading a key without changing it brought to light.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub identity: Identity,
    /// The person for whom this ledger enrolled the key.
    pub enrolled_for: Option<EnrolledFor>,
    /// An Entra passkey that the key showed. Looked for only on keys with a PIN.
    pub passkey: Option<CredentialId>,
    /// It came back, waits to be wiped for the next person, and was not.
    pub came_back: Option<CameBack>,
}

/// Why a key that came back was not wiped by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameBack {
    /// It is a card on a reader, and nobody has agreed yet to take cards for the batch of its job.
    Unconfirmed { job: JobId, batch: BatchName },
    /// It shows a passkey for Entra that its job did not make: it may be somebody's working key by now.
    Foreign,
}

/// A person who holds a key, as far as a refusal names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledFor {
    pub job: JobId,
    pub user: String,
    pub person: String,
    pub envelope: String,
    /// Why the person does not have it any more.
    pub fate: Option<Fate>,
}

impl EnrolledFor {
    /// Why nobody else gets this key.
    pub fn objection(&self) -> Fault {
        let (holder, envelope) = (self.person.clone(), self.envelope.clone());
        match self.fate {
            Some(fate) => Fault::KeyRetired {
                fate,
                holder,
                envelope,
            },
            None => Fault::KeyEnrolledFor { holder, envelope },
        }
    }
}

/// How a run of a job on a slot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Finished,
    /// The key has all that it gets; what is left needs no key.
    KeyDone,
    /// A person's word is missing.
    Awaits(Step),
    /// The journal is safe, the job is not done; the fault says whose move it is.
    Stopped(Fault),
    /// The attempt was given up for this reason; the job waits for another key.
    AnotherKey(Fault),
    Held(Fault),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    Arrived {
        slot: Slot,
        at_start: bool,
    },
    Left {
        slot: Slot,
    },
    Read {
        slot: Slot,
        reading: Box<Reading>,
    },
    /// The key could not even be read.
    Unreadable {
        slot: Slot,
        fault: Fault,
    },
    Ended {
        slot: Slot,
        job: JobId,
        ending: Ending,
    },
    /// The jobs that are open now, in order.
    Jobs(Vec<Candidate>),
    /// One job is another now, or no longer the bench's concern.
    Changed {
        job: JobId,
        now: Option<Box<Candidate>>,
    },
    /// Options for this job are at hand: its key may be wiped.
    Prepared {
        job: JobId,
    },
    /// They cannot be had, for now or for good.
    Unprepared {
        job: JobId,
        fault: Fault,
    },
    /// The operator confirmed what the slot asks.
    Confirmed {
        slot: Slot,
    },
    /// The operator said no to it: the key is not touched, and is lifted.
    Declined {
        slot: Slot,
    },
    /// They are too old to be used.
    Expired {
        job: JobId,
    },
    /// A job that needed no key has ended its run.
    EndedAside {
        job: JobId,
        ending: Ending,
    },
    /// Some seconds have passed: what waits for the network or the service is tried again.
    Tick,
    /// No new job starts until the pause ends; jobs under way go on.
    Pause {
        paused: bool,
    },
    /// From now on no new job starts.
    Drain,
}

/// What shall happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an order that nobody carries out leaves a slot waiting"]
pub enum Order {
    /// Read what lies in the slot, without changing it.
    Read { slot: Slot },
    /// Run this job on the key in the slot.
    Run { slot: Slot, job: JobId },
    /// Run this job as far as it goes without a key.
    RunAside { job: JobId },
    /// Get the job's creation options.
    Prepare { job: JobId },
    /// The job cannot start, whatever key comes: hold it.
    Hold { job: JobId, fault: Fault },
}

/// What a slot asks of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The key has a PIN: somebody used it. Wipe it?
    WipeUsedKey,
    /// A card on a reader might lie there by mistake. Take cards for this batch?
    TakeCards { batch: BatchName },
}

/// Where a slot stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotState {
    Empty,
    /// A key lay here before the station began to watch: it does not count until it was lifted.
    LiftFirst,
    Reading,
    Working {
        job: JobId,
    },
    /// The job goes on with its own key only; `fault` says what happened to it.
    WantsBack {
        job: JobId,
        fault: Fault,
        key_in: bool,
    },
    /// `asked`: the number of the question. It is asked on under its number for as long as it is the same one about the same key.
    Asking {
        job: JobId,
        question: Question,
        asked: u64,
    },
    /// The key is good, the job is chosen, but its options cannot be had yet.
    AwaitingOptions {
        job: JobId,
    },
    /// The job under way waits for the network or the service.
    AwaitingService {
        job: JobId,
        fault: Fault,
    },
    /// The key goes to the red tray.
    Refused {
        fault: Fault,
    },
    /// The job is held; the key is laid aside with it.
    Held {
        job: JobId,
        fault: Fault,
    },
    Done {
        job: JobId,
    },
    /// The key has all that it gets, and can be lifted; its letter is not there yet, or not confirmed.
    KeyDone {
        job: JobId,
    },
    /// The key of this job goes into its bag. No other key is looked at here before somebody has confirmed that.
    Bagging {
        job: JobId,
        lies: InSlot,
    },
    /// Nothing waits for a key.
    NoJob,
}

/// Whether cards on readers need a confirmation before they are wiped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmCards {
    /// Once per batch.
    #[default]
    Batch,
    Never,
}

/// Which cards on readers may be wiped.
#[derive(Clone, Debug)]
pub struct Cards {
    rule: ConfirmCards,
    confirmed: BTreeSet<BatchName>,
}

impl Cards {
    /// Under this rule, before anybody has confirmed anything.
    pub const fn new(rule: ConfirmCards) -> Self {
        Self {
            rule,
            confirmed: BTreeSet::new(),
        }
    }

    /// Whether cards are wiped for this batch without asking.
    pub fn are_taken_for(&self, batch: &BatchName) -> bool {
        self.rule == ConfirmCards::Never || self.confirmed.contains(batch)
    }

    /// Somebody agreed to take cards for this batch.
    pub fn confirm(&mut self, batch: BatchName) {
        self.confirmed.insert(batch);
    }
}
