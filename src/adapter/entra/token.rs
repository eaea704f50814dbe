//! The token endpoint. An access token is kept until shortly before its end, in memory only.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::Clock;

use super::answer::{self, Answer};
use super::config::EntraConfig;
use super::encoding;
use super::patience::Replay;
use super::transport::{Bearer, Call, Payload, Wire};
use super::way::SignInWay;

/// A token is renewed this long before its end, in seconds.
const RENEW_EARLY_SECONDS: i64 = 300;
/// What stands in a form and is no secret.
const PUBLIC: [&str; 6] = [
    "grant_type",
    "client_id",
    "client_assertion_type",
    "redirect_uri",
    "response_type",
    "scope",
];
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
pub(super) struct TokenCache(Mutex<Option<Held>>, Failures);

/// How the requests for a token have failed. Whoever has waited for one that failed shares its fault: eight slots that each
/// asked in vain, one after another, would hang for minutes.
#[derive(Default)]
struct Failures(Mutex<(u64, Option<Fault>)>);

impl Failures {
    /// How many there were.
    fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn note(&self, fault: &Fault) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = (last.0.wrapping_add(1), Some(fault.clone()));
    }

    /// The last one, if there was one since there were `count`.
    fn since(&self, count: u64) -> Option<Fault> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.1.clone().filter(|_| last.0 != count)
    }
}

impl TokenCache {
    /// The held token, or a new one. Slots that come meanwhile wait for the one request instead of sending their own,
    /// and share what becomes of it.
    ///
    /// # Errors
    /// [`Fault::SignIn`], [`Fault::Unreachable`], [`Fault::Throttled`], [`Fault::Cancelled`].
    pub(super) fn get(
        &self,
        config: &EntraConfig,
        wire: &Wire,
        way: &SignInWay,
        clock: &Arc<dyn Clock>,
    ) -> Result<Token, Fault> {
        let failed = self.1.count();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref()
            && clock.now() < held.renew
        {
            return Ok(held.token.clone());
        }
        if let Some(fault) = self.1.since(failed) {
            return Err(fault);
        }
        let fetched = way.fetch(config, wire, clock);
        let issued = fetched.inspect_err(|fault| self.1.note(fault))?;
        Ok(hold(&mut held, issued, clock.now(), RENEW_EARLY_SECONDS))
    }

    /// Holds a token that came by another way: somebody signed in.
    pub(super) fn put(&self, issued: Issued, now: Timestamp) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Where nobody can renew it, it serves to its end.
        let lasts = issued.refresh_token.is_some();
        let early = if lasts { RENEW_EARLY_SECONDS } else { 0 };
        hold(&mut held, issued, now, early);
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

fn hold(place: &mut Option<Held>, issued: Issued, now: Timestamp, early_seconds: i64) -> Token {
    let token = Token(Arc::new(issued.token));
    // A token shorter than the early renewal is used for the call at hand and then renewed.
    *place = Some(Held {
        token: token.clone(),
        renew: now.plus_seconds(issued.lifetime_seconds - early_seconds),
    });
    token
}

/// What the token endpoint gave. No `Debug`; wiped on drop.
pub(super) struct Issued {
    token: Zeroizing<String>,
    lifetime_seconds: i64,
    /// To an administrator who signed in, and who was asked for `offline_access`.
    pub(super) refresh_token: Option<Zeroizing<String>>,
}

/// Why there is no token.
pub(super) struct Refusal {
    /// `error` (RFC 6749 §5.2, RFC 8628 §3.5), as it came.
    pub(super) error: String,
    /// For a person.
    pub(super) what: String,
}

impl Refusal {
    /// Whether what was shown counts no longer, and a person has to sign in anew.
    pub(super) fn ends_the_sign_in(&self) -> bool {
        [
            "invalid_grant",
            "interaction_required",
            "login_required",
            "consent_required",
        ]
        .contains(&self.error.as_str())
    }

