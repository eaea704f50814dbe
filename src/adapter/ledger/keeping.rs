//! The stock list, passkeys that an administrator deletes at Entra, who opened a PIN, and which metadata was here: what is no step
//! of a job. Each change is a row of the audit chain, written with it; the row tells serials and Entra's ids, never a person.
//!
//! # Why
//! A table, not a file beside the ledger: the list decides which keys are taken, so it is in every backup, and whoever opens the
//! ledger compares it with the chain.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use crate::domain::account::{AccountChange, AccountName};
use crate::domain::authenticator::Serial;
use crate::domain::credential::MethodId;
use crate::domain::fault::Fault;
use crate::domain::job::JobId;
use crate::domain::metadata::Signer;
use crate::domain::stock::{Listing, ModelStock, StockKey};
use crate::domain::time::Timestamp;
use crate::port::{Keeping, Kept, OpenRemoval, Removal, RemovalEnd};

use super::SqliteLedger;
use super::chain::{self, Row};
use super::journal::{Pen, salt_of, user_key};
use super::keys::{hex, hmac_sha256, random};
use super::trouble::{Trouble, misuse};

/// See [`crate::port::Ledger::keep`].
pub(super) fn keep(pen: &Pen<'_>, keeping: &Keeping) -> Result<Kept, Trouble> {
    match keeping {
        Keeping::Stock { keys } => add(pen, keys),
        Keeping::Unstock { serials } => take_off(pen, serials),
        Keeping::Removing(removal) => begin(pen, removal),
        Keeping::Removed { removal, end } => finish(pen, *removal, *end),
        Keeping::Opening { job, reason, void } => open(pen, *job, reason.as_deref(), *void),
        Keeping::Metadata { signer, number } => edition(pen, *signer, *number),
        Keeping::Account { name, change } => account(pen, name, *change),
        Keeping::Queued { rows, content } => queued(pen, *rows, content),
    }
}

fn add(pen: &Pen<'_>, keys: &[StockKey]) -> Result<Kept, Trouble> {
    let mut added = Vec::new();
    for key in keys {
        let rows = pen
            .db
            .prepare_cached(
                "INSERT INTO stock (serial, model, aaguid, imported) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                key.serial.as_str(),
                key.model,
                key.aaguid.map(|aaguid| aaguid.to_string()),
                pen.at.0
            ])?;
        if rows > 0 {
            added.push(key.serial.as_str());
        }
    }
    stocked(pen, "keys came to the stock list", "added", &added)
}

fn take_off(pen: &Pen<'_>, serials: &[Serial]) -> Result<Kept, Trouble> {
    let mut taken = Vec::new();
    for serial in serials {
        let rows = pen
            .db
            .prepare_cached("DELETE FROM stock WHERE serial = ?1")?
            .execute([serial.as_str()])?;
        if rows > 0 {
            taken.push(serial.as_str());
        }
    }
    stocked(pen, "keys went from the stock list", "taken", &taken)
}

/// A change of nothing is no row.
fn stocked(pen: &Pen<'_>, note: &str, which: &str, serials: &[&str]) -> Result<Kept, Trouble> {
    if !serials.is_empty() {
        write(pen, &json!({ "note": note, which: serials }))?;
    }
    Ok(Kept::Stock {
        changed: serials.len(),
    })
}

fn begin(pen: &Pen<'_>, removal: &Removal) -> Result<Kept, Trouble> {
    let salt = *random()?;
    let Removal {
        user,
        method,
        name,
        reason,
    } = removal;
    pen.db.execute(
        "INSERT INTO removal (method, state, user, user_key, name, reason, salt, actor, at)
         VALUES (?1, 'deleting', ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            method.0,
            user,
            user_key(user),
            name,
            reason,
            salt,
            pen.actor,
            pen.at.0
        ],
    )?;
    let removal = pen.db.last_insert_rowid();
    let detail = detail(&salt, user, name, reason.as_deref());
    write(
        pen,
        &json!({
            "note": "a passkey is about to be deleted at Entra",
            "removal": { "id": removal, "method": method, "state": "deleting", "detail": detail },
        }),
    )?;
    Ok(Kept::Removing { removal })
}

