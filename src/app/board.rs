//! What faces may see: where every slot stands, what was finished, what waits. A read-only view; it never holds a PIN,
//! except one that a policy asks to show while its key is still in the slot.

mod news;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::authenticator::{Aaguid, Slot};
use crate::domain::event::Step;
use crate::domain::job::JobId;
use crate::domain::paper::{Bagging, Confirm};
use crate::domain::pin::Pin;
use crate::domain::station::signal::SlotState;
use crate::domain::time::Timestamp;

pub use news::{News, Standstill};

/// Who a slot works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub job: JobId,
    pub person: String,
    pub department: Option<String>,
    pub envelope: String,
    /// Whether its key goes into a bag, which has the number of the envelope, and how that is confirmed.
    pub bag: Bagging,
}

/// One slot, as a face shows it.
#[derive(Clone, Debug)]
pub struct SlotView {
    pub state: SlotState,
    pub case: Option<Case>,
    pub step: Option<Step>,
    /// The key waits for a touch.
    pub touch: bool,
    /// Since when it does.
    pub touch_since: Option<Instant>,
    /// The touch of this step has to last.
    pub long_touch: bool,
    pub since: Instant,
}

/// One finished key, for tables and figures.
#[derive(Clone, Debug)]
pub struct Finished {
    pub case: Case,
    pub slot: Option<Slot>,
    pub model: String,
    pub serial: Option<String>,
    /// From the key's arrival to the end of its job.
    pub total: Duration,
    /// The part of it that was neither the key, nor the person touching it, nor the tenant.
    pub own: Duration,
}

/// How the queue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub waiting: usize,
    pub under_way: usize,
    pub held: usize,
    pub done: usize,
    /// Of those under way: letters that wait for the printer, or lie in it.
    pub to_print: usize,
    /// Of those under way: letters that came out, and wait for somebody who confirms them.
    pub to_confirm: usize,
    /// Keys of the stock list that nobody has; `None` where no list was imported.
    pub spare: Option<usize>,
}

/// What lies in a slot, once it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInSlot {
    pub aaguid: Aaguid,
    /// As people call it.
    pub model: String,
    pub serial: Option<String>,
    /// The certification in force, as the metadata names it (`FIDO_CERTIFIED_L2`).
    pub certification: Option<String>,
}

/// Somebody wants the supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub by: String,
    pub at: Timestamp,
}

/// What a person has to say a word to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// That the key lies in its bag. It was enrolled at this slot.
    Bag { slot: Slot, by: Bagging },
    /// That the letter with this control number came out.
    Letter {
        control: String,
        by: Confirm,
        /// Nobody knows whether it did, and the job is held for that.
        doubtful: bool,
    },
}

/// A bag (`B-0042`) or a letter (`L-0042`) that waits for a person's word; the number is the envelope's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    pub case: Case,
    pub awaited: Awaited,
}

impl Unconfirmed {
    /// Whether the job goes on once the word is said: nothing else is wrong with it.
    pub fn is_expected(&self) -> bool {
        match &self.awaited {
            Awaited::Bag { .. } => true,
            Awaited::Letter { doubtful, .. } => !doubtful,
        }
    }
}

#[derive(Default)]
struct State {
    slots: BTreeMap<Slot, SlotView>,
    finished: Vec<Finished>,
    counts: Counts,
    news: Vec<News>,
    shown: BTreeMap<Slot, Pin>,
    /// Keys that are done while their letters, or their bags, are not.
    halves: BTreeMap<JobId, Finished>,
    unconfirmed: Vec<Unconfirmed>,
    standstill: Option<Standstill>,
    keys: BTreeMap<Slot, KeyInSlot>,
    /// What the job in a slot does to its key.
    plans: BTreeMap<Slot, Vec<Step>>,
    upcoming: Vec<Case>,
    paused: bool,
    unseen: usize,
    calls: BTreeMap<Option<Slot>, Call>,
    log: VecDeque<(u64, News)>,
    told: u64,
    /// When the last keys were finished.
    finishes: VecDeque<Instant>,
    version: u64,
}

/// News that are kept for faces that come later.
const NEWS_KEPT_MAX: usize = 200;
/// So many keys tell how fast the line is.
const FINISHES_MAX: usize = 20;

