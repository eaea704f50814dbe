//! `keyline jobs list`

use std::io::{self, Write};

use serde_json::Value;

use crate::domain::job::BatchName;
use crate::face::grid::{self, Side};
use crate::face::report::{Leaver, Style, json, no_such_batch, read, written};
use crate::face::say::{Complaint, fault};
use crate::port::{JobRecord, Ledger};

/// Writes all jobs, or those of one batch: first those of people whose account is disabled or unknown, who may have left.
///
/// # Errors
/// When the ledger cannot be read, there is no such batch, or `to` fails.
pub fn list(
    ledger: &dyn Ledger,
    batch: Option<&str>,
    style: &Style,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    let name = batch.map(|batch| BatchName(batch.to_owned()));
    let mut records = read(ledger.jobs(name.as_ref()))?;
    records.sort_by_key(Leaver::of);
    if let (Some(batch), true) = (batch, records.is_empty()) {
        return Err(no_such_batch(ledger, batch)?);
    }
    written(to, |to| {
        if style.json {
            json::write(&Value::Array(records.iter().map(json::job).collect()), to)
        } else if records.is_empty() {
            writeln!(
                to,
                "There are no jobs yet. Drop a job file into the queue's new/ folder."
            )
        } else {
            table(&records, to)
        }
    })
}

/// One line per job.
pub(super) fn table(records: &[JobRecord], to: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("job", Side::Right),
        ("envelope", Side::Right),
        ("standing", Side::Left),
        ("user", Side::Left),
        ("role", Side::Left),
        ("name", Side::Left),
        ("serial", Side::Left),
        ("batch", Side::Left),
        ("why it is held", Side::Open),
    ];
    let rows: Vec<[String; 9]> = records.iter().map(cells).collect();
    grid::write(columns, &rows, to)
}

fn cells(record: &JobRecord) -> [String; 9] {
    let request = &record.job.request;
    [
        record.job.id.to_string(),
        record.job.envelope.to_string(),
        record.standing.to_string(),
        request.user.clone(),
        request.role.word().to_owned(),
        request.name.clone().unwrap_or_else(|| "-".to_owned()),
        record
            .serial
            .as_ref()
            .or(request.serial.as_ref())
            .map_or_else(|| "-".to_owned(), ToString::to_string),
        record.job.batch.0.clone(),
        record
            .held
            .as_ref()
            .map_or_else(String::new, fault::message),
    ]
}
