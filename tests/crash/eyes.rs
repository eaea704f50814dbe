//! What the smart-card service believes to lie on its readers. A card that is lifted and put back between two looks of the service
//! is no new card to it, so whoever lays one waits until the service has seen the reader empty.
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

/// Sees which readers have a card. Dropping it ends the looking.
pub(crate) struct Eyes {
    child: Child,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// By reader; nothing is known before the first look.
    has_card: Mutex<Vec<Option<bool>>>,
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
            has_card: Mutex::new(vec![None; readers.into()]),
            changed: Condvar::new(),
        });
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let notes = Arc::clone(&seen);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((reader, card)) = heard(&line)
                    && let Some(place) = notes.has_card.lock().unwrap().get_mut(reader)
                {
                    *place = Some(card);
                    notes.changed.notify_all();
                }
            }
        });
        Self { child, seen }
    }

    /// Whether there is a card, as far as was seen.
    pub(crate) fn look(&self, reader: u16) -> Option<bool> {
        self.seen.has_card.lock().unwrap()[usize::from(reader)]
    }

    /// Waits until the service sees no card on this reader.
    pub(crate) fn wait_until_empty(&self, reader: u16) {
        let seen = self.wait(reader, false, LOOK_MAX);
        assert!(seen, "reader {reader} does not become empty");
    }

    /// Waits so long until the service sees a card on this reader.
    pub(crate) fn sees_a_card(&self, reader: u16, patience: Duration) -> bool {
        self.wait(reader, true, patience)
    }

    fn wait(&self, reader: u16, card: bool, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut has_card = self.seen.has_card.lock().unwrap();
        while has_card[usize::from(reader)] != Some(card) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            has_card = self.seen.changed.wait_timeout(has_card, left).unwrap().0;
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

fn heard(line: &str) -> Option<(usize, bool)> {
    let (reader, what) = line.split_once(' ')?;
    let card = match what {
        "card" => true,
        "empty" => false,
        _ => return None,
    };
    Some((reader.parse().ok()?, card))
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
                let card = state.event_state().contains(State::PRESENT);
                println!("{reader} {}", if card { "card" } else { "empty" });
            }
            state.sync_current_state();
        }
    }
}
