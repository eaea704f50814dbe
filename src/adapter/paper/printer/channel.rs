//! The way to one printer: IPP over HTTP (RFC 8010), each question once, each on a connection of its own.
//!
//! It goes through no proxy and follows no redirect, so a letter goes to the printer that the configuration names and nowhere
//! else; it asks nothing twice by itself; and it says of a question without an answer whether the printer can have seen it.
//! It logs operations and durations, never what was sent or answered.
//!
//! # Why
//! The crate `ipp` has a client, but its HTTP takes proxies from the environment, follows redirects, and hides whether a request
//! was sent. So the crate makes and reads the messages, and the HTTP is here.

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::blocking::{Body, Client, RequestBuilder};
use reqwest::header::{CONTENT_TYPE, HeaderName};
use reqwest::{StatusCode, redirect};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use url::Url;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::options::{Password, PrinterOptions};
use super::pinned::{AUTHORITY_AS_SERVER, trusting};
use super::place::Place;
use super::request::Request;
use crate::adapter::RegularFile;
use crate::domain::fault::Fault;

/// How long connecting alone may take.
const CONNECT_SECONDS_MAX: u64 = 10;
/// How long a printer may take to answer a question.
const ANSWER_SECONDS_MAX: u64 = 30;
/// How long it may take to take a letter: some wake up first.
const LETTER_SECONDS_MAX: u64 = 180;
/// Bytes. A long list of jobs has some hundred thousand.
const ANSWER_BYTES_MAX: u64 = 8 << 20;
/// Bytes. A chain of certificates has a few thousand.
const CA_BYTES_MAX: u64 = 1 << 20;
/// Beside the printer's own, so that a print server's answers are in words that we know.
const LANGUAGE: (HeaderName, &str) = (reqwest::header::ACCEPT_LANGUAGE, "en");

/// Why a question has no answer. Only the first two prove of a letter that the printer does not have it.
#[derive(Debug)]
pub(super) enum Lost {
    /// It certainly never reached the printer: nothing of it was sent.
    Unsent(String),
    /// The printer is another than its certificate should prove; nothing was sent.
    Untrusted(String),
    /// It may have arrived, and the printer may have acted on it.
    NoAnswer(String),
    /// HTTP itself refused it. Whoever says so may stand before the printer, or have handed it on first.
    Refused(String),
    /// Something came that is not IPP.
    Garbled(String),
}

impl Lost {
    /// What it comes to for a question that changes nothing at the printer.
    pub(super) fn into_fault(self) -> Fault {
        match self {
            Self::Unsent(what) | Self::NoAnswer(what) => Fault::PrinterAway { what },
            Self::Untrusted(what) | Self::Refused(what) | Self::Garbled(what) => {
                Fault::Mailer { what }
            }
        }
    }

    pub(super) fn what(&self) -> &str {
        match self {
            Self::Unsent(what)
            | Self::Untrusted(what)
            | Self::NoAnswer(what)
            | Self::Refused(what)
            | Self::Garbled(what) => what,
        }
    }
}

/// A client for one printer.
pub(super) struct Channel {
    client: Client,
    address: Url,
    /// What the printer is called in requests.
    pub(super) target: String,
    /// What it is called in tickets and words: without user, password and query.
    pub(super) uri: String,
    pub(super) host: String,
    pub(super) encrypted: bool,
    user: Option<String>,
    password: Option<Password>,
}

