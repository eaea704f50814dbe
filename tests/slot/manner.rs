//! Manners of firmware that the core at hand does not have, put over it: the transport of one key whose answers are changed where
//! another make answers otherwise. Scripted, so it proves only that the station copes with what is scripted here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ciborium::Value;
use keyline::domain::authenticator::{Attachment, Serial};
use keyline::domain::fault::Fault;
use keyline::port::{CancelFlag, Conduct, Keepalive, Repowered, Transport};
use keyline::practice::authenticator::{SimulatedKey, Touch};

/// Command bytes (CTAP 2.1 §6).
const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;
const GET_INFO: u8 = 0x04;
const CLIENT_PIN: u8 = 0x06;
const RESET: u8 = 0x07;

/// Status bytes (§8.2).
const OPERATION_DENIED: u8 = 0x27;
const NO_CREDENTIALS: u8 = 0x2E;
const USER_ACTION_TIMEOUT: u8 = 0x2F;
const PIN_INVALID: u8 = 0x31;
const PIN_POLICY_VIOLATION: u8 = 0x37;

/// clientPIN getPINRetries under protocol 2 (§6.5.5.2), as the canonical map {1: 2, 2: 1}.
const GET_PIN_RETRIES: [u8; 6] = [CLIENT_PIN, 0xA2, 0x01, 0x02, 0x02, 0x01];
/// What the counter says after a right PIN.
const RETRIES_FULL: i64 = 8;

/// What comes when the person does not want to touch the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declined {
    /// OPERATION_DENIED, as the core says it.
    Says,
    /// Keepalives for 30 s, then USER_ACTION_TIMEOUT.
    TimesOut,
    /// Keepalives, and then nothing at all.
    Blinks,
    /// Nothing at all.
    Mute,
}

/// How a key behaves where makes differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// The right PIN while a change is forced is answered with PIN_POLICY_VIOLATION, not with PIN_INVALID.
    pub(crate) forced_is_policy: bool,
    /// A reset is taken after other commands too, within the window.
    pub(crate) resets_after_others: bool,
    pub(crate) declined: Declined,
    /// The person declines the first reset and the first passkey.
    pub(crate) declines_first: bool,
    pub(crate) tells_serial: bool,
    /// As with credProtect level 3: no passkey is shown without a PIN.
    pub(crate) hides_passkeys: bool,
    /// getInfo says longTouchForReset.
    pub(crate) long_touch: bool,
}

impl Manner {
    /// The core's own manner, on USB: nobody can take the power in software.
    pub(crate) const CORE: Self = Self {
        forced_is_policy: false,
        resets_after_others: false,
        declined: Declined::Says,
        declines_first: false,
        tells_serial: true,
        hides_passkeys: false,
        long_touch: false,
    };
}

/// The manners of keys, by the serial that is printed on them, and which first touches were declined.
#[derive(Clone, Default)]
pub(crate) struct Manners(Arc<Mutex<BTreeMap<Serial, Body>>>);

struct Body {
    key: SimulatedKey,
    manner: Manner,
    declined: BTreeSet<u8>,
}

impl Manners {
    /// From now on `key` behaves so.
    pub(crate) fn teach(&self, key: &SimulatedKey, manner: Manner) {
        let body = Body {
            key: key.clone(),
            manner,
            declined: BTreeSet::new(),
        };
        let serial = key.serial().expect("every simulated key has one printed");
        self.0.lock().unwrap().insert(serial, body);
    }

    /// The transport to a key that was just opened. One that was taught nothing has the core's manner.
    pub(crate) fn over(&self, mut inner: Box<dyn Transport>) -> Box<dyn Transport> {
        let serial = inner.serial().ok().flatten();
        Box::new(Mannered {
            inner,
            manners: self.clone(),
            serial,
            others: false,
        })
    }
}

struct Mannered {
    inner: Box<dyn Transport>,
    manners: Manners,
    /// As printed, whatever the key tells.
    serial: Option<Serial>,
    /// Another command than getInfo came since the power did.
    others: bool,
}

impl Mannered {
    fn manner(&self) -> Manner {
        let bodies = self.manners.0.lock().unwrap();
        let body = self.serial.as_ref().and_then(|serial| bodies.get(serial));
        body.map_or(Manner::CORE, |body| body.manner)
    }

