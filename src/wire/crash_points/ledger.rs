//! The ledger with a point before and after every transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effect;
use crate::domain::authenticator::Serial;
use crate::domain::credential::{Attestation, CredentialId, MethodId};
use crate::domain::event::Attempt;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Envelope, JobId};
use crate::domain::mailer::ControlNumber;
use crate::domain::pin::Pin;
use crate::domain::stock::{Listing, ModelStock};
use crate::domain::time::Timestamp;
use crate::port::{
    Admission, Admitted, DutyOutcome, Entry, Holder, JobRecord, Keeping, Kept, Ledger, Obligation,
    OpenRemoval, PaperCounts, Passkey, Stamped,
};

/// The ledger.
pub(super) struct Watched(pub(super) Arc<dyn Ledger>);

impl Ledger for Watched {
    fn admit(&self, admission: &Admission, actor: &str, at: Timestamp) -> Result<Admitted, Fault> {
        effect("ledger.admit", || self.0.admit(admission, actor, at))
    }

    fn open_jobs(&self) -> Result<Vec<JobRecord>, Fault> {
        self.0.open_jobs()
    }

    fn job(&self, id: JobId) -> Result<Option<JobRecord>, Fault> {
        self.0.job(id)
    }

    fn find(&self, text: &str) -> Result<Vec<JobRecord>, Fault> {
        self.0.find(text)
    }

    fn job_of_letter(&self, control: &ControlNumber) -> Result<Option<JobId>, Fault> {
        self.0.job_of_letter(control)
    }

    fn void_letters(&self) -> Result<Vec<(JobId, ControlNumber)>, Fault> {
        self.0.void_letters()
    }

    fn job_of_envelope(&self, envelope: Envelope) -> Result<Option<JobId>, Fault> {
        self.0.job_of_envelope(envelope)
    }

    fn paper(&self) -> Result<BTreeMap<BatchName, PaperCounts>, Fault> {
        self.0.paper()
    }

    fn jobs(&self, batch: Option<&BatchName>) -> Result<Vec<JobRecord>, Fault> {
        self.0.jobs(batch)
    }

    fn journal(&self, job: JobId) -> Result<Vec<Stamped>, Fault> {
        self.0.journal(job)
    }

    fn append(&self, entry: &Entry<'_>, actor: &str, at: Timestamp) -> Result<(), Fault> {
        effect("ledger.append", || self.0.append(entry, actor, at))
    }

    fn pin_in_flight(&self, job: JobId, attempt: Attempt) -> Result<Pin, Fault> {
        self.0.pin_in_flight(job, attempt)
    }

    fn specified_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.0.specified_pin(job)
    }

    fn current_pin(&self, job: JobId) -> Result<Option<Pin>, Fault> {
        self.0.current_pin(job)
    }

    fn attestation(&self, job: JobId, attempt: Attempt) -> Result<Option<Attestation>, Fault> {
        self.0.attestation(job, attempt)
    }

    fn holders_of_serial(&self, serial: &Serial) -> Result<Vec<Holder>, Fault> {
        self.0.holders_of_serial(serial)
    }

    fn holder_of_credential(&self, credential: &CredentialId) -> Result<Option<Holder>, Fault> {
        self.0.holder_of_credential(credential)
    }

    fn jobs_of_user(&self, user: &str) -> Result<Vec<JobRecord>, Fault> {
        self.0.jobs_of_user(user)
    }

    fn live_methods(&self, user: &str) -> Result<Vec<MethodId>, Fault> {
        self.0.live_methods(user)
    }

    fn live_among(&self, listed: &[MethodId]) -> Result<Vec<MethodId>, Fault> {
        self.0.live_among(listed)
    }

    fn passkey(&self, credential: &CredentialId) -> Result<Option<Passkey>, Fault> {
        self.0.passkey(credential)
    }

    fn passkeys_of_user(&self, user: &str) -> Result<Vec<Passkey>, Fault> {
        self.0.passkeys_of_user(user)
    }

    fn reopen(&self, credential: &CredentialId, actor: &str, at: Timestamp) -> Result<(), Fault> {
        effect("ledger.reopen", || self.0.reopen(credential, actor, at))
    }

    fn obligations(&self, now: Timestamp) -> Result<Vec<Obligation>, Fault> {
        self.0.obligations(now)
    }

    fn settle(
        &self,
        obligation: i64,
        outcome: &DutyOutcome,
        actor: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        effect("ledger.settle", || {
            self.0.settle(obligation, outcome, actor, at)
        })
    }

    fn note(&self, what: &str, actor: &str, at: Timestamp) -> Result<(), Fault> {
        effect("ledger.note", || self.0.note(what, actor, at))
    }

    fn notes(&self, beginning: &str) -> Result<Vec<String>, Fault> {
        self.0.notes(beginning)
    }

    fn keep(&self, keeping: &Keeping, actor: &str, at: Timestamp) -> Result<Kept, Fault> {
        effect("ledger.keep", || self.0.keep(keeping, actor, at))
    }

    fn listing(&self, serial: &Serial) -> Result<Listing, Fault> {
        self.0.listing(serial)
    }

    fn stock(&self) -> Result<Vec<ModelStock>, Fault> {
        self.0.stock()
    }

    fn passkey_of_method(&self, method: &MethodId) -> Result<Option<Passkey>, Fault> {
        self.0.passkey_of_method(method)
    }

    fn open_removals(&self) -> Result<Vec<OpenRemoval>, Fault> {
        self.0.open_removals()
    }
}
