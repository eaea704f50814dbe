//! What is done to a ledger beyond its port: tidying up after a batch, verifying, retention, erasure, backups. None of it is
//! needed for a job to go on.

use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

use super::backup::{self, BackedUp, Counts};
use super::retention::{Days, Erased, Retained};
use super::trouble::{Trouble, damaged, not_a_ledger};
use super::verify::{self, Progress, Verdict};
use super::{SqliteLedger, leftover, lock, retention, store};

/// How long the `-wal` file is waited for: whoever writes waits as long. Somebody who walks the whole ledger reads for seconds.
const TRUNCATION_PATIENCE: Duration = Duration::from_millis(500);

impl SqliteLedger {
    /// Moves everything from the `-wal` file into the ledger and empties it, so that nothing that was deleted is left in it.
    /// Returns `false` when a reader still needs it.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    pub fn truncate_wal(&self) -> Result<bool, Fault> {
        let station = self.station()?;
        let writer = lock(&station.writer);
        let truncate = || {
            writer.busy_timeout(TRUNCATION_PATIENCE)?;
            let busy = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, i64>(0)
            });
            writer.busy_timeout(store::BUSY_TIMEOUT)?;
            busy
        };
        let busy = truncate().map_err(|error| Trouble::from(error).into_fault(&self.path))?;
        Ok(busy == 0)
    }

    /// For the end of a batch, and done by itself then: the last row is signed already; the `-wal` file is emptied, and when
    /// no PIN is in flight the station's key for copies in flight is replaced, so that remains of old copies open to nobody.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    pub fn tidy(&self) -> Result<(), Fault> {
        let station = self.station()?;
        self.truncate_wal()?;
        let writer = lock(&station.writer);
        let idle: bool = writer
            .query_row("SELECT NOT EXISTS (SELECT 1 FROM in_flight)", [], |row| {
                row.get(0)
            })
            .map_err(|error| Trouble::from(error).into_fault(&self.path))?;
        if idle {
            let mut keys = station.keys.write().unwrap_or_else(PoisonError::into_inner);
            keys.rotate_in_flight()?;
        }
        Ok(())
    }

    pub(super) fn try_to_tidy(&self) {
        if let Err(fault) = self.tidy() {
            tracing::warn!(fault = %fault.brief(), "the ledger could not be tidied up; it is whole, and the next batch tries again");
        }
    }

    /// Walks the audit chain, its signatures and all that it answers for. `trusted`: the public key whose checkpoints count;
    /// a station trusts its own.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when the ledger cannot be read at all.
    pub fn verify(&self, trusted: Option<[u8; 32]>) -> Result<Verdict, Fault> {
        let own = self.station.as_ref().map(|station| {
            let keys = station.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.verifying_key().to_bytes()
        });
        let trusted: Vec<_> = trusted.or(own).into_iter().collect();
        self.read(|db| verify::verify(db, &trusted, &mut |_, _| {}))
    }

    /// As [`SqliteLedger::verify`], for an auditor: the structure of the file is looked at first, and `progress` is told how far the
    /// walk is. Takes a snapshot of its own, so that a station that works on the ledger never waits for it. `trusted`: the public
    /// keys whose checkpoints count; without one any key is taken, and named.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when the file is damaged or cannot be read; [`Fault::LedgerUnfit`] when it is no ledger.
    pub fn audit(&self, trusted: &[[u8; 32]], progress: Progress<'_>) -> Result<Verdict, Fault> {
        let db = store::open_reader(&self.path)?;
        store::check(&db, &self.path)?;
        // A station makes an empty file a ledger; for an auditor it is none.
        if store::meta(&db, "ledger")
            .map_err(|trouble| trouble.into_fault(&self.path))?
            .is_none()
        {
            return Err(not_a_ledger(&self.path));
        }
        verify::verify(&db, trusted, progress).map_err(|trouble| trouble.into_fault(&self.path))
    }

    /// What lies in the ledger, in numbers.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    pub fn counts(&self) -> Result<Counts, Fault> {
        self.read(backup::counts)
    }

    /// A look at the pages and trees of the file, without the indexes: quick also for a large ledger. Each start looks closer.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when it is damaged or cannot be read.
    pub fn look_over(&self) -> Result<(), Fault> {
        let verdict: String =
            self.read(|db| Ok(db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?))?;
        if verdict == "ok" {
            return Ok(());
        }
        Err(damaged(&self.path, &verdict))
    }

    /// Gives up what the station was told to keep no longer.
    ///
    /// # Errors
    /// [`Fault::Ledger`].
    pub fn apply_retention(
        &self,
        days: Days,
        actor: &str,
        at: Timestamp,
    ) -> Result<Retained, Fault> {
        let given_up = self.write(actor, at, |pen| retention::apply(pen, days))?;
        if given_up.sealed_pins > 0 || given_up.people > 0 {
            self.rewrite()?;
        }
        Ok(given_up)
    }

    /// Erases a person: name, address, user name, salt, sealed PINs, and what faults said. Their jobs stay, and the audit chain
    /// still verifies.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when the person is unknown, has an open job, or has credentials that are still to be deleted.
    pub fn erase_person(&self, user: &str, actor: &str, at: Timestamp) -> Result<Erased, Fault> {
        let erased = self.write(actor, at, |pen| retention::erase_user(pen, user))?;
        self.rewrite()?;
        Ok(erased)
    }

    /// The ending of a name that no backup may have, because the file would be taken for one that lies beside a ledger.
    pub fn reserved_ending(name: &Path) -> Option<&'static str> {
        leftover::reserved_ending(name)
    }

    /// Writes a copy of the ledger to the new file `to` (mode 0600), without the copies of PINs in flight. The copy is of one
    /// moment, whatever the station writes meanwhile; it is walked like an audit before it gets its name. What killed backups
    /// left in that folder is removed.
    ///
    /// # Errors
    /// [`Fault::Ledger`] when `to` is there already, cannot be written or has a [reserved ending](Self::reserved_ending), and
    /// when the copy does not verify.
    pub fn back_up(&self, to: &Path) -> Result<BackedUp, Fault> {
        self.back_up_telling(to, &mut |_, _| {})
    }

    /// As [`SqliteLedger::back_up`]; `progress` is told of pages, then of rows.
    ///
    /// # Errors
    /// As [`SqliteLedger::back_up`].
    pub fn back_up_telling(&self, to: &Path, progress: Progress<'_>) -> Result<BackedUp, Fault> {
        backup::back_up(&self.path, to, progress)
    }

    /// Writes the whole file anew. `secure_delete` wipes what is deleted, not what moved between pages before that.
    fn rewrite(&self) -> Result<(), Fault> {
        lock(&self.station()?.writer)
            .execute_batch("VACUUM")
            .map_err(|error| Trouble::from(error).into_fault(&self.path))?;
        self.truncate_wal().map(drop)
    }
}
