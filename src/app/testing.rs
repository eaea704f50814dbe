//! A ledger in memory, for tests of whatever stands on the port. It keeps what the real one promises: an entry is there as a
//! whole or not at all, and an event that cannot follow is refused.

pub(crate) mod stage;
mod story;

pub(crate) use story::{began, course, credential, started};

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use crate::domain::authenticator::Serial;
use crate::domain::credential::{Attestation, CredentialId, MethodId};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Event, Happening};
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, Job, JobId, Request};
use crate::domain::pin::Pin;
use crate::domain::time::Timestamp;
use crate::port::{
    Admission, Admitted, Duty, DutyOutcome, Entry, Holder, JobRecord, Ledger, Obligation, Stamped,
};

/// 2026-03-02T09:30:00Z
pub(crate) const NOON: Timestamp = Timestamp(1_772_443_800_000);

#[derive(Default)]
struct Held {
    job: Option<Job>,
    rows: Vec<Stamped>,
    pins: BTreeMap<Attempt, Pin>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<JobId, Held>,
    obligations: Vec<Obligation>,

    sequence: i64,
    fails: bool,
}

/// The ledger in memory.
#[derive(Default)]
pub(crate) struct MemoryLedger(Mutex<State>);

impl MemoryLedger {
    /// With one job per user, numbered from 1.
    pub(crate) fn of(users: &[&str]) -> Self {
        let ledger = Self::default();
        for (index, user) in users.iter().enumerate() {
            let number = u32::try_from(index).unwrap() + 1;
            let id = JobId(i64::from(number));
            let job = Job {
                id,
                batch: BatchName("onboarding".to_owned()),
                sequence: number,
                envelope: Envelope(number),
                request: Request {
                    user: (*user).to_owned(),
                    policy: "standard".to_owned(),
                    name: Some(format!("Person {number}")),
                    ..Request::default()
                },
                has_specified_pin: false,
                has_current_pin: false,
            };
            let held = Held {
                job: Some(job),
                ..Held::default()
            };
            ledger.lock().jobs.insert(id, held);
        }
        ledger
    }

    /// Writes what happened to a job, as a run would.
    pub(crate) fn tell(&self, job: JobId, happenings: impl IntoIterator<Item = Happening>) {
        for happening in happenings {
            let before = self.state_of(job);
            let begins = matches!(happening, Happening::Began { .. });
            let attempt = if begins {
                before.attempt().following()
            } else {
                before.attempt()
            };
            let event = Event { attempt, happening };
            let state = before.apply(&event).unwrap();
            let entry = Entry {
                job,
                event: &event,
                state: &state,
                pin: None,
                attestation: None,
                obligations: &[],
                forget_in_flight: false,
            };
            self.append(&entry, "4711", NOON).unwrap();
        }
    }

    /// Puts a station's own copy of a PIN there.
    pub(crate) fn keep_pin(&self, job: JobId, attempt: Attempt, pin: &str) {
        let pin = Pin::new(pin).unwrap();
        self.lock()
            .jobs
            .get_mut(&job)
            .unwrap()
            .pins
            .insert(attempt, pin);
    }

    /// Whether the station still has a copy of a PIN of this job.
    pub(crate) fn has_pin(&self, job: JobId) -> bool {
        !self.lock().jobs[&job].pins.is_empty()
    }

    pub(crate) fn state_of(&self, job: JobId) -> Enrollment {
        let state = self.lock();
        Enrollment::replay(state.jobs[&job].rows.iter().map(|row| &row.event)).unwrap()
    }

    /// What happened to a job, in order.
    pub(crate) fn happenings(&self, job: JobId) -> Vec<Happening> {
        let state = self.lock();
        state.jobs[&job]
            .rows
            .iter()
            .map(|row| row.event.happening.clone())
            .collect()
    }

    pub(crate) fn duties(&self) -> Vec<Duty> {
        self.lock()
            .obligations
            .iter()
            .map(|obligation| obligation.duty.clone())
            .collect()
    }

