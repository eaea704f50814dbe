//! Keeps people from trying passphrases by the thousand: whoever was wrong a few times waits. It never locks an account for good,
//! and whoever floods the sign-in keeps nobody from it who has signed in here before: then anybody could lock out the
//! administrator.
//!
//! # Why
//! Each of these is counted for itself: a name, a browser that once signed in under it, a locked screen. Only strangers drain
//! what there is for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::session::{Moment, SessionId, draw, hash};
use crate::domain::fault::Fault;
use crate::port::Entropy;

/// Wrong passphrases in one count before it has to wait.
const FREE_TRIES: u32 = 5;
/// Wrong passphrases for a locked screen before its session is over, and of a known browser before it is a stranger again. Nobody
/// has more tries by having both.
const TRIES_OF_ONE_MAX: u32 = 10;
/// Wrong passphrases of all strangers together, at once.
const STRANGERS_TRIES_MAX: i64 = 60;
/// Seconds after which they have one more.
const STRANGERS_TRY_SECONDS: i64 = 10;
/// Seconds that a wrong passphrase is remembered.
const WINDOW_SECONDS: i64 = 600;
/// Seconds that one count waits at most.
const WAIT_SECONDS_MAX: i64 = 60;
/// Seconds between two lines in the log about wrong passphrases.
const TELL_SECONDS: i64 = 60;
/// Each holds 19 MiB of memory and half a second of one core; so many at a time leave the station its own.
const STRANGERS_AT_A_TIME: usize = 2;
/// Those who are known do not stand in line behind strangers.
const KNOWN_AT_A_TIME: usize = 1;
/// Browsers that are known; the one that signed in longest ago gives way.
const DEVICES_MAX: usize = 1000;
/// Names that one browser is known for.
const NAMES_OF_A_DEVICE_MAX: usize = 32;
/// Pages of the bench, and all others, that wait for something at a time. What blocks the one kind never stops the other, and
/// together they leave threads to the guard.
const BENCH_AT_A_TIME: usize = 6;
const OFFICE_AT_A_TIME: usize = 6;
/// Bodies larger than an ordinary form that are taken in at a time: each lies in memory whole.
const UPLOADS_AT_A_TIME: usize = 2;

type Key = [u8; 32];

/// Who tries.
#[derive(Clone, Copy)]
pub(super) enum Whom<'a> {
    /// Somebody at the sign-in page; `device` is what their browser has in its cookie.
    Name {
        name: &'a str,
        device: Option<&'a str>,
    },
    /// Somebody before a locked screen.
    Locked(SessionId),
}

/// One that may try now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Try {
    key: Key,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Stranger,
    Device { token: Key, name: Key },
    Locked,
}

/// What blocks threads.
#[derive(Clone, Copy)]
pub(super) enum Line {
    Bench,
    Office,
}

#[derive(Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Moment,
}

struct Device {
    /// Hashes, as of all names.
    names: BTreeSet<Key>,
    last: Moment,
}

#[derive(Default)]
struct State {
    /// By a hash: whatever is typed as a name may be a passphrase that went into the wrong field.
    counts: BTreeMap<Key, Tries>,
    devices: BTreeMap<Key, Device>,
    /// What strangers have spent of their tries, and since when it is given back.
    spent: i64,
    since: Option<Moment>,
    untold: u64,
    told: Option<Moment>,
}

/// The gate before every passphrase, and before whatever blocks.
pub struct Gate {
    state: Mutex<State>,
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
    bench: Arc<Semaphore>,
    office: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
}

/// A place in memory for a large body, kept for as long as anybody holds it.
pub(super) type UploadPlace = Arc<OwnedSemaphorePermit>;

impl Default for Gate {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            state: Mutex::default(),
            strangers: places(STRANGERS_AT_A_TIME),
            known: places(KNOWN_AT_A_TIME),
            bench: places(BENCH_AT_A_TIME),
            office: places(OFFICE_AT_A_TIME),
            uploads: places(UPLOADS_AT_A_TIME),
        }
    }
}

impl Gate {
    /// Whether a passphrase may be tried now; otherwise after how many seconds. Counts as a wrong one until [`Gate::right`] says
    /// otherwise, so that many at once are no way around.
    ///
    /// # Errors
    /// The seconds to wait.
    pub(super) fn knock(&self, whom: Whom<'_>, now: impl Into<Moment>) -> Result<Try, i64> {
        let now = now.into();
        let mut state = self.state();
        state
            .counts
            .retain(|_, tries| tries.last.seconds_until(now) < WINDOW_SECONDS);
        let this = state.who(whom);
        let tries = state.counts.get(&this.key).copied();
        let left = tries.map_or(0, |tries| {
            wait_seconds(tries.wrong).saturating_sub(tries.last.seconds_until(now).max(0))
        });
        if left > 0 {
            return Err(left);
        }
        if this.kind == Kind::Stranger {
            state.spend(now)?;
        }
        let wrong = tries.map_or(0, |tries| tries.wrong).saturating_add(1);
        state.counts.insert(this.key, Tries { wrong, last: now });
        Ok(this)
    }

    /// The passphrase was right: what was counted of whoever tried is forgotten, and nothing of anybody else.
    pub(super) fn right(&self, this: Try) {
        let mut state = self.state();
        state.counts.remove(&this.key);
        if this.kind == Kind::Stranger {
            state.spent = state.spent.saturating_sub(1).max(0);
        }
    }

