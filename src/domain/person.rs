//! People and groups as the tenant's directory knows them, in Microsoft Graph's words. Personal data: never in the audit chain,
//! never in a log line.

use serde::{Deserialize, Serialize};

/// The directory's own id of a user or group: a GUID as text. It stays when a UPN changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObjectId(pub String);

impl ObjectId {
    /// `text` as an object id, in lower case; `None` when it is none.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let groups = text.split('-').map(str::len);
        let hexadecimal = |c: char| c.is_ascii_hexdigit() || c == '-';
        let fits = groups.eq([8, 4, 4, 4, 12]) && text.chars().all(hexadecimal);
        fits.then(|| Self(text.to_lowercase()))
    }
}

/// `userType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserType {
    Member,
    /// B2B guests: Entra enrolls no passkeys for them.
    Guest,
    /// The directory did not say.
    #[default]
    Unknown,
}

/// A user, as far as the station may read one. What the directory left out is `None`: a tenant may allow no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    pub id: ObjectId,
    pub user_principal_name: Option<String>,
    pub display_name: Option<String>,
    pub mail: Option<String>,
    pub department: Option<String>,
    pub employee_id: Option<String>,
    /// BCP 47, as the directory has it, such as `de-DE`.
    pub preferred_language: Option<String>,
    /// `accountEnabled`.
    pub enabled: Option<bool>,
    pub user_type: UserType,
}

impl Person {
    /// What people call them: name, else UPN, else id.
    pub fn label(&self) -> &str {
        let name = self.display_name.as_deref();
        let name = name.or(self.user_principal_name.as_deref());
        name.unwrap_or(&self.id.0)
    }

    /// Whether the station may read no more of them than the id, as in groups with hidden membership.
    pub const fn is_withheld(&self) -> bool {
        self.user_principal_name.is_none() && self.display_name.is_none()
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    pub id: ObjectId,
    pub display_name: String,
    pub description: Option<String>,
}

/// What the access token allows, read from its payload (Microsoft identity platform, access token claims).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Grants {
    /// `roles` of an application, `scp` of a delegated sign-in.
    pub permissions: Vec<String>,
    /// Whether a person signed in, rather than the application itself.
    pub delegated: bool,
    /// `upn` or `preferred_username` of that person.
    pub account: Option<String>,
    /// `tid`.
    pub tenant: Option<String>,
    /// `appid` or `azp`.
    pub application: Option<String>,
}
