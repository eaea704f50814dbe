//! The NFC face of a simulated key: APDUs as a reader passes them (CTAP 2.1 §11.3, ISO 7816-4). CTAP2 only, no U2F.
//!
//! It knows no reader; whoever owns the card (a test, through a virtual reader) hands in command APDUs one by one.

use std::time::{Duration, Instant};

use super::exchange::{Contact, Word};
use super::key::SimulatedKey;
use crate::domain::fault::Fault;
use crate::port::Keepalive;

/// What the card says when it is powered up: direct convention, T=0 and T=1, no historical bytes.
pub const ATR: [u8; 5] = [0x3B, 0x80, 0x80, 0x01, 0x01];

/// The FIDO applet (CTAP 2.1 §11.3.3).
const FIDO_AID: [u8; 8] = [0xA0, 0x00, 0x00, 0x06, 0x47, 0x2F, 0x00, 0x01];

/// What SELECT answers when an authenticator speaks CTAP2 alone (CTAP 2.1 §11.3.3).
const VERSION: &[u8] = b"FIDO_2_0";

/// How long a card that may answer "still at it" works before it says so.
const PATIENCE: Duration = Duration::from_millis(50);

/// The longest chained request; beyond it the card takes no more.
const REQUEST_BYTES_MAX: usize = 8192;

const OK: [u8; 2] = [0x90, 0x00];
const STILL_AT_IT: [u8; 2] = [0x91, 0x00];
const WRONG_LENGTH: [u8; 2] = [0x67, 0x00];
const NOT_NOW: [u8; 2] = [0x69, 0x85];
const NOT_FOUND: [u8; 2] = [0x6A, 0x82];
const WRONG_PARAMETERS: [u8; 2] = [0x6A, 0x86];
const NO_SUCH_COMMAND: [u8; 2] = [0x6D, 0x00];

/// A simulated key seen through a reader.
pub struct Card {
    key: SimulatedKey,
    contact: Option<Contact>,
    selected: bool,
    /// The parts of a chained request so far.
    chain: Vec<u8>,
    /// What is left of a response that did not fit.
    rest: Vec<u8>,
    /// Whether a command runs whose answer the reader has to ask for.
    running: bool,
}

impl Card {
    /// A card without power.
    pub fn new(key: SimulatedKey) -> Self {
        Self {
            key,
            contact: None,
            selected: false,
            chain: Vec::new(),
            rest: Vec::new(),
            running: false,
        }
    }

    /// The field comes on. A card that has power keeps it.
    ///
    /// # Errors
    /// As [`SimulatedKey::plug`].
    pub fn power_on(&mut self) -> Result<(), Fault> {
        if self.contact.is_none() {
            self.forget();
            self.key.plug()?;
            self.contact = Some(Contact::take(&self.key)?);
        }
        Ok(())
    }

    /// The field goes off.
    pub fn power_off(&mut self) {
        self.forget();
        if self.contact.take().is_some() {
            self.key.unplug();
        }
    }

    /// Off and on again: the reset window re-opens.
    ///
    /// # Errors
    /// As [`Card::power_on`].
    pub fn reset(&mut self) -> Result<(), Fault> {
        self.power_off();
        self.power_on()
    }

