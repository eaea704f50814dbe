//! What a tenant has to have before a station can enroll keys in it: an app registration, permissions of Microsoft Graph, a passkey
//! policy. Names and ids are Microsoft's own. It says what has to be there, never what is there.

/// The application (client) id of Microsoft Graph, the same in every tenant.
pub const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

/// What the app registration is called where nobody says otherwise.
pub const APP_NAME: &str = "keyline station";

/// Where the passkey policy is, below a version of Graph.
pub const POLICY_PATH: &str =
    "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2";

/// How much depends on a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it no key can be enrolled.
    Required,
    /// Without it something is told later, or a command does not work.
    Useful,
    /// Only where the tenant has what it is for.
    ForSome,
}

impl Need {
    /// The word for scripts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Useful => "useful",
            Self::ForSome => "for_some",
        }
    }
}

/// An application permission of Microsoft Graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppRole {
    /// What an administrator searches for.
    pub name: &'static str,
    /// `appRoleId`: the same in every tenant of the global cloud. The delegated permission of that name has another.
    pub id: &'static str,
    pub need: Need,
}

/// All that keyline can make use of; the first alone is enough to enroll keys.
pub const APP_ROLES: [AppRole; 5] = [
    AppRole {
        name: "UserAuthMethod-Passkey.ReadWrite.All",
        id: "0400e371-7db1-4338-a269-96069eb65227",
        need: Need::Required,
    },
    AppRole {
        name: "Policy.Read.All",
        id: "246dd0d5-5bd0-4def-940b-0421030a5b68",
        need: Need::Useful,
    },
    AppRole {
        name: "User.Read.All",
        id: "df021288-bdef-4463-88db-98f22de89214",
        need: Need::Useful,
    },
    AppRole {
        name: "GroupMember.Read.All",
        id: "98830695-27a2-44f7-8c18-0c3ebc9698f6",
        need: Need::Useful,
    },
    AppRole {
        name: "Member.Read.Hidden",
        id: "658aa5d8-239f-45c4-aa12-864f4fc7e490",
        need: Need::ForSome,
    },
];
