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
use crate::domain::scan::{self, Code, Slip};
use crate::face::say::clean::clean;
use crate::port::Operator;

/// How long a slot waits for an answer before its job is held.
const ANSWER_SECONDS_MAX: u64 = 180;

struct Question {
    asked: u64,
    person: String,
    reply: SyncSender<Option<Pin>>,
}

#[derive(Default)]
struct State {
    questions: BTreeMap<Slot, Question>,
    /// The number of the last question.
    asked: u64,
    closed: bool,
}

/// A slot that asks for the PIN of the key in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::face) struct Wanted {
    pub(in crate::face) slot: Slot,
    /// The number of the question: a PIN that was typed for another one is not tried on this key.
    pub(in crate::face) asked: u64,
    /// Whose key it is to be.
    pub(in crate::face) person: String,
}

/// One-time passwords are written in these letters, which lie at the same place on most keyboards.
const MODHEX: &str = "cbdefghijklnrtuv";
/// So many of them in a row were typed by a key, not by a person. A YubiKey types 44: 12 for its name and 32 for the password.
const MODHEX_MIN: usize = 32;

/// How many of the letters at the end of `text` are those of one-time passwords.
pub(in crate::face) fn modhex_at_end(text: &str) -> usize {
    let letters = text.chars().rev();
    letters
        .take_while(|c| MODHEX.contains(c.to_ascii_lowercase()))
        .count()
}

/// Whether `text` ends in a one-time password, which a touched key types wherever the cursor stands.
pub(in crate::face) fn ends_in_password(text: &str) -> bool {
    modhex_at_end(text) >= MODHEX_MIN
}

/// Whether a device typed this where somebody was to type a PIN: a touched key, or a hand scanner that read a letter or a bag. A
/// plain number is left alone, because PINs are plain numbers.
pub(in crate::face) fn is_from_a_device(text: &str) -> bool {
    if ends_in_password(text.trim()) {
        return true;
    }
    match scan::read(text) {
        Some(Code::Sheet { printed, .. }) => printed.is_some(),
        Some(Code::Bag(_) | Code::Letter(_)) => true,
        None => scan::slip(text) == Some(Slip::Half),
    }
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

    /// What is asked now.
    pub(in crate::face) fn asking(&self) -> Vec<Wanted> {
        self.lock()
            .questions
            .iter()
            .map(|(slot, question)| Wanted {
                slot: *slot,
                asked: question.asked,
                person: clean(&question.person),
            })
            .collect()
    }

    /// Answers the question with this number; `None` says that the PIN is not known. `false` when the slot does not ask that.
    pub(in crate::face) fn answer(&self, slot: Slot, asked: u64, pin: Option<Pin>) -> bool {
        let question = self.take(slot, asked);
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

    fn take(&self, slot: Slot, asked: u64) -> Option<Question> {
        let mut state = self.lock();
        let stands = state.questions.get(&slot)?.asked == asked;
        stands.then(|| state.questions.remove(&slot)).flatten()
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
        let asked = {
            let mut state = self.lock();
            if state.closed {
                return None;
            }
            state.asked = state.asked.wrapping_add(1);
            let asked = state.asked;
            let question = Question {
                asked,
                person: person.to_owned(),
                reply,
            };
            state.questions.insert(slot, question);
            asked
        };
        self.changed();
        let pin = answer.recv_timeout(Duration::from_secs(ANSWER_SECONDS_MAX));
        // By now the slot may ask about another key.
        drop(self.take(slot, asked));
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
        let asked = prompt.asking()[0].asked;
        assert!(prompt.answer(Slot(1), asked, Pin::new("739154").ok()));
        assert!(prompt.version() > before, "a window has to hear of it");
        let pin = waiting.join().expect("no panic").expect("a PIN");
        assert_eq!(pin.reveal(), "739154");
        drop(seat);
        assert!(prompt.current_pin(Slot(1), "Anna Lang").is_none());
    }

    /// Asks for the PIN of the key in slot 1, and waits until the question stands.
    fn ask(prompt: &Arc<Prompt>) -> (u64, std::thread::JoinHandle<Option<Pin>>) {
        let before = prompt.version();
        let asked = Arc::clone(prompt);
        let waiting = std::thread::spawn(move || asked.current_pin(Slot(1), "Anna Lang"));
        while prompt.version() == before {
            std::thread::yield_now();
        }
        (prompt.asking()[0].asked, waiting)
    }

    #[test]
    fn a_pin_that_was_typed_for_the_last_key_is_not_tried_on_the_next_one() {
        let prompt = Arc::new(Prompt::new(true));
        let (first, waiting) = ask(&prompt);
        assert!(prompt.answer(Slot(1), first, None));
        assert!(waiting.join().expect("no panic").is_none());
        let (second, waiting) = ask(&prompt);
        assert!(!prompt.answer(Slot(1), first, Pin::new("739154").ok()));
        assert_eq!(prompt.asking().len(), 1, "it is asked on");
        assert!(prompt.answer(Slot(1), second, Pin::new("48151623").ok()));
        let pin = waiting.join().expect("no panic").expect("a PIN");
        assert_eq!(pin.reveal(), "48151623");
    }

    #[test]
    fn what_a_scanner_or_a_touched_key_types_is_no_pin_and_what_people_choose_is_one() {
        for typed in [
            "B-0042",
            "Bß0042",
            "L-0042",
            "PM1:onboarding:",
            "ccccccdefghijklnrtuvcbdefghijklnrtuvcbdefghijkl",
        ] {
            assert!(is_from_a_device(typed), "{typed}");
        }
        for pin in [
            "739154",
            "48151623",
            "481516234200",
            "a quick lark",
            "Pumpernickel1",
        ] {
            assert!(!is_from_a_device(pin), "{pin}");
        }
    }
}
