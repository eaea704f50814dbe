//! The central machine: one job, from the first key that is bound to it to the delivered PIN.
//!
//! [`Enrollment::apply`] folds the journal into a state, [`Enrollment::next`] says the one thing to do next. The state itself
//! is never stored. A step that has started and has no outcome is **in doubt**; a crash, a pulled key and a lost reply are
//! the same doubt, and how it is settled is a property of the step ([`Step::doubt`]). So there is no recovery code.
//!
//! # Why
//! Two things go beyond a plain list of steps. **Attempts**: events and sealed PINs carry their attempt, so that no row is
//! ever overwritten; [`Happening::Abandoned`] ends an attempt in one transaction and names where the next one starts.
//! **Holds** lie on top of the state instead of replacing it, so that releasing a job in doubt leaves the doubt in place.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::authenticator::Binding;
use crate::domain::credential::{CredentialId, MethodId, RpId};
use crate::domain::event::{Attempt, Doubt, Event, Evidence, Happening, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::policy::Plan;
use crate::domain::time::Timestamp;

/// The one thing to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a command that nobody carries out stops the job"]
pub enum Command {
    /// Bind a key and fix its plan, which starts at `restart`.
    Bind {
        restart: Step,
    },
    Run(Step),
    Probe(Step),
    Hold(Fault),
    Finish,
    /// The job was cancelled: nothing is left to do.
    Rest,
}

/// The passkey that this attempt made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub credential: CredentialId,
    pub rp_id: RpId,
    /// The attempt whose attestation is in the ledger.
    pub attempt: Attempt,
    pub expires: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    AwaitingKey { restart: Step },
    Ready,
    InDoubt(Intent),
    Cancelled,
}

/// An event that cannot follow what is in the journal: a defect or a damaged ledger, never a situation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {event:?} cannot follow in {phase}")]
pub struct Impossible {
    event: Box<Event>,
    phase: String,
}

/// The state of one job, folded from its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrollment {
    attempt: Attempt,
    phase: Phase,
    held: Option<Fault>,
    plan: Plan,
    at: usize,
    binding: Option<Binding>,
    pin_of: Option<Attempt>,
    /// Whose PIN the key had before a change that is in doubt.
    pin_before: Option<Attempt>,
    /// The PIN of this attempt is in the ledger.
    sealed: bool,
    made: Option<Made>,
    method: Option<MethodId>,
    replaces: Vec<MethodId>,
    delivered: Option<String>,
}

impl Default for Enrollment {
    fn default() -> Self {
        Self {
            attempt: Attempt(0),
            phase: Phase::AwaitingKey {
                restart: Step::Reset,
            },
            held: None,
            plan: Plan::default(),
            at: 0,
            binding: None,
            pin_of: None,
            pin_before: None,
            sealed: false,
            made: None,
            method: None,
            replaces: Vec::new(),
            delivered: None,
        }
    }
}

