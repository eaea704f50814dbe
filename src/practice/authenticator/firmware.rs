//! OpenSK on a thread: the environment that the firmware core asks for, and its main loop.
//!
//! The core decides everything that CTAP says; this file only gives it randomness, time, memory, a touch sensor and
//! a wire. The firmware thread holds no reference that would keep its key powered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opensk::api::clock::Clock;
use opensk::api::connection::{HidConnection, RecvStatus, UsbEndpoint};
use opensk::api::crypto::software_crypto::SoftwareCrypto;
use opensk::api::customization::CustomizationImpl;
use opensk::api::key_store;
use opensk::api::persist::{Persist, PersistIter};
use opensk::api::rng::{Rng, rand_core};
use opensk::api::user_presence::{UserPresence, UserPresenceError, UserPresenceWaitResult};
use opensk::ctap::main_hid::MainHid;
use opensk::ctap::status_code::{Ctap2StatusCode, CtapResult};
use opensk::ctap::{Channel, CtapState};
use opensk::env::Env;
use rand::rngs::StdRng;

use super::key::{Body, Input, Mishap, Output, Shared, Touch};
use crate::port::Keepalive;

/// The channel of whole messages. CTAPHID numbers its channels from 1, so it meets none of them.
const MESSAGE_CHANNEL: [u8; 4] = [0x4B, 0x4C, 0x00, 0x00];

/// What getInfo gives as firmwareVersion (CTAP 2.1 §6.4, 0x0E): the version of this simulation.
const FIRMWARE_VERSION: u64 = 1;

/// CTAPHID_KEEPALIVE with the bit that marks a first packet (CTAP 2.1 §11.2.9.1.8).
const KEEPALIVE: u8 = 0x80 | 0x3B;

/// Runs the firmware until the power of this time is gone.
pub(super) fn run(shared: &Arc<Shared>, boot: u64, rng: StdRng) {
    let mut env = Simulation::new(shared, boot, rng);
    let mut state = CtapState::new(&mut env);
    let mut hid = MainHid::default();
    env.store.booting = false;
    shared.change(|body| body.started = body.started.max(boot));
    while let Some(input) = next(shared, boot) {
        match input {
            // Nothing waits for a touch now, so there is nothing to end (CTAP 2.1 §11.2.9.1.5).
            Input::Cancel => {}
            Input::Command { number, request } => {
                let command = request.first().copied();
                if befalls(shared, command.map(Mishap::BeforeCommand)) {
                    return;
                }
                env.wire.number = Some(number);
                let answer =
                    state.process_command(&mut env, &request, Channel::MainHid(MESSAGE_CHANNEL));
                if befalls(shared, command.map(Mishap::AfterCommand)) {
                    return;
                }
                emit(shared, boot, Output::Answer { number, answer });
            }
            Input::Report(report) => {
                env.wire.number = None;
                for reply in hid.process_hid_packet(&mut env, &report, false, &mut state) {
                    emit(shared, boot, Output::Report(reply));
                }
            }
        }
    }
}

fn next(shared: &Shared, boot: u64) -> Option<Input> {
    shared.wait_long(|body| {
        if body.runs(boot) {
            body.inbox.pop_front().map(Some)
        } else {
            Some(None)
        }
    })
}

fn emit(shared: &Shared, boot: u64, output: Output) {
    shared.change(|body| {
        // What a key says after its power is gone, nobody hears.
        if body.runs(boot) {
            body.outbox.push_back(output);
        }
    });
}

/// Lets the arranged mishap happen when it is this one.
fn befalls(shared: &Shared, mishap: Option<Mishap>) -> bool {
    let now = shared.change(|body| {
        let now = body.mishap.is_some() && body.mishap == mishap;
        if now {
            body.mishap = None;
        }
        now
    });
    if now {
        shared.cut();
    }
    now
}

/// Everything OpenSK asks of the board it runs on.
struct Simulation {
    rng: Randomness,
    sensor: Sensor,
    store: Store,
    clock: SimulatedClock,
    wire: Wire,
    customization: CustomizationImpl,
}

impl Simulation {
    fn new(shared: &Arc<Shared>, boot: u64, rng: StdRng) -> Self {
        Self {
            rng: Randomness(rng),
            sensor: Sensor {
                shared: Arc::clone(shared),
                boot,
            },
            store: Store {
                shared: Arc::clone(shared),
                boot,
                booting: true,
            },
            clock: SimulatedClock(Arc::clone(shared)),
            wire: Wire {
                shared: Arc::clone(shared),
                boot,
                number: None,
            },
            customization: shared.passport.model.customization(),
        }
    }
}

