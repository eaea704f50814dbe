//! The parts of a simulated key's board, one per trait that the firmware core asks for: randomness, clock, memory, touch
//! sensor and wire. None of them knows CTAP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opensk::api::clock::Clock;
use opensk::api::connection::{HidConnection, RecvStatus, UsbEndpoint};
use opensk::api::persist::{Persist, PersistIter};
use opensk::api::rng::{Rng, rand_core};
use opensk::api::user_presence::{UserPresence, UserPresenceError, UserPresenceWaitResult};
use opensk::ctap::status_code::{Ctap2StatusCode, CtapResult};
use rand::rngs::StdRng;

use super::key::{Body, Input, Mishap, Output, Shared, Touch};
use crate::port::Keepalive;

/// CTAPHID_KEEPALIVE with the bit that marks a first packet (CTAP 2.1 §11.2.9.1.8).
const KEEPALIVE: u8 = 0x80 | 0x3B;

/// A generator of this key alone, seeded by the operating system at each power-up.
pub(super) struct Randomness(pub(super) StdRng);

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
pub(super) struct SimulatedClock(pub(super) Arc<Shared>);

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
pub(super) struct Store {
    pub(super) shared: Arc<Shared>,
    pub(super) boot: u64,
    /// OpenSK takes a write that fails while it starts for broken hardware and gives up, so starting is not interrupted.
    pub(super) booting: bool,
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
pub(super) struct Sensor {
    pub(super) shared: Arc<Shared>,
    pub(super) boot: u64,
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
pub(super) struct Wire {
    pub(super) shared: Arc<Shared>,
    pub(super) boot: u64,
    /// The running command when whole messages are spoken, `None` when reports are.
    pub(super) number: Option<u64>,
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
pub(super) struct Nowhere;

impl std::fmt::Write for Nowhere {
    fn write_str(&mut self, _text: &str) -> std::fmt::Result {
        Ok(())
    }
}

/// Puts what the firmware says where a contact hears it.
pub(super) fn emit(shared: &Shared, boot: u64, output: Output) {
    shared.change(|body| {
        // What a key says after its power is gone, nobody hears.
        if body.runs(boot) {
            body.outbox.push_back(output);
        }
    });
}
