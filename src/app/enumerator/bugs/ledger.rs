//! Ledgers with a defect.

use std::collections::BTreeMap;

use super::*;
use crate::domain::authenticator::Serial;
use crate::domain::enrollment::Enrollment;
use crate::domain::event::{Attempt, Event, Happening, Step};
use crate::domain::job::{BatchName, Envelope, JobId};
use crate::domain::mailer::ControlNumber;
use crate::domain::time::Timestamp;
use crate::port::{
    Admission, Admitted, Duty, DutyOutcome, Entry, Holder, JobRecord, Obligation, PaperCounts,
    Passkey, Stamped,
};

impl Bent {
    /// After a lost reply a new passkey is made at once, and the first one is forgotten.
    fn forget_the_post(&self, job: JobId) -> Result<(), Fault> {
        let before = self.world.state().ledger.state_of(job);
        if before.current() != Some(Step::Register) || before.intent().is_none() {
            return Ok(());
        }
        let event = Event {
            attempt: before.attempt(),
            happening: Happening::Abandoned {
                reason: Fault::RegistrationUncertain,
                credential: None,
                restart: Step::MakeCredential,
            },
        };
        self.write(job, before, &event, &[])
    }

    /// The event of an abandonment, and its duty later.
    fn abandon_in_two(&self, entry: &Entry<'_>, actor: &str, at: Timestamp) -> Result<(), Fault> {
        let first = Entry {
            obligations: &[],
            ..*entry
        };
        self.world.append(&first, actor, at)?;
        if entry.obligations.is_empty() {
            return Ok(());
        }
        // Any event carries a duty into the ledger; this one changes nothing.
        let event = Event {
            attempt: entry.event.attempt,
            happening: Happening::Released,
        };
        let before = self.world.state().ledger.state_of(entry.job);
        self.write(entry.job, before, &event, entry.obligations)
    }

    fn write(
        &self,
        job: JobId,
        before: Enrollment,
        event: &Event,
        obligations: &[Duty],
    ) -> Result<(), Fault> {
        let state = before.apply(event).expect("it follows");
        let entry = Entry {
            job,
            event,
            state: &state,
            pin: None,
            attestation: None,
            obligations,
            forget_in_flight: false,
        };
        self.world.append(&entry, "B-7", Timestamp(0))
    }

    /// The key has its PIN before the ledger has it.
    fn set_pin_first(&self, pin: Option<&Pin>) {
        let slot = self.world.open_slot(super::super::shift::SLOT);
        if let (Some(pin), Some(mut key)) = (pin, slot) {
            // What comes of it shows in the world.
            drop(key.set_pin(pin));
        }
    }
}

impl Ledger for Bent {
    fn append(&self, entry: &Entry<'_>, actor: &str, at: Timestamp) -> Result<(), Fault> {
        match self.bug {
            Bug::PinBeforeJournal => self.set_pin_first(entry.pin),
            Bug::AbandonInTwo => return self.abandon_in_two(entry, actor, at),
            Bug::PinOverwritten if entry.pin.is_some() => {
                let sealed = &mut self.world.state().ledger.sealed;
                sealed.retain(|(job, attempt), _| {
                    *job != entry.job || *attempt == entry.event.attempt
                });
            }
            Bug::SpoilForgotten if matches!(entry.event.happening, Happening::Spoiled { .. }) => {
                return Ok(());
            }
            Bug::PinForgottenEarly
                if matches!(entry.event.happening, Happening::Printed { .. }) =>
            {
                let early = Entry {
                    forget_in_flight: true,
                    ..*entry
                };
                return self.world.append(&early, actor, at);
            }
            // What waits for the hand-over goes with what does not.
            Bug::OldKeysWithTheParcel if entry.obligations.is_empty() => {
                let early: Vec<Duty> = match &entry.event.happening {
                    Happening::Done { step, .. } if *step == Step::Register => {
                        let waits = entry.state.after_handover().iter();
                        waits.cloned().map(Duty::Replaced).collect()
                    }
                    _ => Vec::new(),
                };
                let early = Entry {
                    obligations: &early,
                    ..*entry
                };
                return self.world.append(&early, actor, at);
            }
            Bug::SpoilForgotten
            | Bug::PinForgottenEarly
            | Bug::OldKeysWithTheParcel
            | Bug::UnknownSentAgain
            | Bug::VanishedIsNotPrinted
            | Bug::PinOverwritten
            | Bug::BlindAfterTimeout
            | Bug::OldKeysFirst
            | Bug::AnyKeyWillDo
            | Bug::MailerTwice
            | Bug::ToggleRepeated
            | Bug::PinTold
            | Bug::PrimaryOnTheList
            | Bug::DisabledOverlooked
            | Bug::PolicyOverlooked => {}
        }
        self.world.append(entry, actor, at)
    }

