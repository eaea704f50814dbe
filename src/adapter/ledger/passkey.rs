//! The passkeys that this ledger made, one by one, and the duty to be rid of one that was given up, taken up again.

use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use crate::domain::credential::{CredentialId, MethodId};
use crate::domain::job::JobId;
use crate::port::{Passkey, PasskeyState};

use super::duty;
use super::index::passkey_becomes;
use super::journal::{Pen, user_key};
use super::keys::hex;
use super::trouble::{Trouble, ledger_fault};

/// An obligation is written with every event that gives a passkey up, so its row tells what the journal says.
const PASSKEY: &str = "SELECT passkey.credential, passkey.job, passkey.method, passkey.state,
            EXISTS (SELECT 1 FROM obligation WHERE obligation.kind = 'orphan' AND obligation.job = passkey.job
                    AND obligation.target = lower(hex(passkey.credential)))
     FROM passkey";

/// See [`crate::port::Ledger::passkey`].
pub(super) fn find(db: &Connection, credential: &CredentialId) -> Result<Option<Passkey>, Trouble> {
    Ok(passkeys(db, "WHERE passkey.credential = ?1", [&credential.0])?.pop())
}

/// See [`crate::port::Ledger::passkey_of_method`].
pub(super) fn of_method(db: &Connection, method: &MethodId) -> Result<Option<Passkey>, Trouble> {
    Ok(passkeys(
        db,
        "WHERE passkey.method = ?1 ORDER BY passkey.made",
        [&method.0],
    )?
    .pop())
}

/// See [`crate::port::Ledger::passkeys_of_user`].
pub(super) fn of_user(db: &Connection, user: &str) -> Result<Vec<Passkey>, Trouble> {
    passkeys(
        db,
        "JOIN request ON request.job = passkey.job JOIN person ON person.id = request.person
         WHERE person.user_key = ?1 ORDER BY passkey.job, passkey.attempt",
        [user_key(user)],
    )
}

fn passkeys(db: &Connection, condition: &str, bound: impl Params) -> Result<Vec<Passkey>, Trouble> {
    let mut statement = db.prepare_cached(&format!("{PASSKEY} {condition}"))?;
    let mut rows = statement.query(bound)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(passkey(row)?);
    }
    Ok(found)
}

fn passkey(row: &Row<'_>) -> Result<Passkey, Trouble> {
    let state: String = row.get(3)?;
    let method: Option<String> = row.get(2)?;
    Ok(Passkey {
        credential: CredentialId(row.get(0)?),
        job: JobId(row.get(1)?),
        method: method.map(MethodId),
        state: state_of(&state).ok_or_else(|| {
            ledger_fault(format!("it is damaged: `{state}` is no state of a passkey"))
        })?,
        given_up: row.get(4)?,
    })
}

fn state_of(word: &str) -> Option<PasskeyState> {
    Some(match word {
        "made" => PasskeyState::Made,
        "registered" => PasskeyState::Registered,
        "abandoned" => PasskeyState::Abandoned,
        "replaced" => PasskeyState::Replaced,
        "gone" => PasskeyState::Gone,
        _ => return None,
    })
}

/// See [`crate::port::Ledger::reopen`].
pub(super) fn reopen(pen: &Pen<'_>, credential: &CredentialId) -> Result<(), Trouble> {
    let target = hex(&credential.0).to_string();
    let (id, job): (i64, i64) = pen
        .db
        .query_row(
            "SELECT id, job FROM obligation WHERE kind = 'orphan' AND target = ?1 ORDER BY id DESC",
            [&target],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?
        .ok_or_else(|| ledger_fault(format!("the journal does not call {credential} abandoned")))?;
    pen.db.execute(
        "UPDATE obligation SET state = 'open', due = ?2, looks = 0, why = NULL WHERE id = ?1",
        params![id, pen.at.0],
    )?;
    passkey_becomes(pen.db, credential, "abandoned")?;
    let event = serde_json::json!({
        "obligation": id, "kind": "orphan", "target": target, "outcome": "open", "deleted": false, "due": pen.at.0,
    });
    duty::write(pen, job, &event)
}
