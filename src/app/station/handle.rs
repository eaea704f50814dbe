//! How the station is asked to run, what reaches its loop, and how it ends.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::app::admin::{Change, Changed, Unchanged};
use crate::app::intake::Taken;
use crate::app::runner::Hand;
use crate::app::station::offers::{AtBench, ByHand, Offered};
use crate::app::station::slots::SlotMap;
use crate::app::trail::{Acted, Deed, Refusal};
use crate::app::void::at_large::Untold;
use crate::domain::authenticator::Slot;
use crate::domain::credential::CredentialId;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::station::signal::{ConfirmCards, Ending, Reading};
use crate::port::{CancelFlag, Keeping, Kept, KeyEvent};

/// How the station runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// So many jobs may start; `None`: no limit.
    pub limit: Option<usize>,
    /// End when nothing is left to do.
    pub until_empty: bool,
    pub confirm_cards: ConfirmCards,
    pub slots: SlotMap,
    /// Badge or number of the person at the bench.
    pub actor: String,
    /// How often what waits for the network is tried again; [`TICK`](super::TICK) but in tests.
    pub tick: Duration,
    /// Set when the station is broken off, so that nobody goes on waiting for a tenant that asks for patience.
    pub waits: CancelFlag,
}

/// What faces ask of the station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Whoever is at the bench agrees to what this slot asks under this number: to a question that is over nobody agrees.
    Confirm { slot: Slot, asked: u64 },
    /// Start no new job, or start them again; jobs under way go on.
    Pause { paused: bool, actor: String },
    /// Somebody has looked after all that is on hold just now.
    Seen { actor: String },
    /// The supervisor is wanted at this slot, or at the bench; or has come.
    Help {
        slot: Option<Slot>,
        wanted: bool,
        actor: String,
    },
    /// Another person has taken over the bench.
    Actor(String),
    /// A job changed under another hand: look again.
    Changed(JobId),
    /// Finish the steps in hand, start nothing new, end.
    Stop,
    /// The same, wished by somebody whose name is kept.
    StopBy { actor: String },
    /// Break off the exchanges in hand and end. What is in doubt is settled next time.
    StopNow,
}

/// An answer to one question of one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    pub slot: Slot,
    /// The number of the question: see [`SlotState::Asking`](crate::domain::station::signal::SlotState::Asking).
    pub asked: u64,
    pub yes: bool,
}

/// How a run of the station ended, for the exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub done: usize,
    pub rejected_files: usize,
    /// The folder failed in its last round: files wait in it.
    pub folder: Option<Fault>,
    /// Why jobs are held at its end, whoever held them, and whenever: each of them waits for somebody.
    pub held: Vec<Fault>,
    /// The ledger failed: the station stopped at once.
    pub broken: Option<Fault>,
    pub interrupted: bool,
}

/// What reaches the loop.
pub(super) enum Message {
    Key(KeyEvent),
    Folder,
    Taken {
        taken: Vec<Taken>,
        /// A file in the folder is not complete yet.
        settling: bool,
        /// What failed on the way.
        fault: Option<Fault>,
    },
    Read {
        slot: Slot,
        result: Box<Result<(Hand, Reading), Fault>>,
    },
    Ended {
        slot: Option<Slot>,
        job: JobId,
        ending: Ending,
        hand: Option<Box<Hand>>,
    },
    Provided {
        job: JobId,
        result: Result<(), Fault>,
    },
    /// The accounts of these jobs' people were disabled, and are enabled now.
    Enabled {
        jobs: Vec<JobId>,
    },
    /// Everybody whose account was disabled was looked at again.
    RoundEnded,
    DutiesDone {
        /// Older credentials go in a moment.
        soon: bool,
    },
    /// What came of asking the printer for void letters: how many it cancelled, and which of them nobody was told of.
    VoidLettersAsked {
        result: Result<usize, Fault>,
        untold: Result<Untold, Fault>,
    },
    Request(Request),
    Answer {
        said: Said,
        actor: String,
        /// Whether the slot still asked that.
        reply: SyncSender<bool>,
    },
    /// To be done if the bench offers it still.
    AtBench {
        offered: Offered,
        wish: PutOff,
    },
    Change {
        job: JobId,
        change: Change,
        actor: String,
        reply: SyncSender<Result<Changed, Unchanged>>,
    },
    Reopen {
        credential: CredentialId,
        actor: String,
        reply: SyncSender<Result<(), Fault>>,
    },
    Keep {
        keeping: Keeping,
        actor: String,
        reply: SyncSender<Result<Kept, Fault>>,
    },
    Trail {
        deed: Deed,
        /// `None`: whoever is at the bench now.
        actor: Option<String>,
        reply: SyncSender<Result<Acted, Refusal>>,
    },
}

