//! The operator's hands: lay, lift and put back cards as the slots say, and take another key where one is laid aside. They
//! never choose; whatever they do, a line of the program told them to.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use keyline::practice::authenticator::{SimulatedKey, Touch};

use crate::eyes::Sight;
use crate::many::Hall;
use crate::support::vpcd::VirtualCard;

/// The service looks several times in this time.
const UNSEEN_MAX: Duration = Duration::from_secs(3);
const SIGN_IN_MAX: Duration = Duration::from_secs(30);

/// A key, and what it takes to make another one from its memory.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) key: SimulatedKey,
    pub(crate) number: u32,
}

/// One slot of the bench: a reader, the key that belongs there, and whether it lies there.
struct Slot {
    reader: u16,
    key: Option<Known>,
    card: Option<VirtualCard>,
    laid: Instant,
    /// Its person has their key.
    done: bool,
}

/// The hands, and all keys that they ever took from the box.
pub(crate) struct Hands<'a> {
    hall: &'a Hall,
    slots: Vec<Slot>,
    /// Keys of which was told whose they are, by envelope: laid aside, they may be wanted back.
    told: BTreeMap<String, Known>,
    pub(crate) taken: Vec<Known>,
}

impl<'a> Hands<'a> {
    /// Hands for so many slots, of which the first is this reader.
    pub(crate) fn new(hall: &'a Hall, reader: u16, slots: usize) -> Self {
        let slots = (reader..)
            .take(slots)
            .map(|reader| Slot {
                reader,
                key: None,
                card: None,
                laid: Instant::now(),
                done: false,
            })
            .collect();
        Self {
            hall,
            slots,
            told: BTreeMap::new(),
            taken: Vec::new(),
        }
    }

    /// Does what a line asks for.
    pub(crate) fn obey(&mut self, line: &str) {
        if line.contains("The station is ready") {
            for at in 0..self.slots.len() {
                self.lay(at);
            }
            return;
        }
        let Some((at, words)) = told(line) else {
            return;
        };
        if at >= self.slots.len() {
            return;
        }
        if let (Some(envelope), Some(known)) = (owner(words), &self.slots[at].key) {
            self.told.insert(envelope.to_owned(), known.clone());
        }
        if words.starts_with("put the key back") {
            // Also one that was done: its letter is made anew.
            self.slots[at].done = false;
            if let Some(known) = envelope(words).and_then(|number| self.told.get(number).cloned()) {
                self.fetch(at, known);
            }
            self.lay(at);
        } else if words.starts_with("insert a key") {
            self.lay(at);
        } else if words.starts_with("key into bag") || words.starts_with("first bag") {
            self.lift(at);
            self.slots[at].done = true;
        } else if words.starts_with("lift") || words.starts_with("wrong key") {
            self.lift(at);
        } else if words.starts_with("lay this key aside") || words.starts_with("type: wipe") {
            // A key that tells no serial and whose PIN stands in the job file cannot prove whose it is: another one will do.
            self.lift(at);
            self.slots[at].key = None;
        } else if words.starts_with("done") {
            self.slots[at].done = true;
        }
    }

    /// Takes this key in hand for a slot, wherever it is.
    fn fetch(&mut self, at: usize, known: Known) {
        for other in 0..self.slots.len() {
            let here = self.slots[other].key.as_ref();
            if other != at && here.is_some_and(|here| here.number == known.number) {
                self.lift(other);
                self.slots[other].key = None;
            }
        }
        if self.slots[at].card.is_none() {
            self.slots[at].key = Some(known);
        }
    }

    /// A card that the service does not see is laid down once more, as anybody would.
    pub(crate) fn tend(&mut self) {
        for at in 0..self.slots.len() {
            let slot = &self.slots[at];
            let unseen = self.hall.eyes.look(slot.reader) != Some(Sight::Card);
            if slot.card.is_some() && unseen && slot.laid.elapsed() > UNSEEN_MAX {
                self.lift(at);
                self.lay(at);
            }
        }
    }

    /// The station is down: everybody takes their hands and keys off the bench.
    pub(crate) fn clear(&mut self) {
        for at in 0..self.slots.len() {
            self.lift(at);
        }
    }

