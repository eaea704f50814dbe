//! A bench with places for simulated keys, and what the station sees of it. It moves no key by itself.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::key::SimulatedKey;
use super::transport::PracticeTransport;
use crate::domain::authenticator::Attachment;
use crate::domain::fault::Fault;
use crate::port::{Attendant, Authenticator, KeyEvent, Keys, Place, Transport};

/// Builds the command layer over a transport. Handed in, because the command layer is an adapter and practice knows none.
pub type Assemble =
    Box<dyn Fn(Box<dyn Transport>, Attendant) -> Box<dyn Authenticator> + Send + Sync>;

/// Places `practice:1` and so on, and the keys in them. Clones are the same bench.
#[derive(Clone)]
pub struct Bench(Arc<Mutex<Desk>>);

#[derive(Default)]
struct Desk {
    places: BTreeMap<Place, Option<SimulatedKey>>,
    watchers: BTreeMap<u64, Sender<KeyEvent>>,
    watchers_ever: u64,
}

impl Desk {
    fn tell(&mut self, event: &KeyEvent) {
        self.watchers
            .retain(|_, watcher| watcher.send(event.clone()).is_ok());
    }
}

impl Bench {
    /// An empty bench with so many places.
    pub fn new(places: u16) -> Self {
        let places = (1..=places)
            .map(|number| (Self::place(number), None))
            .collect();
        Self(Arc::new(Mutex::new(Desk {
            places,
            ..Desk::default()
        })))
    }

    /// The place with this number, counted from 1.
    pub fn place(number: u16) -> Place {
        Place(format!("practice:{number}"))
    }

    /// All places.
    pub fn places(&self) -> Vec<Place> {
        self.desk().places.keys().cloned().collect()
    }

    /// The key at `place`, if one is there.
    pub fn key_at(&self, place: &Place) -> Option<SimulatedKey> {
        self.desk().places.get(place).cloned().flatten()
    }

    /// Puts `key` in `place`: it gets power, and whoever watches hears of it.
    ///
    /// # Errors
    /// [`Fault::Internal`] when there is no such place, when a key is there already, or when the key does not start.
    pub fn insert(&self, place: &Place, key: &SimulatedKey) -> Result<(), Fault> {
        if key.is_plugged() {
            return Err(misuse(place, "cannot take a key that has power elsewhere"));
        }
        match self.desk().places.get_mut(place) {
            Some(slot @ None) => *slot = Some(key.clone()),
            Some(Some(_)) => return Err(misuse(place, "holds a key already")),
            None => return Err(misuse(place, "is not on this bench")),
        }
        let desk = Arc::downgrade(&self.0);
        let from = place.clone();
        key.when_unplugged(Box::new(move || vacate(&desk, &from)));
        // A key that does not start gives notice as well, and its place is free again.
        key.plug()?;
        self.desk().tell(&KeyEvent::Arrived {
            place: place.clone(),
            attachment: Attachment::Practice,
            at_start: false,
        });
        Ok(())
    }

    /// Pulls whatever key is at `place` and returns it.
    pub fn pull(&self, place: &Place) -> Option<SimulatedKey> {
        let key = self.key_at(place)?;
        // The key's own notice clears the place, as it does when a mishap pulls the key.
        key.unplug();
        Some(key)
    }

    /// Pulls the key at `place` and puts it back: a power cycle by hand.
    ///
    /// # Errors
    /// As [`Bench::insert`]; [`Fault::KeyGone`] when no key is there.
    pub fn replug(&self, place: &Place) -> Result<(), Fault> {
        let key = self.pull(place).ok_or(Fault::KeyGone)?;
        self.insert(place, &key)
    }

    /// Pulls the key at `place`, puts `other` there, and returns the first.
    ///
    /// # Errors
    /// As [`Bench::insert`].
    pub fn swap(&self, place: &Place, other: &SimulatedKey) -> Result<Option<SimulatedKey>, Fault> {
        let first = self.pull(place);
        self.insert(place, other)?;
        Ok(first)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.0)
    }

    /// Begins to watch: the keys that are there, and a channel of what happens from this very moment on.
    fn attend(&self) -> (u64, Vec<KeyEvent>, Receiver<KeyEvent>) {
        let (sender, receiver) = channel();
        let mut desk = self.desk();
        desk.watchers_ever += 1;
        let number = desk.watchers_ever;
        desk.watchers.insert(number, sender);
        let there = desk
            .places
            .iter()
            .filter(|(_, key)| key.is_some())
            .map(|(place, _)| KeyEvent::Arrived {
                place: place.clone(),
                attachment: Attachment::Practice,
                at_start: true,
            })
            .collect();
        (number, there, receiver)
    }
}

/// A key has lost its power for good: its place is free.
fn vacate(desk: &Weak<Mutex<Desk>>, place: &Place) {
    let Some(desk) = desk.upgrade() else { return };
    let mut desk = lock(&desk);
    let gone = desk.places.get_mut(place).and_then(Option::take);
    if gone.is_some() {
        desk.tell(&KeyEvent::Left {
            place: place.clone(),
        });
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn misuse(place: &Place, what: &str) -> Fault {
    Fault::Internal {
        what: format!("practice bench: {} {what}", place.0),
    }
}

/// A bench as the station sees it.
pub struct PracticeKeys {
    bench: Bench,
    assemble: Assemble,
    watchers: Mutex<Vec<u64>>,
}

impl PracticeKeys {
    /// Shows `bench` to the station; `assemble` builds the command layer over each opened key.
    pub fn new(bench: Bench, assemble: Assemble) -> Self {
        Self {
            bench,
            assemble,
            watchers: Mutex::default(),
        }
    }
}

impl Keys for PracticeKeys {
    fn watch(&self, mut sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        let (number, there, events) = self.bench.attend();
        self.watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(number);
        let (told, all_told) = channel();
        std::thread::Builder::new()
            .name("practice-watch".to_owned())
            .spawn(move || {
                let goes_on = there.into_iter().all(&mut sink);
                // Nobody waits any more when the watcher was dropped meanwhile.
                let _ = told.send(());
                while goes_on && events.recv().is_ok_and(&mut sink) {}
            })
            .map_err(|error| Fault::Internal {
                what: format!("no thread to watch the practice bench: {error}"),
            })?;
        all_told.recv().map_err(|_| Fault::Internal {
            what: "the practice bench's watcher ended at once".to_owned(),
        })
    }

    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        let key = self.bench.key_at(place).ok_or(Fault::KeyGone)?;
        let transport = PracticeTransport::open(&key)?;
        Ok((self.assemble)(Box::new(transport), attendant))
    }
}

impl Drop for PracticeKeys {
    fn drop(&mut self) {
        let numbers =
            std::mem::take(&mut *self.watchers.lock().unwrap_or_else(PoisonError::into_inner));
        let mut desk = self.bench.desk();
        for number in numbers {
            desk.watchers.remove(&number);
        }
    }
}
