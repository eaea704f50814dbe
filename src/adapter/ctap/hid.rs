//! CTAPHID (CTAP 2.1 §11.2): messages in 64-byte reports. The framing works over anything that carries [`Reports`], so that
//! it is tested without hardware; [`device`] carries them over /dev/hidraw. Never waits without a limit.

pub mod device;
mod error;

use std::time::{Duration, Instant};

use crate::domain::authenticator::{Attachment, Serial};
use crate::domain::fault::Fault;
use crate::port::{CancelFlag, Conduct, Keepalive, Repowered, Transport};

use super::cbor::garbled;
use super::pin_protocol::fill;
use super::serial::{self, YUBICO_VENDOR_ID};
use super::status::unsupported;

/// Bytes of a report (§11.2.4).
pub const REPORT_BYTES: usize = 64;
/// Bytes of a message: 57 in the first packet, 59 in each of 128 more (§11.2.4).
pub const MESSAGE_BYTES_MAX: usize = 7609;

/// For the answer to INIT, per try.
const INIT_MILLIS: u64 = 1000;
const INIT_TRIES_MAX: u32 = 3;
/// Between the packets of one message.
const PACKET_MILLIS: u64 = 1000;
/// For the answer to a CANCEL.
const CANCEL_MILLIS: u64 = 1000;
/// How long a cancellation may go unnoticed.
const SLICE_MILLIS: u64 = 50;
/// Pause before a message is sent again to a key that is busy with another program.
const BUSY_MILLIS: u64 = 100;
const BUSY_TRIES_MAX: u32 = 20;
/// Times that a message is sent whose packets came too slowly for the key: 100 ms apart is too slow for some.
const SLOW_TRIES_MAX: u32 = 4;
/// Bytes of a message that fits into one packet.
const PACKET_BYTES: usize = 57;
/// For the device configuration of a YubiKey.
const VENDOR_MILLIS: u64 = 2000;

const BROADCAST: [u8; 4] = [0xFF; 4];

/// Marks a first packet; sequence numbers are below it (§11.2.4).
const FIRST_PACKET: u8 = 0x80;

/// CTAPHID commands with the bit that marks a first packet (§11.2.9).
mod command {
    pub(super) const INIT: u8 = 0x86;
    pub(super) const CBOR: u8 = 0x90;
    pub(super) const CANCEL: u8 = 0x91;
    pub(super) const KEEPALIVE: u8 = 0xBB;
    pub(super) const ERROR: u8 = 0xBF;
    /// Yubico's READ CONFIG.
    pub(super) const YUBICO_READ_CONFIG: u8 = 0xC2;
}

/// INIT's capability bit for CTAPHID_CBOR (§11.2.9.1.3).
const CAPABILITY_CBOR: u8 = 0x04;

/// Carries single reports, without their report id.
pub trait Reports: Send {
    /// Sends one report.
    ///
    /// # Errors
    /// [`Fault::KeyGone`], [`Fault::Transport`].
    fn write(&mut self, report: &[u8; REPORT_BYTES]) -> Result<(), Fault>;

    /// The next report, or `None` when none came in `timeout`.
    ///
    /// # Errors
    /// [`Fault::KeyGone`], [`Fault::Transport`].
    fn read(&mut self, timeout: Duration) -> Result<Option<[u8; REPORT_BYTES]>, Fault>;
}

/// A channel to one key.
pub struct Hid<R> {
    reports: R,
    channel: [u8; 4],
    /// The last exchange did not end properly: what comes next may still belong to it.
    disturbed: bool,
    /// The key has begun to work on the message: it has come whole.
    at_work: bool,
    vendor_id: u16,
    product: String,
}

/// What came back on our channel.
enum Packet {
    /// Command, announced length, first bytes.
    First(u8, usize, Vec<u8>),
    /// Sequence number, bytes.
    Next(u8, Vec<u8>),
}

/// How a message was answered.
enum Reply {
    Message(Vec<u8>),
    /// A CTAPHID_ERROR.
    Error(u8),
}

impl<R: Reports> Hid<R> {
    /// Opens a channel (CTAPHID_INIT).
    ///
    /// # Errors
    /// [`Fault::KeyMute`], [`Fault::KeyGone`], [`Fault::Unsupported`] when the key speaks no CTAP2.
    pub fn open(reports: R, vendor_id: u16, product: String) -> Result<Self, Fault> {
        let mut hid = Self {
            reports,
            channel: BROADCAST,
            disturbed: false,
            at_work: false,
            vendor_id,
            product,
        };
        let capabilities = hid.init(BROADCAST)?;
        if capabilities & CAPABILITY_CBOR == 0 {
            return Err(unsupported("FIDO2"));
        }
        Ok(hid)
    }

