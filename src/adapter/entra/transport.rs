//! One HTTP client per endpoint: TLS, proxy, timeouts, request ids, the patience of [`super::patience`] and the wishes that
//! [`super::gate`] keeps.
//!
//! It follows no redirect, so a token goes to the address it was meant for. It logs ids, statuses, codes and durations, never an
//! address (user names are in it), a header, a body, or what a service says in words: those may name a person.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, redirect, tls};
use rustls::crypto::CryptoProvider;
use serde_json::Value;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::domain::fault::{Fault, plain_code};
use crate::port::{CancelFlag, Clock};

use super::answer::Answer;
use super::config::{EntraConfig, EntraConfigError, is_loopback};
use super::engine::Engine;
use super::exchange::{Lost, chain, read};
use super::gate::{Gate, Ticket, UNSAID_WAIT, WISH_MAX};
use super::patience::{Patience, Replay, TRIES_MAX, WAIT_SECONDS_MAX};
use super::token::Token;
use super::trust;

/// How long connecting alone may take.
const CONNECT_SECONDS_MAX: u64 = 10;
/// An idle connection is given up before the service is likely to, so that few requests meet a closed one.
const IDLE_SECONDS_MAX: u64 = 30;

/// The name of the question whether somebody has signed in by now.
pub(super) const POLL: &str = "signed in?";

/// What a request carries besides its address.
pub(super) enum Payload<'a> {
    Nothing,
    /// No more than the header without which the directory answers no search, no count and no cast.
    Eventual,
    Json(&'a Value),
    Form(&'a [(&'a str, &'a str)]),
}

/// Who is asking.
pub(super) enum Bearer<'a> {
    Nobody,
    Token(&'a Token),
}

/// One request, ready to be sent more than once.
pub(super) struct Call<'a> {
    /// The name in the log.
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) payload: Payload<'a>,
    pub(super) replay: Replay,
}

impl Call<'_> {
    pub(super) fn get(name: &'static str, url: Url) -> Self {
        Self {
            name,
            method: Method::GET,
            url,
            payload: Payload::Nothing,
            replay: Replay::Safe,
        }
    }
}

/// A client for one endpoint.
pub(super) struct Wire {
    client: Client,
    clock: Arc<dyn Clock>,
    cancel: CancelFlag,
    gate: Gate,
    engine: Engine,
}