/// What somebody wants done to a job by hand, and who waits for the answer.
pub(super) enum PutOff {
    Change {
        job: JobId,
        change: Change,
        actor: String,
        reply: SyncSender<Result<Changed, Unchanged>>,
    },
    Trail {
        deed: Deed,
        actor: String,
        reply: SyncSender<Result<Acted, Refusal>>,
    },
}

impl PutOff {
    /// Whether it ends the job for good, so that its run may be broken off for it.
    pub(super) const fn gives_up(&self) -> bool {
        match self {
            Self::Change { change, .. } => matches!(change, Change::Cancel),
            Self::Trail { .. } => false,
        }
    }
}

/// A way into the loop, for faces. Cloned freely.
#[derive(Clone)]
pub struct Handle(pub(super) UnboundedSender<Message>);

impl Handle {
    /// Asks the station for something. `false` when it has ended.
    pub fn ask(&self, request: Request) -> bool {
        self.0.send(Message::Request(request)).is_ok()
    }

    /// Has the station change a job, between two of its own steps, so that no run is surprised. Blocks until it is durable;
    /// `None` when the station has ended.
    pub fn change(
        &self,
        job: JobId,
        change: Change,
        actor: String,
    ) -> Option<Result<Changed, Unchanged>> {
        let (reply, answer) = sync_channel(1);
        let message = Message::Change {
            job,
            change,
            actor,
            reply,
        };
        self.0.send(message).ok()?;
        answer.recv().ok()
    }

    /// Answers a question of a slot. `Some(false)`: it is not asked there any more, and nothing was done; `None` when the station
    /// has ended.
    pub fn answer(&self, said: Said, actor: String) -> Option<bool> {
        let (reply, answer) = sync_channel(1);
        let message = Message::Answer { said, actor, reply };
        self.0.send(message).ok()?;
        answer.recv().ok()
    }

    /// Has the station do what its bench offers, if it still offers it when the loop comes to it. Blocks until it is durable;
    /// `None` when the station has ended.
    pub fn at_bench(&self, offered: Offered, actor: String) -> Option<AtBench> {
        let job = offered.job;
        match offered.wish() {
            ByHand::Change(change) => {
                let (reply, answer) = sync_channel(1);
                let wish = PutOff::Change {
                    job,
                    change,
                    actor,
                    reply,
                };
                self.0.send(Message::AtBench { offered, wish }).ok()?;
                answer.recv().ok().map(AtBench::Changed)
            }
            ByHand::Deed(deed) => {
                let (reply, answer) = sync_channel(1);
                let wish = PutOff::Trail { deed, actor, reply };
                self.0.send(Message::AtBench { offered, wish }).ok()?;
                answer.recv().ok().map(AtBench::Acted)
            }
        }
    }

    /// Has the station write down what hands did to paper and bags, between two of its own steps. Blocks until it is durable;
    /// `None` when the station has ended.
    pub fn trail(&self, deed: Deed, actor: String) -> Option<Result<Acted, Refusal>> {
        self.deed(deed, Some(actor))
    }

    /// The same, done by whoever is at the bench.
    pub fn trail_of_bench(&self, deed: Deed) -> Option<Result<Acted, Refusal>> {
        self.deed(deed, None)
    }

    fn deed(&self, deed: Deed, actor: Option<String>) -> Option<Result<Acted, Refusal>> {
        let (reply, answer) = sync_channel(1);
        let message = Message::Trail { deed, actor, reply };
        self.0.send(message).ok()?;
        answer.recv().ok()
    }

    /// Has the station look for an abandoned credential once more, and delete it at Entra if it is there. Blocks until the duty
    /// is durable; `None` when the station has ended.
    pub fn reopen(&self, credential: CredentialId, actor: String) -> Option<Result<(), Fault>> {
        let (reply, answer) = sync_channel(1);
        let message = Message::Reopen {
            credential,
            actor,
            reply,
        };
        self.0.send(message).ok()?;
        answer.recv().ok()
    }

    /// Has the station write down what belongs to no job: stock, and passkeys that an administrator deletes. Blocks until it is
    /// durable; `None` when the station has ended.
    pub fn keep(&self, keeping: Keeping, actor: String) -> Option<Result<Kept, Fault>> {
        let (reply, answer) = sync_channel(1);
        let message = Message::Keep {
            keeping,
            actor,
            reply,
        };
        self.0.send(message).ok()?;
        answer.recv().ok()
    }
}
