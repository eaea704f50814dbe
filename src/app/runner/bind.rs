//! Which key is it? A job is bound to its key in the journal before anything is done to the key, and after every
//! interruption the key in the slot has to be that key (I6). A wrong key is a stop, never a guess.

use crate::app::runner::Run;
use crate::app::runner::outcome::Outcome;
use crate::app::station::reading::holder_of;
use crate::domain::authenticator::{Binding, Fingerprint, Identity, Recognition};
use crate::domain::event::{Attempt, Happening, Step};
use crate::domain::fault::{Fault, Move};
use crate::domain::pin::Pin;
use crate::domain::policy::{Plan, ResetMode};
use crate::domain::station::signal::Ending;
use crate::port::PinVerdict;

/// So many tries are always left to the key's owner: one wrong PIN per insertion would block the key in the end.
const RETRIES_SPARED: u32 = 3;

impl Run<'_> {
    /// Begins an attempt: the key in hand and the plan for it are fixed.
    pub(super) fn bind(&mut self, restart: Step) -> Result<(), Ending> {
        match self.plan_for_key(restart) {
            Ok((binding, plan)) => {
                self.record(Happening::Began { binding, plan }, None, &Outcome::plain())?;
                self.bound = true;
                Ok(())
            }
            Err(Fault::WrongKey) => self.not_recognised(Fault::WrongKey),
            Err(fault) => match fault.whose_move() {
                Move::AnotherKey if self.enrollment.is_reissue() => self.hold(fault),
                Move::AnotherKey => Err(Ending::AnotherKey(fault)),
                Move::Administrator => self.hold(fault),
                Move::PutBack | Move::Wait => Err(Ending::Stopped(fault)),
            },
        }
    }

    fn plan_for_key(&mut self, restart: Step) -> Result<(Binding, Plan), Fault> {
        if restart == Step::ChangePin {
            return self.plan_for_reissue();
        }
        let identity = self.identity()?;
        if restart != Step::Reset && !self.bound {
            let binding = self.enrollment.binding().cloned();
            let known =
                binding.is_some_and(|binding| binding.recognise(&identity) == Recognition::Same);
            // A key without a serial proves itself; a blank one has nothing on it that could.
            let blank = restart == Step::SetPin && !identity.capabilities.has_pin();
            if !known && !blank {
                self.prove()?;
            }
        }
        let slot = self
            .hand
            .as_ref()
            .map(|hand| hand.slot)
            .ok_or(Fault::KeyGone)?;
        if let Some(wanted) = &self.job.request.serial
            && identity.serial.as_ref() != Some(wanted)
        {
            return Err(Fault::WrongSerial {
                wanted: wanted.to_string(),
            });
        }
        let plan = Plan::new(
            self.policy,
            &identity.capabilities,
            self.pin_length()?,
            restart,
        )?;
        self.refuse_revoked(&Fingerprint::from(&identity.capabilities))?;
        self.gate()?;
        if restart == Step::Reset {
            self.is_taken(identity.capabilities.aaguid)?;
        }
        Ok((self.binding(slot, &identity), plan))
    }

    /// The length of the PIN that will be set, in code points; `None` when the key keeps its PIN.
    pub(super) fn pin_length(&self) -> Result<Option<usize>, Fault> {
        match self.policy.reset {
            ResetMode::Keep => Ok(None),
            ResetMode::Random => Ok(Some(self.policy.pin.length)),
            ResetMode::Specified => {
                let pin = self.bench.ports.ledger.specified_pin(self.job.id)?;
                pin.map(|pin| Some(pin.code_points()))
                    .ok_or(Fault::SpecifiedPinMissing)
            }
        }
    }

    pub(super) fn identity(&mut self) -> Result<Identity, Fault> {
        let identity = self.with_key(|key| {
            Ok(Identity {
                attachment: key.attachment(),
                serial: key.serial()?,
                capabilities: key.capabilities()?,
                product: key.product(),
            })
        })?;
        self.long_touch = identity.capabilities.long_touch_for_reset;
        Ok(identity)
    }

    /// Makes sure, once per run, that the key in hand is the bound one.
    pub(super) fn recognise(&mut self) -> Result<(), Fault> {
        if self.bound {
            return Ok(());
        }
        let identity = self.identity()?;
        let Some(binding) = self.enrollment.binding() else {
            return Err(Fault::Internal {
                what: "a step without a bound key".to_owned(),
            });
        };
        let recognition = binding.recognise(&identity);
        self.is_still_ours(&identity)?;
        match recognition {
            Recognition::Same => {}
            Recognition::Other => return Err(Fault::WrongKey),
            Recognition::Possible
                if self.enrollment.may_rebind() && !identity.capabilities.has_pin() =>
            {
                let slot = self
                    .hand
                    .as_ref()
                    .map(|hand| hand.slot)
                    .ok_or(Fault::KeyGone)?;
                let rebound = Happening::Rebound {
                    binding: self.binding(slot, &identity),
                };
                self.record(rebound, None, &Outcome::plain())
                    .map_err(|ending| match ending {
                        Ending::Stopped(fault)
                        | Ending::AnotherKey(fault)
                        | Ending::Held(fault) => fault,
                        Ending::Finished | Ending::KeyDone | Ending::Awaits(_) => Fault::Internal {
                            what: "finished while binding".to_owned(),
                        },
                    })?;
            }
            Recognition::Possible if self.nothing_of_ours() => {
                return Err(match self.policy.reset {
                    ResetMode::Keep => Fault::WrongKey,
                    ResetMode::Random | ResetMode::Specified => Fault::KeyUsed,
                });
            }
            Recognition::Possible => self.prove()?,
        }
        self.bound = true;
        Ok(())
    }

    /// While a job was held or interrupted its key may have become another job's: then it is that person's (I2, I6).
    fn is_still_ours(&self, identity: &Identity) -> Result<(), Fault> {
        let Some(serial) = &identity.serial else {
            return Ok(());
        };
        match holder_of(self.bench.ports.ledger.as_ref(), serial)? {
            Some(holder) if holder.job != self.job.id => Err(holder.objection()),
            Some(_) | None => Ok(()),
        }
    }

    /// Nothing of ours is on any key yet that could prove which one it is. The bench then decides on the key anew.
    pub(super) fn nothing_of_ours(&self) -> bool {
        self.proving_pin().is_none() && self.enrollment.made().is_none()
    }

    /// The attempt whose PIN is on one key only. A PIN that the job file gives proves nothing: another row may give the same,
    /// and so did an earlier attempt at this job.
    fn proving_pin(&self) -> Option<Attempt> {
        let drawn = self.policy.reset == ResetMode::Random;
        self.enrollment.pin_of().filter(|_| drawn)
    }

    /// A key without a serial proves that it is ours: by our passkey, or, where it cannot show one unasked, by our PIN, which
    /// is tried once.
    pub(super) fn prove(&mut self) -> Result<(), Fault> {
        if self.shows_our_passkey()? {
            return Ok(());
        }
        let Some(attempt) = self.proving_pin() else {
            return Err(Fault::WrongKey);
        };
        let pin = self
            .bench
            .ports
            .ledger
            .pin_in_flight(self.job.id, attempt)?;
        if !self.with_key(|key| key.capabilities())?.has_pin() {
            return Err(Fault::WrongKey);
        }
        self.spare_retries()?;
        match self.try_pin(&pin)? {
            PinVerdict::Right => Ok(()),
            PinVerdict::Wrong { .. } => Err(Fault::WrongKey),
        }
    }

    /// Whether the key shows, unasked, the passkey that the job has made.
    pub(super) fn shows_our_passkey(&mut self) -> Result<bool, Fault> {
        let Some(made) = self.enrollment.made().cloned() else {
            return Ok(false);
        };
        let shown = self.with_key(|key| {
            key.assert_silently(&made.rp_id, std::slice::from_ref(&made.credential))
        })?;
        Ok(shown.as_ref() == Some(&made.credential))
    }

    /// Our own key has all its retries: nobody but us has tried. A key with few left is somebody's, and is not tried at all.
    pub(super) fn spare_retries(&mut self) -> Result<(), Fault> {
        match self.spared()? {
            Some(_) => Err(Fault::WrongKey),
            None => Ok(()),
        }
    }

    /// The tries that the key has left, when they are so few that its PIN is not tried.
    pub(super) fn spared(&mut self) -> Result<Option<u32>, Fault> {
        let left = self.with_key(|key| key.pin_retries())?;
        Ok((left <= RETRIES_SPARED).then_some(left))
    }

    /// Before a PIN is used on a recognised key: somebody may have changed it since we set it, or we were given a wrong one, and
    /// each use then costs a try. The counter is asked at most once per run, and never of a key that took our PIN in it.
    pub(super) fn spare_tries(&mut self) -> Result<(), Fault> {
        if self.tries_to_spare || !self.with_key(|key| key.capabilities())?.has_pin() {
            return Ok(());
        }
        if let Some(retries_left) = self.spared()? {
            return Err(Fault::PinSpared { retries_left });
        }
        self.tries_to_spare = true;
        Ok(())
    }

    /// One try, which the caller has made sure of. The right PIN gives the key all its tries back.
    pub(super) fn try_pin(&mut self, pin: &Pin) -> Result<PinVerdict, Fault> {
        let verdict = self.with_key(|key| key.try_pin(pin));
        self.tries_to_spare = matches!(verdict, Ok(PinVerdict::Right));
        verdict
    }
}
