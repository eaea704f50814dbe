//! From the ledger's open jobs to what the bench must know of them, and to what waits for a person's word.

use std::collections::BTreeMap;

use crate::app::board::{Awaited, Unconfirmed};
use crate::app::runner::case_of;
use crate::app::{Policies, Ports, journal};
use crate::domain::enrollment::{Command, Enrollment, Standing};
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::paper::Confirm;
use crate::domain::policy::Policy;
use crate::domain::station::signal::{Candidate, Prints};
use crate::port::JobRecord;

/// The open jobs: those that the bench may work on, in order, why others are held, and what has to be confirmed.
#[derive(Default)]
pub(in crate::app) struct Open {
    pub(in crate::app) candidates: Vec<Candidate>,
    pub(in crate::app) held: BTreeMap<JobId, Fault>,
    pub(in crate::app) unconfirmed: BTreeMap<JobId, Unconfirmed>,
}

/// Every open job.
pub(in crate::app) fn all(ports: &Ports, policies: &Policies) -> Result<Open, Fault> {
    let records = ports.ledger.open_jobs()?;
    let mut open = Open::default();
    open.candidates.reserve(records.len());
    for record in &records {
        open.add(ports, policies, record)?;
    }
    Ok(open)
}

/// One job as it stands now; empty when it is done or cancelled.
pub(in crate::app) fn one(ports: &Ports, policies: &Policies, job: JobId) -> Result<Open, Fault> {
    let mut open = Open::default();
    if let Some(record) = ports.ledger.job(job)? {
        open.add(ports, policies, &record)?;
    }
    Ok(open)
}

impl Open {
    fn add(&mut self, ports: &Ports, policies: &Policies, record: &JobRecord) -> Result<(), Fault> {
        let id = record.job.id;
        let policy = policies.get(&record.job.request.policy).cloned();
        let policy = policy.unwrap_or_default();
        let state = match record.standing {
            Standing::Done | Standing::Cancelled => return Ok(()),
            Standing::Waiting => Enrollment::default(),
            Standing::UnderWay => journal::replay(ports.ledger.as_ref(), id)?,
            Standing::Held => {
                let fault = record.held.clone();
                // Whoever finds the sheet settles the doubt, so it is asked for as long as it lasts.
                if fault == Some(Fault::DeliveryUncertain) {
                    let state = journal::replay(ports.ledger.as_ref(), id)?;
                    let awaited = letter(&state, &policy, true);
                    self.await_word(record, &policy, awaited);
                }
                self.held.extend(fault.map(|fault| (id, fault)));
                return Ok(());
            }
        };
        match state.next() {
            // Where the printer's word is enough, a run takes it, also after an interruption.
            Command::Await(Step::Deliver) if policy.confirmation() == Confirm::Device => {
                self.candidates
                    .push(candidate(ports, record, &policy, &state));
            }
            Command::Await(Step::Deliver) => {
                self.await_word(record, &policy, letter(&state, &policy, false));
            }
            Command::Await(_) => {
                let slot = state.binding().map(|binding| binding.slot);
                let by = policy.bagging();
                self.await_word(record, &policy, slot.map(|slot| Awaited::Bag { slot, by }));
                self.candidates
                    .push(candidate(ports, record, &policy, &state));
            }
            Command::Bind { .. }
            | Command::Run(_)
            | Command::Probe(_)
            | Command::Hold(_)
            | Command::Finish
            | Command::Rest => {
                self.candidates
                    .push(candidate(ports, record, &policy, &state));
            }
        }
        Ok(())
    }

    fn await_word(&mut self, record: &JobRecord, policy: &Policy, awaited: Option<Awaited>) {
        let case = case_of(&record.job, policy);
        let unconfirmed = awaited.map(|awaited| (record.job.id, Unconfirmed { case, awaited }));
        self.unconfirmed.extend(unconfirmed);
    }
}

fn letter(state: &Enrollment, policy: &Policy, doubtful: bool) -> Option<Awaited> {
    let control = state.unconfirmed()?.to_owned();
    Some(Awaited::Letter {
        control,
        by: policy.confirmation(),
        doubtful,
    })
}

fn candidate(ports: &Ports, record: &JobRecord, policy: &Policy, state: &Enrollment) -> Candidate {
    let wants = state.wants_its_key();
    let (keyless, bag) = match state.next() {
        Command::Run(_) | Command::Probe(_) | Command::Await(Step::Deliver) => (!wants, None),
        Command::Await(_) => (false, state.binding().map(|binding| binding.slot)),
        Command::Bind { .. } | Command::Hold(_) | Command::Finish | Command::Rest => (false, None),
    };
    let paper = keyless && state.current() == Some(Step::Deliver) && ports.press.prints();
    let prints = match (paper, state.intent().is_some()) {
        (false, _) => Prints::No,
        (true, false) => Prints::Due,
        (true, true) => Prints::InFlight,
    };
    let request = &record.job.request;
    Candidate {
        job: record.job.id,
        batch: record.job.batch.clone(),
        user: request.user.clone(),
        role: request.role,
        serial: request.serial.clone(),
        replace: request.replace,
        reset: policy.reset,
        used_keys: policy.used_keys,
        wants: state.binding().filter(|_| wants).cloned(),
        made: if wants { state.left_behind() } else { None },
        keyless,
        prints,
        bag,
    }
}
