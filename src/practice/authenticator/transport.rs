//! The in-process face of a simulated key: whole CTAP messages. No framing, so it proves nothing about framing.

use std::time::{Duration, Instant};

use super::PRODUCT;
use super::exchange::{Contact, Word};
use super::key::SimulatedKey;
use crate::domain::authenticator::{Attachment, Serial};
use crate::domain::fault::{CtapStatus, Fault};
use crate::port::{Conduct, Repowered, Transport};

/// How often a waiting exchange looks at its cancel flag.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long a cancelled command may still take to answer.
const GRACE: Duration = Duration::from_millis(500);

/// A simulated key as a [`Transport`], held exclusively.
pub struct PracticeTransport(Contact);

impl PracticeTransport {
    /// Opens `key`.
    ///
    /// # Errors
    /// [`Fault::KeyGone`] when it has no power, [`Fault::KeyHeldElsewhere`] when somebody else talks to it.
    pub fn open(key: &SimulatedKey) -> Result<Self, Fault> {
        Contact::take(key).map(Self)
    }

    /// Cancels the running command and hears it out. A key that finished all the same has acted, and its answer counts.
    fn give_up(&self, why: Fault) -> Result<Vec<u8>, Fault> {
        self.0.cancel()?;
        let until = Instant::now() + GRACE;
        loop {
            match self.0.listen(until)? {
                Some(Word::Waits(_)) => {}
                Some(Word::Answers(answer))
                    if answer.first() != Some(&CtapStatus::KEEPALIVE_CANCEL.0) =>
                {
                    return Ok(answer);
                }
                Some(Word::Answers(_)) | None => return Err(why),
            }
        }
    }
}

impl Transport for PracticeTransport {
    fn exchange(&mut self, request: &[u8], conduct: &mut Conduct<'_>) -> Result<Vec<u8>, Fault> {
        if conduct.cancel.is_cancelled() {
            return Err(Fault::Cancelled);
        }
        self.0.command(request)?;
        loop {
            let now = Instant::now();
            match self.0.listen(conduct.deadline.min(now + LOOK_EVERY))? {
                Some(Word::Waits(why)) => (conduct.on_keepalive)(why),
                Some(Word::Answers(answer)) => return Ok(answer),
                None => {}
            }
            if conduct.cancel.is_cancelled() {
                return self.give_up(Fault::Cancelled);
            }
            if Instant::now() >= conduct.deadline {
                return self.give_up(Fault::KeyMute);
            }
        }
    }

    fn attachment(&self) -> Attachment {
        Attachment::Practice
    }

    fn product(&self) -> String {
        PRODUCT.to_owned()
    }

    fn serial(&mut self) -> Result<Option<Serial>, Fault> {
        self.0.check()?;
        let key = self.0.key();
        Ok(key.serial().filter(|_| key.model().tells_serial))
    }

    fn repower(&mut self) -> Result<Repowered, Fault> {
        self.0.repower().map(|()| Repowered::Yes)
    }
}