fn finish(pen: &Pen<'_>, removal: i64, end: RemovalEnd) -> Result<Kept, Trouble> {
    let method: String = pen
        .db
        .query_row(
            "SELECT method FROM removal WHERE id = ?1 AND state = 'deleting'",
            [removal],
            |row| row.get(0),
        )
        .optional()?
        .ok_or_else(|| misuse(format!("removal {removal} has ended, or never began")))?;
    let state = match end {
        RemovalEnd::Deleted => "deleted",
        RemovalEnd::WasGone => "was_gone",
        RemovalEnd::Refused => "refused",
    };
    pen.db.execute(
        "UPDATE removal SET state = ?2 WHERE id = ?1",
        params![removal, state],
    )?;
    if end != RemovalEnd::Refused {
        // One that is to be replaced stays so: its duty finds it gone.
        pen.db.execute(
            "UPDATE passkey SET state = 'gone' WHERE method = ?1 AND state = 'registered'",
            [&method],
        )?;
    }
    write(
        pen,
        &json!({
            "note": "what came of deleting a passkey at Entra",
            "removal": { "id": removal, "method": method, "state": state },
        }),
    )?;
    Ok(Kept::Noted)
}

/// The reason is free text and may name somebody: it lies outside the chain, as that of an event does.
fn open(pen: &Pen<'_>, job: JobId, reason: Option<&str>, void: bool) -> Result<Kept, Trouble> {
    let note = format!("the PIN of job {job} is opened with a recovery identity");
    let opened = json!({ "job": job, "void": void });
    let apart = reason.zip(salt_of(pen.db, job)?).map(|(reason, salt)| {
        let whole = json!({ "note": note, "opened": opened, "reason": reason }).to_string();
        (hmac_sha256(&salt, whole.as_bytes()), whole)
    });
    let chained = json!({ "note": note, "opened": opened });
    let seq = chain::add(
        pen.db,
        &Row {
            job: Some(job.0),
            attempt: None,
            kind: "note",
            event: &chained.to_string(),
            person_hash: apart.as_ref().map(|(hash, _)| *hash),
            sealed_hash: None,
            at: pen.at.0,
            actor: pen.actor,
        },
    )?;
    if let Some((_, whole)) = apart {
        pen.db.execute(
            "INSERT INTO detail (seq, job, event) VALUES (?1, ?2, ?3)",
            params![seq, job.0, whole],
        )?;
    }
    Ok(Kept::Noted)
}

fn account(pen: &Pen<'_>, name: &AccountName, change: AccountChange) -> Result<Kept, Trouble> {
    let (note, what, role) = match change {
        AccountChange::Added { role } => (
            format!(
                "the account {name} of the console is added, as {}",
                role.as_str()
            ),
            "added",
            Some(role),
        ),
        AccountChange::Removed => (
            format!("the account {name} of the console is removed"),
            "removed",
            None,
        ),
        AccountChange::Passphrase => (
            format!("the account {name} of the console gets another passphrase"),
            "passphrase",
            None,
        ),
    };
    let account = json!({ "name": name, "change": what, "role": role });
    write(pen, &json!({ "note": note, "account": account }))?;
    Ok(Kept::Noted)
}

/// The file's name may be a person's: its content tells which one it is, as the batch that it becomes has it.
fn queued(pen: &Pen<'_>, rows: usize, content: &[u8; 32]) -> Result<Kept, Trouble> {
    let unit = if rows == 1 { "row" } else { "rows" };
    let note = format!("a job file of {rows} {unit} is put into the queue");
    let content = hex(content).to_string();
    let queued = json!({ "rows": rows, "content": content });
    write(pen, &json!({ "note": note, "queued": queued }))?;
    Ok(Kept::Noted)
}

/// A number that was here before is no row.
fn edition(pen: &Pen<'_>, signer: Signer, number: u64) -> Result<Kept, Trouble> {
    if newest_edition(pen.db, signer)?.is_none_or(|newest| number > newest) {
        write(
            pen,
            &json!({
                "note": "metadata of models came",
                "metadata": { "signer": signer, "number": number },
            }),
        )?;
    }
    Ok(Kept::Noted)
}

