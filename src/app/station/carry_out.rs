//! Carrying out the bench's orders, each on a thread of its own.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::app::duties;
use crate::app::journal;
use crate::app::provisions::Provisions;
use crate::app::runner::letter::try_letter;
use crate::app::runner::{self, Bench, applicant};
use crate::app::station::reading::Returns;
use crate::app::station::{Desk, Message, reading, stock};
use crate::app::{Policies, Ports};
use crate::domain::authenticator::Slot;
use crate::domain::event::Happening;
use crate::domain::fault::{Fault, kind};
use crate::domain::job::JobId;
use crate::domain::station::signal::{Ending, Order, Signal};
use crate::port::CancelFlag;

impl Desk {
    pub(super) fn signal(&mut self, signal: Signal) {
        tracing::trace!(signal = kind(&signal), "signal");
        for order in self.station.handle(signal) {
            note_order(&order);
            match order {
                Order::Read { slot } => self.read_key(slot),
                Order::Run { slot, job } => self.run_job(Some(slot), job),
                Order::RunAside { job } => self.run_job(None, job),
                Order::Prepare { job } => self.prepare(job),
                Order::Hold { job, fault } => self.hold(job, fault),
            }
        }
    }

    fn read_key(&mut self, slot: Slot) {
        self.hands.remove(&slot);
        let Some(place) = self.places.get(&slot).cloned() else {
            return;
        };
        let cancel = CancelFlag::default();
        self.cancels.insert(slot, cancel.clone());
        let unlisted = self.stock.unlisted;
        let (ports, board, to_loop) = (
            self.ports.clone(),
            Arc::clone(&self.board),
            self.sender.clone(),
        );
        let actor = self.options.actor.clone();
        let returns = Returns {
            looked: Arc::clone(&self.looked),
            cards: self.station.cards().clone(),
        };
        tokio::task::spawn_blocking(move || {
            let result = reading::read(&ports, &board, slot, &place, cancel, &actor, &returns)
                .and_then(|read| stock::admit(&ports, &board, unlisted, read));
            drop(to_loop.send(Message::Read {
                slot,
                result: Box::new(result),
            }));
        });
    }

