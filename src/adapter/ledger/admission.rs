//! Admission: the rows of one job file become jobs, in one transaction, repeatable by the claim's id.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, params};

use crate::domain::enrollment::Enrollment;
use crate::domain::event::{Attempt, Event, Happening};
use crate::domain::fault::Fault;
use crate::domain::job::{BatchName, Draft, Envelope, JobId, Role};
use crate::domain::time::Timestamp;
use crate::port::{Admission, Admitted, Entry};

use super::chain::{self, Row};
use super::journal::{self, Pen};
use super::keys::{hmac_sha256, random};
use super::seal::{Label, PinKind};
use super::trouble::{Trouble, misuse};

struct Person {
    id: i64,
    salt: [u8; 32],
}

/// See [`crate::port::Ledger::admit`].
pub(super) fn admit(pen: &Pen<'_>, admission: &Admission) -> Result<Admitted, Trouble> {
    if let Some(jobs) = by_claim(pen, &admission.claim)? {
        return Ok(Admitted::Jobs(jobs));
    }
    if let Some(known) = by_content(pen, &admission.content)? {
        return Ok(known);
    }
    pen.db.execute(
        "INSERT INTO batch (name, claim, content, file_name, admitted) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            admission.batch.0,
            admission.claim,
            admission.content,
            admission.file_name,
            pen.at.0
        ],
    )?;
    let batch = pen.db.last_insert_rowid();
    // Jobs are never deleted, so the largest number is the last one and there are no gaps.
    let (last_job, last_envelope): (i64, Envelope) = pen.db.query_row(
        "SELECT coalesce(max(id), 0), coalesce(max(envelope), 0) FROM job",
        [],
        |row| Ok((row.get(0)?, Envelope(row.get(1)?))),
    )?;
    let mut people = HashMap::new();
    let mut jobs = Vec::with_capacity(admission.drafts.len());
    let places = (last_job.saturating_add(1)..)
        .zip(last_envelope.0.saturating_add(1)..)
        .zip(1_u32..);
    for (((job, envelope), sequence), draft) in places.zip(&admission.drafts) {
        let place = Place {
            job: JobId(job),
            batch,
            sequence,
            envelope,
        };
        admit_row(pen, &place, draft, &mut people)?;
        jobs.push(JobId(job));
    }
    for (index, fault) in &admission.held {
        let job = jobs.get(*index).ok_or_else(|| {
            misuse(format!(
                "row {index} is held, but the file has {} rows",
                jobs.len()
            ))
        })?;
        hold(pen, *job, fault)?;
    }
    Ok(Admitted::Jobs(jobs))
}

struct Place {
    job: JobId,
    batch: i64,
    sequence: u32,
    envelope: u32,
}

