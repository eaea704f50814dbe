//! What the tenant's passkey policy says, held for the whole line: one call in ten minutes, however many keys come. Judges
//! nothing; that is [`PasskeyPolicy::verdict`]. It never makes an old answer look new.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::fault::Fault;
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::time::Timestamp;
use crate::port::{Clock, Directory};

/// How long an answer counts, in seconds. A refusal is an answer as well: a tenant that denies the read costs no call per key.
const FRESH_SECONDS: i64 = 600;
/// How long a lost call counts, in seconds: the next one may come through, but not every key shall wait for it.
const LOST_SECONDS: i64 = 60;
/// How long a slot waits for an answer that another one asked for. With one that came it goes on at once; beyond this it goes by
/// what was heard before, and says how old that is.
const WAIT_SECONDS_MAX: u64 = 40;

/// The policy, and when it was so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub policy: Arc<PasskeyPolicy>,
    /// How long ago the tenant said so, in seconds. More than was asked for only where nothing newer is to be had.
    pub age_seconds: i64,
}

/// What the tenant said last.
struct Heard {
    answer: Result<Arc<PasskeyPolicy>, Fault>,
    at: Timestamp,
}

#[derive(Default)]
struct Notes {
    heard: Option<Heard>,
    /// The last call that brought no answer, where none has since. It leaves what was heard as old as it is.
    lost: Option<(Fault, Timestamp)>,
    /// Somebody is asking.
    asking: bool,
}

impl Notes {
    /// What can be said without a call: what is young enough, or, for a while after a call was lost, what there is.
    fn known(&self, now: Timestamp, seconds_ago: i64) -> Option<Result<Known, Fault>> {
        if let Some(heard) = &self.heard
            && is_within(heard.at, now, FRESH_SECONDS.min(seconds_ago))
        {
            return Some(heard.told(now));
        }
        let (fault, at) = self.lost.as_ref()?;
        is_within(*at, now, LOST_SECONDS.min(seconds_ago)).then(|| self.instead(fault, now))
    }

    /// What was read before, however long ago; without any, the fault.
    fn instead(&self, fault: &Fault, now: Timestamp) -> Result<Known, Fault> {
        match &self.heard {
            Some(heard) if heard.answer.is_ok() => heard.told(now),
            Some(_) | None => Err(fault.clone()),
        }
    }
}

impl Heard {
    fn told(&self, now: Timestamp) -> Result<Known, Fault> {
        let policy = self.answer.clone()?;
        Ok(Known {
            policy,
            age_seconds: self.at.seconds_until(now).max(0),
        })
    }
}

/// The policy of one tenant, shared by all slots.
pub struct TenantPolicy {
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    notes: Mutex<Notes>,
    /// Whoever has asked is done.
    answered: Condvar,
    patience: Duration,
}

impl TenantPolicy {
    /// Asks nothing yet.
    pub fn new(directory: Arc<dyn Directory>, clock: Arc<dyn Clock>) -> Self {
        Self {
            directory,
            clock,
            notes: Mutex::default(),
            answered: Condvar::new(),
            patience: Duration::from_secs(WAIT_SECONDS_MAX),
        }
    }

    /// With another patience for an answer that somebody else has asked for.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The policy as it was at most ten minutes ago. Where it was read before and cannot be read now because the way is broken,
    /// what was read counts on.
    ///
    /// # Errors
    /// [`Fault::Refused`] with 403 where the tenant does not let it be read: a warning, no more. Otherwise those of
    /// [`Directory::passkey_policy`].
    pub fn current(&self) -> Result<Arc<PasskeyPolicy>, Fault> {
        self.at_most(FRESH_SECONDS).map(|known| known.policy)
    }

    /// The policy as it was at most so many seconds ago, or, where no newer one is to be had, with its true age: for whoever is
    /// about to refuse something that somebody may have allowed meanwhile. One slot asks; the others wait for its answer.
    ///
    /// # Errors
    /// As [`TenantPolicy::current`]; [`Fault::Unreachable`] when another slot has asked, and nothing came for too long.
    pub fn at_most(&self, seconds_ago: i64) -> Result<Known, Fault> {
        if let Some(said) = self.wait_for_turn(seconds_ago) {
            return said;
        }
        // From here on nobody else asks, until this is let go of, even by a panic.
        let turn = Turn(self);
        let asked = self.directory.passkey_policy().map(Arc::new);
        let now = self.clock.now();
        let mut notes = self.notes();
        let said = match asked {
            Err(Fault::Cancelled) => Err(Fault::Cancelled),
            Err(fault) if is_lost(&fault) => {
                let said = notes.instead(&fault, now);
                notes.lost = Some((fault, now));
                said
            }
            answer @ (Ok(_) | Err(_)) => {
                let heard = Heard { answer, at: now };
                let said = heard.told(now);
                notes.heard = Some(heard);
                notes.lost = None;
                said
            }
        };
        drop(notes);
        drop(turn);
        said
    }

    /// What can be said without asking; `None`: it is the caller's turn to ask, and nobody else will meanwhile.
    fn wait_for_turn(&self, seconds_ago: i64) -> Option<Result<Known, Fault>> {
        let begun = Instant::now();
        let mut notes = self.notes();
        loop {
            let now = self.clock.now();
            if let Some(said) = notes.known(now, seconds_ago) {
                return Some(said);
            }
            if !notes.asking {
                notes.asking = true;
                return None;
            }
            let left = self.patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let fault = Fault::Unreachable {
                    what:
                        "another slot has asked for the passkey policy, and there is no answer yet"
                            .to_owned(),
                };
                return Some(notes.instead(&fault, now));
            }
            let woken = self.answered.wait_timeout(notes, left);
            notes = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        // A panicked holder leaves whole notes behind: each change is one assignment.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn to ask.
struct Turn<'a>(&'a TenantPolicy);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.notes().asking = false;
        self.0.answered.notify_all();
    }
}

/// A clock that was set back must not keep an answer for ever.
fn is_within(at: Timestamp, now: Timestamp, seconds: i64) -> bool {
    (0..seconds).contains(&at.seconds_until(now))
}

/// Whether nobody has said anything about the policy itself.
const fn is_lost(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Unreachable { .. } | Fault::Throttled { .. } | Fault::SignIn { .. }
    )
}

#[cfg(test)]
mod tests;
