//! The PIN change of a reissue. The old PIN comes from the station's own copy, the new one is sealed before the key sees it.
//! Never wipes a key, and never spends a try that the key or its owner could miss.
//!
//! # Why
//! The key comes back from a person's hand. So whatever speaks against it (no PIN, a PIN that is not ours, too few tries left)
//! is told to the administrator: a key that holds a registered passkey is not given up by the station.

use crate::app::runner::Run;
use crate::app::runner::outcome::Outcome;
use crate::app::runner::perform::Prepared;
use crate::domain::authenticator::{Binding, Recognition};
use crate::domain::event::{Attempt, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::pin::Pin;
use crate::domain::pin_rule::PinRule;
use crate::domain::policy::Plan;
use crate::port::PinVerdict;

/// The old PIN is drawn again less often than once in a million draws.
const DRAWS_MAX: u32 = 8;

impl Run<'_> {
    /// The key in hand, recognised, and what is to be done to it.
    pub(super) fn plan_for_reissue(&mut self) -> Result<(Binding, Plan), Fault> {
        let identity = self.identity()?;
        let bound = self
            .enrollment
            .binding()
            .ok_or_else(|| internal("a reissue without a bound key"))?;
        match bound.recognise(&identity) {
            Recognition::Other => return Err(Fault::WrongKey),
            Recognition::Same if !identity.capabilities.has_pin() => return Err(wiped()),
            Recognition::Same => {}
            Recognition::Possible if self.bound => {}
            Recognition::Possible => self.prove()?,
        }
        let plan = Plan::reissue(self.policy, &identity.capabilities)?;
        let slot = self
            .hand
            .as_ref()
            .map(|hand| hand.slot)
            .ok_or(Fault::KeyGone)?;
        Ok((self.binding(slot, &identity), plan))
    }

    /// The new PIN, and a letter that can be made with it: everything that can fail without an effect fails here.
    pub(super) fn prepare_change_pin(&mut self) -> Result<Prepared, Outcome> {
        self.ready_to_change().map_err(Outcome::NotDone)
    }

    fn ready_to_change(&mut self) -> Result<Prepared, Fault> {
        let key = self.with_key(|key| key.capabilities())?;
        if !key.has_pin() {
            return Err(wiped());
        }
        let drawn = if self.enrollment.has_sealed() {
            None
        } else {
            let old = self.pin_of_attempt(self.enrollment.pin_of())?;
            Some(self.draw_another(&old, key.min_pin_length)?)
        };
        if self.enrollment.plan().steps.contains(&Step::Deliver) {
            let pin = match &drawn {
                Some(pin) => pin.duplicate(),
                None => self.pin_of_attempt(Some(self.enrollment.attempt()))?,
            };
            let control = self.draw_control()?.to_string();
            let letter = self.mailer(&control, pin)?;
            self.bench.ports.press.check(&letter)?;
        }
        self.keep_tries()?;
        Ok((Intent::Plain, drawn))
    }

    /// A PIN of the policy's rule, as long as the key asks for by now, and never the one whose letter is void.
    fn draw_another(&self, old: &Pin, shortest: usize) -> Result<Pin, Fault> {
        let rule = self.policy.pin;
        let rule = PinRule {
            length: rule.length.max(shortest),
            ..rule
        };
        for _ in 0..DRAWS_MAX {
            let drawn = self.draw(rule)?;
            if drawn != *old {
                return Ok(drawn);
            }
        }
        Err(internal("the same PIN is drawn again and again"))
    }

    pub(super) fn change_pin(&mut self) -> Outcome {
        let changed = self
            .pin_of_attempt(self.enrollment.pin_before())
            .and_then(|old| {
                let new = self.pin_on_key()?;
                self.with_key(|key| key.change_pin(&old, &new))
            });
        self.tries_to_spare = changed.is_ok();
        changed.map_or_else(Outcome::failed, |()| Outcome::plain())
    }

    /// Which of the two PINs is on the key? Both are tried, once each, the likelier one first; the right one gives the key its
    /// tries back. A key that still demands a new PIN has most likely not got it. That alone proves nothing: the firmware may
    /// have been cut off between the two.
    pub(super) fn probe_change_pin(&mut self) -> Result<Outcome, Fault> {
        let known = self.shows_that_it_is_ours()?;
        let key = self.with_key(|key| key.capabilities())?;
        if !key.has_pin() {
            return Err(if known { wiped() } else { Fault::WrongKey });
        }
        if !known {
            self.spare_retries()?;
        }
        let new = (self.enrollment.pin_of(), true);
        let old = (self.enrollment.pin_before(), false);
        let mut retries_left = None;
        for (attempt, changed) in if key.force_pin_change {
            [old, new]
        } else {
            [new, old]
        } {
            let verdict = match self.try_pin_of(attempt) {
                // The first try was one too many for the second.
                Err(Fault::PinWrong { .. }) if !known => return Err(Fault::WrongKey),
                answer => answer?,
            };
            match verdict {
                PinVerdict::Right if changed => return Ok(Outcome::plain()),
                PinVerdict::Right => return Ok(Outcome::NotDone(Fault::KeyGone)),
                PinVerdict::Wrong { retries_left: left } => retries_left = left.or(retries_left),
            }
        }
        Err(if known {
            Fault::PinWrong { retries_left }
        } else {
            Fault::WrongKey
        })
    }

    /// One try; the right PIN also proves whose key it is.
    fn try_pin_of(&mut self, attempt: Option<Attempt>) -> Result<PinVerdict, Fault> {
        let pin = self.pin_of_attempt(attempt)?;
        self.keep_tries()?;
        let verdict = self.try_pin(&pin)?;
        self.bound = self.bound || verdict == PinVerdict::Right;
        Ok(verdict)
    }

    /// Whether the key proves, without a PIN, that it is the bound one. `false` for one that only may be.
    fn shows_that_it_is_ours(&mut self) -> Result<bool, Fault> {
        if self.bound {
            return Ok(true);
        }
        let identity = self.identity()?;
        match self
            .enrollment
            .binding()
            .map(|binding| binding.recognise(&identity))
        {
            Some(Recognition::Same) => Ok(true),
            Some(Recognition::Possible) => self.shows_our_passkey(),
            Some(Recognition::Other) | None => Err(Fault::WrongKey),
        }
    }

    fn keep_tries(&mut self) -> Result<(), Fault> {
        match self.spared()? {
            Some(left) => Err(Fault::PinWrong {
                retries_left: Some(left),
            }),
            None => Ok(()),
        }
    }

    fn pin_of_attempt(&self, attempt: Option<Attempt>) -> Result<Pin, Fault> {
        let attempt = attempt.ok_or_else(|| internal("a PIN change without a PIN"))?;
        self.bench.ports.ledger.pin_in_flight(self.job.id, attempt)
    }
}

fn wiped() -> Fault {
    Fault::OnHold {
        why: "the key was wiped meanwhile, so there is no PIN to change; `keyline jobs retry` starts anew"
            .to_owned(),
    }
}

fn internal(what: &str) -> Fault {
    Fault::Internal {
        what: what.to_owned(),
    }
}
