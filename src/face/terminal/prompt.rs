//! Asks the operator for the PIN that a key has now. The answer is typed at the same keyboard as everything else, as
//! `pin 3 …`, so that nothing typed for another purpose can ever be taken for a PIN: a wrong one costs the key a try.

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
    state: Mutex<State>,
}

impl Prompt {
    /// `keyboard`: somebody can type without being seen ([`Look::keyboard`](super::Look)).
    pub fn new(keyboard: bool) -> Self {
        Self {
            keyboard,
            state: Mutex::default(),
        }
    }

    /// The slots that ask now, and for whose key.
    pub(super) fn asking(&self) -> Vec<(Slot, String)> {
        self.lock()
            .questions
            .iter()
            .map(|(slot, question)| (*slot, clean(&question.person)))
            .collect()
    }

    /// Gives an answer; `None` says that the PIN is not known. `false` when the slot does not ask.
    pub(super) fn answer(&self, slot: Slot, pin: Option<Pin>) -> bool {
        match self.lock().questions.remove(&slot) {
            Some(question) => question.reply.try_send(pin).is_ok(),
            None => false,
        }
    }

    /// Nobody answers any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.questions.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Operator for Prompt {
    fn current_pin(&self, slot: Slot, person: &str) -> Option<Pin> {
        if !self.keyboard {
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
        let pin = answer.recv_timeout(Duration::from_secs(ANSWER_SECONDS_MAX));
        self.lock().questions.remove(&slot);
        pin.ok().flatten()
    }
}
