//! What a tenant has to have before a station can enroll keys in it: an app registration, permissions of Microsoft Graph, a passkey
//! policy. Names and ids are Microsoft's own. What is there and what comes next is [`course`]'s.

mod act;
pub mod course;

use crate::domain::person::ObjectId;
use crate::domain::time::Timestamp;

/// The application (client) id of Microsoft Graph, the same in every tenant.
pub const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

/// What the app registration is called where nobody says otherwise.
pub const APP_NAME: &str = "keyline station";

/// Microsoft Graph Command Line Tools, an application of Microsoft's own that is known in every tenant: under its id an
/// administrator signs in while the station has no app registration yet.
pub const SETUP_CLIENT_ID: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";

/// What the administrator's sign-in is asked for, and nothing else: app registrations, admin consent, the passkey policy
/// (Microsoft Graph permissions reference, delegated).
pub const SETUP_SCOPES: [&str; 3] = [
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "Policy.ReadWrite.AuthenticationMethod",
];

/// An application permission as Microsoft Graph's own service principal offers it (`appRole`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRole {
    pub id: String,
    /// Its name, such as `User.Read.All`.
    pub value: String,
}

/// Microsoft Graph's own service principal in the tenant, with what it offers to applications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiPrincipal {
    pub object: ObjectId,
    pub roles: Vec<AppRole>,
}

/// An app registration (`application`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The id of the object, which is not the application's.
    pub object: ObjectId,
    /// `appId`: the application (client) id.
    pub client_id: String,
    pub name: String,
}

/// The public part of the certificate that the station signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicCertificate {
    /// DER.
    pub der: Vec<u8>,
    pub subject: String,
    /// SHA-256, upper-case hexadecimal.
    pub thumbprint: String,
    pub valid_until: Timestamp,
}

/// Where the passkey policy is, below a version of Graph.
pub const POLICY_PATH: &str =
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2";

/// The `appRoleId`s of Microsoft Graph's application permissions that the station makes use of: the same in every tenant of the
/// global cloud. The delegated permission of the same name has another.
const APP_ROLES: [(&str, &str); 6] = [
    (
        "UserAuthMethod-Passkey.ReadWrite.All",
        "0400e371-7db1-4338-a269-96069eb65227",
    ),
    ("Policy.Read.All", "246dd0d5-5bd0-4def-940b-0421030a5b68"),
    ("User.ReadBasic.All", "97235f07-e226-4f63-ace3-39588e11d3a1"),
    ("User.Read.All", "df021288-bdef-4463-88db-98f22de89214"),
    (
        "GroupMember.Read.All",
        "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    ),
    ("Member.Read.Hidden", "658aa5d8-239f-45c4-aa12-864f4fc7e490"),
];

/// The id of an application permission; `None` of one that the station makes no use of.
pub fn app_role_id(permission: &str) -> Option<&'static str> {
    let mut roles = APP_ROLES.into_iter();
    roles.find_map(|(name, id)| (name == permission).then_some(id))
}
