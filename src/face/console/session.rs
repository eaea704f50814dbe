//! Who is signed in. Held in memory alone: whoever ends the station ends every session. A browser holds a random token, the
//! station only its hash.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::account::{Account, AccountName};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::Entropy;

/// More than a hall full of people; the one that was used least recently gives way.
pub const SESSIONS_MAX: usize = 500;
/// Bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Characters of what a browser calls itself.
const AGENT_CHARACTERS_MAX: usize = 120;

type Hash = [u8; 32];

/// A number for a session, for lists: it opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// How long a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds without a sign of life.
    pub idle_seconds: i64,
    /// Seconds from the sign-in, whatever happens.
    pub life_seconds: i64,
}

/// A moment by two clocks. The wall clock may be set back, and the steady one stands still while the computer sleeps; so what has an
/// end is over as soon as one of them says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub wall: Timestamp,
    pub steady: Instant,
}

impl Moment {
    /// Whole seconds from here to `later`, by the clock that counted more of them.
    pub(super) fn seconds_until(self, later: Self) -> i64 {
        let steady = later.steady.saturating_duration_since(self.steady);
        let steady = i64::try_from(steady.as_secs()).unwrap_or(i64::MAX);
        self.wall.seconds_until(later.wall).max(steady)
    }

    /// The later one, by each clock.
    fn max(self, other: Self) -> Self {
        Self {
            wall: self.wall.max(other.wall),
            steady: self.steady.max(other.steady),
        }
    }
}

impl From<Timestamp> for Moment {
    /// This very moment, which the wall clock calls so.
    fn from(wall: Timestamp) -> Self {
        let steady = Instant::now();
        Self { wall, steady }
    }
}

/// Somebody with a session.
#[derive(Clone, Debug)]
pub struct Guest {
    pub session: SessionId,
    pub account: Account,
    /// What every form of this session carries.
    pub csrf: String,
    /// Away from the desk: nothing but the passphrase opens it.
    pub locked: bool,
}

/// One session, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub session: SessionId,
    pub name: AccountName,
    pub begun: Timestamp,
    pub used: Timestamp,
    pub locked: bool,
    /// What the browser calls itself. Text from outside.
    pub agent: String,
}

struct Session {
    guest: Guest,
    begun: Moment,
    used: Moment,
    agent: String,
}

#[derive(Default)]
struct State {
    open: BTreeMap<Hash, Session>,
    last: u64,
}

/// All sessions.
pub struct Sessions {
    limits: Limits,
    state: Mutex<State>,
}

/// The hash of a token, which is all that is kept of it.
pub(super) fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

/// A token that nobody guesses: 256 bits.
///
/// # Errors
/// When the system has no randomness.
pub(super) fn draw(entropy: &dyn Entropy) -> Result<Zeroizing<String>, Fault> {
    let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
    entropy.fill(bytes.as_mut_slice())?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// Compared without an early exit.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

impl Sessions {
    /// None yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
        }
    }

    /// Begins a session and returns its token, which is never shown again.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn begin(
        &self,
        account: Account,
        agent: &str,
        entropy: &dyn Entropy,
        now: impl Into<Moment>,
    ) -> Result<Zeroizing<String>, Fault> {
        let now = now.into();
        let token = draw(entropy)?;
        let csrf = draw(entropy)?.to_string();
        let mut state = self.tidied(now);
        if state.open.len() >= SESSIONS_MAX {
            let idlest = state
                .open
                .iter()
                .min_by_key(|(_, session)| session.used.steady);
            if let Some(idlest) = idlest.map(|(hash, _)| *hash) {
                state.open.remove(&idlest);
            }
        }
        state.last = state.last.saturating_add(1);
        let session = Session {
            guest: Guest {
                session: SessionId(state.last),
                account,
                csrf,
                locked: false,
            },
            begun: now,
            used: now,
            agent: agent.chars().take(AGENT_CHARACTERS_MAX).collect(),
        };
        state.open.insert(hash(&token), session);
        Ok(token)
    }

    /// Whose token this is, while its session lives. A sign of life.
    pub fn guest(&self, token: &str, now: impl Into<Moment>) -> Option<Guest> {
        let now = now.into();
        let mut state = self.tidied(now);
        let session = state.open.get_mut(&hash(token))?;
        session.used = session.used.max(now);
        Some(session.guest.clone())
    }

    /// As [`Sessions::guest`], for what a window asks for by itself: no sign that somebody sits there.
    pub(super) fn guest_unseen(&self, token: &str, now: impl Into<Moment>) -> Option<Guest> {
        let state = self.tidied(now.into());
        let session = state.open.get(&hash(token))?;
        Some(session.guest.clone())
    }

    /// Whose session this is, while it lives, locked or not. No sign of life.
    pub(super) fn still(&self, session: SessionId, now: impl Into<Moment>) -> Option<Guest> {
        of(&mut self.tidied(now.into()), session).map(|session| session.guest.clone())
    }

    /// The account of a session, as it was when the session began.
    pub(super) fn account(&self, session: SessionId) -> Option<Account> {
        of(&mut self.state(), session).map(|session| session.guest.account.clone())
    }

    /// Whether a session lives and is open. `active`: somebody works, which is a sign of life although nobody clicks.
    pub fn lives(&self, session: SessionId, active: bool, now: impl Into<Moment>) -> bool {
        let now = now.into();
        let mut state = self.tidied(now);
        let found = of(&mut state, session);
        found.is_some_and(|session| {
            if active {
                session.used = session.used.max(now);
            }
            !session.guest.locked
        })
    }

    /// Locks a session, or opens it again.
    pub fn lock(&self, session: SessionId, locked: bool) {
        if let Some(session) = of(&mut self.state(), session) {
            session.guest.locked = locked;
        }
    }

    /// Ends a session. `false` when it was over already.
    pub fn end(&self, session: SessionId) -> bool {
        let mut state = self.state();
        let before = state.open.len();
        state.open.retain(|_, open| open.guest.session != session);
        state.open.len() < before
    }

    /// The sessions that live, the one that was used last first.
    pub fn list(&self, now: impl Into<Moment>) -> Vec<Listed> {
        let mut list: Vec<Listed> = self
            .tidied(now.into())
            .open
            .values()
            .map(|session| Listed {
                session: session.guest.session,
                name: session.guest.account.name.clone(),
                begun: session.begun.wall,
                used: session.used.wall,
                locked: session.guest.locked,
                agent: session.agent.clone(),
            })
            .collect();
        list.sort_by_key(|session| std::cmp::Reverse((session.used, session.session)));
        list
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one call, so a panicked writer leaves a whole state behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state without the sessions that are over.
    fn tidied(&self, now: Moment) -> MutexGuard<'_, State> {
        let (mut state, limits) = (self.state(), self.limits);
        state.open.retain(|_, session| {
            session.used.seconds_until(now) < limits.idle_seconds
                && session.begun.seconds_until(now) < limits.life_seconds
        });
        state
    }
}

fn of(state: &mut State, session: SessionId) -> Option<&mut Session> {
    state
        .open
        .values_mut()
        .find(|open| open.guest.session == session)
}

#[cfg(test)]
mod tests;
