//! `keyline ledger verify` and `keyline ledger backup`

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::face::report::{json, written};
use crate::face::say::{Complaint, ExitCode, clean::clean, news::count};

/// A ledger that verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    pub file: String,
    pub schema: i64,
    pub jobs: i64,
    pub people: i64,
    pub sealed_pins: i64,
    /// Copies of PINs that the station itself can open.
    pub in_flight: i64,
    /// Rows of the audit chain.
    pub rows: i64,
    pub checkpoints: i64,
    /// Rows behind the last checkpoint.
    pub unsigned_rows: i64,
    /// Hash of the last row.
    pub head: String,
    /// Public keys that signed checkpoints, in hexadecimal digits.
    pub signed_by: Vec<String>,
    /// The key of this station, when this is its ledger.
    pub own_key: Option<String>,
}

/// A ledger that did not verify.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    pub file: String,
    /// The first wrong row of the audit chain; `None` when the file itself is damaged or cannot be read.
    pub row: Option<i64>,
    pub why: String,
}

/// A copy that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    pub audit: Audit,
    pub bytes: u64,
    /// Where the station's keys lie, which are not in it.
    pub keys: String,
}

/// What the walk answers for.
const COVERED: &str =
    "the journal, its signatures, people, sealed PINs, jobs, passkeys, duties and letters";

/// Says what is as it was written.
///
/// # Errors
/// When `to` fails.
pub fn verified(audit: &Audit, json: bool, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        if json {
            return json::write(&as_json(audit), to);
        }
        writeln!(
            to,
            "{}: {COVERED} are as they were written.",
            clean(&audit.file)
        )?;
        facts(audit, to)?;
        if audit.checkpoints == 0 {
            writeln!(
                to,
                "Nothing is signed yet: whoever can write the file could have written all of it anew."
            )?;
        }
        Ok(())
    })
}

/// Says what was copied, and what was not.
///
/// # Errors
/// When `to` fails.
pub fn copied(copy: &Copy, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        writeln!(
            to,
            "{}: a copy of the ledger, verified. {} bytes, for its owner alone.",
            clean(&copy.audit.file),
            copy.bytes
        )?;
        facts(&copy.audit, to)?;
        writeln!(
            to,
            "Not in it: the station's own copies of PINs in flight, and the station's keys in {}.\nBack the keys up apart from it: without them a restored ledger needs new ones.",
            clean(&copy.keys)
        )
    })
}

/// The JSON of a ledger that did not verify; its complaint goes to stderr besides.
///
/// # Errors
/// When `to` fails.
pub fn broken(damage: &Damage, error: &Complaint, to: &mut dyn Write) -> Result<(), Complaint> {
    written(to, |to| {
        let told = json!({
            "file": damage.file,
            "sound": false,
            "row": damage.row,
            "why": damage.why,
            "error": json::error(error),
        });
        json::write(&told, to)
    })
}

/// What a ledger that does not verify means, and what to do.
pub fn complaint(damage: &Damage) -> Complaint {
    let place = damage
        .row
        .map_or_else(String::new, |row| format!("row {row} of its audit chain: "));
    Complaint::new(
        ExitCode::Journal,
        format!(
            "{} is not as it was written: {place}{}.\nkeyline never changes a row, so this was a failing disk, another program, or somebody with access to the file.",
            damage.file, damage.why
        ),
        "Stop the station and keep the file with its -wal file as they are. Put the newest backup in its place that `keyline ledger verify FILE` finds whole. If the station's keys were replaced on purpose, name the old one with --key.",
    )
}

fn facts(audit: &Audit, to: &mut dyn Write) -> io::Result<()> {
    let number = |number: i64| usize::try_from(number).unwrap_or(0);
    let mut line = |name: &str, text: String| writeln!(to, "  {name:<13} {text}");
    line("schema", audit.schema.to_string())?;
    line(
        "jobs",
        format!(
            "{} for {}",
            count(number(audit.jobs), "job"),
            match audit.people {
                1 => "1 person".to_owned(),
                people => format!("{people} people"),
            }
        ),
    )?;
    line("sealed PINs", audit.sealed_pins.to_string())?;
    line("in flight", audit.in_flight.to_string())?;
    line("audit chain", count(number(audit.rows), "row"))?;
    line(
        "checkpoints",
        match audit.unsigned_rows {
            rows if audit.checkpoints == 0 => {
                format!("none; {} not signed", count(number(rows), "row"))
            }
            0 => audit.checkpoints.to_string(),
            rows => format!(
                "{}, and {} since the last one",
                audit.checkpoints,
                count(number(rows), "row")
            ),
        },
    )?;
    for key in &audit.signed_by {
        let whose = match &audit.own_key {
            Some(own) if own == key => " (this station)",
            Some(_) => " (another station key)",
            None => "",
        };
        line("signed by", format!("{key}{whose}"))?;
    }
    line("last row", format!("{} {}", audit.rows, audit.head))
}

fn as_json(audit: &Audit) -> Value {
    json!({
        "file": audit.file,
        "sound": true,
        "schema": audit.schema,
        "jobs": audit.jobs,
        "people": audit.people,
        "sealed_pins": audit.sealed_pins,
        "in_flight": audit.in_flight,
        "rows": audit.rows,
        "checkpoints": audit.checkpoints,
        "unsigned_rows": audit.unsigned_rows,
        "head": { "row": audit.rows, "hash": audit.head },
        "signed_by": audit.signed_by,
        "own_key": audit.own_key,
    })
}
