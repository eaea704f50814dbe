//! CTAP over smart-card and NFC readers (CTAP 2.1 §11.3): messages in APDUs. The framing works over anything that carries
//! [`Apdus`], so that it is tested without hardware; [`card`] carries them over PC/SC.

pub mod card;

use std::time::{Duration, Instant};

use crate::domain::authenticator::{Attachment, Serial};
use crate::domain::fault::Fault;
use crate::port::{Conduct, Keepalive, Repowered, Transport};

use super::cbor::garbled;
use super::serial;
use super::status::unsupported;

/// The FIDO applet (§11.3.2).
const FIDO_AID: [u8; 8] = [0xA0, 0x00, 0x00, 0x06, 0x47, 0x2F, 0x00, 0x01];
/// Yubico's management applet.
const YUBICO_MANAGEMENT_AID: [u8; 8] = [0xA0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17];

/// Data bytes of one short APDU in a chain. The standard allows 255; some readers cut at 254.
const CHAIN_BYTES: usize = 240;
/// Data bytes of one short APDU that stands alone.
const SHORT_BYTES_MAX: usize = 255;
/// Bytes of an answer, all its parts together: more than CTAP ever sends.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Parts of an answer: a card that sends empty ones must not keep us for ever.
const ANSWER_PARTS_MAX: usize = 256;
/// Between two questions whether the key is done.
const POLL_MILLIS: u64 = 50;
/// A cancelled key must say so in this time.
const CANCEL_MILLIS: u64 = 1000;

/// NFCCTAP_MSG, NFCCTAP_GETRESPONSE and their neighbours (§11.3.5).
mod instruction {
    pub(super) const CTAP_MSG: u8 = 0x10;
    pub(super) const CTAP_GET_RESPONSE: u8 = 0x11;
    pub(super) const YUBICO_READ_CONFIG: u8 = 0x1D;
    pub(super) const SELECT: u8 = 0xA4;
    pub(super) const GET_RESPONSE: u8 = 0xC0;
}

/// P1 of NFCCTAP_MSG: we understand 9100.
const P1_GET_RESPONSE_UNDERSTOOD: u8 = 0x80;
/// P1 of NFCCTAP_GETRESPONSE: cancel.
const P1_CANCEL: u8 = 0x11;
/// The class bit of command chaining (ISO 7816-4 §5.1.1).
const CLASS_CHAINED: u8 = 0x10;

/// Status words.
mod word {
    pub(super) const OK: u16 = 0x9000;
    /// More to come: the key works or waits for a touch.
    pub(super) const BUSY: u16 = 0x9100;
    pub(super) const WRONG_LENGTH: u16 = 0x6700;
    pub(super) const CHAINING_UNSUPPORTED: u16 = 0x6884;
    pub(super) const FILE_NOT_FOUND: u16 = 0x6A82;
    pub(super) const INSTRUCTION_UNSUPPORTED: u16 = 0x6D00;
    pub(super) const CLASS_UNSUPPORTED: u16 = 0x6E00;
}

/// Carries single APDUs to one card.
pub trait Apdus: Send {
    /// Sends a command APDU and returns the response APDU, status word included.
    ///
    /// # Errors
    /// [`Fault::KeyGone`], [`Fault::Transport`].
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault>;

    /// Takes the power from the card and gives it back.
    ///
    /// # Errors
    /// As [`Apdus::transmit`].
    fn repower(&mut self) -> Result<Repowered, Fault>;
}

/// A key on a reader, its FIDO applet selected.
pub struct Nfc<A> {
    card: A,
    reader: String,
    /// The card does not take chained APDUs: long requests go as extended ones.
    extended: bool,
    /// CLA of GET RESPONSE: zero by the standard, 0x80 on some cards.
    get_response_class: u8,
}

/// One command APDU's parts, without its length fields.
struct Command<'a> {
    class: u8,
    instruction: u8,
    p1: u8,
    p2: u8,
    data: &'a [u8],
}

impl<A: Apdus> Nfc<A> {
    /// Selects the FIDO applet.
    ///
    /// # Errors
    /// [`Fault::Unsupported`] when the card has none; those of the card.
    pub fn open(card: A, reader: String) -> Result<Self, Fault> {
        let mut nfc = Self {
            card,
            reader,
            extended: false,
            get_response_class: 0x00,
        };
        nfc.select_fido()?;
        Ok(nfc)
    }

