//! The ledger in memory. It refuses what the real one must: an event that does not follow, a PIN step whose PIN is not sealed,
//! a second PIN under one attempt.

use std::collections::BTreeMap;

use crate::app::world::{Op, State, World};
use crate::domain::authenticator::Serial;
use crate::domain::credential::{Attestation, CredentialId, MethodId};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Event, Evidence, Happening, Step};
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, Job, JobId, Request};
use crate::domain::pin::Pin;
use crate::domain::time::Timestamp;
use crate::port::{
    Admission, Admitted, Duty, DutyOutcome, Entry, Holder, JobRecord, Ledger, Obligation, Stamped,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passkey {
    Made,
    Registered,
    Replaced,
    Abandoned,
    Gone,
}

#[derive(Clone, Debug)]
struct Kept {
    credential: CredentialId,
    job: JobId,
    method: Option<MethodId>,
    state: Passkey,
}

#[derive(Clone, Debug)]
struct Due {
    obligation: Obligation,
    open: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LedgerState {
    jobs: BTreeMap<JobId, Job>,
    pub(crate) journal: BTreeMap<JobId, Vec<Event>>,
    /// For recovery: never taken away.
    pub(crate) sealed: BTreeMap<(JobId, Attempt), String>,
    /// The station's own copies.
    pub(crate) in_flight: BTreeMap<(JobId, Attempt), String>,
    attestations: BTreeMap<(JobId, Attempt), Attestation>,
    specified: BTreeMap<JobId, String>,
    current: BTreeMap<JobId, String>,
    passkeys: Vec<Kept>,
    duties: Vec<Due>,
    claims: BTreeMap<String, Vec<JobId>>,
    contents: BTreeMap<[u8; 32], BatchName>,
}

fn broken(what: impl Into<String>) -> Fault {
    Fault::Ledger { what: what.into() }
}

impl LedgerState {
    pub(super) fn has_sealed(&self, pin: &str) -> bool {
        self.sealed.values().any(|sealed| sealed == pin)
    }

    /// Whether the credential belongs to a job that is done.
    pub(super) fn is_handed_over(&self, credential: &CredentialId) -> bool {
        self.passkeys.iter().any(|kept| {
            kept.credential == *credential
                && kept.state == Passkey::Registered
                && self.state_of(kept.job).standing() == Standing::Done
        })
    }

    pub(crate) fn state_of(&self, job: JobId) -> Enrollment {
        let events = self.journal.get(&job).map_or(&[][..], Vec::as_slice);
        Enrollment::replay(events).expect("only events that follow were appended")
    }

    pub(crate) fn has_open_orphan(&self, credential: &CredentialId) -> bool {
        let duty = Duty::Orphan(credential.clone());
        self.duties
            .iter()
            .any(|due| due.open && due.obligation.duty == duty)
    }

    pub(crate) fn open_duties(&self) -> Vec<Duty> {
        let open = self.duties.iter().filter(|due| due.open);
        open.map(|due| due.obligation.duty.clone()).collect()
    }

    fn record(&self, job: &Job) -> JobRecord {
        let state = self.state_of(job.id);
        JobRecord {
            job: job.clone(),
            standing: state.standing(),
            serial: state.binding().and_then(|binding| binding.serial.clone()),
            control: state.delivered().map(str::to_owned),
            held: state.held().cloned(),
            updated: Timestamp(0),
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
            standing: self.state_of(job.id).standing(),
        })
    }

    fn passkey_becomes(&mut self, credential: &CredentialId, state: Passkey) {
        for kept in &mut self.passkeys {
            if kept.credential == *credential {
                kept.state = state;
            }
        }
    }

    fn add_job(&mut self, batch: &BatchName, request: Request) -> JobId {
        let number = self.jobs.len() + 1;
        let id = JobId(i64::try_from(number).expect("few jobs"));
        let place = u32::try_from(number).expect("few jobs");
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

    fn append(&mut self, entry: &Entry<'_>) -> Result<(), Fault> {
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
        if let Happening::Started {
            step: Step::SetPin | Step::ChangePin,
            ..
        } = entry.event.happening
            && !self.sealed.contains_key(&slot)
        {
            return Err(broken("a PIN step without a sealed PIN"));
        }
        self.journal
            .entry(job)
            .or_default()
            .push(entry.event.clone());
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
                state: Passkey::Made,
            }),
            Evidence::Registered { method, .. } => {
                let made = entry.state.made().map(|made| made.credential.clone());
                for kept in &mut self.passkeys {
                    if Some(&kept.credential) == made.as_ref() {
                        kept.method = Some(method.clone());
                        kept.state = Passkey::Registered;
                    }
                }
            }
            Evidence::Plain | Evidence::Delivered { .. } => {}
        }
    }

    fn oblige(&mut self, job: JobId, duty: &Duty) {
        match duty {
            Duty::Replaced(method) => {
                for kept in &mut self.passkeys {
                    if kept.method.as_ref() == Some(method) {
                        kept.state = Passkey::Replaced;
                    }
                }
            }
            Duty::Orphan(credential) => self.passkey_becomes(credential, Passkey::Abandoned),
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
            DutyOutcome::Settled { .. } => Passkey::Gone,
            DutyOutcome::Spared { .. } => Passkey::Registered,
            DutyOutcome::Deleting | DutyOutcome::Again { .. } => return,
        };
        match (duty, state) {
            (Duty::Replaced(method), _) => {
                let of = |kept: &&mut Kept| kept.method.as_ref() == Some(&method);
                self.passkeys
                    .iter_mut()
                    .filter(of)
                    .for_each(|kept| kept.state = state);
            }
            (Duty::Orphan(credential), Passkey::Gone) => self.passkey_becomes(&credential, state),
            (Duty::Orphan(_), _) => {}
        }
    }
}

