//! A ledger in memory, for tests of whatever stands on the port. It keeps what the real one promises: an entry is there as a
//! whole or not at all, and an event that cannot follow is refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use crate::domain::authenticator::{Aaguid, Attachment, Binding, Fingerprint, Serial, Slot};
use crate::domain::credential::AttestationVerdict;
use crate::domain::credential::{Attestation, CredentialId, MethodId, RpId};
use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Event, Evidence, Happening, Intent, Step, Witness};
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, Job, JobId, Request};
use crate::domain::pin::Pin;
use crate::domain::policy::{Configuration, Plan};
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

/// A key as a journal remembers it.
pub(crate) fn binding(serial: &str) -> Binding {
    Binding {
        model: "Security Key".to_owned(),
        slot: Slot(2),
        model: "Practice Key".to_owned(),
        attachment: Attachment::Hid,
        serial: Serial::new(serial),
        fingerprint: Fingerprint {
            aaguid: Aaguid([0x2f; 16]),
            firmware_version: Some(0x0005_0703),
            versions: vec!["FIDO_2_1".to_owned()],
            extensions: Vec::new(),
        },
    }
}

pub(crate) fn began(serial: &str) -> Happening {
    Happening::Began {
        binding: binding(serial),
        plan: Plan {
            steps: vec![
                Step::Reset,
                Step::SetPin,
                Step::MakeCredential,
                Step::Register,
                Step::Deliver,
            ],
            configuration: Configuration::default(),
        },
    }
}

pub(crate) fn started(step: Step) -> Happening {
    Happening::Started {
        step,
        intent: match step {
            Step::Register => Intent::Register {
                replaces: Vec::new(),
            },
            Step::Deliver => Intent::Deliver {
                control: "4820 9173 5525".to_owned(),
            },
            Step::Reset
            | Step::SetPin
            | Step::MakeCredential
            | Step::Configure
            | Step::ChangePin => Intent::Plain,
        },
    }
}

pub(crate) fn done(step: Step) -> Happening {
    Happening::Done {
        step,
        evidence: match step {
            Step::MakeCredential => Evidence::Made {
                credential: credential(),
                rp_id: RpId("login.microsoft.com".to_owned()),
                aaguid: Aaguid([0x2f; 16]),
                format: "packed".to_owned(),
                algorithm: -7,
                credential_protection: None,
                hmac_secret: true,
                own_check: AttestationVerdict::Agrees,
                second_opinion: AttestationVerdict::Agrees,
                expires: NOON.plus_seconds(300),
            },
            Step::Register => Evidence::Registered {
                method: MethodId("method-1".to_owned()),
                witness: Witness::Reply,
            },
            Step::Deliver => Evidence::Delivered {
                control: "4820 9173 5525".to_owned(),
                target: "mailers/0001.pdf".to_owned(),
            },
            Step::Reset | Step::SetPin | Step::Configure | Step::ChangePin => Evidence::Plain,
        },
    }
}

/// The passkey that [`done`] tells of.
pub(crate) fn credential() -> CredentialId {
    CredentialId(vec![7; 16])
}

/// Everything of a job up to and including `last`.
pub(crate) fn course(serial: &str, last: Step) -> Vec<Happening> {
    let mut course = vec![began(serial)];
    for step in [
        Step::Reset,
        Step::SetPin,
        Step::MakeCredential,
        Step::Register,
        Step::Deliver,
    ] {
        course.extend([started(step), done(step)]);
        if step == last {
            break;
        }
    }
    course
}

/// Drives a board as the station would.
pub(crate) mod stage {
    use crate::app::board::{Board, Case, Counts, Finished, News};
    use crate::domain::authenticator::Slot;
    use crate::domain::event::Step;
    use crate::domain::job::JobId;
    use crate::domain::pin::Pin;
    use crate::domain::station::signal::SlotState;

    pub(crate) fn case(person: &str) -> Case {
        Case {
            job: JobId(42),
            person: person.to_owned(),
            envelope: "0042".to_owned(),
        }
    }

    pub(crate) fn slot(board: &Board, slot: u16, state: &SlotState, case: Option<Case>) {
        board.set_slot(Slot(slot), state, case);
    }

    pub(crate) fn step(board: &Board, slot: u16, step: Step) {
        board.set_step(Slot(slot), Some(step));
    }

    pub(crate) fn touch(board: &Board, slot: u16, touch: bool) {
        board.set_touch(Slot(slot), touch);
    }

