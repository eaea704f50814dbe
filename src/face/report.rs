//! What the ledger says, for people and for scripts: how the work stands, the jobs, one job's whole journal. Reads only.
//!
//! Sealed PINs are mentioned as sealed; nothing in here could open one.

mod accounts;
pub mod audit;
mod change;
mod dispatch;
mod entra;
mod files;
mod json;
mod keys;
mod letters;
mod list;
pub mod mds;
mod paper;
pub mod papers;
pub mod people;
mod preflight;
mod printers;
mod reconcile;
pub mod setup;
mod show;
pub mod specimen;
mod status;
mod stock;

pub use accounts::accounts;
pub use change::changed_facts;
pub use dispatch::dispatch;
pub use entra::{Whoami, whoami};
pub use keys::{added, gone_key, keys};
pub use list::list;
pub use preflight::{not_checked, preflight};
pub use printers::printers;
pub use reconcile::{not_compared, reconcile};
pub use show::{held, labelled, show};
pub use status::{Beside, batches, status};
pub use stock::{stock, stock_facts};

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::domain::fault::Fault;
use crate::domain::job::column::nearest;
use crate::face::say::{Complaint, cannot_write, clean::clean, news};
use crate::port::{JobRecord, Ledger};

/// How a report is written.
#[derive(Clone, Debug)]
pub struct Style {
    pub json: bool,
    /// The zone in which people read times.
    pub zone: jiff::tz::TimeZone,
}

impl Style {
    /// In the zone of this computer.
    pub fn here(json: bool) -> Self {
        Self {
            json,
            zone: jiff::tz::TimeZone::system(),
        }
    }
}

/// Why a job may be held for somebody who has left, in the order in which such jobs are seen: before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Leaver {
    /// The account is disabled.
    Disabled,
    /// There is no such account, or there is none any more.
    Unknown,
    /// It is held for something else, or not at all.
    No,
}

impl Leaver {
    fn of(record: &JobRecord) -> Self {
        match &record.held {
            Some(Fault::UserDisabled) => Self::Disabled,
            Some(Fault::UserUnknown { .. }) => Self::Unknown,
            Some(_) | None => Self::No,
        }
    }
}

/// Candidates that are listed when a text fits several jobs.
const CANDIDATES_MAX: usize = 20;

/// The one job that `text` means: number, user, envelope, control number or serial.
///
/// # Errors
/// When it fits none or several (then they are listed), or the ledger cannot be read.
pub fn find_one(ledger: &dyn Ledger, text: &str) -> Result<JobRecord, Complaint> {
    let mut found = ledger.find(text).map_err(Complaint::from)?;
    // The number in the first column of every list always means that job, and an envelope as it is printed that envelope.
    let by_number = |record: &JobRecord| record.job.id.to_string() == text.trim();
    let by_envelope = |record: &JobRecord| record.job.envelope.to_string() == text.trim();
    if let Some(at) = found
        .iter()
        .position(by_number)
        .or_else(|| found.iter().position(by_envelope))
    {
        return Ok(found.swap_remove(at));
    }
    match found.len() {
        0 => Err(Complaint::usage(
            format!("No job fits `{}`.", clean(text)),
            "Give a job's number, a user, an envelope, a control number or a serial. `keyline jobs list` shows all jobs.",
        )),
        1 => Ok(found.swap_remove(0)),
        many => {
            let mut table = Vec::new();
            let shown = found.get(..many.min(CANDIDATES_MAX)).unwrap_or(&found);
            list::table(shown, &mut table).map_err(|error| cannot_write(&error))?;
            let rest = many.saturating_sub(shown.len());
            let more = if rest == 0 {
                String::new()
            } else {
                format!("\nand {}.", news::count(rest, "more job"))
            };
            Err(Complaint::usage(
                format!(
                    "`{}` fits {many} jobs.\n\n{}{more}",
                    clean(text),
                    String::from_utf8_lossy(&table).trim_end()
                ),
                "Give the number in the first column.",
            ))
        }
    }
}

/// A batch that no job belongs to; the likeliest of those that there are is named.
///
/// # Errors
/// When the ledger cannot be read.
pub fn no_such_batch(ledger: &dyn Ledger, batch: &str) -> Result<Complaint, Complaint> {
    let records = read(ledger.jobs(None))?;
    let names: BTreeSet<&str> = records
        .iter()
        .map(|record| record.job.batch.0.as_str())
        .collect();
    let meant = nearest(&batch.to_lowercase(), names.iter().copied());
    let hint = match meant {
        Some(meant) => format!("Did you mean `{}`?", clean(meant)),
        None => "A batch is named as its job file, without the ending.".to_owned(),
    };
    Ok(Complaint::usage(
        format!("There is no batch `{}`.", clean(batch)),
        format!("{hint} `keyline batches` lists all batches."),
    ))
}

/// What to call a job in a sentence.
pub fn name(record: &JobRecord) -> String {
    format!(
        "Job {} ({}, envelope {})",
        record.job.id, record.job.request.user, record.job.envelope
    )
}

/// Says for scripts that nothing came of a command, and why: one JSON value, besides the words on stderr.
///
/// # Errors
/// When `to` fails.
pub fn failed(why: &Complaint, to: &mut dyn Write) -> io::Result<()> {
    json::write(&failure(why), to)
}

/// A job and where it stands, as every list for scripts has it.
pub fn job_facts(record: &JobRecord) -> Value {
    json::job(record)
}

/// What [`failed`] writes.
pub fn failure(why: &Complaint) -> Value {
    serde_json::json!({ "error": json::error(why) })
}

/// Writes, for scripts, what a command that changes something came to: its `facts`, and what went wrong all the same.
///
/// # Errors
/// When `to` fails.
pub fn facts(
    mut facts: Map<String, Value>,
    error: Option<&Complaint>,
    to: &mut dyn Write,
) -> io::Result<()> {
    if let Some(error) = error {
        facts.insert("error".to_owned(), json::error(error));
    }
    json::write(&Value::Object(facts), to)
}

/// Writes what `make` gives, and turns what can go wrong into complaints.
fn written(
    to: &mut dyn Write,
    make: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Complaint> {
    match make(to) {
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(cannot_write(&error)),
        Ok(()) => Ok(()),
    }
}

fn read<T>(result: Result<T, Fault>) -> Result<T, Complaint> {
    result.map_err(Complaint::from)
}

#[cfg(test)]
mod tests;
