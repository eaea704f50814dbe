//! [`Authenticator`] over any [`Transport`]: sends one command at a time, tells the attendant about touches, and turns
//! status bytes into faults. The commands themselves are in the files beside this one.

use std::time::{Duration, Instant};

use crate::domain::authenticator::{Attachment, Capabilities, Serial};
use crate::domain::credential::{Attestation, CredentialId, RpId};
use crate::domain::fault::{CtapStatus, Fault};
use crate::domain::pin::Pin;
use crate::port::{
    Attendant, Authenticator, Conduct, Configuration, Keepalive, MakeCredential, PinVerdict,
    Repowered, Transport,
};

use super::cbor::{self, Builder, Map, garbled};
use super::info::{self, Info};
use super::status::{self, Command};

/// For commands that need no touch. Making an RSA key or writing flash takes seconds on old keys.
pub(super) const ANSWER_SECONDS: u64 = 15;
/// For commands that wait for a touch: keys give up after 30 s (CTAP 2.1 §6.1.2), and their own answer says more than our
/// deadline, so theirs comes first.
pub(super) const TOUCH_SECONDS: u64 = 35;

/// How long a long touch lasts (CTAP 2.2 §6.4, 0x18). It may begin at the last moment.
pub(super) const LONG_TOUCH_SECONDS: u64 = 10;

/// One authenticator in exclusive use.
pub struct Key {
    transport: Box<dyn Transport>,
    attendant: Attendant,
    /// What getInfo said last; forgotten whenever we change something that it tells about.
    info: Option<Info>,
    /// Whether the last exchange saw the key ask for a touch.
    touch_asked: bool,
}

impl Key {
    /// Speaks to the key behind `transport`. Nothing is sent yet.
    pub fn new(transport: Box<dyn Transport>, attendant: Attendant) -> Self {
        Self {
            transport,
            attendant,
            info: None,
            touch_asked: false,
        }
    }

    /// authenticatorSelection (CTAP 2.1 §6.9): returns when this key is touched.
    ///
    /// # Errors
    /// [`Fault::TouchMissing`], [`Fault::TouchDeclined`], [`Fault::Cancelled`], and those of the transport.
    pub fn select(&mut self) -> Result<(), Fault> {
        self.command(Command::Selection, Builder::new(), TOUCH_SECONDS)
            .map(drop)
    }

    /// getInfo, as far as we know it already.
    pub(super) fn info(&mut self) -> Result<Info, Fault> {
        match &self.info {
            Some(info) => Ok(info.clone()),
            None => self.read_info(),
        }
    }

    pub(super) fn read_info(&mut self) -> Result<Info, Fault> {
        self.info = None;
        let answer = self.exchange(Command::GetInfo, &Builder::new().into(), ANSWER_SECONDS)?;
        let info = info::parse(&answer.map_err(|status| status::fault(Command::GetInfo, status))?)?;
        self.info = Some(info.clone());
        Ok(info)
    }

    /// What getInfo said may no longer be true.
    pub(super) fn forget_info(&mut self) {
        self.info = None;
    }

    /// Sends a command whose refusal is a fault, and reads the map that answers it.
    pub(super) fn command(
        &mut self,
        command: Command,
        parameters: Builder,
        seconds: u64,
    ) -> Result<Map, Fault> {
        self.attempt(command, parameters, seconds)?
            .map_err(|status| status::fault(command, status))
    }

    /// Sends a command whose refusal the caller wants to see.
    pub(super) fn attempt(
        &mut self,
        command: Command,
        parameters: Builder,
        seconds: u64,
    ) -> Result<Result<Map, CtapStatus>, Fault> {
        match self.exchange(command, &parameters.into(), seconds)? {
            // Many commands succeed with nothing to say (CTAP 2.1 §8).
            Ok(body) if body.is_empty() => Ok(Ok(Map::default())),
            Ok(body) => Map::new(cbor::decode(&body)?, command.name()).map(Ok),
            Err(status) => Ok(Err(status)),
        }
    }