    pub(super) fn fault(self) -> Fault {
        Fault::SignIn { what: self.what }
    }
}

/// `{authority}/{tenant}/oauth2/v2.0/{name}`.
///
/// # Errors
/// [`Fault::Internal`] when the tenant's name cannot be part of an address.
pub(super) fn endpoint(config: &EntraConfig, name: &str) -> Result<Url, Fault> {
    let mut url = config.authority.clone();
    url.set_path(&format!(
        "{}/{}/oauth2/v2.0/{name}",
        config.authority.path().trim_end_matches('/'),
        encoding::path_segment(&config.tenant)?
    ));
    Ok(url)
}

/// Asks for a token. What was shown for it may be shown again when an answer is lost.
///
/// # Errors
/// Those of [`Wire::send`], and [`Fault::AnswerUnusable`]; inside, a refusal.
pub(super) fn request(
    config: &EntraConfig,
    wire: &Wire,
    form: &[(&str, &str)],
) -> Result<Result<Issued, Refusal>, Fault> {
    ask(config, wire, form, ("token", Replay::Safe))
}

/// As [`request`], under another name in the log, or for what can be shown only once.
///
/// # Errors
/// As [`request`].
pub(super) fn ask(
    config: &EntraConfig,
    wire: &Wire,
    form: &[(&str, &str)],
    (name, replay): (&'static str, Replay),
) -> Result<Result<Issued, Refusal>, Fault> {
    let call = Call {
        name,
        method: Method::POST,
        url: endpoint(config, "token")?,
        payload: Payload::Form(form),
        replay,
    };
    let answer = wire.send(&call, Bearer::Nobody)?;
    if answer.is_success() {
        answer.read(decode).map(Ok)
    } else {
        Ok(Err(refused(&answer, form)))
    }
}

/// Reads the token endpoint's success.
pub(super) fn decode(body: &[u8]) -> Result<Issued, Fault> {
    #[derive(Deserialize)]
    struct Body {
        access_token: String,
        #[serde(default)]
        expires_in: Value,
        #[serde(default)]
        refresh_token: Option<String>,
    }
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| answer::unusable("the token endpoint's answer", &error))?;
    let token = Zeroizing::new(body.access_token);
    let refresh_token = body.refresh_token.map(Zeroizing::new);
    let visible = |c: char| c.is_ascii_graphic();
    if token.is_empty() || !token.chars().all(visible) {
        return Err(Fault::AnswerUnusable {
            what: "the token endpoint's answer: its token is empty or cannot be sent in a header"
                .to_owned(),
            request_id: String::new(),
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
        refresh_token: refresh_token.filter(|token| !token.is_empty()),
    })
}

/// What a refusal says: the AADSTS code, Microsoft's words and the trace id, with what to do where we know it. Nothing that was
/// shown in `form` comes back in it.
pub(super) fn refused(answer: &Answer, form: &[(&str, &str)]) -> Refusal {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let text = |name: &str| answer::shown(body.get(name).and_then(Value::as_str).unwrap_or(""));
    let error = text("error");
    let Some(code) = aadsts_code(&body) else {
        return Refusal {
            what: format!(
                "the token endpoint answered {} {error} without an AADSTS code; does the configured `authority` point to it? (request {})",
                answer.status, answer.request_id
            ),
            error,
        };
    };
    let of_request = match text("trace_id").as_str() {
        "" => format!("request {}", answer.request_id),
        trace => format!("trace {trace}"),
    };
    let said = body.get("error_description").and_then(Value::as_str);
    let said = said.map_or(String::new(), |said| description(said, code, form));
    let hint = hint(code).unwrap_or_default();
    let words: Vec<&str> = [said.as_str(), hint]
        .into_iter()
        .filter(|words| !words.is_empty())
        .collect();
    let words = match words.join("; ") {
        words if words.is_empty() => words,
        words => format!(": {words}"),
    };
    Refusal {
        what: format!("AADSTS{code} {error}{words} ({of_request})"),
        error,
    }
}

/// Microsoft's words without the code before them, the ids and the time behind them, and whatever was secret in `form`.
fn description(said: &str, code: u64, form: &[(&str, &str)]) -> String {
    let mut said = said.to_owned();
    for (name, value) in form {
        if !PUBLIC.contains(name) && !value.is_empty() {
            said = said.replace(value, answer::LEFT_OUT);
        }
    }
    let said = said.trim_start_matches(&format!("AADSTS{code}: "));
    let said = said.split("Trace ID:").next().unwrap_or_default();
    let words: Vec<&str> = said.split_whitespace().collect();
    let words = answer::shown(&words.join(" "));
    words.trim_end_matches('.').to_owned()
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
        53_003 => Some("Conditional Access blocks this sign-in"),
        700_027 => Some(
            "the certificate is not one of the app registration's, or its key is another; upload the certificate there",
        ),
        700_024 => Some("the clock of this computer is wrong"),
        700_082 | 70_008 => Some("it was not used for too long"),
        50_173 => Some("it was revoked, or the password was changed"),
        50_057 => Some("the account is disabled"),
        65_001 => Some("nobody has consented to the permissions of the app registration"),
        7_000_218 => Some(
            "the app registration is no public client; set \"Allow public client flows\" to Yes there",
        ),
        50_011 => Some(
            "the app registration needs the redirect URI http://localhost, of the kind \"Mobile and desktop applications\"",
        ),
        _ => None,
    }
}
