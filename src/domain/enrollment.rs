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

mod custody;
mod fold;
mod paper;
mod standing;

use std::collections::BTreeSet;

pub use self::standing::Standing;

use crate::domain::authenticator::Binding;
use crate::domain::credential::{CredentialId, MethodId, RpId};
use crate::domain::custody::Fate;
use crate::domain::event::{Attempt, Doubt, Event, Happening, Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::paper::{Leaving, Sheet, Ticket};
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
    /// A person has to confirm it: that the key lies in its bag ([`Step::Bag`]), or that the letter came out ([`Step::Deliver`]).
    Await(Step),
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
    /// The older methods that go once the person has the key.
    after_handover: Vec<MethodId>,
    delivered: Option<String>,
    /// The sheet of this attempt, once a printer has it.
    sheet: Option<Sheet>,
    /// What the printer knows that sheet by.
    ticket: Option<Ticket>,
    /// Why the sheet of this attempt is void.
    spoiled: Option<String>,
    /// What left the bench.
    left: BTreeSet<Leaving>,
    handed_over: bool,
    retired: Option<Fate>,
    /// The key that came back was reset.
    wiped: bool,
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
            sheet: None,
            ticket: None,
            spoiled: None,
            left: BTreeSet::new(),
            after_handover: Vec::new(),
            handed_over: false,
            retired: None,
            wiped: false,
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
            (_, Some(Step::Bag)) => Command::Await(Step::Bag),
            (Phase::InDoubt(_), Some(Step::Deliver)) if self.sheet == Some(Sheet::OnPaper) => {
                Command::Await(Step::Deliver)
            }
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
            Command::Bind { .. } | Command::Run(_) | Command::Probe(_) | Command::Await(_) => {
                Standing::UnderWay
            }
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

#[cfg(test)]
mod tests;
