//! What the smart-card service believes to lie on its readers. A card that is lifted and put back between two looks of the service
//! is no new card to it, so whoever lays one waits until the service has seen the reader empty.
//!
//! It must have looked. When the program that used a card is killed, the service resets the card, and calls the reader empty when
//! that fails; but whoever looks there now and then was not told, and takes a card that is laid before the next look for the one
//! from before: nobody ever hears of it. Only a look counts on, so an empty reader has an even count of arrivals and departures.
//!
//! The service's address has to be in the environment before its client library is used, so the looking is done by a process of
//! its own: this test once more.

use std::ffi::CString;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use pcsc::{Context, ReaderState, Scope, State};

use crate::support::pcscd::{Pcscd, SOCKET_VARIABLE, reader_name};

/// How long the service may take to look, on the busiest machine.
const LOOK_MAX: Duration = Duration::from_secs(20);

/// What is seen of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    Card,
    /// It was called empty, but not looked at.
    Going,
    Empty,
}

impl Sight {
    fn of(state: &ReaderState) -> Self {
        match (
            state.event_state().contains(State::PRESENT),
            state.event_count().is_multiple_of(2),
        ) {
            (true, _) => Self::Card,
            (false, false) => Self::Going,
            (false, true) => Self::Empty,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Going => "going",
            Self::Empty => "empty",
        }
    }
}

/// Sees which readers have a card. Dropping it ends the looking.
pub(crate) struct Eyes {
    child: Child,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// By reader; nothing is known before the first look.
    sights: Mutex<Vec<Option<Sight>>>,
    changed: Condvar,
}

impl Eyes {
    /// Begins to look at the first `readers`.
    pub(crate) fn open(pcscd: &Pcscd, readers: u16) -> Self {
        let mut child = pcscd
            .command(std::env::current_exe().unwrap())
            .args(["--exact", "eyes::look", "--nocapture"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let seen = Arc::new(Seen {
            sights: Mutex::new(vec![None; readers.into()]),
            changed: Condvar::new(),
        });
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let notes = Arc::clone(&seen);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((reader, sight)) = heard(&line)
                    && let Some(place) = notes.sights.lock().unwrap().get_mut(reader)
                {
                    *place = Some(sight);
                    notes.changed.notify_all();
                }
            }
        });
        Self { child, seen }
    }

    /// What was seen of it last.
    pub(crate) fn look(&self, reader: u16) -> Option<Sight> {
        self.seen.sights.lock().unwrap()[usize::from(reader)]
    }

    /// Waits until the service has looked and sees no card on this reader.
    pub(crate) fn wait_until_empty(&self, reader: u16) {
        let seen = self.wait(reader, Sight::Empty, LOOK_MAX);
        assert!(seen, "reader {reader} does not become empty");
    }

    /// Waits so long until the service sees a card on this reader.
    pub(crate) fn sees_a_card(&self, reader: u16, patience: Duration) -> bool {
        self.wait(reader, Sight::Card, patience)
    }

    fn wait(&self, reader: u16, sight: Sight, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut sights = self.seen.sights.lock().unwrap();
        while sights[usize::from(reader)] != Some(sight) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            sights = self.seen.changed.wait_timeout(sights, left).unwrap().0;
        }
        true
    }
}

impl Drop for Eyes {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn heard(line: &str) -> Option<(usize, Sight)> {
    let (reader, what) = line.split_once(' ')?;
    let mut sights = [Sight::Card, Sight::Going, Sight::Empty].into_iter();
    let sight = sights.find(|sight| sight.word() == what)?;
    Some((reader.parse().ok()?, sight))
}

/// The process that looks; in any other run there is nothing to do.
#[test]
fn look() {
    if std::env::var_os(SOCKET_VARIABLE).is_none() {
        return;
    }
    let context = Context::establish(Scope::User).unwrap();
    let known = context.list_readers_owned().unwrap().len();
    let mut states: Vec<_> = (0..u16::try_from(known).unwrap())
        .map(|reader| {
            let name = CString::new(reader_name(reader)).unwrap();
            ReaderState::new(name, State::UNAWARE)
        })
        .collect();
    loop {
        context.get_status_change(None, &mut states).unwrap();
        for (reader, state) in states.iter_mut().enumerate() {
            if state.event_state().contains(State::CHANGED) {
                println!("{reader} {}", Sight::of(state).word());
            }
            state.sync_current_state();
        }
    }
}
