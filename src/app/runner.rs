//! One job on one key: what comes next, do it, write down what came of it. Starting and resuming are the same call.
//!
//! Before every effect its intent is in the ledger, and after it its outcome. A lost reply ends the run; the next run finds
//! the step in doubt, as after a power cut.

mod bind;
mod ceremony;
pub mod letter;
mod outcome;
mod perform;
mod print;
mod probe;
mod register;
mod reissue;
mod settle;
mod vet;

use std::time::{Duration, Instant};

use crate::app::board::{Board, Case, Finished};
use crate::app::eligibility::Applicant;
use crate::app::provisions::Provisions;
use crate::app::runner::outcome::Outcome;
use crate::app::{Policies, Ports, journal};
use crate::domain::authenticator::Slot;
use crate::domain::enrollment::{Command, Enrollment};
use crate::domain::event::{Event, Happening, Step};
use crate::domain::fault::{Fault, kind};
use crate::domain::job::Job;
use crate::domain::pin::Pin;
use crate::domain::policy::Policy;
use crate::domain::station::signal::Ending;
use crate::port::{Authenticator, CancelFlag, Entry};

/// A key in a slot, open for as long as it lies there.
pub struct Hand {
    pub slot: Slot,
    pub key: Box<dyn Authenticator>,
    /// When the key arrived.
    pub arrived: Instant,
    /// How long we have waited for the key, touches included, since it arrived.
    pub key_time: Duration,
}

/// What a run is given beside its job and its key.
pub struct Bench<'a> {
    pub ports: &'a Ports,
    pub policies: &'a Policies,
    pub provisions: &'a Provisions,
    pub board: &'a Board,
    pub actor: &'a str,
    pub cancel: &'a CancelFlag,
}

/// One run of one job, until it is finished or cannot go on.
pub struct Run<'a> {
    bench: &'a Bench<'a>,
    job: &'a Job,
    policy: &'a Policy,
    hand: Option<&'a mut Hand>,
    enrollment: Enrollment,
    /// The key in hand was recognised, or bound, in this run.
    bound: bool,
    /// In this run the key in hand took our PIN, or was seen to have tries to spare.
    tries_to_spare: bool,
    tenant_time: Duration,
    tries: u32,
    /// Everything was at hand in this run before the key was touched.
    gate_passed: bool,
    /// The key in hand wants a long touch for its reset.
    long_touch: bool,
    /// The PIN, where the policy shows it: the ledger forgets its copy with the last step.
    shown: Option<Pin>,
}

/// How often one run repeats a step that was certainly not done for a reason that may pass at once (no touch, a PIN that
/// the key does not like).
const TRIES_MAX: u32 = 3;

/// Runs `job` on the key in `hand`, or as far as it goes without a key.
pub fn run(bench: &Bench<'_>, job: &Job, hand: Option<&mut Hand>) -> Ending {
    let started = Instant::now();
    let ledger = bench.ports.ledger.as_ref();
    let enrollment = match journal::replay(ledger, job.id) {
        Ok(enrollment) => enrollment,
        Err(fault) => return Ending::Stopped(fault),
    };
    let policy = match bench.policies.get(&job.request.policy) {
        Ok(policy) => policy,
        Err(fault) => {
            let held = Happening::Held {
                fault: fault.clone(),
            };
            let now = bench.ports.clock.now();
            return match journal::append(ledger, job.id, enrollment, held, bench.actor, now) {
                Ok(_) => Ending::Held(fault),
                Err(fault) => Ending::Stopped(fault),
            };
        }
    };
    let mut run = Run {
        bench,
        job,
        policy,
        hand,
        enrollment,
        bound: false,
        tries_to_spare: false,
        tenant_time: Duration::ZERO,
        tries: 0,
        gate_passed: false,
        long_touch: false,
        shown: None,
    };
    let ending = run.drive();
    match &ending {
        Ending::Finished => run.report(started),
        Ending::KeyDone | Ending::Awaits(_) => run.report_key(started),
        Ending::Stopped(_) | Ending::AnotherKey(_) | Ending::Held(_) => {}
    }
    ending
}

