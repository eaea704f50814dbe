//! How a station signs in to its tenant, and what the token that it gets says of itself. Never the token.

use serde::{Deserialize, Serialize};

use crate::domain::person::Grants;
use crate::domain::time::Timestamp;

/// What proves to the tenant who is asking; `method` in the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// The station itself, with a secret of its app registration.
    #[default]
    ClientSecret,
    /// The station itself, with a certificate of its app registration.
    Certificate,
    /// An administrator, in whose name the station asks.
    Delegated,
}

impl SignInMethod {
    /// The word of the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecret => "client_secret",
            Self::Certificate => "certificate",
            Self::Delegated => "delegated",
        }
    }
}

/// What an access token says of itself (Microsoft identity platform, access token claims). Read, not verified: it is the
/// service that judges its tokens, and this is for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenClaims {
    pub grants: Grants,
    /// `name` of the person who signed in.
    pub name: Option<String>,
    /// `exp`.
    pub expires: Option<Timestamp>,
}
