//! What came of the last action, told once: on the page that its browser is led to. Held per session, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::face::console::Visit;
use crate::face::console::session::{SESSIONS_MAX, SessionId};
use crate::face::control::Answer;
use crate::face::say::clean::lines;

/// A sentence about what was done, or was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// It was done.
    pub good: bool,
    pub text: String,
    /// What to do, or what is still to be looked after.
    pub hint: Option<String>,
}

impl Notice {
    /// The words of whoever was asked. Empty words are none.
    pub fn of(answer: Answer) -> Self {
        let (good, text, hint) = match answer {
            Answer::Done { message, facts: _ } => (true, message, None),
            Answer::Acted { message, note, .. } => (true, message, note),
            Answer::Part { .. } | Answer::Kept { .. } => (true, String::new(), None),
            Answer::Refused { message, hint, .. } => (false, message, Some(hint)),
        };
        Self {
            good,
            text: lines(&text),
            hint: hint.as_deref().map(lines),
        }
    }

    /// A sentence of a page's own about what it did not do.
    pub fn refusal(text: &str) -> Self {
        Self {
            good: false,
            text: text.to_owned(),
            hint: None,
        }
    }
}

/// The notices that wait for their page.
#[derive(Default)]
pub struct Notices(Mutex<BTreeMap<SessionId, Notice>>);

impl Notices {
    /// Keeps it for the next page of this session.
    pub fn keep(&self, visit: &Visit, notice: Notice) {
        let Some(guest) = &visit.guest else { return };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Sessions that ended in between leave theirs behind; the oldest goes.
        while kept.len() >= SESSIONS_MAX {
            kept.pop_first();
        }
        kept.insert(guest.session, notice);
    }

    /// Takes it for the page that is made now.
    pub fn take(&self, visit: &Visit) -> Option<Notice> {
        let guest = visit.guest.as_ref()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&guest.session)
    }
}
