//! The second machine: which key in which slot serves which job. Signals in, orders out; nothing else happens here.
//!
//! Jobs start in row order, but a key whose serial a waiting job names takes that job. A job that wants its own key back
//! holds its slot until that key comes. A key that may not be used stops its slot, never the others.

mod advance;
mod ahead;
mod answers;
mod choice;
pub mod signal;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::authenticator::{Serial, Slot};
use crate::domain::event::Step;
use crate::domain::fault::{Fault, Move};
use crate::domain::job::JobId;
use crate::domain::station::signal::{
    Candidate, Cards, ConfirmCards, Ending, InSlot, Order, Reading, Signal, SlotState,
};

struct SlotRecord {
    state: SlotState,
    reading: Option<Box<Reading>>,
    /// Of the key that lies there, once it was read.
    serial: Option<Serial>,
    /// The key was taken out while the slot was busy.
    gone: bool,
    /// Another arrival came while the slot was busy.
    again: bool,
    /// The operator agreed to wipe this very key for this job, and for nobody else.
    may_wipe: Option<JobId>,
}

/// The bench: slots and the jobs that wait for them.
pub struct Station {
    slots: BTreeMap<Slot, SlotRecord>,
    jobs: Vec<Candidate>,
    prepared: BTreeSet<JobId>,
    preparing: BTreeSet<JobId>,
    /// The people whom Entra refused by name, while it may refuse everybody; `None`: it does not.
    refused: Option<Vec<String>>,
    /// Jobs that run without a key just now.
    aside: BTreeSet<JobId>,
    /// Jobs that failed for want of the network: not tried again before the next tick.
    resting: BTreeSet<JobId>,
    cards: Cards,
    /// How many more jobs may start; `None`: no limit.
    allowance: Option<usize>,
    /// Jobs that this bench has started: another key for one of them is no new start.
    started: BTreeSet<JobId>,
    paused: bool,
    draining: bool,
    /// The number of the last question.
    asked: u64,
}

impl Station {
    /// An empty bench. `limit` is the number of jobs that may start at all.
    pub fn new(confirm_cards: ConfirmCards, limit: Option<usize>) -> Self {
        Self {
            slots: BTreeMap::new(),
            jobs: Vec::new(),
            prepared: BTreeSet::new(),
            preparing: BTreeSet::new(),
            refused: None,
            aside: BTreeSet::new(),
            resting: BTreeSet::new(),
            cards: Cards::new(confirm_cards),
            allowance: limit,
            started: BTreeSet::new(),
            paused: false,
            draining: false,
            asked: 0,
        }
    }

    /// Takes a signal and says what is to be done now.
    pub fn handle(&mut self, signal: Signal) -> Vec<Order> {
        let mut orders = Vec::new();
        match signal {
            Signal::Arrived { slot, at_start } => self.arrived(slot, at_start, &mut orders),
            Signal::Left { slot } => self.left(slot),
            Signal::Read { slot, reading } => self.read(slot, reading, &mut orders),
            Signal::Unreadable { slot, fault } => self.unreadable(slot, fault, &mut orders),
            Signal::Ended { slot, job, ending } => self.ended(slot, job, ending, &mut orders),
            Signal::Jobs(jobs) => self.jobs = jobs,
            Signal::Changed { job, now } => self.changed(job, now),
            Signal::Prepared { job } => self.was_prepared(job),
            Signal::Unprepared { job, fault } => self.unprepared(job, fault, &mut orders),
            Signal::Expired { job } => {
                self.prepared.remove(&job);
            }
            Signal::EndedAside { job, ending } => self.ended_aside(job, &ending),
            Signal::Tick => self.tick(&mut orders),
            Signal::Confirmed { slot } => self.confirmed(slot, &mut orders),
            Signal::Declined { slot } => self.declined(slot),
            Signal::Pause { paused } => self.paused = paused,
            Signal::Drain => self.draining = true,
        }
        self.advance(&mut orders);
        orders
    }