    /// Lays this key on a slot's reader, for whoever signs in, and tells which that is.
    pub(crate) fn lay_for_sign_in(&mut self, at: usize, known: &Known) -> u16 {
        let until = Instant::now() + SIGN_IN_MAX;
        self.lift(at);
        self.slots[at].key = Some(known.clone());
        self.slots[at].done = false;
        self.lay(at);
        let reader = self.slots[at].reader;
        while !self.hall.eyes.sees_a_card(reader, UNSEEN_MAX * 2) {
            assert!(until > Instant::now(), "pcscd does not see the card");
            self.tend();
        }
        reader
    }

    fn lay(&mut self, at: usize) {
        let slot = &self.slots[at];
        if slot.card.is_some() || slot.done {
            return;
        }
        let known = match &self.slots[at].key {
            Some(known) => known.clone(),
            None => self.take(),
        };
        let slot = &mut self.slots[at];
        self.hall.eyes.wait_until_empty(slot.reader);
        let card = self.hall.pcscd.lay(slot.reader, known.key.clone());
        slot.card = Some(card.unwrap());
        slot.laid = Instant::now();
        slot.key = Some(known);
    }

    fn lift(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        let powered = slot
            .key
            .as_ref()
            .is_some_and(|known| known.key.is_plugged());
        if slot.card.is_some() && powered {
            // The service gave it power, so it will be told of soon; only then does "empty" mean that it is gone.
            self.hall.eyes.sees_a_card(slot.reader, UNSEEN_MAX);
        }
        slot.card = None;
    }

    /// How the bench looks, for the message of a failure.
    pub(crate) fn describe(&self) -> String {
        let slots = self.slots.iter().map(|slot| {
            format!(
                "reader {}: a card is laid: {}, it has power: {:?}, the service sees it: {:?}",
                slot.reader,
                slot.card.is_some(),
                slot.key.as_ref().map(|known| known.key.is_plugged()),
                self.hall.eyes.look(slot.reader)
            )
        });
        slots.collect::<Vec<_>>().join("; ")
    }

    /// A fresh key from the box.
    fn take(&mut self) -> Known {
        let number = u32::try_from(self.taken.len()).unwrap() + 1;
        let key = self.hall.maker.make(number).unwrap();
        key.set_touch(Touch::After(Duration::ZERO));
        let known = Known { key, number };
        self.taken.push(known.clone());
        known
    }
}

/// Which slot (from 0) is told what, if the line is about one.
fn told(line: &str) -> Option<(usize, &str)> {
    let (_, rest) = line.split_once("  slot ")?;
    let (number, words) = rest.split_once(": ")?;
    Some((number.trim().parse::<usize>().ok()?.checked_sub(1)?, words))
}

/// The envelope of whom the key in the slot belongs to, if that is told.
fn owner(words: &str) -> Option<&str> {
    words
        .split_once("already belongs to ")
        .and_then(|(_, rest)| envelope(rest))
}

/// The number of the first envelope that is named.
fn envelope(words: &str) -> Option<&str> {
    let (_, rest) = words.split_once("envelope ")?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
    Some(rest.split_at(end.unwrap_or(rest.len())).0)
}

#[test]
fn a_slots_words_are_heard() {
    let line = "11:02:33  slot 2: insert a key";
    assert_eq!(told(line), Some((1, "insert a key")));
    assert_eq!(told("11:02:33  The station is ready"), None);
}

#[test]
fn whose_a_key_is_and_whose_is_wanted_is_heard() {
    let aside = "lay this key aside. This key already belongs to Jürgen Müller, envelope 0001. Then take another key.";
    assert_eq!(owner(aside), Some("0001"));
    let wrong = "wrong key: lift it (Jürgen Müller, envelope 0001). This key already belongs to Emily Carter, envelope 0002. Put back the one for Jürgen Müller.";
    assert_eq!(owner(wrong), Some("0002"));
    let wanted = "put the key back (Jürgen Müller, envelope 0001). It is the key for Jürgen Müller, envelope 0001.";
    assert_eq!((owner(wanted), envelope(wanted)), (None, Some("0001")));
}
