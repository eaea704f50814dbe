//! The directory of the simulated tenant: everybody is an enabled member, and the policy may not be read.

use std::collections::BTreeSet;

use super::World;
use crate::domain::credential::RegisteredCredential;
use crate::domain::fault::Fault;
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::person::{Grants, Group, ObjectId, Person, UserType};
use crate::port::{Bookmark, Directory, Page, RelyingParty};

fn denied() -> Fault {
    Fault::Refused {
        status: 403,
        code: "Authorization_RequestDenied".to_owned(),
        message: "Insufficient privileges to complete the operation.".to_owned(),
        request_id: "r-1".to_owned(),
    }
}

impl Directory for World {
    fn person(&self, user: &str) -> Result<Person, Fault> {
        Ok(Person {
            id: ObjectId(user.to_owned()),
            user_principal_name: Some(user.to_owned()),
            display_name: None,
            mail: None,
            department: None,
            employee_id: None,
            preferred_language: None,
            enabled: Some(true),
            user_type: UserType::Member,
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

    fn groups_of(&self, _: &str) -> Result<BTreeSet<ObjectId>, Fault> {
        Err(denied())
    }

    fn credentials_of(
        &self,
        users: &[&str],
    ) -> Result<Vec<Result<Vec<RegisteredCredential>, Fault>>, Fault> {
        Ok(users.iter().map(|user| self.credentials(user)).collect())
    }

    fn passkey_policy(&self) -> Result<PasskeyPolicy, Fault> {
        Err(denied())
    }

    fn grants(&self) -> Result<Option<Grants>, Fault> {
        Ok(None)
    }
}
