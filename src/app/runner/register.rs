//! Registering the passkey: what it replaces, the POST, and its name at Entra.

use crate::app::journal;
use crate::app::runner::Run;
use crate::app::runner::outcome::Outcome;
use crate::app::runner::perform::Prepared;
use crate::domain::credential::{Attestation, CredentialKind, MethodId};
use crate::domain::enrollment::{Made, Standing};
use crate::domain::event::{Evidence, Intent, Step, Witness};
use crate::domain::fault::Fault;
use crate::domain::policy::{DeleteExisting, DeleteScope, NameParts, ResetMode, key_name};

impl Run<'_> {
    pub(super) fn prepare_register(&mut self) -> Result<Prepared, Outcome> {
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
        let replaces = self.older_methods().map_err(Outcome::NotDone)?;
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
    /// never takes the primary away. What is no longer anybody's goes, whatever the policy says.
    fn older_methods(&mut self) -> Result<Vec<MethodId>, Fault> {
        let goes_by_policy = self.policy.delete_existing == DeleteExisting::AfterEnrollment;
        let (dead, former) = self.former_methods()?;
        if !goes_by_policy && dead.is_empty() {
            return Ok(Vec::new());
        }
        let user = self.job.request.user.as_str();
        let listed = self.with_tenant(|bench| bench.ports.relying_party.credentials(user))?;
        let methods: Vec<MethodId> = listed.iter().map(|entry| entry.method.clone()).collect();
        let ours = self.bench.ports.ledger.live_among(&methods)?;
        let all = self.policy.delete_scope == DeleteScope::AllPasskeys;
        let goes = listed.into_iter().filter(|entry| {
            let in_scope = all || entry.kind == CredentialKind::SecurityKey;
            let spared = ours.contains(&entry.method) && !former.contains(&entry.method);
            dead.contains(&entry.method) || (goes_by_policy && in_scope && !spared)
        });
        Ok(goes.map(|entry| entry.method).collect())
    }

    /// Methods of this user's finished jobs here: those whose passkey went when this key was wiped for the same person again,
    /// and those that a job which says `replace` is about, which are the ones of its own role.
    fn former_methods(&self) -> Result<(Vec<MethodId>, Vec<MethodId>), Fault> {
        let ledger = self.bench.ports.ledger.as_ref();
        let serial = self
            .enrollment
            .binding()
            .and_then(|binding| binding.serial.as_ref());
        let (mut dead, mut former) = (Vec::new(), Vec::new());
        for record in ledger.jobs_of_user(&self.job.request.user)? {
            if record.job.id == self.job.id || record.standing != Standing::Done {
                continue;
            }
            let wiped = self.policy.reset != ResetMode::Keep
                && serial.is_some()
                && record.serial.as_ref() == serial;
            let replaced =
                self.job.request.replace && record.job.request.role == self.job.request.role;
            if !wiped && !replaced {
                continue;
            }
            if let Some(method) = journal::replay(ledger, record.job.id)?.method() {
                if wiped {
                    dead.push(method.clone());
                }
                former.push(method.clone());
            }
        }
        Ok((dead, former))
    }

    pub(super) fn register(&mut self) -> Outcome {
        match self.post() {
            Ok(method) => registered(method, Witness::Reply),
            Err(fault) if is_refusal(&fault) => Outcome::NotDone(in_vain(fault)),
            Err(fault) => Outcome::failed(fault),
        }
    }

    /// POSTs the attestation that is in the ledger: the first time and after a doubt, the very same bytes.
    pub(super) fn post(&mut self) -> Result<MethodId, Fault> {
        let attestation = self.attestation()?;
        let name = self.key_name();
        let user = self.job.request.user.as_str();
        self.with_tenant(|bench| {
            bench
                .ports
                .relying_party
                .register(user, &name, &attestation)
        })
    }

    /// The attestation of the passkey that this attempt made.
    pub(super) fn attestation(&self) -> Result<Attestation, Fault> {
        let missing = || Fault::Ledger {
            what: "the attestation is not in the ledger".to_owned(),
        };
        let made = self.enrollment.made().ok_or_else(missing)?;
        let ledger = self.bench.ports.ledger.as_ref();
        ledger
            .attestation(self.job.id, made.attempt)?
            .ok_or_else(missing)
    }

    pub(super) fn key_name(&self) -> String {
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
}

/// Whether the service has understood the registration and said no. What fails on the way there is none.
pub(super) const fn is_refusal(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused { .. } | Fault::UserUnknown { .. })
}

/// The refusal of a passkey that is on the key already: somebody has to be told that it is of no use.
pub(super) fn in_vain(refusal: Fault) -> Fault {
    Fault::PasskeyRefused {
        why: Box::new(refusal),
    }
}

/// The passkey is at Entra.
pub(super) fn registered(method: MethodId, witness: Witness) -> Outcome {
    Outcome::done(Evidence::Registered { method, witness })
}
