//! How the practice tenant says no. Only the codes `methodNotAllowed`, `InvalidAuthenticationToken`, `Request_ResourceNotFound`
//! and `TooManyRequests` are Graph's; every other code begins with `practice`, and every text says that it is invented.

use serde_json::{Value, json};

/// A 4xx or 5xx with a code and a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) why: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, why: impl Into<String>) -> Self {
        Self {
            status,
            code,
            why: why.into(),
        }
    }

    /// A 400 for a registration that does not hold.
    pub(super) fn bad(code: &'static str, why: impl Into<String>) -> Self {
        Self::new(400, code, why)
    }

    /// The body in Graph's shape.
    pub(super) fn body(&self, request_id: &str, client_request_id: &str, date: &str) -> Value {
        json!({
            "error": {
                "code": self.code,
                "message": format!("{} (invented text of the practice tenant)", self.why),
                "innerError": {
                    "date": date,
                    "request-id": request_id,
                    "client-request-id": client_request_id,
                },
            },
        })
    }
}
