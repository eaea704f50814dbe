//! Reading: jobs, holders, sealed copies, duties. Nothing in here writes.

use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use crate::domain::authenticator::{Aaguid, Serial};
use crate::domain::credential::{Attestation, CredentialId, CredentialProtection, MethodId};
use crate::domain::custody::{Custody, Fate};
use crate::domain::event::Attempt;
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, ERASED_PERSON, Envelope, Job, JobId, Request, Role};
use crate::domain::time::Timestamp;
use crate::port::{Duty, Holder, JobRecord, Obligation};

use super::index::standing_of;
use super::journal::user_key;
use super::keys::unhex;
use super::trouble::{Trouble, ledger_fault};

pub(super) const RECORD: &str =
    "SELECT job.id, batch.name, job.sequence, job.envelope, job.policy, job.role, job.replaces,
            job.has_pin, job.has_current_pin, job.standing, job.serial, job.control, job.held, job.updated, request.request,
            job.handed_over, job.retired, job.wiped, job.pending
     FROM job JOIN batch ON batch.id = job.batch LEFT JOIN request ON request.job = job.id";

/// The records of the jobs that `condition` (everything behind the FROM clause) picks.
fn records(
    db: &Connection,
    condition: &str,
    bound: impl Params,
) -> Result<Vec<JobRecord>, Trouble> {
    let mut statement = db.prepare_cached(&format!("{RECORD} {condition} ORDER BY job.id"))?;
    let mut rows = statement.query(bound)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record(row)?);
    }
    Ok(found)
}

pub(super) fn record(row: &Row<'_>) -> Result<JobRecord, Trouble> {
    let request: Option<String> = row.get(14)?;
    let held: Option<String> = row.get(12)?;
    let serial: Option<String> = row.get(10)?;
    let standing: String = row.get(9)?;
    Ok(JobRecord {
        job: Job {
            id: JobId(row.get(0)?),
            batch: BatchName(row.get(1)?),
            sequence: row.get(2)?,
            envelope: Envelope(row.get(3)?),
            request: match request {
                Some(text) => serde_json::from_str(&text)?,
                None => erased_request(row)?,
            },
            has_specified_pin: row.get(7)?,
            has_current_pin: row.get(8)?,
        },
        standing: standing_of(&standing)
            .ok_or_else(|| ledger_fault(format!("`{standing}` is no standing of a job")))?,
        serial: serial.as_deref().and_then(Serial::new),
        control: row.get(11)?,
        held: held
            .as_deref()
            .map(serde_json::from_str::<Fault>)
            .transpose()?,
        custody: custody(row)?,
        updated: Timestamp(row.get(13)?),
    })
}

fn custody(row: &Row<'_>) -> Result<Custody, Trouble> {
    let fate: Option<String> = row.get(16)?;
    Ok(Custody {
        handed_over: row.get(15)?,
        retired: fate.as_deref().and_then(Fate::of),
        wiped: row.get(17)?,
        pending: row.get(18)?,
    })
}

fn erased_request(row: &Row<'_>) -> Result<Request, Trouble> {
    Ok(Request {
        user: ERASED_PERSON.to_owned(),
        policy: row.get(4)?,
        role: match row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)? {
            "backup" => Role::Backup,
            _ => Role::Primary,
        },
        replace: row.get(6)?,
        ..Request::default()
    })
}

pub(super) fn open_jobs(db: &Connection) -> Result<Vec<JobRecord>, Trouble> {
    records(
        db,
        "WHERE job.standing IN ('waiting', 'under_way', 'held')",
        [],
    )
}

pub(super) fn job(db: &Connection, id: JobId) -> Result<Option<JobRecord>, Trouble> {
    Ok(records(db, "WHERE job.id = ?1", [id.0])?.pop())
}

pub(super) fn jobs(db: &Connection, batch: Option<&BatchName>) -> Result<Vec<JobRecord>, Trouble> {
    match batch {
        Some(name) => records(db, "WHERE batch.name = ?1", [&name.0]),
        None => records(db, "", []),
    }
}

