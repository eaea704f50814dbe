//! Appending to a job's journal, with everything that belongs into the same transaction, and reading it back.

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::enrollment::{Enrollment, Standing};
use crate::domain::event::{Attempt, Happening, Step};
use crate::domain::job::JobId;
use crate::domain::pin::Pin;
use crate::domain::time::Timestamp;
use crate::port::{Entry, Stamped};

use super::chain::{self, Row};
use super::index;
use super::keys::{StationKeys, hmac_sha256};
use super::seal::{self, Label, PinKind, Recipients};
use super::trouble::{Trouble, ledger_fault, misuse};

/// To whom PINs are sealed, and for which tenant.
pub(super) struct Vault {
    pub(super) tenant: String,
    pub(super) recipients: Recipients,
}

/// An open transaction, and who writes in it and when.
pub(super) struct Pen<'a> {
    pub(super) db: &'a Connection,
    pub(super) vault: &'a Vault,
    pub(super) keys: &'a StationKeys,
    pub(super) actor: &'a str,
    pub(super) at: Timestamp,
}

/// User names are compared without regard to case, as Entra does.
pub(super) fn user_key(user: &str) -> String {
    user.trim().to_lowercase()
}

/// See [`crate::port::Ledger::append`]. Returns whether the last open job of its batch has ended.
pub(super) fn append(pen: &Pen<'_>, entry: &Entry<'_>) -> Result<bool, Trouble> {
    follows(pen.db, entry)?;
    let sealed = match entry.pin {
        Some(pin) => seal_attempt(pen, entry, pin)?,
        None => None,
    };
    require_sealed(pen.db, entry)?;
    write_row(pen, entry, sealed)?;
    index::index(pen, entry)?;
    if let Some(attestation) = entry.attestation {
        index::keep_attestation(pen.db, entry, attestation)?;
    }
    for duty in entry.obligations {
        index::oblige(pen, entry.job, duty)?;
    }
    // After a cancellation nobody needs them, whoever wrote it.
    if entry.forget_in_flight || entry.state.standing() == Standing::Cancelled {
        pen.db
            .prepare_cached("DELETE FROM in_flight WHERE job = ?1")?
            .execute([entry.job.0])?;
    }
    if matches!(entry.state.standing(), Standing::Done | Standing::Cancelled) {
        pen.db
            .prepare_cached("DELETE FROM attestation WHERE job = ?1")?
            .execute([entry.job.0])?;
        // What leaves the bench afterwards, or comes back, ends no batch a second time.
        if matches!(
            entry.event.happening,
            Happening::Left { .. }
                | Happening::HandedOver
                | Happening::Retired { .. }
                | Happening::Wiped
        ) {
            return Ok(false);
        }
        return sign_if_batch_ends(pen, entry.job);
    }
    Ok(false)
}

/// The journal plus this event must give the state that the caller stands in: two hands on one job would tear it apart.
fn follows(db: &Connection, entry: &Entry<'_>) -> Result<(), Trouble> {
    let written = read(db, entry.job)?;
    let events = written.iter().map(|stamped| &stamped.event);
    let state = Enrollment::replay(events.chain([entry.event]))
        .map_err(|impossible| misuse(format!("job {}: {impossible}", entry.job)))?;
    if state != *entry.state {
        return Err(misuse(format!(
            "job {}: the journal has moved on since this state was read; read it again",
            entry.job
        ))
        .into());
    }
    Ok(())
}

fn seal_attempt(pen: &Pen<'_>, entry: &Entry<'_>, pin: &Pin) -> Result<Option<[u8; 32]>, Trouble> {
    let serial = entry
        .state
        .binding()
        .and_then(|binding| binding.serial.as_ref())
        .map_or_else(String::new, |serial| serial.as_str().to_owned());
    let label = Label {
        kind: PinKind::Set,
        job: entry.job,
        attempt: entry.event.attempt,
        tenant: pen.vault.tenant.clone(),
        user: user_of(pen.db, entry.job)?
            .ok_or_else(|| ledger_fault("the person of this job was erased"))?,
        serial,
    };
    if is_sealed(pen.db, entry.job, label.attempt)? {
        // The same PIN once more, after a step that had no effect, is the row that is there; another one would be lost.
        return match open_in_flight(pen.db, pen.keys, &label)? {
            Some(known) if known == *pin => Ok(None),
            Some(_) | None => Err(misuse(format!(
                "job {}, attempt {} has a sealed PIN already; another PIN needs another attempt",
                entry.job, label.attempt.0
            ))
            .into()),
        };
    }
    let sealed = seal_pin(pen, &label, pin)?;
    Ok(Some(chain::sealed_hash([(
        PinKind::Set.as_str(),
        sealed.as_slice(),
    )])))
}

/// Seals a PIN twice, for recovery and for this station, and returns the recovery row.
pub(super) fn seal_pin(pen: &Pen<'_>, label: &Label, pin: &Pin) -> Result<Vec<u8>, Trouble> {
    if label.tenant.is_empty() {
        // The opener checks the tenant; a seal without one would never open once the tenant is known.
        return Err(ledger_fault(
            "this ledger does not know its tenant yet: name it in the configuration",
        )
        .into());
    }
    let recovery = pen.vault.recipients.seal(label, pin)?;
    let own = seal::seal_to(&pen.keys.in_flight().to_public(), label, pin)?;
    pen.db
        .prepare_cached(
            "INSERT INTO sealed_pin (job, attempt, kind, sealed, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            label.job.0,
            label.attempt.0,
            label.kind.as_str(),
            recovery,
            pen.at.0
        ])?;
    pen.db
        .prepare_cached(
            "INSERT INTO in_flight (job, attempt, kind, sealed) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            label.job.0,
            label.attempt.0,
            label.kind.as_str(),
            own
        ])?;
    Ok(recovery)
}

