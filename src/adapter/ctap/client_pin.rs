//! authenticatorClientPIN (CTAP 2.1 §6.5.5): retries, setting, changing and trying a PIN, tokens. Spends a try only where
//! it says so. No PIN and no token outlives its use.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::fault::{CtapStatus, Fault};
use crate::domain::pin::Pin;
use crate::port::PinVerdict;

use super::cbor::{Builder, garbled, required};
use super::key::{ANSWER_SECONDS, Key};
use super::pin_protocol::{self, Protocol, SharedSecret, Token};
use super::status::{self, Command, unsupported};

/// What pinRetries says after a right PIN (§6.5.2.2).
pub(super) const PIN_RETRIES_FULL: u32 = 8;
/// Bytes to which a new PIN is padded with NUL (§6.5.5.5).
const PADDED_PIN_BYTES: usize = 64;
/// Bytes of the SHA-256 of a PIN that are sent (§6.5.5.6).
const PIN_HASH_BYTES: usize = 16;

/// Permissions of a pinUvAuthToken, §6.5.5.7.
pub(super) mod permission {
    pub(in super::super) const MAKE_CREDENTIAL: u8 = 0x01;
    pub(in super::super) const GET_ASSERTION: u8 = 0x02;
    pub(in super::super) const CREDENTIAL_MANAGEMENT: u8 = 0x04;
    pub(in super::super) const AUTHENTICATOR_CONFIGURATION: u8 = 0x20;
}

/// Parameters of the command, §6.5.5.
mod parameter {
    pub(super) const PROTOCOL: u8 = 0x01;
    pub(super) const SUB_COMMAND: u8 = 0x02;
    pub(super) const KEY_AGREEMENT: u8 = 0x03;
    pub(super) const PIN_UV_AUTH_PARAM: u8 = 0x04;
    pub(super) const NEW_PIN_ENC: u8 = 0x05;
    pub(super) const PIN_HASH_ENC: u8 = 0x06;
    pub(super) const PERMISSIONS: u8 = 0x09;
    pub(super) const RP_ID: u8 = 0x0A;
}

/// Members of the answer, §6.5.5.
mod member {
    pub(super) const KEY_AGREEMENT: u8 = 0x01;
    pub(super) const PIN_UV_AUTH_TOKEN: u8 = 0x02;
    pub(super) const PIN_RETRIES: u8 = 0x03;
}

/// Sub-commands, §6.5.5.
mod sub_command {
    pub(super) const GET_PIN_RETRIES: u8 = 0x01;
    pub(super) const GET_KEY_AGREEMENT: u8 = 0x02;
    pub(super) const SET_PIN: u8 = 0x03;
    pub(super) const CHANGE_PIN: u8 = 0x04;
    pub(super) const GET_PIN_TOKEN: u8 = 0x05;
    pub(super) const GET_TOKEN_USING_PIN_WITH_PERMISSIONS: u8 = 0x09;
}

impl Key {
    pub(super) fn client_pin_retries(&mut self) -> Result<u32, Fault> {
        let parameters = Builder::new()
            // Protocol-independent, but older keys insist on the member.
            .with(parameter::PROTOCOL, self.protocol()?.number())
            .with(parameter::SUB_COMMAND, sub_command::GET_PIN_RETRIES);
        let answer = self.command(Command::GetPinRetries, parameters, ANSWER_SECONDS)?;
        let retries = required(
            answer.unsigned(member::PIN_RETRIES, "pinRetries")?,
            "pinRetries",
        )?;
        u32::try_from(retries).map_err(|_| garbled("pinRetries is out of range"))
    }

