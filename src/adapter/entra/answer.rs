//! What came back, and which fault it means. By status and by the presence of a Graph error, never by its words.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::domain::fault::{Fault, plain_code};
use crate::domain::time::Timestamp;

/// Characters of a service's message that are shown.
const MESSAGE_CHARACTERS_MAX: usize = 500;
/// Characters of a request id that are shown; a GUID has 36.
const REQUEST_ID_CHARACTERS_MAX: usize = 100;
/// No word of a sentence has so many characters, and no id, date or SHA-256; a token has.
const WORD_CHARACTERS_MAX: usize = 64;
/// How a JSON Web Token begins.
const TOKEN_BEGINS: &str = "eyJ";
/// What stands in place of something that may be secret.
pub(super) const LEFT_OUT: &str = "(left out)";

/// One HTTP answer. No `Debug`: a body may hold a token.
pub(super) struct Answer {
    pub(super) status: u16,
    /// The service's request id, or ours when it gave none.
    pub(super) request_id: String,
    /// Whether the answer bears a request id of the service, as all of Graph's do and a proxy's do not.
    pub(super) from_graph: bool,
    pub(super) retry_after: Option<Duration>,
    /// The Date header.
    pub(super) date: Option<Timestamp>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Graph's error object, as far as it is shown.
#[derive(Default)]
struct GraphError {
    code: String,
    message: String,
}

impl Answer {
    /// Whether the status is 200 to 299.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A 2xx, or the fault that it is not. A 404 means that the user is unknown.
    pub(super) fn accepted(self) -> Result<Self, Fault> {
        if self.is_success() {
            return Ok(self);
        }
        Err(self.refused())
    }

    /// A 2xx, or the fault that it is not, where a 404 concerns something else than a user.
    pub(super) fn accepted_thing(self) -> Result<Self, Fault> {
        match self.status {
            200..=299 => Ok(self),
            404 if self.is_graphs() => Err(self.refusal()),
            _ => Err(self.refused()),
        }
    }

    /// The fault of an answer that is no success.
    pub(super) fn refused(&self) -> Fault {
        match self.status {
            404 if self.is_graphs() => {
                let GraphError { code, message } = self.error();
                Fault::UserUnknown {
                    request_id: self.request_id.clone(),
                    code,
                    message,
                }
            }
            404 => self.not_graphs(),
            _ => self.refusal(),
        }
    }

    /// What the service said, as it said it.
    fn refusal(&self) -> Fault {
        let error = self.error();
        Fault::Refused {
            status: self.status,
            code: error.code,
            message: error.message,
            request_id: self.request_id.clone(),
        }
    }

    /// The fault of a 5xx or 408: it is open whether anything was done.
    pub(super) fn failed(&self) -> Fault {
        Fault::Unreachable {
            what: format!("the service failed with {}", self.in_its_words()),
        }
    }

    /// The fault of an answer that something else than Graph gave.
    pub(super) fn not_graphs(&self) -> Fault {
        Fault::AnswerUnusable {
            what: format!(
                "{} without a sign of Microsoft Graph; does the configured `graph` address point to it, or does a proxy answer?",
                self.status
            ),
            request_id: self.request_id.clone(),
        }
    }

    /// The body as `decode` reads it. What cannot be used says of which request.
    pub(super) fn read<T>(
        &self,
        decode: impl FnOnce(&[u8]) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.owns(decode(&self.body))
    }

    /// What was made of this answer. What cannot be used says of which request.
    pub(super) fn owns<T>(&self, made: Result<T, Fault>) -> Result<T, Fault> {
        made.map_err(|mut fault| {
            if let Fault::AnswerUnusable { request_id, .. } = &mut fault {
                request_id.clone_from(&self.request_id);
            }
            fault
        })
    }

    /// The fault of a 401 to a fresh token.
    pub(super) fn refused_token(&self) -> Fault {
        let said = self.in_its_words();
        Fault::SignIn {
            what: if self.is_graphs() {
                format!("Graph does not take a fresh token: {said}")
            } else {
                format!(
                    "something that is not Microsoft Graph does not take a token: {said}; does a proxy answer?"
                )
            },
        }
    }

    /// Code and message, as far as they were given, for people.
    pub(super) fn said(&self) -> (String, String) {
        let GraphError { code, message } = self.error();
        (code, message)
    }

    /// The code, where one was given, for a log that names nobody.
    pub(super) fn code(&self) -> Option<String> {
        let GraphError { code, .. } = self.error();
        (!code.is_empty()).then(|| plain_code(&code).to_owned())
    }