    /// INIT on `channel`: allocates one, or brings ours back in step (§11.2.9.1.3). Answers to others are passed over.
    fn init(&mut self, channel: [u8; 4]) -> Result<u8, Fault> {
        for _ in 0..INIT_TRIES_MAX {
            let mut nonce = [0; 8];
            fill(&mut nonce)?;
            self.send(channel, command::INIT, &nonce)?;
            let deadline = Instant::now() + Duration::from_millis(INIT_MILLIS);
            while let Some(report) = self.reports.read(left(deadline))? {
                let Some(Packet::First(command::INIT, 17.., data)) = packet(&report, channel)
                else {
                    continue;
                };
                let [
                    n0,
                    n1,
                    n2,
                    n3,
                    n4,
                    n5,
                    n6,
                    n7,
                    c0,
                    c1,
                    c2,
                    c3,
                    _,
                    _,
                    _,
                    _,
                    capabilities,
                    ..,
                ] = data.as_slice()
                else {
                    continue;
                };
                if nonce == [*n0, *n1, *n2, *n3, *n4, *n5, *n6, *n7] {
                    self.channel = [*c0, *c1, *c2, *c3];
                    self.disturbed = false;
                    return Ok(*capabilities);
                }
            }
        }
        Err(Fault::KeyMute)
    }

    /// Sends a message and waits for its answer, again while the key is busy or has thrown away a part of the message.
    fn transact(
        &mut self,
        command: u8,
        message: &[u8],
        conduct: &mut Conduct<'_>,
    ) -> Result<Reply, Fault> {
        let mut slow_tries = 0;
        for _ in 0..BUSY_TRIES_MAX {
            if conduct.cancel.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            if self.disturbed {
                let _ = self.init(self.channel)?;
            }
            // Until the answer is whole, what comes may be torn.
            self.disturbed = true;
            self.at_work = false;
            self.send(self.channel, command, message)?;
            let reply = self.receive(command, conduct)?;
            self.disturbed = false;
            match reply {
                Reply::Error(error::INVALID_CHANNEL) => {
                    // The key has forgotten us; the next message begins by asking for a new channel.
                    self.channel = BROADCAST;
                    self.disturbed = true;
                    return Ok(reply);
                }
                // On a busy machine packets are late, and a key that waits for the rest of a message gives it up: it has not
                // acted on it. What it says of the packets that came later is left behind by INIT.
                Reply::Error(error::MSG_TIMEOUT)
                    if message.len() > PACKET_BYTES && !self.at_work =>
                {
                    slow_tries += 1;
                    self.disturbed = true;
                    if slow_tries >= SLOW_TRIES_MAX || left(conduct.deadline).is_zero() {
                        return Ok(reply);
                    }
                }
                Reply::Error(error::CHANNEL_BUSY) => {
                    self.pause(conduct.cancel)?;
                    // Sent after the deadline, the message would only be called off again.
                    if Instant::now() >= conduct.deadline {
                        break;
                    }
                }
                Reply::Message(_) | Reply::Error(_) => return Ok(reply),
            }
        }
        Err(Fault::KeyHeldElsewhere)
    }

    /// Waits before the next try. Reading instead of sleeping: a key that is taken out is noticed.
    fn pause(&mut self, cancel: &CancelFlag) -> Result<(), Fault> {
        let until = Instant::now() + Duration::from_millis(BUSY_MILLIS);
        while !cancel.is_cancelled() && Instant::now() < until {
            self.reports.read(left(until))?;
        }
        Ok(())
    }

    fn send(&mut self, channel: [u8; 4], command: u8, message: &[u8]) -> Result<(), Fault> {
        let length = u16::try_from(message.len())
            .ok()
            .filter(|_| message.len() <= MESSAGE_BYTES_MAX);
        let length = length.ok_or_else(|| Fault::Transport {
            what: format!(
                "a message of {} bytes; CTAPHID takes {MESSAGE_BYTES_MAX}",
                message.len()
            ),
        })?;
        let mut head = channel.to_vec();
        head.push(command);
        head.extend(length.to_be_bytes());
        let mut rest = message;
        let mut sequence = 0_u8;
        loop {
            let (now, later) = rest.split_at(rest.len().min(REPORT_BYTES - head.len()));
            let mut report = [0; REPORT_BYTES];
            report
                .iter_mut()
                .zip(head.iter().chain(now))
                .for_each(|(to, from)| *to = *from);
            self.reports.write(&report)?;
            if later.is_empty() {
                return Ok(());
            }
            rest = later;
            head.truncate(channel.len());
            head.push(sequence);
            sequence += 1;
        }
    }

    /// Waits for the first packet of the answer, under the terms of `conduct`.
    fn receive(&mut self, command: u8, conduct: &mut Conduct<'_>) -> Result<Reply, Fault> {
        loop {
            if conduct.cancel.is_cancelled() {
                return self.call_off(command, Fault::Cancelled);
            }
            let remaining = left(conduct.deadline);
            if remaining.is_zero() {
                return self.call_off(command, Fault::KeyMute);
            }
            let Some(report) = self
                .reports
                .read(remaining.min(Duration::from_millis(SLICE_MILLIS)))?
            else {
                continue;
            };
            match packet(&report, self.channel) {
                None => {}
                Some(Packet::First(command::KEEPALIVE, _, data)) => {
                    self.at_work = true;
                    (conduct.on_keepalive)(match data.first() {
                        Some(2) => Keepalive::UserPresenceNeeded,
                        // §11.2.9.1.7 knows 1 and 2; whatever else comes means "alive".
                        _ => Keepalive::Processing,
                    });
                }
                Some(first) => return self.complete(command, first),
            }
        }
    }