    pub(super) fn client_pin_set(&mut self, pin: &Pin) -> Result<(), Fault> {
        let (protocol, agreement, secret) = self.agree()?;
        let new_pin_enc = secret.encrypt(&*padded(pin))?;
        let parameters = Builder::new()
            .with(parameter::PROTOCOL, protocol.number())
            .with(parameter::SUB_COMMAND, sub_command::SET_PIN)
            .with(parameter::KEY_AGREEMENT, agreement)
            .with(
                parameter::PIN_UV_AUTH_PARAM,
                secret.authenticate(&new_pin_enc)?,
            )
            .with(parameter::NEW_PIN_ENC, new_pin_enc);
        self.forget_info();
        match self.attempt(Command::SetPin, parameters, ANSWER_SECONDS)? {
            Ok(_) => Ok(()),
            Err(status) => Err(self.new_pin_refused(Command::SetPin, status, pin)),
        }
    }

    pub(super) fn client_pin_change(&mut self, current: &Pin, new: &Pin) -> Result<(), Fault> {
        let (protocol, agreement, secret) = self.agree()?;
        let new_pin_enc = secret.encrypt(&*padded(new))?;
        let pin_hash_enc = secret.encrypt(&*pin_hash(current))?;
        let message = [new_pin_enc.as_slice(), &pin_hash_enc].concat();
        let parameters = Builder::new()
            .with(parameter::PROTOCOL, protocol.number())
            .with(parameter::SUB_COMMAND, sub_command::CHANGE_PIN)
            .with(parameter::KEY_AGREEMENT, agreement)
            .with(parameter::PIN_UV_AUTH_PARAM, secret.authenticate(&message)?)
            .with(parameter::NEW_PIN_ENC, new_pin_enc)
            .with(parameter::PIN_HASH_ENC, pin_hash_enc);
        self.forget_info();
        match self.attempt(Command::ChangePin, parameters, ANSWER_SECONDS)? {
            Ok(_) => Ok(()),
            Err(CtapStatus::PIN_INVALID) => Err(Fault::PinWrong {
                retries_left: self.retries_if_told(),
            }),
            Err(status) => Err(self.new_pin_refused(Command::ChangePin, status, new)),
        }
    }

    /// Exactly one try, through the sub-command of CTAP 2.0: it binds the token to no relying party, and firmware that
    /// refuses it because of a forced change does so after it has compared the PIN.
    pub(super) fn client_pin_try(&mut self, pin: &Pin) -> Result<PinVerdict, Fault> {
        let info = self.read_info()?;
        let status = match self.token_attempt(pin, None)? {
            Ok(_) => return Ok(PinVerdict::Right),
            Err(status) => status,
        };
        match status {
            CtapStatus::PIN_INVALID | CtapStatus::PIN_POLICY_VIOLATION => {
                let retries_left = self.retries_if_told();
                let proven =
                    info.capabilities.force_pin_change && retries_left == Some(PIN_RETRIES_FULL);
                Ok(if proven {
                    PinVerdict::Right
                } else {
                    PinVerdict::Wrong { retries_left }
                })
            }
            other => Err(status::fault(Command::GetToken, other)),
        }
    }

    /// A token with exactly `permissions`, bound to `rp_id` where one is given. Costs a try when `pin` is wrong.
    ///
    /// Keys without `pinUvAuthToken` give a token for makeCredential, getAssertion and what their previews know.
    pub(super) fn token(
        &mut self,
        pin: &Pin,
        permissions: u8,
        rp_id: Option<&str>,
    ) -> Result<Token, Fault> {
        let wanted = self
            .info()?
            .capabilities
            .pin_uv_auth_token
            .then_some((permissions, rp_id));
        let status = match self.token_attempt(pin, wanted)? {
            Ok(token) => return Ok(token),
            Err(status) => status,
        };
        if status != CtapStatus::PIN_INVALID {
            return Err(status::fault(Command::GetToken, status));
        }
        // Some firmware says PIN_INVALID to the right PIN when a change is forced.
        let forced = self.read_info()?.capabilities.force_pin_change;
        let retries_left = self.retries_if_told();
        if forced && retries_left == Some(PIN_RETRIES_FULL) {
            Err(Fault::PinChangeForced)
        } else {
            Err(Fault::PinWrong { retries_left })
        }
    }

