//! The steps themselves: what is fixed before each, and the one effect that each has.

use crate::app::journal;
use crate::app::runner::outcome::Outcome;
use crate::app::runner::{Run, person_of};
use crate::domain::credential::{Attestation, AttestationVerdict, CredentialKind, MethodId};
use crate::domain::enrollment::{Made, Standing};
use crate::domain::event::{Evidence, Intent, Step, Witness};
use crate::domain::fault::Fault;
use crate::domain::mailer::{ControlNumber, Destination, Mailer};
use crate::domain::pin::{Pin, PinUnfit};
use crate::domain::pin_rule::NotDrawn;
use crate::domain::policy::{DeleteExisting, DeleteScope, NameParts, Plan, ResetMode, key_name};
use crate::port::{MakeCredential, Repowered};

/// Characters of the serial that a letter shows.
const SERIAL_ENDING: usize = 4;
/// A control number is refused by its own sampling once in two thousand million draws.
const CONTROL_DRAWS_MAX: u32 = 8;

type Prepared = (Intent, Option<Pin>);

impl Run<'_> {
    /// What has to be in the journal before the step is tried. Everything that can fail without an effect fails here.
    pub(super) fn prepare(&mut self, step: Step) -> Result<Prepared, Outcome> {
        match step {
            Step::Reset => {
                let plan = self.enrollment.plan().clone();
                self.gate(&plan).map_err(Outcome::NotDone)?;
                Ok((Intent::Plain, None))
            }
            Step::SetPin => self.prepare_set_pin(),
            Step::ChangePin => self
                .pin_to_set()
                .map(|pin| (Intent::Plain, pin))
                .map_err(Outcome::NotDone),
            Step::MakeCredential | Step::Configure => Ok((Intent::Plain, None)),
            Step::Register => self.prepare_register(),
            Step::Deliver => {
                let control = self.draw_control().map_err(Outcome::NotDone)?;
                Ok((
                    Intent::Deliver {
                        control: control.to_string(),
                    },
                    None,
                ))
            }
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
            Step::Deliver => self.deliver(),
        }
    }

    /// No key is touched unless the job can be carried through: the letter can be set, a token and creation options are at
    /// hand.
    pub(super) fn gate(&mut self, plan: &Plan) -> Result<(), Fault> {
        if plan.steps.contains(&Step::Deliver) && !self.letter_checked {
            self.check_letter()?;
            self.letter_checked = true;
        }
        let (job, user) = (self.job.id, self.job.request.user.as_str());
        self.with_tenant(|bench| {
            let (tenant, now) = (bench.ports.relying_party.as_ref(), bench.ports.clock.now());
            if bench.provisions.is_fresh(job, now) {
                // They were fetched minutes ago; whether the tenant is there now is another question.
                tenant.ready()
            } else {
                bench.provisions.provide(tenant, job, user, now)
            }
        })
    }

    fn reset(&mut self) -> Outcome {
        let result = self.with_key(|key| match key.reset() {
            // Some readers can take the power away and give it back, which opens the window again.
            Err(Fault::ResetTooLate) => match key.repower()? {
                Repowered::Yes => key.reset(),
                Repowered::NotHere => Err(Fault::ResetTooLate),
            },
            other => other,
        });
        match result {
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
        self.pin_to_set()
            .map(|pin| (Intent::Plain, pin))
            .map_err(Outcome::NotDone)
    }

    /// The PIN that this attempt sets; `None` when it is sealed already, because an earlier try of this attempt drew it.
    fn pin_to_set(&mut self) -> Result<Option<Pin>, Fault> {
        if self.enrollment.pin_of() == Some(self.enrollment.attempt()) {
            return Ok(None);
        }
        if self.policy.reset == ResetMode::Specified {
            let pin = self.bench.ports.ledger.specified_pin(self.job.id)?;
            return pin.map(Some).ok_or(Fault::SpecifiedPinMissing);
        }
        let entropy = self.bench.ports.entropy.as_ref();
        self.policy
            .pin
            .draw(|bytes| entropy.fill(bytes))
            .map(Some)
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
        result.map_or_else(Outcome::failed, |()| Outcome::plain())
    }

    fn change_pin(&mut self) -> Outcome {
        // Plans of new keys have no such step; a reissue brings it, with the number of the attempt that set the old PIN.
        Outcome::NotDone(Fault::Internal {
            what: "a PIN change without a reissue".to_owned(),
        })
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

    fn make_credential(&mut self) -> Outcome {
        match self.ceremony() {
            Ok((evidence, attestation)) => Outcome::Done {
                evidence: Box::new(evidence),
                attestation: Some(Box::new(attestation)),
            },
            Err(fault) => Outcome::failed(fault),
        }
    }

    fn ceremony(&mut self) -> Result<(Evidence, Attestation), Fault> {
        let (job, user) = (self.job.id, self.job.request.user.as_str());
        let options = self.with_tenant(|bench| {
            let ports = bench.ports;
            bench
                .provisions
                .take(ports.relying_party.as_ref(), job, user, ports.clock.now())
        })?;
        if self.policy.reset == ResetMode::Keep {
            self.refuse_second_passkey(&options.rp_id)?;
        }
        let pin = self.pin_on_key()?;
        let client_data_json = options.client_data_json();
        let request = MakeCredential {
            options: &options,
            client_data_json: &client_data_json,
        };
        let attestation = self.with_key(|key| key.make_credential(&request, &pin))?;
        let check = &self.bench.ports.attestation_check;
        let own_check = check.judge(&attestation);
        let second_opinion = check.second_opinion(&attestation);
        if let AttestationVerdict::Disagrees(why) = own_check {
            return Err(Fault::AttestationWrong { why });
        }
        let evidence = Evidence::Made {
            credential: attestation.credential_id.clone(),
            rp_id: options.rp_id.clone(),
            aaguid: attestation.aaguid,
            format: attestation.format.clone(),
            algorithm: attestation.algorithm,
            credential_protection: attestation.credential_protection,
            hmac_secret: attestation.hmac_secret,
            own_check,
            second_opinion,
            expires: options.expires,
        };
        Ok((evidence, attestation))
    }

    /// A key that is not reset may be registered for this user already: it is asked for each id in the user's list.
    fn refuse_second_passkey(
        &mut self,
        rp_id: &crate::domain::credential::RpId,
    ) -> Result<(), Fault> {
        let user = self.job.request.user.as_str();
        let listed = self.with_tenant(|bench| bench.ports.relying_party.credentials(user))?;
        let ids: Vec<_> = listed
            .into_iter()
            .flat_map(|method| method.may_be)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        match self.with_key(|key| key.assert_silently(rp_id, &ids))? {
            Some(_) => Err(Fault::CredentialExcluded),
            None => Ok(()),
        }
    }

    fn prepare_register(&mut self) -> Result<Prepared, Outcome> {
        let made = self.made()?;
        if self.bench.ports.clock.now() > made.expires {
            // It was never sent, so a fresh ceremony on the same key is all that is needed.
            let reason = Fault::AnswerUnusable {
                what: "the challenge has run out".to_owned(),
            };
            return Err(Outcome::Abandon {
                reason,
                restart: Step::MakeCredential,
            });
        }
        let replaces = match self.policy.delete_existing {
            DeleteExisting::Never => Vec::new(),
            DeleteExisting::AfterEnrollment => self.older_methods().map_err(Outcome::NotDone)?,
        };
        Ok((Intent::Register { replaces }, None))
    }

    pub(super) fn made(&self) -> Result<Made, Outcome> {
        let missing = || {
            Outcome::NotDone(Fault::Internal {
                what: "no passkey to register".to_owned(),
            })
        };
        self.enrollment.made().cloned().ok_or_else(missing)
    }

    /// The user's methods that the new key replaces. Keys that this ledger enrolled and that live are spared: a backup key
    /// never takes the primary away. A job that says `replace` is about the key of its own role, so that one goes.
    fn older_methods(&mut self) -> Result<Vec<MethodId>, Fault> {
        let user = self.job.request.user.as_str();
        let ledger = self.bench.ports.ledger.as_ref();
        let mut ours = ledger.live_methods(user)?;
        if self.job.request.replace {
            for record in ledger.jobs_of_user(user)? {
                let former = record.job.id != self.job.id
                    && record.standing == Standing::Done
                    && record.job.request.role == self.job.request.role;
                if former {
                    let before = journal::replay(ledger, record.job.id)?;
                    ours.retain(|method| before.method() != Some(method));
                }
            }
        }
        let listed = self.with_tenant(|bench| bench.ports.relying_party.credentials(user))?;
        let all = self.policy.delete_scope == DeleteScope::AllPasskeys;
        let goes = listed
            .into_iter()
            .filter(|method| all || method.kind == CredentialKind::SecurityKey);
        Ok(goes
            .map(|method| method.method)
            .filter(|method| !ours.contains(method))
            .collect())
    }

    fn register(&mut self) -> Outcome {
        match self.post() {
            Ok(method) => registered(method, Witness::Reply),
            Err(fault) => Outcome::failed(fault),
        }
    }

    /// POSTs the attestation that is in the ledger: the first time and after a doubt, the very same bytes.
    pub(super) fn post(&mut self) -> Result<MethodId, Fault> {
        let missing = || Fault::Ledger {
            what: "the attestation is not in the ledger".to_owned(),
        };
        let attempt = self
            .enrollment
            .made()
            .map(|made| made.attempt)
            .ok_or_else(missing)?;
        let attestation = self
            .bench
            .ports
            .ledger
            .attestation(self.job.id, attempt)?
            .ok_or_else(missing)?;
        let name = self.key_name();
        let user = self.job.request.user.as_str();
        self.with_tenant(|bench| {
            bench
                .ports
                .relying_party
                .register(user, &name, &attestation)
        })
    }

    fn key_name(&self) -> String {
        let serial = self
            .enrollment
            .binding()
            .and_then(|binding| binding.serial.clone());
        let envelope = self.job.envelope.to_string();
        let template = self
            .job
            .request
            .key_name
            .as_deref()
            .unwrap_or(&self.policy.key_name);
        key_name(
            template,
            NameParts {
                serial: serial.as_ref().map(|serial| serial.as_str()),
                model: &self.model(),
                envelope: &envelope,
                role: self.job.request.role.word(),
            },
        )
    }

    /// Does what is missing, and only that: alwaysUv is a toggle.
    pub(super) fn configure(&mut self) -> Outcome {
        let wanted = self.enrollment.plan().configuration;
        let result = self.pin_on_key().and_then(|pin| {
            self.with_key(|key| {
                let missing = wanted.missing(&key.capabilities()?);
                if missing.is_empty() {
                    Ok(())
                } else {
                    key.configure(&pin, missing)
                }
            })
        });
        result.map_or_else(Outcome::failed, |()| Outcome::plain())
    }

    fn draw_control(&self) -> Result<ControlNumber, Fault> {
        for _ in 0..CONTROL_DRAWS_MAX {
            let mut bytes = [0; 8];
            self.bench.ports.entropy.fill(&mut bytes)?;
            if let Some(control) = ControlNumber::draw(bytes) {
                return Ok(control);
            }
        }
        Err(Fault::Internal {
            what: "no control number could be drawn".to_owned(),
        })
    }

    fn deliver(&mut self) -> Outcome {
        let Some(Intent::Deliver { control }) = self.enrollment.intent().cloned() else {
            return Outcome::NotDone(Fault::Internal {
                what: "a mailer without a number".to_owned(),
            });
        };
        let delivered = self
            .pin_on_key()
            .and_then(|pin| self.mailer(&control, pin))
            .and_then(|mailer| self.bench.ports.press.deliver(&mailer));
        match delivered {
            Ok(delivered) => Outcome::done(Evidence::Delivered {
                control,
                target: delivered.place,
            }),
            Err(fault) => Outcome::failed(fault),
        }
    }

    /// A name that no font can show is known before the key is touched, and so is a PIN that paper cannot. A drawn PIN is
    /// stood for by as many zeros.
    fn check_letter(&mut self) -> Result<(), Fault> {
        let unfit = |unfit: PinUnfit| Fault::Internal {
            what: unfit.to_string(),
        };
        let specimen = match self.bench.ports.ledger.specified_pin(self.job.id)? {
            Some(pin) => pin,
            None => Pin::new(&"0".repeat(self.policy.pin.length)).map_err(unfit)?,
        };
        let mailer = self.mailer(&self.draw_control()?.to_string(), specimen)?;
        self.bench.ports.press.check(&mailer)
    }

    fn mailer(&self, control: &str, pin: Pin) -> Result<Mailer, Fault> {
        let control = ControlNumber::parse(control).map_err(|wrong| Fault::Internal {
            what: wrong.to_string(),
        })?;
        let binding = self.enrollment.binding();
        let serial = binding.and_then(|binding| binding.serial.as_ref());
        let serial_ending = serial.map(|serial| serial.ending(SERIAL_ENDING).to_owned());
        let request = &self.job.request;
        let clock = &self.bench.ports.clock;
        Ok(Mailer {
            language: request
                .language
                .clone()
                .unwrap_or_else(|| self.bench.policies.default_language.clone()),
            recipient: person_of(self.job).to_owned(),
            department: request.department.clone(),
            destination: Destination::of(request),
            key_model: self.model(),
            serial_ending,
            envelope: self.job.envelope,
            batch: self.job.batch.clone(),
            sequence: self.job.sequence,
            control,
            date: clock.today(),
            force_pin_change: self.enrollment.plan().configuration.force_pin_change,
            pin,
        })
    }
}

/// The passkey is at Entra.
pub(super) fn registered(method: MethodId, witness: Witness) -> Outcome {
    Outcome::done(Evidence::Registered { method, witness })
}
