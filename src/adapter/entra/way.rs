//! The ways in which the station gets a token: as itself with a secret or a certificate, or for an administrator who signed in.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::domain::fault::Fault;
use crate::domain::sign_in::SignInMethod;
use crate::port::Clock;

use super::certificate::CertificateSource;
use super::config::EntraConfig;
use super::keep::{Keep, Kept, again};
use super::secret::SecretSource;
use super::token::{self, Issued};
use super::transport::Wire;

/// RFC 7523 §2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What proves who is asking. Holds places of secrets, not the secrets.
pub enum SignInWay {
    ClientSecret(SecretSource),
    Certificate(CertificateSource),
    Delegated(Delegated),
}

/// An administrator's sign-in.
pub struct Delegated {
    pub keep: Keep,
    /// Permissions to ask for, such as `User.ReadBasic.All`. Empty: all that the app registration names, which is what a
    /// station wants.
    pub scopes: Vec<String>,
}

impl From<SecretSource> for SignInWay {
    fn from(source: SecretSource) -> Self {
        Self::ClientSecret(source)
    }
}

impl SignInWay {
    /// Which of the three it is.
    pub const fn method(&self) -> SignInMethod {
        match self {
            Self::ClientSecret(_) => SignInMethod::ClientSecret,
            Self::Certificate(_) => SignInMethod::Certificate,
            Self::Delegated(_) => SignInMethod::Delegated,
        }
    }

    /// A new access token.
    ///
    /// # Errors
    /// [`Fault::SignIn`], [`Fault::StationKeys`], and those of [`Wire::send`].
    pub(super) fn fetch(
        &self,
        config: &EntraConfig,
        wire: &Wire,
        clock: &Arc<dyn Clock>,
    ) -> Result<Issued, Fault> {
        match self {
            Self::ClientSecret(source) => {
                let secret = source.read()?;
                let proof = [("client_secret", secret.reveal())];
                client_credentials(config, wire, &proof)
            }
            Self::Certificate(source) => {
                let now = clock.now();
                let endpoint = token::endpoint(config, "token")?;
                let assertion =
                    source
                        .read(now)?
                        .assertion(&config.client_id, endpoint.as_str(), now)?;
                let proof = [
                    ("client_assertion_type", ASSERTION_TYPE),
                    ("client_assertion", assertion.as_str()),
                ];
                client_credentials(config, wire, &proof)
            }
            Self::Delegated(delegated) => delegated.refresh(config, wire),
        }
    }
}

/// `https://graph.microsoft.com/{permission}`.
fn scope(config: &EntraConfig, permission: &str) -> String {
    format!(
        "{}/{permission}",
        config.graph.origin().ascii_serialization()
    )
}

fn client_credentials(
    config: &EntraConfig,
    wire: &Wire,
    proof: &[(&str, &str)],
) -> Result<Issued, Fault> {
    let scope = scope(config, ".default");
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", config.client_id.as_str()),
    ];
    form.extend(proof);
    form.push(("scope", scope.as_str()));
    token::request(config, wire, &form)?.map_err(|refusal| refusal.fault())
}

impl Delegated {
    /// What is asked for, and a refresh token besides where the sign-in is to last.
    pub(super) fn scope(&self, config: &EntraConfig) -> String {
        let mut scopes: Vec<String> = self
            .scopes
            .iter()
            .map(|permission| scope(config, permission))
            .collect();
        if scopes.is_empty() {
            scopes.push(scope(config, ".default"));
        }
        if self.keep.lasts() {
            scopes.push("offline_access".to_owned());
        }
        scopes.join(" ")
    }

    /// Keeps the sign-in that `issued` began, where it is to last.
    ///
    /// # Errors
    /// [`Fault::SignIn`] when the tenant gave no refresh token, or it cannot be written.
    pub(super) fn keep(
        &self,
        config: &EntraConfig,
        issued: &Issued,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), Fault> {
        if !self.keep.lasts() {
            return Ok(());
        }
        let Some(refresh_token) = &issued.refresh_token else {
            return Err(Fault::SignIn {
                what: "the tenant gave no refresh token, so the sign-in would end within the hour; the app registration has to allow `offline_access`".to_owned(),
            });
        };
        let kept = kept(config, refresh_token, clock.now().0);
        self.keep.hold()?.store(kept)
    }

    fn refresh(&self, config: &EntraConfig, wire: &Wire) -> Result<Issued, Fault> {
        // Held until the new one is stored: two who refresh with the same token might end each other's sign-in.
        let mut held = self.keep.hold()?;
        let Some(old) = held.read()? else {
            return Err(Fault::SignIn {
                what: "no administrator has signed in here; do it with `keyline entra login`"
                    .to_owned(),
            });
        };
        if old.tenant != config.tenant || old.client_id != config.client_id {
            return Err(again(
                "who signed in here did so for another tenant or application than the configuration names",
            ));
        }
        let scope = self.scope(config);
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", config.client_id.as_str()),
            ("refresh_token", old.refresh_token.as_str()),
            ("scope", scope.as_str()),
        ];
        let issued = token::request(config, wire, &form)?.map_err(|refusal| {
            if refusal.ends_the_sign_in() {
                again(&format!(
                    "the administrator's sign-in counts no longer ({})",
                    refusal.what
                ))
            } else {
                refusal.fault()
            }
        })?;
        if let Some(fresh) = &issued.refresh_token
            && let Err(fault) = held.renew(kept(config, fresh, old.since))
        {
            // The old one is still there and still counts; the work at hand need not stop for a full disk.
            tracing::warn!(fault = %fault.brief(), "the new refresh token could not be kept");
        }
        Ok(issued)
    }
}

fn kept(config: &EntraConfig, refresh_token: &Zeroizing<String>, since: i64) -> Kept {
    Kept {
        tenant: config.tenant.clone(),
        client_id: config.client_id.clone(),
        refresh_token: refresh_token.to_string(),
        since,
    }
}
