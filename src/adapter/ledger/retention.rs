//! What the ledger gives up: sealed PINs and personal data after their time, and a person on request. Each
//! removal is a row of the audit chain that names jobs, never people.

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::fault::Fault;
use crate::domain::job::BatchName;
use crate::domain::time::Timestamp;

use super::chain::{self, Row, withhold_fault};
use super::journal::{Pen, user_key};
use super::keeping;
use super::trial;
use super::trouble::{Trouble, ledger_fault};

const SECONDS_PER_DAY: i64 = 86_400;

/// For how many days after the end of a job something is kept; `None`: for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    pub sealed_pins: Option<u32>,
    pub personal_data: Option<u32>,
    /// Job files in the archive of the queue.
    pub archived: Option<u32>,
}

/// What was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Sealed PINs that were deleted.
    pub sealed_pins: usize,
    /// People who were erased.
    pub people: usize,
    /// Job files whose archived copies may go: all their jobs ended that long ago. The folder removes them.
    pub archived: Vec<ArchivedFile>,
}

/// A job file whose time in the archive is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedFile {
    pub batch: BatchName,
    pub claim: String,
    pub file_name: String,
}

/// What an erasure removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Jobs that no longer name anybody.
    pub jobs: Vec<i64>,
    pub sealed_pins: usize,
}

/// See [`super::SqliteLedger::apply_retention`].
pub(super) fn apply(pen: &Pen<'_>, days: Days) -> Result<Retained, Trouble> {
    let before = |days: Option<u32>| {
        days.map(|days| pen.at.plus_seconds(-SECONDS_PER_DAY * i64::from(days)))
    };
    let mut given_up = Retained::default();
    if let Some(limit) = before(days.sealed_pins) {
        given_up.sealed_pins = unseal_old(pen, limit)?;
    }
    if let Some(limit) = before(days.personal_data) {
        for person in people_to_erase(pen.db, limit)? {
            erase(pen, person)?;
            given_up.people += 1;
        }
        keeping::forget(pen.db, None, limit.0)?;
    }
    if let Some(limit) = before(days.archived) {
        given_up.archived = archived(pen.db, limit)?;
    }
    Ok(given_up)
}

fn unseal_old(pen: &Pen<'_>, limit: Timestamp) -> Result<usize, Trouble> {
    let jobs = numbers(
        pen.db,
        "SELECT DISTINCT job.id FROM job JOIN sealed_pin ON sealed_pin.job = job.id
         WHERE job.standing IN ('done', 'cancelled') AND job.updated <= ?1 ORDER BY job.id",
        limit.0,
    )?;
    if jobs.is_empty() {
        return Ok(0);
    }
    let sealed_pins = unseal(pen.db, &jobs)?;
    say(
        pen,
        "retention",
        &serde_json::json!({ "what": "sealed PINs", "jobs": jobs }),
    )?;
    Ok(sealed_pins)
}

fn unseal(db: &Connection, jobs: &[i64]) -> Result<usize, Trouble> {
    let mut deleted: usize = 0;
    for job in jobs {
        deleted += db
            .prepare_cached("DELETE FROM sealed_pin WHERE job = ?1")?
            .execute([job])?;
        db.prepare_cached("DELETE FROM in_flight WHERE job = ?1")?
            .execute([job])?;
    }
    Ok(deleted)
}

fn people_to_erase(db: &Connection, limit: Timestamp) -> Result<Vec<i64>, Trouble> {
    numbers(
        db,
        "SELECT person.id FROM person WHERE NOT EXISTS (
             SELECT 1 FROM request JOIN job ON job.id = request.job
             LEFT JOIN obligation ON obligation.job = job.id AND obligation.state IN ('open', 'deleting')
             WHERE request.person = person.id
               AND (job.standing NOT IN ('done', 'cancelled') OR job.updated > ?1 OR obligation.id IS NOT NULL))",
        limit.0,
    )
}

fn archived(db: &Connection, limit: Timestamp) -> Result<Vec<ArchivedFile>, Trouble> {
    let mut statement = db.prepare(
        "SELECT name, claim, file_name FROM batch WHERE admitted <= ?1 AND NOT EXISTS (
             SELECT 1 FROM job WHERE job.batch = batch.id
             AND (job.standing NOT IN ('done', 'cancelled') OR job.updated > ?1)) ORDER BY id",
    )?;
    let files = statement.query_map([limit.0], |row| {
        Ok(ArchivedFile {
            batch: BatchName(row.get(0)?),
            claim: row.get(1)?,
            file_name: row.get(2)?,
        })
    })?;
    Ok(files.collect::<Result<_, _>>()?)
}