fn by_claim(pen: &Pen<'_>, claim: &str) -> Result<Option<Vec<JobId>>, Trouble> {
    let batch: Option<i64> = pen
        .db
        .query_row("SELECT id FROM batch WHERE claim = ?1", [claim], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(batch) = batch else {
        return Ok(None);
    };
    let mut statement = pen
        .db
        .prepare("SELECT id FROM job WHERE batch = ?1 ORDER BY sequence")?;
    let jobs = statement.query_map([batch], |row| row.get(0).map(JobId))?;
    Ok(Some(jobs.collect::<Result<_, _>>()?))
}

fn by_content(pen: &Pen<'_>, content: &[u8; 32]) -> Result<Option<Admitted>, Trouble> {
    Ok(pen
        .db
        .query_row(
            "SELECT name, admitted FROM batch WHERE content = ?1 ORDER BY id DESC LIMIT 1",
            [content],
            |row| {
                Ok(Admitted::KnownContent {
                    batch: BatchName(row.get(0)?),
                    at: Timestamp(row.get(1)?),
                })
            },
        )
        .optional()?)
}

fn admit_row(
    pen: &Pen<'_>,
    place: &Place,
    draft: &Draft,
    people: &mut HashMap<String, Person>,
) -> Result<(), Trouble> {
    let request = &draft.request;
    pen.db
        .prepare_cached(
            "INSERT INTO job (id, batch, sequence, envelope, line, policy, role, replaces, has_pin, has_current_pin,
                              standing, attempt, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'waiting', 0, ?11)",
        )?
        .execute(params![
            place.job.0,
            place.batch,
            place.sequence,
            place.envelope,
            draft.line,
            request.policy,
            match request.role {
                Role::Primary => "primary",
                Role::Backup => "backup",
            },
            request.replace,
            draft.pin.is_some(),
            draft.current_pin.is_some(),
            pen.at.0
        ])?;
    let person = person(pen, &request.user, people)?;
    let text = serde_json::to_string(request)?;
    pen.db
        .prepare_cached("INSERT INTO request (job, person, request) VALUES (?1, ?2, ?3)")?
        .execute(params![place.job.0, person.id, text])?;
    let sealed = seal_row_pins(pen, place.job, draft)?;
    let event = serde_json::json!({
        "batch": place.batch,
        "sequence": place.sequence,
        "envelope": place.envelope,
        "line": draft.line,
        "policy": request.policy,
        "role": request.role,
        "replace": request.replace,
    });
    chain::add(
        pen.db,
        &Row {
            job: Some(place.job.0),
            attempt: None,
            kind: "admitted",
            event: &event.to_string(),
            person_hash: Some(hmac_sha256(&person.salt, text.as_bytes())),
            sealed_hash: sealed,
            at: pen.at.0,
            actor: pen.actor,
        },
    )?;
    Ok(())
}

/// The person of this user name; made when new, with a salt of their own.
fn person<'a>(
    pen: &Pen<'_>,
    user: &str,
    people: &'a mut HashMap<String, Person>,
) -> Result<&'a Person, Trouble> {
    let key = journal::user_key(user);
    if !people.contains_key(&key) {
        let known = pen
            .db
            .prepare_cached("SELECT id, salt FROM person WHERE user_key = ?1")?
            .query_row([&key], |row| {
                Ok(Person {
                    id: row.get(0)?,
                    salt: row.get(1)?,
                })
            })
            .optional()?;
        let found = match known {
            Some(found) => found,
            None => {
                let salt = *random()?;
                pen.db
                    .prepare_cached(
                        "INSERT INTO person (user, user_key, salt) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![user, key, salt])?;
                Person {
                    id: pen.db.last_insert_rowid(),
                    salt,
                }
            }
        };
        people.insert(key.clone(), found);
    }
    people
        .get(&key)
        .ok_or_else(|| misuse("a person vanished").into())
}

/// Seals the PINs of a row, for recovery and for this station. `None` when the row has none.
fn seal_row_pins(pen: &Pen<'_>, job: JobId, draft: &Draft) -> Result<Option<[u8; 32]>, Trouble> {
    // In the order of the column's words, as the hash wants them.
    let pins = [
        (PinKind::Current, draft.current_pin.as_ref()),
        (PinKind::Specified, draft.pin.as_ref()),
    ];
    let mut rows = Vec::new();
    for (kind, pin) in pins {
        let Some(pin) = pin else { continue };
        let label = Label {
            kind,
            job,
            attempt: Attempt(0),
            tenant: pen.vault.tenant.clone(),
            user: draft.request.user.clone(),
            serial: String::new(),
        };
        rows.push((kind.as_str(), journal::seal_pin(pen, &label, pin)?));
    }
    Ok((!rows.is_empty())
        .then(|| chain::sealed_hash(rows.iter().map(|(kind, sealed)| (*kind, sealed.as_slice())))))
}

fn hold(pen: &Pen<'_>, job: JobId, fault: &Fault) -> Result<(), Trouble> {
    let event = Event {
        attempt: Attempt(0),
        happening: Happening::Held {
            fault: fault.clone(),
        },
    };
    let state = Enrollment::default()
        .apply(&event)
        .map_err(|impossible| misuse(impossible.to_string()))?;
    journal::append(
        pen,
        &Entry {
            job,
            event: &event,
            state: &state,
            pin: None,
            attestation: None,
            obligations: &[],
            forget_in_flight: false,
        },
    )
    .map(drop)
}
