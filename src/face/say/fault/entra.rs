//! What Entra said, with everything that it gave: status, code, reason, request. It may give a status alone.

use crate::face::say::clean::clean;
use crate::face::say::news::sentence;

/// A refusal.
pub(super) fn refused(status: u16, code: &str, message: &str, request_id: &str) -> String {
    let code = match code {
        "" => String::new(),
        code => format!(" {}", clean(code)),
    };
    let reason = match message.trim() {
        "" => " and gave no reason.".to_owned(),
        message => format!(": {}", sentence(message)),
    };
    let request_id = clean(request_id);
    format!("Entra refused with {status}{code}{reason} The request was {request_id}.")
}

/// A user whom the tenant does not know.
pub(super) fn unknown(code: &str, message: &str, request_id: &str) -> String {
    // Faults of an older keyline have no code and no message.
    let code = match code {
        "" => String::new(),
        code => format!(" (404 {})", clean(code)),
    };
    let reason = match message.trim() {
        "" => ".".to_owned(),
        message => format!(": {}", sentence(message)),
    };
    let request_id = clean(request_id);
    format!("The tenant does not know this user{code}{reason} The request was {request_id}.")
}

/// An answer that is no use.
pub(super) fn unusable(what: &str, request_id: &str) -> String {
    let request = match request_id {
        "" => String::new(),
        id => format!(" The request was {}.", clean(id)),
    };
    format!("Entra's answer cannot be used: {}{request}", sentence(what))
}