impl Run<'_> {
    fn drive(&mut self) -> Ending {
        loop {
            let command = self.enrollment.next();
            // What is finished is told as finished, also when somebody stops the run a moment later.
            let finished = matches!(command, Command::Finish | Command::Rest);
            if self.bench.cancel.is_cancelled() && !finished {
                return Ending::Stopped(Fault::Cancelled);
            }
            self.show(&command);
            if self.leaves_the_slot(&command) {
                return Ending::KeyDone;
            }
            let ended = match command {
                Command::Finish | Command::Rest => Err(Ending::Finished),
                Command::Hold(fault) => Err(Ending::Held(fault)),
                Command::Await(Step::Deliver) if self.is_device_enough() => self.take_its_word(),
                Command::Await(step) => Err(Ending::Awaits(step)),
                Command::Bind { restart } => self.bind(restart),
                Command::Run(step) => self.start(step),
                Command::Probe(Step::Deliver) => self.look_after_sheet(),
                Command::Probe(step) => {
                    let outcome = self.probe(step);
                    self.settle(step, outcome)
                }
            };
            if let Err(ending) = ended {
                return ending;
            }
        }
    }

    /// Intent, act, outcome: in that order, on disk.
    fn start(&mut self, step: Step) -> Result<(), Ending> {
        if step.needs_key()
            && let Err(fault) = self.recognise()
        {
            return self.not_recognised(fault);
        }
        let (intent, pin) = match self.prepare(step) {
            Ok(prepared) => prepared,
            Err(outcome) => return self.settle_unstarted(outcome),
        };
        let happening = Happening::Started { step, intent };
        self.record(happening, pin.as_ref(), &Outcome::plain())?;
        if step == Step::Deliver {
            return self.hand_over();
        }
        let outcome = self.perform(step);
        self.settle(step, outcome)
    }

    /// Appends to the journal, with all that must be durable together, and moves on only when the disk has it.
    fn record(
        &mut self,
        happening: Happening,
        pin: Option<&Pin>,
        outcome: &Outcome,
    ) -> Result<(), Ending> {
        let begins = matches!(happening, Happening::Began { .. });
        let attempt = self.enrollment.attempt();
        let event = Event {
            attempt: if begins { attempt.following() } else { attempt },
            happening,
        };
        let state = self
            .enrollment
            .clone()
            .apply(&event)
            .map_err(|impossible| {
                Ending::Stopped(Fault::Internal {
                    what: impossible.to_string(),
                })
            })?;
        let obligations = journal::duties(&event.happening, &state);
        let entry = Entry {
            job: self.job.id,
            event: &event,
            state: &state,
            pin,
            attestation: outcome.attestation(),
            obligations: &obligations,
            forget_in_flight: matches!(state.next(), Command::Finish | Command::Rest),
        };
        let ports = self.bench.ports;
        ports
            .ledger
            .append(&entry, self.bench.actor, ports.clock.now())
            .map_err(Ending::Stopped)?;
        tracing::debug!(
            job = self.job.id.0,
            attempt = event.attempt.0,
            event = kind(&event.happening),
            step = ?event.happening.step(),
            "journal"
        );
        self.enrollment = state;
        Ok(())
    }

    fn show(&self, command: &Command) {
        let step = match command {
            Command::Run(step) | Command::Probe(step) => Some(*step),
            Command::Bind { .. } | Command::Hold(_) | Command::Await(_) => None,
            // The last step stays until the slot says that it is done.
            Command::Finish | Command::Rest => return,
        };
        if let Some(hand) = &self.hand {
            self.bench.board.set_step(hand.slot, step);
            let plan = &self.enrollment.plan().steps;
            self.bench.board.set_plan(hand.slot, plan);
        }
    }

    /// Does something with the key, on the key's time.
    fn with_key<T>(
        &mut self,
        act: impl FnOnce(&mut dyn Authenticator) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let hand = self.hand.as_mut().ok_or(Fault::KeyGone)?;
        let begun = Instant::now();
        let result = act(hand.key.as_mut());
        hand.key_time += begun.elapsed();
        result
    }

    /// Asks Entra, on Entra's time.
    fn with_tenant<T>(
        &mut self,
        act: impl FnOnce(&Bench<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let begun = Instant::now();
        let result = act(self.bench);
        self.tenant_time += begun.elapsed();
        result
    }

    fn report(&mut self, started: Instant) {
        // Where a printer or a person had the last word, the key was seen to be done before.
        if self.hand.is_none() && self.bench.board.finish_half(self.job.id) {
            return;
        }
        let finished = self.finished(started);
        self.bench.board.add_finished(finished);
    }

    fn report_key(&mut self, started: Instant) {
        if self.hand.is_some() {
            let half = self.finished(started);
            self.bench.board.add_half(half);
        }
    }

    fn finished(&mut self, started: Instant) -> Finished {
        let begun = self.hand.as_ref().map_or(started, |hand| hand.arrived);
        let total = begun.elapsed();
        let key_time = self
            .hand
            .as_ref()
            .map_or(Duration::ZERO, |hand| hand.key_time);
        let serial = self
            .enrollment
            .binding()
            .and_then(|binding| binding.serial.clone());
        let slot = self.hand.as_ref().map(|hand| hand.slot);
        if let (Some(slot), Some(pin)) = (slot, self.shown.take()) {
            self.bench.board.show_pin(slot, pin);
        }
        Finished {
            case: case_of(self.job, self.policy),
            slot,
            model: self.model(),
            serial: serial.map(|serial| serial.to_string()),
            total,
            own: total
                .saturating_sub(key_time)
                .saturating_sub(self.tenant_time),
        }
    }

    /// The model of the bound key, as people call it.
    fn model(&self) -> String {
        let binding = self.enrollment.binding();
        binding.map_or_else(|| "FIDO2".to_owned(), |binding| binding.model.clone())
    }
}

/// The person and the envelope of a job, for the board.
pub fn case_of(job: &Job, policy: &Policy) -> Case {
    Case {
        job: job.id,
        person: person_of(job).to_owned(),
        department: job.request.department.clone(),
        envelope: job.envelope.to_string(),
        bag: policy.bagging(),
    }
}

/// The person of a job, as Entra is asked about them.
pub fn applicant<'a>(job: &'a Job, policy: &Policy) -> Applicant<'a> {
    Applicant {
        job: job.id,
        user: &job.request.user,
        person: person_of(job),
        disabled_users: policy.disabled_users,
    }
}

/// The person's name, or the UPN where the job file gave none.
pub fn person_of(job: &Job) -> &str {
    job.request.name.as_deref().unwrap_or(&job.request.user)
}

#[cfg(test)]
mod tests;