impl Wire {
    /// A client for `endpoint`, which is one of those in `config`.
    ///
    /// # Errors
    /// [`EntraConfigError::CaFile`] and [`EntraConfigError::Client`].
    pub(super) fn new(
        endpoint: &Url,
        config: &EntraConfig,
        clock: Arc<dyn Clock>,
        cancel: CancelFlag,
    ) -> Result<Self, EntraConfigError> {
        install_crypto_provider();
        let timeout = config.timeout;
        let mut builder = Client::builder()
            .user_agent(concat!("keyline/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            // The bounds of patience.rs are the only ones; nothing repeats a request behind our back.
            .retry(reqwest::retry::never())
            .timeout(timeout)
            .connect_timeout(timeout.min(Duration::from_secs(CONNECT_SECONDS_MAX)))
            .pool_idle_timeout(Duration::from_secs(IDLE_SECONDS_MAX))
            .tls_version_min(tls::Version::TLS_1_2)
            .https_only(endpoint.scheme() == "https");
        if is_loopback(endpoint) {
            builder = builder.no_proxy();
        }
        if endpoint.scheme() == "http" {
            // No TLS is spoken here, so the system's certificates need not even be there.
            builder = builder.tls_certs_only([]);
        } else if let Some(file) = &config.ca_file {
            builder = builder.tls_certs_merge(trust::certificates(file)?);
        }
        let client = builder
            .build()
            .map_err(|error| EntraConfigError::Client(chain(&error)))?;
        Ok(Self {
            client,
            clock,
            cancel,
            gate: Gate::default(),
            engine: Engine::start().map_err(|error| EntraConfigError::Client(chain(&error)))?,
        })
    }

    /// Sends until there is an answer that is neither "later" nor "my fault", or patience ends. What the service has asked
    /// somebody else to wait is waited for as well.
    ///
    /// # Errors
    /// [`Fault::Throttled`] only for a 429, which means not done, or before anything was sent; [`Fault::Unreachable`] for every
    /// loss, for what a stranger answered and for 5xx, which leave it open; [`Fault::Cancelled`] when it is cut short.
    pub(super) fn send(&self, call: &Call<'_>, bearer: Bearer<'_>) -> Result<Answer, Fault> {
        let mut patience = Patience::default();
        loop {
            while let Some((left, ticket)) = self.gate.closed(self.clock.now()) {
                let Some(wait) = patience.hold_on(left) else {
                    return Err(throttled(left));
                };
                self.wait_out(
                    call.name,
                    wait,
                    Some(ticket),
                    "the service has asked to wait",
                )?;
            }
            let (fault, asked, again) = match self.once(call, &bearer) {
                Ok(answer) if answer.status == 429 => {
                    let asked = answer.retry_after.unwrap_or(UNSAID_WAIT);
                    (throttled(asked), answer.retry_after, true)
                }
                Ok(answer) if answer.status >= 500 || answer.status == 408 => {
                    let again = call.replay == Replay::Safe;
                    (answer.failed(), answer.retry_after, again)
                }
                Ok(answer) => match answer.of_a_stranger() {
                    Some(what) => {
                        // A half answer may be whole the next time; a page that everything is led to stays for a while.
                        let again = call.replay == Replay::Safe && answer.is_success();
                        let what = format!("{what} (request {})", answer.request_id);
                        (Fault::Unreachable { what }, None, again)
                    }
                    None => return Ok(answer),
                },
                Err(lost) if lost.cancelled => return Err(Fault::Cancelled),
                Err(lost) => {
                    let again = lost.unsent || call.replay == Replay::Safe;
                    (Fault::Unreachable { what: lost.what }, None, again)
                }
            };
            let wait = if again {
                patience.next_wait(asked, rand::random())
            } else {
                None
            };
            let is_wish = asked.is_some() || matches!(fault, Fault::Throttled { .. });
            let wish = is_wish.then(|| wait.or(asked).unwrap_or(UNSAID_WAIT));
            if !self.pause(call.name, wait, wish, &fault.brief().to_string())? {
                return Err(fault);
            }
        }
    }

    /// What the service asks one of us to wait (`wish`) holds for all of us. Then the wait before the next try; `false`: there is
    /// to be none.
    ///
    /// # Errors
    /// [`Fault::Cancelled`].
    pub(super) fn pause(
        &self,
        name: &'static str,
        wait: Option<Duration>,
        wish: Option<Duration>,
        reason: &str,
    ) -> Result<bool, Fault> {
        let ticket = wish.map(|wish| self.gate.close(self.clock.now(), wish));
        let Some(wait) = wait else {
            return Ok(false);
        };
        self.wait_out(name, wait, ticket, reason).map(|()| true)
    }

    /// The wish of the service that lasts longer than a call waits.
    pub(super) fn asked_to_wait(&self) -> Option<Fault> {
        let (left, _) = self.gate.closed(self.clock.now())?;
        (left > Duration::from_secs(WAIT_SECONDS_MAX)).then(|| throttled(left))
    }

    /// Waits, and opens the gate that was waited for.
    fn wait_out(
        &self,
        name: &'static str,
        wait: Duration,
        ticket: Option<Ticket>,
        reason: &str,
    ) -> Result<(), Fault> {
        tracing::info!(
            call = name,
            wait_ms = wait.as_millis(),
            tries_max = TRIES_MAX,
            reason,
            "the service is asked again"
        );
        if !self.clock.wait(wait, &self.cancel) {
            return Err(Fault::Cancelled);
        }
        if let Some(ticket) = ticket {
            self.gate.open(ticket);
        }
        Ok(())
    }

    fn once(&self, call: &Call<'_>, bearer: &Bearer<'_>) -> Result<Answer, Lost> {
        let client_request_id = Uuid::new_v4().to_string();
        let host = call.url.host_str().unwrap_or_default().to_owned();
        let started = Instant::now();
        let request = self.request(call, bearer, &client_request_id);
        let (theirs, id, now) = (host.clone(), client_request_id.clone(), self.clock.now());
        let exchange = async move {
            let response = request
                .send()
                .await
                .map_err(|error| Lost::new(&theirs, &error.without_url()))?;
            read(response, &theirs, &id, now).await
        };
        let result = self
            .engine
            .run(exchange, &self.cancel)
            .unwrap_or_else(|why| Err(Lost::without_outcome(&host, &why)));
        let elapsed_ms = started.elapsed().as_millis();
        log(call, &result, &client_request_id, elapsed_ms);
        result
    }

    fn request(
        &self,
        call: &Call<'_>,
        bearer: &Bearer<'_>,
        client_request_id: &str,
    ) -> RequestBuilder {
        let mut request = self
            .client
            .request(call.method.clone(), call.url.clone())
            .header(ACCEPT, "application/json")
            .header("client-request-id", client_request_id);
        if let Bearer::Token(token) = bearer {
            let line = Zeroizing::new(format!("Bearer {}", token.reveal()));
            // A token that is no header value was refused when it came; then the 401 says the rest.
            if let Ok(mut value) = HeaderValue::from_str(&line) {
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
        }
        match call.payload {
            Payload::Nothing => request,
            Payload::Eventual => request.header("ConsistencyLevel", "eventual"),
            Payload::Json(value) => request.json(value),
            Payload::Form(pairs) => request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Bytes::from_owner(form(pairs))),
        }
    }
}

fn throttled(wait: Duration) -> Fault {
    let seconds = wait.min(WISH_MAX).as_millis().div_ceil(1000);
    Fault::Throttled {
        seconds: u64::try_from(seconds).unwrap_or(u64::MAX).max(1),
    }
}

/// A form as it is sent. It holds a secret, so the bytes are wiped when they were sent.
fn form(pairs: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    // A byte becomes three at the most. Room from the start: a growing buffer would leave copies behind.
    let room = pairs
        .iter()
        .map(|(name, value)| (name.len() + value.len()) * 3 + 2)
        .sum();
    let mut written = Zeroizing::new(Vec::with_capacity(room));
    for (name, value) in pairs {
        if !written.is_empty() {
            written.push(b'&');
        }
        for part in url::form_urlencoded::byte_serialize(name.as_bytes()) {
            written.extend_from_slice(part.as_bytes());
        }
        written.push(b'=');
        for part in url::form_urlencoded::byte_serialize(value.as_bytes()) {
            written.extend_from_slice(part.as_bytes());
        }
    }
    written
}

/// The one place where this process chooses its cryptography for TLS.
fn install_crypto_provider() {
    if CryptoProvider::get_default().is_none() {
        // Losing a race against another thread that installs the same one is no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// What changes something at Entra is in every log with its request-id; what only asks is told on request, unless it fails.
fn log(call: &Call<'_>, result: &Result<Answer, Lost>, client_request_id: &str, elapsed_ms: u128) {
    // The code of a refusal, never its words; an empty field is not written.
    let code = match result {
        Ok(answer) if answer.status >= 400 => answer.code(),
        Ok(_) | Err(_) => None,
    };
    macro_rules! answered {
        ($level:ident, $answer:ident) => {
            tracing::$level!(
                call = call.name,
                method = %call.method,
                status = $answer.status,
                request_id = plain_code(&$answer.request_id),
                client_request_id,
                elapsed_ms,
                code,
                "answered"
            )
        };
    }
    let asks = call.method == Method::GET || matches!(call.name, "token" | "batch");
    match result {
        // Asked every few seconds until somebody has signed in: a refusal is the usual answer.
        Ok(answer) if call.name == POLL => answered!(debug, answer),
        Ok(answer) if asks && answer.status < 400 => answered!(debug, answer),
        Ok(answer) => answered!(info, answer),
        Err(lost) => tracing::warn!(
            call = call.name,
            method = %call.method,
            client_request_id,
            elapsed_ms,
            unsent = lost.unsent,
            what = lost.causes,
            "no answer"
        ),
    }
}
