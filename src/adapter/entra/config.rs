//! Which tenant, over which endpoints. Checked once, at construction, in words; never holds a secret.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::trust;

/// How long one request may take, connecting included.
pub const TIMEOUT_SECONDS_DEFAULT: u64 = 20;
/// What the beta endpoint takes for `challengeTimeoutInMinutes`.
const CHALLENGE_TIMEOUT_MINUTES: std::ops::RangeInclusive<u32> = 5..=43_200;
/// What stands in an address for whatever tenant an account belongs to (Microsoft identity platform, endpoints).
const TENANTS_OF_ANYBODY: [&str; 3] = ["common", "organizations", "consumers"];
/// Where the national clouds are, which have no passkey provisioning: each name, and everything below it. China, the United
/// States, France (Bleu), Germany (Delos, and the one before it), Singapore.
const NATIONAL_CLOUDS: [&str; 16] = [
    "chinacloudapi.cn",
    "partner.microsoftonline.cn",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "login.microsoftonline.us",
    "login.usgovcloudapi.net",
    "login-us.microsoftonline.com",
    "sovcloud-identity.fr",
    "sovcloud.fr",
    "sovcloud-identity.de",
    "sovcloud.de",
    "login.microsoftonline.de",
    "graph.microsoft.de",
    "graph.cloudapi.de",
    "sovcloud-identity.sg",
    "sovcloud.sg",
];

/// The version of Microsoft Graph that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Api {
    /// Generally available; challenges live five minutes.
    #[default]
    #[serde(rename = "v1.0")]
    V1_0,
    /// Challenges may live longer.
    #[serde(rename = "beta")]
    Beta,
}

impl Api {
    /// The first path segment.
    pub const fn path(self) -> &'static str {
        match self {
            Self::V1_0 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

/// Everything about the tenant that is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntraConfig {
    /// Tenant id or one of its domain names.
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// Where tokens come from, such as `https://login.microsoftonline.com`.
    pub authority: Url,
    /// Where Graph is, such as `https://graph.microsoft.com`; without the version.
    pub graph: Url,
    pub api: Api,
    /// Minutes that a challenge shall live, 5 to 43,200; beta only.
    pub challenge_timeout_minutes: Option<u32>,
    /// How long one request may take; see [`TIMEOUT_SECONDS_DEFAULT`].
    pub timeout: Duration,
    /// Certificates (PEM) that are trusted besides those of this computer, for networks that look into what passes.
    pub ca_file: Option<PathBuf>,
}

/// Why a tenant cannot be spoken to as configured. Names the field; never quotes a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntraConfigError {
    #[error("tenant is not filled in: it takes the tenant's id or one of its domain names")]
    TenantMissing,
    #[error("client_id is not filled in: it takes the application (client) id of the registration")]
    ClientIdMissing,
    #[error("tenant `{0}` is neither a tenant id nor a domain name")]
    Tenant(String),
    #[error(
        "tenant `{0}` stands for whatever tenant somebody belongs to: it takes the tenant's id or one of its domain names"
    )]
    TenantOfAnybody(String),
    #[error(
        "client_id `{0}` is not an application id (32 hexadecimal digits with dashes, as the portal shows it)"
    )]
    ClientId(String),
    #[error(
        "{field} `{url}` uses http: a token would travel in clear. Use https; http is for 127.0.0.1, [::1] and localhost only"
    )]
    NotHttps { field: &'static str, url: String },
    #[error("{field} `{url}` is not a plain address: {why}")]
    Address {
        field: &'static str,
        url: String,
        why: &'static str,
    },
    #[error(
        "{field} `{host}` belongs to a national cloud; Microsoft offers the passkey provisioning API in the global cloud only"
    )]
    NationalCloud { field: &'static str, host: String },
    #[error(
        "challenge_timeout_minutes goes with api = \"beta\" only; on v1.0 a challenge lives five minutes"
    )]
    TimeoutNeedsBeta,
    #[error("challenge_timeout_minutes is {0}; 5 to 43200 are possible")]
    TimeoutOutOfRange(u32),
    #[error("ca_file {file} cannot be used: {why}")]
    CaFile { file: String, why: String },
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

impl EntraConfig {
    /// Refuses what could not work or would not be safe.
    pub(super) fn check(&self) -> Result<(), EntraConfigError> {
        self.objections().into_iter().next().map_or(Ok(()), Err)
    }

    /// Whether the certificates of `ca_file` can be read here and now, by this user.
    ///
    /// # Errors
    /// [`EntraConfigError::CaFile`].
    pub fn check_ca_file(&self) -> Result<(), EntraConfigError> {
        let file = self.ca_file.as_deref();
        file.map_or(Ok(()), |file| trust::certificates(file).map(drop))
    }

    /// Everything in it that could not work or would not be safe, for whoever mends it. Looks into no file.
    pub fn objections(&self) -> Vec<EntraConfigError> {
        let mut found = Vec::new();
        let tenant_fits = self
            .tenant
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
            && !self.tenant.starts_with('.');
        if self.tenant.is_empty() {
            found.push(EntraConfigError::TenantMissing);
        } else if TENANTS_OF_ANYBODY
            .iter()
            .any(|name| self.tenant.eq_ignore_ascii_case(name))
        {
            found.push(EntraConfigError::TenantOfAnybody(self.tenant.clone()));
        } else if !tenant_fits {
            found.push(EntraConfigError::Tenant(self.tenant.clone()));
        }
        if self.client_id.is_empty() {
            found.push(EntraConfigError::ClientIdMissing);
        } else if uuid::Uuid::try_parse(&self.client_id).is_err() {
            found.push(EntraConfigError::ClientId(self.client_id.clone()));
        }
        found.extend(check_address("authority", &self.authority).err());
        found.extend(check_address("graph", &self.graph).err());
        match (self.api, self.challenge_timeout_minutes) {
            (Api::V1_0, Some(_)) => found.push(EntraConfigError::TimeoutNeedsBeta),
            (Api::Beta, Some(minutes)) if !CHALLENGE_TIMEOUT_MINUTES.contains(&minutes) => {
                found.push(EntraConfigError::TimeoutOutOfRange(minutes));
            }
            (Api::V1_0 | Api::Beta, _) => {}
        }
        found
    }
}

fn check_address(field: &'static str, url: &Url) -> Result<(), EntraConfigError> {
    let address = |why| EntraConfigError::Address {
        field,
        // Without user name and password, which may be a secret.
        url: format!("{}://{}", url.scheme(), url.host_str().unwrap_or("")),
        why,
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(address("it carries a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(address("it has a query or a fragment"));
    }
    let Some(host) = url.host_str() else {
        return Err(address("it has no host"));
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) => {}
        "http" => {
            return Err(EntraConfigError::NotHttps {
                field,
                url: url.to_string(),
            });
        }
        _ => return Err(address("it is neither https nor http")),
    }
    if is_national(host) {
        return Err(EntraConfigError::NationalCloud {
            field,
            host: host.to_owned(),
        });
    }
    Ok(())
}

/// Whether `host` is one of [`NATIONAL_CLOUDS`] or lies below one.
fn is_national(host: &str) -> bool {
    NATIONAL_CLOUDS.iter().any(|cloud| {
        host.strip_suffix(cloud)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// Whether `url` points at this very machine, so that neither proxy nor encryption is called for.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
