//! What the practice tenant knows: people, their passkeys, the challenges it has issued, the tokens that are good. With a
//! state file, all but the tokens outlives the process; each change replaces the file as a whole.

use std::collections::BTreeMap;

use ring::digest::{SHA256, SHA384, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::authenticator::Aaguid;
use crate::domain::credential::{CredentialId, MethodId};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::applications::Applications;
use super::climate::Unrest;
use super::directory::Directory;
use super::encoding::{IdForm, base64url};
use super::faults::{Faults, Operation};
use super::people::{Person, crowd, everybody};
use super::refusal::Refusal;
use super::sign_ins::SignIns;
use super::store::{Challenge, Durable, load, store};
use super::tokens::Tokens;
use super::verify::{self, PublicKey};
use super::{Existing, MethodIds, SignIn, TenantSetup, policy, registration};

/// One passkey as the tenant holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantCredential {
    pub id: CredentialId,
    pub method: MethodId,
    pub display_name: String,
    pub created: Timestamp,
    pub aaguid: Aaguid,
    pub model: String,
    /// `None` for those that were there before and never took part in a ceremony.
    pub public_key: Option<PublicKey>,
    pub sign_count: u32,
    /// SHA-1 thumbprints of the attestation certificates.
    pub certificates: Vec<String>,
    pub synced: bool,
}

pub(super) struct State {
    pub(super) setup: TenantSetup,
    /// The tenant's own address, with a slash at its end.
    pub(super) base: String,
    pub(super) people: Vec<Person>,
    pub(super) directory: Directory,
    pub(super) applications: Applications,
    pub(super) faults: Faults,
    /// `fido2AuthenticationMethodConfiguration`.
    pub(super) policy: Value,
    /// Requests by kind, struck ones included.
    pub(super) requests: BTreeMap<Operation, u64>,
    pub(super) unrest: Unrest,
    opened: Timestamp,
    /// Seconds by which the tenant's clock is ahead of this machine's.
    pub(super) ahead_seconds: i64,
    /// People who sign in.
    pub(super) sign_ins: SignIns,
    pub(super) tokens: Tokens,
    durable: Durable,
    random: SystemRandom,
}

