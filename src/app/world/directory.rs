//! The directory of the simulated tenant. Unless a test says otherwise everybody is an enabled member, and neither groups nor the
//! policy may be read.

use std::collections::{BTreeMap, BTreeSet};

use super::{Op, State, World};
use crate::domain::authenticator::Aaguid;
use crate::domain::credential::RegisteredCredential;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::passkey_policy::{
    Audience, Candidate, KeyRestrictions, PasskeyPolicy, PasskeyProfile, PolicyVerdict, Target,
};
use crate::domain::person::{Grants, Group, ObjectId, Person, UserType};
use crate::port::{Bookmark, Directory, Page, RelyingParty};

/// What the directory holds, and what of it may be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct DirectoryState {
    pub(crate) disabled: BTreeSet<String>,
    pub(crate) guests: BTreeSet<String>,
    /// Whoever signed in may not act on them.
    pub(crate) untouchable: BTreeSet<String>,
    /// People may not be read.
    pub(crate) hides_people: bool,
    /// They may, but not whether their accounts are enabled.
    pub(crate) hides_enabled: bool,
    /// The groups of each user; without any, groups may not be read.
    pub(crate) groups: BTreeMap<String, BTreeSet<ObjectId>>,
    /// The policy that holds, and that may be read.
    pub(crate) policy: Option<PasskeyPolicy>,
    /// How often it was asked, whatever it said.
    pub(crate) asked: BTreeMap<Op, usize>,
    /// The policy always comes through: no key that it refuses may be wiped.
    pub(crate) is_heard: bool,
}

impl DirectoryState {
    fn note(&mut self, op: Op) {
        *self.asked.entry(op).or_default() += 1;
    }

    /// Whether nobody is handed creation options.
    pub(super) fn is_closed(&self) -> bool {
        self.policy.as_ref().is_some_and(|policy| !policy.is_open())
    }

    /// Whether a registration of this model would be refused.
    pub(super) fn refuses(&self, user: &str, aaguid: Aaguid) -> bool {
        let attested = Some(true);
        let groups = self.groups.get(user).cloned().unwrap_or_default();
        self.policy.as_ref().is_some_and(|policy| {
            let verdict = policy.verdict(Candidate { aaguid, attested }, Some(&groups));
            matches!(verdict, PolicyVerdict::Refused(_))
        })
    }
}

impl State {
    /// Somebody disables the account of this job's person, or enables it again.
    pub(crate) fn turn_account(&mut self, job: JobId) {
        if let Some(job) = self.ledger.find_job(job) {
            let user = job.request.user.clone();
            if !self.directory.disabled.remove(&user) {
                self.directory.disabled.insert(user);
            }
            self.version += 1;
        }
    }
}

/// A policy that is open to this audience, for these models alone.
pub(crate) fn policy_for(audience: Audience, models: &[u8]) -> PasskeyPolicy {
    let profile = PasskeyProfile {
        id: "p-1".to_owned(),
        name: "Security keys".to_owned(),
        device_bound: true,
        attestation_enforced: false,
        restrictions: KeyRestrictions {
            enforced: !models.is_empty(),
            allow: true,
            aaguids: models.iter().map(|model| Aaguid([*model; 16])).collect(),
        },
    };
    PasskeyPolicy {
        enabled: true,
        self_service: true,
        default_profile: Some(profile.id.clone()),
        profiles: vec![profile],
        include: vec![Target {
            audience,
            profiles: Vec::new(),
        }],
        exclude: Vec::new(),
    }
}

pub(crate) fn denied() -> Fault {
    Fault::Refused {
        status: 403,
        code: "Authorization_RequestDenied".to_owned(),
        message: "Insufficient privileges to complete the operation.".to_owned(),
        request_id: "r-1".to_owned(),
    }
}

impl Directory for World {
    fn person(&self, user: &str) -> Result<Person, Fault> {
        self.call(Op::Person, |state| {
            state.directory.note(Op::Person);
            let directory = &state.directory;
            if directory.hides_people {
                return Err(denied());
            }
            let enabled = !directory.disabled.contains(user);
            Ok(Person {
                id: ObjectId(user.to_owned()),
                user_principal_name: Some(user.to_owned()),
                display_name: None,
                mail: None,
                department: None,
                employee_id: None,
                preferred_language: None,
                enabled: (!directory.hides_enabled).then_some(enabled),
                user_type: if directory.guests.contains(user) {
                    UserType::Guest
                } else {
                    UserType::Member
                },
            })
        })
    }

    fn find_people(&self, _: &str, _: usize) -> Result<Vec<Person>, Fault> {
        Err(denied())
    }

    fn find_groups(&self, _: &str, _: usize) -> Result<Vec<Group>, Fault> {
        Err(denied())
    }

    fn group(&self, _: &ObjectId) -> Result<Group, Fault> {
        Err(denied())
    }

    fn members(&self, _: &ObjectId, _: Option<&Bookmark>) -> Result<Page, Fault> {
        Err(denied())
    }

    fn groups_of(&self, user: &str) -> Result<BTreeSet<ObjectId>, Fault> {
        self.call(Op::Groups, |state| {
            state.directory.note(Op::Groups);
            let groups = &state.directory.groups;
            if groups.is_empty() {
                return Err(denied());
            }
            Ok(groups.get(user).cloned().unwrap_or_default())
        })
    }

    fn credentials_of(
        &self,
        users: &[&str],
    ) -> Result<Vec<Result<Vec<RegisteredCredential>, Fault>>, Fault> {
        Ok(users.iter().map(|user| self.credentials(user)).collect())
    }

    fn passkey_policy(&self) -> Result<PasskeyPolicy, Fault> {
        self.call(Op::Policy, |state| {
            state.directory.note(Op::Policy);
            state.directory.policy.clone().ok_or_else(denied)
        })
    }

    fn grants(&self) -> Result<Option<Grants>, Fault> {
        Ok(None)
    }
}