impl Channel {
    /// # Errors
    /// [`Fault::Mailer`] when URI or certificate file cannot be used.
    pub(super) fn open(options: &PrinterOptions) -> Result<Self, Fault> {
        install_crypto_provider();
        let place = Place::parse(&options.uri)?;
        let mut builder = Client::builder()
            .user_agent(concat!("keyline/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .http1_only()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX));
        builder = match (&options.ca_file, place.encrypted) {
            // No TLS is spoken here, so the system's certificates need not even be there.
            (_, false) => builder.tls_certs_only([]),
            (None, true) => builder,
            (Some(file), true) => builder.tls_backend_preconfigured(trust_in(file)?),
        };
        let client = builder.build().map_err(|error| Fault::Mailer {
            what: format!("no connection to a printer can be made: {}", chain(&error)),
        })?;
        Ok(Self {
            client,
            address: place.address,
            target: place.target,
            uri: place.uri,
            host: place.host,
            encrypted: place.encrypted,
            user: options.user.clone(),
            password: options.password.clone(),
        })
    }

    /// Who asks, as jobs name their owner.
    pub(super) fn asks_as(&self) -> &str {
        self.user.as_deref().unwrap_or("keyline")
    }

    /// Asks once.
    pub(super) fn ask(&self, request: Request) -> Result<Answer, Lost> {
        let operation = request.name;
        let patience = if request.has_letter() {
            LETTER_SECONDS_MAX
        } else {
            ANSWER_SECONDS_MAX
        };
        let body = request.into_bytes().map_err(Lost::Unsent)?;
        let started = Instant::now();
        let result = self.exchange(body, Duration::from_secs(patience));
        let elapsed_ms = started.elapsed().as_millis();
        match &result {
            Ok(answer) => {
                let status = format!("0x{:04x}", answer.status);
                tracing::debug!(operation, status, elapsed_ms, "the printer answered");
            }
            Err(lost) => {
                tracing::warn!(operation, elapsed_ms, what = lost.what(), "no answer");
            }
        }
        result
    }

    fn exchange(&self, body: Zeroizing<Vec<u8>>, patience: Duration) -> Result<Answer, Lost> {
        let response = self
            .request(body)
            .timeout(patience)
            .send()
            .map_err(|error| self.lost(&error.without_url()))?;
        self.judge(response.status())?;
        let mut bytes = Vec::new();
        response
            .take(ANSWER_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| {
                let why = last_cause(&error);
                Lost::NoAnswer(format!("the answer of {} broke off ({why})", self.host))
            })?;
        Answer::read(bytes).map_err(|why| {
            Lost::Garbled(format!("{} does not answer as a printer: {why}", self.uri))
        })
    }

    fn request(&self, body: Zeroizing<Vec<u8>>) -> RequestBuilder {
        let (language, english) = LANGUAGE;
        // Handed over as it is, so that it is wiped when it was sent.
        let request = self
            .client
            .post(self.address.clone())
            .header(CONTENT_TYPE, "application/ipp")
            .header(language, english)
            .body(Body::from(Bytes::from_owner(body)));
        match &self.user {
            Some(user) => request.basic_auth(user, self.password.as_ref().map(Password::reveal)),
            None => request,
        }
    }

    fn lost(&self, error: &reqwest::Error) -> Lost {
        let host = &self.host;
        // The phase decides, and no words: after the handshake TLS can fail as well, when the printer has the letter.
        if !error.is_connect() && !error.is_builder() {
            return Lost::NoAnswer(if error.is_timeout() {
                format!("{host} did not answer in time")
            } else {
                format!("the way to {host} broke off ({})", last_cause(error))
            });
        }
        let causes = chain(error);
        // Many a printer signs its own certificate as if it were an authority: that very one has to be named.
        if causes.contains(AUTHORITY_AS_SERVER) {
            return Lost::Untrusted(format!(
                "{host} cannot prove that it is the printer: it signed its own certificate as an authority (CA:TRUE), and that very certificate is not in the file of `ca_file`. Take it from the printer itself, and put it there"
            ));
        }
        if causes.contains("not valid for name") {
            return Lost::Untrusted(format!(
                "{host} cannot prove that it is the printer ({}): write a name into `printer` that its certificate has",
                last_cause(error)
            ));
        }
        if causes.contains("certificate") || causes.contains("InvalidContentType") {
            return Lost::Untrusted(format!(
                "{host} cannot prove that it is the printer ({}): put the certificate that signed its own into a file, and that file's path into `ca_file`",
                last_cause(error)
            ));
        }
        if error.is_dns() {
            return Lost::Unsent(format!("no address is found for the name {host}"));
        }
        // With its port: the computer may be there, and its print server not.
        let port = self.address.port_or_known_default();
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        Lost::Unsent(format!(
            "{host}{port} cannot be reached ({})",
            last_cause(error)
        ))
    }

    /// What HTTP's own status says (RFC 8010 §3.4.2).
    fn judge(&self, status: StatusCode) -> Result<(), Lost> {
        let uri = &self.uri;
        if status.is_success() {
            return Ok(());
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Err(Lost::NoAnswer(format!(
                "{} serves nobody just now",
                self.host
            )));
        }
        if status.is_server_error() {
            return Err(Lost::NoAnswer(format!(
                "{} failed (HTTP {status})",
                self.host
            )));
        }
        let what = match (status, &self.user) {
            (StatusCode::UNAUTHORIZED, None) => {
                format!("{uri} asks who prints: set `user` and `password` in [paper]")
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(_)) => {
                format!("{uri} refuses the user or the password in [paper]")
            }
            (StatusCode::FORBIDDEN, None) => {
                format!("{uri} lets this station print nothing (HTTP 403)")
            }
            (StatusCode::NOT_FOUND, _) => {
                format!("{} has no printer at this address: {uri}", self.host)
            }
            (StatusCode::UPGRADE_REQUIRED, _) => {
                format!("{uri} takes jobs only encrypted: write ipps:// instead of ipp://")
            }
            _ => format!("{uri} refuses what it was asked (HTTP {status})"),
        };
        Err(Lost::Refused(what))
    }
}

/// TLS that trusts the certificates of a PEM file besides the system's.
fn trust_in(file: &std::path::Path) -> Result<ClientConfig, Fault> {
    let wrong = |why: String| Fault::Mailer {
        what: format!(
            "the file {} of `ca_file` cannot be used: {why}",
            file.display()
        ),
    };
    let pem = RegularFile::read(file, CA_BYTES_MAX).map_err(|error| wrong(error.to_string()))?;
    trusting(&pem).map_err(wrong)
}

/// The one place here where this process chooses its cryptography for TLS.
fn install_crypto_provider() {
    if CryptoProvider::get_default().is_none() {
        // Losing a race against another thread that installs the same one is no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// An error with its causes on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The innermost cause, which says the most in the fewest words.
fn last_cause(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests;
