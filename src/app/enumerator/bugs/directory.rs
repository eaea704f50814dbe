//! A directory that is not listened to: everybody counts as enabled, or every model as allowed.

use std::collections::BTreeSet;

use crate::app::enumerator::bugs::{Bent, Bug};
use crate::domain::credential::RegisteredCredential;
use crate::domain::fault::Fault;
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::person::{Grants, Group, ObjectId, Person};
use crate::port::{Bookmark, Directory, Page};

impl Directory for Bent {
    fn person(&self, user: &str) -> Result<Person, Fault> {
        let mut person = self.world.person(user)?;
        if self.bug == Bug::DisabledOverlooked {
            person.enabled = Some(true);
        }
        Ok(person)
    }

    fn find_people(&self, text: &str, limit: usize) -> Result<Vec<Person>, Fault> {
        self.world.find_people(text, limit)
    }

    fn find_groups(&self, text: &str, limit: usize) -> Result<Vec<Group>, Fault> {
        self.world.find_groups(text, limit)
    }

    fn group(&self, id: &ObjectId) -> Result<Group, Fault> {
        self.world.group(id)
    }

    fn members(&self, group: &ObjectId, from: Option<&Bookmark>) -> Result<Page, Fault> {
        self.world.members(group, from)
    }

    fn groups_of(&self, user: &str) -> Result<BTreeSet<ObjectId>, Fault> {
        self.world.groups_of(user)
    }

    fn credentials_of(
        &self,
        users: &[&str],
    ) -> Result<Vec<Result<Vec<RegisteredCredential>, Fault>>, Fault> {
        self.world.credentials_of(users)
    }

    fn passkey_policy(&self) -> Result<PasskeyPolicy, Fault> {
        let mut policy = self.world.passkey_policy()?;
        if self.bug == Bug::PolicyOverlooked {
            for profile in &mut policy.profiles {
                profile.restrictions.enforced = false;
            }
        }
        Ok(policy)
    }

    fn grants(&self) -> Result<Option<Grants>, Fault> {
        self.world.grants()
    }
}
