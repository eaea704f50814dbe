//! The registration ceremony up to the attestation: options, the passkey on the key, both checks.

use crate::app::runner::Run;
use crate::app::runner::outcome::Outcome;
use crate::domain::credential::{Attestation, AttestationVerdict, CredentialId, RpId};
use crate::domain::event::Evidence;
use crate::domain::fault::Fault;
use crate::domain::policy::ResetMode;
use crate::port::MakeCredential;

impl Run<'_> {
    pub(super) fn make_credential(&mut self) -> Outcome {
        match self.ceremony() {
            Ok((evidence, attestation)) => Outcome::Done {
                evidence: Box::new(evidence),
                attestation: Some(Box::new(attestation)),
            },
            Err(fault) => Outcome::failed(fault),
        }
    }

    pub(super) fn ceremony(&mut self) -> Result<(Evidence, Attestation), Fault> {
        let (job, user) = (self.job.id, self.job.request.user.as_str());
        let mut options = self.with_tenant(|bench| {
            let ports = bench.ports;
            bench
                .provisions
                .take(ports.relying_party.as_ref(), job, user, ports.clock.now())
        })?;
        // An earlier passkey of ours that was given up and came through after all: the new one takes its place on the key, and
        // it goes from Entra by itself. The key must not refuse for its sake.
        let given_up = self.given_up(&options.exclude)?;
        options.exclude.retain(|id| !given_up.contains(id));
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
        let vetting = self.vet(&attestation, &own_check)?.map(Box::new);
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
            vetting,
            expires: options.expires,
        };
        Ok((evidence, attestation))
    }

    /// A key that is not reset may be registered for this user already: it is asked for each id in the user's list.
    pub(super) fn refuse_second_passkey(&mut self, rp_id: &RpId) -> Result<(), Fault> {
        let user = self.job.request.user.as_str();
        let listed = self.with_tenant(|bench| bench.ports.relying_party.credentials(user))?;
        let ids: Vec<_> = listed
            .into_iter()
            .flat_map(|method| method.may_be)
            .collect();
        let given_up = self.given_up(&ids)?;
        let ids: Vec<_> = ids
            .into_iter()
            .filter(|id| !given_up.contains(id))
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        match self.with_key(|key| key.assert_silently(rp_id, &ids))? {
            Some(_) => Err(Fault::CredentialExcluded),
            None => Ok(()),
        }
    }

    /// Those of these ids that this ledger made and gave up before anybody had them.
    fn given_up(&self, ids: &[CredentialId]) -> Result<Vec<CredentialId>, Fault> {
        let mut found = Vec::new();
        for id in ids {
            let passkey = self.bench.ports.ledger.passkey(id)?;
            if passkey.is_some_and(|passkey| passkey.given_up) {
                found.push(id.clone());
            }
        }
        Ok(found)
    }
}
