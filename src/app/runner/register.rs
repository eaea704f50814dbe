//! Registering the passkey: what it replaces, the POST, and its name at Entra.

use crate::app::journal;
use crate::app::runner::Run;
use crate::app::runner::outcome::Outcome;
use crate::app::runner::perform::Prepared;
use crate::domain::credential::{Attestation, MethodId};
use crate::domain::enrollment::{Made, Standing};
use crate::domain::event::{Evidence, Intent, Step, Witness};
use crate::domain::fault::Fault;
use crate::domain::policy::{Known, NameParts, Older, ResetMode, key_name};

impl Run<'_> {
    pub(super) fn prepare_register(&mut self) -> Result<Prepared, Outcome> {
        let made = self.made()?;
        if self.bench.ports.clock.now() > made.expires {
            // It was never sent, so a fresh ceremony on the same key is all that is needed.
            let reason = Fault::AnswerUnusable {
                what: "the challenge has run out".to_owned(),
                request_id: String::new(),
            };
            return Err(Outcome::Abandon {
                reason,
                restart: Step::MakeCredential,
            });
        }
        // Otherwise each try of a slot that waits for long would leave two rows in the journal.
        if let Some(fault) = self.bench.ports.relying_party.asked_to_wait() {
            return Err(Outcome::NotDone(fault));
        }
        let older = self.older_methods().map_err(Outcome::NotDone)?;
        let intent = Intent::Register {
            replaces: older.now,
            after_handover: older.after_handover,
        };
        Ok((intent, None))
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
    fn older_methods(&mut self) -> Result<Older, Fault> {
        let mut known = self.former_methods()?;
        if !self.policy.deletes_existing() && known.dead.is_empty() && known.left.is_empty() {
            return Ok(Older::default());
        }
        let user = self.job.request.user.as_str();
        let listed = self.with_tenant(|bench| bench.ports.relying_party.credentials(user))?;
        let methods: Vec<MethodId> = listed.iter().map(|entry| entry.method.clone()).collect();
        known.live = self.bench.ports.ledger.live_among(&methods)?;
        Ok(self.policy.older(&listed, &known))
    }

    /// Methods of this user's finished jobs here: those whose passkey went when this key was wiped for the same person again;
    /// those that a job which says `replace` is about, which are the ones of its own role; and what a job of its own role left
    /// waiting for its hand-over, which may never come.
    fn former_methods(&self) -> Result<Known, Fault> {
        let ledger = self.bench.ports.ledger.as_ref();
        let serial = self
            .enrollment
            .binding()
            .and_then(|binding| binding.serial.as_ref());
        let mut known = Known::default();
        for record in ledger.jobs_of_user(&self.job.request.user)? {
            if record.job.id == self.job.id || record.standing != Standing::Done {
                continue;
            }
            let same_role = record.job.request.role == self.job.request.role;
            let waits = same_role && record.custody.pending > 0;
            let wiped = self.policy.reset != ResetMode::Keep
                && serial.is_some()
                && record.serial.as_ref() == serial;
            let replaced = self.job.request.replace && same_role;
            if !wiped && !replaced && !waits {
                continue;
            }
            let older = journal::replay(ledger, record.job.id)?;
            if waits {
                known.left.extend_from_slice(older.pending());
            }
            if let Some(method) = older.method() {
                if wiped {
                    known.dead.push(method.clone());
                }
                if wiped || replaced {
                    known.former.push(method.clone());
                }
            }
        }
        Ok(known)
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