    pub(crate) fn counts(board: &Board, waiting: usize, done: usize) {
        board.set_counts(Counts {
            waiting,
            under_way: 1,
            held: 0,
            done,
        });
    }

    pub(crate) fn finished(board: &Board, finished: Finished) {
        board.add_finished(finished);
    }

    pub(crate) fn pin(board: &Board, slot: u16, pin: &str) {
        board.show_pin(Slot(slot), Pin::new(pin).unwrap());
    }

    pub(crate) fn news(board: &Board, news: News) {
        board.announce(news);
    }
}
//! A whole world in memory behind the ports: keys that can be pulled and exchanged, a tenant that lags and loses replies, a
//! ledger that refuses what the real one must, a press, an operator, a clock that never sleeps. A fuse can cut it anywhere.
//!
//! The world knows the truth that no port tells (which key it really is) and notes at every instant whether what must always
//! hold was broken. For tests alone.

mod desk;
mod key;
mod ledger;
mod tenant;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::app::Ports;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;

pub(crate) use desk::{PressState, request};
pub(crate) use key::KeyState;
pub(crate) use ledger::LedgerState;
pub(crate) use tenant::TenantState;

/// Milliseconds: some day in the year 2026.
pub(crate) const START: i64 = 1_790_000_000_000;

/// Every call of a port that can fail on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Op {
    Open,
    Capabilities,
    Serial,
    Reset,
    Repower,
    SetPin,
    ChangePin,
    TryPin,
    MakeCredential,
    AssertSilently,
    Configure,
    Ready,
    Options,
    Post,
    List,
    Delete,
    Read,
    Append,
    Admit,
    Settle,
    PressCheck,
    PressDeliver,
    WasDelivered,
    Entropy,
}

impl Op {
    /// What a call says when the power is gone.
    fn dead(self) -> Fault {
        match self {
            Self::Ready | Self::Options | Self::Post | Self::List | Self::Delete => {
                Fault::Unreachable {
                    what: "cut".to_owned(),
                }
            }
            Self::Read | Self::Append | Self::Admit | Self::Settle => Fault::Ledger {
                what: "cut".to_owned(),
            },
            Self::PressCheck | Self::PressDeliver | Self::WasDelivered => Fault::DeliveryUncertain,
            Self::Entropy => Fault::Internal {
                what: "cut".to_owned(),
            },
            Self::Open
            | Self::Capabilities
            | Self::Serial
            | Self::Reset
            | Self::Repower
            | Self::SetPin
            | Self::ChangePin
            | Self::TryPin
            | Self::MakeCredential
            | Self::AssertSilently
            | Self::Configure => Fault::KeyGone,
        }
    }
}

/// Whether a planned failure comes before the effect, or swallows the reply to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

#[derive(Clone)]
struct Trick {
    op: Op,
    when: When,
    fault: Fault,
}

/// All there is.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) now: i64,
    pub(crate) keys: Vec<KeyState>,
    /// Which key lies in which slot, by its place in `keys`.
    pub(crate) slots: BTreeMap<u16, usize>,
    pub(crate) tenant: TenantState,
    pub(crate) ledger: LedgerState,
    pub(crate) press: PressState,
    pub(crate) typed_pin: Option<String>,
    /// The key that lay in the slot when a job was bound: the truth behind the binding.
    pub(crate) bound: BTreeMap<JobId, usize>,
    pub(crate) running: Option<JobId>,
    /// Every call that had its effect, in order.
    pub(crate) calls: Vec<Op>,
    pub(crate) broken: Vec<String>,
    entropy: u64,
    ticks: usize,
    cut_at: Option<usize>,
    dead: bool,
    tricks: Vec<Trick>,
    protected: BTreeSet<String>,
}

impl State {
    /// What must hold at every instant (I1, I2), whatever was cut.
    fn watch(&mut self, op: Op) {
        for (at, key) in self.keys.iter().enumerate() {
            if let Some(pin) = key.pin_by_us()
                && !self.ledger.has_sealed(pin)
            {
                self.broken.push(format!(
                    "I1 after {op:?}: key {at} has a PIN that the ledger lacks"
                ));
            }
        }
        let working: BTreeSet<String> = self
            .tenant
            .methods
            .iter()
            .filter(|method| method.foreign || self.ledger.is_handed_over(&method.credential))
            .filter(|method| self.keys.iter().any(|key| key.holds(&method.credential)))
            .map(|method| method.user.clone())
            .collect();
        for user in self.protected.difference(&working) {
            self.broken.push(format!(
                "I2 after {op:?}: {user} lost the last working credential"
            ));
        }
        self.protected.extend(working);
    }