    /// Tells the key's sensor what the person does, where the first touch of each kind is to be declined.
    fn set_sensor(&self, command: u8) {
        let bodies = self.manners.0.lock().unwrap();
        let body = self.serial.as_ref().and_then(|serial| bodies.get(serial));
        if let Some(body) = body.filter(|body| body.manner.declines_first) {
            let touch = if body.declined.contains(&command) {
                Touch::After(Duration::ZERO)
            } else {
                Touch::Deny
            };
            body.key.set_touch(touch);
        }
    }

    fn note_declined(&self, command: u8) {
        let mut bodies = self.manners.0.lock().unwrap();
        let body = self
            .serial
            .as_ref()
            .and_then(|serial| bodies.get_mut(serial));
        if let Some(body) = body {
            body.declined.insert(command);
        }
    }

    /// The core refused because the touch was declined: what this make does instead.
    fn declined(&self, conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        let mut blink = || (conduct.on_keepalive)(Keepalive::UserPresenceNeeded);
        match self.manner().declined {
            Declined::Says => Ok(vec![OPERATION_DENIED]),
            Declined::TimesOut => {
                blink();
                Ok(vec![USER_ACTION_TIMEOUT])
            }
            Declined::Blinks => {
                blink();
                Err(Fault::KeyMute)
            }
            Declined::Mute => Err(Fault::KeyMute),
        }
    }

    /// Asks the core something that the station did not ask.
    fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>, Fault> {
        self.inner.exchange(
            request,
            &mut Conduct {
                deadline: std::time::Instant::now() + Duration::from_secs(20),
                cancel: &CancelFlag::default(),
                on_keepalive: &mut |_| {},
            },
        )
    }

    /// Whether the core has just refused the right PIN, because of a forced change.
    fn refused_the_right_pin(&mut self) -> bool {
        let (Ok(info), Ok(retries)) = (self.ask(&[GET_INFO]), self.ask(&GET_PIN_RETRIES)) else {
            return false;
        };
        member(&info, 0x0C) == Some(Value::Bool(true))
            && member(&retries, 0x03) == Some(Value::from(RETRIES_FULL))
    }
}

impl Transport for Mannered {
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        let (manner, command) = (self.manner(), request[0]);
        if command == GET_ASSERTION && manner.hides_passkeys {
            self.others = true;
            return Ok(vec![NO_CREDENTIALS]);
        }
        if matches!(command, RESET | MAKE_CREDENTIAL) {
            self.set_sensor(command);
        }
        if command == RESET && self.others && manner.resets_after_others {
            // The core would refuse; so it gets its power anew.
            self.inner.repower()?;
        }
        self.others |= !matches!(command, GET_INFO | RESET);
        let answer = self.inner.exchange(request, conduct)?;
        match (command, answer.first().copied()) {
            (RESET | MAKE_CREDENTIAL, Some(OPERATION_DENIED)) => {
                self.note_declined(command);
                self.declined(conduct)
            }
            (CLIENT_PIN, Some(PIN_INVALID))
                if manner.forced_is_policy && self.refused_the_right_pin() =>
            {
                Ok(vec![PIN_POLICY_VIOLATION])
            }
            (GET_INFO, Some(0)) if manner.long_touch => Ok(with_long_touch(&answer)),
            _ => Ok(answer),
        }
    }

    fn attachment(&self) -> Attachment {
        Attachment::Hid
    }

    fn product(&self) -> String {
        self.inner.product()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        let told = self.inner.serial()?;
        Ok(told.filter(|_| self.manner().tells_serial))
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        Ok(Repowered::NotHere)
    }
}

/// One member of the map in an answer.
fn member(answer: &[u8], number: i64) -> Option<Value> {
    let map: Value = ciborium::from_reader(answer.get(1..)?).ok()?;
    let members = map.into_map().ok()?;
    let mut found = members.into_iter();
    found.find_map(|(key, value)| (key == Value::from(number)).then_some(value))
}

/// getInfo with longTouchForReset (CTAP 2.2 §6.4, 0x18).
fn with_long_touch(answer: &[u8]) -> Vec<u8> {
    let map: Value = ciborium::from_reader(&answer[1..]).expect("a map");
    let mut members = map.into_map().expect("a map");
    let long_touch = Value::from(0x18);
    members.retain(|(key, _)| *key != long_touch);
    members.push((long_touch, Value::Bool(true)));
    members.sort_by_key(|(key, _)| key.as_integer().map_or(0, i128::from));
    let mut changed = vec![0];
    ciborium::into_writer(&Value::Map(members), &mut changed).expect("memory");
    changed
}
