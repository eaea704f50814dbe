//! One simulated key: its memory, its touch sensor, its power, and the queue between it and whoever talks to it.
//!
//! Nothing in here speaks CTAP; that is the firmware's part.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};

use super::firmware;
use super::making::Model;
use super::memory::Memory;
use crate::domain::authenticator::Serial;
use crate::domain::fault::Fault;
use crate::port::Keepalive;

/// How long the firmware may take to start, on the busiest machine.
const START_MAX: Duration = Duration::from_secs(20);

/// Who touches the key when it blinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Somebody does, so long after it began to blink.
    After(Duration),
    /// Somebody declines (CTAP2_ERR_OPERATION_DENIED).
    Deny,
    /// Nobody does; the firmware gives up after 30 s.
    Never,
    /// Whoever calls [`SimulatedKey::press`].
    ByHand,
}

/// A key that leaves its place at the worst moment, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Pulled when the next command with this CTAP command byte arrives: the key never sees it.
    BeforeCommand(u8),
    /// Pulled when a command with this CTAP command byte is done: nobody sees the answer.
    AfterCommand(u8),
    /// Pulled after so many more writes to its memory, in the middle of whatever they belong to.
    AfterWrites(u32),
}

/// A simulated authenticator. Clones are the same key; it loses its power with the last of them.
#[derive(Clone)]
pub struct SimulatedKey(Arc<Owner>);

impl SimulatedKey {
    pub(super) fn new(passport: Passport, memory: Memory) -> Self {
        Self(Arc::new(Owner(Arc::new(Shared {
            passport,
            body: Mutex::new(Body::new(memory)),
            changed: Condvar::new(),
            firmware: Mutex::default(),
        }))))
    }

    /// The serial number printed on it, whether or not the model tells it over the wire.
    pub fn serial(&self) -> Option<Serial> {
        self.shared().passport.serial.clone()
    }

    /// The model it is of.
    pub fn model(&self) -> &Model {
        &self.shared().passport.model
    }

    /// Gives it power and returns when the firmware runs, with its reset window open. A key that has power loses it first.
    ///
    /// # Errors
    /// [`Fault::Internal`] when the operating system gives no thread or no randomness.
    pub fn plug(&self) -> Result<(), Fault> {
        self.shared().power_on(false).map(|_| ())
    }

    /// Takes its power away. Whoever talks to it hears [`Fault::KeyGone`].
    pub fn unplug(&self) {
        self.shared().power_off();
    }

    /// Whether it has power.
    pub fn is_plugged(&self) -> bool {
        self.shared().lock().powered
    }

    /// From now on touches come from `touch`.
    pub fn set_touch(&self, touch: Touch) {
        self.shared().change(|body| body.touch = touch);
    }

    /// Touches the sensor. Returns whether the key was waiting for it; a touch at any other time does nothing.
    pub fn press(&self) -> bool {
        self.shared().change(|body| {
            body.pressed = body.blinking_since.is_some();
            body.pressed
        })
    }

    /// Waits until the key blinks for a touch. Returns `false` when it does not within `patience`.
    pub fn wait_for_blink(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        self.shared()
            .wait(until, |body| body.blinking_since.map(|_| ()))
            .is_some()
    }

    /// Moves the key's clock ahead, as though so much time had passed.
    pub fn shift_clock(&self, ahead: Duration) {
        self.shared().change(|body| body.clock_ahead += ahead);
    }

    /// Arranges for a mishap; it happens once.
    pub fn arrange(&self, mishap: Mishap) {
        self.shared().change(|body| body.mishap = Some(mishap));
    }

    /// A photograph of its memory. See [`super::Manufacturer::rebuild`].
    pub fn photograph(&self) -> Memory {
        self.shared().lock().memory.clone()
    }

    /// `notice` is called once, when the key next loses its power for good, from whatever thread took it.
    pub(super) fn when_unplugged(&self, notice: Box<dyn FnOnce() + Send>) {
        self.shared().change(|body| body.notice = Some(notice));
    }

    /// Whether `other` is this key.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.0
    }
}

impl std::fmt::Debug for SimulatedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SimulatedKey").field(&self.serial()).finish()
    }
}

/// What is printed on the key and never changes.
pub(super) struct Passport {
    pub(super) serial: Option<Serial>,
    pub(super) model: Model,
}

/// Takes the power from the key when nobody holds it any more, so that its thread ends.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.power_off();
    }
}

/// What goes to the firmware.
pub(super) enum Input {
    /// One whole CTAP message; answers carry the same number.
    Command { number: u64, request: Vec<u8> },
    /// One CTAPHID report.
    Report([u8; 64]),
    /// Ends a wait for a touch.
    Cancel,
}

/// What comes from the firmware.
pub(super) enum Output {
    Keepalive { number: u64, why: Keepalive },
    Answer { number: u64, answer: Vec<u8> },
    Report([u8; 64]),
}

