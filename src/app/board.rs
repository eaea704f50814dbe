//! What faces may see: where every slot stands, what was finished, what waits. A read-only view; it never holds a PIN,
//! except one that a policy asks to show while its key is still in the slot.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::job::JobId;
use crate::domain::pin::Pin;
use crate::domain::station::signal::SlotState;

/// Who a slot works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub job: JobId,
    pub person: String,
    pub envelope: String,
}

/// One slot, as a face shows it.
#[derive(Clone, Debug)]
pub struct SlotView {
    pub state: SlotState,
    pub case: Option<Case>,
    pub step: Option<Step>,
    /// The key waits for a touch.
    pub touch: bool,
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
}

/// Something worth a line, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The station has begun: jobs that wait, and jobs under way.
    Ready {
        waiting: usize,
        under_way: usize,
    },
    Admitted {
        file: String,
        jobs: usize,
    },
    Rejected {
        file: String,
        reasons: usize,
    },
    /// The file waits in `hold/`.
    FileHeld {
        file: String,
        why: String,
    },
    Network {
        fault: String,
    },
    NetworkBack,
    Actor {
        actor: String,
    },
    Trouble {
        what: String,
    },
}

#[derive(Default)]
struct State {
    slots: BTreeMap<Slot, SlotView>,
    finished: Vec<Finished>,
    counts: Counts,
    news: Vec<News>,
    shown: BTreeMap<Slot, Pin>,
    version: u64,
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
            version: state.version,
        }
    }

    /// The keys that were finished, from the `from`-th on.
    pub fn finished(&self, from: usize) -> Vec<Finished> {
        self.lock().finished.iter().skip(from).cloned().collect()
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
                if !matches!(state, SlotState::Done { .. }) {
                    board.shown.remove(&slot);
                }
                let view = SlotView {
                    state: state.clone(),
                    case,
                    step: None,
                    touch: false,
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
                view.long_touch = false;
                view.since = Instant::now();
            }
        });
    }

    pub(super) fn set_touch(&self, slot: Slot, touch: bool) {
        self.change(|board| {
            if let Some(view) = board.slots.get_mut(&slot) {
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
            board.counts.under_way = board.counts.under_way.saturating_sub(1);
            board.counts.done = board.counts.done.saturating_add(1);
        });
    }

    pub(super) fn show_pin(&self, slot: Slot, pin: Pin) {
        self.change(|board| {
            board.shown.insert(slot, pin);
        });
    }

    pub(super) fn announce(&self, news: News) {
        self.change(|board| board.news.push(news));
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
