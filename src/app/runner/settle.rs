//! What follows from the outcome of a step: written down, tried again, held, or given up.

use crate::app::runner::outcome::Outcome;
use crate::app::runner::{Run, TRIES_MAX};
use crate::domain::event::{Happening, Step};
use crate::domain::fault::{Fault, Move};
use crate::domain::station::signal::Ending;

impl Run<'_> {
    pub(super) fn settle(&mut self, step: Step, outcome: Outcome) -> Result<(), Ending> {
        match &outcome {
            Outcome::Done { evidence, .. } => {
                self.tries = 0;
                let happening = Happening::Done {
                    step,
                    evidence: (**evidence).clone(),
                };
                self.record(happening, None, &outcome)?;
                if step == Step::Deliver {
                    self.forget_sheet();
                }
                Ok(())
            }
            Outcome::NotDone(fault) => {
                let happening = Happening::NotDone {
                    step,
                    fault: fault.clone(),
                };
                self.record(happening, None, &outcome)?;
                self.after(step, fault.clone())
            }
            // The network may have swallowed the reply only: ask at once, and leave when there is no answer either.
            Outcome::Doubt(fault)
                if step == Step::Register
                    && fault.whose_move() == Move::Wait
                    && self.may_try_again() =>
            {
                tracing::info!(job = self.job.id.0, %step, fault = %fault.brief(), "in doubt, asking");
                Ok(())
            }
            Outcome::Doubt(fault @ Fault::WrongKey) => self.not_recognised(fault.clone()),
            Outcome::Doubt(fault) => self.leave_in_doubt(fault.clone()),
            Outcome::Abandon { reason, restart } => self.give_up(reason, *restart),
        }
    }

    /// The attempt is over. A passkey that Entra does not take is no reason to make another one at once: what was refused
    /// today is refused tomorrow unless somebody mends it. After a release the same key is asked for, and its passkey is made
    /// anew; the refused one goes with that.
    fn give_up(&mut self, reason: &Fault, restart: Step) -> Result<(), Ending> {
        self.abandon(reason.clone(), restart)?;
        if matches!(reason, Fault::PasskeyRefused { .. }) {
            return self.hold(reason.clone());
        }
        Ok(())
    }

    /// Nothing is written but a hold where only a person can tell; it lies on top of the doubt and leaves it in place.
    pub(super) fn leave_in_doubt(&mut self, fault: Fault) -> Result<(), Ending> {
        match (fault.whose_move(), &fault) {
            // A ledger that fails takes no hold either.
            (Move::Administrator, Fault::Ledger { .. })
            | (Move::Wait | Move::PutBack | Move::AnotherKey, _) => Err(Ending::Stopped(fault)),
            (Move::Administrator, _) => self.hold(fault),
        }
    }

    /// The step was not even started: nothing needs to be written but what ends the attempt.
    pub(super) fn settle_unstarted(&mut self, outcome: Outcome) -> Result<(), Ending> {
        match outcome {
            Outcome::Done { .. } => Ok(()),
            Outcome::NotDone(fault) | Outcome::Doubt(fault) => match fault.whose_move() {
                Move::Administrator => self.hold(fault),
                Move::Wait | Move::PutBack | Move::AnotherKey => Err(Ending::Stopped(fault)),
            },
            Outcome::Abandon { reason, restart } => self.abandon(reason, restart),
        }
    }

    /// It is certain that the step had no effect. Who acts now?
    pub(super) fn after(&mut self, step: Step, fault: Fault) -> Result<(), Ending> {
        // A probe that found nothing done has the very key in hand: the doubt is settled, so the step is simply done now.
        let settled = matches!(step, Step::SetPin | Step::ChangePin) && fault == Fault::KeyGone;
        let untouched =
            matches!(fault, Fault::TouchMissing | Fault::TouchDeclined) && step != Step::Reset;
        let passes = settled || untouched || fault == Fault::Interrupted;
        if passes && self.may_try_again() {
            return Ok(());
        }
        if fault == Fault::PinRefused && self.may_try_again() {
            let restart = if step == Step::ChangePin {
                Step::ChangePin
            } else {
                Step::SetPin
            };
            return self.abandon(fault, restart);
        }
        match fault.whose_move() {
            Move::Wait | Move::PutBack => {
                if step == Step::Reset && self.could_not_come_back() {
                    let again = fault == Fault::ResetTooLate && self.was_too_late_before();
                    let fault = if again { Fault::ResetRefused } else { fault };
                    self.abandon(fault.clone(), Step::Reset)?;
                    return Err(if again {
                        Ending::AnotherKey(fault)
                    } else {
                        Ending::Stopped(fault)
                    });
                }
                Err(Ending::Stopped(fault))
            }
            Move::Administrator if matches!(fault, Fault::PasskeyRefused { .. }) => {
                self.give_up(&fault, Step::MakeCredential)
            }
            Move::Administrator => self.hold(fault),
            // The key holds a registered passkey: it is given up only by the administrator.
            Move::AnotherKey if self.enrollment.is_reissue() => self.hold(fault),
            Move::AnotherKey => {
                self.abandon(fault.clone(), Step::Reset)?;
                Err(Ending::AnotherKey(fault))
            }
        }
    }

    /// A used key without a serial cannot be told from another one when it is put back, and before its reset nothing of ours
    /// is on it that could prove it. The job lets go of it, so that the bench looks at it, and asks, as if it were new.
    pub(super) fn could_not_come_back(&mut self) -> bool {
        let nameless = self
            .enrollment
            .binding()
            .is_none_or(|binding| binding.serial.is_none());
        nameless
            && self
                .with_key(|key| key.capabilities())
                .is_ok_and(|info| info.has_pin())
    }

    /// Whether the attempt before this one ended for the same reason. Such a key is looked at anew each time it is put back, and
    /// some firmware takes no reset after that: without an end the operator would put it back for ever.
    fn was_too_late_before(&self) -> bool {
        let journal = self.bench.ports.ledger.journal(self.job.id);
        let mut reasons = journal.into_iter().flatten().rev();
        let last = reasons.find_map(|row| match row.event.happening {
            Happening::Abandoned { reason, .. } => Some(reason),
            Happening::Began { .. }
            | Happening::Rebound { .. }
            | Happening::Started { .. }
            | Happening::Done { .. }
            | Happening::NotDone { .. }
            | Happening::Bagged
            | Happening::Printed { .. }
            | Happening::Spoiled { .. }
            | Happening::Left { .. }
            | Happening::HandedOver
            | Happening::Retired { .. }
            | Happening::Wiped
            | Happening::Held { .. }
            | Happening::Released
            | Happening::Reissued { .. }
            | Happening::Cancelled { .. } => None,
        });
        last == Some(Fault::ResetTooLate)
    }

    pub(super) fn not_recognised(&mut self, fault: Fault) -> Result<(), Ending> {
        let nameless = self
            .enrollment
            .binding()
            .is_none_or(|binding| binding.serial.is_none());
        let stranger = matches!(fault, Fault::KeyUsed | Fault::WrongKey);
        if stranger && nameless && self.nothing_of_ours() {
            self.abandon(fault.clone(), Step::Reset)?;
        }
        Err(Ending::Stopped(fault))
    }

    pub(super) fn may_try_again(&mut self) -> bool {
        self.tries = self.tries.saturating_add(1);
        self.tries < TRIES_MAX
    }

    pub(super) fn hold(&mut self, fault: Fault) -> Result<(), Ending> {
        self.record(
            Happening::Held {
                fault: fault.clone(),
            },
            None,
            &Outcome::plain(),
        )?;
        Err(Ending::Held(fault))
    }

    pub(super) fn abandon(&mut self, reason: Fault, restart: Step) -> Result<(), Ending> {
        // A key that tells no serial and has no PIN of ours could never prove that it is the same one: the bench then decides on
        // the key anew, and a plan that keeps what is on it wipes nothing.
        let binding = self.enrollment.binding();
        let nameless = binding.is_none_or(|binding| binding.serial.is_none());
        let nothing_to_prove = nameless && self.enrollment.pin_of().is_none();
        let restart = if restart == Step::MakeCredential && nothing_to_prove {
            Step::Reset
        } else {
            restart
        };
        // A passkey that stays leaves nothing behind.
        let credential = self
            .enrollment
            .left_behind()
            .filter(|_| restart != Step::ChangePin);
        let happening = Happening::Abandoned {
            reason,
            credential,
            restart,
        };
        if restart == Step::Reset {
            self.bound = false;
            self.tries_to_spare = false;
        }
        self.record(happening, None, &Outcome::plain())
    }
}