/// See [`crate::port::Ledger::find`]. A bare number may be a job, an envelope, a control number or a serial: all that fit.
pub(super) fn find(db: &Connection, text: &str) -> Result<Vec<JobRecord>, Trouble> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let upper = text.to_ascii_uppercase();
    let marked = upper
        .strip_prefix("L-")
        .or_else(|| upper.strip_prefix("B-"))
        .and_then(whole_number);
    let bare = whole_number(text);
    // Control numbers are printed in groups.
    let control: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    records(
        db,
        "WHERE job.id = ?1 OR job.envelope = ?2 OR job.serial = ?3 COLLATE NOCASE
            OR job.id IN (SELECT request.job FROM request JOIN person ON person.id = request.person
                          WHERE person.user_key = ?4)
            OR job.id IN (SELECT delivery.job FROM delivery
                          WHERE replace(replace(delivery.control, ' ', ''), '-', '') = ?5 COLLATE NOCASE)",
        params![bare, marked.or(bare), text, user_key(text), control],
    )
}

pub(super) fn whole_number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

pub(super) fn jobs_of_user(db: &Connection, user: &str) -> Result<Vec<JobRecord>, Trouble> {
    records(
        db,
        "JOIN person ON person.id = request.person WHERE person.user_key = ?1 AND job.standing <> 'cancelled'",
        [user_key(user)],
    )
}

fn holder(record: JobRecord) -> Holder {
    let request = record.job.request;
    Holder {
        job: record.job.id,
        person: request.name.unwrap_or_else(|| request.user.clone()),
        user: request.user,
        envelope: record.job.envelope,
        standing: record.standing,
        custody: record.custody,
    }
}

pub(super) fn holders_of_serial(db: &Connection, serial: &Serial) -> Result<Vec<Holder>, Trouble> {
    let found = records(
        db,
        "WHERE job.serial = ?1 COLLATE NOCASE",
        [serial.as_str()],
    )?;
    // A key may have served several people, and a job that is written to later is not the one that had the key later.
    let mut bound = db.prepare_cached(
        "SELECT max(seq) FROM journal
         WHERE job = ?1 AND kind = 'event' AND json_extract(event, '$.event') IN ('began', 'rebound')",
    )?;
    let mut holders = Vec::new();
    for record in found {
        let last: Option<i64> = bound.query_row([record.job.id.0], |row| row.get(0))?;
        holders.push((last, holder(record)));
    }
    holders.sort_by_key(|(last, _)| std::cmp::Reverse(*last));
    Ok(holders.into_iter().map(|(_, holder)| holder).collect())
}

pub(super) fn holder_of_credential(
    db: &Connection,
    credential: &CredentialId,
) -> Result<Option<Holder>, Trouble> {
    let mut found = records(
        db,
        "JOIN passkey ON passkey.job = job.id
         WHERE passkey.credential = ?1
           AND NOT EXISTS (SELECT 1 FROM obligation WHERE obligation.kind = 'orphan' AND obligation.job = passkey.job
                           AND obligation.target = lower(hex(passkey.credential)))",
        [&credential.0],
    )?;
    Ok(found.pop().map(holder))
}

pub(super) fn live_methods(db: &Connection, user: &str) -> Result<Vec<MethodId>, Trouble> {
    let mut statement = db.prepare_cached(
        // Whose the keys of erased people are is not known any more; an id out of this user's list that is among them is theirs.
        "SELECT passkey.method FROM passkey
         LEFT JOIN request ON request.job = passkey.job LEFT JOIN person ON person.id = request.person
         WHERE (person.user_key = ?1 OR request.job IS NULL) AND passkey.state = 'registered' AND passkey.method IS NOT NULL
         ORDER BY passkey.job",
    )?;
    let methods = statement.query_map([user_key(user)], |row| row.get(0).map(MethodId))?;
    Ok(methods.collect::<Result<_, _>>()?)
}

pub(super) fn live_among(db: &Connection, listed: &[MethodId]) -> Result<Vec<MethodId>, Trouble> {
    let mut statement = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM passkey WHERE method = ?1 AND state = 'registered')",
    )?;
    let mut live = Vec::new();
    for method in listed {
        if statement.query_row([&method.0], |row| row.get(0))? {
            live.push(method.clone());
        }
    }
    Ok(live)
}

