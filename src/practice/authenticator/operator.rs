//! A pair of simulated hands for `keyline demo`: puts keys from a crate into free places, touches them when they blink,
//! and takes them out when told. It knows nothing of jobs; whoever reads the board tells it what to do.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::bench::Bench;
use super::key::{SimulatedKey, Touch};
use crate::domain::fault::Fault;
use crate::port::Place;

/// How quick the hands are. Every delay is drawn between half and one and a half times its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// From an empty place to the next key in it.
    pub fetch: Duration,
    /// From the first blink to the touch.
    pub touch: Duration,
    /// From "done" to the key being out, and from "put it back" to the key being in again.
    pub pull: Duration,
    /// Equal seeds give every key of the crate the same delays, whatever happens at other places.
    pub seed: u64,
}

/// Simulated hands at a bench. They rest when the value is dropped.
pub struct PracticeOperator {
    orders: Sender<Order>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    Pull(Place),
    PutBack(Place),
    Rest,
}

impl PracticeOperator {
    /// Puts hands to work: every free place of `bench` gets the next key of `supply`, until it is empty.
    ///
    /// # Errors
    /// [`Fault::Internal`] when the operating system gives no thread.
    pub fn start(bench: Bench, supply: Vec<SimulatedKey>, habits: Habits) -> Result<Self, Fault> {
        let (orders, inbox) = channel();
        let mut hands = Hands::new(bench, supply, habits);
        let thread = std::thread::Builder::new()
            .name("practice-operator".to_owned())
            .spawn(move || hands.work(&inbox))
            .map_err(|error| Fault::Internal {
                what: format!("no thread for the practice operator: {error}"),
            })?;
        Ok(Self {
            orders,
            thread: Some(thread),
        })
    }

    /// Tells the hands that the key at `place` is finished with: they take it out and put the next one there.
    pub fn pull(&self, place: &Place) {
        self.tell(Order::Pull(place.clone()));
    }

    /// Tells the hands to take the key at `place` out and to put the same one back.
    pub fn put_back(&self, place: &Place) {
        self.tell(Order::PutBack(place.clone()));
    }

    fn tell(&self, order: Order) {
        // The hands end only when this value is dropped.
        let _ = self.orders.send(order);
    }
}

impl Drop for PracticeOperator {
    fn drop(&mut self) {
        self.tell(Order::Rest);
        if let Some(thread) = self.thread.take() {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

/// Something the hands are about to do.
enum Motion {
    Insert(Place, SimulatedKey),
    Pull(Place),
    Lift(Place),
}

struct Hands {
    bench: Bench,
    supply: std::iter::Enumerate<std::vec::IntoIter<SimulatedKey>>,
    habits: Habits,
    /// Delays that belong to no key.
    chance: StdRng,
    due: Vec<(Instant, Motion)>,
}

impl Hands {
    fn new(bench: Bench, supply: Vec<SimulatedKey>, habits: Habits) -> Self {
        Self {
            bench,
            supply: supply.into_iter().enumerate(),
            habits,
            chance: StdRng::seed_from_u64(habits.seed),
            due: Vec::new(),
        }
    }

    fn work(&mut self, inbox: &Receiver<Order>) {
        for place in self.bench.places() {
            if self.bench.key_at(&place).is_none() {
                self.fetch(place);
            }
        }
        loop {
            match self.next_order(inbox) {
                Ok(Order::Pull(place)) => self.later(self.habits.pull, Motion::Pull(place)),
                Ok(Order::PutBack(place)) => self.later(self.habits.pull, Motion::Lift(place)),
                Err(RecvTimeoutError::Timeout) => self.move_what_is_due(),
                Ok(Order::Rest) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn next_order(&self, inbox: &Receiver<Order>) -> Result<Order, RecvTimeoutError> {
        match self.due.iter().map(|(when, _)| *when).min() {
            Some(when) => inbox.recv_timeout(when.saturating_duration_since(Instant::now())),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn move_what_is_due(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.due)
            .into_iter()
            .partition(|(when, _)| *when <= now);
        self.due = later;
        let due: Vec<(Instant, Motion)> = due;
        for (_, motion) in due {
            match motion {
                Motion::Insert(place, key) => {
                    // Somebody else's key may be there by now: then this one waits in the hand.
                    if self.bench.insert(&place, &key).is_err() {
                        self.later(self.habits.fetch, Motion::Insert(place, key));
                    }
                }
                Motion::Pull(place) => {
                    self.bench.pull(&place);
                    self.fetch(place);
                }
                Motion::Lift(place) => {
                    if let Some(key) = self.bench.pull(&place) {
                        self.later(self.habits.pull, Motion::Insert(place, key));
                    }
                }
            }
        }
    }

    /// Takes the next key out of the crate, with this key's own delays.
    fn fetch(&mut self, place: Place) {
        let Some((ordinal, key)) = self.supply.next() else {
            return;
        };
        let ordinal = u64::try_from(ordinal).unwrap_or(u64::MAX);
        let mut chance = StdRng::seed_from_u64(self.habits.seed.wrapping_add(ordinal));
        key.set_touch(Touch::After(about(self.habits.touch, &mut chance)));
        let when = Instant::now() + about(self.habits.fetch, &mut chance);
        self.due.push((when, Motion::Insert(place, key)));
    }

    fn later(&mut self, delay: Duration, motion: Motion) {
        let when = Instant::now() + about(delay, &mut self.chance);
        self.due.push((when, motion));
    }
}

/// Between half and one and a half of `usual`.
fn about(usual: Duration, chance: &mut StdRng) -> Duration {
    usual.mul_f64(chance.random_range(0.5..=1.5))
}
