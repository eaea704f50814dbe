//! The ledger in memory. It refuses what the real one must: an event that does not follow, a PIN step whose PIN is not sealed,
//! a second PIN under one attempt.

mod port;

use std::collections::BTreeMap;

use crate::app::world::{Op, START, World, request};
use crate::domain::authenticator::Serial;
use crate::domain::credential::{Attestation, CredentialId, MethodId};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Event, Evidence, Happening, Step};
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Draft, Envelope, Job, JobId, Request};
use crate::domain::pin::Pin;
use crate::domain::time::Timestamp;
use crate::port::{
    Admission, Admitted, Clock as _, Duty, DutyOutcome, Entry, Holder, JobRecord, Ledger,
    Obligation, Passkey, PasskeyState, Stamped,
};

#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) credential: CredentialId,
    pub(super) job: JobId,
    pub(super) method: Option<MethodId>,
    pub(super) state: PasskeyState,
}

#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) obligation: Obligation,
    pub(super) open: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerState {
    /// What belongs to no job, each with who wrote it.
    pub(crate) notes: Vec<(String, String)>,
    jobs: BTreeMap<JobId, Job>,
    admitted: BTreeMap<JobId, Timestamp>,
    pub(crate) journal: BTreeMap<JobId, Vec<Stamped>>,
    /// The journals, folded: every question about a job asks for it.
    folded: BTreeMap<JobId, Enrollment>,
    /// Rows of all journals together.
    rows: i64,
    /// For recovery: never taken away.
    pub(crate) sealed: BTreeMap<(JobId, Attempt), String>,
    /// The station's own copies.
    pub(crate) in_flight: BTreeMap<(JobId, Attempt), String>,
    pub(super) attestations: BTreeMap<(JobId, Attempt), Attestation>,
    pub(super) specified: BTreeMap<JobId, String>,
    pub(super) current: BTreeMap<JobId, String>,
    pub(super) passkeys: Vec<Kept>,
    pub(super) duties: Vec<Due>,
    claims: BTreeMap<String, Vec<JobId>>,
    contents: BTreeMap<[u8; 32], (BatchName, Timestamp)>,
}

fn broken(what: impl Into<String>) -> Fault {
    Fault::Ledger { what: what.into() }
}

/// Whether a PIN goes onto the key next.
fn sets_pin(happening: &Happening) -> bool {
    matches!(
        happening,
        Happening::Started {
            step: Step::SetPin | Step::ChangePin,
            ..
        }
    )
}

impl LedgerState {
    pub(super) fn has_sealed(&self, pin: &str) -> bool {
        self.sealed.values().any(|sealed| sealed == pin)
    }

    /// Whether the credential is the one that a finished job left its person with: where older ones wait for the hand-over, it
    /// may lie in a parcel until then.
    pub(super) fn is_handed_over(&self, credential: &CredentialId) -> bool {
        self.folded.values().any(|job| {
            let made = job.made().map(|made| &made.credential);
            let arrived = job.pending().is_empty() && job.custody().retired.is_none();
            made == Some(credential) && job.standing() == Standing::Done && arrived
        })
    }

    pub(crate) fn state_of(&self, job: JobId) -> Enrollment {
        self.folded.get(&job).cloned().unwrap_or_default()
    }

    /// The state of a job that is there.
    pub(crate) fn enrollment(&self, job: JobId) -> &Enrollment {
        &self.folded[&job]
    }

    pub(crate) fn all_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    pub(crate) fn find_job(&self, job: JobId) -> Option<&Job> {
        self.jobs.get(&job)
    }