/// The part of a key that its firmware, its contacts and its owner see.
pub(super) struct Shared {
    pub(super) passport: Passport,
    body: Mutex<Body>,
    changed: Condvar,
    firmware: Mutex<Option<JoinHandle<()>>>,
}

pub(super) struct Body {
    pub(super) memory: Memory,
    pub(super) touch: Touch,
    pub(super) pressed: bool,
    pub(super) blinking_since: Option<Instant>,
    pub(super) clock_ahead: Duration,
    pub(super) powered: bool,
    /// Counts the times it got power. A thread or a contact of an earlier time has no say any more.
    pub(super) boot: u64,
    /// The last boot whose firmware runs.
    pub(super) started: u64,
    pub(super) inbox: VecDeque<Input>,
    pub(super) outbox: VecDeque<Output>,
    /// Whether a contact holds it.
    pub(super) held: bool,
    pub(super) mishap: Option<Mishap>,
    notice: Option<Box<dyn FnOnce() + Send>>,
}

impl Body {
    fn new(memory: Memory) -> Self {
        Self {
            memory,
            touch: Touch::After(Duration::ZERO),
            pressed: false,
            blinking_since: None,
            clock_ahead: Duration::ZERO,
            powered: false,
            boot: 0,
            started: 0,
            inbox: VecDeque::new(),
            outbox: VecDeque::new(),
            held: false,
            mishap: None,
            notice: None,
        }
    }

    /// Whether the power of that time is still on.
    pub(super) fn runs(&self, boot: u64) -> bool {
        self.powered && self.boot == boot
    }

    fn go_dark(&mut self) {
        self.powered = false;
        self.held = false;
        self.pressed = false;
        self.blinking_since = None;
        self.inbox.clear();
        self.outbox.clear();
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Body> {
        // A panic elsewhere leaves queues and flags that are valid each for itself.
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and wakes whoever waits for a change.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut Body) -> T) -> T {
        let result = act(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `look` sees something, or until the moment comes.
    pub(super) fn wait<T>(
        &self,
        until: Instant,
        mut look: impl FnMut(&mut Body) -> Option<T>,
    ) -> Option<T> {
        let mut body = self.lock();
        loop {
            if let Some(seen) = look(&mut body) {
                return Some(seen);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            body = self
                .changed
                .wait_timeout(body, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Waits until `look` sees something, however long it takes. `look` must watch the power.
    pub(super) fn wait_long<T>(&self, mut look: impl FnMut(&mut Body) -> Option<T>) -> T {
        let mut body = self.lock();
        loop {
            if let Some(seen) = look(&mut body) {
                return seen;
            }
            body = self
                .changed
                .wait(body)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Starts the firmware anew and says which time this is. `held` keeps the key with the contact that asks.
    pub(super) fn power_on(self: &Arc<Self>, held: bool) -> Result<u64, Fault> {
        let rng = StdRng::try_from_rng(&mut SysRng).map_err(|error| Fault::Internal {
            what: format!("no randomness for a simulated key: {error}"),
        })?;
        self.change(Body::go_dark);
        self.await_firmware();
        let boot = self.change(|body| {
            body.boot += 1;
            body.powered = true;
            body.held = held;
            body.boot
        });
        let shared = Arc::clone(self);
        let firmware = std::thread::Builder::new()
            .name("practice-key".to_owned())
            .spawn(move || firmware::run(&shared, boot, rng))
            .map_err(|error| {
                self.power_off();
                Fault::Internal {
                    what: format!("no thread for a simulated key: {error}"),
                }
            })?;
        *self.firmware() = Some(firmware);
        // The reset window opens while the firmware starts: nobody shall move the clock or speak before that.
        self.wait(Instant::now() + START_MAX, |body| {
            (body.started >= boot || !body.runs(boot)).then_some(boot)
        })
        .ok_or_else(|| {
            self.cut();
            Fault::Internal {
                what: "the firmware of a simulated key does not start".to_owned(),
            }
        })
    }

    /// Takes the power away and returns when the firmware has stopped: from then on the memory stays as it is.
    pub(super) fn power_off(&self) {
        self.cut();
        self.await_firmware();
    }

    fn await_firmware(&self) {
        let firmware = self.firmware().take();
        if let Some(firmware) = firmware {
            // The last owner of a key may be let go by its own firmware, which cannot wait for itself.
            if firmware.thread().id() != std::thread::current().id() {
                // A panic there was reported there.
                let _ = firmware.join();
            }
        }
    }

    fn firmware(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.firmware.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the power away at this very moment, from whatever thread.
    pub(super) fn cut(&self) {
        let notice = self.change(|body| {
            body.go_dark();
            body.notice.take()
        });
        // Outside the lock: the notice may look at the key.
        if let Some(notice) = notice {
            notice();
        }
    }
}