    /// Sends CANCEL and gives the key a moment to say how it ended: it may have acted in the meantime.
    fn call_off(&mut self, command: u8, why: Fault) -> Result<Reply, Fault> {
        self.send(self.channel, command::CANCEL, &[])?;
        let deadline = Instant::now() + Duration::from_millis(CANCEL_MILLIS);
        while let Some(report) = self.reports.read(left(deadline))? {
            match packet(&report, self.channel) {
                None | Some(Packet::First(command::KEEPALIVE, ..)) => {}
                Some(first) => {
                    return match self.complete(command, first)? {
                        // KEEPALIVE_CANCEL: it did not act.
                        Reply::Message(answer) if answer == [0x2D] => {
                            self.disturbed = false;
                            Err(why)
                        }
                        Reply::Error(_) => Err(why),
                        done => Ok(done),
                    };
                }
            }
        }
        Err(why)
    }

    /// The whole message that `first` begins.
    fn complete(&mut self, command: u8, first: Packet) -> Result<Reply, Fault> {
        let Packet::First(answered, length, mut message) = first else {
            return Err(garbled("an answer that begins in its middle"));
        };
        if answered == command::ERROR {
            let code = message.first().filter(|_| length > 0);
            return code
                .map(|code| Reply::Error(*code))
                .ok_or_else(|| garbled("a CTAPHID error without a code"));
        }
        if answered != command {
            return Err(garbled(format!(
                "CTAPHID command 0x{command:02X} was answered by 0x{answered:02X}"
            )));
        }
        if length > MESSAGE_BYTES_MAX {
            return Err(garbled(format!("a message of {length} bytes")));
        }
        let mut expected = 0_u8;
        let mut deadline = Instant::now() + Duration::from_millis(PACKET_MILLIS);
        while message.len() < length {
            let report = self.reports.read(left(deadline))?.ok_or(Fault::KeyMute)?;
            match packet(&report, self.channel) {
                None => continue,
                Some(Packet::Next(sequence, data)) if sequence == expected => message.extend(data),
                Some(Packet::Next(sequence, _)) => {
                    return Err(garbled(format!(
                        "packet {sequence} came where packet {expected} was due"
                    )));
                }
                Some(Packet::First(..)) => return Err(garbled("a message inside a message")),
            }
            expected += 1;
            deadline = Instant::now() + Duration::from_millis(PACKET_MILLIS);
        }
        message.truncate(length);
        Ok(Reply::Message(message))
    }
}

/// Reads a report, if it is for `channel`. hidraw shows the reports for every program that has the key open.
fn packet(report: &[u8; REPORT_BYTES], channel: [u8; 4]) -> Option<Packet> {
    let (to, rest) = report.split_first_chunk::<4>()?;
    if *to != channel {
        return None;
    }
    match rest {
        [command, high, low, data @ ..] if *command & FIRST_PACKET != 0 => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            Some(Packet::First(*command, length, data.to_vec()))
        }
        [sequence, data @ ..] => Some(Packet::Next(*sequence, data.to_vec())),
        [] => None,
    }
}

/// The time until `deadline`; zero when it has passed.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

impl<R: Reports> Transport for Hid<R> {
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        match self.transact(command::CBOR, request, conduct)? {
            Reply::Message(answer) => Ok(answer),
            Reply::Error(error::CHANNEL_BUSY) => Err(Fault::KeyHeldElsewhere),
            Reply::Error(code) => Err(Fault::Transport {
                what: format!("CTAPHID error 0x{code:02X} {}", error::name(code)),
            }),
        }
    }

    fn attachment(&self) -> Attachment {
        Attachment::Hid
    }

    fn product(&self) -> String {
        self.product.clone()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        if self.vendor_id != YUBICO_VENDOR_ID {
            return Ok(None);
        }
        let mut conduct = Conduct {
            deadline: Instant::now() + Duration::from_millis(VENDOR_MILLIS),
            cancel: &CancelFlag::default(),
            on_keepalive: &mut |_| {},
        };
        // The parameter is the page; the serial number is on the first.
        match self.transact(command::YUBICO_READ_CONFIG, &[0], &mut conduct)? {
            Reply::Message(configuration) => serial::from_configuration(&configuration),
            // Older ones and the Security Key series do not know it.
            Reply::Error(error::INVALID_COMMAND) => Ok(None),
            Reply::Error(error::CHANNEL_BUSY) => Err(Fault::KeyHeldElsewhere),
            Reply::Error(code) => Err(Fault::Transport {
                what: format!("CTAPHID error 0x{code:02X} {}", error::name(code)),
            }),
        }
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        // A hub that switches its ports' power could; ours do not promise it.
        Ok(Repowered::NotHere)
    }
}

#[cfg(test)]
mod tests;
