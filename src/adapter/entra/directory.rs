//! The tenant's directory over Graph: people, groups, and what the tenant lets be registered. Reads alone.

mod batch;
mod grants;
mod groups;
mod people;
mod policy;
pub(super) mod query;

use std::collections::BTreeSet;

use crate::domain::credential::RegisteredCredential;
use crate::domain::fault::Fault;
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::person::{Grants, Group, ObjectId, Person};
use crate::port::{Bookmark, Directory, Page};

use super::Entra;

impl Directory for Entra {
    fn person(&self, user: &str) -> Result<Person, Fault> {
        people::person(self, user)
    }

    fn find_people(&self, text: &str, limit: usize) -> Result<Vec<Person>, Fault> {
        people::find(self, text, limit)
    }

    fn find_groups(&self, text: &str, limit: usize) -> Result<Vec<Group>, Fault> {
        groups::find(self, text, limit)
    }

    fn group(&self, id: &ObjectId) -> Result<Group, Fault> {
        groups::group(self, id)
    }

    fn members(&self, group: &ObjectId, from: Option<&Bookmark>) -> Result<Page, Fault> {
        groups::members(self, group, from)
    }

    fn groups_of(&self, user: &str) -> Result<BTreeSet<ObjectId>, Fault> {
        groups::of(self, user)
    }

    fn credentials_of(
        &self,
        users: &[&str],
    ) -> Result<Vec<Result<Vec<RegisteredCredential>, Fault>>, Fault> {
        batch::credentials(self, users)
    }

    fn passkey_policy(&self) -> Result<PasskeyPolicy, Fault> {
        policy::fetch(self)
    }

    fn grants(&self) -> Result<Option<Grants>, Fault> {
        grants::read(self)
    }
}