    /// Status, code, message and request id, as far as they were given.
    pub(super) fn in_its_words(&self) -> String {
        let GraphError { code, message } = self.error();
        let mut words = self.status.to_string();
        if !code.is_empty() {
            words.push_str(&format!(" {code}"));
        }
        if !message.is_empty() {
            words.push_str(&format!(": {}", message.trim_end_matches('.')));
        }
        words.push_str(&format!(" (request {})", self.request_id));
        words
    }

    /// What makes this the answer of something on the way, for Graph neither redirects nor asks a proxy's password, and what it
    /// says yes with is JSON. Nobody knows then whether the request went on to Graph.
    pub(super) fn of_a_stranger(&self) -> Option<String> {
        let page = || serde_json::from_slice::<IgnoredAny>(&self.body).is_err();
        match self.status {
            300..=399 => Some(format!(
                "{} leads elsewhere, as the sign-in page of a proxy or of a guest network does; it is not followed",
                self.status
            )),
            407 => Some("407: a proxy on the way asks who we are".to_owned()),
            200..=299 if !self.body.is_empty() && page() => Some(format!(
                "{} with something that is not, or not wholly, JSON, as the page of a proxy or of a guest network",
                self.status
            )),
            _ => None,
        }
    }

    /// Whether Graph itself said this, and not something on the way.
    pub(super) fn is_graphs(&self) -> bool {
        self.from_graph || !self.error().code.is_empty()
    }

    fn error(&self) -> GraphError {
        #[derive(Deserialize)]
        struct Envelope {
            error: Value,
        }
        let Ok(Envelope { error }) = serde_json::from_slice(&self.body) else {
            return GraphError::default();
        };
        let text = |name: &str| shown(error.get(name).and_then(Value::as_str).unwrap_or(""));
        GraphError {
            code: text("code"),
            message: text("message"),
        }
    }
}

/// The request id within an error object (`innerError`), for answers whose headers were lost on the way.
pub(super) fn request_id(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let id = body.pointer("/error/innerError/request-id")?.as_str()?;
    (!id.is_empty()).then(|| shown_id(id))
}

/// The fault of JSON that is not what it should be. serde's own words may quote the content, so only the place is told.
pub(super) fn unusable(what: &str, error: &serde_json::Error) -> Fault {
    let kind = if error.is_data() {
        "a member is missing or of another type"
    } else {
        "it is not JSON"
    };
    Fault::AnswerUnusable {
        what: format!(
            "{what}: {kind} (line {}, column {})",
            error.line(),
            error.column()
        ),
        request_id: String::new(),
    }
}

/// A text of the service, fit for one line of a log or a terminal, without anything that is as long as a token or looks like one.
pub(super) fn shown(text: &str) -> String {
    let mut fit = String::new();
    // Cut after the look: the beginning of a token is as secret as the whole.
    for piece in plain(text, MESSAGE_CHARACTERS_MAX * 4).split_inclusive(is_bound) {
        let word = piece.trim_end_matches(is_bound);
        if word.chars().count() > WORD_CHARACTERS_MAX || word.starts_with(TOKEN_BEGINS) {
            fit.push_str(LEFT_OUT);
            fit.extend(piece.chars().skip(word.chars().count()));
        } else {
            fit.push_str(piece);
        }
    }
    fit.chars().take(MESSAGE_CHARACTERS_MAX).collect()
}

/// A text on one line, no longer than so many characters.
pub(super) fn plain(text: &str, characters_max: usize) -> String {
    text.chars()
        .map(|c| if is_plain(c) { c } else { ' ' })
        .take(characters_max)
        .collect()
}

/// A request id, fit for one line.
pub(super) fn shown_id(text: &str) -> String {
    shown(text)
        .chars()
        .take(REQUEST_ID_CHARACTERS_MAX)
        .collect()
}

/// Where a word ends.
fn is_bound(c: char) -> bool {
    c.is_whitespace() || "'\"`()<>[]{},;:".contains(c)
}

/// Whether it neither moves the cursor nor turns or breaks the line.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// An HTTP date (RFC 9110 §5.6.7, the form that is sent).
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
        .map(|moment| Timestamp(moment.as_millisecond()))
}

/// Retry-After (RFC 9110 §10.2.3): seconds, or a date counted from `now`.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let millis = now.millis_until(http_date(text)?);
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}