impl World {
    /// A job of the batch `b1` that is in the ledger.
    pub(crate) fn add_job(&self, request: Request) -> Job {
        let mut state = self.state();
        let id = state.ledger.add_job(&BatchName("b1".to_owned()), request);
        state.ledger.jobs[&id].clone()
    }

    pub(crate) fn specify_pin(&self, job: JobId, pin: &str) {
        self.state().ledger.specified.insert(job, pin.to_owned());
    }

    pub(crate) fn give_current_pin(&self, job: JobId, pin: &str) {
        self.state().ledger.current.insert(job, pin.to_owned());
    }

    /// The administrator writes something into a job's journal.
    pub(crate) fn write(&self, job: JobId, happening: Happening) {
        let before = self.state().ledger.state_of(job);
        let event = Event {
            attempt: before.attempt(),
            happening,
        };
        let state = before.apply(&event).expect("the event follows");
        let entry = Entry {
            job,
            event: &event,
            state: &state,
            pin: None,
            attestation: None,
            obligations: &[],
            forget_in_flight: false,
        };
        self.append(&entry, "admin", Timestamp(0))
            .expect("the ledger takes it");
    }

    pub(crate) fn enrollment(&self, job: JobId) -> Enrollment {
        self.state().ledger.state_of(job)
    }

    fn look<T>(&self, see: impl FnOnce(&LedgerState) -> T) -> Result<T, Fault> {
        self.call(Op::Read, |state| Ok(see(&state.ledger)))
    }
}

/// Which key it really is that the event binds.
fn note_truth(state: &mut State, job: JobId, event: &Event) {
    if let Happening::Began { binding, .. } | Happening::Rebound { binding } = &event.happening
        && let Some(key) = state.slots.get(&binding.slot.0)
    {
        state.bound.insert(job, *key);
    }
}

impl Ledger for World {
    fn admit(&self, admission: &Admission, _: &str, _: Timestamp) -> Result<Admitted, Fault> {
        self.call(Op::Admit, |state| {
            let ledger = &mut state.ledger;
            if let Some(jobs) = ledger.claims.get(&admission.claim) {
                return Ok(Admitted::Jobs(jobs.clone()));
            }
            if let Some(batch) = ledger.contents.get(&admission.content) {
                return Ok(Admitted::KnownContent {
                    batch: batch.clone(),
                    at: Timestamp(0),
                });
            }
            let jobs: Vec<JobId> = admission
                .drafts
                .iter()
                .map(|draft| ledger.add_job(&admission.batch, draft.request.clone()))
                .collect();
            for (at, fault) in &admission.held {
                let event = Event {
                    attempt: Attempt(0),
                    happening: Happening::Held {
                        fault: fault.clone(),
                    },
                };
                ledger.journal.entry(jobs[*at]).or_default().push(event);
            }
            ledger.claims.insert(admission.claim.clone(), jobs.clone());
            ledger
                .contents
                .insert(admission.content, admission.batch.clone());
            Ok(Admitted::Jobs(jobs))
        })
    }

    fn open_jobs(&self) -> Result<Vec<JobRecord>, Fault> {
        let open =
            |record: &JobRecord| !matches!(record.standing, Standing::Done | Standing::Cancelled);
        self.jobs(None)
            .map(|records| records.into_iter().filter(open).collect())
    }

    fn job(&self, id: JobId) -> Result<Option<JobRecord>, Fault> {
        self.look(|ledger| ledger.jobs.get(&id).map(|job| ledger.record(job)))
    }

