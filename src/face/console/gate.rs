//! Keeps people from trying passphrases by the thousand: whoever was wrong a few times waits, each name for itself and all
//! together. It never locks an account for good: then anybody could lock out the administrator.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::session::hash;
use crate::domain::time::Timestamp;

/// Wrong passphrases for one name before it has to wait.
const FREE_TRIES_PER_NAME: u32 = 5;
/// Wrong passphrases for all names together within [`WINDOW_SECONDS`].
const TRIES_OVERALL_MAX: usize = 60;
/// Seconds that a wrong passphrase is remembered.
const WINDOW_SECONDS: i64 = 600;
/// Seconds that a name waits at most.
const WAIT_SECONDS_MAX: i64 = 60;
/// Each holds 19 MiB of memory and half a second of one core; so many at a time leave the station its own.
const VERIFICATIONS_AT_A_TIME: usize = 2;

type Key = [u8; 32];

#[derive(Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Timestamp,
}

#[derive(Default)]
struct State {
    /// By the hash of the name: whatever is typed there may be a passphrase that went into the wrong field.
    names: BTreeMap<Key, Tries>,
    wrong: Vec<Timestamp>,
}

/// The gate before every passphrase.
pub struct Gate {
    state: Mutex<State>,
    places: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            places: Semaphore::new(VERIFICATIONS_AT_A_TIME),
        }
    }
}

impl Gate {
    /// Whether a passphrase for `name` may be tried now; otherwise after how many seconds. Counts as a wrong one until
    /// [`Gate::right`] says otherwise, so that many at once are no way around.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn knock(&self, name: &str, now: Timestamp) -> Result<(), i64> {
        let mut state = self.state();
        state
            .wrong
            .retain(|at| at.seconds_until(now) < WINDOW_SECONDS);
        state
            .names
            .retain(|_, tries| tries.last.seconds_until(now) < WINDOW_SECONDS);
        let key = hash(&name.trim().to_lowercase());
        let tries = state.names.get(&key).copied();
        let left = tries.map_or(0, |tries| {
            wait_seconds(tries.wrong).saturating_sub(tries.last.seconds_until(now).max(0))
        });
        if left > 0 {
            return Err(left);
        }
        if state.wrong.len() >= TRIES_OVERALL_MAX {
            let first = state.wrong.first().map_or(0, |at| at.seconds_until(now));
            return Err(WINDOW_SECONDS
                .saturating_sub(first)
                .clamp(1, WINDOW_SECONDS));
        }
        state.wrong.push(now);
        let wrong = tries.map_or(0, |tries| tries.wrong).saturating_add(1);
        state.names.insert(key, Tries { wrong, last: now });
        Ok(())
    }

    /// The passphrase was right: what its name had is forgotten.
    pub fn right(&self, name: &str) {
        let mut state = self.state();
        let tries = state.names.remove(&hash(&name.trim().to_lowercase()));
        let forgotten = tries.map_or(0, |tries| tries.wrong);
        for _ in 0..forgotten {
            state.wrong.pop();
        }
    }

    /// A place for one verification. `None` when the station ends.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Twice as long after each further wrong one.
fn wait_seconds(wrong: u32) -> i64 {
    match wrong.checked_sub(FREE_TRIES_PER_NAME) {
        None => 0,
        Some(over) => 2_i64
            .checked_pow(over.saturating_add(1))
            .map_or(WAIT_SECONDS_MAX, |seconds| seconds.min(WAIT_SECONDS_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn a_name_waits_longer_and_longer_and_never_for_good() {
        let (gate, mut now, mut waited) = (Gate::default(), START, Vec::new());
        for _ in 0..12 {
            if let Err(seconds) = gate.knock("Anna", now) {
                waited.push(seconds);
                now = now.plus_seconds(seconds);
                assert_eq!(gate.knock(" anna ", now), Ok(()), "after {seconds} s");
            }
        }
        assert_eq!(waited, [2, 4, 8, 16, 32, 60, 60]);
        // Somebody else does not wait for it, and nor does Anna who knows it.
        assert_eq!(gate.knock("berta", now), Ok(()));
        gate.right("anna");
        assert_eq!(gate.knock("anna", now), Ok(()));
    }

    #[test]
    fn many_names_wait_together() {
        let gate = Gate::default();
        for name in 0..TRIES_OVERALL_MAX {
            assert_eq!(gate.knock(&name.to_string(), START), Ok(()));
        }
        assert_eq!(gate.knock("another", START), Err(WINDOW_SECONDS));
        let later = START.plus_seconds(WINDOW_SECONDS);
        assert_eq!(gate.knock("another", later), Ok(()));
    }

    #[test]
    fn whoever_is_right_costs_nobody_anything() {
        let gate = Gate::default();
        for _ in 0..3 * TRIES_OVERALL_MAX {
            assert_eq!(gate.knock("anna", START), Ok(()));
            gate.right("anna");
        }
    }
}