    /// From now on every write fails, or no longer does.
    pub(crate) fn fail(&self, fails: bool) {
        self.lock().fails = fails;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn records(&self) -> Vec<JobRecord> {
        self.lock().jobs.values().filter_map(record).collect()
    }
}

fn record(held: &Held) -> Option<JobRecord> {
    let job = held.job.clone()?;
    let state = Enrollment::replay(held.rows.iter().map(|row| &row.event)).unwrap();
    Some(JobRecord {
        job,
        standing: state.standing(),
        serial: state.binding().and_then(|binding| binding.serial.clone()),
        control: state.delivered().map(str::to_owned),
        held: state.held().cloned(),
        updated: held.rows.last().map_or(NOON, |row| row.at),
    })
}

fn broken() -> Fault {
    Fault::Ledger {
        what: "the disk is full".to_owned(),
    }
}

impl Ledger for MemoryLedger {
    fn admit(&self, admission: &Admission, actor: &str, at: Timestamp) -> Result<Admitted, Fault> {
        let mut state = self.lock();
        if state.fails {
            return Err(broken());
        }
        let mut ids = Vec::new();
        for (index, draft) in admission.drafts.iter().enumerate() {
            let number = u32::try_from(state.jobs.len()).unwrap() + 1;
            let id = JobId(i64::from(number));
            let mut rows = Vec::new();
            for (held, fault) in &admission.held {
                if *held == index {
                    state.sequence += 1;
                    rows.push(Stamped {
                        sequence: state.sequence,
                        at,
                        actor: actor.to_owned(),
                        event: Event {
                            attempt: Attempt(0),
                            happening: Happening::Held {
                                fault: fault.clone(),
                            },
                        },
                    });
                }
            }
            let job = Job {
                id,
                batch: admission.batch.clone(),
                sequence: u32::try_from(index).unwrap() + 1,
                envelope: Envelope(number),
                request: draft.request.clone(),
                has_specified_pin: draft.pin.is_some(),
                has_current_pin: draft.current_pin.is_some(),
            };
            let held = Held {
                job: Some(job),
                rows,
                pins: BTreeMap::new(),
            };
            state.jobs.insert(id, held);
            ids.push(id);
        }
        Ok(Admitted::Jobs(ids))
    }

    fn open_jobs(&self) -> Result<Vec<JobRecord>, Fault> {
        let mut records = self.records();
        records.retain(|one| !matches!(one.standing, Standing::Done | Standing::Cancelled));
        Ok(records)
    }

    fn job(&self, id: JobId) -> Result<Option<JobRecord>, Fault> {
        Ok(self.lock().jobs.get(&id).and_then(record))
    }

    fn find(&self, text: &str) -> Result<Vec<JobRecord>, Fault> {
        let mut records = self.records();
        records.retain(|one| {
            one.job.id.to_string() == text
                || one.job.request.user == text
                || one.job.envelope.to_string() == text
                || one.control.as_deref() == Some(text)
                || one.serial.as_ref().is_some_and(|s| s.as_str() == text)
        });
        Ok(records)
    }

    fn jobs(&self, batch: Option<&BatchName>) -> Result<Vec<JobRecord>, Fault> {
        let mut records = self.records();
        records.retain(|one| batch.is_none_or(|batch| one.job.batch == *batch));
        Ok(records)
    }

    fn journal(&self, job: JobId) -> Result<Vec<Stamped>, Fault> {
        let state = self.lock();
        Ok(state
            .jobs
            .get(&job)
            .map_or_else(Vec::new, |held| held.rows.clone()))
    }