    fn select_fido(&mut self) -> Result<(), Fault> {
        match self.select(&FIDO_AID)? {
            // The version string in the answer is no news after getInfo.
            word::OK => Ok(()),
            word::FILE_NOT_FOUND | word::INSTRUCTION_UNSUPPORTED | word::CLASS_UNSUPPORTED => {
                Err(unsupported("FIDO2"))
            }
            word => Err(refused("SELECT", word)),
        }
    }

    fn select(&mut self, aid: &[u8]) -> Result<u16, Fault> {
        let select = Command {
            class: 0x00,
            instruction: instruction::SELECT,
            p1: 0x04,
            p2: 0x00,
            data: aid,
        };
        self.whole(&short(&select)).map(|(_, word)| word)
    }

    /// Sends a request in as many APDUs as it takes.
    fn send(&mut self, request: &[u8]) -> Result<(Vec<u8>, u16), Fault> {
        let command = Command {
            class: 0x80,
            instruction: instruction::CTAP_MSG,
            p1: P1_GET_RESPONSE_UNDERSTOOD,
            p2: 0x00,
            data: request,
        };
        if request.len() <= SHORT_BYTES_MAX {
            return self.whole(&short(&command));
        }
        if !self.extended {
            match self.send_chained(&command)? {
                (_, word::CHAINING_UNSUPPORTED | word::WRONG_LENGTH | word::CLASS_UNSUPPORTED) => {
                    self.extended = true
                }
                answer => return Ok(answer),
            }
        }
        self.whole(&extended(&command)?)
    }

    fn send_chained(&mut self, command: &Command<'_>) -> Result<(Vec<u8>, u16), Fault> {
        let mut rest = command.data;
        while rest.len() > CHAIN_BYTES {
            let (data, later) = rest.split_at(CHAIN_BYTES);
            let part = Command {
                class: command.class | CLASS_CHAINED,
                data,
                ..*command
            };
            let (answer, word) = self.whole(&short(&part))?;
            if word != word::OK {
                return Ok((answer, word));
            }
            rest = later;
        }
        self.whole(&short(&Command {
            data: rest,
            ..*command
        }))
    }

    /// Sends one APDU and collects its whole answer through GET RESPONSE (ISO 7816-4, 61xx).
    fn whole(&mut self, apdu: &[u8]) -> Result<(Vec<u8>, u16), Fault> {
        let (mut answer, mut word) = split(self.card.transmit(apdu)?)?;
        for _ in 0..ANSWER_PARTS_MAX {
            let [0x61, left] = word.to_be_bytes() else {
                return Ok((answer, word));
            };
            let (part, next) = self.get_response(left)?;
            answer.extend(part);
            if answer.len() > ANSWER_BYTES_MAX {
                break;
            }
            word = next;
        }
        Err(garbled("an answer without an end"))
    }

    fn get_response(&mut self, left: u8) -> Result<(Vec<u8>, u16), Fault> {
        let apdu = |class| [class, instruction::GET_RESPONSE, 0x00, 0x00, left];
        let (part, word) = split(self.card.transmit(&apdu(self.get_response_class))?)?;
        if self.get_response_class == 0x00
            && matches!(
                word,
                word::CLASS_UNSUPPORTED | word::INSTRUCTION_UNSUPPORTED
            )
        {
            self.get_response_class = 0x80;
            return split(self.card.transmit(&apdu(self.get_response_class))?);
        }
        Ok((part, word))
    }

    /// Asks again and again until the key is done, under the terms of `conduct`.
    fn poll(
        &mut self,
        mut status: Vec<u8>,
        conduct: &mut Conduct<'_>,
    ) -> Result<(Vec<u8>, u16), Fault> {
        loop {
            (conduct.on_keepalive)(match status.first() {
                Some(2) => Keepalive::UserPresenceNeeded,
                _ => Keepalive::Processing,
            });
            if conduct.cancel.is_cancelled() {
                return self.call_off(Fault::Cancelled);
            }
            if Instant::now() >= conduct.deadline {
                return self.call_off(Fault::KeyMute);
            }
            std::thread::sleep(Duration::from_millis(POLL_MILLIS));
            match self.ctap_get_response(0x00)? {
                (next, word::BUSY) => status = next,
                answer => return Ok(answer),
            }
        }
    }

