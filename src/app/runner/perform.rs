//! The steps themselves: what is fixed before each, and the one effect that each has.

use crate::app::restock;
use crate::app::runner::letter::try_letter;
use crate::app::runner::outcome::Outcome;
use crate::app::runner::{Run, applicant, person_of};
use crate::domain::authenticator::Aaguid;
use crate::domain::event::{Intent, Step};
use crate::domain::fault::Fault;
use crate::domain::pin::Pin;
use crate::domain::pin_rule::{NotDrawn, PinRule};
use crate::domain::policy::ResetMode;

/// What is fixed before a step, and the PIN that it sets.
pub(super) type Prepared = (Intent, Option<Pin>);

impl Run<'_> {
    /// What has to be in the journal before the step is tried. Everything that can fail without an effect fails here.
    pub(super) fn prepare(&mut self, step: Step) -> Result<Prepared, Outcome> {
        match step {
            Step::Reset => {
                self.gate().map_err(Outcome::NotDone)?;
                self.is_still_taken()?;
                self.still_trusted()?;
                Ok((Intent::Plain, None))
            }
            Step::SetPin => self.prepare_set_pin(),
            Step::ChangePin => self.prepare_change_pin(),
            Step::MakeCredential => {
                self.spare_tries().map_err(Outcome::NotDone)?;
                Ok((Intent::Plain, None))
            }
            Step::Configure | Step::Bag => Ok((Intent::Plain, None)),
            Step::Register => self.prepare_register(),
            Step::Deliver => self.prepare_sheet().map_err(Outcome::NotDone),
        }
    }

    /// The one effect of a step.
    pub(super) fn perform(&mut self, step: Step) -> Outcome {
        match step {
            Step::Reset => self.reset(),
            Step::SetPin => self.set_pin(),
            Step::MakeCredential => self.make_credential(),
            Step::Register => self.register(),
            Step::Configure => self.configure(),
            Step::ChangePin => self.change_pin(),
            // A sheet is handed over elsewhere, and of a bag the machine awaits a person's word.
            Step::Deliver | Step::Bag => Outcome::NotDone(Fault::Internal {
                what: format!("nothing to perform for {step}"),
            }),
        }
    }

    /// No key is touched unless the job can be carried through: the letter can be set, a token and creation options are at
    /// hand. Asked once per run.
    pub(super) fn gate(&mut self) -> Result<(), Fault> {
        if self.gate_passed {
            return Ok(());
        }
        let job = self.job.id;
        if !self.bench.provisions.has_letter(job) {
            try_letter(self.bench.ports, self.bench.policies, self.job)?;
        }
        let applicant = applicant(self.job, self.policy);
        self.with_tenant(|bench| {
            let (tenant, now) = (bench.ports.relying_party.as_ref(), bench.ports.clock.now());
            if bench.provisions.is_fresh(job, now) {
                // They were fetched minutes ago; whether the tenant is there now is another question.
                tenant.ready()
            } else {
                bench.provisions.provide(tenant, &applicant, now)
            }
        })?;
        self.gate_passed = true;
        Ok(())
    }

    /// Whether the tenant takes a key of this model for this person. Told before anything is done to it.
    pub(super) fn is_taken(&mut self, aaguid: Aaguid) -> Result<(), Fault> {
        let user = self.job.request.user.as_str();
        self.with_tenant(|bench| bench.provisions.eligibility().key_may(user, aaguid))
    }

    /// A key that was bound before the tenant's policy changed is not reset after it: another one may do.
    fn is_still_taken(&mut self) -> Result<(), Outcome> {
        let Some(binding) = self.enrollment.binding() else {
            return Ok(());
        };
        let aaguid = binding.fingerprint.aaguid;
        self.is_taken(aaguid).map_err(|reason| {
            if !matches!(reason, Fault::TenantRefuses { .. }) {
                return Outcome::NotDone(reason);
            }
            let restart = Step::Reset;
            Outcome::Abandon { reason, restart }
        })
    }

    fn reset(&mut self) -> Outcome {
        if let Some(hand) = &self.hand {
            self.bench.board.set_long_touch(hand.slot, self.long_touch);
        }
        match self.with_key(restock::reset) {
            Ok(()) => Outcome::plain(),
            Err(fault) => Outcome::failed(fault),
        }
    }

    /// A key with a PIN takes no second one: it is one of an earlier attempt at this job that has come back, and has to be
    /// reset. It was recognised before, so it is ours to wipe.
    fn prepare_set_pin(&mut self) -> Result<Prepared, Outcome> {
        let key = self
            .with_key(|key| key.capabilities())
            .map_err(Outcome::NotDone)?;
        if key.has_pin() {
            return Err(Outcome::Abandon {
                reason: Fault::KeyUsed,
                restart: Step::Reset,
            });
        }
        if let Some(drawn) = self.pin_length().map_err(Outcome::NotDone)?
            && drawn < key.min_pin_length
        {
            let needed = key.min_pin_length;
            return Err(Outcome::Abandon {
                reason: Fault::PinTooShort { needed, drawn },
                restart: Step::Reset,
            });
        }
        self.pin_to_set()
            .map(|pin| (Intent::Plain, pin))
            .map_err(Outcome::NotDone)
    }

    /// The PIN that this attempt sets; `None` when it is sealed already, because an earlier try of this attempt drew it.
    fn pin_to_set(&mut self) -> Result<Option<Pin>, Fault> {
        if self.enrollment.has_sealed() {
            return Ok(None);
        }
        if self.policy.reset == ResetMode::Specified {
            let pin = self.bench.ports.ledger.specified_pin(self.job.id)?;
            return pin.map(Some).ok_or(Fault::SpecifiedPinMissing);
        }
        self.draw(self.policy.pin).map(Some)
    }

    pub(super) fn draw(&self, rule: PinRule) -> Result<Pin, Fault> {
        let entropy = self.bench.ports.entropy.as_ref();
        rule.draw(|bytes| entropy.fill(bytes))
            .map_err(|not_drawn| match not_drawn {
                NotDrawn::Entropy(fault) => fault,
                NotDrawn::Unfit(unfit) => Fault::Internal {
                    what: unfit.to_string(),
                },
                NotDrawn::Exhausted => Fault::Internal {
                    what: "no PIN could be drawn".to_owned(),
                },
            })
    }

    fn set_pin(&mut self) -> Outcome {
        let result = self
            .pin_on_key()
            .and_then(|pin| self.with_key(|key| key.set_pin(&pin)));
        self.tries_to_spare = result.is_ok();
        result.map_or_else(Outcome::failed, |()| Outcome::plain())
    }

    /// The PIN that is on the key now, or goes onto it in this step.
    pub(super) fn pin_on_key(&mut self) -> Result<Pin, Fault> {
        let ledger = &self.bench.ports.ledger;
        if let Some(attempt) = self.enrollment.pin_of() {
            let pin = ledger.pin_in_flight(self.job.id, attempt)?;
            self.shown = self.policy.show_pin.then(|| pin.duplicate());
            return Ok(pin);
        }
        if let Some(pin) = ledger.current_pin(self.job.id)? {
            return Ok(pin);
        }
        let slot = self
            .hand
            .as_ref()
            .map(|hand| hand.slot)
            .ok_or(Fault::KeyGone)?;
        let person = person_of(self.job);
        self.bench
            .ports
            .operator
            .current_pin(slot, person)
            .ok_or(Fault::CurrentPinMissing)
    }

    /// Does what is missing, and only that: alwaysUv is a toggle.
    pub(super) fn configure(&mut self) -> Outcome {
        self.bring_about()
            .map_or_else(Outcome::failed, |()| Outcome::plain())
    }

    fn bring_about(&mut self) -> Result<(), Fault> {
        let wanted = self.enrollment.plan().configuration;
        let pin = self.pin_on_key()?;
        let missing = wanted.missing(&self.with_key(|key| key.capabilities())?);
        if missing.is_empty() {
            return Ok(());
        }
        self.spare_tries()?;
        self.with_key(|key| key.configure(&pin, missing))
    }
}
