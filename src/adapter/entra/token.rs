//! The token endpoint, client credentials with a secret. A token is kept until shortly before its end, in memory only.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::Clock;

use super::answer::{self, Answer};
use super::config::EntraConfig;
use super::encoding;
use super::patience::Replay;
use super::secret::SecretSource;
use super::transport::{Bearer, Call, Payload, Wire};

/// A token is renewed this long before its end, in seconds.
const RENEW_EARLY_SECONDS: i64 = 300;
/// A token that says less of itself than this is believed to live this long, in seconds.
const LIFETIME_SECONDS_MAX: i64 = 86_400;

/// An access token. No `Debug`; wiped when the last holder lets go.
#[derive(Clone)]
pub(super) struct Token(Arc<Zeroizing<String>>);

impl Token {
    /// The token in clear, for the Authorization header alone.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

struct Held {
    token: Token,
    /// From here on a new one is fetched.
    renew: Timestamp,
}

/// The one token that all slots share.
#[derive(Default)]
pub(super) struct TokenCache(Mutex<Option<Held>>);

impl TokenCache {
    /// The held token, or a new one. Slots that come meanwhile wait for the one request instead of sending their own.
    ///
    /// # Errors
    /// [`Fault::SignIn`], [`Fault::Unreachable`], [`Fault::Throttled`], [`Fault::Cancelled`].
    pub(super) fn get(
        &self,
        config: &EntraConfig,
        wire: &Wire,
        secret: &SecretSource,
        clock: &Arc<dyn Clock>,
    ) -> Result<Token, Fault> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref()
            && clock.now() < held.renew
        {
            return Ok(held.token.clone());
        }
        let issued = fetch(config, wire, secret)?;
        let token = Token(Arc::new(issued.token));
        // A token shorter than the early renewal is used for the call at hand and then renewed.
        *held = Some(Held {
            token: token.clone(),
            renew: clock
                .now()
                .plus_seconds(issued.lifetime_seconds - RENEW_EARLY_SECONDS),
        });
        Ok(token)
    }

    /// Drops `token`, unless another slot has renewed it already.
    pub(super) fn forget(&self, token: &Token) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held
            .as_ref()
            .is_some_and(|held| Arc::ptr_eq(&held.token.0, &token.0))
        {
            *held = None;
        }
    }
}

pub(super) struct Issued {
    token: Zeroizing<String>,
    lifetime_seconds: i64,
}

fn fetch(config: &EntraConfig, wire: &Wire, secret: &SecretSource) -> Result<Issued, Fault> {
    let secret = secret.read()?;
    let scope = format!("{}/.default", config.graph.origin().ascii_serialization());
    let mut url = config.authority.clone();
    url.set_path(&format!(
        "{}/{}/oauth2/v2.0/token",
        config.authority.path().trim_end_matches('/'),
        encoding::path_segment(&config.tenant)?
    ));
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", config.client_id.as_str()),
        ("client_secret", secret.reveal()),
        ("scope", scope.as_str()),
    ];
    let call = Call {
        name: "token",
        method: Method::POST,
        url,
        payload: Payload::Form(&form),
        replay: Replay::Safe,
    };
    let answer = wire.send(&call, Bearer::Nobody)?;
    if answer.is_success() {
        decode(&answer.body)
    } else {
        Err(refused(&answer))
    }
}

/// Reads the token endpoint's success.
pub(super) fn decode(body: &[u8]) -> Result<Issued, Fault> {
    #[derive(Deserialize)]
    struct Body {
        access_token: String,
        #[serde(default)]
        expires_in: Value,
    }
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| answer::unusable("the token endpoint's answer", &error))?;
    let token = Zeroizing::new(body.access_token);
    let visible = |c: char| c.is_ascii_graphic();
    if token.is_empty() || !token.chars().all(visible) {
        return Err(Fault::AnswerUnusable {
            what: "the token endpoint's answer: its token is empty or cannot be sent in a header"
                .to_owned(),
        });
    }
    // A number in v2.0; older endpoints write it as text.
    let seconds = body.expires_in.as_i64().or_else(|| {
        let text = body.expires_in.as_str()?;
        text.trim().parse().ok()
    });
    Ok(Issued {
        token,
        lifetime_seconds: seconds.unwrap_or(0).clamp(0, LIFETIME_SECONDS_MAX),
    })
}

/// The fault of a refusal: the AADSTS code and the trace id, with what to do where we know it. The description stays
/// out, for its wording is not ours to vouch for.
pub(super) fn refused(answer: &Answer) -> Fault {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let text = |name: &str| answer::shown(body.get(name).and_then(Value::as_str).unwrap_or(""));
    let Some(code) = aadsts_code(&body) else {
        return Fault::SignIn {
            what: format!(
                "the token endpoint answered {} {} without an AADSTS code; does the configured `authority` point to it? (request {})",
                answer.status,
                text("error"),
                answer.request_id
            ),
        };
    };
    let trace = text("trace_id");
    let hint = hint(code).map_or(String::new(), |hint| format!(": {hint}"));
    Fault::SignIn {
        what: format!("AADSTS{code} {}{hint} (trace {trace})", text("error")),
    }
}

fn aadsts_code(body: &Value) -> Option<u64> {
    let listed = body
        .get("error_codes")
        .and_then(Value::as_array)
        .and_then(|codes| codes.first())
        .and_then(Value::as_u64);
    listed.or_else(|| {
        let description = body.get("error_description")?.as_str()?;
        let digits = description.strip_prefix("AADSTS")?;
        digits
            .split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    })
}

/// What an administrator can do about the usual codes.
const fn hint(code: u64) -> Option<&'static str> {
    match code {
        90_002 | 900_023 => Some("no such tenant; check `tenant`"),
        700_016 => Some("the tenant has no application with this client_id"),
        7_000_215 => Some(
            "the client secret is wrong; it is the secret's value, not its id, and a new one takes a moment",
        ),
        7_000_222 => Some("the client secret has expired; make a new one"),
        7_000_112 => Some("the application is disabled in this tenant"),
        53_003 => Some("Conditional Access blocks the application"),
        _ => None,
    }
}
