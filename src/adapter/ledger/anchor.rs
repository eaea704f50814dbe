//! Where the audit chain stands, for papers that name it, and a view of the ledger that stays the same while a paper is made.
//! Reads only.

use rusqlite::OptionalExtension;

use super::keys::hex;
use super::trouble::Trouble;
use super::{SqliteLedger, chain, lock};
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

/// The end of the audit chain, and the last row of it that is signed. Hashes and keys in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    pub row: i64,
    pub hash: String,
    pub checkpoint: Option<Checkpoint>,
}

/// A row whose hash the station has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub row: i64,
    pub hash: String,
    pub at: Timestamp,
    /// The public half of the key that signed it.
    pub key: String,
}

impl SqliteLedger {
    /// The end of the audit chain, and its last checkpoint.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when it cannot be read.
    pub fn anchor(&self) -> Result<Anchor, Fault> {
        self.read(|db| {
            let (row, hash) = chain::head(db)?;
            let checkpoint = db
                .prepare_cached(
                    "SELECT seq, hash, at, key FROM checkpoint ORDER BY seq DESC LIMIT 1",
                )?
                .query_row([], |row| {
                    Ok(Checkpoint {
                        row: row.get(0)?,
                        hash: hex(&row.get::<_, Vec<u8>>(1)?).to_string(),
                        at: Timestamp(row.get(2)?),
                        key: hex(&row.get::<_, Vec<u8>>(3)?).to_string(),
                    })
                })
                .optional()?;
            Ok(Anchor {
                row,
                hash: hex(&hash).to_string(),
                checkpoint,
            })
        })
    }

    /// Lets `look` see one state of the ledger, whatever a station writes meanwhile. For a ledger that was opened for reading, by the
    /// one thread that reads it: it must not be called within itself.
    ///
    /// # Errors
    /// Those of `look`; [`Fault::Ledger`] when the ledger cannot be read.
    pub fn still<T>(&self, look: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        // A transaction takes its view with its first read.
        self.read(|db| {
            db.execute_batch("BEGIN; SELECT count(*) FROM meta;")
                .map_err(Trouble::from)
        })?;
        let seen = look();
        let ended = lock(&self.reader).execute_batch("ROLLBACK");
        let seen = seen?;
        ended.map_err(|error| Trouble::from(error).into_fault(&self.path))?;
        Ok(seen)
    }
}