    fn append(&self, entry: &Entry<'_>, actor: &str, at: Timestamp) -> Result<(), Fault> {
        let mut state = self.lock();
        if state.fails {
            return Err(broken());
        }
        state.sequence += 1;
        let sequence = state.sequence;
        let held = state.jobs.get_mut(&entry.job).unwrap();
        let before = Enrollment::replay(held.rows.iter().map(|row| &row.event)).unwrap();
        assert_eq!(&before.apply(entry.event).unwrap(), entry.state);
        held.rows.push(Stamped {
            sequence,
            at,
            actor: actor.to_owned(),
            event: entry.event.clone(),
        });
        if let Some(pin) = entry.pin {
            held.pins.insert(entry.state.attempt(), pin.duplicate());
        }
        if entry.forget_in_flight {
            held.pins.clear();
        }
        let user = held.job.as_ref().unwrap().request.user.clone();
        for duty in entry.obligations {
            let id = i64::try_from(state.obligations.len()).unwrap() + 1;
            state.obligations.push(Obligation {
                id,
                job: entry.job,
                user: user.clone(),
                duty: duty.clone(),
                keeps: entry.state.method().cloned(),
                due: at,
                looks: 0,
            });
        }
        Ok(())
    }

    fn pin_in_flight(&self, job: JobId, attempt: Attempt) -> Result<Pin, Fault> {
        let state = self.lock();
        let pin = state
            .jobs
            .get(&job)
            .and_then(|held| held.pins.get(&attempt));
        pin.map(Pin::duplicate).ok_or(Fault::Unsealable {
            what: "it is not there".to_owned(),
        })
    }

    fn specified_pin(&self, _: JobId) -> Result<Option<Pin>, Fault> {
        Ok(None)
    }

    fn current_pin(&self, _: JobId) -> Result<Option<Pin>, Fault> {
        Ok(None)
    }

    fn attestation(&self, _: JobId, _: Attempt) -> Result<Option<Attestation>, Fault> {
        Ok(None)
    }

    fn holders_of_serial(&self, serial: &Serial) -> Result<Vec<Holder>, Fault> {
        let mut holders: Vec<Holder> = self
            .records()
            .into_iter()
            .filter(|one| one.serial.as_ref() == Some(serial))
            .map(|one| Holder {
                job: one.job.id,
                person: one.job.request.name.clone().unwrap_or_default(),
                user: one.job.request.user.clone(),
                envelope: one.job.envelope,
                standing: one.standing,
            })
            .collect();
        holders.reverse();
        Ok(holders)
    }

    fn holder_of_credential(&self, _: &CredentialId) -> Result<Option<Holder>, Fault> {
        Ok(None)
    }

    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault> {
        let mut records = self.records();
        records.retain(|one| one.job.request.user == user && one.standing != Standing::Cancelled);
        Ok(records)
    }

    fn live_methods(&self, _: &str) -> Result<Vec<MethodId>, Fault> {
        Ok(Vec::new())
    }

    fn live_among(&self, _: &[MethodId]) -> Result<Vec<MethodId>, Fault> {
        Ok(Vec::new())
    }

    fn obligations(&self, now: Timestamp) -> Result<Vec<Obligation>, Fault> {
        let mut due = self.lock().obligations.clone();
        due.retain(|obligation| obligation.due <= now);
        Ok(due)
    }

    fn settle(
        &self,
        obligation: i64,
        outcome: &DutyOutcome,
        _: &str,
        _: Timestamp,
    ) -> Result<(), Fault> {
        let mut state = self.lock();
        match outcome {
            DutyOutcome::Deleting => {}
            DutyOutcome::Settled { .. } | DutyOutcome::Spared { .. } => {
                state.obligations.retain(|one| one.id != obligation);
            }
            DutyOutcome::Again { due } => {
                for one in state
                    .obligations
                    .iter_mut()
                    .filter(|one| one.id == obligation)
                {
                    one.due = *due;
                    one.looks += 1;
                }
            }
        }
        Ok(())
    }

    fn note(&self, _: &str, _: &str, _: Timestamp) -> Result<(), Fault> {
        if self.lock().fails {
            return Err(broken());
        }
        Ok(())
    }
}
