//! What the notes of the journal come to: the stock list and the passkeys that an administrator had deleted, computed anew and
//! compared with their tables. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde::Deserialize;

use super::super::keeping::detail;
use super::super::trouble::Trouble;

/// What a `note` row says beside its words.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    added: Vec<String>,
    #[serde(default)]
    taken: Vec<String>,
    removal: Option<Removal>,
}

#[derive(Deserialize)]
struct Removal {
    id: i64,
    method: String,
    state: String,
    detail: Option<String>,
}

/// Told of every note in its order, and asked at the end.
#[derive(Default)]
pub(super) struct Kept {
    stock: BTreeSet<String>,
    removals: BTreeMap<i64, Removal>,
}

impl Kept {
    /// The next note. Names the method that is at Entra no more.
    pub(super) fn note(&mut self, event: &str) -> Option<String> {
        // An ordinary note is words alone.
        let said: Said = serde_json::from_str(event).ok()?;
        self.stock.extend(said.added.iter().map(|one| key(one)));
        for taken in &said.taken {
            self.stock.remove(&key(taken));
        }
        let next = said.removal?;
        let gone = matches!(next.state.as_str(), "deleted" | "was_gone");
        let method = gone.then(|| next.method.clone());
        match self.removals.get_mut(&next.id) {
            Some(known) => known.state = next.state,
            None => drop(self.removals.insert(next.id, next)),
        }
        method
    }

    /// The first entry of the two tables that is not what the notes come to, in words.
    pub(super) fn first_wrong(self, db: &Connection) -> Result<Option<String>, Trouble> {
        let mut listed = BTreeSet::new();
        let mut statement = db.prepare("SELECT serial FROM stock")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            listed.insert(key(&row.get::<_, String>(0)?));
        }
        if let Some(serial) = listed.symmetric_difference(&self.stock).next() {
            return Ok(Some(format!(
                "the stock list says something else of the key {serial} than the journal"
            )));
        }
        self.wrong_removal(db)
    }

    fn wrong_removal(mut self, db: &Connection) -> Result<Option<String>, Trouble> {
        let mut statement =
            db.prepare("SELECT id, method, state, user, name, reason, salt FROM removal")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, method, state): (i64, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let fits = match (
                row.get::<_, Option<String>>(3)?,
                row.get::<_, Option<String>>(4)?,
                row.get::<_, Option<[u8; 32]>>(6)?,
            ) {
                (Some(user), Some(name), Some(salt)) => {
                    let reason: Option<String> = row.get(5)?;
                    Some(detail(&salt, &user, &name, reason.as_deref()))
                }
                // It was erased.
                (None, None, None) => None,
                (_, _, _) => Some(String::new()),
            };
            let told = self.removals.remove(&id);
            let agrees = told.is_some_and(|told| {
                told.method == method
                    && told.state == state
                    && (fits.is_none() || fits == told.detail)
            });
            if !agrees {
                return Ok(Some(format!(
                    "the entry of removal {id} says something else than the journal"
                )));
            }
        }
        let missing = self.removals.first_key_value();
        Ok(missing.map(|(id, _)| format!("the entry of removal {id} is gone")))
    }
}

/// As the table compares serials.
fn key(serial: &str) -> String {
    serial.to_ascii_lowercase()
}
