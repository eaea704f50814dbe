//! The trial with a test passkey, in the ledger: one row beside the ledger's own name while it is open, and a note in the audit
//! chain at its begin and at its end. The notes name no person; the row does, and goes with the end.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::domain::credential::CredentialId;
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;
use crate::port::{Trial, TrialBook, TrialEnd};

use super::chain::{self, Row};
use super::journal::Pen;
use super::trouble::{Trouble, misuse};
use super::{SqliteLedger, store};

/// The key of the row.
const KEY: &str = "trial";

/// A [`Trial`] as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    user: String,
    credential: CredentialId,
    display_name: String,
    begun: Timestamp,
}

impl TrialBook for SqliteLedger {
    fn open_trial(&self) -> Result<Option<Trial>, Fault> {
        self.read(open)
    }

    fn begin_trial(&self, trial: &Trial, actor: &str) -> Result<(), Fault> {
        self.write(actor, trial.begun, |pen| {
            if store::meta(pen.db, KEY)?.is_some() {
                return Err(misuse("a trial is open already").into());
            }
            let stored = Stored {
                user: trial.user.clone(),
                credential: trial.credential.clone(),
                display_name: trial.display_name.clone(),
                begun: trial.begun,
            };
            store::put_meta(pen.db, KEY, &serde_json::to_string(&stored)?)?;
            let what = format!(
                "trial: a test passkey is registered and deleted again (credential {})",
                trial.credential
            );
            note(pen, &what)
        })
    }

    fn end_trial(&self, end: TrialEnd, actor: &str, at: Timestamp) -> Result<(), Fault> {
        self.write(actor, at, |pen| {
            let gone = pen
                .db
                .execute("DELETE FROM meta WHERE key = ?1", params![KEY])?;
            if gone == 0 {
                return Err(misuse("no trial is open").into());
            }
            let what = match end {
                TrialEnd::Refused => "trial: Entra refused the test passkey",
                TrialEnd::Deleted => "trial: the test passkey was deleted at Entra",
                TrialEnd::NeverAppeared => "trial: the test passkey never appeared at Entra",
            };
            note(pen, what)
        })
    }
}

/// The trial that was begun and not ended.
pub(super) fn open(db: &Connection) -> Result<Option<Trial>, Trouble> {
    let Some(text) = store::meta(db, KEY)? else {
        return Ok(None);
    };
    let stored: Stored = serde_json::from_str(&text)?;
    Ok(Some(Trial {
        user: stored.user,
        credential: stored.credential,
        display_name: stored.display_name,
        begun: stored.begun,
    }))
}

fn note(pen: &Pen<'_>, what: &str) -> Result<(), Trouble> {
    chain::add(
        pen.db,
        &Row {
            job: None,
            attempt: None,
            kind: "note",
            event: &serde_json::json!({ "note": what }).to_string(),
            person_hash: None,
            sealed_hash: None,
            at: pen.at.0,
            actor: pen.actor,
        },
    )?;
    Ok(())
}