impl key_store::Helper for Simulation {}

impl Env for Simulation {
    type Rng = Randomness;
    type UserPresence = Sensor;
    type Persist = Store;
    type KeyStore = Self;
    type Write = Nowhere;
    type Customization = CustomizationImpl;
    type HidConnection = Wire;
    type Clock = SimulatedClock;
    type Crypto = SoftwareCrypto;

    fn rng(&mut self) -> &mut Self::Rng {
        &mut self.rng
    }

    fn user_presence(&mut self) -> &mut Self::UserPresence {
        &mut self.sensor
    }

    fn persist(&mut self) -> &mut Self::Persist {
        &mut self.store
    }

    fn key_store(&mut self) -> &mut Self::KeyStore {
        self
    }

    fn clock(&mut self) -> &mut Self::Clock {
        &mut self.clock
    }

    fn write(&mut self) -> Self::Write {
        Nowhere
    }

    fn customization(&self) -> &Self::Customization {
        &self.customization
    }

    fn hid_connection(&mut self) -> &mut Self::HidConnection {
        &mut self.wire
    }

    fn boots_after_soft_reset(&self) -> bool {
        false
    }

    fn firmware_version(&self) -> Option<u64> {
        Some(FIRMWARE_VERSION)
    }
}

/// A generator of this key alone, seeded by the operating system at each power-up.
struct Randomness(StdRng);

impl rand_core::RngCore for Randomness {
    fn next_u32(&mut self) -> u32 {
        rand::Rng::next_u32(&mut self.0)
    }

    fn next_u64(&mut self) -> u64 {
        rand::Rng::next_u64(&mut self.0)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        rand::Rng::fill_bytes(&mut self.0, bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        rand::Rng::fill_bytes(&mut self.0, bytes);
        Ok(())
    }
}

impl rand_core::CryptoRng for Randomness {}

impl Rng for Randomness {}

/// The monotonic clock, moved ahead as far as somebody asked.
struct SimulatedClock(Arc<Shared>);

impl SimulatedClock {
    fn now(&self) -> Instant {
        Instant::now() + self.0.lock().clock_ahead
    }
}

impl Clock for SimulatedClock {
    /// When it expires; the default has expired.
    type Timer = Option<Instant>;

    fn make_timer(&mut self, milliseconds: usize) -> Self::Timer {
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        self.now().checked_add(Duration::from_millis(milliseconds))
    }

    fn is_elapsed(&mut self, timer: &Self::Timer) -> bool {
        timer.is_none_or(|end| self.now() >= end)
    }
}

/// The key's memory, as long as there is power to write it.
struct Store {
    shared: Arc<Shared>,
    boot: u64,
    /// OpenSK takes a write that fails while it starts for broken hardware and gives up, so starting is not interrupted.
    booting: bool,
}

impl Store {
    fn write(&self, act: impl FnOnce(&mut Body) -> CtapResult<()>) -> CtapResult<()> {
        let (result, cut) = self.shared.change(|body| {
            if !self.booting && !body.runs(self.boot) {
                return (
                    Err(Ctap2StatusCode::CTAP2_ERR_VENDOR_HARDWARE_FAILURE),
                    false,
                );
            }
            let result = act(body);
            let cut = match body.mishap {
                Some(Mishap::AfterWrites(left)) if !self.booting => {
                    body.mishap = left.checked_sub(1).map(Mishap::AfterWrites);
                    left <= 1
                }
                Some(_) | None => false,
            };
            if cut {
                body.mishap = None;
            }
            (result, cut)
        });
        if cut {
            self.shared.cut();
        }
        result
    }
}

impl Persist for Store {
    fn find(&self, key: usize) -> CtapResult<Option<Vec<u8>>> {
        self.shared.lock().memory.find(key)
    }

    fn insert(&mut self, key: usize, value: &[u8]) -> CtapResult<()> {
        self.write(|body| body.memory.insert(key, value))
    }

    fn remove(&mut self, key: usize) -> CtapResult<()> {
        self.write(|body| body.memory.remove(key))
    }

    fn iter(&self) -> CtapResult<PersistIter<'_>> {
        let keys: Vec<_> = self.shared.lock().memory.iter()?.collect();
        Ok(Box::new(keys.into_iter()))
    }
}

