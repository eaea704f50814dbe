//! Real keys: who arrives where, who leaves, and opening one. Events are hints; what is reported is what a scan then saw.
//!
//! Two threads wait for hints (udev for /dev/hidraw, PC/SC for readers), a third compares scans and reports. A key that
//! shows itself as HID and as a smart card is reported once, as HID.

mod hotplug;
mod ports;
mod readers;
mod sighting;
pub mod survey;
mod usb;

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::domain::fault::Fault;
use crate::port::{Attendant, Authenticator, KeyEvent, Keys, Place};

use super::hid::Hid;
use super::hid::device::HidrawReports;
use super::key::Key;
use super::pcsc::Nfc;
use super::pcsc::card::PcscCard;

use self::readers::Lookout;
use self::sighting::{Card, HidKey, Sighting, Whereabouts, events};

/// A scan without any hint: udev and PC/SC both lose events now and then.
const RESCAN_MILLIS: u64 = 2000;
/// A fresh node belongs to root until the udev rules have run.
const OPEN_MILLIS: u64 = 50;
const OPEN_TRIES_MAX: u32 = 20;

/// What to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// USB keys.
    pub hid: bool,
    pub readers: ReaderChoice,
}

/// Which smart-card and NFC readers count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderChoice {
    None,
    All,
    /// Those whose name contains one of these.
    Named(Vec<String>),
}

impl ReaderChoice {
    fn admits(&self, reader: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Named(parts) => parts.iter().any(|part| reader.contains(part.as_str())),
        }
    }
}

/// [`Keys`] over USB HID and PC/SC.
pub struct Hardware {
    watched: Watched,
    seen: Arc<Mutex<Sighting>>,
    stop: Arc<AtomicBool>,
    /// Wakes the reporting threads when the value is dropped.
    hints: Mutex<Vec<Sender<Hint>>>,
}

/// What led to a look, for the log: where keys are found in turn that nobody announced, the announcements do not come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Announced,
    /// It was time to look anyway.
    Turn,
}

/// Why to look again.
enum Hint {
    Hid(Cause),
    /// All cards; and whether they may have lain there for long, unseen while the service was away.
    Cards(Vec<Card>, bool),
    Stop,
}

impl Hardware {
    /// Nothing is opened or watched yet.
    pub fn new(watched: Watched) -> Self {
        Self {
            watched,
            seen: Arc::default(),
            stop: Arc::default(),
            hints: Mutex::default(),
        }
    }

    fn scan_hid(&self) -> Result<Vec<HidKey>, Fault> {
        if self.watched.hid {
            usb::fido_devices()
        } else {
            Ok(Vec::new())
        }
    }

    fn find(&self, place: &Place) -> Result<Whereabouts, Fault> {
        if let Some(found) = lock(&self.seen).get(place) {
            return Ok(found.clone());
        }
        let cards = Lookout::new(self.watched.readers.clone()).look_once();
        sighting::merge(self.scan_hid()?, &cards)
            .remove(place)
            .ok_or(Fault::KeyGone)
    }

    fn start(
        &self,
        cards: Vec<Card>,
        lookout: Lookout,
        sink: Box<dyn FnMut(KeyEvent) -> bool + Send>,
    ) -> Result<(), Fault> {
        let (hints, inbox) = mpsc::channel();
        let threadless = |error| Fault::Internal {
            what: format!("no thread: {error}"),
        };
        if self.watched.hid {
            let (hints, stop) = (hints.clone(), Arc::clone(&self.stop));
            thread::Builder::new()
                .name("keys-hid".to_owned())
                .spawn(move || hotplug::wait(&stop, |cause| hints.send(Hint::Hid(cause)).is_ok()))
                .map_err(threadless)?;
        }
        if self.watched.readers != ReaderChoice::None {
            let (hints, stop) = (hints.clone(), Arc::clone(&self.stop));
            thread::Builder::new()
                .name("keys-readers".to_owned())
                .spawn(move || {
                    lookout.watch(&stop, |cards, found| {
                        hints.send(Hint::Cards(cards, found)).is_ok()
                    })
                })
                .map_err(threadless)?;
        }
        let reporter = Reporter {
            hid: self.watched.hid,
            cards,
            found: false,
            seen: Arc::clone(&self.seen),
            sink,
        };
        thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || reporter.run(&inbox))
            .map_err(threadless)?;
        self.hints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(hints);
        Ok(())
    }
}

