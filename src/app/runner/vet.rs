//! What the FIDO Metadata Service says of the key in hand: its name, whether its model is to be trusted, and whether it is of
//! that model at all. Without metadata for the model, or without roots in it, nothing is claimed and nothing is refused; with
//! roots, a key that does not prove its model is refused, unless the policy only warns.

use std::sync::Arc;

use crate::app::runner::Run;
use crate::app::runner::outcome::Outcome;
use crate::domain::authenticator::{Aaguid, Binding, Fingerprint, Identity, Slot};
use crate::domain::credential::{Attestation, AttestationVerdict};
use crate::domain::event::Step;
use crate::domain::fault::Fault;
use crate::domain::metadata::{Entry, Provenance, Vetting};
use crate::domain::model;
use crate::domain::policy::{AttestationRule, RevokedModels};

impl Run<'_> {
    /// Binds what lies in `slot`, under the name that the metadata has for its model.
    pub(super) fn binding(&self, slot: Slot, identity: &Identity) -> Binding {
        let mut binding = Binding::new(slot, identity);
        let known = self.known(identity.capabilities.aaguid);
        if let Some(name) = known.and_then(|(_, entry)| model::told_by_metadata(&entry.name)) {
            binding.model = name;
        }
        binding
    }

    /// Before anything is done to a key: a model that is not to be trusted is laid aside, unless the policy only warns.
    pub(super) fn refuse_revoked(&self, key: &Fingerprint) -> Result<(), Fault> {
        let Some((model, status)) = self.alarm(key) else {
            return Ok(());
        };
        match self.policy.revoked_models {
            RevokedModels::Refuse => Err(Fault::ModelRevoked { model, status }),
            RevokedModels::Warn => {
                tracing::warn!(job = self.job.id.0, %model, %status, "a revoked or compromised model is taken, as the policy says");
                Ok(())
            }
        }
    }

    /// A key that was bound before the metadata called its model revoked is not reset after it.
    pub(super) fn still_trusted(&self) -> Result<(), Outcome> {
        let Some(binding) = self.enrollment.binding() else {
            return Ok(());
        };
        self.refuse_revoked(&binding.fingerprint)
            .map_err(|reason| Outcome::Abandon {
                reason,
                restart: Step::Reset,
            })
    }

    /// Before the passkey is registered: is the key of the model that it calls itself?
    pub(super) fn vet(
        &self,
        attestation: &Attestation,
        own_check: &AttestationVerdict,
    ) -> Result<Option<Vetting>, Fault> {
        let Some((edition, entry)) = self.known(attestation.aaguid) else {
            return Ok(None);
        };
        let ports = self.bench.ports;
        let provenance = match ports.attestation_check.certificates(attestation) {
            Ok(shown) => ports.models.provenance(&entry, &shown, ports.clock.now()),
            // What it shows cannot be read: no second try makes it a proof.
            Err(fault) => Provenance::Foreign(fault.to_string()),
        };
        let provenance = provenance.signed(own_check);
        let mut alarm = self
            .enrollment
            .binding()
            .and_then(|binding| self.alarm(&binding.fingerprint))
            .map(|(_, status)| status);
        match (&provenance, self.policy.attestation) {
            (Provenance::Genuine(_) | Provenance::Unclaimed(_), _) => {}
            (Provenance::Compromised(status), _) => {
                let status = status.clone();
                match self.policy.revoked_models {
                    RevokedModels::Refuse => {
                        let model = entry.name.clone();
                        return Err(Fault::ModelRevoked { model, status });
                    }
                    RevokedModels::Warn => alarm = Some(status),
                }
            }
            (Provenance::Foreign(why), AttestationRule::Verify) => {
                return Err(Fault::AttestationForeign { why: why.clone() });
            }
            (Provenance::Foreign(why), AttestationRule::Warn) => {
                tracing::warn!(job = self.job.id.0, aaguid = %attestation.aaguid, %why, "a key that is not proved to be of its model is taken, as the policy says");
            }
        }
        Ok(Some(Vetting {
            edition,
            provenance,
            alarm,
        }))
    }

    /// The model as people call it, and the status for which it is not to be trusted.
    fn alarm(&self, key: &Fingerprint) -> Option<(String, String)> {
        let (_, entry) = self.known(key.aaguid)?;
        let today = self.bench.ports.clock.now().utc_day();
        let report = entry.alarm(key.firmware_version, today)?;
        Some((entry.name.clone(), report.status.clone()))
    }

    /// The number of the edition that counts, and what it says of the model.
    fn known(&self, aaguid: Aaguid) -> Option<(u64, Arc<Entry>)> {
        let shelf = self.bench.ports.models.shelf()?;
        let entry = shelf.models.get(&aaguid)?;
        Some((shelf.edition.number, Arc::clone(entry)))
    }
}