    /// I6: whatever changes a key has to be for the job that is bound to this very key.
    fn must_be_bound(&mut self, op: Op, key: usize) {
        let bound = self.running.and_then(|job| self.bound.get(&job)).copied();
        if bound != Some(key) {
            self.broken.push(format!(
                "I6: {op:?} on key {key}, but the job is bound to {bound:?}"
            ));
        }
    }
}

/// The world. A clone is the same world; [`World::copy`] is another one.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

impl World {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            now: START,
            keys: Vec::new(),
            slots: BTreeMap::new(),
            tenant: TenantState::default(),
            ledger: LedgerState::default(),
            press: PressState::default(),
            typed_pin: None,
            bound: BTreeMap::new(),
            running: None,
            calls: Vec::new(),
            broken: Vec::new(),
            entropy: 1,
            ticks: 0,
            cut_at: None,
            dead: false,
            tricks: Vec::new(),
            protected: BTreeSet::new(),
        })))
    }

    /// Another world that stands where this one stands.
    pub(crate) fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.state().clone())))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The ports of this world.
    pub(crate) fn ports(&self) -> Ports {
        Ports {
            keys: Arc::new(self.clone()),
            relying_party: Arc::new(self.clone()),
            ledger: Arc::new(self.clone()),
            press: Arc::new(self.clone()),
            attestation_check: Arc::new(self.clone()),
            operator: Arc::new(self.clone()),
            clock: Arc::new(self.clone()),
            entropy: Arc::new(self.clone()),
        }
    }

    /// From the `tick`-th half call on everything fails, as when the power goes.
    pub(crate) fn cut_at(&self, tick: usize) {
        let mut state = self.state();
        state.ticks = 0;
        state.cut_at = Some(tick);
        state.dead = false;
    }

    /// The power is back, and stays. Whether it had gone.
    pub(crate) fn mend(&self) -> bool {
        let mut state = self.state();
        state.cut_at = None;
        std::mem::take(&mut state.dead)
    }

    /// The next call of `op` fails so, once. Planned twice it fails twice.
    pub(crate) fn trick(&self, op: Op, when: When, fault: Fault) {
        self.state().tricks.push(Trick { op, when, fault });
    }

    pub(crate) fn count(&self, op: Op) -> usize {
        self.state()
            .calls
            .iter()
            .filter(|call| **call == op)
            .count()
    }

    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.state().now += seconds * 1000;
    }

    /// Another key of these properties, in no slot yet.
    pub(crate) fn add_key(&self, key: KeyState) -> usize {
        let mut state = self.state();
        state.keys.push(key);
        state.keys.len() - 1
    }

    /// Puts a key into a slot: it starts anew, and its reset window opens.
    pub(crate) fn put(&self, slot: u16, key: usize) {
        let mut state = self.state();
        state.slots.retain(|_, there| *there != key);
        state.slots.insert(slot, key);
        state.keys[key].power_up();
    }

    pub(crate) fn take_out(&self, slot: u16) {
        let mut state = self.state();
        if let Some(key) = state.slots.remove(&slot) {
            state.keys[key].power_up();
        }
    }

    /// One call of a port: the fuse, the planned failures, the effect, and the watch over what must always hold.
    fn call<T>(
        &self,
        op: Op,
        effect: impl FnOnce(&mut State) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut state = self.state();
        burn(&mut state);
        if state.dead {
            return Err(op.dead());
        }
        if let Some(fault) = planned(&mut state, op, When::Before) {
            return Err(fault);
        }
        let result = effect(&mut state)?;
        state.calls.push(op);
        state.watch(op);
        burn(&mut state);
        if state.dead {
            return Err(op.dead());
        }
        match planned(&mut state, op, When::After) {
            Some(fault) => Err(fault),
            None => Ok(result),
        }
    }
}

fn burn(state: &mut State) {
    state.ticks += 1;
    if state.cut_at.is_some_and(|cut| state.ticks >= cut) {
        state.dead = true;
    }
}

fn planned(state: &mut State, op: Op, when: When) -> Option<Fault> {
    let at = state
        .tricks
        .iter()
        .position(|trick| trick.op == op && trick.when == when)?;
    Some(state.tricks.remove(at).fault)
}
