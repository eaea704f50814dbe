//! `keyline jobs show`

use std::io::{self, Write};

use serde_json::json;

use crate::domain::event::Happening;
use crate::domain::event::Step;
use crate::face::report::{Style, json, letters, read, written};
use crate::face::say::{Complaint, clean::clean, custody, fault, journal, moment};
use crate::port::{JobRecord, Ledger, Stamped};

/// Writes a job and its whole journal.
///
/// # Errors
/// When the ledger cannot be read, or `to` fails.
pub fn show(
    ledger: &dyn Ledger,
    record: &JobRecord,
    style: &Style,
    to: &mut dyn Write,
) -> Result<(), Complaint> {
    let rows = read(ledger.journal(record.job.id))?;
    written(to, |to| {
        if style.json {
            let mut value = json::job(record);
            if let Some(object) = value.as_object_mut() {
                object.insert("request".to_owned(), json!(record.job.request));
                object.insert("pins".to_owned(), json!(sealed(record, &rows)));
                object.insert("void".to_owned(), json!(letters::void(&rows)));
                object.insert(
                    "unconfirmed_ends".to_owned(),
                    json!(letters::open(&rows).control_ends),
                );
                let rows: Vec<_> = rows.iter().map(json::row).collect();
                object.insert("journal".to_owned(), rows.into());
            }
            json::write(&value, to)
        } else {
            head(record, &rows, to)?;
            writeln!(to, "\njournal")?;
            if rows.is_empty() {
                writeln!(to, "  Nothing has happened yet.")?;
            }
            for row in &rows {
                let at = moment::local(row.at, &style.zone);
                writeln!(
                    to,
                    "  {at}  {}  {}",
                    clean(&row.actor),
                    journal::line(&row.event)
                )?;
            }
            Ok(())
        }
    })
}

fn head(record: &JobRecord, rows: &[Stamped], to: &mut dyn Write) -> io::Result<()> {
    for (name, value) in labelled(record, rows) {
        writeln!(to, "{name:14}  {}", clean(&value))?;
    }
    if let Some((why, hint)) = held(record, rows) {
        writeln!(to, "{:14}  {why}", "held")?;
        writeln!(to, "{:14}  -> {hint}", "")?;
    }
    Ok(())
}

/// What there is to say of a job, under its names: never a PIN, and of a letter that nobody has confirmed only the end of its
/// number.
pub fn labelled(record: &JobRecord, rows: &[Stamped]) -> Vec<(&'static str, String)> {
    let request = &record.job.request;
    let nothing = || "-".to_owned();
    let or = |text: &Option<String>| text.clone().unwrap_or_else(nothing);
    let address = request.address.join(", ");
    let open = letters::open(rows);
    let control = match &open.control_ends {
        Some(control) => format!("… {control}, not confirmed"),
        None => or(&record.control),
    };
    let mut fields = vec![
        ("job", record.job.id.to_string()),
        ("envelope", record.job.envelope.to_string()),
        (
            "batch",
            format!("{}, row {}", record.job.batch.0, record.job.sequence),
        ),
        ("standing", record.standing.to_string()),
        ("user", request.user.clone()),
        ("name", or(&request.name)),
        ("department", or(&request.department)),
        (
            "address",
            if address.is_empty() {
                nothing()
            } else {
                address
            },
        ),
        ("policy", request.policy.clone()),
        ("role", request.role.word().to_owned()),
        (
            "serial",
            record
                .serial
                .as_ref()
                .map_or_else(nothing, ToString::to_string),
        ),
        ("control number", control),
        ("note", or(&request.note)),
        ("PINs", sealed(record, rows).join(", ")),
    ];
    let void = letters::void(rows);
    if !void.is_empty() {
        fields.push(("void letters", void.join(", ")));
    }
    if let Some(place) = custody::place(record) {
        fields.push(("key", place));
    }
    fields
}

/// Why a job is held, and what to do about it.
pub fn held(record: &JobRecord, rows: &[Stamped]) -> Option<(String, String)> {
    let why = record.held.as_ref()?;
    let doubt = letters::open(rows).doubt;
    Some((fault::held(why, doubt.as_deref()), fault::hint(why)))
}

/// Which PINs of the job are sealed in the ledger, without a word of what they are.
fn sealed(record: &JobRecord, rows: &[Stamped]) -> Vec<String> {
    let mut sealed = Vec::new();
    if record.job.has_specified_pin {
        sealed.push("given by the job file (sealed)".to_owned());
    }
    if record.job.has_current_pin {
        sealed.push("current PIN by the job file (sealed)".to_owned());
    }
    for row in rows {
        if let Happening::Started {
            step: Step::SetPin | Step::ChangePin,
            ..
        } = row.event.happening
        {
            sealed.push(format!("of attempt {} (sealed)", row.event.attempt.0));
        }
    }
    sealed.dedup();
    if sealed.is_empty() {
        sealed.push("none yet".to_owned());
    }
    sealed
}
