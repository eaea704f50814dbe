//! A key on the `opensk` core behind its own CTAPHID layer, on a thread of its own because the core is not `Send`.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use opensk::api::user_presence::UserPresenceError;
use opensk::env::Env;
use opensk::env::test::TestEnv;
use opensk::{Ctap, Transport as Endpoint};

use ciborium::Value;

use crate::adapter::ctap::cbor;
use crate::adapter::ctap::hid::{Hid, REPORT_BYTES, Reports};
use crate::adapter::ctap::key::Key;
use crate::domain::authenticator::{Attachment, Serial};
use crate::domain::fault::Fault;
use crate::port::{Conduct, Repowered, Transport};

use super::attendant;

type Work = Box<dyn FnOnce(&mut Ctap<TestEnv>) + Send>;

/// The running core. Clones speak to the same one.
#[derive(Clone)]
pub(super) struct Firmware(Sender<Work>);

/// What a person does when the key asks for a touch.
#[derive(Clone, Copy)]
pub(super) enum Touch {
    Given,
    Declined,
    Missing,
}

impl Firmware {
    pub(super) fn new() -> Self {
        let (work, inbox): (Sender<Work>, Receiver<Work>) = channel();
        thread::spawn(move || {
            let mut ctap = Ctap::new(TestEnv::default());
            inbox.into_iter().for_each(|work| work(&mut ctap));
        });
        Self(work)
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ctap<TestEnv>) -> T + Send + 'static,
    ) -> T {
        let (answer, wait) = channel();
        self.0
            .send(Box::new(move |ctap| answer.send(work(ctap)).unwrap()))
            .unwrap();
        wait.recv().unwrap()
    }

    pub(super) fn touch(&self, touch: Touch) {
        self.with(move |ctap| {
            let clock = Env::clock(ctap.env()).clone();
            Env::user_presence(ctap.env()).set(move || match touch {
                Touch::Given => Ok(()),
                Touch::Declined => Err(UserPresenceError::Declined),
                Touch::Missing => {
                    // The core asks again until its own clock says that the time is up.
                    clock.advance(1000);
                    Err(UserPresenceError::Timeout)
                }
            });
        });
    }

    pub(super) fn later(&self, milliseconds: usize) {
        self.with(move |ctap| Env::clock(ctap.env()).advance(milliseconds));
    }

    /// The key at the end of a CTAPHID pipe.
    pub(super) fn key(&self) -> Key {
        self.doctored_key(|_| {})
    }

    /// The same, its getInfo changed by `change`.
    pub(super) fn doctored_key(&self, change: fn(&mut Vec<(Value, Value)>)) -> Key {
        let pipe = Pipe {
            firmware: self.clone(),
            inbox: VecDeque::new(),
        };
        let hid = Hid::open(pipe, 0x1209, "a practice key".to_owned()).unwrap();
        Key::new(Box::new(Doctored { hid, change }), attendant())
    }
}

/// 64-byte reports to and from the core.
pub(in super::super) struct Pipe {
    firmware: Firmware,
    inbox: VecDeque<[u8; REPORT_BYTES]>,
}

impl Reports for Pipe {
    fn write(&mut self, report: &[u8; REPORT_BYTES]) -> Result<(), Fault> {
        let report = *report;
        let answer: Vec<_> = self.firmware.with(move |ctap| {
            ctap.process_hid_packet(&report, Endpoint::MainHid)
                .collect()
        });
        self.inbox.extend(answer);
        Ok(())
    }

    fn read(&mut self, _timeout: Duration) -> Result<Option<[u8; REPORT_BYTES]>, Fault> {
        // The core answers before a write returns: what is not there now never comes.
        Ok(self.inbox.pop_front())
    }
}

/// Changes what getInfo says, to make another model of the same core.
struct Doctored {
    hid: Hid<Pipe>,
    change: fn(&mut Vec<(Value, Value)>),
}

impl Transport for Doctored {
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        // A mute core would otherwise be waited for in a busy loop.
        conduct.deadline = conduct
            .deadline
            .min(Instant::now() + Duration::from_secs(5));
        let mut answer = self.hid.exchange(request, conduct)?;
        if request == [0x04] {
            let Ok(Value::Map(mut info)) = cbor::decode(&answer[1..]) else {
                panic!("getInfo is no map")
            };
            (self.change)(&mut info);
            answer.truncate(1);
            answer.extend(cbor::encode(&Value::Map(info))?);
        }
        Ok(answer)
    }

    fn attachment(&self) -> Attachment {
        self.hid.attachment()
    }

    fn product(&self) -> String {
        self.hid.product()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        self.hid.serial()
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.hid.repower()
    }
}