impl State {
    fn tell(&mut self, news: News) {
        self.told = self.told.saturating_add(1);
        self.log.push_back((self.told, news.clone()));
        if self.log.len() > NEWS_KEPT_MAX {
            self.log.pop_front();
        }
        self.news.push(news);
    }
}

/// The board. Written by the station, read by faces.
#[derive(Default)]
pub struct Board(Mutex<State>);

/// A copy of the board at one moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub slots: BTreeMap<Slot, SlotView>,
    pub counts: Counts,
    pub finished: usize,
    /// What waits for a person's word, in the order of the jobs.
    pub unconfirmed: Vec<Unconfirmed>,
    /// Why no letter comes out, as far as anybody has seen.
    pub standstill: Option<Standstill>,
    /// What lies in the slots, as far as it was read.
    pub keys: BTreeMap<Slot, KeyInSlot>,
    pub plans: BTreeMap<Slot, Vec<Step>>,
    /// Whose keys come next, in order.
    pub upcoming: Vec<Case>,
    /// No new job starts for now.
    pub paused: bool,
    /// Jobs on hold that nobody has looked after yet.
    pub unseen: usize,
    /// Who wants the supervisor; `None`: not at a slot.
    pub calls: BTreeMap<Option<Slot>, Call>,
    /// When the last keys were finished, oldest first.
    pub finishes: Vec<Instant>,
    /// Grows with every change.
    pub version: u64,
}

impl Board {
    /// The board now.
    pub fn view(&self) -> View {
        let state = self.lock();
        View {
            slots: state.slots.clone(),
            counts: state.counts,
            finished: state.finished.len(),
            unconfirmed: state.unconfirmed.clone(),
            standstill: state.standstill.clone(),
            keys: state.keys.clone(),
            plans: state.plans.clone(),
            upcoming: state.upcoming.clone(),
            paused: state.paused,
            unseen: state.unseen,
            calls: state.calls.clone(),
            finishes: state.finishes.iter().copied().collect(),
            version: state.version,
        }
    }

    /// The keys that were finished, from the `from`-th on.
    pub fn finished(&self, from: usize) -> Vec<Finished> {
        self.lock().finished.iter().skip(from).cloned().collect()
    }

    /// Grows with every change: whoever has seen this version has seen everything.
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// The news after the `seen`-th, each with its number, as far as they are kept. Takes them from nobody.
    pub fn news_since(&self, seen: u64) -> Vec<(u64, News)> {
        let state = self.lock();
        let after = state.log.iter().filter(|(number, _)| *number > seen);
        after.cloned().collect()
    }

    /// What happened last.
    pub fn last_news(&self) -> Option<News> {
        self.lock().log.back().map(|(_, news)| news.clone())
    }

    /// News that nobody has taken yet.
    pub fn take_news(&self) -> Vec<News> {
        std::mem::take(&mut self.lock().news)
    }

    /// Shows the PIN of the key in `slot` to `see`, when its policy says so and the key is still there.
    pub fn with_shown_pin(&self, slot: Slot, see: impl FnOnce(&Pin)) {
        if let Some(pin) = self.lock().shown.get(&slot) {
            see(pin);
        }
    }

    pub(super) fn set_slot(&self, slot: Slot, state: &SlotState, case: Option<Case>) {
        self.change(|board| {
            let same = board
                .slots
                .get(&slot)
                .is_some_and(|view| view.state == *state && view.case == case);
            if !same {
                let key_done = matches!(
                    state,
                    SlotState::Done { .. } | SlotState::KeyDone { .. } | SlotState::Bagging { .. }
                );
                if !key_done {
                    board.shown.remove(&slot);
                }
                let view = SlotView {
                    state: state.clone(),
                    case,
                    step: None,
                    touch: false,
                    touch_since: None,
                    long_touch: false,
                    since: Instant::now(),
                };
                board.slots.insert(slot, view);
            }
        });
    }

    pub(super) fn set_step(&self, slot: Slot, step: Option<Step>) {
        self.change(|board| {
            if let Some(view) = board.slots.get_mut(&slot) {
                view.step = step;
                view.touch = false;
                view.touch_since = None;
                view.long_touch = false;
                view.since = Instant::now();
            }
        });
    }