/// The highest number that the metadata of models had here under this signer, whatever lies beside the ledger now. Whoever only
/// reads may ask.
///
/// # Errors
/// [`Fault::Ledger`].
pub fn newest_metadata(ledger: &SqliteLedger, signer: Signer) -> Result<Option<u64>, Fault> {
    ledger.read(|db| newest_edition(db, signer))
}

/// The journal alone has it, so that no table could say something else.
fn newest_edition(db: &Connection, signer: Signer) -> Result<Option<u64>, Trouble> {
    let signer = serde_json::to_value(signer)?;
    let newest: Option<i64> = db
        .prepare_cached(
            "SELECT max(event ->> '$.metadata.number') FROM journal
             WHERE kind = 'note' AND event ->> '$.metadata.signer' = ?1",
        )?
        .query_row([signer.as_str()], |row| row.get(0))?;
    Ok(newest.and_then(|newest| u64::try_from(newest).ok()))
}

/// What the chain has of the person, the key's name and the reason: a hash under a salt that an erasure takes away.
pub(super) fn detail(salt: &[u8; 32], user: &str, name: &str, reason: Option<&str>) -> String {
    let text = json!([user, name, reason]).to_string();
    hex(&hmac_sha256(salt, text.as_bytes())).to_string()
}

fn write(pen: &Pen<'_>, event: &Value) -> Result<(), Trouble> {
    chain::add(
        pen.db,
        &Row {
            job: None,
            attempt: None,
            kind: "note",
            event: &event.to_string(),
            person_hash: None,
            sealed_hash: None,
            at: pen.at.0,
            actor: pen.actor,
        },
    )
    .map(drop)
}

/// See [`crate::port::Ledger::listing`].
pub(super) fn listing(db: &Connection, serial: &Serial) -> Result<Listing, Trouble> {
    let (any, this): (bool, bool) = db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM stock), EXISTS (SELECT 1 FROM stock WHERE serial = ?1)",
        )?
        .query_row([serial.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match (any, this) {
        (false, _) => Listing::NoList,
        (true, true) => Listing::Listed,
        (true, false) => Listing::Unlisted,
    })
}

/// See [`crate::port::Ledger::stock`].
pub(super) fn stock(db: &Connection) -> Result<Vec<ModelStock>, Trouble> {
    let mut statement = db.prepare_cached(
        "SELECT model, count(*), sum(EXISTS (
             SELECT 1 FROM job WHERE job.serial = stock.serial COLLATE NOCASE
             AND job.standing IN ('under_way', 'held', 'done')
             -- What came back and was wiped may be taken again.
             AND NOT (job.retired IS 'returned' AND job.wiped)))
         FROM stock GROUP BY model ORDER BY model IS NULL, model",
    )?;
    let rows = statement.query_map([], |row| {
        let (listed, used): (u32, u32) = (row.get(1)?, row.get(2)?);
        Ok(ModelStock {
            model: row.get(0)?,
            listed: usize::try_from(listed).unwrap_or(usize::MAX),
            used: usize::try_from(used).unwrap_or(usize::MAX),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// See [`crate::port::Ledger::open_removals`]. Of a person who was erased nothing can be told any more.
pub(super) fn open_removals(db: &Connection) -> Result<Vec<OpenRemoval>, Trouble> {
    let mut statement = db.prepare_cached(
        "SELECT id, user, method, name, reason, actor, at FROM removal
         WHERE state = 'deleting' AND user IS NOT NULL ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(OpenRemoval {
            id: row.get(0)?,
            removal: Removal {
                user: row.get(1)?,
                method: MethodId(row.get(2)?),
                name: row.get(3)?,
                reason: row.get(4)?,
            },
            actor: row.get(5)?,
            at: Timestamp(row.get(6)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets whose passkeys were deleted: those of this user, and those of anybody before `limit`.
pub(super) fn forget(db: &Connection, user: Option<&str>, limit: i64) -> Result<usize, Trouble> {
    Ok(db.execute(
        "UPDATE removal SET user = NULL, user_key = NULL, name = NULL, reason = NULL, salt = NULL
         WHERE user IS NOT NULL AND (user_key = ?1 OR (at <= ?2 AND state <> 'deleting'))",
        params![user, limit],
    )?)
}
