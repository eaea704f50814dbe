//! Microsoft Entra ID through Microsoft Graph: the passkey methods of a user on v1.0 or beta, behind
//! [`RelyingParty`].
//!
//! It judges answers by status and shape, never by their words. It never logs a token, a secret or a body, never follows
//! a redirect, and sends a token to the configured Graph alone.
//!
//! # Why
//! Hand-written calls over `reqwest`: no SDK has the POST, because the published metadata calls `fido2Methods` not
//! insertable. The calls block; they must not run on a thread that drives an async runtime.

mod answer;
mod browser;
mod bundle;
mod certificate;
mod claims;
mod config;
mod creation_options;
mod device_code;
mod directory;
mod encoding;
mod engine;
mod exchange;
mod fido2_methods;
mod gate;
mod keep;
mod loopback;
mod new_certificate;
mod patience;
mod secret;
mod sign_in;
mod tenant_setup;
mod token;
mod transport;
mod trust;
mod way;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use url::Url;

use crate::domain::credential::{Attestation, CreationOptions, MethodId, RegisteredCredential};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::{CancelFlag, Clock, Deleted, RelyingParty};

pub use browser::Pages;
pub use certificate::{CertificateFacts, CertificateSource};
pub use config::{Api, EntraConfig, EntraConfigError, TIMEOUT_SECONDS_DEFAULT, is_loopback};
pub use device_code::DevicePrompt;
pub use encoding::credential_ids;
pub use fido2_methods::DISPLAY_NAME_CHARACTERS_MAX;
pub use keep::{Keep, SEALED_FILE};
pub use new_certificate::{CERTIFICATE_DAYS, NewCertificate};
pub use secret::SecretSource;
pub use way::{Delegated, SignInWay};

use answer::Answer;
use token::{Token, TokenCache};
use transport::{Bearer, Call, Wire};

/// How far our clock may be from the service's, in seconds: challenges and tokens live for minutes.
pub const CLOCK_SKEW_SECONDS_MAX: i64 = 300;

/// One tenant as a relying party. Cheap to share; all slots use the same one.
pub struct Entra {
    config: EntraConfig,
    graph: Wire,
    authority: Wire,
    way: SignInWay,
    tokens: TokenCache,
    clock: Arc<dyn Clock>,
    cancel: CancelFlag,
}

impl Entra {
    /// Checks the configuration and prepares the connections; sends nothing.
    ///
    /// `cancel` ends requests under way and the waits between two tries, for a station that is asked to stop.
    ///
    /// # Errors
    /// [`EntraConfigError`], in words for the administrator.
    pub fn new(
        config: EntraConfig,
        way: impl Into<SignInWay>,
        clock: Arc<dyn Clock>,
        cancel: CancelFlag,
    ) -> Result<Self, EntraConfigError> {
        config.check()?;
        let graph = Wire::new(&config.graph, &config, clock.clone(), cancel.clone())?;
        let authority = Wire::new(&config.authority, &config, clock.clone(), cancel.clone())?;
        Ok(Self {
            config,
            graph,
            authority,
            way: way.into(),
            tokens: TokenCache::default(),
            clock,
            cancel,
        })
    }

    /// A URL below the API's root out of raw path segments, each percent-encoded.
    fn url(&self, segments: &[&str]) -> Result<Url, Fault> {
        let mut path = self.config.graph.path().trim_end_matches('/').to_owned();
        path.push('/');
        path.push_str(self.config.api.path());
        for segment in segments {
            path.push('/');
            path.push_str(&encoding::path_segment(segment)?);
        }
        let mut url = self.config.graph.clone();
        url.set_path(&path);
        Ok(url)
    }

    /// `users/{user}/authentication/fido2Methods`, and what comes below it.
    fn methods_url(&self, user: &str, below: Option<&str>) -> Result<Url, Fault> {
        let mut segments = vec!["users", user, "authentication", "fido2Methods"];
        segments.extend(below);
        self.url(&segments)
    }

    /// The token that is held, or a new one.
    fn token(&self) -> Result<Token, Fault> {
        self.tokens
            .get(&self.config, &self.authority, &self.way, &self.clock)
    }

    /// Sends `call` with a token; a 401 gets one more try with a fresh token, because grants given meanwhile and tokens
    /// revoked meanwhile both show that way.
    fn send(&self, call: &Call<'_>) -> Result<Answer, Fault> {
        let mut fresh = false;
        loop {
            let token = self.token()?;
            let answer = self.graph.send(call, Bearer::Token(&token))?;
            if answer.status != 401 {
                return Ok(answer);
            }
            self.tokens.forget(&token);
            if fresh {
                return Err(answer.refused_token());
            }
            fresh = true;
        }
    }

    /// Whether Graph answers to our token, and how far our clock is ahead of its own, in seconds; `None` where it gives no time.
    ///
    /// # Errors
    /// [`Fault::AnswerUnusable`] when something else answers; those of the sign-in and of the way.
    pub fn reach(&self) -> Result<Option<i64>, Fault> {
        // The service document costs nothing and needs no permission. Whatever Graph says short of 401 and 5xx, it is there;
        // a sign-in page of some network in between is not.
        let call = Call::get("ready", self.url(&[])?);
        let answer = self.send(&call)?;
        if !answer.is_graphs() {
            return Err(answer.not_graphs());
        }
        let ahead = |theirs: Timestamp| theirs.seconds_until(self.clock.now());
        Ok(answer.date.map(ahead))
    }
}

/// `@odata.nextLink` is followed as it is, but carries our token to the configured Graph alone.
fn next_page(graph: &Url, link: &str, subject: &str) -> Result<Url, Fault> {
    let wrong = |why: &str| Fault::AnswerUnusable {
        what: format!("{subject}: @odata.nextLink {why}"),
        request_id: String::new(),
    };
    let url = Url::parse(link).map_err(|_| wrong("is not an address"))?;
    if url.origin() != graph.origin() {
        return Err(wrong(
            "leads away from the configured Graph; it is not followed",
        ));
    }
    Ok(url)
}

impl RelyingParty for Entra {
    fn ready(&self) -> Result<(), Fault> {
        match self.reach()? {
            Some(seconds) if seconds.abs() > CLOCK_SKEW_SECONDS_MAX => {
                Err(Fault::Clock { seconds })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn asked_to_wait(&self) -> Option<Fault> {
        self.graph.asked_to_wait()
    }

    fn creation_options(&self, user: &str) -> Result<CreationOptions, Fault> {
        creation_options::fetch(self, user)
    }

    fn register(
        &self,
        user: &str,
        display_name: &str,
        attestation: &Attestation,
    ) -> Result<MethodId, Fault> {
        fido2_methods::register(self, user, display_name, attestation)
    }

    fn credentials(&self, user: &str) -> Result<Vec<RegisteredCredential>, Fault> {
        fido2_methods::list(self, user)
    }

    fn delete(&self, user: &str, method: &MethodId) -> Result<Deleted, Fault> {
        fido2_methods::delete(self, user, method)
    }
}