    /// One exchange: the CBOR that answered, or the status.
    fn exchange(
        &mut self,
        command: Command,
        parameters: &ciborium::Value,
        seconds: u64,
    ) -> Result<Result<Vec<u8>, CtapStatus>, Fault> {
        let mut request = vec![command.byte()];
        if parameters
            .as_map()
            .is_some_and(|members| !members.is_empty())
        {
            request.extend(cbor::encode(parameters)?);
        }
        let Attendant { cancel, on_touch } = &mut self.attendant;
        let mut waiting = false;
        let mut asked = false;
        let mut on_keepalive = |keepalive| {
            let needed = keepalive == Keepalive::UserPresenceNeeded;
            asked |= needed;
            if needed != waiting {
                waiting = needed;
                on_touch(needed);
            }
        };
        let mut conduct = Conduct {
            deadline: Instant::now() + Duration::from_secs(seconds),
            cancel,
            on_keepalive: &mut on_keepalive,
        };
        let answer = self.transport.exchange(&request, &mut conduct);
        let cancelled = cancel.is_cancelled();
        if waiting {
            on_touch(false);
        }
        self.touch_asked = asked;
        let answer = match answer {
            // The key was alive and waited for a person.
            Err(Fault::KeyMute) if waiting => return Err(Fault::TouchMissing),
            other => other?,
        };
        match answer.split_first() {
            None => Err(garbled("an answer without a status")),
            Some((0x00, body)) => Ok(Ok(body.to_vec())),
            Some((status, _)) => match CtapStatus(*status) {
                CtapStatus::KEEPALIVE_CANCEL if cancelled => Err(Fault::Cancelled),
                CtapStatus::KEEPALIVE_CANCEL if asked => Err(Fault::TouchMissing),
                status => Ok(Err(status)),
            },
        }
    }
}

impl Authenticator for Key {
    fn capabilities(&mut self) -> Result<Capabilities, Fault> {
        self.read_info().map(|info| info.capabilities)
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        self.transport.serial()
    }

    fn attachment(&self) -> Attachment {
        self.transport.attachment()
    }

    fn product(&self) -> String {
        self.transport.product()
    }

    fn reset(&mut self) -> Result<(), Fault> {
        let long = (self.info.as_ref()).is_some_and(|info| info.capabilities.long_touch_for_reset);
        let seconds = if long {
            TOUCH_SECONDS + LONG_TOUCH_SECONDS
        } else {
            TOUCH_SECONDS
        };
        self.forget_info();
        match self.attempt(Command::Reset, Builder::new(), seconds)? {
            Ok(_) => Ok(()),
            // Over NFC some keys refuse every reset, and without having asked for a touch (§6.6).
            Err(CtapStatus::OPERATION_DENIED)
                if self.attachment() == Attachment::Pcsc && !self.touch_asked =>
            {
                Err(Fault::ResetRefused)
            }
            Err(status) => Err(status::fault(Command::Reset, status)),
        }
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.forget_info();
        self.transport.repower()
    }

    fn set_pin(&mut self, pin: &Pin) -> Result<(), Fault> {
        self.client_pin_set(pin)
    }

    fn change_pin(&mut self, current: &Pin, new: &Pin) -> Result<(), Fault> {
        self.client_pin_change(current, new)
    }

    fn pin_retries(&mut self) -> Result<u32, Fault> {
        self.client_pin_retries()
    }

    fn try_pin(&mut self, pin: &Pin) -> Result<PinVerdict, Fault> {
        self.client_pin_try(pin)
    }

    fn make_credential(
        &mut self,
        request: &MakeCredential<'_>,
        pin: &Pin,
    ) -> Result<Attestation, Fault> {
        self.make(request, pin)
    }

    fn assert_silently(
        &mut self,
        rp: &RpId,
        allow: &[CredentialId],
    ) -> Result<Option<CredentialId>, Fault> {
        self.assert_without_touch(rp, allow, None)
    }

    fn configure(&mut self, pin: &Pin, wanted: Configuration) -> Result<(), Fault> {
        self.bring_about(pin, wanted)
    }
}
