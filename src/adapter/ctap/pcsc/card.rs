//! [`Apdus`] over PC/SC. Holds the card exclusively; gives it back explicitly, because the library's own end is a reset.

use std::ffi::CStr;
use std::thread;
use std::time::Duration;

use pcsc::{Card, Context, Disposition, Error, Protocols, Scope, ShareMode};

use crate::domain::fault::Fault;
use crate::port::Repowered;

use super::Apdus;

/// Between two tries to get at a card that another program holds, or that is just being powered.
const CONNECT_MILLIS: u64 = 100;
const CONNECT_TRIES_MAX: u32 = 15;
/// An extended response and its status word.
const RESPONSE_BYTES_MAX: usize = 65538;

/// A card in exclusive use.
pub struct PcscCard {
    /// `None` only while the value is dropped.
    card: Option<Card>,
    buffer: Vec<u8>,
}

impl PcscCard {
    /// Connects to the card on `reader`.
    ///
    /// # Errors
    /// [`Fault::KeyGone`], [`Fault::KeyHeldElsewhere`], [`Fault::KeyMute`], [`Fault::Transport`].
    pub fn connect(reader: &CStr) -> Result<Self, Fault> {
        let context = Context::establish(Scope::User).map_err(fault)?;
        let mut tries = 0;
        loop {
            tries += 1;
            match context.connect(reader, ShareMode::Exclusive, Protocols::ANY) {
                Ok(card) => {
                    return Ok(Self {
                        card: Some(card),
                        buffer: vec![0; RESPONSE_BYTES_MAX],
                    });
                }
                Err(
                    Error::SharingViolation
                    | Error::ResetCard
                    | Error::UnpoweredCard
                    | Error::UnresponsiveCard,
                ) if tries < CONNECT_TRIES_MAX => {
                    thread::sleep(Duration::from_millis(CONNECT_MILLIS));
                }
                Err(error) => return Err(fault(error)),
            }
        }
    }

    fn card(&mut self) -> Result<(&mut Card, &mut [u8]), Fault> {
        let card = self.card.as_mut().ok_or_else(|| Fault::Internal {
            what: "a card after its end".to_owned(),
        })?;
        Ok((card, &mut self.buffer))
    }
}

impl Apdus for PcscCard {
    fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Fault> {
        let (card, buffer) = self.card()?;
        card.transmit(apdu, buffer)
            .map(<[u8]>::to_vec)
            .map_err(fault)
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        let (card, _) = self.card()?;
        match card.reconnect(
            ShareMode::Exclusive,
            Protocols::ANY,
            Disposition::UnpowerCard,
        ) {
            Ok(()) => Ok(Repowered::Yes),
            Err(Error::UnsupportedFeature | Error::ReaderUnsupported) => Ok(Repowered::NotHere),
            Err(error) => Err(fault(error)),
        }
    }
}

impl Drop for PcscCard {
    fn drop(&mut self) {
        if let Some(card) = self.card.take()
            // Left as it is: taking the power away looks like a departure on some readers.
            && let Err((card, _)) = card.disconnect(Disposition::LeaveCard)
        {
            // The card or the service is gone. The library would disconnect a second time; that fails as well, harmlessly.
            drop(card);
        }
    }
}

/// What an error of PC/SC means for a key.
pub(in super::super) fn fault(error: Error) -> Fault {
    if matches!(
        error,
        // A card that is pulled in the middle of an APDU says "not transacted" first.
        Error::RemovedCard
            | Error::NoSmartcard
            | Error::NotTransacted
            | Error::ReaderUnavailable
            | Error::UnknownReader
    ) {
        Fault::KeyGone
    } else if error == Error::SharingViolation {
        Fault::KeyHeldElsewhere
    } else if matches!(error, Error::UnpoweredCard | Error::UnresponsiveCard) {
        Fault::KeyMute
    } else {
        Fault::Transport {
            what: format!("PC/SC: {error}"),
        }
    }
}