    /// Answers one command APDU.
    ///
    /// # Errors
    /// [`Fault::KeyGone`] when the card has no power, or lost it meanwhile: a reader then has no answer to pass on.
    pub fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        if self.contact.is_none() {
            return Err(Fault::KeyGone);
        }
        let Some(apdu) = Apdu::parse(apdu) else {
            return Ok(WRONG_LENGTH.to_vec());
        };
        match (apdu.class, apdu.instruction) {
            (0x00, 0xA4) => Ok(self.select(&apdu)),
            (0x00 | 0x80 | 0x90, 0xC0) => Ok(self.go_on(&apdu)),
            (0x80 | 0x90, 0x10..=0x12) if !self.selected => Ok(NOT_NOW.to_vec()),
            (0x90, 0x10) => Ok(self.take_part(&apdu)),
            (0x80, 0x10) => self.message(&apdu),
            (0x80, 0x11) => self.ask_again(&apdu),
            (0x80, 0x12) => {
                self.forget();
                Ok(OK.to_vec())
            }
            (_, _) => Ok(NO_SUCH_COMMAND.to_vec()),
        }
    }

    fn forget(&mut self) {
        self.selected = false;
        self.chain.clear();
        self.rest.clear();
        self.running = false;
    }

    fn select(&mut self, apdu: &Apdu<'_>) -> Vec<u8> {
        self.forget();
        if apdu.p1 != 0x04 || apdu.data != FIDO_AID {
            return NOT_FOUND.to_vec();
        }
        self.selected = true;
        self.respond(VERSION.to_vec(), apdu)
    }

    /// One part of a chained NFCCTAP_MSG; the last part comes with class 80.
    fn take_part(&mut self, apdu: &Apdu<'_>) -> Vec<u8> {
        if self.chain.len() + apdu.data.len() > REQUEST_BYTES_MAX {
            self.chain.clear();
            return WRONG_LENGTH.to_vec();
        }
        self.chain.extend_from_slice(apdu.data);
        OK.to_vec()
    }

    /// NFCCTAP_MSG (CTAP 2.1 §11.3.5.1).
    fn message(&mut self, apdu: &Apdu<'_>) -> Result<Vec<u8>, Fault> {
        if !matches!(apdu.p1, 0x00 | 0x80) || apdu.p2 != 0x00 {
            self.chain.clear();
            return Ok(WRONG_PARAMETERS.to_vec());
        }
        if self.running {
            return Ok(NOT_NOW.to_vec());
        }
        let mut request = std::mem::take(&mut self.chain);
        request.extend_from_slice(apdu.data);
        if request.is_empty() || request.len() > REQUEST_BYTES_MAX {
            return Ok(WRONG_LENGTH.to_vec());
        }
        self.contact
            .as_mut()
            .ok_or(Fault::KeyGone)?
            .command(&request)?;
        // P1 says whether the reader knows to ask again (§11.3.5.1); one that does not waits as long as the key does.
        let patience = (apdu.p1 == 0x80).then_some(PATIENCE);
        self.hear(patience, apdu)
    }

    /// NFCCTAP_GETRESPONSE (CTAP 2.1 §11.3.5.2); P1 11 cancels.
    fn ask_again(&mut self, apdu: &Apdu<'_>) -> Result<Vec<u8>, Fault> {
        if !self.running {
            return Ok(NOT_NOW.to_vec());
        }
        match apdu.p1 {
            0x00 => self.hear(Some(PATIENCE), apdu),
            0x11 => {
                self.contact.as_ref().ok_or(Fault::KeyGone)?.cancel()?;
                self.hear(Some(PATIENCE), apdu)
            }
            _ => Ok(WRONG_PARAMETERS.to_vec()),
        }
    }

    /// Waits for the answer, or with `patience` for a reason to be asked again.
    fn hear(&mut self, patience: Option<Duration>, apdu: &Apdu<'_>) -> Result<Vec<u8>, Fault> {
        let contact = self.contact.as_ref().ok_or(Fault::KeyGone)?;
        let since = Instant::now();
        let answer = loop {
            match (contact.listen(Instant::now() + PATIENCE)?, patience) {
                (Some(Word::Answers(answer)), _) => break answer,
                (Some(Word::Waits(why)), Some(_)) => {
                    self.running = true;
                    return Ok(still_at_it(why));
                }
                (None, Some(patience)) if since.elapsed() >= patience => {
                    self.running = true;
                    return Ok(still_at_it(Keepalive::Processing));
                }
                (Some(Word::Waits(_)) | None, _) => {}
            }
        };
        self.running = false;
        Ok(self.respond(answer, apdu))
    }

    /// GET RESPONSE (ISO 7816-4): more of a response that did not fit.
    fn go_on(&mut self, apdu: &Apdu<'_>) -> Vec<u8> {
        if self.rest.is_empty() {
            return NOT_NOW.to_vec();
        }
        let rest = std::mem::take(&mut self.rest);
        self.respond(rest, apdu)
    }

    /// As much of `body` as the reader has room for; `61xx` says how much is left.
    fn respond(&mut self, mut body: Vec<u8>, apdu: &Apdu<'_>) -> Vec<u8> {
        self.rest = body.split_off(apdu.room.min(body.len()));
        if self.rest.is_empty() {
            body.extend_from_slice(&OK);
        } else {
            // 00 means 256 or more.
            body.extend_from_slice(&[0x61, u8::try_from(self.rest.len()).unwrap_or(0x00)]);
        }
        body
    }
}

fn still_at_it(why: Keepalive) -> Vec<u8> {
    let status = match why {
        Keepalive::Processing => 0x01,
        Keepalive::UserPresenceNeeded => 0x02,
    };
    let mut response = vec![status];
    response.extend_from_slice(&STILL_AT_IT);
    response
}

/// One command APDU (ISO 7816-3 §12.1): cases 1 to 4, short and extended.
struct Apdu<'a> {
    class: u8,
    instruction: u8,
    p1: u8,
    p2: u8,
    data: &'a [u8],
    /// How many response bytes fit.
    room: usize,
}

/// Room of a short response, also where none was asked for: the reader then learns of the rest by `61xx`.
const SHORT_ROOM: usize = 256;
const EXTENDED_ROOM: usize = 65536;

impl<'a> Apdu<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let [class, instruction, p1, p2, body @ ..] = bytes else {
            return None;
        };
        let (data, room) = match body {
            [] => (&[][..], SHORT_ROOM),
            [le] => (&[][..], short_room(*le)),
            [0x00, high, low] => (&[][..], extended_room(*high, *low)),
            [0x00, high, low, rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let (data, le) = rest.split_at_checked(length)?;
                match le {
                    [] => (data, SHORT_ROOM),
                    [high, low] => (data, extended_room(*high, *low)),
                    _ => return None,
                }
            }
            [length, rest @ ..] => {
                let (data, le) = rest.split_at_checked(usize::from(*length))?;
                match le {
                    [] => (data, SHORT_ROOM),
                    [le] => (data, short_room(*le)),
                    _ => return None,
                }
            }
        };
        Some(Self {
            class: *class,
            instruction: *instruction,
            p1: *p1,
            p2: *p2,
            data,
            room,
        })
    }
}

fn short_room(le: u8) -> usize {
    if le == 0 { SHORT_ROOM } else { usize::from(le) }
}

fn extended_room(high: u8, low: u8) -> usize {
    match u16::from_be_bytes([high, low]) {
        0 => EXTENDED_ROOM,
        le => usize::from(le),
    }
}