    fn find(&self, text: &str) -> Result<Vec<JobRecord>, Fault> {
        let fits = |record: &JobRecord| record.job.id.to_string() == text;
        self.jobs(None)
            .map(|records| records.into_iter().filter(fits).collect())
    }

    fn jobs(&self, batch: Option<&BatchName>) -> Result<Vec<JobRecord>, Fault> {
        self.look(|ledger| {
            let of = |job: &&Job| batch.is_none_or(|batch| job.batch == *batch);
            let jobs = ledger.jobs.values().filter(of);
            jobs.map(|job| ledger.record(job)).collect()
        })
    }

    fn journal(&self, job: JobId) -> Result<Vec<Stamped>, Fault> {
        self.look(|ledger| {
            let events = ledger.journal.get(&job).cloned().unwrap_or_default();
            let stamp = |(sequence, event)| Stamped {
                sequence,
                at: Timestamp(0),
                actor: "B-7".to_owned(),
                event,
            };
            (1..).zip(events).map(stamp).collect()
        })
    }

    fn append(&self, entry: &Entry<'_>, _: &str, _: Timestamp) -> Result<(), Fault> {
        self.call(Op::Append, |state| {
            note_truth(state, entry.job, entry.event);
            state.ledger.append(entry)
        })
    }

    fn pin_in_flight(&self, job: JobId, attempt: Attempt) -> Result<Pin, Fault> {
        let found = self.look(|ledger| ledger.in_flight.get(&(job, attempt)).cloned())?;
        found
            .and_then(|text| Pin::new(&text).ok())
            .ok_or_else(|| Fault::Unsealable {
                what: "no copy in flight".to_owned(),
            })
    }

    fn specified_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.look(|ledger| {
            ledger
                .specified
                .get(&job)
                .and_then(|text| Pin::new(text).ok())
        })
    }

    fn current_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.look(|ledger| {
            ledger
                .current
                .get(&job)
                .and_then(|text| Pin::new(text).ok())
        })
    }

    fn attestation(&self, job: JobId, attempt: Attempt) -> Result<Option<Attestation>, Fault> {
        self.look(|ledger| ledger.attestations.get(&(job, attempt)).cloned())
    }

    fn holders_of_serial(&self, serial: &Serial) -> Result<Vec<Holder>, Fault> {
        self.look(|ledger| {
            let of = |job: &&JobId| {
                let state = ledger.state_of(**job);
                state.binding().and_then(|binding| binding.serial.as_ref()) == Some(serial)
            };
            let jobs = ledger.jobs.keys().rev().filter(of);
            jobs.filter_map(|job| ledger.holder(*job)).collect()
        })
    }

    fn holder_of_credential(&self, credential: &CredentialId) -> Result<Option<Holder>, Fault> {
        self.look(|ledger| {
            let mut kept = ledger.passkeys.iter();
            let kept = kept.find(|kept| kept.credential == *credential)?;
            ledger.holder(kept.job)
        })
    }

    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault> {
        let of = |record: &JobRecord| {
            record.job.request.user.eq_ignore_ascii_case(user)
                && record.standing != Standing::Cancelled
        };
        self.jobs(None)
            .map(|records| records.into_iter().filter(of).collect())
    }

    fn live_methods(&self, user: &str) -> Result<Vec<MethodId>, Fault> {
        self.look(|ledger| {
            let live = ledger.passkeys.iter().filter(|kept| {
                kept.state == Passkey::Registered
                    && ledger.jobs[&kept.job]
                        .request
                        .user
                        .eq_ignore_ascii_case(user)
            });
            live.filter_map(|kept| kept.method.clone()).collect()
        })
    }

    fn obligations(&self, now: Timestamp) -> Result<Vec<Obligation>, Fault> {
        self.look(|ledger| {
            let due = ledger.duties.iter().filter(|due| {
                let job = ledger.state_of(due.obligation.job);
                let orphan = matches!(due.obligation.duty, Duty::Orphan(_));
                due.open
                    && due.obligation.due <= now
                    && (orphan || job.standing() == Standing::Done)
            });
            due.map(|due| Obligation {
                keeps: match due.obligation.duty {
                    Duty::Replaced(_) => ledger.state_of(due.obligation.job).method().cloned(),
                    Duty::Orphan(_) => None,
                },
                ..due.obligation.clone()
            })
            .collect()
        })
    }

    fn settle(&self, id: i64, outcome: &DutyOutcome, _: &str, _: Timestamp) -> Result<(), Fault> {
        self.call(Op::Settle, |state| {
            state.ledger.settle(id, outcome);
            Ok(())
        })
    }

    fn note(&self, _: &str, _: &str, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}
