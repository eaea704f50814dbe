//! Watches smart-card and NFC readers through PC/SC: which of them hold a card. Survives a missing or restarted service.

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Context, Error, PNP_NOTIFICATION, ReaderState, Scope, State};

use super::ReaderChoice;
use super::ports::Ports;
use super::sighting::Card;

/// pcsc-lite takes 16 reader states in one call, and the notification of new readers is one of them.
const READERS_PER_CALL_MAX: usize = 15;
/// How long one call waits when it alone covers every reader.
const WAIT_MILLIS: u64 = 500;
/// The same when several calls take turns.
const TURN_MILLIS: u64 = 50;
/// Before the service is asked for again.
const RETRY_MILLIS: u64 = 1000;
/// Where a state has the reader's count of arrivals and departures: in its high word.
const COUNT_SHIFT: u32 = 16;

/// Watches the readers of `choice`.
pub(super) struct Lookout {
    choice: ReaderChoice,
    context: Option<Context>,
    /// One state per reader, as last told; the calls wait for a change from it.
    states: Vec<ReaderState>,
    ports: Ports,
    /// What each reader's count was when it was looked at first, if it was mute then.
    mute_from_the_first: HashMap<CString, Option<u32>>,
}

impl Lookout {
    pub(super) fn new(choice: ReaderChoice) -> Self {
        Self {
            choice,
            context: None,
            states: Vec::new(),
            ports: Ports::default(),
            mute_from_the_first: HashMap::new(),
        }
    }

    /// The cards that are there now; none when there is no service.
    pub(super) fn look_once(&mut self) -> Vec<Card> {
        if self.choice == ReaderChoice::None {
            return Vec::new();
        }
        self.look(Duration::ZERO).unwrap_or_else(|error| {
            tracing::warn!(%error, "no smart-card readers can be had just now");
            self.forget();
            Vec::new()
        })
    }

    /// Whether the smart-card service was not there at the last look.
    pub(super) fn is_away(&self) -> bool {
        self.choice != ReaderChoice::None && self.context.is_none()
    }

    /// Calls `report` with all cards after each change, until it returns `false` or `stop`; and with whether the service has
    /// only just been found: then what it shows may have lain there for long.
    pub(super) fn watch(
        mut self,
        stop: &AtomicBool,
        mut report: impl FnMut(Vec<Card>, bool) -> bool,
    ) {
        let mut told = None;
        while !stop.load(Ordering::SeqCst) {
            let found = self.context.is_none();
            let cards = self
                .look(Duration::from_millis(WAIT_MILLIS))
                .unwrap_or_else(|error| {
                    tracing::debug!(%error, "the smart-card service is away");
                    self.forget();
                    pause(stop);
                    // Without the service no card can be reached: to us they are gone.
                    Vec::new()
                });
            if told.as_ref() != Some(&cards) {
                told = Some(cards.clone());
                if !report(cards, found) {
                    return;
                }
            }
        }
    }

    fn forget(&mut self) {
        self.context = None;
        self.states.clear();
        self.ports.clear();
        self.mute_from_the_first.clear();
    }

    /// Waits up to `patience` for a change, and tells what is there then.
    fn look(&mut self, patience: Duration) -> Result<Vec<Card>, Error> {
        if self.context.is_none() {
            self.context = Some(Context::establish(Scope::User)?);
        }
        self.list()?;
        let Some(context) = &self.context else {
            return Err(Error::InvalidHandle);
        };
        let fresh = self
            .states
            .iter()
            .any(|state| state.current_state() == State::UNAWARE);
        let calls = self.states.len().div_ceil(READERS_PER_CALL_MAX);
        let patience = match calls {
            _ if fresh => Duration::ZERO,
            0 | 1 => patience,
            _ => patience.min(Duration::from_millis(TURN_MILLIS)),
        };
        if calls == 0 {
            ask(context, &mut [], patience)?;
        }
        for states in self.states.chunks_mut(READERS_PER_CALL_MAX) {
            ask(context, states, patience)?;
        }
        Ok(self.cards())
    }