/// See [`super::SqliteLedger::erase_person`].
pub(super) fn erase_user(pen: &Pen<'_>, user: &str) -> Result<Erased, Trouble> {
    let tried = trial::open(pen.db)?;
    if tried.is_some_and(|trial| user_key(&trial.user) == user_key(user)) {
        return Err(ledger_fault(format!(
            "a test passkey of `{user}` may be at Entra still, and without the name it never could be found: `keyline reconcile --delete` first"
        ))
        .into());
    }
    let person: i64 = pen
        .db
        .query_row(
            "SELECT id FROM person WHERE user_key = ?1",
            [user_key(user)],
            |row| row.get(0),
        )
        .optional()?
        .ok_or_else(|| ledger_fault(format!("this ledger does not know `{user}`")))?;
    let open = numbers(
        pen.db,
        "SELECT job.id FROM job JOIN request ON request.job = job.id
         WHERE request.person = ?1 AND job.standing NOT IN ('done', 'cancelled')",
        person,
    )?;
    if let Some(job) = open.first() {
        return Err(ledger_fault(format!(
            "job {job} of `{user}` is still open; cancel it first, or let it end"
        ))
        .into());
    }
    let duties = numbers(
        pen.db,
        "SELECT obligation.id FROM obligation JOIN request ON request.job = obligation.job
         WHERE request.person = ?1 AND obligation.state IN ('open', 'deleting')",
        person,
    )?;
    if !duties.is_empty() {
        return Err(ledger_fault(format!(
            "{} credentials of `{user}` are still to be deleted at Entra; without the name they never could be: let the station do that first",
            duties.len()
        ))
        .into());
    }
    erase(pen, person)
}

fn erase(pen: &Pen<'_>, person: i64) -> Result<Erased, Trouble> {
    let db = pen.db;
    let jobs = numbers(
        db,
        "SELECT job FROM request WHERE person = ?1 ORDER BY job",
        person,
    )?;
    let sealed_pins = unseal(db, &jobs)?;
    for job in &jobs {
        for statement in [
            "DELETE FROM detail WHERE job = ?1",
            "DELETE FROM request WHERE job = ?1",
            "UPDATE delivery SET target = NULL WHERE job = ?1",
            "UPDATE obligation SET why = NULL WHERE job = ?1",
        ] {
            db.prepare_cached(statement)?.execute([job])?;
        }
        blur_hold(db, *job)?;
    }
    let user: String = db.query_row(
        "SELECT user_key FROM person WHERE id = ?1",
        [person],
        |row| row.get(0),
    )?;
    keeping::forget(db, Some(&user), i64::MIN)?;
    db.execute("DELETE FROM person WHERE id = ?1", [person])?;
    say(pen, "erased", &serde_json::json!({ "jobs": jobs }))?;
    Ok(Erased { jobs, sealed_pins })
}

/// A cancelled job may still say why it was held.
fn blur_hold(db: &Connection, job: i64) -> Result<(), Trouble> {
    let held: Option<String> =
        db.query_row("SELECT held FROM job WHERE id = ?1", [job], |row| {
            row.get(0)
        })?;
    if let Some(held) = held {
        let fault: Fault = serde_json::from_str(&held)?;
        let blurred = serde_json::to_string(&withhold_fault(fault))?;
        db.execute(
            "UPDATE job SET held = ?2 WHERE id = ?1",
            params![job, blurred],
        )?;
    }
    Ok(())
}

fn say(pen: &Pen<'_>, kind: &str, event: &serde_json::Value) -> Result<(), Trouble> {
    chain::add(
        pen.db,
        &Row {
            job: None,
            attempt: None,
            kind,
            event: &event.to_string(),
            person_hash: None,
            sealed_hash: None,
            at: pen.at.0,
            actor: pen.actor,
        },
    )
    .map(drop)
}

fn numbers(db: &Connection, question: &str, bound: i64) -> Result<Vec<i64>, Trouble> {
    let mut statement = db.prepare_cached(question)?;
    let numbers = statement.query_map([bound], |row| row.get(0))?;
    Ok(numbers.collect::<Result<_, _>>()?)
}
