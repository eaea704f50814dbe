//! The same facts for scripts. Field names never change their meaning; times are UTC.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::domain::fault::Fault;
use crate::face::say::{Complaint, fault, moment};
use crate::port::{JobRecord, Stamped};

/// A job and where it stands.
pub(super) fn job(record: &JobRecord) -> Value {
    let request = &record.job.request;
    json!({
        "job": record.job.id,
        "envelope": record.job.envelope.to_string(),
        "batch": record.job.batch,
        "sequence": record.job.sequence,
        "user": request.user,
        "name": request.name,
        "policy": request.policy,
        "role": request.role,
        "standing": record.standing,
        "serial": record.serial,
        "control": record.control,
        "held": record.held.as_ref().map(held),
        "custody": record.custody,
        "updated": moment::utc(record.updated),
    })
}

/// Why a job is held, as data and in words.
pub(super) fn held(why: &Fault) -> Value {
    json!({ "fault": why, "message": fault::message(why), "hint": fault::hint(why) })
}

/// What went wrong, in the words of stderr, and the number that the shell sees. Every `--json` has it under `error`.
pub(super) fn error(why: &Complaint) -> Value {
    json!({ "message": why.message, "hint": why.hint, "exit_code": why.exit.number() })
}

/// One row of a journal, with the words of the journal itself.
pub(super) fn row(row: &Stamped) -> Value {
    json!({
        "sequence": row.sequence,
        "at": moment::utc(row.at),
        "actor": row.actor,
        "event": row.event,
    })
}

pub(super) fn write(value: &Value, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{value:#}")
}