    /// Every slot that was ever used, in order.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, &SlotState)> {
        self.slots
            .iter()
            .map(|(slot, record)| (*slot, &record.state))
    }

    /// Whether no job can start or go on without somebody doing something that keyline cannot wait for: the queue is empty
    /// and no slot works. Bags and letters that wait for a person's word are the caller's to count.
    pub fn is_idle(&self) -> bool {
        let startable = self
            .jobs
            .iter()
            .any(|job| job.is_waiting() && self.may_ever_start(job.job));
        let under_way = self
            .jobs
            .iter()
            .any(|job| job.wants.is_some() || job.keyless);
        let busy = self.slots.values().any(|record| {
            matches!(
                record.state,
                SlotState::Reading
                    | SlotState::Working { .. }
                    | SlotState::WantsBack { .. }
                    | SlotState::AwaitingService { .. }
            )
        });
        !startable && !under_way && !busy
    }

    /// Whether a job is running, so that stopping now would leave a step in hand.
    pub fn is_working(&self) -> bool {
        self.slots
            .values()
            .any(|record| matches!(record.state, SlotState::Working { .. } | SlotState::Reading))
    }

    /// Which cards on readers may be wiped by now.
    pub const fn cards(&self) -> &Cards {
        &self.cards
    }

    /// How many jobs wait for their first key, and how many have begun.
    pub fn queue(&self) -> (usize, usize) {
        let begun = |job: &&Candidate| !job.is_waiting() || self.is_working_on(job.job);
        let under_way = self.jobs.iter().filter(begun).count();
        (self.jobs.len().saturating_sub(under_way), under_way)
    }

    fn record(&mut self, slot: Slot) -> &mut SlotRecord {
        self.slots.entry(slot).or_insert_with(|| SlotRecord {
            state: SlotState::Empty,
            reading: None,
            serial: None,
            gone: false,
            again: false,
            may_wipe: None,
        })
    }

    fn arrived(&mut self, slot: Slot, at_start: bool, orders: &mut Vec<Order>) {
        let record = self.record(slot);
        match &record.state {
            SlotState::Reading | SlotState::Working { .. } => record.again = true,
            // First the bag: two keys on the table, and the second one's number on the first one's bag.
            SlotState::Bagging { job, .. } => {
                record.state = SlotState::Bagging {
                    job: *job,
                    lies: InSlot::Next,
                };
            }
            SlotState::WantsBack { .. }
            | SlotState::AwaitingService { .. }
            | SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Asking { .. }
            | SlotState::AwaitingOptions { .. }
            | SlotState::Refused { .. }
            | SlotState::Held { .. }
            | SlotState::Done { .. }
            | SlotState::KeyDone { .. }
            | SlotState::NoJob => {
                if at_start {
                    record.state = SlotState::LiftFirst;
                } else {
                    record.state = SlotState::Reading;
                    orders.push(Order::Read { slot });
                }
            }
        }
        record.gone = false;
        record.may_wipe = None;
        record.serial = None;
    }

    fn left(&mut self, slot: Slot) {
        let record = self.record(slot);
        record.reading = None;
        record.serial = None;
        record.again = false;
        record.may_wipe = None;
        match &mut record.state {
            SlotState::Reading | SlotState::Working { .. } => record.gone = true,
            SlotState::WantsBack { key_in, .. } => *key_in = false,
            SlotState::Bagging { lies, .. } => *lies = InSlot::Nothing,
            SlotState::AwaitingService { job, fault } => {
                record.state = SlotState::WantsBack {
                    job: *job,
                    fault: fault.clone(),
                    key_in: false,
                };
            }
            SlotState::Empty
            | SlotState::LiftFirst
            | SlotState::Asking { .. }
            | SlotState::AwaitingOptions { .. }
            | SlotState::Refused { .. }
            | SlotState::Held { .. }
            | SlotState::Done { .. }
            | SlotState::KeyDone { .. }
            | SlotState::NoJob => record.state = SlotState::Empty,
        }
    }

    /// A busy slot has become free: was the key taken out or exchanged meanwhile?
    fn freed(&mut self, slot: Slot, orders: &mut Vec<Order>) -> bool {
        let record = self.record(slot);
        let (gone, again) = (record.gone, record.again);
        record.gone = false;
        record.again = false;
        if again {
            record.state = SlotState::Reading;
            orders.push(Order::Read { slot });
        } else if gone {
            record.state = SlotState::Empty;
        }
        gone || again
    }

    fn read(&mut self, slot: Slot, reading: Box<Reading>, orders: &mut Vec<Order>) {
        // An answer that nobody waits for must not take the slot away from a job.
        if self.record(slot).state != SlotState::Reading || self.freed(slot, orders) {
            return;
        }
        let record = self.record(slot);
        record.serial.clone_from(&reading.identity.serial);
        record.reading = Some(reading);
        self.choose(slot);
    }

    fn unreadable(&mut self, slot: Slot, fault: Fault, orders: &mut Vec<Order>) {
        if self.record(slot).state == SlotState::Reading && !self.freed(slot, orders) {
            self.record(slot).state = SlotState::Refused { fault };
        }
    }

    fn ended(&mut self, slot: Slot, job: JobId, ending: Ending, orders: &mut Vec<Order>) {
        let exchanged = self.record(slot).again;
        let gone = self.record(slot).gone;
        let state = match ending {
            Ending::Finished => {
                self.drop_candidate(job);
                SlotState::Done { job }
            }
            Ending::Awaits(Step::Bag) => {
                let lies = match (exchanged, gone) {
                    (true, _) => InSlot::Next,
                    (false, true) => InSlot::Nothing,
                    (false, false) => InSlot::Own,
                };
                SlotState::Bagging { job, lies }
            }
            Ending::KeyDone | Ending::Awaits(_) => SlotState::KeyDone { job },
            Ending::Held(fault) => {
                self.drop_candidate(job);
                SlotState::Held { job, fault }
            }
            Ending::AnotherKey(fault) => SlotState::Refused { fault },
            Ending::Stopped(fault) => match fault.whose_move() {
                Move::Wait if !gone => SlotState::AwaitingService { job, fault },
                Move::AnotherKey if fault != Fault::WrongKey => SlotState::Refused { fault },
                Move::Wait | Move::AnotherKey | Move::PutBack | Move::Administrator => {
                    SlotState::WantsBack {
                        job,
                        fault,
                        key_in: !gone,
                    }
                }
            },
        };
        let holds_the_slot = matches!(
            state,
            SlotState::WantsBack { .. }
                | SlotState::AwaitingService { .. }
                | SlotState::Bagging { .. }
        );
        let reads_on = !matches!(state, SlotState::Bagging { .. });
        let record = self.record(slot);
        record.state = state;
        if exchanged && !reads_on {
            record.again = false;
            record.gone = false;
        } else if exchanged {
            record.again = false;
            record.gone = false;
            record.state = SlotState::Reading;
            orders.push(Order::Read { slot });
        } else if gone && !holds_the_slot {
            record.gone = false;
            record.state = SlotState::Empty;
        } else {
            record.gone = false;
        }
    }

    fn ended_aside(&mut self, job: JobId, ending: &Ending) {
        self.aside.remove(&job);
        match ending {
            // Its key has to be found and bagged, at the slot where it was.
            Ending::Awaits(Step::Bag) => {}
            Ending::Finished | Ending::Awaits(_) | Ending::Held(_) => self.drop_candidate(job),
            Ending::KeyDone | Ending::AnotherKey(_) | Ending::Stopped(_) => {
                self.resting.insert(job);
            }
        }
    }

    fn tick(&mut self, orders: &mut Vec<Order>) {
        self.resting.clear();
        let waiting: Vec<(Slot, JobId)> = self
            .slots
            .iter()
            .filter_map(|(slot, record)| {
                if let SlotState::AwaitingService { job, .. } = record.state {
                    Some((*slot, job))
                } else {
                    None
                }
            })
            .collect();
        for (slot, job) in waiting {
            let open = self.jobs.iter().any(|candidate| candidate.job == job);
            if self.aside.contains(&job) {
                continue;
            }
            if open && !self.is_working_on(job) {
                self.record(slot).state = SlotState::Working { job };
                orders.push(Order::Run { slot, job });
            } else {
                self.record(slot).state = SlotState::LiftFirst;
            }
        }
    }

    /// Jobs stay in the order of their numbers.
    fn changed(&mut self, job: JobId, now: Option<Box<Candidate>>) {
        let at = self.jobs.partition_point(|known| known.job < job);
        let known = self
            .jobs
            .get(at)
            .is_some_and(|candidate| candidate.job == job);
        self.let_go(job, now.as_deref());
        match (now, known) {
            (Some(candidate), true) => self.jobs.splice(at..=at, [*candidate]).for_each(drop),
            (Some(candidate), false) => self.jobs.insert(at, *candidate),
            (None, _) => self.drop_candidate(job),
        }
    }

    /// Slots that wait to go on with a job let go of it when it was held, given up or started anew under another hand.
    fn let_go(&mut self, job: JobId, now: Option<&Candidate>) {
        let goes_on = now.is_some_and(|candidate| candidate.wants.is_some() || candidate.keyless);
        for record in self.slots.values_mut() {
            match &record.state {
                // The key was not touched yet: it serves the next job.
                SlotState::AwaitingOptions { job: other } if *other == job && now.is_none() => {
                    record.state = SlotState::NoJob;
                }
                // This key is spoiled for the job, and nobody knows for which other one it would do.
                SlotState::AwaitingService { job: other, .. } if *other == job && !goes_on => {
                    record.state = SlotState::LiftFirst;
                }
                // The key of a job that goes on lies here still, but nobody has it in hand any more.
                SlotState::Held { job: other, .. }
                    if *other == job && now.is_some_and(|now| now.wants.is_some()) =>
                {
                    record.state = SlotState::WantsBack {
                        job,
                        fault: Fault::Cancelled,
                        key_in: true,
                    };
                }
                SlotState::AwaitingOptions { .. }
                | SlotState::AwaitingService { .. }
                | SlotState::Empty
                | SlotState::LiftFirst
                | SlotState::Reading
                | SlotState::Working { .. }
                | SlotState::WantsBack { .. }
                | SlotState::Asking { .. }
                | SlotState::Refused { .. }
                | SlotState::Held { .. }
                | SlotState::Done { .. }
                | SlotState::KeyDone { .. }
                | SlotState::Bagging { .. }
                | SlotState::NoJob => {}
            }
        }
    }

    fn drop_candidate(&mut self, job: JobId) {
        self.jobs.retain(|candidate| candidate.job != job);
        self.prepared.remove(&job);
    }
}

#[cfg(test)]
mod tests;
