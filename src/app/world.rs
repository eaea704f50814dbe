//! A whole world in memory behind the ports: keys that can be pulled and exchanged, a tenant that lags and loses replies, a
//! ledger that refuses what the real one must, a press, an operator, a clock that never sleeps. A fuse can cut it anywhere.
//!
//! The world knows the truth that no port tells (which key it really is) and notes at every instant whether what must always
//! hold was broken. For tests alone.

mod canon;
mod desk;
mod directory;
mod key;
mod ledger;
mod mailbox;
mod models;
mod printer;
mod sound;
pub(crate) mod stage;
mod station;
mod story;
mod tenant;
mod weather;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::app::Ports;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::time::Timestamp;

pub(crate) use canon::Canon;
pub(crate) use desk::{NEW_SPOOL, PressState, SPOOL, request};
pub(crate) use directory::{DirectoryState, denied, policy_for};
pub(crate) use key::KeyState;
pub(crate) use ledger::LedgerState;
pub(crate) use mailbox::{Folder, file_of};
pub(crate) use models::Knowledge;
pub(crate) use station::{desk, options, policies};
pub(crate) use story::{began, course, credential, done, started};
pub(crate) use tenant::TenantState;
pub(crate) use weather::Weather;

use weather::Turn;

/// When every world begins: 2026-03-02T09:30:00Z.
pub(crate) const START: Timestamp = Timestamp(1_772_443_800_000);

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
    Person,
    Groups,
    Policy,
    Read,
    Append,
    Admit,
    Settle,
    PressCheck,
    CanTake,
    PressDeliver,
    Follow,
    Forget,
    TakeBack,
    Waiting,
    WasDelivered,
    Entropy,
}

impl Op {
    /// What a call says when the power is gone.
    fn dead(self) -> Fault {
        match self {
            Self::Ready
            | Self::Options
            | Self::Post
            | Self::List
            | Self::Delete
            | Self::Person
            | Self::Groups
            | Self::Policy => Fault::Unreachable {
                what: "cut".to_owned(),
            },
            Self::Read | Self::Append | Self::Admit | Self::Settle => Fault::Ledger {
                what: "cut".to_owned(),
            },
            Self::PressCheck
            | Self::CanTake
            | Self::PressDeliver
            | Self::Follow
            | Self::Forget
            | Self::TakeBack
            | Self::Waiting
            | Self::WasDelivered => Fault::DeliveryUncertain,
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

    /// Whether the call may leave the world other than it was. Creation options do, but nobody can see them.
    fn changes(self) -> bool {
        match self {
            Self::Reset
            | Self::Repower
            | Self::SetPin
            | Self::ChangePin
            | Self::TryPin
            | Self::MakeCredential
            | Self::Configure
            | Self::Post
            | Self::Delete
            | Self::Append
            | Self::Admit
            | Self::Settle
            | Self::PressDeliver
            | Self::Follow
            | Self::TakeBack
            | Self::WasDelivered => true,
            Self::Open
            | Self::Capabilities
            | Self::Serial
            | Self::AssertSilently
            | Self::Ready
            | Self::Options
            | Self::List
            | Self::Person
            | Self::Groups
            | Self::Policy
            | Self::Read
            | Self::PressCheck
            | Self::CanTake
            | Self::Forget
            | Self::Waiting
            | Self::Entropy => false,
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

/// Sees the world before and after every call, as a power cut there would leave it.
pub(crate) type Witness = Arc<dyn Fn(&State) + Send + Sync>;

/// All there is.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) now: i64,
    pub(crate) keys: Vec<KeyState>,
    /// Which key lies in which slot, by its place in `keys`.
    pub(crate) slots: BTreeMap<u16, usize>,
    pub(crate) tenant: TenantState,
    pub(crate) directory: DirectoryState,
    pub(crate) ledger: LedgerState,
    pub(crate) press: PressState,
    pub(crate) typed_pin: Option<String>,
    /// What was imported of models.
    pub(crate) knowledge: Option<Knowledge>,
    /// The key that lay in the slot when a job was bound: the truth behind the binding.
    pub(crate) bound: BTreeMap<JobId, usize>,
    pub(crate) running: Option<JobId>,
    /// Every call that had its effect, in order.
    pub(crate) calls: Vec<Op>,
    pub(crate) broken: Vec<String>,
    pub(crate) weather: Weather,
    pub(crate) witness: Option<Witness>,
    /// Grows with every call that may have changed something.
    pub(crate) version: u64,
    entropy: u64,
    ticks: usize,
    cut_at: Option<usize>,
    dead: bool,
    tricks: Vec<Trick>,
    protected: BTreeSet<String>,
}

/// The world. A clone is the same world; [`World::copy`] is another one.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

impl World {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            now: START.0,
            keys: Vec::new(),
            slots: BTreeMap::new(),
            tenant: TenantState::default(),
            directory: DirectoryState::default(),
            ledger: LedgerState::default(),
            press: PressState::default(),
            typed_pin: None,
            knowledge: None,
            bound: BTreeMap::new(),
            running: None,
            calls: Vec::new(),
            broken: Vec::new(),
            weather: Weather::default(),
            witness: None,
            version: 0,
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
        Self::from(self.state().clone())
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
            directory: Arc::new(self.clone()),
            ledger: Arc::new(self.clone()),
            press: Arc::new(self.clone()),
            attestation_check: Arc::new(self.clone()),
            models: Arc::new(self.clone()),
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

    /// Whether the power is there: without it nobody is answered.
    pub(crate) fn has_power(&self) -> bool {
        !self.state().dead
    }

    /// Whatever is planned and has not come does not come any more.
    pub(crate) fn untrick(&self) {
        self.state().tricks.clear();
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
        state.version += 1;
    }

    pub(crate) fn take_out(&self, slot: u16) {
        let mut state = self.state();
        if let Some(key) = state.slots.remove(&slot) {
            state.keys[key].power_up();
            state.version += 1;
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
        let turn = state.weather.turn(op);
        if turn == Turn::LostBefore {
            return Err(state.lost(op, When::Before));
        }
        if op.changes() {
            state.version += 1;
        }
        let lag = state.tenant.lag;
        state.tenant.lag = state.weather.lag_of(turn).unwrap_or(lag);
        let result = effect(&mut state);
        state.tenant.lag = lag;
        let result = result?;
        state.calls.push(op);
        if op.changes() {
            state.watch(op);
        }
        burn(&mut state);
        if state.dead {
            return Err(op.dead());
        }
        if matches!(turn, Turn::ReplyLost | Turn::ReplyLostAndLags) {
            return Err(state.lost(op, When::After));
        }
        match planned(&mut state, op, When::After) {
            Some(fault) => Err(fault),
            None => Ok(result),
        }
    }
}

impl From<State> for World {
    fn from(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }
}

fn burn(state: &mut State) {
    state.ticks += 1;
    if state.cut_at.is_some_and(|cut| state.ticks >= cut) {
        state.dead = true;
    }
    if let Some(witness) = state.witness.clone() {
        witness(state);
    }
}

fn planned(state: &mut State, op: Op, when: When) -> Option<Fault> {
    let at = state
        .tricks
        .iter()
        .position(|trick| trick.op == op && trick.when == when)?;
    Some(state.tricks.remove(at).fault)
}