/// The serial of the key that an attempt was bound to; empty when the key has none.
pub(super) fn serial_of_attempt(
    db: &Connection,
    job: JobId,
    attempt: Attempt,
) -> Result<String, Trouble> {
    let serial: Option<Option<String>> = db
        .prepare_cached("SELECT serial FROM attempt WHERE job = ?1 AND attempt = ?2")?
        .query_row(params![job.0, attempt.0], |row| row.get(0))
        .optional()?;
    Ok(serial.flatten().unwrap_or_default())
}

pub(super) fn attestation(
    db: &Connection,
    job: JobId,
    attempt: Attempt,
) -> Result<Option<Attestation>, Trouble> {
    let found = db
        .prepare_cached(
            "SELECT credential, aaguid, client_data_json, attestation_object, format, credential_protection,
                    hmac_secret, algorithm
             FROM attestation WHERE job = ?1 AND attempt = ?2",
        )?
        .query_row(params![job.0, attempt.0], |row| {
            let aaguid: String = row.get(1)?;
            Ok((
                aaguid,
                Attestation {
                    credential_id: CredentialId(row.get(0)?),
                    aaguid: Aaguid([0; 16]),
                    client_data_json: row.get(2)?,
                    attestation_object: row.get(3)?,
                    format: row.get(4)?,
                    credential_protection: row
                        .get::<_, Option<u8>>(5)?
                        .and_then(CredentialProtection::from_level),
                    hmac_secret: row.get(6)?,
                    algorithm: row.get(7)?,
                },
            ))
        })
        .optional()?;
    found
        .map(|(aaguid, attestation)| {
            Ok(Attestation {
                aaguid: Aaguid::try_from(aaguid)
                    .map_err(|error| ledger_fault(error.to_string()))?,
                ..attestation
            })
        })
        .transpose()
}

/// Nothing is put off for longer (an hour is the longest wait there is). What is due later was put off under a clock that was ahead, and is
/// due now.
const DUTY_WAITS_SECONDS_MAX: i64 = 86_400;

pub(super) fn obligations(db: &Connection, now: Timestamp) -> Result<Vec<Obligation>, Trouble> {
    let mut statement = db.prepare_cached(
        "SELECT obligation.id, obligation.job, request.request ->> '$.user', obligation.kind, obligation.target,
                job.method, obligation.due, obligation.looks
         FROM obligation JOIN job ON job.id = obligation.job JOIN request ON request.job = job.id
         WHERE obligation.state IN ('open', 'deleting') AND (obligation.due <= ?1 OR obligation.due > ?2)
           AND (obligation.kind = 'orphan' OR job.standing IN ('done', 'cancelled'))
         ORDER BY obligation.due, obligation.id",
    )?;
    let never_so_late = now.plus_seconds(DUTY_WAITS_SECONDS_MAX);
    let mut rows = statement.query([now.0, never_so_late.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: String = row.get(3)?;
        let target: String = row.get(4)?;
        let keeps: Option<String> = row.get(5)?;
        let (duty, keeps) = match kind.as_str() {
            "replaced" => (Duty::Replaced(MethodId(target)), keeps.map(MethodId)),
            // The person does not have it, and somebody said so: it goes whatever else they have.
            "retired" => (Duty::Retired(MethodId(target)), None),
            // What an abandoned attempt left is nobody's working key: its removal waits for no other.
            _ => (Duty::Orphan(orphan(&target)?), None),
        };
        found.push(Obligation {
            id: row.get(0)?,
            job: JobId(row.get(1)?),
            user: row.get(2)?,
            duty,
            keeps,
            due: Timestamp(row.get(6)?),
            looks: row.get(7)?,
        });
    }
    Ok(found)
}

/// See [`crate::port::Ledger::notes`]. Rows without a job are few.
pub(super) fn notes(db: &Connection, beginning: &str) -> Result<Vec<String>, Trouble> {
    let mut statement = db.prepare_cached(
        "SELECT event ->> '$.note' FROM journal WHERE job IS NULL AND kind = 'note'
         AND substr(event ->> '$.note', 1, length(?1)) = ?1 ORDER BY seq",
    )?;
    let rows = statement.query_map([beginning], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn orphan(target: &str) -> Result<CredentialId, Trouble> {
    let bytes = unhex(target).ok_or_else(|| ledger_fault("a credential id is damaged"))?;
    Ok(CredentialId(bytes.to_vec()))
}