fn is_sealed(db: &Connection, job: JobId, attempt: Attempt) -> Result<bool, Trouble> {
    Ok(db
        .prepare_cached(
            "SELECT count(*) FROM sealed_pin WHERE job = ?1 AND attempt = ?2 AND kind = 'set'",
        )?
        .query_row(params![job.0, attempt.0], |row| row.get::<_, i64>(0))?
        > 0)
}

/// I1 at the last door: no step that puts a PIN onto a key begins unless that PIN is sealed.
fn require_sealed(db: &Connection, entry: &Entry<'_>) -> Result<(), Trouble> {
    let puts_pin = matches!(
        entry.event.happening,
        Happening::Started {
            step: Step::SetPin | Step::ChangePin,
            ..
        }
    );
    if puts_pin && !is_sealed(db, entry.job, entry.event.attempt)? {
        return Err(misuse(format!(
            "job {} would set a PIN that is not sealed in the ledger",
            entry.job
        ))
        .into());
    }
    Ok(())
}

/// The station's own copy; `None` when there is none (any more).
pub(super) fn open_in_flight(
    db: &Connection,
    keys: &StationKeys,
    label: &Label,
) -> Result<Option<Pin>, Trouble> {
    let sealed: Option<Vec<u8>> = db
        .prepare_cached(
            "SELECT sealed FROM in_flight WHERE job = ?1 AND attempt = ?2 AND kind = ?3",
        )?
        .query_row(
            params![label.job.0, label.attempt.0, label.kind.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    let identity: &dyn age::Identity = keys.in_flight();
    Ok(match sealed {
        Some(sealed) => Some(seal::open(&sealed, label, [identity].into_iter())?),
        None => None,
    })
}

fn write_row(
    pen: &Pen<'_>,
    entry: &Entry<'_>,
    sealed_hash: Option<[u8; 32]>,
) -> Result<(), Trouble> {
    let whole = serde_json::to_string(entry.event)?;
    let chained = serde_json::to_string(&chain::withhold(entry.event))?;
    let apart = whole != chained;
    let salt = salt_of(pen.db, entry.job)?;
    let seq = chain::add(
        pen.db,
        &Row {
            job: Some(entry.job.0),
            attempt: Some(entry.event.attempt.0),
            kind: "event",
            event: &chained,
            person_hash: salt
                .filter(|_| apart)
                .map(|salt| hmac_sha256(&salt, whole.as_bytes())),
            sealed_hash,
            at: pen.at.0,
            actor: pen.actor,
        },
    )?;
    // After an erasure there is no place for free text any more.
    if apart && salt.is_some() {
        pen.db
            .prepare_cached("INSERT INTO detail (seq, job, event) VALUES (?1, ?2, ?3)")?
            .execute(params![seq, entry.job.0, whole])?;
    }
    Ok(())
}

fn sign_if_batch_ends(pen: &Pen<'_>, job: JobId) -> Result<bool, Trouble> {
    let open: bool = pen
        .db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM job WHERE batch = (SELECT batch FROM job WHERE id = ?1)
                            AND standing IN ('waiting', 'under_way', 'held'))",
        )?
        .query_row([job.0], |row| row.get(0))?;
    if !open {
        chain::sign_head(pen.db, pen.keys.signing(), pen.at)?;
    }
    Ok(!open)
}

/// The salt of a job's person; `None` once they were erased.
pub(super) fn salt_of(db: &Connection, job: JobId) -> Result<Option<[u8; 32]>, Trouble> {
    Ok(db
        .prepare_cached(
            "SELECT salt FROM person JOIN request ON request.person = person.id WHERE request.job = ?1",
        )?
        .query_row([job.0], |row| row.get(0))
        .optional()?)
}

/// The user name of a job; `None` once the person was erased.
pub(super) fn user_of(db: &Connection, job: JobId) -> Result<Option<String>, Trouble> {
    Ok(db
        .prepare_cached("SELECT request ->> '$.user' FROM request WHERE job = ?1")?
        .query_row([job.0], |row| row.get(0))
        .optional()?)
}

/// A job's journal in order, with the free text as far as it was not erased.
pub(super) fn read(db: &Connection, job: JobId) -> Result<Vec<Stamped>, Trouble> {
    let mut statement = db.prepare_cached(
        "SELECT journal.seq, journal.at, journal.actor, coalesce(detail.event, journal.event)
         FROM journal LEFT JOIN detail ON detail.seq = journal.seq
         WHERE journal.job = ?1 AND journal.kind = 'event' ORDER BY journal.seq",
    )?;
    let mut rows = statement.query([job.0])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Stamped {
            sequence: row.get(0)?,
            at: Timestamp(row.get(1)?),
            actor: row.get(2)?,
            event: serde_json::from_str(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?)?,
        });
    }
    Ok(found)
}