/// The touch sensor. While it waits it also listens, because CANCEL comes the same way as everything else.
struct Sensor {
    shared: Arc<Shared>,
    boot: u64,
}

/// What ends a stretch of waiting for a touch.
enum Stirring {
    Touched,
    Declined,
    Cancelled,
    Heard([u8; 64]),
}

impl Sensor {
    fn stirs(boot: u64, body: &mut Body) -> Option<Stirring> {
        if !body.runs(boot) {
            return Some(Stirring::Cancelled);
        }
        match body.inbox.pop_front() {
            Some(Input::Cancel) => return Some(Stirring::Cancelled),
            Some(Input::Report(report)) => return Some(Stirring::Heard(report)),
            // Whole messages come one after another; a second one waits its turn.
            Some(command @ Input::Command { .. }) => body.inbox.push_front(command),
            None => {}
        }
        let since = body.blinking_since?;
        match body.touch {
            Touch::After(delay) if since.elapsed() >= delay => Some(Stirring::Touched),
            Touch::ByHand if body.pressed => Some(Stirring::Touched),
            Touch::Deny => Some(Stirring::Declined),
            Touch::After(_) | Touch::ByHand | Touch::Never => None,
        }
    }

    /// When to look again: at the end of the stretch, or when the touch is due.
    fn look_again(&self, end: Instant) -> Instant {
        let body = self.shared.lock();
        match (body.touch, body.blinking_since) {
            (Touch::After(delay), Some(since)) => {
                since.checked_add(delay).map_or(end, |due| due.min(end))
            }
            (Touch::After(_) | Touch::ByHand | Touch::Deny | Touch::Never, _) => end,
        }
    }
}

impl UserPresence for Sensor {
    fn check_init(&mut self) {
        self.shared.change(|body| {
            body.pressed = false;
            body.blinking_since = Some(Instant::now());
        });
    }

    fn wait_with_timeout(
        &mut self,
        packet: &mut [u8; 64],
        timeout_ms: usize,
    ) -> UserPresenceWaitResult {
        let timeout = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(u64::MAX));
        let end = Instant::now() + timeout;
        let stirring = loop {
            let until = self.look_again(end);
            let seen = self.shared.wait(until, |body| Self::stirs(self.boot, body));
            if seen.is_some() || Instant::now() >= end {
                break seen;
            }
        };
        Ok(match stirring {
            Some(Stirring::Touched) => (Ok(()), RecvStatus::Timeout),
            Some(Stirring::Declined) => (Err(UserPresenceError::Declined), RecvStatus::Timeout),
            Some(Stirring::Cancelled) => (Err(UserPresenceError::Canceled), RecvStatus::Timeout),
            Some(Stirring::Heard(report)) => {
                *packet = report;
                (
                    Err(UserPresenceError::Timeout),
                    RecvStatus::Received(UsbEndpoint::MainHid),
                )
            }
            None => (Err(UserPresenceError::Timeout), RecvStatus::Timeout),
        })
    }

    fn check_complete(&mut self) {
        self.shared.change(|body| {
            if body.runs(self.boot) {
                body.pressed = false;
                body.blinking_since = None;
            }
        });
    }
}

/// Where the firmware sends what it says while a command runs: keepalives, and "busy" to other channels.
struct Wire {
    shared: Arc<Shared>,
    boot: u64,
    /// The running command when whole messages are spoken, `None` when reports are.
    number: Option<u64>,
}

impl HidConnection for Wire {
    fn send(&mut self, report: &[u8; 64], _endpoint: UsbEndpoint) -> CtapResult<()> {
        let [_, _, _, _, kind, _, _, status, ..] = *report;
        match self.number {
            None => emit(&self.shared, self.boot, Output::Report(*report)),
            Some(number) if kind == KEEPALIVE => {
                let why = if status == 0x02 {
                    Keepalive::UserPresenceNeeded
                } else {
                    Keepalive::Processing
                };
                emit(&self.shared, self.boot, Output::Keepalive { number, why });
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn recv(&mut self, _report: &mut [u8; 64], _timeout_ms: usize) -> CtapResult<RecvStatus> {
        // The core receives through the sensor while it waits, and through its caller otherwise.
        Ok(RecvStatus::Timeout)
    }
}

/// Takes the firmware's debug text, of which there is none in this build.
struct Nowhere;

impl std::fmt::Write for Nowhere {
    fn write_str(&mut self, _text: &str) -> std::fmt::Result {
        Ok(())
    }
}
