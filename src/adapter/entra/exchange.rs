//! One answer read to its end, or the words for why there is none. Never an address in them: user names are in it.

use std::error::Error;

use reqwest::Response;
use zeroize::Zeroizing;

use crate::domain::time::Timestamp;

use super::answer::{self, Answer};
use super::engine::NoOutcome;

/// Bytes. Creation options have about 12 KB, a page of a list a few.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// No answer came.
pub(super) struct Lost {
    /// The request certainly never reached the service.
    pub(super) unsent: bool,
    /// We did not wait for it.
    pub(super) cancelled: bool,
    /// For a person: the host, and the last cause.
    pub(super) what: String,
    /// For the log: every cause.
    pub(super) causes: String,
}

impl Lost {
    /// A request to `host` that failed with `error`.
    pub(super) fn new(host: &str, error: &reqwest::Error) -> Self {
        let causes = chain(error);
        let what = if error.is_timeout() {
            format!("{host} did not answer in time")
        } else if causes.contains("dns error") {
            format!(
                "{host} cannot be reached (no address is found for its name, or for the proxy's)"
            )
        } else if error.is_connect() {
            format!("{host} cannot be reached ({})", last_cause(error))
        } else {
            format!("the way to {host} broke off ({})", last_cause(error))
        };
        Self {
            unsent: error.is_connect() || error.is_builder(),
            cancelled: false,
            what,
            causes,
        }
    }

    /// An answer of `host` that cannot be read.
    pub(super) fn unreadable(host: &str, why: &str) -> Self {
        let what = format!("the answer of {host} {why}");
        Self {
            unsent: false,
            cancelled: false,
            causes: what.clone(),
            what,
        }
    }

    /// The wait for an answer of `host` ended before there was one.
    pub(super) fn without_outcome(host: &str, why: &NoOutcome) -> Self {
        let cancelled = *why == NoOutcome::Cancelled;
        let ended = if cancelled {
            "was broken off"
        } else {
            "failed"
        };
        Self {
            cancelled,
            ..Self::unreadable(host, &format!("never came: the request {ended}"))
        }
    }
}

/// The whole of an answer. `now` is what a date in Retry-After is counted from.
pub(super) async fn read(
    mut response: Response,
    host: &str,
    client_request_id: &str,
    now: Timestamp,
) -> Result<Answer, Lost> {
    let status = response.status().as_u16();
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let service_id = header("request-id")
        .or_else(|| header("x-ms-request-id"))
        .map(|id| answer::shown_id(&id));
    let date = header("date").and_then(|text| answer::http_date(&text));
    let retry_after = header("retry-after").and_then(|text| answer::retry_after(&text, now));
    let mut body = Zeroizing::new(Vec::new());
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            let error = error.without_url();
            let why = if error.is_timeout() {
                "did not come in time".to_owned()
            } else {
                format!("broke off ({})", last_cause(&error))
            };
            Lost::unreadable(host, &why)
        })?;
        let Some(chunk) = chunk else { break };
        if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            let why = format!("is larger than {ANSWER_BYTES_MAX} bytes");
            return Err(Lost::unreadable(host, &why));
        }
        grow(&mut body, &chunk);
    }
    Ok(Answer {
        status,
        from_graph: service_id.is_some(),
        request_id: service_id
            .or_else(|| answer::request_id(&body))
            .unwrap_or_else(|| client_request_id.to_owned()),
        retry_after,
        date,
        body,
    })
}

/// Appends, and wipes what a growing buffer leaves behind: a token may be in it.
fn grow(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    if body.capacity() - body.len() < chunk.len() {
        let room = body.len().saturating_add(chunk.len()).saturating_mul(2);
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(chunk);
}

/// An error with its causes on one line. Causes of reqwest errors name hosts and ports, never headers or bodies.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
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