impl Enrollment {
    /// The state after these events.
    ///
    /// # Errors
    /// [`Impossible`] names the first event that cannot follow.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, Impossible> {
        events.into_iter().try_fold(Self::default(), Self::apply)
    }

    /// The state after one more event.
    ///
    /// # Errors
    /// [`Impossible`] when the event cannot follow; the journal then stays as it is.
    pub fn apply(mut self, event: &Event) -> Result<Self, Impossible> {
        let begins = matches!(event.happening, Happening::Began { .. });
        let expected = if begins {
            self.attempt.following()
        } else {
            self.attempt
        };
        let known = event.attempt == expected && self.phase != Phase::Cancelled;
        if known && self.fold(&event.happening).is_some() {
            Ok(self)
        } else {
            Err(Impossible {
                event: Box::new(event.clone()),
                phase: format!("{:?} {:?}", self.attempt, self.phase),
            })
        }
    }

    fn fold(&mut self, happening: &Happening) -> Option<()> {
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
                if self.current() == Some(*step) =>
            {
                self.start(*step, intent);
            }
            (Happening::Started { step, intent }, Phase::InDoubt(_))
                if self.current() == Some(*step) && step.doubt() == Doubt::Repeat =>
            {
                self.start(*step, intent);
            }
            (Happening::Done { step, evidence }, Phase::InDoubt(_))
                if self.current() == Some(*step) =>
            {
                self.finish(*step, evidence);
            }
            (Happening::NotDone { step, .. }, Phase::InDoubt(_))
                if self.current() == Some(*step) =>
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
            // The key that the attempt kept is given up after all: it is lost, or broken.
            (
                Happening::Abandoned {
                    restart: Step::Reset,
                    ..
                },
                Phase::AwaitingKey { restart },
            ) if *restart != Step::Reset => self.abandon(Step::Reset),
            (Happening::Held { fault }, _) => self.held = Some(fault.clone()),
            (Happening::Released, _) => self.held = None,
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
        if let Intent::Register { replaces } = intent {
            self.replaces.clone_from(replaces);
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
            Evidence::Delivered { control, .. } => self.delivered = Some(control.clone()),
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
        // With another PIN the registered passkey stays what it is.
        if restart != Step::ChangePin {
            self.made = None;
            self.method = None;
            self.replaces.clear();
        }
        self.phase = Phase::AwaitingKey { restart };
    }

    /// The one thing to do next.
    pub fn next(&self) -> Command {
        if self.phase == Phase::Cancelled {
            return Command::Rest;
        }
        if let Some(fault) = &self.held {
            return Command::Hold(fault.clone());
        }
        match (&self.phase, self.current()) {
            (Phase::AwaitingKey { restart }, _) => Command::Bind { restart: *restart },
            (Phase::Cancelled, _) => Command::Rest,
            (_, None) => Command::Finish,
            (Phase::Ready, Some(step)) => Command::Run(step),
            (Phase::InDoubt(_), Some(step)) => match step.doubt() {
                Doubt::Repeat => Command::Run(step),
                Doubt::Probe => Command::Probe(step),
            },
        }
    }

    /// The step that is to be done or in doubt; `None` before a key is bound and after the last one.
    pub fn current(&self) -> Option<Step> {
        self.plan.steps.get(self.at).copied()
    }

    /// What was fixed before the step that is in doubt.
    pub fn intent(&self) -> Option<&Intent> {
        match &self.phase {
            Phase::InDoubt(intent) => Some(intent),
            Phase::AwaitingKey { .. } | Phase::Ready | Phase::Cancelled => None,
        }
    }

    /// The attempt that is under way, or the last one.
    pub fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// The key of the attempt that is under way. It survives an abandonment that keeps the key ([`Step::MakeCredential`],
    /// [`Step::ChangePin`]).
    pub fn binding(&self) -> Option<&Binding> {
        self.binding.as_ref()
    }

    /// The attempt whose sealed PIN is, or may be, on the key.
    pub fn pin_of(&self) -> Option<Attempt> {
        self.pin_of
    }

    /// While a PIN change is in doubt: the attempt whose PIN is on the key if the change did not happen.
    pub fn pin_before(&self) -> Option<Attempt> {
        self.pin_before
    }

    /// Whether the PIN that this attempt sets is in the ledger already.
    pub fn has_sealed(&self) -> bool {
        self.sealed
    }

    /// The passkey that this attempt, or an earlier one on the same key, has made.
    pub fn made(&self) -> Option<&Made> {
        self.made.as_ref()
    }

    /// Entra's id of the registered passkey.
    pub fn method(&self) -> Option<&MethodId> {
        self.method.as_ref()
    }

    /// The older methods that the new passkey replaces, frozen before it was registered.
    pub fn replaces(&self) -> &[MethodId] {
        &self.replaces
    }

    /// The control number of the delivered sheet.
    pub fn delivered(&self) -> Option<&str> {
        self.delivered.as_deref()
    }

    /// The plan of this attempt.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Why the job is held.
    pub fn held(&self) -> Option<&Fault> {
        self.held.as_ref()
    }

    /// Whether a blank key may take the place of the bound one: nothing that we want to keep was put on either.
    pub fn may_rebind(&self) -> bool {
        matches!(
            (self.current(), &self.phase),
            (Some(Step::Reset), _) | (Some(Step::SetPin), Phase::Ready)
        )
    }

    /// Whether the key can get a new PIN, and the person a new letter: the passkey is registered, and the letter is all that
    /// is missing, or is in doubt.
    pub fn may_reissue(&self) -> bool {
        self.current() == Some(Step::Deliver)
            && self.phase != Phase::Cancelled
            && self.made.is_some()
            && self.method.is_some()
            && self.pin_of.is_some()
    }

    /// Whether a reissue is under way: nothing on this key may be given up without the administrator.
    pub fn is_reissue(&self) -> bool {
        self.plan.steps.first() == Some(&Step::ChangePin)
            || self.phase
                == (Phase::AwaitingKey {
                    restart: Step::ChangePin,
                })
    }

    /// The credential that an abandonment now would leave behind: it may be at Entra although no row says "registered".
    pub fn left_behind(&self) -> Option<CredentialId> {
        self.made.as_ref().map(|made| made.credential.clone())
    }

    /// Where the job stands, for lists and for the ledger's index.
    pub fn standing(&self) -> Standing {
        match self.next() {
            Command::Rest => Standing::Cancelled,
            Command::Hold(_) => Standing::Held,
            Command::Finish => Standing::Done,
            Command::Bind { .. } if self.attempt == Attempt(0) => Standing::Waiting,
            Command::Bind { .. } | Command::Run(_) | Command::Probe(_) => Standing::UnderWay,
        }
    }

    /// Whether the job can only go on with the very key that it is bound to.
    pub fn wants_its_key(&self) -> bool {
        self.binding.is_some()
            && self.held.is_none()
            && match (&self.phase, self.current()) {
                (Phase::AwaitingKey { restart }, _) => *restart != Step::Reset,
                (Phase::Ready | Phase::InDoubt(_), Some(step)) => step.needs_key(),
                (Phase::Ready | Phase::InDoubt(_), None) | (Phase::Cancelled, _) => false,
            }
    }
}

/// Where a job stands, as far as lists care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No key was bound yet.
    Waiting,
    UnderWay,
    Held,
    Done,
    Cancelled,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::UnderWay => "under way",
            Self::Held => "held",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        })
    }
}

#[cfg(test)]
mod tests;