    /// Brings the list of readers up to date. One that stays keeps its state.
    fn list(&mut self) -> Result<(), Error> {
        let Some(context) = &self.context else {
            return Err(Error::InvalidHandle);
        };
        let names = match context.list_readers_owned() {
            Ok(names) => names,
            Err(Error::NoReadersAvailable) => Vec::new(),
            Err(error) => return Err(error),
        };
        let admitted = |name: &CString| name.to_str().is_ok_and(|name| self.choice.admits(name));
        let names: Vec<CString> = names.into_iter().filter(admitted).collect();
        self.states
            .retain(|state| names.iter().any(|name| name.as_c_str() == state.name()));
        self.ports.retain(&names);
        self.mute_from_the_first
            .retain(|known, _| names.contains(known));
        for name in names {
            if !self
                .states
                .iter()
                .any(|state| state.name() == name.as_c_str())
            {
                self.states.push(ReaderState::new(name, State::UNAWARE));
            }
        }
        Ok(())
    }

    fn cards(&mut self) -> Vec<Card> {
        let mut cards = Vec::new();
        for state in &self.states {
            let now = state.event_state();
            // A key that is plugged in anew brings its reader back under the same name and at another address.
            if now.intersects(State::UNKNOWN | State::UNAVAILABLE) {
                self.ports.forget(state.name());
                self.mute_from_the_first.remove(state.name());
                continue;
            }
            if state.current_state() == State::UNAWARE {
                continue;
            }
            let (mute, count) = (now.contains(State::MUTE), state.event_count());
            let from_the_first = *self
                .mute_from_the_first
                .entry(state.name().to_owned())
                .or_insert_with(|| mute.then_some(count));
            // A card that does not answer its reset was laid badly, and whoever opens it gives it power once more. But some
            // readers say so of nothing at all, all day long: what was mute before anybody laid anything is no key. It stays none
            // when another program gives it power: it lay there before, and does not count until it was lifted.
            if !now.contains(State::PRESENT) || from_the_first == Some(count) {
                continue;
            }
            cards.push(Card {
                reader: state.name().to_string_lossy().into_owned(),
                count,
                port: self.ports.of(state.name()),
            });
        }
        cards
    }
}

/// One status call, with the notification of new readers in front.
fn ask(context: &Context, states: &mut [ReaderState], patience: Duration) -> Result<(), Error> {
    // Taken over and given back: the call wants one slice.
    let mut asked = vec![ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE)];
    asked.extend(
        states
            .iter()
            .map(|state| ReaderState::new(state.name(), known(state))),
    );
    let began = Instant::now();
    let mut answer = context.get_status_change(patience, &mut asked);
    // The notification of new readers answers at once when it is asked for the first time; that is no news.
    if answer.is_ok()
        && asked
            .iter()
            .skip(1)
            .all(|state| !state.event_state().contains(State::CHANGED))
    {
        asked.iter_mut().for_each(ReaderState::sync_current_state);
        answer = context.get_status_change(patience.saturating_sub(began.elapsed()), &mut asked);
    }
    match answer {
        Ok(()) => {
            for (state, told) in states.iter_mut().zip(asked.into_iter().skip(1)) {
                *state = told;
                state.sync_current_state();
            }
            Ok(())
        }
        // Nothing new, or a reader went away meanwhile: the next list shows it.
        Err(Error::Timeout | Error::UnknownReader) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The state as last told, with the count: without it a card that took another's place since then is no change.
fn known(state: &ReaderState) -> State {
    let count = pcsc::ffi::DWORD::from(state.event_count());
    State::from_bits_retain(state.current_state().bits() | count << COUNT_SHIFT)
}

fn pause(stop: &AtomicBool) {
    let until = Instant::now() + Duration::from_millis(RETRY_MILLIS);
    while !stop.load(Ordering::SeqCst) && Instant::now() < until {
        thread::sleep(Duration::from_millis(TURN_MILLIS));
    }
}
