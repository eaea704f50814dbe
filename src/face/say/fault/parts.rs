//! Parts of the sentences about faults: statuses, refusals, numbers. They say nothing by themselves.

use crate::domain::fault::CtapStatus;
use crate::face::say::clean::clean;
use crate::face::say::news::{count, sentence};

/// A refusal with everything that the service gave: it may give a status alone.
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

pub(super) fn status_words(status: CtapStatus) -> String {
    format!("status {status}")
}

pub(super) fn count_u64(number: u64, noun: &str) -> String {
    usize::try_from(number).map_or_else(|_| format!("{number} {noun}s"), |n| count(n, noun))
}