    /// What lies in the slot; `None`: nothing, or nobody has read it yet.
    pub(super) fn set_key(&self, slot: Slot, key: Option<KeyInSlot>) {
        self.change(|board| {
            board.plans.remove(&slot);
            match key {
                Some(key) => board.keys.insert(slot, key),
                None => board.keys.remove(&slot),
            };
        });
    }

    pub(super) fn set_plan(&self, slot: Slot, steps: &[Step]) {
        if self.lock().plans.get(&slot).map(Vec::as_slice) != Some(steps) {
            self.change(|board| drop(board.plans.insert(slot, steps.to_vec())));
        }
    }

    pub(super) fn set_upcoming(&self, upcoming: Vec<Case>) {
        if self.lock().upcoming != upcoming {
            self.change(|board| board.upcoming = upcoming);
        }
    }

    pub(super) fn set_paused(&self, paused: bool) {
        self.change(|board| board.paused = paused);
    }

    pub(super) fn set_unseen(&self, unseen: usize) {
        if self.lock().unseen != unseen {
            self.change(|board| board.unseen = unseen);
        }
    }

    /// Somebody wants the supervisor there, or does no longer.
    pub(super) fn set_call(&self, slot: Option<Slot>, call: Option<Call>) {
        self.change(|board| {
            match call {
                Some(call) => board.calls.insert(slot, call),
                None => board.calls.remove(&slot),
            };
        });
    }

    pub(super) fn set_touch(&self, slot: Slot, touch: bool) {
        self.change(|board| {
            if let Some(view) = board.slots.get_mut(&slot) {
                view.touch_since = match (touch, view.touch_since) {
                    (true, None) => Some(Instant::now()),
                    (true, since) => since,
                    (false, _) => None,
                };
                view.touch = touch;
            }
        });
    }

    pub(super) fn set_long_touch(&self, slot: Slot, long_touch: bool) {
        self.change(|board| {
            if let Some(view) = board.slots.get_mut(&slot) {
                view.long_touch = long_touch;
            }
        });
    }

    pub(super) fn set_counts(&self, counts: Counts) {
        self.change(|board| board.counts = counts);
    }

    /// The counts follow at once, so that nobody reads the key among the finished ones and those to go; the station counts
    /// anew a moment later.
    pub(super) fn add_finished(&self, finished: Finished) {
        self.change(|board| {
            board.finished.push(finished);
            board.finishes.push_back(Instant::now());
            if board.finishes.len() > FINISHES_MAX {
                board.finishes.pop_front();
            }
            board.counts.under_way = board.counts.under_way.saturating_sub(1);
            board.counts.done = board.counts.done.saturating_add(1);
        });
    }

    /// The key is done; its job is not before somebody has confirmed bag and letter.
    pub(super) fn add_half(&self, finished: Finished) {
        self.change(|board| drop(board.halves.insert(finished.case.job, finished)));
    }

    /// The rest of such a job is done as well. `false`: nobody saw its key, as after a restart.
    pub(super) fn finish_half(&self, job: JobId) -> bool {
        let half = self.lock().halves.remove(&job);
        let known = half.is_some();
        if let Some(finished) = half {
            self.add_finished(finished);
        }
        known
    }

    pub(super) fn set_unconfirmed(&self, unconfirmed: Vec<Unconfirmed>) {
        if self.lock().unconfirmed != unconfirmed {
            self.change(|board| board.unconfirmed = unconfirmed);
        }
    }

    /// How the printer stands; told once per change.
    pub(super) fn set_standstill(&self, standstill: Option<Standstill>) {
        if self.lock().standstill == standstill {
            return;
        }
        self.change(|board| {
            let news = standstill.clone().map_or(News::PrinterBack, News::Printer);
            board.tell(news);
            board.standstill = standstill;
        });
    }

    /// No letter waits for the printer, so nobody cares how it stands.
    pub(super) fn forget_standstill(&self) {
        if self.lock().standstill.is_some() {
            self.change(|board| board.standstill = None);
        }
    }

    pub(super) fn show_pin(&self, slot: Slot, pin: Pin) {
        self.change(|board| {
            board.shown.insert(slot, pin);
        });
    }

    /// Tells the operator something, once.
    pub fn announce(&self, news: News) {
        self.change(|board| board.tell(news));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.version = state.version.wrapping_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is one call, so a panicked writer leaves a whole state behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