    /// Every PIN that this ledger ever had.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let given = self.specified.values().chain(self.current.values());
        self.sealed.values().chain(given).map(String::as_str)
    }

    pub(crate) fn open_duties(&self) -> Vec<Duty> {
        let open = self.duties.iter().filter(|due| due.open);
        open.map(|due| due.obligation.duty.clone()).collect()
    }

    fn record(&self, job: &Job) -> JobRecord {
        let state = self.enrollment(job.id);
        let last = self.journal.get(&job.id).and_then(|rows| rows.last());
        JobRecord {
            job: job.clone(),
            standing: state.standing(),
            serial: state.binding().and_then(|binding| binding.serial.clone()),
            control: state.delivered().map(str::to_owned),
            held: state.held().cloned(),
            custody: state.custody(),
            updated: last.map_or(self.admitted[&job.id], |row| row.at),
        }
    }

    fn holder(&self, job: JobId) -> Option<Holder> {
        let job = self.jobs.get(&job)?;
        let request = &job.request;
        Some(Holder {
            job: job.id,
            person: request.name.clone().unwrap_or_else(|| request.user.clone()),
            user: request.user.clone(),
            envelope: job.envelope,
            standing: self.enrollment(job.id).standing(),
            custody: self.enrollment(job.id).custody(),
        })
    }

    /// The row that bound the job to its key.
    fn bound_at(&self, job: JobId) -> Option<i64> {
        let binds = |row: &&Stamped| {
            matches!(
                row.event.happening,
                Happening::Began { .. } | Happening::Rebound { .. }
            )
        };
        let mut rows = self.journal.get(&job)?.iter().rev();
        rows.find(binds).map(|row| row.sequence)
    }

    fn passkey(&self, kept: &Kept) -> Passkey {
        let duty = Duty::Orphan(kept.credential.clone());
        Passkey {
            credential: kept.credential.clone(),
            job: kept.job,
            method: kept.method.clone(),
            state: kept.state,
            given_up: self.duties.iter().any(|due| due.obligation.duty == duty),
        }
    }

    fn reopen(&mut self, credential: &CredentialId, at: Timestamp) -> Result<(), Fault> {
        let duty = Duty::Orphan(credential.clone());
        let due = self
            .duties
            .iter_mut()
            .find(|due| due.obligation.duty == duty)
            .ok_or_else(|| broken("that passkey was never given up"))?;
        due.open = true;
        due.obligation.due = at;
        due.obligation.looks = 0;
        self.passkey_becomes(credential, PasskeyState::Abandoned);
        Ok(())
    }

    fn passkey_becomes(&mut self, credential: &CredentialId, state: PasskeyState) {
        for kept in &mut self.passkeys {
            if kept.credential == *credential {
                kept.state = state;
            }
        }
    }

    fn stamp(&mut self, job: JobId, event: Event, actor: &str, at: Timestamp) {
        self.rows += 1;
        let folded = self.folded.entry(job).or_default();
        *folded = std::mem::take(folded)
            .apply(&event)
            .expect("only events that follow are appended");
        self.journal.entry(job).or_default().push(Stamped {
            sequence: self.rows,
            at,
            actor: actor.to_owned(),
            event,
        });
    }

    fn add_draft(&mut self, batch: &BatchName, draft: &Draft, at: Timestamp) -> JobId {
        let id = self.add_job(batch, draft.request.clone(), at);
        let job = self.jobs.get_mut(&id).expect("just added");
        job.has_specified_pin = draft.pin.is_some();
        job.has_current_pin = draft.current_pin.is_some();
        if let Some(pin) = &draft.pin {
            self.specified.insert(id, pin.reveal().to_owned());
        }
        if let Some(pin) = &draft.current_pin {
            self.current.insert(id, pin.reveal().to_owned());
        }
        id
    }

    fn add_job(&mut self, batch: &BatchName, request: Request, at: Timestamp) -> JobId {
        let number = self.jobs.len() + 1;
        let id = JobId(i64::try_from(number).expect("few jobs"));
        let place = u32::try_from(number).expect("few jobs");
        self.admitted.insert(id, at);
        self.folded.insert(id, Enrollment::default());
        self.jobs.insert(
            id,
            Job {
                id,
                batch: batch.clone(),
                sequence: place,
                envelope: Envelope(place),
                request,
                has_specified_pin: false,
                has_current_pin: false,
            },
        );
        id
    }

    fn append(&mut self, entry: &Entry<'_>, actor: &str, at: Timestamp) -> Result<(), Fault> {
        let job = entry.job;
        if !self.jobs.contains_key(&job) {
            return Err(broken("there is no such job"));
        }
        let follows = self.state_of(job).apply(entry.event);
        if follows.as_ref() != Ok(entry.state) {
            return Err(broken("the event does not follow"));
        }
        let slot = (job, entry.event.attempt);
        if let Some(pin) = entry.pin {
            let known = self.sealed.get(&slot);
            if known.is_some_and(|known| known != pin.reveal()) {
                return Err(broken("another PIN under the same attempt"));
            }
            self.sealed.insert(slot, pin.reveal().to_owned());
            self.in_flight.insert(slot, pin.reveal().to_owned());
        }
        if sets_pin(&entry.event.happening) && !self.sealed.contains_key(&slot) {
            return Err(broken("a PIN step without a sealed PIN"));
        }
        self.stamp(job, entry.event.clone(), actor, at);
        if let Some(attestation) = entry.attestation {
            self.attestations.insert(slot, attestation.clone());
        }
        self.index(job, entry);
        for duty in entry.obligations {
            self.oblige(job, duty);
        }
        if entry.forget_in_flight {
            self.in_flight.retain(|(known, _), _| *known != job);
        }
        Ok(())
    }

    fn index(&mut self, job: JobId, entry: &Entry<'_>) {
        let Happening::Done { evidence, .. } = &entry.event.happening else {
            return;
        };
        match evidence {
            Evidence::Made { credential, .. } => self.passkeys.push(Kept {
                credential: credential.clone(),
                job,
                method: None,
                state: PasskeyState::Made,
            }),
            Evidence::Registered { method, .. } => {
                let made = entry.state.made().map(|made| made.credential.clone());
                for kept in &mut self.passkeys {
                    if Some(&kept.credential) == made.as_ref() {
                        kept.method = Some(method.clone());
                        kept.state = PasskeyState::Registered;
                    }
                }
            }
            Evidence::Plain | Evidence::Delivered { .. } => {}
        }
    }

    fn oblige(&mut self, job: JobId, duty: &Duty) {
        match duty {
            Duty::Replaced(method) | Duty::Retired(method) => {
                for kept in &mut self.passkeys {
                    if kept.method.as_ref() == Some(method) {
                        kept.state = PasskeyState::Replaced;
                    }
                }
            }
            Duty::Orphan(credential) => self.passkey_becomes(credential, PasskeyState::Abandoned),
        }
        let known = |due: &Due| due.obligation.job == job && due.obligation.duty == *duty;
        if self.duties.iter().any(known) {
            return;
        }
        let id = i64::try_from(self.duties.len() + 1).expect("few duties");
        self.duties.push(Due {
            obligation: Obligation {
                id,
                job,
                user: self.jobs[&job].request.user.clone(),
                duty: duty.clone(),
                keeps: None,
                due: Timestamp(0),
                looks: 0,
            },
            open: true,
        });
    }

    fn settle(&mut self, id: i64, outcome: &DutyOutcome) {
        let Some(due) = self.duties.iter_mut().find(|due| due.obligation.id == id) else {
            return;
        };
        match outcome {
            DutyOutcome::Deleting => {}
            DutyOutcome::Again { due: at } => {
                due.obligation.due = *at;
                due.obligation.looks += 1;
            }
            DutyOutcome::Settled { .. } | DutyOutcome::Spared { .. } => due.open = false,
        }
        let duty = due.obligation.duty.clone();
        let state = match outcome {
            DutyOutcome::Settled { .. } => PasskeyState::Gone,
            DutyOutcome::Spared { .. } => PasskeyState::Registered,
            DutyOutcome::Deleting | DutyOutcome::Again { .. } => return,
        };
        match (duty, state) {
            (Duty::Replaced(method) | Duty::Retired(method), _) => {
                let of = |kept: &&mut Kept| kept.method.as_ref() == Some(&method);
                self.passkeys
                    .iter_mut()
                    .filter(of)
                    .for_each(|kept| kept.state = state);
            }
            (Duty::Orphan(credential), PasskeyState::Gone) => {
                self.passkey_becomes(&credential, state)
            }
            (Duty::Orphan(_), _) => {}
        }
    }
}

