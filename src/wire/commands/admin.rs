//! Looking at jobs and changing them.

use std::io::Write;
use std::path::Path;

use crate::face::cli::Jobs;
use crate::face::say::Complaint;
use crate::wire::commands::Ended;

pub(super) fn status(_config: &Path, _json: bool, _out: &mut dyn Write) -> Ended {
    Err(Complaint::usage("status is being wired.", "Wait."))
}

pub(super) fn jobs(_config: &Path, _command: &Jobs, _out: &mut dyn Write) -> Ended {
    Err(Complaint::usage("jobs is being wired.", "Wait."))
}

pub(super) fn erase(_config: &Path, _user: &str, _out: &mut dyn Write) -> Ended {
    Err(Complaint::usage("erase is being wired.", "Wait."))
}

pub(super) fn one_job(
    ledger: &dyn crate::port::Ledger,
    text: &str,
) -> Result<crate::port::JobRecord, Complaint> {
    let mut found = ledger.find(text)?;
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(Complaint::usage("not one job", "say which")),
    }
}
