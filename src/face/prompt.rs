//! Asks the operator for the PIN that a key has now: at the terminal, or at whatever window of the console shows the bench. At
//! the keyboard the answer is typed as `pin 3 …`, in a window into a field of its own at the slot's card, so that nothing typed for
//! another purpose can ever be taken for a PIN: a wrong one costs the key a try. Where nobody looks on, nobody is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::authenticator::Slot;
use crate::domain::pin::Pin;
use crate::face::say::clean::clean;
use crate::port::Operator;

/// How long a slot waits for an answer before its job is held.
const ANSWER_SECONDS_MAX: u64 = 180;

struct Question {
    person: String,
    reply: SyncSender<Option<Pin>>,
}

#[derive(Default)]
struct State {
    questions: BTreeMap<Slot, Question>,
    closed: bool,
}

/// The person at the keyboard, if there is one.
pub struct Prompt {
    keyboard: bool,
    /// Windows that show a bench, and the slots that stand elsewhere than there.
    seats: Mutex<BTreeMap<u64, BTreeSet<Slot>>>,
    version: AtomicU64,
    state: Mutex<State>,
}

/// Somebody looks at a bench in a window, as long as this lives.
#[must_use = "whoever sits there stands up when this is dropped"]
pub struct Seat(Arc<Prompt>, u64);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.seats().remove(&self.1);
    }
}

impl Prompt {
    /// `keyboard`: somebody can type without being seen ([`Look::keyboard`](crate::face::terminal::Look)).
    pub fn new(keyboard: bool) -> Self {
        Self {
            keyboard,
            seats: Mutex::default(),
            version: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    /// Somebody looks on, and can answer for all slots but those `elsewhere`.
    pub fn sit_down(self: &Arc<Self>, elsewhere: BTreeSet<Slot>) -> Seat {
        let mut seats = self.seats();
        let last = seats.last_key_value().map_or(0, |(seat, _)| *seat);
        let seat = last.saturating_add(1);
        seats.insert(seat, elsewhere);
        Seat(Arc::clone(self), seat)
    }

    /// Whether a window shows this slot.
    fn is_seen(&self, slot: Slot) -> bool {
        let seats = self.seats();
        seats.values().any(|elsewhere| !elsewhere.contains(&slot))
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<u64, BTreeSet<Slot>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grows whenever another slot asks, or one no longer does.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    /// The slots that ask now, and for whose key.
    pub(in crate::face) fn asking(&self) -> Vec<(Slot, String)> {
        self.lock()
            .questions
            .iter()
            .map(|(slot, question)| (*slot, clean(&question.person)))
            .collect()
    }

    /// Gives an answer; `None` says that the PIN is not known. `false` when the slot does not ask.
    pub(in crate::face) fn answer(&self, slot: Slot, pin: Option<Pin>) -> bool {
        let question = self.lock().questions.remove(&slot);
        self.changed();
        match question {
            Some(question) => question.reply.try_send(pin).is_ok(),
            None => false,
        }
    }

    /// Nobody answers any more.
    pub(in crate::face) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.questions.clear();
    }

    fn changed(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Operator for Prompt {
    fn current_pin(&self, slot: Slot, person: &str) -> Option<Pin> {
        if !self.keyboard && !self.is_seen(slot) {
            return None;
        }
        let (reply, answer) = sync_channel(1);
        {
            let mut state = self.lock();
            if state.closed {
                return None;
            }
            let person = person.to_owned();
            state.questions.insert(slot, Question { person, reply });
        }
        self.changed();
        let pin = answer.recv_timeout(Duration::from_secs(ANSWER_SECONDS_MAX));
        self.lock().questions.remove(&slot);
        self.changed();
        pin.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_where_nobody_looks_on() {
        let prompt = Arc::new(Prompt::new(false));
        assert!(prompt.current_pin(Slot(1), "Anna Lang").is_none());
        let seat = prompt.sit_down(BTreeSet::from([Slot(2)]));
        // Nobody sees the card of a slot that stands on another bench.
        assert!(prompt.current_pin(Slot(2), "Anna Lang").is_none());
        let asked = Arc::clone(&prompt);
        let waiting = std::thread::spawn(move || asked.current_pin(Slot(1), "Anna Lang"));
        while prompt.asking().is_empty() {
            std::thread::yield_now();
        }
        let before = prompt.version();
        assert!(prompt.answer(Slot(1), Pin::new("739154").ok()));
        assert!(prompt.version() > before, "a window has to hear of it");
        let pin = waiting.join().expect("no panic").expect("a PIN");
        assert_eq!(pin.reveal(), "739154");
        drop(seat);
        assert!(prompt.current_pin(Slot(1), "Anna Lang").is_none());
    }
}