    fn run_job(&mut self, slot: Option<Slot>, job: JobId) {
        let mut hand = slot.and_then(|slot| self.hands.remove(&slot));
        let (ports, policies, provisions) = (
            self.ports.clone(),
            Arc::clone(&self.policies),
            Arc::clone(&self.provisions),
        );
        let pause = match slot {
            Some(slot) => self.pause_of_slot(slot),
            None => self.pause_of_aside(job),
        };
        let (board, actor) = (Arc::clone(&self.board), self.options.actor.clone());
        let to_loop = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let span = tracing::info_span!("job", job = job.0, slot = slot.map(|slot| slot.0));
            let _entered = span.enter();
            let bench = Bench {
                ports: &ports,
                policies: &policies,
                provisions: &provisions,
                board: &board,
                actor: &actor,
                cancel: &pause,
            };
            let ending = match ports.ledger.job(job) {
                Ok(Some(record)) => runner::run(&bench, &record.job, hand.as_deref_mut()),
                Ok(None) => Ending::Stopped(Fault::Ledger {
                    what: format!("job {job} is not there"),
                }),
                Err(fault) => Ending::Stopped(fault),
            };
            drop(to_loop.send(Message::Ended {
                slot,
                job,
                ending,
                hand,
            }));
        });
    }

    /// A run without a key can be ended for itself: one that follows a sheet may last until somebody fills in paper.
    fn pause_of_aside(&mut self, job: JobId) -> CancelFlag {
        let flag = self.pause_of_one();
        self.aside.insert(job, flag.clone());
        flag
    }

    /// So can one on a key whose job is given up.
    fn pause_of_slot(&mut self, slot: Slot) -> CancelFlag {
        let flag = self.pause_of_one();
        self.runs.insert(slot, flag.clone());
        flag
    }

    fn pause_of_one(&self) -> CancelFlag {
        let flag = CancelFlag::default();
        if self.pause.is_cancelled() {
            flag.cancel();
        }
        flag
    }

    /// Runs end between two steps.
    pub(super) fn pause(&self) {
        self.pause.cancel();
        let runs = self.runs.values().chain(self.aside.values());
        runs.for_each(CancelFlag::cancel);
    }

    /// Breaks off the exchange in hand and ends the run behind it, as if the key had been lifted: what is in doubt then stays in
    /// the journal.
    pub(super) fn break_off_slot(&self, slot: Slot) {
        for flag in [self.runs.get(&slot), self.cancels.get(&slot)] {
            flag.into_iter().for_each(CancelFlag::cancel);
        }
    }

    fn prepare(&mut self, job: JobId) {
        let (ports, policies, provisions) = (
            self.ports.clone(),
            Arc::clone(&self.policies),
            Arc::clone(&self.provisions),
        );
        let to_loop = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let result = provide(&ports, &policies, &provisions, job);
            drop(to_loop.send(Message::Provided { job, result }));
        });
    }

    pub(super) fn look_into_folder(&mut self) {
        if self.stopping {
            return;
        }
        if self.folder_busy {
            self.folder_again = true;
            return;
        }
        self.folder_busy = true;
        let (intake, actor, to_loop) = (
            Arc::clone(&self.intake),
            self.options.actor.clone(),
            self.sender.clone(),
        );
        tokio::task::spawn_blocking(move || {
            let (taken, fault) = intake.collect(&actor);
            let settling = intake.is_settling().unwrap_or(false);
            drop(to_loop.send(Message::Taken {
                taken,
                settling,
                fault,
            }));
        });
    }

    pub(super) fn look_after_duties(&mut self) {
        if self.stopping || self.duties_busy {
            return;
        }
        self.duties_busy = true;
        self.duties_due = false;
        let ended = std::mem::take(&mut self.ended);
        let (ports, actor) = (self.ports.clone(), self.options.actor.clone());
        let end = DutiesEnd {
            to_loop: self.sender.clone(),
            soon: false,
        };
        tokio::task::spawn_blocking(move || {
            let mut end = end;
            if let Err(fault) = duties::work(&ports, &actor) {
                tracing::warn!(fault = %fault.brief(), "old credentials wait");
            }
            if let Err(fault) = duties::at_batch_end(&ports, &ended, &actor) {
                tracing::warn!(fault = %fault.brief(), "what abandoned attempts left is looked for later");
            }
            end.soon = duties::are_near(&ports).unwrap_or_else(|fault| {
                tracing::warn!(fault = %fault.brief(), "duties cannot be read");
                false
            });
        });
    }
}

/// Tells the loop that the duties were looked after, also when that ended in a panic: the loop counts on it before it ends.
struct DutiesEnd {
    to_loop: UnboundedSender<Message>,
    soon: bool,
}

impl Drop for DutiesEnd {
    fn drop(&mut self) {
        drop(self.to_loop.send(Message::DutiesDone { soon: self.soon }));
    }
}

/// What is ordered, without what may name a person.
fn note_order(order: &Order) {
    let (slot, job) = match order {
        Order::Read { slot } => (Some(slot.0), None),
        Order::Run { slot, job } => (Some(slot.0), Some(job.0)),
        Order::RunAside { job } | Order::Prepare { job } | Order::Hold { job, .. } => {
            (None, Some(job.0))
        }
    };
    tracing::debug!(slot, job, order = kind(order), "order");
}

/// Everything that a job needs before a key is taken for it: a letter that can be set, a person for whom Entra registers keys,
/// and creation options.
pub(in crate::app) fn provide(
    ports: &Ports,
    policies: &Policies,
    provisions: &Provisions,
    job: JobId,
) -> Result<(), Fault> {
    let record = ports.ledger.job(job)?.ok_or_else(|| Fault::Ledger {
        what: format!("job {job} is not there"),
    })?;
    if !provisions.has_letter(job) {
        try_letter(ports, policies, &record.job)?;
        provisions.note_letter(job);
    }
    let policy = policies.get(&record.job.request.policy)?;
    let applicant = applicant(&record.job, policy);
    provisions.provide(ports.relying_party.as_ref(), &applicant, ports.clock.now())
}

/// Holds a job that nobody works on.
pub(in crate::app) fn hold(
    ports: &Ports,
    job: JobId,
    fault: Fault,
    actor: &str,
) -> Result<(), Fault> {
    let ledger = ports.ledger.as_ref();
    let before = journal::replay(ledger, job)?;
    let held = Happening::Held { fault };
    journal::append(ledger, job, before, held, actor, ports.clock.now()).map(drop)
}