impl World {
    /// With one job per user, numbered from 1.
    pub(crate) fn with_jobs(users: &[&str]) -> Self {
        let world = Self::new();
        for (number, user) in (1..).zip(users) {
            world.add_job(Request {
                name: Some(format!("Person {number}")),
                ..request(user)
            });
        }
        world
    }

    /// A job of the batch `onboarding` that is in the ledger.
    pub(crate) fn add_job(&self, request: Request) -> Job {
        let ledger = &mut self.state().ledger;
        let batch = BatchName("onboarding".to_owned());
        let id = ledger.add_job(&batch, request, START);
        ledger.jobs[&id].clone()
    }

    pub(crate) fn specify_pin(&self, job: JobId, pin: &str) {
        self.state().ledger.specified.insert(job, pin.to_owned());
    }

    pub(crate) fn give_current_pin(&self, job: JobId, pin: &str) {
        self.state().ledger.current.insert(job, pin.to_owned());
    }

    /// Writes what happened to a job, without any key or person. A step that sets a PIN has its PIN sealed beforehand.
    pub(crate) fn tell(&self, job: JobId, happenings: impl IntoIterator<Item = Happening>) {
        for happening in happenings {
            let before = self.enrollment(job);
            let attempt = if matches!(happening, Happening::Began { .. }) {
                before.attempt().following()
            } else {
                before.attempt()
            };
            let pin = sets_pin(&happening).then(|| Pin::new("48151623").expect("a PIN"));
            let event = Event { attempt, happening };
            let state = before.apply(&event).expect("the event follows");
            let left = match &event.happening {
                Happening::Abandoned { credential, .. } | Happening::Cancelled { credential } => {
                    credential.clone()
                }
                _ => None,
            };
            let obligations: Vec<Duty> = left.into_iter().map(Duty::Orphan).collect();
            let entry = Entry {
                job,
                event: &event,
                state: &state,
                pin: pin.as_ref(),
                attestation: None,
                obligations: &obligations,
                forget_in_flight: false,
            };
            self.append(&entry, "4711", self.now())
                .expect("the ledger takes it");
        }
    }

    /// Something that Entra has to be rid of from now on.
    pub(crate) fn oblige(&self, job: JobId, duty: &Duty) {
        self.state().ledger.oblige(job, duty);
    }

    pub(crate) fn enrollment(&self, job: JobId) -> Enrollment {
        self.state().ledger.state_of(job)
    }

    /// What happened to a job, in order.
    pub(crate) fn happenings(&self, job: JobId) -> Vec<Happening> {
        let state = self.state();
        let rows = state.ledger.journal.get(&job).into_iter().flatten();
        rows.map(|row| row.event.happening.clone()).collect()
    }

    fn look<T>(&self, see: impl FnOnce(&LedgerState) -> T) -> Result<T, Fault> {
        self.call(Op::Read, |state| Ok(see(&state.ledger)))
    }
}