impl Keys for Hardware {
    fn watch(&self, mut sink: Box<dyn FnMut(KeyEvent) -> bool + Send>) -> Result<(), Fault> {
        if !self.watched.hid && self.watched.readers == ReaderChoice::None {
            return Err(Fault::Transport {
                what: "neither USB keys nor readers are to be watched".to_owned(),
            });
        }
        let mut lookout = Lookout::new(self.watched.readers.clone());
        let cards = lookout.look_once();
        let blind = lookout.is_away().then(|| KeyEvent::Blind {
            why: "readers are not seen: the smart-card service is not running (`systemctl start pcscd`)"
                .to_owned(),
        });
        if !blind.into_iter().all(&mut sink) {
            return Ok(());
        }
        let now = sighting::merge(self.scan_hid()?, &cards);
        *lock(&self.seen) = now.clone();
        for event in events(&Sighting::new(), &now, true) {
            if !sink(event) {
                return Ok(());
            }
        }
        self.start(cards, lookout, sink)
    }

    fn open(&self, place: &Place, attendant: Attendant) -> Result<Box<dyn Authenticator>, Fault> {
        match self.find(place)? {
            Whereabouts::Hid(key) => {
                let hid = Hid::open(open_node(&key)?, key.vendor_id, key.product)?;
                Ok(Box::new(Key::new(Box::new(hid), attendant)))
            }
            Whereabouts::Reader(card) => {
                let reader = CString::new(card.reader.as_str()).map_err(|_| Fault::Internal {
                    what: "a reader with a NUL in its name".to_owned(),
                })?;
                let nfc = Nfc::open(PcscCard::connect(&reader)?, card.reader)?;
                Ok(Box::new(Key::new(Box::new(nfc), attendant)))
            }
        }
    }
}

impl Drop for Hardware {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for hints in self
            .hints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            // A reporter that has ended already needs no telling.
            let _ = hints.send(Hint::Stop);
        }
    }
}

/// Tries again for a second: right after the arrival the rules of udev have not run yet.
fn open_node(key: &HidKey) -> Result<HidrawReports, Fault> {
    let mut tries = 0;
    loop {
        tries += 1;
        match HidrawReports::open(&key.node) {
            Err(Fault::Transport { .. }) if tries < OPEN_TRIES_MAX => {
                thread::sleep(Duration::from_millis(OPEN_MILLIS))
            }
            done => return done,
        }
    }
}

/// The thread that compares and tells.
struct Reporter {
    hid: bool,
    cards: Vec<Card>,
    /// The cards may have lain there for long, and nobody was told yet.
    found: bool,
    seen: Arc<Mutex<Sighting>>,
    sink: Box<dyn FnMut(KeyEvent) -> bool + Send>,
}

impl Reporter {
    fn run(mut self, inbox: &Receiver<Hint>) {
        loop {
            let hint = inbox.recv_timeout(Duration::from_millis(RESCAN_MILLIS));
            let cause = match hint {
                Ok(Hint::Hid(cause)) => cause,
                Err(RecvTimeoutError::Timeout) => Cause::Turn,
                Ok(Hint::Cards(cards, found)) => {
                    self.cards = cards;
                    self.found |= found;
                    Cause::Announced
                }
                Ok(Hint::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            };
            if !self.look(cause) {
                return;
            }
        }
    }

    /// Returns whether anybody still listens.
    fn look(&mut self, cause: Cause) -> bool {
        // Always both: a reader inside a USB key is often announced before its HID interface is.
        let hid = if self.hid {
            usb::fido_devices()
        } else {
            Ok(Vec::new())
        };
        let Ok(hid) = hid else {
            tracing::warn!("USB keys cannot be listed just now; trying again");
            return true;
        };
        let at_start = std::mem::take(&mut self.found);
        let now = sighting::merge(hid, &self.cards);
        let before = std::mem::replace(&mut *lock(&self.seen), now.clone());
        events(&before, &now, at_start).into_iter().all(|event| {
            tracing::debug!(?cause, ?event, "seen");
            (self.sink)(event)
        })
    }
}

fn lock(seen: &Mutex<Sighting>) -> MutexGuard<'_, Sighting> {
    // A map that is replaced whole is never half-written.
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
