//! OpenSK on a thread: the environment that the firmware core asks for, and its main loop.
//!
//! The core decides everything that CTAP says; this file only puts a board around it. The firmware thread holds no
//! reference that would keep its key powered.

use std::sync::Arc;

use opensk::api::crypto::software_crypto::SoftwareCrypto;
use opensk::api::customization::CustomizationImpl;
use opensk::api::key_store;
use opensk::ctap::main_hid::MainHid;
use opensk::ctap::{Channel, CtapState};
use opensk::env::Env;
use rand::rngs::StdRng;

use super::board::{Nowhere, Randomness, Sensor, SimulatedClock, Store, Wire, emit};
use super::key::{Input, Mishap, Output, Shared};

/// The channel of whole messages. CTAPHID numbers its channels from 1, so it meets none of them.
const MESSAGE_CHANNEL: [u8; 4] = [0x4B, 0x4C, 0x00, 0x00];

/// Marks the first packet of a message (CTAP 2.1 §11.2.4), and CTAPHID_CBOR as it stands in one (§11.2.9.1.2).
const FIRST_PACKET: u8 = 0x80;
const CBOR: u8 = 0x90;

/// What getInfo gives as firmwareVersion (CTAP 2.1 §6.4, 0x0E): the version of this simulation.
const FIRMWARE_VERSION: u64 = 1;

/// Runs the firmware until the power of this time is gone.
pub(super) fn run(shared: &Arc<Shared>, boot: u64, rng: StdRng) {
    let mut env = Simulation::new(shared, boot, rng);
    let mut state = CtapState::new(&mut env);
    let mut hid = MainHid::default();
    let mut spoken = None;
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
                if let [_, _, _, _, kind @ FIRST_PACKET..=u8::MAX, _, _, command, ..] = report {
                    spoken = (kind == CBOR).then_some(command);
                    if befalls(shared, spoken.map(Mishap::BeforeCommand)) {
                        return;
                    }
                }
                env.wire.number = None;
                let replies = hid.process_hid_packet(&mut env, &report, false, &mut state);
                let mut replies = replies.peekable();
                // A message is answered when its last packet has come.
                let answered = replies.peek().and(spoken);
                if befalls(shared, answered.map(Mishap::AfterCommand)) {
                    return;
                }
                for reply in replies {
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