impl State {
    /// Begins anew, or where the state file ends.
    pub(super) fn open(setup: TenantSetup, base: String) -> Result<Self, Fault> {
        let durable = match &setup.state_file {
            Some(path) if path.exists() => load(path)?,
            Some(_) | None => Durable::default(),
        };
        let random = SystemRandom::new();
        let mut people = everybody()?;
        people.extend(crowd(&people, setup.crowd));
        Ok(Self {
            policy: policy::initial(&setup),
            setup,
            base,
            people,
            directory: Directory::default(),
            applications: Applications::default(),
            faults: Faults::default(),
            requests: BTreeMap::new(),
            unrest: Unrest::default(),
            opened: wall(),
            ahead_seconds: 0,
            sign_ins: SignIns::default(),
            tokens: Tokens::new(&random)?,
            durable,
            random,
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        let gone = self.opened.millis_until(wall());
        Timestamp(self.opened.0 + gone * i64::from(self.setup.hurry))
            .plus_seconds(self.ahead_seconds)
    }

    /// `length` unpredictable bytes.
    pub(super) fn random(&self, length: usize) -> Result<Vec<u8>, Refusal> {
        let mut bytes = vec![0; length];
        self.random
            .fill(&mut bytes)
            .map_err(|_| Refusal::new(500, "practiceNoRandomness", "there is no randomness"))?;
        Ok(bytes)
    }

    /// The person of this UPN, compared as Entra compares, or object id.
    pub(super) fn person(&self, user: &str) -> Result<&Person, Refusal> {
        let known = self.directory.place(user);
        if let Some(person) = known.and_then(|place| self.people.get(place)) {
            return Ok(person);
        }
        self.people
            .iter()
            .find(|person| {
                person.id.eq_ignore_ascii_case(user) || person.upn.eq_ignore_ascii_case(user)
            })
            // As Graph names whomever it does not know.
            .ok_or_else(|| {
                let why = format!("Resource '{user}' does not exist.");
                Refusal::new(404, "Request_ResourceNotFound", why)
            })
    }

    /// `OF:` and 48 bytes that stay the same for one person.
    pub(super) fn user_handle(&self, person: &Person) -> Vec<u8> {
        let mut handle = b"OF:".to_vec();
        let name = format!("{}/{}", self.setup.tenant, person.id);
        handle.extend(digest(&SHA384, name.as_bytes()).as_ref());
        handle
    }

    pub(super) fn credentials(&self, user: &str) -> Result<&[TenantCredential], Refusal> {
        let person = self.person(user)?;
        Ok(self
            .durable
            .credentials
            .get(&person.id)
            .map_or(&[], Vec::as_slice))
    }

    /// What the list shows: new ones only after the lag.
    pub(super) fn listed(&self, user: &str) -> Result<Vec<&TenantCredential>, Refusal> {
        let now = self.now();
        let lag = i64::from(self.faults.list_lag_seconds) * 1000;
        let credentials = self.credentials(user)?.iter();
        Ok(credentials
            .filter(|one| one.created.millis_until(now) >= lag)
            .collect())
    }

    /// Remembers that `challenge` (its base64url) was issued to `user`, and forgets those that have expired.
    pub(super) fn issue_challenge(
        &mut self,
        user: &str,
        challenge: &str,
        seconds: i64,
    ) -> Result<Timestamp, Refusal> {
        let now = self.now();
        let expires = now.plus_seconds(seconds);
        let user = self.person(user)?.id.clone();
        self.change(|durable| {
            durable.challenges.retain(|_, one| now < one.expires);
            durable
                .challenges
                .insert(challenge_name(challenge), Challenge { user, expires });
        })?;
        Ok(expires)
    }

    /// All that Entra checks of a registration, then the passkey.
    pub(super) fn register(
        &mut self,
        user: &str,
        body: &[u8],
    ) -> Result<TenantCredential, Refusal> {
        let person = self.person(user)?.clone();
        let form = registration::parse(body)?;
        let rp_id = self.setup.rp_id.clone();
        let client = verify::client_data(&form.client_data_json, "webauthn.create", &rp_id)?;
        let issued = self
            .durable
            .challenges
            .get(&challenge_name(&client.challenge))
            .filter(|one| one.user == person.id)
            .ok_or_else(|| {
                Refusal::bad(
                    "practiceChallenge",
                    "this challenge was not issued for this user",
                )
            })?;
        if self.now() >= issued.expires {
            return Err(Refusal::bad(
                "practiceChallengeExpired",
                "the challenge has expired",
            ));
        }
        let proof = verify::attestation(&form.attestation_object, &form.client_data_json, &rp_id)?;
        if proof.credential_id != form.credential_id {
            return Err(Refusal::bad(
                "practiceCredentialId",
                "id is not the credential id of the authenticator data",
            ));
        }
        policy::admit_passkey(self, &person, &proof)?;
        let credential = TenantCredential {
            method: self.method_id(&proof.credential_id),
            id: CredentialId(proof.credential_id),
            display_name: form.display_name,
            created: self.now(),
            aaguid: proof.aaguid,
            model: model(proof.aaguid),
            public_key: Some(proof.public_key),
            sign_count: proof.sign_count,
            certificates: proof.certificates,
            synced: false,
        };
        self.add(&person.id, credential)
    }

    /// Whether a person (by object id) may have one more passkey.
    pub(super) fn room_for_another(&self, person: &str) -> Result<(), Refusal> {
        let count = self.durable.credentials.get(person).map_or(0, Vec::len);
        if count < self.setup.passkeys_per_user_max {
            return Ok(());
        }
        Err(Refusal::bad(
            "practiceTooManyPasskeys",
            "this user has too many passkeys",
        ))
    }

    fn method_id(&self, credential: &[u8]) -> MethodId {
        MethodId(match self.setup.method_ids {
            MethodIds::PaddingCount => IdForm::PaddingCount.write(credential),
            MethodIds::Plain => IdForm::Plain.write(credential),
            MethodIds::Standard => IdForm::Standard.write(credential),
            MethodIds::Opaque => Uuid::new_v4().to_string(),
        })
    }

    /// A passkey that is simply there.
    pub(super) fn add_existing(
        &mut self,
        user: &str,
        existing: Existing,
    ) -> Result<TenantCredential, Refusal> {
        let person = self.person(user)?.id.clone();
        let id = match existing.credential_id {
            Some(id) => id.0,
            None => self.random(existing.id_bytes.unwrap_or(32))?,
        };
        let credential = TenantCredential {
            method: existing
                .method
                .unwrap_or_else(|| MethodId(IdForm::PaddingCount.write(&id))),
            id: CredentialId(id),
            display_name: existing.display_name,
            created: existing
                .created
                .unwrap_or_else(|| self.now().plus_seconds(-90 * 86_400)),
            aaguid: existing.aaguid,
            model: model(existing.aaguid),
            public_key: None,
            sign_count: 0,
            certificates: Vec::new(),
            synced: existing.synced,
        };
        self.add(&person, credential)
    }

    pub(super) fn delete(&mut self, user: &str, method: &str) -> Result<(), Refusal> {
        let missing = || Refusal::new(404, "Request_ResourceNotFound", "there is no such method");
        let credentials = self.credentials(user)?;
        if !credentials.iter().any(|one| one.method.0 == method) {
            return Err(missing());
        }
        let person = self.person(user)?.id.clone();
        self.change(|durable| {
            if let Some(list) = durable.credentials.get_mut(&person) {
                list.retain(|one| one.method.0 != method);
            }
        })
    }

    /// A sign-in: which of the user's passkeys signed it.
    pub(super) fn sign_in(
        &mut self,
        user: &str,
        auth_data: &[u8],
        client_data_json: &[u8],
        signature: &[u8],
    ) -> Result<SignIn, Refusal> {
        let rp_id = self.setup.rp_id.clone();
        let client = verify::client_data(client_data_json, "webauthn.get", &rp_id)?;
        let person = self.person(user)?.id.clone();
        let mut refusal = Refusal::bad(
            "practiceAssertion",
            "the user has no passkey with a public key",
        );
        let mut found = None;
        for one in self.credentials(user)? {
            let Some(key) = &one.public_key else { continue };
            match verify::assertion(key, auth_data, client_data_json, signature, &rp_id) {
                Ok(count) => found = Some((one.id.clone(), one.sign_count, count)),
                Err(why) => refusal = why,
            }
        }
        let (id, before, count) = found.ok_or(refusal)?;
        // WebAuthn §7.2 step 22: a counter that is used must rise.
        if (count != 0 || before != 0) && count <= before {
            return Err(Refusal::bad(
                "practiceAssertion",
                "the signature counter did not rise: the key may have been copied",
            ));
        }
        self.change(|durable| {
            let list = durable.credentials.get_mut(&person);
            let one = list.and_then(|list| list.iter_mut().find(|one| one.id == id));
            if let Some(one) = one {
                one.sign_count = count;
            }
        })?;
        Ok(SignIn {
            credential_id: id,
            sign_count: count,
            challenge: client.challenge,
        })
    }

    fn add(
        &mut self,
        person: &str,
        credential: TenantCredential,
    ) -> Result<TenantCredential, Refusal> {
        let taken = self
            .durable
            .credentials
            .values()
            .flatten()
            .any(|one| one.id == credential.id);
        if taken {
            return Err(Refusal::new(
                409,
                "practiceCredentialExists",
                "this credential id is registered already",
            ));
        }
        self.room_for_another(person)?;
        let added = credential.clone();
        self.change(|durable| {
            durable
                .credentials
                .entry(person.to_owned())
                .or_default()
                .push(added);
        })?;
        Ok(credential)
    }

    /// Changes what is durable; when it cannot be written, nothing has changed.
    fn change(&mut self, act: impl FnOnce(&mut Durable)) -> Result<(), Refusal> {
        let mut changed = self.durable.clone();
        act(&mut changed);
        if let Some(path) = &self.setup.state_file {
            store(path, &changed).map_err(|error| {
                Refusal::new(500, "practiceStateFile", format!("the state file: {error}"))
            })?;
        }
        self.durable = changed;
        Ok(())
    }
}

/// The time on this machine.
fn wall() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

fn challenge_name(challenge: &str) -> String {
    base64url(digest(&SHA256, challenge.as_bytes()).as_ref())
}

/// Entra takes model names from the FIDO Metadata Service; the practice tenant knows these few.
fn model(aaguid: Aaguid) -> String {
    match aaguid.to_string().as_str() {
        "de1e552d-db1d-4423-a619-566b625cdc84" => "Microsoft Authenticator (Android)",
        "90a3ccdf-635c-4729-a248-9b709135078f" => "Microsoft Authenticator (iOS)",
        _ => "Practice Security Key",
    }
    .to_owned()
}
