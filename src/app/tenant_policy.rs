//! What the tenant's passkey policy says, held for the whole line: one call in ten minutes, however many keys come. Judges
//! nothing; that is [`PasskeyPolicy::verdict`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use crate::domain::fault::Fault;
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::time::Timestamp;
use crate::port::{Clock, Directory};

/// How long an answer counts, in seconds. A refusal is an answer as well: a tenant that denies the read costs no call per key.
const FRESH_SECONDS: i64 = 600;
/// How long a lost call counts, in seconds: the next one may come through, but not every key shall wait for it.
const LOST_SECONDS: i64 = 60;

/// What was heard last.
#[derive(Clone)]
struct Heard {
    answer: Result<Arc<PasskeyPolicy>, Fault>,
    at: Timestamp,
    /// Seconds.
    counts_for: i64,
}

impl Heard {
    fn is_fresh(&self, now: Timestamp, seconds_max: i64) -> bool {
        // A clock that was set back must not keep an answer for ever.
        (0..self.counts_for.min(seconds_max)).contains(&self.at.seconds_until(now))
    }
}

/// The policy of one tenant, shared by all slots.
pub struct TenantPolicy {
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    heard: Mutex<Option<Heard>>,
    /// Held by whoever asks; the others wait for the one call, or go by what was heard before.
    asking: Mutex<()>,
}

impl TenantPolicy {
    /// Asks nothing yet.
    pub fn new(directory: Arc<dyn Directory>, clock: Arc<dyn Clock>) -> Self {
        Self {
            directory,
            clock,
            heard: Mutex::default(),
            asking: Mutex::default(),
        }
    }

    /// The policy as it was at most ten minutes ago. Where it was read before and cannot be read now because the way is broken,
    /// what was read counts on.
    ///
    /// # Errors
    /// [`Fault::Refused`] with 403 where the tenant does not let it be read: a warning, no more. Otherwise those of
    /// [`Directory::passkey_policy`].
    pub fn current(&self) -> Result<Arc<PasskeyPolicy>, Fault> {
        self.at_most(FRESH_SECONDS)
    }

    /// The policy as it was at most so many seconds ago: for whoever is about to refuse something that somebody may have allowed
    /// meanwhile.
    ///
    /// # Errors
    /// As [`TenantPolicy::current`].
    pub fn at_most(&self, seconds_ago: i64) -> Result<Arc<PasskeyPolicy>, Fault> {
        let earlier = self.heard().clone();
        if let Some(heard) = earlier.as_ref()
            && heard.is_fresh(self.clock.now(), seconds_ago)
        {
            return heard.answer.clone();
        }
        let _asking = match (self.asking.try_lock(), &earlier) {
            (Ok(guard), _) => guard,
            (Err(TryLockError::Poisoned(poisoned)), _) => poisoned.into_inner(),
            (Err(TryLockError::WouldBlock), Some(heard)) if heard.answer.is_ok() => {
                return heard.answer.clone();
            }
            (Err(TryLockError::WouldBlock), _) => {
                self.asking.lock().unwrap_or_else(PoisonError::into_inner)
            }
        };
        // Another slot may have asked while this one waited.
        let earlier = self.heard().clone();
        if let Some(heard) = earlier.as_ref()
            && heard.is_fresh(self.clock.now(), seconds_ago)
        {
            return heard.answer.clone();
        }
        let asked = self.directory.passkey_policy().map(Arc::new);
        if matches!(asked, Err(Fault::Cancelled)) {
            return asked;
        }
        let heard = self.weigh(asked, earlier);
        let answer = heard.answer.clone();
        *self.heard() = Some(heard);
        answer
    }

    fn weigh(&self, asked: Result<Arc<PasskeyPolicy>, Fault>, earlier: Option<Heard>) -> Heard {
        let at = self.clock.now();
        let counts_for = match &asked {
            Err(fault) if is_lost(fault) => LOST_SECONDS,
            Ok(_) | Err(_) => FRESH_SECONDS,
        };
        let kept = earlier
            .map(|heard| heard.answer)
            .filter(|answer| answer.is_ok() && counts_for == LOST_SECONDS);
        Heard {
            answer: kept.unwrap_or(asked),
            at,
            counts_for,
        }
    }

    fn heard(&self) -> MutexGuard<'_, Option<Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether nobody has said anything about the policy itself.
const fn is_lost(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Unreachable { .. } | Fault::Throttled { .. } | Fault::SignIn { .. }
    )
}