    fn token_attempt(
        &mut self,
        pin: &Pin,
        wanted: Option<(u8, Option<&str>)>,
    ) -> Result<Result<Token, CtapStatus>, Fault> {
        let (protocol, agreement, secret) = self.agree()?;
        let sub_command = match wanted {
            Some(_) => sub_command::GET_TOKEN_USING_PIN_WITH_PERMISSIONS,
            None => sub_command::GET_PIN_TOKEN,
        };
        let parameters = Builder::new()
            .with(parameter::PROTOCOL, protocol.number())
            .with(parameter::SUB_COMMAND, sub_command)
            .with(parameter::KEY_AGREEMENT, agreement)
            .with(parameter::PIN_HASH_ENC, secret.encrypt(&*pin_hash(pin))?)
            .with_some(
                parameter::PERMISSIONS,
                wanted.map(|(permissions, _)| permissions),
            )
            .with_some(parameter::RP_ID, wanted.and_then(|(_, rp_id)| rp_id));
        Ok(
            match self.attempt(Command::GetToken, parameters, ANSWER_SECONDS)? {
                Err(status) => Err(status),
                Ok(answer) => {
                    let token = required(
                        answer.bytes(member::PIN_UV_AUTH_TOKEN, "pinUvAuthToken")?,
                        "pinUvAuthToken",
                    )?;
                    Ok(secret.decrypt_token(token)?)
                }
            },
        )
    }

    /// A fresh key agreement: the key draws a new one after each wrong PIN.
    fn agree(&mut self) -> Result<(Protocol, ciborium::Value, SharedSecret), Fault> {
        let protocol = self.protocol()?;
        let parameters = Builder::new()
            .with(parameter::PROTOCOL, protocol.number())
            .with(parameter::SUB_COMMAND, sub_command::GET_KEY_AGREEMENT);
        let answer = self.command(Command::GetKeyAgreement, parameters, ANSWER_SECONDS)?;
        let theirs = required(
            answer.map(member::KEY_AGREEMENT, "keyAgreement")?,
            "keyAgreement",
        )?;
        let (ours, secret) = pin_protocol::encapsulate(protocol, &theirs)?;
        Ok((protocol, ours, secret))
    }

    fn protocol(&mut self) -> Result<Protocol, Fault> {
        let listed = self.info()?.capabilities.pin_protocols;
        Protocol::choose(&listed).ok_or_else(|| unsupported("a PIN/UV auth protocol that we know"))
    }

    /// The counter, or nothing when the key does not tell: the answer is only an ornament of another fault.
    fn retries_if_told(&mut self) -> Option<u32> {
        self.client_pin_retries().ok()
    }

    fn new_pin_refused(&mut self, command: Command, status: CtapStatus, pin: &Pin) -> Fault {
        if status == CtapStatus::PIN_POLICY_VIOLATION
            && let Ok(info) = self.read_info()
            && info.capabilities.min_pin_length > pin.code_points()
        {
            return Fault::PinTooShort {
                needed: info.capabilities.min_pin_length,
                drawn: pin.code_points(),
            };
        }
        status::fault(command, status)
    }
}

fn padded(pin: &Pin) -> Zeroizing<[u8; PADDED_PIN_BYTES]> {
    let mut padded = Zeroizing::new([0; PADDED_PIN_BYTES]);
    // A Pin has at most 63 bytes, so one NUL always remains.
    padded
        .iter_mut()
        .zip(pin.reveal().bytes())
        .for_each(|(to, from)| *to = from);
    padded
}

fn pin_hash(pin: &Pin) -> Zeroizing<[u8; PIN_HASH_BYTES]> {
    let hash: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(pin.reveal().as_bytes()).into());
    let mut left = Zeroizing::new([0; PIN_HASH_BYTES]);
    left.iter_mut()
        .zip(hash.iter())
        .for_each(|(to, from)| *to = *from);
    left
}
