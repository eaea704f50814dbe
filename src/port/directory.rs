//! The tenant's directory: people, groups, and what the tenant lets be registered. Reads alone.

use std::collections::BTreeSet;

use crate::domain::credential::RegisteredCredential;
use crate::domain::fault::Fault;
use crate::domain::passkey_policy::PasskeyPolicy;
use crate::domain::person::{Grants, Group, ObjectId, Person};

/// Where a page begins: the directory's own words, handed back to it as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark(pub String);

/// One page of a group's members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Also those of whom the station may read no more than the id: [`Person::is_withheld`].
    pub people: Vec<Person>,
    /// `@odata.count` of the whole group, where the directory told it.
    pub total: Option<usize>,
    /// `None`: this was the last page.
    pub next: Option<Bookmark>,
}

/// Microsoft Graph's directory, as far as we need it. A right that was not consented is [`Fault::Refused`] with 403.
///
/// Every method blocks, waits out what the service asks it to wait, and gives up with [`Fault::Unreachable`] or
/// [`Fault::Throttled`].
pub trait Directory: Send + Sync {
    /// GET users/{user}, by UPN or object id.
    ///
    /// # Errors
    /// [`Fault::UserUnknown`].
    fn person(&self, user: &str) -> Result<Person, Fault>;

    /// People whose name, UPN or mail begins with `text`, or whose name has it as a word; at most `limit`.
    ///
    /// # Errors
    /// As above.
    fn find_people(&self, text: &str, limit: usize) -> Result<Vec<Person>, Fault>;

    /// Groups whose name has `text` as a word or begins with it; at most `limit`.
    ///
    /// # Errors
    /// As above.
    fn find_groups(&self, text: &str, limit: usize) -> Result<Vec<Group>, Fault>;

    /// GET groups/{id}.
    ///
    /// # Errors
    /// [`Fault::Refused`] with 404 when there is no such group.
    fn group(&self, id: &ObjectId) -> Result<Group, Fault>;

    /// One page of the users in a group and in the groups in it: the first, or the one at a bookmark of this group. Whoever asks
    /// decides how many pages are in memory, and after [`Fault::Throttled`] goes on with the page that failed.
    ///
    /// # Errors
    /// As [`Directory::group`].
    fn members(&self, group: &ObjectId, from: Option<&Bookmark>) -> Result<Page, Fault>;

    /// The groups that a user is in, also through other groups.
    ///
    /// # Errors
    /// As above.
    fn groups_of(&self, user: &str) -> Result<BTreeSet<ObjectId>, Fault>;

    /// The lists of several users in few calls (`$batch`), in the order asked. One that fails does not fail the others.
    ///
    /// # Errors
    /// When the whole of it fails.
    fn credentials_of(
        &self,
        users: &[&str],
    ) -> Result<Vec<Result<Vec<RegisteredCredential>, Fault>>, Fault>;

    /// GET policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2.
    ///
    /// # Errors
    /// [`Fault::Refused`] with 403 in tenants that do not let it be read: a warning, no more.
    fn passkey_policy(&self) -> Result<PasskeyPolicy, Fault>;

    /// What the token allows; `None` where the token cannot be read.
    ///
    /// # Errors
    /// Those of the sign-in.
    fn grants(&self) -> Result<Option<Grants>, Fault>;
}
