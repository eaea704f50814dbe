//! The one hold that somebody may have on a powered simulated key. All three faces stand on it.

use std::time::Instant;

use super::key::{Input, Output, SimulatedKey};
use crate::domain::fault::Fault;
use crate::port::Keepalive;

/// Exclusive contact with a key, for as long as it keeps its power. Dropping it lets go.
pub(super) struct Contact {
    key: SimulatedKey,
    boot: u64,
    number: u64,
}

/// What a running command has to say.
pub(super) enum Word {
    Waits(Keepalive),
    Answers(Vec<u8>),
}

impl Contact {
    /// Takes hold of the key.
    ///
    /// # Errors
    /// [`Fault::KeyGone`] without power, [`Fault::KeyHeldElsewhere`] when somebody else has it.
    pub(super) fn take(key: &SimulatedKey) -> Result<Self, Fault> {
        let boot = key
            .shared()
            .change(|body| match (body.powered, body.held) {
                (false, _) => Err(Fault::KeyGone),
                (true, true) => Err(Fault::KeyHeldElsewhere),
                (true, false) => {
                    body.held = true;
                    Ok(body.boot)
                }
            })?;
        Ok(Self {
            key: key.clone(),
            boot,
            number: 0,
        })
    }

    pub(super) fn key(&self) -> &SimulatedKey {
        &self.key
    }

    /// Whether the key is still there.
    ///
    /// # Errors
    /// [`Fault::KeyGone`] when it is not.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let there = self.key.shared().lock().runs(self.boot);
        there.then_some(()).ok_or(Fault::KeyGone)
    }

    fn put(&self, input: Input) -> Result<(), Fault> {
        self.key.shared().change(|body| {
            if !body.runs(self.boot) {
                return Err(Fault::KeyGone);
            }
            body.inbox.push_back(input);
            Ok(())
        })
    }

    /// Hands the key a whole CTAP message. What an earlier one still says is not listened to any more.
    pub(super) fn command(&mut self, request: &[u8]) -> Result<(), Fault> {
        self.number += 1;
        self.put(Input::Command {
            number: self.number,
            request: request.to_vec(),
        })
    }

    /// Asks the running command to end.
    pub(super) fn cancel(&self) -> Result<(), Fault> {
        self.put(Input::Cancel)
    }

    /// The next word of the running command, or `None` when the moment comes first.
    pub(super) fn listen(&self, until: Instant) -> Result<Option<Word>, Fault> {
        self.key
            .shared()
            .wait(until, |body| {
                if !body.runs(self.boot) {
                    return Some(Err(Fault::KeyGone));
                }
                while let Some(output) = body.outbox.pop_front() {
                    match output {
                        Output::Keepalive { number, why } if number == self.number => {
                            return Some(Ok(Word::Waits(why)));
                        }
                        Output::Answer { number, answer } if number == self.number => {
                            return Some(Ok(Word::Answers(answer)));
                        }
                        Output::Keepalive { .. } | Output::Answer { .. } | Output::Report(_) => {}
                    }
                }
                None
            })
            .transpose()
    }

    /// Hands the key one report.
    pub(super) fn report(&self, report: &[u8; 64]) -> Result<(), Fault> {
        self.put(Input::Report(*report))
    }

    /// The next report from the key, or `None` when the moment comes first.
    pub(super) fn next_report(&self, until: Instant) -> Result<Option<[u8; 64]>, Fault> {
        self.key
            .shared()
            .wait(until, |body| {
                if !body.runs(self.boot) {
                    return Some(Err(Fault::KeyGone));
                }
                while let Some(output) = body.outbox.pop_front() {
                    match output {
                        Output::Report(report) => return Some(Ok(report)),
                        Output::Keepalive { .. } | Output::Answer { .. } => {}
                    }
                }
                None
            })
            .transpose()
    }

    /// Takes the power away and gives it back, without letting go.
    ///
    /// # Errors
    /// [`Fault::KeyGone`] when it was pulled already.
    pub(super) fn repower(&mut self) -> Result<(), Fault> {
        self.check()?;
        self.boot = self.key.shared().power_on(true)?;
        Ok(())
    }
}

impl Drop for Contact {
    fn drop(&mut self) {
        self.key.shared().change(|body| {
            // Whoever came after a replug keeps its hold.
            if body.runs(self.boot) {
                body.held = false;
                // A wait for a touch that nobody is interested in any more ends.
                body.inbox.push_back(Input::Cancel);
            }
        });
    }
}
