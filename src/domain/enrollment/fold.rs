//! What each event makes of the state: the right-hand side of [`Enrollment::apply`]. Decides nothing about what comes next.

use crate::domain::enrollment::{Enrollment, Made, Phase};
use crate::domain::event::{Doubt, Evidence, Happening, Intent, Step};
use crate::domain::policy::Plan;

impl Enrollment {
    pub(super) fn fold(&mut self, happening: &Happening) -> Option<()> {
        match (happening, &self.phase) {
            (Happening::Began { binding, plan }, Phase::AwaitingKey { .. }) => {
                self.attempt = self.attempt.following();
                self.plan = plan.clone();
                self.at = 0;
                self.sealed = false;
                self.binding = Some(binding.clone());
                self.phase = Phase::Ready;
            }
            (Happening::Rebound { binding }, Phase::Ready | Phase::InDoubt(_))
                if self.may_rebind() =>
            {
                self.binding = Some(binding.clone());
            }
            (Happening::Started { step, intent }, Phase::Ready)
                // A bag is nothing that is tried: somebody says that the key lies in it.
                if self.current() == Some(*step) && *step != Step::Bag =>
            {
                self.start(*step, intent);
            }
            (Happening::Started { step, intent }, Phase::InDoubt(_))
                if self.current() == Some(*step) && step.doubt() == Doubt::Repeat =>
            {
                self.start(*step, intent);
            }
            (Happening::Done { step, evidence }, Phase::InDoubt(_))
                if self.current() == Some(*step) && self.may_finish(*step, evidence) =>
            {
                self.finish(*step, evidence);
            }
            (Happening::NotDone { step, .. }, Phase::InDoubt(_))
                if self.current() == Some(*step) && self.may_be_undone(*step) =>
            {
                // A PIN change that did not happen leaves the old PIN on the key.
                self.pin_of = self.pin_before.take().or(self.pin_of);
                self.phase = Phase::Ready;
            }
            (Happening::Abandoned { restart, .. }, Phase::Ready | Phase::InDoubt(_))
                if self.may_restart_at(*restart) =>
            {
                self.abandon(*restart);
            }
            (Happening::Reissued { .. }, Phase::Ready | Phase::InDoubt(_))
                if self.may_reissue() =>
            {
                self.held = None;
                self.abandon(Step::ChangePin);
            }
            (
                paper @ (Happening::Bagged
                | Happening::Printed { .. }
                | Happening::Spoiled { .. }
                | Happening::Left { .. }),
                _,
            ) => return self.fold_paper(paper),
            (
                custody @ (Happening::HandedOver | Happening::Retired { .. } | Happening::Wiped),
                _,
            ) => return self.fold_custody(custody),
            // The key that the attempt kept is given up after all: it is lost, or broken.
            (
                Happening::Abandoned {
                    restart: Step::Reset,
                    ..
                },
                Phase::AwaitingKey { restart },
            ) if *restart != Step::Reset => self.abandon(Step::Reset),
            (Happening::Held { fault }, _) => self.held = Some(fault.clone()),
            (Happening::Released, _) => self.release(),
            (Happening::Cancelled { .. }, _) => self.phase = Phase::Cancelled,
            _ => return None,
        }
        Some(())
    }

    fn start(&mut self, step: Step, intent: &Intent) {
        if matches!(step, Step::SetPin | Step::ChangePin) {
            if step == Step::ChangePin {
                self.pin_before = self.pin_of;
            }
            self.pin_of = Some(self.attempt);
            self.sealed = true;
        }
        if step == Step::Deliver {
            self.sheet = None;
            self.ticket = None;
            self.spoiled = None;
        }
        if let Intent::Register {
            replaces,
            after_handover,
        } = intent
        {
            self.replaces.clone_from(replaces);
            self.after_handover.clone_from(after_handover);
        }
        self.phase = Phase::InDoubt(intent.clone());
    }

    fn finish(&mut self, step: Step, evidence: &Evidence) {
        if step == Step::Reset {
            self.pin_of = None;
        }
        self.pin_before = None;
        match evidence {
            Evidence::Plain => {}
            Evidence::Made {
                credential,
                rp_id,
                expires,
                ..
            } => {
                self.made = Some(Made {
                    credential: credential.clone(),
                    rp_id: rp_id.clone(),
                    attempt: self.attempt,
                    expires: *expires,
                });
            }
            Evidence::Registered { method, .. } => self.method = Some(method.clone()),
            Evidence::Delivered { control, .. } => self.deliver(control),
        }
        self.at = self.at.saturating_add(1);
        self.phase = Phase::Ready;
    }

    /// While a PIN change is in doubt there must be no other PIN: the key would have one of three.
    fn may_restart_at(&self, restart: Step) -> bool {
        match restart {
            Step::Reset => true,
            Step::ChangePin => {
                self.phase == Phase::Ready && self.current() == Some(Step::ChangePin)
            }
            Step::SetPin
            | Step::MakeCredential
            | Step::Register
            | Step::Configure
            | Step::Bag
            | Step::Deliver => self.pin_before.is_none(),
        }
    }

    fn abandon(&mut self, restart: Step) {
        if restart == Step::Reset {
            self.pin_of = None;
            self.binding = None;
        }
        self.plan = Plan::default();
        self.at = 0;
        self.pin_before = None;
        self.sheet = None;
        self.ticket = None;
        self.spoiled = None;
        // With another PIN the registered passkey stays what it is.
        if restart != Step::ChangePin {
            self.made = None;
            self.method = None;
            self.replaces.clear();
            self.after_handover.clear();
        }
        self.phase = Phase::AwaitingKey { restart };
    }
}
