//! What came of a look at an obligation. Each outcome is a row of the audit chain, written with the obligation.

use rusqlite::{OptionalExtension, params};

use crate::port::DutyOutcome;

use super::chain::{self, Row};
use super::index::passkey_becomes;
use super::journal::Pen;
use super::query::orphan;
use super::trouble::{Trouble, misuse};

/// See [`crate::port::Ledger::settle`].
pub(super) fn settle(pen: &Pen<'_>, id: i64, outcome: &DutyOutcome) -> Result<(), Trouble> {
    let (job, kind, target): (i64, String, String) = pen
        .db
        .query_row(
            "SELECT job, kind, target FROM obligation WHERE id = ?1 AND state IN ('open', 'deleting')",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?
        .ok_or_else(|| misuse(format!("obligation {id} is settled, or never was")))?;
    let (state, due, looked, why) = match outcome {
        DutyOutcome::Deleting => ("deleting", None, 0, None),
        DutyOutcome::Settled { .. } => ("settled", None, 1, None),
        DutyOutcome::Again { due } => ("open", Some(due.0), 1, None),
        DutyOutcome::Spared { why } => ("spared", None, 1, Some(why)),
    };
    pen.db.execute(
        "UPDATE obligation SET state = ?2, due = coalesce(?3, due), looks = looks + ?4, why = ?5 WHERE id = ?1",
        params![id, state, due, looked, why],
    )?;
    let passkey = match outcome {
        DutyOutcome::Settled { .. } => Some("gone"),
        // It stays the user's working key, and so it is live again.
        DutyOutcome::Spared { .. } => Some("registered"),
        DutyOutcome::Deleting | DutyOutcome::Again { .. } => None,
    };
    match (passkey, kind.as_str()) {
        (Some(becomes), "replaced" | "retired") => {
            pen.db.execute(
                "UPDATE passkey SET state = ?2 WHERE method = ?1 AND state = 'replaced'",
                params![target, becomes],
            )?;
        }
        (Some("gone"), _) => passkey_becomes(pen.db, &orphan(&target)?, "gone")?,
        (Some(_) | None, _) => {}
    }
    let deleted = matches!(outcome, DutyOutcome::Settled { deleted: true });
    let event = serde_json::json!({
        "obligation": id, "kind": kind, "target": target, "outcome": state, "deleted": deleted, "due": due,
    });
    write(pen, job, &event)
}

/// The chained row of what became of a duty of `job`.
pub(super) fn write(pen: &Pen<'_>, job: i64, event: &serde_json::Value) -> Result<(), Trouble> {
    chain::add(
        pen.db,
        &Row {
            job: Some(job),
            attempt: None,
            kind: "duty",
            event: &event.to_string(),
            person_hash: None,
            sealed_hash: None,
            at: pen.at.0,
            actor: pen.actor,
        },
    )?;
    Ok(())
}