    /// Cancels, and hears how it ended: the key may have acted in the meantime.
    fn call_off(&mut self, why: Fault) -> Result<(Vec<u8>, u16), Fault> {
        let deadline = Instant::now() + Duration::from_millis(CANCEL_MILLIS);
        let mut answer = self.ctap_get_response(P1_CANCEL)?;
        while answer.1 == word::BUSY && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(POLL_MILLIS));
            answer = self.ctap_get_response(0x00)?;
        }
        match answer {
            // KEEPALIVE_CANCEL: it did not act.
            (status, word::OK) if status != [0x2D] && !status.is_empty() => Ok((status, word::OK)),
            _ => Err(why),
        }
    }

    fn ctap_get_response(&mut self, p1: u8) -> Result<(Vec<u8>, u16), Fault> {
        self.whole(&short(&Command {
            class: 0x80,
            instruction: instruction::CTAP_GET_RESPONSE,
            p1,
            p2: 0x00,
            data: &[],
        }))
    }

    fn read_configuration(&mut self) -> Result<Option<Serial>, Fault> {
        if self.select(&YUBICO_MANAGEMENT_AID)? != word::OK {
            return Ok(None);
        }
        let read = Command {
            class: 0x00,
            instruction: instruction::YUBICO_READ_CONFIG,
            p1: 0x00,
            p2: 0x00,
            data: &[],
        };
        match self.whole(&short(&read))? {
            (configuration, word::OK) => serial::from_configuration(&configuration),
            // Older ones know the applet but not the instruction.
            _ => Ok(None),
        }
    }
}

/// A short APDU that takes up to 256 bytes in answer (ISO 7816-4, case 2 or 4).
fn short(command: &Command<'_>) -> Vec<u8> {
    let mut apdu = vec![command.class, command.instruction, command.p1, command.p2];
    // The caller has cut the data to fit.
    if let (Ok(length), false) = (u8::try_from(command.data.len()), command.data.is_empty()) {
        apdu.push(length);
        apdu.extend(command.data);
    }
    apdu.push(0x00);
    apdu
}

/// An extended APDU that takes up to 65536 bytes in answer.
fn extended(command: &Command<'_>) -> Result<Vec<u8>, Fault> {
    let length = u16::try_from(command.data.len()).map_err(|_| Fault::Transport {
        what: format!("a message of {} bytes", command.data.len()),
    })?;
    let mut apdu = vec![
        command.class,
        command.instruction,
        command.p1,
        command.p2,
        0x00,
    ];
    apdu.extend(length.to_be_bytes());
    apdu.extend(command.data);
    apdu.extend([0x00, 0x00]);
    Ok(apdu)
}

fn split(mut response: Vec<u8>) -> Result<(Vec<u8>, u16), Fault> {
    let (Some(low), Some(high)) = (response.pop(), response.pop()) else {
        return Err(garbled("a response APDU without a status word"));
    };
    Ok((response, u16::from_be_bytes([high, low])))
}

fn refused(what: &str, word: u16) -> Fault {
    Fault::Transport {
        what: format!("the card answered {what} with {word:04X}"),
    }
}

impl<A: Apdus> Transport for Nfc<A> {
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        if conduct.cancel.is_cancelled() {
            return Err(Fault::Cancelled);
        }
        let answer = match self.send(request)? {
            (status, word::BUSY) => self.poll(status, conduct)?,
            answer => answer,
        };
        match answer {
            (answer, word::OK) => Ok(answer),
            (_, word) => Err(refused("NFCCTAP_MSG", word)),
        }
    }

    fn attachment(&self) -> Attachment {
        Attachment::Pcsc
    }

    fn product(&self) -> String {
        self.reader.clone()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        let serial = self.read_configuration();
        // Whatever came of it, the FIDO applet is the one that everybody else expects.
        self.select_fido()?;
        serial
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        let repowered = self.card.repower()?;
        if repowered == Repowered::Yes {
            self.select_fido()?;
        }
        Ok(repowered)
    }
}

#[cfg(test)]
mod tests;
