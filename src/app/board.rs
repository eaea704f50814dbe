//! What faces may see: where every slot stands, what was finished, what waits. A read-only view; it never holds a PIN,
//! except one that a policy asks to show while its key is still in the slot.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::app::eligibility::Notice;
use crate::domain::authenticator::Slot;
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::paper::{Astray, Bagging, Confirm};
use crate::domain::pin::Pin;
use crate::domain::station::signal::SlotState;

/// Who a slot works for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub job: JobId,
    pub person: String,
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

/// Why no letter comes out just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standstill {
    /// The printer waits for this: paper in a tray, a closed door.
    WaitsFor(String),
    /// It does not answer, or takes nothing.
    Away(String),
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
        fault: Fault,
    },
    NetworkBack,
    Actor {
        actor: String,
    },
    Trouble {
        what: String,
    },
    /// What an earlier test of the tenant left is settled: its passkey was deleted, or never appeared.
    TestSettled {
        user: String,
        deleted: bool,
    },
    /// A sheet came out, and somebody has to say so.
    LetterOut {
        envelope: String,
        by: Confirm,
    },
    Printer(Standstill),
    PrinterBack,
    /// A void letter may still come out of the printer, which could not be asked, or did not cancel it.
    VoidMayPrint {
        fault: Fault,
    },
    /// A void letter may be where the station puts none any more, such as in its former printer.
    VoidElsewhere {
        envelope: String,
        astray: Astray,
    },
    /// The printer was asked, and has none of them any more.
    NothingVoidWaits,
    /// So many jobs are held because the account is disabled; the station looks again by itself.
    Disabled {
        jobs: usize,
    },
    /// An account was disabled and is enabled now: its job goes on.
    Enabled {
        case: Case,
    },
    Notice(Notice),
    /// A job is held that stands in no slot, where it would be seen.
    Held {
        case: Case,
        fault: Fault,
        /// What the printer said of a sheet of which nobody can tell.
        why: Option<String>,
    },
    /// The stock list does not have the key in this slot, and it is taken all the same.
    KeyUnlisted {
        slot: Slot,
        serial: String,
    },
    /// The key in this slot tells no serial number that the stock list could be asked for.
    KeyWithoutSerial {
        slot: Slot,
    },
    /// More jobs wait than there are spare keys.
    FewSpares {
        spare: usize,
        waiting: usize,
    },
    /// Nothing is left to do but that somebody confirms these; held jobs stay behind.
    OnlyWords {
        bags: usize,
        letters: usize,
        held: usize,
    },
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
    /// What waits for a person's word, in the order of the jobs.
    pub unconfirmed: Vec<Unconfirmed>,
    /// Why no letter comes out, as far as anybody has seen.
    pub standstill: Option<Standstill>,
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
            board.news.push(news);
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