    fn journal(&self, job: JobId) -> Result<Vec<Stamped>, Fault> {
        if self.bug == Bug::BlindAfterTimeout {
            self.forget_the_post(job)?;
        }
        self.world.journal(job)
    }

    /// The primary key is not spared for the backup's sake.
    fn live_among(&self, listed: &[MethodId]) -> Result<Vec<MethodId>, Fault> {
        match self.bug {
            Bug::PrimaryOnTheList => Ok(Vec::new()),
            _ => self.world.live_among(listed),
        }
    }

    fn admit(&self, admission: &Admission, actor: &str, at: Timestamp) -> Result<Admitted, Fault> {
        self.world.admit(admission, actor, at)
    }

    fn open_jobs(&self) -> Result<Vec<JobRecord>, Fault> {
        self.world.open_jobs()
    }

    fn job(&self, id: JobId) -> Result<Option<JobRecord>, Fault> {
        self.world.job(id)
    }

    fn find(&self, text: &str) -> Result<Vec<JobRecord>, Fault> {
        self.world.find(text)
    }

    fn job_of_letter(&self, control: &ControlNumber) -> Result<Option<JobId>, Fault> {
        self.world.job_of_letter(control)
    }

    fn void_letters(&self) -> Result<Vec<(JobId, ControlNumber)>, Fault> {
        self.world.void_letters()
    }

    fn job_of_envelope(&self, envelope: Envelope) -> Result<Option<JobId>, Fault> {
        self.world.job_of_envelope(envelope)
    }

    fn paper(&self) -> Result<BTreeMap<BatchName, PaperCounts>, Fault> {
        self.world.paper()
    }

    fn jobs(&self, batch: Option<&BatchName>) -> Result<Vec<JobRecord>, Fault> {
        self.world.jobs(batch)
    }

    fn pin_in_flight(&self, job: JobId, attempt: Attempt) -> Result<Pin, Fault> {
        self.world.pin_in_flight(job, attempt)
    }

    fn specified_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.world.specified_pin(job)
    }

    fn current_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        Ledger::current_pin(&self.world, job)
    }

    fn attestation(&self, job: JobId, attempt: Attempt) -> Result<Option<Attestation>, Fault> {
        self.world.attestation(job, attempt)
    }

    fn holders_of_serial(&self, serial: &Serial) -> Result<Vec<Holder>, Fault> {
        self.world.holders_of_serial(serial)
    }

    fn holder_of_credential(&self, credential: &CredentialId) -> Result<Option<Holder>, Fault> {
        self.world.holder_of_credential(credential)
    }

    fn passkey(&self, credential: &CredentialId) -> Result<Option<Passkey>, Fault> {
        self.world.passkey(credential)
    }

    fn passkeys_of_user(&self, user: &str) -> Result<Vec<Passkey>, Fault> {
        self.world.passkeys_of_user(user)
    }

    fn reopen(&self, credential: &CredentialId, actor: &str, at: Timestamp) -> Result<(), Fault> {
        self.world.reopen(credential, actor, at)
    }

    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault> {
        self.world.jobs_of_user(user)
    }

    fn live_methods(&self, user: &str) -> Result<Vec<MethodId>, Fault> {
        self.world.live_methods(user)
    }

    fn obligations(&self, now: Timestamp) -> Result<Vec<Obligation>, Fault> {
        self.world.obligations(now)
    }

    fn settle(
        &self,
        obligation: i64,
        outcome: &DutyOutcome,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        self.world.settle(obligation, outcome, actor, at)
    }

    fn note(&self, what: &str, actor: &str, at: Timestamp) -> Result<(), Fault> {
        self.world.note(what, actor, at)
    }

    fn notes(&self, beginning: &str) -> Result<Vec<String>, Fault> {
        self.world.notes(beginning)
    }
}