    /// The passphrase was wrong. `false` when there were so many wrong ones that whoever tried has to sign in as a stranger does.
    pub(super) fn wrong(&self, this: Try) -> bool {
        let mut state = self.state();
        let tries = state.counts.get(&this.key).map_or(0, |tries| tries.wrong);
        if tries < TRIES_OF_ONE_MAX {
            return true;
        }
        match this.kind {
            Kind::Stranger => true,
            Kind::Locked => false,
            Kind::Device { token, name } => {
                if let Some(device) = state.devices.get_mut(&token) {
                    device.names.remove(&name);
                }
                false
            }
        }
    }

    /// Somebody signed in as `name` in the browser with this cookie; returns what its cookie is to be, when it is to be another.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(super) fn remember(
        &self,
        name: &str,
        device: Option<&str>,
        entropy: &dyn Entropy,
        now: impl Into<Moment>,
    ) -> Result<Option<Zeroizing<String>>, Fault> {
        let (name, now) = (key_of(name), now.into());
        let mut state = self.state();
        let known = device.and_then(|token| state.devices.get_mut(&hash(token)));
        if let Some(known) = known
            && (known.names.len() < NAMES_OF_A_DEVICE_MAX || known.names.contains(&name))
        {
            known.names.insert(name);
            known.last = now;
            return Ok(None);
        }
        let token = draw(entropy)?;
        if state.devices.len() >= DEVICES_MAX {
            let oldest = state.devices.iter();
            let oldest = oldest.min_by_key(|(_, device)| device.last.steady);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                state.devices.remove(&oldest);
            }
        }
        let names = BTreeSet::from([name]);
        state
            .devices
            .insert(hash(&token), Device { names, last: now });
        Ok(Some(token))
    }

    /// Counts something for the log. How many there were since the last line, when it is time for another.
    pub(super) fn tell(&self, now: impl Into<Moment>) -> Option<u64> {
        let now = now.into();
        let mut state = self.state();
        state.untold = state.untold.saturating_add(1);
        let told = state.told.map(|told| told.seconds_until(now));
        if told.is_some_and(|seconds| seconds < TELL_SECONDS) {
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.untold))
    }

    /// A place for one verification, to be held until it is done. `None` when the station ends.
    pub(super) async fn place(&self, this: Option<Try>) -> Option<OwnedSemaphorePermit> {
        let stranger = this.is_none_or(|this| this.kind == Kind::Stranger);
        let places = if stranger {
            &self.strangers
        } else {
            &self.known
        };
        Arc::clone(places).acquire_owned().await.ok()
    }

    /// A place for what blocks a thread, to be held by it until it is done, whoever waits for it or has gone. `None` when the
    /// station ends.
    pub(super) async fn turn(&self, line: Line) -> Option<OwnedSemaphorePermit> {
        let places = match line {
            Line::Bench => &self.bench,
            Line::Office => &self.office,
        };
        Arc::clone(places).acquire_owned().await.ok()
    }

    /// A place for a large body, if one is free: nobody stands in line for it with a body in hand.
    pub(super) fn upload(&self) -> Option<UploadPlace> {
        let place = Arc::clone(&self.uploads).try_acquire_owned().ok()?;
        Some(Arc::new(place))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn who(&self, whom: Whom<'_>) -> Try {
        let (name, device) = match whom {
            Whom::Locked(SessionId(session)) => {
                return Try {
                    key: hash(&format!("session {session}")),
                    kind: Kind::Locked,
                };
            }
            Whom::Name { name, device } => (key_of(name), device),
        };
        let token = device.map(hash);
        let known = token.filter(|token| {
            let device = self.devices.get(token);
            device.is_some_and(|device| device.names.contains(&name))
        });
        match known {
            None => Try {
                key: name,
                kind: Kind::Stranger,
            },
            Some(token) => {
                let mut key = token;
                for (byte, of_name) in key.iter_mut().zip(name) {
                    *byte ^= of_name;
                }
                let kind = Kind::Device { token, name };
                Try { key, kind }
            }
        }
    }

    /// Takes one of the strangers' tries.
    fn spend(&mut self, now: Moment) -> Result<(), i64> {
        let since = *self.since.get_or_insert(now);
        let seconds = since.seconds_until(now).max(0);
        let back = seconds / STRANGERS_TRY_SECONDS;
        self.spent = self.spent.saturating_sub(back).max(0);
        if back > 0 || self.spent == 0 {
            self.since = Some(now);
        }
        if self.spent >= STRANGERS_TRIES_MAX {
            return Err(STRANGERS_TRY_SECONDS.saturating_sub(seconds).max(1));
        }
        self.spent = self.spent.saturating_add(1);
        Ok(())
    }
}

fn key_of(name: &str) -> Key {
    hash(&format!("name {}", name.trim().to_lowercase()))
}

/// Twice as long after each further wrong one.
fn wait_seconds(wrong: u32) -> i64 {
    match wrong.checked_sub(FREE_TRIES) {
        None => 0,
        Some(over) => 2_i64
            .checked_pow(over.saturating_add(1))
            .map_or(WAIT_SECONDS_MAX, |seconds| seconds.min(WAIT_SECONDS_MAX)),
    }
}

#[cfg(test)]
mod tests;
